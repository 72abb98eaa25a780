// `escalation:` of a brand: the rungs that are climbed while nobody moves.
#include "daemon/settings_reader.h"

#include <algorithm>
#include <array>

namespace surged::daemon {
namespace {

using detectors::ClockKind;
using detectors::EscalationStep;

// Which rungs were climbed is one bit each in the incident's state.
constexpr std::size_t kSteps = 32;

constexpr std::array<std::pair<std::string_view, ClockKind>, 3> kClocks{
    {{"acknowledge", ClockKind::acknowledge},
     {"respond", ClockKind::respond},
     {"resolve", ClockKind::resolve}}};

std::optional<std::chrono::seconds> limit_of(detectors::Policy const& policy, ClockKind clock) {
    if (clock == ClockKind::acknowledge) return policy.acknowledge;
    return clock == ClockKind::respond ? policy.respond : policy.resolve;
}

// The longest such clock of any policy of the brand; nothing when no policy has it.
std::optional<std::chrono::seconds> longest(BrandSettings const& brand, ClockKind clock) {
    std::optional<std::chrono::seconds> out;
    for (auto const& [name, stream] : brand.rules.streams)
        if (auto const limit = limit_of(stream.policy, clock))
            out = std::max(out.value_or(*limit), *limit);
    return out;
}

// "80% respond" -> "80%" and the clock; nothing, and a fault, when it is neither.
std::optional<std::pair<std::string, ClockKind>> point(config::Section& section,
                                                       std::string_view key,
                                                       std::string_view form) {
    auto const text = section.text(key);
    if (text.empty()) return std::nullopt;
    auto const blank = text.find(' ');
    auto const word = blank == std::string::npos ? std::string{} : text.substr(blank + 1);
    for (auto const& [name, clock] : kClocks)
        if (word == name) return std::pair(text.substr(0, blank), clock);
    section.reject(key, "must be " + std::string(form) + ", got '" + text + "'");
    return std::nullopt;
}

void check_clock(config::Section& section, std::string_view key, BrandSettings const& brand,
                 EscalationStep const& step) {
    if (!step.clock || brand.rules.streams.empty()) return;
    auto const name = std::find_if(kClocks.begin(), kClocks.end(), [&](auto const& c) {
                          return c.second == *step.clock;
                      })->first;
    auto const limit = longest(brand, *step.clock);
    if (!limit)
        section.reject(
            key, "no response policy of this brand has the clock '" + std::string(name) + "'");
    else if (step.before && *step.before >= *limit)
        section.reject(key, "is before every clock '" + std::string(name) +
                                "' of this brand begins (" + config::format_duration(*limit) +
                                " at most)");
}

void read_at(config::Section& section, EscalationStep& out) {
    constexpr std::string_view form = "a share of a clock such as 80% respond";
    auto const read = point(section, "at", form);
    if (!read) return;
    auto const share = config::parse_percent(read->first);
    if (!share || *share <= 0) {
        section.reject("at", "must be " + std::string(form) + ", got '" + read->first + "'");
        return;
    }
    out.at_share = *share;
    out.clock = read->second;
}

void read_before(config::Section& section, EscalationStep& out) {
    constexpr std::string_view form = "a time before a clock's end such as 10m respond";
    auto const read = point(section, "before", form);
    if (!read) return;
    auto const span = config::parse_duration(read->first);
    if (!span || span->count() <= 0) {
        section.reject("before", "must be " + std::string(form) + ", got '" + read->first + "'");
        return;
    }
    out.before = *span;
    out.clock = read->second;
}

EscalationStep read_step(Reading& reading, config::Section& section, BrandSettings const& brand) {
    EscalationStep out;
    out.after = section.duration("after", kSecond, kYear);
    read_at(section, out);
    read_before(section, out);
    int const conditions =
        int(section.has("after")) + int(section.has("at")) + int(section.has("before"));
    if (conditions != 1)
        section.reject("", "needs exactly one of 'after', 'at' and 'before'");
    else if (out.clock)
        check_clock(section, section.has("at") ? "at" : "before", brand, out);
    out.repeat = section.duration("repeat", kSecond, kYear);
    if (!section.has("notify")) section.reject("", "missing key 'notify'");
    out.notify = reading.receivers(section, "notify");
    if (section.is_list("notify") && out.notify.empty() && section.texts("notify").empty())
        section.reject("notify", "must name a receiver");
    section.finish();
    return out;
}

}  // namespace

void read_escalation(Reading& reading, config::Section& section, BrandSettings& brand) {
    auto steps = section.list("escalation");
    if (steps.size() > kSteps)
        section.reject("escalation", "must be at most " + std::to_string(kSteps) + " steps");
    for (auto& step : steps) brand.rules.escalation.push_back(read_step(reading, step, brand));
}

}  // namespace surged::daemon
