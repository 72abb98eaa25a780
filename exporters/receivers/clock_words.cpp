#include "exporters/receivers/clock_words.h"

#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"

#include <algorithm>

namespace surged::exporters {

using detectors::clock_time;
using detectors::ClockKind;
using detectors::ClockState;
using detectors::ClockView;
using detectors::kNoTime;
using detectors::WallTime;
using std::chrono::seconds;

namespace {

std::string_view noun(ClockKind kind) {
    switch (kind) {
        case ClockKind::acknowledge: return "acknowledgement";
        case ClockKind::respond: return "first public answer";
        case ClockKind::resolve: break;
    }
    return "full answer";
}

}  // namespace

std::string span_words(WallTime from, WallTime to) {
    auto const span = std::chrono::floor<seconds>(to - from);
    if (span < seconds{60}) return "under a minute";
    if (span < seconds{7200}) return std::to_string(span.count() / 60) + " min";
    return detectors::human_duration(span);
}

bool is_open(ClockView const& clock) {
    return clock.state == ClockState::running || clock.state == ClockState::breached;
}

std::string clock_words(ClockView const& clock, WallTime now) {
    auto const what = std::string(noun(clock.kind)) +
                      (clock.platform.empty() ? "" : " on " + platform_name(clock.platform));
    auto const given =
        what + " given" + (clock.at == kNoTime ? "" : " " + clock_time(clock.at, now));
    auto const whom = clock.by.empty() ? "" : " by " + brief(clock.by, 160);
    switch (clock.state) {
        case ClockState::running:
            if (clock.due <= now) return what + " is due now, " + clock_time(clock.due, now);
            return what + " due " + clock_time(clock.due, now) + " (" + span_words(now, clock.due) +
                   " left)";
        case ClockState::breached:
            return what + " was due " + clock_time(clock.due, now) + " (" +
                   span_words(std::min(clock.due, now), now) + " overdue)";
        case ClockState::met: return given + whom;
        case ClockState::met_late:
            return given + whom + ", " + span_words(std::min(clock.due, clock.at), clock.at) +
                   " late";
        case ClockState::dropped: break;
    }
    return what + " no longer asked for";
}

std::vector<ClockView> present_clocks(Page const& page) {
    std::vector<ClockView> out;
    auto const add = [&](ClockView clock) {
        for (auto& known : out) {
            if (known.platform != clock.platform || known.kind != clock.kind) continue;
            if (known.run < clock.run) known = std::move(clock);
            return;
        }
        out.push_back(std::move(clock));
    };
    if (page.incident != nullptr) {
        for (auto const& clock : page.incident->clocks) add(view(clock));
    } else {
        for (auto const& clock : page.event.clocks) add(clock);
        if (out.empty() && page.event.clock) add(*page.event.clock);
    }
    return out;
}

std::optional<ClockView> most_urgent(std::vector<ClockView> const& clocks) {
    ClockView const* first = nullptr;
    for (auto const& clock : clocks)
        if (is_open(clock) && (first == nullptr || clock.due < first->due)) first = &clock;
    return first == nullptr ? std::nullopt : std::optional(*first);
}

bool was_breached(ClockView const& clock) {
    switch (clock.state) {
        case ClockState::breached:
        case ClockState::met_late: return true;
        case ClockState::dropped: return clock.at != kNoTime && clock.due < clock.at;
        default: return false;
    }
}

std::optional<ClockView> present_clock(Page const& page) {
    auto const& told = page.event.clock;
    if (!told || page.incident == nullptr) return told;
    for (auto const& clock : page.incident->clocks)
        if (clock.platform == told->platform && clock.kind == told->kind && clock.run == told->run)
            return view(clock);
    return told;
}

bool outdated(Page const& page) {
    if (!page.repeat || page.incident == nullptr || !page.event.clock) return false;
    auto const clock = present_clock(page);
    return clock->state != ClockState::breached;
}

}  // namespace surged::exporters
