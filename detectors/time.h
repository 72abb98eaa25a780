// The two kinds of time, which never mix: Instant for waiting and measuring, WallTime for what
// people and platforms say.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace surged::detectors {

// Monotonic. Meaningless outside the process that read it; never stored.
struct MonotonicTag {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicTag>;
    static constexpr bool is_steady = true;
};
using Instant = MonotonicTag::time_point;

// UTC with millisecond resolution: the time of posts, of deadlines, of everything that is stored or
// shown.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// "not known": a mention without created_at, a stream never covered.
inline constexpr WallTime kNoTime = WallTime::min();

// The start of the minute that holds `t`; the length of a bucket everywhere.
inline constexpr std::chrono::minutes kMinute{1};
[[nodiscard]] constexpr WallTime floor_minute(WallTime t) {
    return std::chrono::floor<std::chrono::minutes>(t);
}
// Minutes since 1970, the key of buckets and series.
[[nodiscard]] constexpr std::int64_t minute_index(WallTime t) {
    return std::chrono::floor<std::chrono::minutes>(t).time_since_epoch().count();
}
[[nodiscard]] constexpr WallTime minute_start(std::int64_t index) {
    return WallTime{std::chrono::minutes{index}};
}

// "2026-03-01T12:00:03.250Z"; without a fraction when the milliseconds are 0.
[[nodiscard]] std::string rfc3339(WallTime t);

// Reads RFC 3339 (any offset, any fraction, cut to milliseconds, lower-case t and z allowed) and,
// for CSV, "YYYY-MM-DD HH:MM:SS[.fff]" without an offset, which is UTC. Also "+0000" (Graph API).
// Years 1970 to 9999; nothing else.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

// "2h 05m", "45s", "3d 4h": two units at most, for people. Negative spans get a leading "-".
[[nodiscard]] std::string human_duration(std::chrono::seconds span);

}  // namespace surged::detectors
