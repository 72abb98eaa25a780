// The burst channel's score: how far the last five minutes to the last day stand above the usual.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace surged::detectors {

// Five exponential windows from 5 min to 24 h, each a log-ratio of observed to expected counts,
// standardised by the stream's own mean and spread of that ratio, the positive ones added up with
// weights. Logarithms, because mention counts are heavy-tailed at every scale: Poisson distances
// are in alarm every day. The expectation is a log level (half-life 4 days) with a log
// hour-of-day profile (UTC); the spread is learned on both sides of the surge, clipped.
//
// A value of fixed size; tick() is O(1), about 0.1 us.
class Burst {
public:
    static constexpr std::size_t kWindows = 5;
    static constexpr std::array<double, kWindows> kTau{300, 900, 3600, 21600, 86400};  // seconds
    static constexpr double kWarmUp = 43200;  // seconds of history before the score leaves 0

    // One tick of `dt` seconds that starts at unix second `t`; `multiplier` > 1 while an announced
    // surge is expected (its time teaches neither mean nor spread). Returns the score, >= 0.
    double tick(std::int64_t t, double count, double dt, double multiplier);

    [[nodiscard]] double score() const { return score_; }
    [[nodiscard]] bool warm() const { return seconds_ >= kWarmUp; }
    // Mentions expected in `dt` seconds from `t`.
    [[nodiscard]] double expected(std::int64_t t, double dt) const;

    // The window that contributes most to the score; observed and expected are the exponentially
    // weighted counts of about `seconds`.
    struct Window {
        double observed, expected, seconds;
    };
    [[nodiscard]] Window strongest() const;

    // Mentions that the last tick (which held `count`) would have had to hold for `score`, to about
    // 2 %; at least 0. `guess` is where the search begins: the last answer.
    [[nodiscard]] double count_for(double score, double count, double guess) const;

    [[nodiscard]] double log_level() const { return level_; }  // of the count in 5 minutes
    [[nodiscard]] double spread(std::size_t window) const { return spread_[window]; }
    // How many spreads a window stands above the usual.
    [[nodiscard]] double above(std::size_t window) const { return std::max(0.0, z_[window]); }

    template <typename A>
    friend void archive(A& a, Burst& b) {
        a(b.level_, b.season_, b.visits_, b.observed_, b.expected_, b.mean_, b.spread_, b.z_,
          b.bin_count_, b.bin_expected_, b.bin_usual_, b.bin_seconds_, b.bin_start_, b.bins_,
          b.seconds_, b.score_);
    }

private:
    // What depends on the length of a tick alone; computed when it changes.
    struct Rates {
        double dt = 0, learn = 0;
        std::array<double, kWindows> leave{};  // part of a window that leaves it in one tick
    };
    void set_length(double dt);
    void learn_bin();

    Rates rates_;
    double level_ = 0;
    std::array<double, 24> season_{};
    std::array<double, 24> visits_{};  // 5-minute bins seen in this hour
    std::array<double, kWindows> observed_{}, expected_{}, mean_{};
    std::array<double, kWindows> spread_{1, 1, 1, 1, 1}, z_{};
    double bin_count_ = 0, bin_expected_ = 0, bin_usual_ = 0, bin_seconds_ = 0;
    std::int64_t bin_start_ = 0;
    double bins_ = 0;     // 5-minute bins learned
    double seconds_ = 0;  // of history
    double score_ = 0;
};

}  // namespace surged::detectors
