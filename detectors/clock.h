// One response deadline of one incident on one platform: given `now`, what is due.
#pragma once

#include "detectors/event.h"
#include "detectors/policy.h"
#include "detectors/time.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace surged::detectors {

// `due` is an absolute instant: it is stored, never counted down. An answer before `due` is in
// time; at `due` the clock is breached, and an answer from then on is late.
struct Clock {
    std::string platform;
    ClockKind kind = ClockKind::acknowledge;
    int run = 1;
    WallTime start{}, due{};
    ClockState state = ClockState::running;
    WallTime at = kNoTime;  // when met, breached or dropped
    std::string by, link;
    std::uint32_t warned = 0;          // bit i: warn_times[i] was told
    WallTime next_repeat = kNoTime;    // while breached and repeat_every is on
    std::vector<WallTime> warn_times;  // absolute, ascending, all inside (start, due); at most 32
    std::chrono::seconds repeat_every{0};
    bool on_arrival = false;  // it was past when it was created
};
[[nodiscard]] ClockView view(Clock const& clock);
[[nodiscard]] inline bool is_open(Clock const& c) {
    return c.state == ClockState::running || c.state == ClockState::breached;
}
// "respond/x/1": which clock of its incident.
[[nodiscard]] std::string clock_key(Clock const& clock);

// A clock that runs from `start`. A warning that would fall on or before the start is left out.
[[nodiscard]] Clock start_clock(std::string platform, ClockKind kind, int run, WallTime start,
                                std::chrono::seconds limit, Policy const& policy);
// A joining stream's view of a running clock: taken when it makes it due earlier, never when later.
// The warnings then follow the new way; as many as were told stay told. True when it moved.
bool bring_forward(Clock& clock, WallTime start, std::chrono::seconds limit, Policy const& policy);

struct Ring {
    enum class What : std::uint8_t { warning, breach, repeat } what = What::warning;
    WallTime at{};  // the true instant it fell due
};
// The next instant at which the clock has something to say; kNoTime: never again.
[[nodiscard]] WallTime next_ring(Clock const& clock);
// Takes the earliest thing due at or before `now`. Of repeats missed in a gap one is left: the
// following one lies after `now`.
std::optional<Ring> ring(Clock& clock, WallTime now);

// Ends an open clock: `at` is the instant of the answer, which may lie before the instant we heard
// of it, so a clock that breached meanwhile may still have been met in time.
void meet(Clock& clock, WallTime at, std::string by, std::string link);
void drop(Clock& clock, WallTime at);

}  // namespace surged::detectors
