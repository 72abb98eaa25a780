#include "detectors/clock.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::size_t kWarnings = 32;  // the bits of `warned`

std::vector<WallTime> warnings(WallTime start, WallTime due, Policy const& policy) {
    std::vector<WallTime> times;
    for (WarnAt const& w : policy.warn_at) {
        auto const span = std::chrono::duration<double, std::milli>(due - start);
        WallTime const t =
            w.share > 0 ? start + std::chrono::round<std::chrono::milliseconds>(span * w.share)
                        : due - w.before_end;
        if (t > start && t < due && times.size() < kWarnings) times.push_back(t);
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
}

// The first point of the grid due + k * every that lies after `now`.
WallTime next_on_grid(WallTime due, std::chrono::seconds every, WallTime now) {
    if (every.count() <= 0) return kNoTime;
    WallTime const first = due + every;
    if (first > now) return first;
    return first + ((now - first) / every + 1) * every;
}

std::size_t next_warning(Clock const& c) {
    std::size_t i = 0;
    while (i < c.warn_times.size() && (c.warned >> i & 1U)) ++i;
    return i;
}

}  // namespace

ClockView view(Clock const& c) {
    return {c.platform, c.kind, c.run, c.due, c.state, c.at, c.by, c.link};
}

std::string clock_key(Clock const& c) {
    return std::string(to_string(c.kind)) + "/" + c.platform + "/" + std::to_string(c.run);
}

Clock start_clock(std::string platform, ClockKind kind, int run, WallTime start,
                  std::chrono::seconds limit, Policy const& policy) {
    Clock c;
    c.platform = std::move(platform);
    c.kind = kind;
    c.run = run;
    c.start = start;
    c.due = start + limit;
    c.warn_times = warnings(c.start, c.due, policy);
    c.repeat_every = policy.repeat_every.value_or(std::chrono::seconds{0});
    return c;
}

bool bring_forward(Clock& c, WallTime start, std::chrono::seconds limit, Policy const& policy) {
    if (c.state != ClockState::running || start + limit >= c.due) return false;
    std::size_t const told = next_warning(c);
    c.start = start;
    c.due = start + limit;
    c.warn_times = warnings(c.start, c.due, policy);
    c.warned = static_cast<std::uint32_t>((std::uint64_t{1} << told) - 1);
    auto const every = policy.repeat_every.value_or(std::chrono::seconds{0});
    if (every.count() > 0 && (c.repeat_every.count() == 0 || every < c.repeat_every))
        c.repeat_every = every;
    return true;
}

WallTime next_ring(Clock const& c) {
    if (c.state == ClockState::breached) return c.next_repeat;
    if (c.state != ClockState::running) return kNoTime;
    std::size_t const i = next_warning(c);
    return i < c.warn_times.size() ? c.warn_times[i] : c.due;
}

std::optional<Ring> ring(Clock& c, WallTime now) {
    WallTime const at = next_ring(c);
    if (at == kNoTime || at > now) return std::nullopt;
    if (c.state == ClockState::breached) {
        c.next_repeat = next_on_grid(c.due, c.repeat_every, now);
        return Ring{Ring::What::repeat, at};
    }
    if (std::size_t const i = next_warning(c); i < c.warn_times.size()) {
        c.warned |= std::uint32_t{1} << i;
        return Ring{Ring::What::warning, at};
    }
    c.state = ClockState::breached;
    c.at = c.due;
    c.next_repeat = next_on_grid(c.due, c.repeat_every, now);
    return Ring{Ring::What::breach, at};
}

void meet(Clock& c, WallTime at, std::string by, std::string link) {
    c.state = at < c.due ? ClockState::met : ClockState::met_late;
    c.at = at;
    c.by = std::move(by);
    c.link = std::move(link);
    c.next_repeat = kNoTime;
}

void drop(Clock& c, WallTime at) {
    c.state = ClockState::dropped;
    c.at = at;
    c.next_repeat = kNoTime;
}

}  // namespace surged::detectors
