#include "detectors/baseline.h"

#include <algorithm>
#include <cmath>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kBlock = 15;  // minutes
constexpr double kWinsorFrom = 0.04;  // days; the first hour is taken as it is, see learn()
constexpr double kAsAnnounced = 0.9;  // part of the announced count that is it
constexpr double kLowest = 1e-5;      // mentions per minute: an expectation is never zero
double const kLevelDecay = std::exp2(-1 / 672.0);  // per block: half in 7 days
double const kWeekDecay = std::exp2(-1 / 24.0);    // per block of the hour: half in 6 weeks
double const kDayDecay = std::exp2(-1 / 84.0);     // half in 21 days

// Hours since Monday 00:00 UTC; 1970 began on a Thursday.
double hour_of_week(std::int64_t t) {
    return double((t + 3 * 86400) % 604800) / 3600.0;
}

void decay(float& sum, double factor, double more) {
    sum = float(double(sum) * factor + more);
}

}  // namespace

Baseline::Baseline(double prior)
    : sum_(prior * std::min(30.0, 0.5 / prior)),
      weight_(std::min(30.0, 0.5 / prior)),
      level_(prior),
      per_minute_(prior) {}

double Baseline::of_day(std::size_t hour) const {
    double const lean = std::max(10.0, 60 * level_);
    return (double(day_sum_[hour]) + lean) / (double(day_weight_[hour]) + lean);
}

double Baseline::of_week(std::size_t hour) const {
    double const lean = std::max(10.0, 60 * level_);
    return (double(week_sum_[hour]) + lean * of_day(hour % 24)) /
           (double(week_weight_[hour]) + lean);
}

double Baseline::factor(double hour) const {
    double const x = hour - 0.5 + 168;
    double const whole = std::floor(x);
    double const w = x - whole;
    std::size_t const h = std::size_t(whole) % 168;
    return (1 - w) * of_week(h) + w * of_week((h + 1) % 168);
}

double Baseline::most_it_teaches(double expected) const {
    if (days_ < kWinsorFrom) return 1e18;
    return expected + 3 * std::sqrt(expected + 0.25 * expected * expected) + 1;
}

double Baseline::minute(std::int64_t t, double count, double multiplier) {
    if (minutes_ % kBlock == 0) {
        if (minutes_ != 0) learn(t);
        per_minute_ = std::max(kLowest, level_ * factor(hour_of_week(t) + 0.125));
        block_count_ = block_scaled_ = block_expected_ = 0;
        late_room_ = most_it_teaches(kBlock * per_minute_);
    }
    block_count_ += count;
    block_scaled_ += count / multiplier;
    block_expected_ += per_minute_;
    ++minutes_;
    return per_minute_ * multiplier;
}

// Of an announced block: what came as announced is read back to the usual; between the usual and
// that there is nothing to learn.
double Baseline::taught() const {
    if (block_scaled_ > kAsAnnounced * block_expected_) return block_scaled_;
    return std::min(block_count_, block_expected_);
}

// `t`: start of the block that follows. The cap waits for an hour of history, because against the
// prior every busy stream looks like a surge and would then take days to be believed.
void Baseline::learn(std::int64_t t) {
    bool const ordinary = block_scaled_ == block_count_;
    double const count =
        std::min(ordinary ? block_count_ : taught(), most_it_teaches(block_expected_));
    std::size_t const hour = std::size_t(hour_of_week(t - 480));
    double const season = block_expected_ / (level_ * kBlock);
    days_ = minutes_ / 1440.0;
    if (frozen_) return;
    sum_ = sum_ * kLevelDecay + count;
    weight_ = weight_ * kLevelDecay + season * kBlock;
    decay(week_sum_[hour], kWeekDecay, count);
    decay(week_weight_[hour], kWeekDecay, level_ * kBlock);
    decay(day_sum_[hour % 24], kDayDecay, count);
    decay(day_weight_[hour % 24], kDayDecay, level_ * kBlock);
    level_ = sum_ / weight_;
}

void Baseline::late(std::int64_t t, double count) {
    double const taught = std::min(count, late_room_);
    if (frozen_ || taught <= 0) return;
    late_room_ -= taught;
    std::size_t const hour = std::size_t(hour_of_week(t));
    sum_ += taught;
    week_sum_[hour] += float(taught);
    day_sum_[hour % 24] += float(taught);
    level_ = sum_ / weight_;
}

void Baseline::rescale(double ratio) {
    sum_ *= ratio;
    level_ *= ratio;
}

}  // namespace surged::detectors
