#include "detectors/rule.h"

namespace surged::detectors {

MinuteWindow::MinuteWindow(std::chrono::seconds length)
    : slots_(std::clamp<std::size_t>(std::size_t((length.count() + 59) / 60), 1, kMax), kUnseen) {}

void MinuteWindow::add(std::int64_t minute, double count) {
    if (minute > newest_ || minute <= newest_ - std::int64_t(slots_.size())) return;
    double& s = slot(minute);
    s = (s == kUnseen ? 0 : s) + count;
    sum_ += count;
}

void MinuteWindow::sum_anew() {
    sum_ = 0;
    for (double const s : slots_) sum_ += s == kUnseen ? 0 : s;
}

std::int64_t MinuteWindow::first_seen() const {
    auto const size = std::int64_t(slots_.size());
    for (std::int64_t m = newest_ - size + 1; m < newest_; ++m)
        if (slots_[std::size_t(m) % slots_.size()] != kUnseen) return m;
    return newest_;
}

Transition Rule::step(double strength, WallTime now, std::int64_t seconds,
                      std::chrono::seconds window, WallTime began) {
    if (strength >= 1) {
        below_ = 0;
        if (!surging_) {
            surging_ = true;
            told_ = strength;
            onset_ = std::max(began, ended_);
            return Transition::started;
        }
        if (strength < 2 * told_) return Transition::none;
        told_ = strength;
        return Transition::grown;
    }
    if (!surging_) return Transition::none;
    below_ += seconds;
    if (below_ < window.count()) return Transition::none;
    surging_ = false;
    below_ = 0;
    ended_ = now;
    return Transition::ended;
}

double rule_score(double count, double line) {
    return count / (count + line);
}

}  // namespace surged::detectors
