#include "daemon/event_reader.h"

#include <simdjson.h>

#include <array>
#include <string>

namespace surged::daemon {
namespace {

using detectors::ClockKind;
using detectors::ClockState;
using detectors::ClockView;
using detectors::Composition;
using detectors::Event;
using detectors::kNoTime;
using detectors::Severity;
using detectors::SurgeKind;
using detectors::WallTime;
using simdjson::dom::element;

std::string_view text(element const& object, std::string_view key) {
    std::string_view value;
    return object[key].get(value) == simdjson::SUCCESS ? value : std::string_view{};
}

std::optional<double> number(element const& object, std::string_view key) {
    double value = 0;
    return object[key].get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
}

std::int64_t integer(element const& object, std::string_view key) {
    std::int64_t value = 0;
    return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::optional<bool> boolean(element const& object, std::string_view key) {
    bool value = false;
    return object[key].get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
}

WallTime time(element const& object, std::string_view key) {
    return detectors::parse_time(text(object, key)).value_or(kNoTime);
}

// "1h30m": what detectors writes; at most four units of at most nine digits.
std::optional<std::chrono::seconds> span(element const& object, std::string_view key) {
    auto rest = text(object, key);
    if (rest.empty()) return std::nullopt;
    bool const negative = rest.front() == '-';
    if (negative) rest.remove_prefix(1);
    std::int64_t total = 0, value = 0;
    int digits = 0;
    for (char const c : rest) {
        if (c >= '0' && c <= '9' && digits < 9) {
            value = value * 10 + (c - '0');
            ++digits;
            continue;
        }
        std::int64_t const unit = c == 'd' ? 86400 : c == 'h' ? 3600 : c == 'm' ? 60 : c == 's';
        if (unit == 0 || digits == 0) return std::nullopt;
        total += value * unit;
        value = digits = 0;
    }
    if (digits != 0) return std::nullopt;
    return std::chrono::seconds{negative ? -total : total};
}

// The enumerator that is written as `word`; the words are detectors' own.
template <typename Enum, std::size_t N>
std::optional<Enum> named(std::string_view word, std::array<Enum, N> const& all) {
    for (Enum const value : all)
        if (to_string(value) == word) return value;
    return std::nullopt;
}

std::optional<ClockView> clock(element const& object) {
    constexpr std::array kKinds{ClockKind::acknowledge, ClockKind::respond, ClockKind::resolve};
    constexpr std::array kStates{ClockState::running, ClockState::breached, ClockState::met,
                                 ClockState::met_late, ClockState::dropped};
    auto const kind = named(text(object, "kind"), kKinds);
    auto const state = named(text(object, "state"), kStates);
    if (!kind || !state) return std::nullopt;
    ClockView out;
    out.platform = text(object, "platform");
    out.kind = *kind;
    out.run = static_cast<int>(integer(object, "run"));
    out.due = time(object, "due");
    out.state = *state;
    out.at = time(object, "at");
    out.by = text(object, "by");
    out.link = text(object, "link");
    return out;
}

void read_surge(element const& object, Event& out) {
    constexpr std::array kKinds{SurgeKind::volume, SurgeKind::breadth, SurgeKind::tone,
                                SurgeKind::rule, SurgeKind::unanswered};
    out.stream = text(object, "stream");
    out.platform = text(object, "platform");
    out.kind = named(text(object, "kind"), kKinds);
    out.onset = time(object, "onset");
    out.observed = number(object, "observed");
    out.expected = number(object, "expected");
    out.ratio = number(object, "ratio");
    out.window = span(object, "window");
    out.severity =
        named(text(object, "severity"), std::array{Severity::warning, Severity::critical});
    out.return_days = number(object, "return_days");
    out.doubling = span(object, "doubling");
    element composition;
    if (object["composition"].get(composition) != simdjson::SUCCESS || !composition.is_object())
        return;
    Composition& c = out.composition.emplace();
    c.kind = text(composition, "kind");
    c.authors = integer(composition, "authors");
    c.top_author = number(composition, "top_author").value_or(0);
    c.reposts = number(composition, "reposts").value_or(0);
    c.copies = number(composition, "copies").value_or(0);
    c.new_accounts = number(composition, "new_accounts").value_or(0);
}

void read_clocks(element const& object, Event& out) {
    simdjson::dom::array clocks;
    if (object["clocks"].get(clocks) == simdjson::SUCCESS)
        for (element const each : clocks)
            if (auto view = clock(each)) out.clocks.push_back(*std::move(view));
    element one;
    if (object["clock"].get(one) == simdjson::SUCCESS) out.clock = clock(one);
}

void read_people(element const& object, Event& out) {
    out.by = text(object, "by");
    out.via = text(object, "via");
    out.note = text(object, "note");
    out.link = text(object, "link");
    out.verdict = text(object, "verdict");
    out.item = text(object, "item");
    out.done = boolean(object, "done");
    out.mention = text(object, "mention");
    out.whose = text(object, "whose");
}

}  // namespace

std::optional<Event> read_event(std::string_view json) {
    simdjson::dom::parser parser;
    element object;
    if (parser.parse(simdjson::padded_string(json)).get(object) != simdjson::SUCCESS ||
        !object.is_object())
        return std::nullopt;
    auto const name = detectors::event_name(text(object, "event"));
    if (!name) return std::nullopt;
    Event out;
    out.id = integer(object, "id");
    out.name = *name;
    out.at = time(object, "at");
    out.incident = text(object, "incident");
    out.brand = text(object, "brand");
    out.drill = boolean(object, "drill").value_or(false);
    read_surge(object, out);
    read_clocks(object, out);
    out.reason = text(object, "reason");
    out.covered_until = time(object, "covered_until");
    read_people(object, out);
    out.late = boolean(object, "late").value_or(false);
    out.on_arrival = boolean(object, "on_arrival").value_or(false);
    out.summary = text(object, "summary");
    out.plan_url = text(object, "plan_url");
    out.url = text(object, "url");
    return out;
}

}  // namespace surged::daemon
