// Brand-mention counts as real streams have them, with the truth known: a model calibrated on ten
// recorded streams of tweets. Seeded; the same numbers in every run with one standard library.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

namespace surged::tests {

// One simulated stream, minute by minute from a Monday 00:00 UTC. Its rate is a daily and weekly
// season times three wandering factors (minutes, hours, days), with posts of our own that return
// each week, cascades with Pareto sizes and counts wider than Poisson.
class StreamNoise {
public:
    StreamNoise(std::uint64_t seed, double per_minute) : random_(seed), rate_(per_minute) {
        daily_ = uniform(0.30, 0.90);
        half_daily_ = uniform(0.05, 0.35);
        phase_ = uniform(0, 24);
        weekend_ = uniform(0.45, 1);
        wander_ = {Wander{uniform(0.08, 0.28), uniform(8, 40)},
                   Wander{uniform(0.10, 0.35), uniform(90, 400)},
                   Wander{uniform(0.10, 0.30), uniform(1000, 4000)}};
        drift_ = {uniform(0.05, 0.19), 20 * 1440.0};
        for (Wander& w : wander_) w.value = w.spread * normal();
        width_ = uniform(0.1, 1);
        cascades_ = log_uniform(1, 10);
        smallest_ = 3 * std::max(1.0, std::pow(rate_ * 15, 0.75)) * std::exp(uniform(-0.5, 0.5));
        tail_ = uniform(1.1, 1.9);
        largest_ = log_uniform(20, 500);
        bumps_.resize(std::size_t(uniform(0, 3)));
        for (Bump& b : bumps_) b = {uniform(0, 168) * 60, uniform(0.5, 3), uniform(15, 90)};
        surprises_ = uniform(0, 1) / 7 / 1440;
        settle_means();
    }

    struct Minute {
        double count = 0, expected = 0;  // expected: by who knows season, drift and mean
    };
    Minute next() {
        double const usual = season() / season_mean_ * std::exp(drift_.step(normal()));
        double const organic = organic_ * usual;
        double const expected =
            organic * (1 + own_posts()) + cascade_share_ * cascade_mean_ * usual;
        double variance = 0, log_rate = 0;
        for (Wander& w : wander_) {
            variance += w.spread * w.spread;
            log_rate += w.step(normal());
        }
        double rate = organic * (1 + own_posts()) * std::exp(log_rate - variance / 2);
        if (uniform(0, 1) < surprises_) {
            surprise_ = uniform(0.5, 2.5);
            surprise_keeps_ = std::exp(-1 / uniform(10, 60));
        }
        rate += organic * surprise_ + cascades_now(usual);
        surprise_ *= surprise_keeps_;
        ++minute_;
        return {poisson(wide(rate)), expected};
    }
    double poisson(double mean) {
        return mean <= 0 ? 0 : double(std::poisson_distribution<std::int64_t>(mean)(random_));
    }
    double uniform(double from, double to) {
        return std::uniform_real_distribution<double>(from, to)(random_);
    }

private:
    // A log-factor that forgets in `minutes` (Ornstein-Uhlenbeck).
    struct Wander {
        double spread = 0, minutes = 1, value = 0;
        double step(double noise) {
            double const keep = std::exp(-1 / minutes);
            value = keep * value + spread * std::sqrt(1 - keep * keep) * noise;
            return value;
        }
    };
    struct Bump {
        double at = 0, height = 0, decay = 1;  // minute of the week
    };
    static constexpr std::array<double, 4> kCascade{2.5, 8, 25, 90};  // minutes
    static constexpr std::array<double, 4> kCascadeShare{0.35, 0.3, 0.22, 0.13};

    double normal() { return std::normal_distribution<double>()(random_); }
    double log_uniform(double from, double to) {
        return std::exp(uniform(std::log(from), std::log(to)));
    }

    [[nodiscard]] double season_at(double hour) const {
        double const turn = 2 * std::numbers::pi / 24, day = std::fmod(hour, 168) / 24;
        double const x = daily_ * std::cos(turn * (hour - phase_)) +
                         half_daily_ * std::cos(2 * turn * (hour - 1.3 * phase_));
        double const rest = day >= 5     ? 1
                            : day >= 4.8 ? (day - 4.8) * 5
                            : day < 0.2  ? 1 - day * 5
                                         : 0;
        return std::exp(x) * (1 - rest * (1 - weekend_));
    }
    [[nodiscard]] double season() const { return season_at(double(minute_) / 60); }
    [[nodiscard]] double own_posts() const {
        double sum = 0;
        for (Bump const& b : bumps_) {
            double const since = std::fmod(double(minute_) - b.at + 10080, 10080);
            if (since < 6 * b.decay) sum += b.height * std::exp(-since / b.decay);
        }
        return sum;
    }

    // Cascades never supply more than 65 % of the mean.
    void settle_means() {
        for (int i = 0; i < 672; ++i) season_mean_ += season_at(i / 4.0) / 672;
        double const size = smallest_ * tail_ / (tail_ - 1) * (1 - std::pow(largest_, 1 - tail_)) /
                            (1 - std::pow(largest_, -tail_));
        cascade_mean_ = cascades_ / 1440 * size;
        organic_ = std::max(rate_ - cascade_mean_, 0.35 * rate_);
        cascade_share_ = std::min(1.0, (rate_ - organic_) / cascade_mean_);
    }
    double cascades_now(double usual) {
        for (double n = poisson(cascades_ / 1440 * cascade_share_ * usual); n > 0; --n) {
            double const part = uniform(0, 1) * (1 - std::pow(largest_, -tail_));
            double which = uniform(0, 1);
            std::size_t j = 0;
            while (j < 3 && which > kCascadeShare[j]) which -= kCascadeShare[j++];
            waiting_[j] += smallest_ * std::pow(1 - part, -1 / tail_);
        }
        double sum = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            double const now = waiting_[j] * (1 - std::exp(-1 / kCascade[j]));
            sum += now;
            waiting_[j] -= now;
        }
        return sum;
    }
    // Gamma around the rate: each count has 1 + width times the variance of Poisson.
    double wide(double rate) {
        double const shape = rate / width_;
        if (shape <= 1e-6) return rate;
        return width_ * std::gamma_distribution<double>(shape)(random_);
    }

    std::mt19937_64 random_;
    double rate_, daily_ = 0, half_daily_ = 0, phase_ = 0, weekend_ = 1, width_ = 0;
    std::array<Wander, 3> wander_{};
    Wander drift_;
    double cascades_ = 0, smallest_ = 0, tail_ = 1.5, largest_ = 1;  // a day; sizes; exponent
    std::vector<Bump> bumps_;
    double surprises_ = 0, surprise_ = 0, surprise_keeps_ = 0;
    double season_mean_ = 0, cascade_mean_ = 0, organic_ = 0, cascade_share_ = 0;
    std::array<double, 4> waiting_{};
    std::int64_t minute_ = 0;
};

}  // namespace surged::tests
