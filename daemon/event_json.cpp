#include "daemon/event_json.h"

#include "config/units.h"

#include <simdjson.h>

#include <array>

namespace surged::daemon {
namespace {

using namespace detectors;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// One reader a type; false: the value cannot be that.
bool read(element const& e, std::string& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    out = text;
    return true;
}
bool read(element const& e, bool& out) {
    return e.get(out) == simdjson::SUCCESS;
}
bool read(element const& e, std::int64_t& out) {
    return e.get(out) == simdjson::SUCCESS;
}
bool read(element const& e, int& out) {
    std::int64_t wide = 0;
    if (!read(e, wide) || wide < 0 || wide > 1'000'000'000) return false;
    out = static_cast<int>(wide);
    return true;
}
bool read(element const& e, double& out) {
    return e.get(out) == simdjson::SUCCESS;  // integers too
}
bool read(element const& e, WallTime& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    auto const time = parse_time(text);
    if (time) out = *time;
    return time.has_value();
}
bool read(element const& e, std::chrono::seconds& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    auto const span = config::parse_duration(text);
    if (span) out = *span;
    return span.has_value();
}
bool read(element const& e, EventName& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    auto const name = event_name(text);
    if (name) out = *name;
    return name.has_value();
}

// A word of a closed set whose spelling is to_string's alone.
template <typename Enum, std::size_t N>
bool read_word(element const& e, std::array<Enum, N> const& all, Enum& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    for (Enum const candidate : all) {
        if (to_string(candidate) != text) continue;
        out = candidate;
        return true;
    }
    return false;
}
bool read(element const& e, SurgeKind& out) {
    return read_word(e,
                     std::array{SurgeKind::volume, SurgeKind::breadth, SurgeKind::tone,
                                SurgeKind::rule, SurgeKind::unanswered},
                     out);
}
bool read(element const& e, Severity& out) {
    return read_word(e, std::array{Severity::warning, Severity::critical}, out);
}
bool read(element const& e, ClockKind& out) {
    return read_word(e, std::array{ClockKind::acknowledge, ClockKind::respond, ClockKind::resolve},
                     out);
}
bool read(element const& e, ClockState& out) {
    return read_word(e,
                     std::array{ClockState::running, ClockState::breached, ClockState::met,
                                ClockState::met_late, ClockState::dropped},
                     out);
}

bool read(element const& e, Composition& out);
bool read(element const& e, ClockView& out);

template <typename T>
bool read(element const& e, std::optional<T>& out) {
    T value{};
    if (!read(e, value)) return false;
    out = std::move(value);
    return true;
}
bool read(element const& e, std::vector<ClockView>& out) {
    array list;
    if (e.get(list) != simdjson::SUCCESS) return false;
    for (element const& item : list)
        if (!read(item, out.emplace_back())) return false;
    return true;
}

// Reads the members of one object in any order.
class Members {
public:
    explicit Members(element const& e) : ok_(e.get(members_) == simdjson::SUCCESS) {}

    // An absent key leaves `out` as it is.
    template <typename T>
    Members& operator()(std::string_view key, T& out) {
        element value;
        if (!ok_ || members_[key].get(value) != simdjson::SUCCESS) return *this;
        ok_ = read(value, out);
        return *this;
    }
    template <typename T>
    Members& required(std::string_view key, T& out) {
        element value;
        ok_ = ok_ && members_[key].get(value) == simdjson::SUCCESS && read(value, out);
        return *this;
    }
    [[nodiscard]] bool ok() const { return ok_; }

private:
    object members_;
    bool ok_;
};

bool read(element const& e, Composition& out) {
    return Members(e)("kind", out.kind)("authors", out.authors)("top_author", out.top_author)(
               "reposts", out.reposts)("copies", out.copies)("new_accounts", out.new_accounts)
        .ok();
}

bool read(element const& e, ClockView& out) {
    return Members(e)
        .required("kind", out.kind)("platform", out.platform)("run", out.run)("due", out.due)(
            "state", out.state)("at", out.at)("by", out.by)("link", out.link)
        .ok();
}

bool read(element const& e, Event& out) {
    Members m(e);
    m.required("event", out.name).required("at", out.at);
    m("id", out.id)("incident", out.incident)("brand", out.brand)("drill", out.drill);
    m("stream", out.stream)("platform", out.platform)("kind", out.kind)("onset", out.onset);
    m("observed", out.observed)("expected", out.expected)("ratio", out.ratio);
    m("window", out.window)("severity", out.severity)("return_days", out.return_days);
    m("doubling", out.doubling)("composition", out.composition);
    m("clocks", out.clocks)("clock", out.clock);
    m("reason", out.reason)("covered_until", out.covered_until);
    m("by", out.by)("via", out.via)("note", out.note)("link", out.link)("verdict", out.verdict);
    m("item", out.item)("done", out.done)("mention", out.mention)("whose", out.whose);
    m("origin", out.origin);
    m("late", out.late)("on_arrival", out.on_arrival)("summary", out.summary);
    m("plan_url", out.plan_url)("url", out.url);
    return m.ok();
}

}  // namespace

std::optional<detectors::Event> event_from_json(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
    Event event;
    if (!read(root, event)) return std::nullopt;
    return event;
}

}  // namespace surged::daemon
