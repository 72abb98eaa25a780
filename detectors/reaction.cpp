#include "detectors/reaction.h"

#include <algorithm>

namespace surged::detectors {
namespace {

bool wanted(ClockKind kind, std::string_view platform, ClockKind have, std::string const& where) {
    return kind == have && (platform.empty() || platform == where);
}

}  // namespace

WallTime Reactions::Asked::last_chance() const {
    WallTime last = due.front().at;
    // What was brought forward later cannot breach what was answered before.
    for (Due const& d : due)
        if (d.known < last) last = std::max(d.known, std::min(last, d.at));
    return last;
}

void Reactions::hear(Event const& event) {
    if (event.drill) return;
    for (ClockView const& clock : event.clocks) {
        auto& asked = clocks_[{event.incident, clock.platform, clock.kind, clock.run}];
        if (asked.due.empty()) asked.told = event.at;
        if (asked.due.empty() || asked.due.back().at != clock.due)
            asked.due.push_back({event.at, clock.due});
    }
}

Reactions::Sum Reactions::met(ClockKind kind, std::string_view platform,
                              std::chrono::seconds after) const {
    Sum sum;
    for (auto const& [key, asked] : clocks_) {
        if (!wanted(kind, platform, std::get<2>(key), std::get<1>(key))) continue;
        Clock clock;
        clock.due = asked.last_chance();
        meet(clock, asked.told + after, {}, {});
        ++sum.of;
        sum.met += clock.state == ClockState::met ? 1 : 0;
    }
    return sum;
}

std::optional<std::chrono::seconds> Reactions::needed(ClockKind kind,
                                                      std::string_view platform) const {
    std::optional<std::chrono::seconds> out;
    for (auto const& [key, asked] : clocks_) {
        if (!wanted(kind, platform, std::get<2>(key), std::get<1>(key))) continue;
        auto const left =
            std::chrono::floor<std::chrono::seconds>(asked.last_chance() - asked.told);
        if (left.count() > 0) out = out ? std::min(*out, left) : left;
    }
    return out;
}

std::vector<std::string> Reactions::platforms() const {
    std::vector<std::string> out;
    for (auto const& [key, asked] : clocks_) out.push_back(std::get<1>(key));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace surged::detectors
