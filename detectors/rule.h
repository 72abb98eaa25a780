// What the detectors with a fixed rule share: a sliding window of minutes, and when a rule's surge
// starts, grows and ends.
#pragma once

#include "detectors/detector.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace surged::detectors {

// Counts of the last `minutes` minutes of event time, the newest included. Minutes that were never
// seen are told apart from zeros. 8 bytes a minute, allocated once.
class MinuteWindow {
public:
    static constexpr std::size_t kMax = 31 * 24 * 60;  // longer windows are cut to 31 days

    explicit MinuteWindow(std::chrono::seconds length);

    // Makes `minute` (minutes since 1970) the newest, if it is newer. Minutes that leave and were
    // seen are given to `left(minute, count)`, oldest first.
    template <typename Left>
    void advance(std::int64_t minute, Left left);
    // Adds to a minute that is in the window; others are ignored.
    void add(std::int64_t minute, double count);

    [[nodiscard]] double sum() const { return sum_; }
    [[nodiscard]] std::size_t minutes() const { return slots_.size(); }
    [[nodiscard]] std::int64_t newest() const { return newest_; }
    // The oldest minute of the window that was seen; the newest if none was.
    [[nodiscard]] std::int64_t first_seen() const;

    // A blob of a window of another length leaves this one empty.
    template <typename A>
    friend void archive(A& a, MinuteWindow& w) {
        std::size_t const minutes = w.slots_.size();
        a(w.slots_, w.newest_, w.sum_);
        if constexpr (A::kReading)
            if (w.slots_.size() != minutes) w = MinuteWindow(std::chrono::minutes{minutes});
    }

private:
    static constexpr double kUnseen = -1;
    static constexpr std::int64_t kNever = INT64_MIN / 2;
    [[nodiscard]] double& slot(std::int64_t minute) {
        return slots_[std::size_t(minute) % slots_.size()];
    }

    void sum_anew();

    std::vector<double> slots_;
    std::int64_t newest_ = kNever;
    double sum_ = 0;
};

template <typename Left>
void MinuteWindow::advance(std::int64_t minute, Left left) {
    if (minute <= newest_) return;
    auto const size = std::int64_t(slots_.size());
    std::int64_t const from = newest_ == kNever ? minute - size : newest_;
    std::int64_t const steps = std::min(minute - from, size);
    // Each new minute takes the slot of the one that leaves.
    for (std::int64_t i = 1; i <= steps; ++i) {
        double& leaving = slot(from + i);
        if (leaving == kUnseen) continue;
        left(from + i - size, leaving);
        sum_ -= leaving;
        leaving = kUnseen;
    }
    // Summed anew once per turn: fractions of coarse counts would leave a rest for ever.
    if (steps == size || minute % size == 0) sum_anew();
    newest_ = minute;
}

// Starts when strength reaches 1, has grown when it is twice what was last told, ends when it has
// been below 1 for as long as the window: what raised it has left the window by then, and a count
// that hovers about the line does not flap.
class Rule {
public:
    // `now`: end of the tick; `seconds`: its length; `window`: the rule's.
    Transition step(double strength, WallTime now, std::int64_t seconds,
                    std::chrono::seconds window, WallTime began);
    [[nodiscard]] bool surging() const { return surging_; }
    [[nodiscard]] WallTime onset() const { return onset_; }
    // The strength that was last told of the surge under way; 0: none is.
    [[nodiscard]] double told() const { return surging_ ? told_ : 0; }

    template <typename A>
    friend void archive(A& a, Rule& r) {
        a(r.surging_, r.told_, r.below_, r.onset_, r.ended_);
    }

private:
    bool surging_ = false;
    double told_ = 0;
    std::int64_t below_ = 0;  // seconds
    WallTime onset_ = kNoTime, ended_ = kNoTime;
};

// A count onto [0, 1): 0.5 where it reaches `line`, strictly growing.
[[nodiscard]] double rule_score(double count, double line);

}  // namespace surged::detectors
