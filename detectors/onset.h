// When a surge began: the most likely start of a rise, from the counts of the last two days.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace surged::detectors {

// One interval of the recent past: `count` mentions where `expected` were.
struct RecentPoint {
    std::int64_t start = 0;   // unix seconds
    std::int32_t length = 0;  // seconds
    float count = 0, expected = 0;
};

// The last 48 h of one stream: counts by the minute for 4 h, by 5 minutes for 12 h, by a quarter of
// an hour for 48 h (blocks begin at multiples of their length, UTC), and what was expected by the
// quarter. A minute that was never told of is unknown, and so is every block that holds one.
//
// A value of 1.4 kB: counts are kept to 11 binary digits (exact to 2048, to 0.02 % beyond; up to
// 1.6e7 a block), expectations to 5.5 %, from 1e-6 to 1e6 a minute. No allocation. add() is O(1),
// but for a gap, of which each minute costs as one minute; beyond 48 h all is unknown.
class RecentCounts {
public:
    static constexpr std::int64_t kMinutes = 240, kFives = 144, kQuarters = 192;
    // No more points than this are ever read back.
    static constexpr std::size_t kPoints =
        std::size_t(kMinutes + kFives + kQuarters - kMinutes / 5 - kFives / 3) + 4;

    // One more minute, which starts at unix second `t`. Time that runs backwards starts anew.
    void add(std::int64_t t, double count, double expected);

    // Oldest first, in minutes as far as they are kept, then by 5, then by 15; unknown ones are
    // left out. Returns how many. Each part reaches back to a limit of the next coarser one, so
    // nothing is counted twice.
    std::size_t read(std::array<RecentPoint, kPoints>& out) const;

    template <typename A>
    friend void archive(A& a, RecentCounts& r) {
        a(r.minute_, r.five_, r.quarter_, r.expected_, r.next_, r.first_, r.five_sum_,
          r.quarter_sum_, r.quarter_expected_, r.five_known_, r.quarter_known_);
    }

private:
    void push(float count, float expected, bool known);

    std::array<std::uint16_t, std::size_t(kMinutes)> minute_{};
    std::array<std::uint16_t, std::size_t(kFives)> five_{};
    std::array<std::uint16_t, std::size_t(kQuarters)> quarter_{};
    std::array<std::uint8_t, std::size_t(kQuarters)> expected_{};  // per minute, see onset.cpp
    std::int64_t next_ = 0, first_ = 0;  // minutes since 1970: behind the newest; the oldest known
    float five_sum_ = 0, quarter_sum_ = 0, quarter_expected_ = 0;  // of the running blocks
    std::uint8_t five_known_ = 0, quarter_known_ = 0;              // minutes known in them
};

// The start of a rise and how sure it is; unix seconds. The truth lies in [from, until] for
// more than four of five steps of x3 and more, for half of the ramps (measured by delay_bench): the
// beginning of a ramp cannot be seen.
struct Onset {
    bool found = false;
    std::int64_t at = 0, from = 0, until = 0;
};

// How counts spread around what is expected: relative variance of a negative binomial, by minutes
// and by quarters of an hour.
struct Spread {
    double minute = 0.1, quarter = 0.1;
};

// Maximum likelihood of one change in the mean of negative binomial counts: before it `a` times the
// expected, after it `b` times, b at least 1.4 a, both unknown. For every start s the sum over all
// points from s on of
//   ln NB(y; b e, f) - ln NB(y; a e, f)
//     = y ln(b (1 + f a e) / (a (1 + f b e))) - ln((1 + f b e) / (1 + f a e)) / f,
// each term clipped (one cascade must not outweigh what lasts), is maximised over b; the start with
// the largest sum is the estimate, those within a few units of it are the interval: the profile
// likelihood (D. V. Hinkley, Biometrika 57, 1970, 1-17; K. J. Worsley, Biometrika 73, 1986, 91-104;
// the clipped sum is P. J. Huber's, Ann. Math. Stat. 36, 1965, 1753-1758). `a` is what was seen in
// the 12 h before the first estimate, leaning on 1. A ramp is a stair: as long as the time before
// the estimate is itself better explained by a smaller rise that lasts to it, that one's start is
// taken, the earliest time from which the rise is sustained.
//
// Points that start before `not_before` or after `not_after` are not candidates. `found` is false
// when no rise explains the end of the series better than none. Cost: about 0.3 ms; no allocation.
[[nodiscard]] Onset estimate_onset(RecentPoint const* points, std::size_t count, Spread spread,
                                   std::int64_t not_before, std::int64_t not_after);

}  // namespace surged::detectors
