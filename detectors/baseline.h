// What a stream's own history explains: its level and its week, protected from the surge itself.
#pragma once

#include <array>
#include <cstdint>

namespace surged::detectors {

// Expected mentions per minute, level times hour-of-week factor, learned from blocks of 15 minutes.
//
// Level: sum of counts over sum of weights, both halved in 7 days. Hour of week (Monday 00:00 UTC
// is hour 0) and hour of day likewise, halved in 6 and in 21 visits; an hour of the week leans on
// its hour of the day, and that on 1, as long as they have seen less than an hour's worth. Between
// hour centres the factor is linear. A block teaches at most E + 3 sqrt(E + E^2/4) + 1 mentions
// (Winsor), so a surge moves little before it is found; while one is known nothing is learned.
//
// A value of fixed size. minute() is O(1).
class Baseline {
public:
    // `prior`: guess of the mean rate per minute, worth half a mention, at most half an hour.
    explicit Baseline(double prior);

    // One more minute, which starts at unix second `t` and held `count` mentions; returns how many
    // were expected. During an announced surge (`multiplier` > 1) up to that many times the usual
    // is expected: what comes as announced teaches its `multiplier`th part, what lies between the
    // usual and that teaches nothing.
    double minute(std::int64_t t, double count, double multiplier);
    // Mentions of an earlier minute that came too late to be judged: into the totals of their hour,
    // in each block no more than a block may teach. Nothing while frozen.
    void late(std::int64_t t, double count);

    void freeze(bool on) { frozen_ = on; }
    // The stream has become `ratio` times what it was: the level follows at once.
    void rescale(double ratio);

    // Relative variance of the expectation itself: large while little is known.
    [[nodiscard]] double unknown() const { return 1 / (sum_ + 0.5) + 0.25 / (1 + days_); }
    [[nodiscard]] double level() const { return level_; }  // mentions per minute
    [[nodiscard]] double days() const { return minutes_ / 1440.0; }
    [[nodiscard]] std::uint32_t minutes() const { return minutes_; }

    template <typename A>
    friend void archive(A& a, Baseline& b) {
        a(b.week_sum_, b.week_weight_, b.day_sum_, b.day_weight_, b.sum_, b.weight_, b.level_,
          b.per_minute_, b.block_count_, b.block_scaled_, b.block_expected_, b.late_room_, b.days_,
          b.minutes_, b.frozen_);
    }

private:
    [[nodiscard]] double of_day(std::size_t hour) const;
    [[nodiscard]] double of_week(std::size_t hour) const;
    [[nodiscard]] double factor(double hour_of_week) const;
    [[nodiscard]] double most_it_teaches(double expected) const;
    [[nodiscard]] double taught() const;
    void learn(std::int64_t t);

    std::array<float, 168> week_sum_{}, week_weight_{};
    std::array<float, 24> day_sum_{}, day_weight_{};
    double sum_, weight_, level_, per_minute_;
    double block_count_ = 0, block_scaled_ = 0, block_expected_ = 0;  // scaled: / multiplier
    double late_room_ = 0;  // mentions that late() may still teach in this block
    double days_ = 0;       // of history when the last block was learned
    std::uint32_t minutes_ = 0;
    bool frozen_ = false;
};

}  // namespace surged::detectors
