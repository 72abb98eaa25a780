// How late a stream's mentions come: what its watermark is learned from.
#pragma once

#include "detectors/time.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace surged::detectors {

// A histogram, in minutes, of how far behind the coverage mentions arrive: 0 for one that came
// before its time was said to be complete. What an outage holds up is not late (coverage stood
// still meanwhile), nor is history. Old mentions fade: the counts are halved at kEnough.
//
// The watermark is the 99.5 % quantile plus the minute it is in, between 5 and 30 minutes (below 5
// nothing is gained: detection does not wait for it; above 30 a chart would). It rises as soon as
// the lags ask for it and falls by a minute an hour, after kSure mentions, so that no look commits
// more than a minute on its account. It decides when a minute is final, never what is in it.
class Lags {
public:
    static constexpr std::int64_t kMin = 5, kMax = 30;  // minutes
    static constexpr std::uint32_t kSure = 1000, kEnough = 16384;

    void add(std::chrono::milliseconds behind) {
        std::int64_t const minutes = (std::max<std::int64_t>(behind.count(), 0) + 59'999) / 60'000;
        ++minute_[std::size_t(std::min<std::int64_t>(minutes, kMax + 1))];
        if (++total_ < kEnough) return;
        total_ = 0;
        for (auto& n : minute_) total_ += n /= 2;
    }

    // The watermark from `now` (a coverage) on, asked whenever coverage grows.
    [[nodiscard]] std::chrono::seconds next(std::chrono::seconds present, WallTime now) {
        std::int64_t const hour = minute_index(now) / 60;
        if (hour == hour_) return present;
        bool const first = hour_ == 0;
        hour_ = hour;
        std::chrono::seconds const wanted = std::chrono::minutes{quantile()};
        if (wanted > present) return wanted;
        bool const sure = !first && total_ >= kSure;
        return sure ? std::max(wanted, present - std::chrono::minutes{1}) : present;
    }

    // Minutes that all but 0.5 % need, or all but two while there are few; within the bounds.
    [[nodiscard]] std::int64_t quantile() const {
        std::uint32_t const spare = std::max<std::uint32_t>(total_ / 200, 2);
        std::uint32_t beyond = 0;
        std::int64_t m = kMax + 1;
        for (; m > kMin; --m) {
            beyond += minute_[std::size_t(m)];
            if (beyond > spare) break;
        }
        return std::clamp(m, kMin, kMax);
    }
    [[nodiscard]] std::uint32_t total() const { return total_; }

    template <typename A>
    friend void archive(A& a, Lags& l) {
        a(l.minute_, l.total_, l.hour_);
    }

private:
    std::array<std::uint32_t, kMax + 2> minute_{};
    std::uint32_t total_ = 0;
    std::int64_t hour_ = 0;  // since 1970, when it was last asked
};

}  // namespace surged::detectors
