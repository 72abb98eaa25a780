#include "detectors/burst.h"

#include <algorithm>
#include <cmath>

namespace surged::detectors {
namespace {

constexpr std::array<double, Burst::kWindows> kWeight{0.7, 0.5, 0.25, 1.0, 0.75};
constexpr double kPseudo = 3;       // mentions added to both sides of a ratio
constexpr double kSpreadMin = 0.2;  // makes quiet streams like the others
constexpr double kBin = 300;        // seconds; level and hour are learned per bin
constexpr double kWeek = 7 * 86400.0;
constexpr double kLevelBins = 1152, kHourBins = 168;  // half-lives: 4 days; 14 visits of 12 bins

// Relative surprise of a bin; between the usual and what is announced there is none.
double surprise(double count, double usual, double announced) {
    double const reference = count > announced ? announced : std::min(usual, announced);
    if (count > usual && count <= announced) return 0;
    return std::clamp((count - reference) / (reference + 1), -1.0, 1.0);
}

}  // namespace

void Burst::set_length(double dt) {
    rates_.dt = dt;
    rates_.learn = 1 - std::exp2(-dt / kWeek);
    for (std::size_t k = 0; k < kWindows; ++k) rates_.leave[k] = std::min(1.0, dt / kTau[k]);
}

double Burst::expected(std::int64_t t, double dt) const {
    // A tick that is long beside an hour is judged by its middle.
    double const at = double(t % 86400) + (dt > kBin ? dt / 2 : 0);
    double const hour = std::fmod(at, 86400.0) / 3600.0;
    std::size_t const h = std::size_t(hour);
    double const f = hour - double(h) - 0.5;
    std::size_t const other = f >= 0 ? (h + 1) % 24 : (h + 23) % 24;
    double const w = std::fabs(f);
    double const log_count = level_ + (1 - w) * season_[h] + w * season_[other];
    return std::exp(std::min(log_count, 20.0)) * dt / kBin;
}

double Burst::tick(std::int64_t t, double count, double dt, double multiplier) {
    if (dt != rates_.dt) set_length(dt);
    if (seconds_ == 0) level_ = std::log(count * kBin / dt + 1);
    double const usual = expected(t, dt), lambda = usual * multiplier;
    seconds_ += dt;
    double const a = std::max(rates_.learn, dt / (seconds_ + 50 * kBin));
    bool const ordinary = multiplier == 1;
    double sum = 0;
    for (std::size_t k = 0; k < kWindows; ++k) {
        observed_[k] += count - rates_.leave[k] * observed_[k];
        expected_[k] += lambda - rates_.leave[k] * expected_[k];
        double const s = spread_[k];
        double const d = std::log((observed_[k] + kPseudo) / (expected_[k] + kPseudo)) - mean_[k];
        z_[k] = d / std::max(s, kSpreadMin);
        if (z_[k] > 0) sum += kWeight[k] * z_[k];
        if (!ordinary) continue;
        mean_[k] += a * std::clamp(d, -3 * s, 3 * s);
        // Upwards a long way, or surges would never count as something this stream does.
        double const v = std::clamp(d, -3 * s, 12 * s);
        spread_[k] = std::sqrt(std::max(s * s + a * (v * v - s * s), 1e-6));
    }
    score_ = warm() ? sum : 0;

    if (bin_seconds_ == 0) bin_start_ = t + (dt > kBin ? std::int64_t(dt / 2) : 0);
    bin_count_ += count;
    bin_expected_ += lambda;
    bin_usual_ += usual;
    bin_seconds_ += dt;
    if (bin_seconds_ >= kBin - 1e-6) learn_bin();
    return score_;
}

// A coarse tick is several bins at once: rates and counters grow by as many.
void Burst::learn_bin() {
    double const bins = std::max(1.0, bin_seconds_ / kBin);
    std::size_t const h = std::size_t(bin_start_ % 86400 / 3600);
    double const e = surprise(bin_count_, bin_usual_, bin_expected_);
    bins_ += bins;
    level_ += std::max(1 - std::exp2(-bins / kLevelBins), bins / (bins_ + 12)) * e;
    level_ = std::max(-5.0, level_);
    double a = std::max(1 - std::exp2(-bins / kHourBins), bins / (visits_[h] + bins + 11));
    visits_[h] += bins;
    if (bins_ < 288) a = std::min(a, 0.05 * bins);  // the first day has no second to compare with
    season_[h] += std::min(a, 1.0) * e;
    bin_count_ = bin_expected_ = bin_usual_ = bin_seconds_ = 0;
}

Burst::Window Burst::strongest() const {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t k = 0; k < kWindows; ++k) {
        double const part = kWeight[k] * std::max(0.0, z_[k]);
        if (part > most) {
            most = part;
            best = k;
        }
    }
    // A tick longer than the window is the window.
    return {observed_[best], expected_[best], std::max(kTau[best], rates_.dt)};
}

double Burst::count_for(double score, double count, double guess) const {
    double y = std::max(guess, 1.0);
    for (int step = 0; step < 12; ++step) {
        double sum = 0, slope = 0;
        for (std::size_t k = 0; k < kWindows; ++k) {
            double const s = std::max(spread_[k], kSpreadMin);
            double const x = std::max(0.0, observed_[k] - count) + y + kPseudo;
            double const z = (std::log(x / (expected_[k] + kPseudo)) - mean_[k]) / s;
            if (z <= 0) continue;
            sum += kWeight[k] * z;
            slope += kWeight[k] / (s * x);
        }
        double const miss = score - sum;
        if (std::fabs(miss) < 0.01 * score) break;
        double const next = slope > 0 ? y + miss / slope : 4 * y + 1;
        y = std::clamp(next, y / 4, 4 * y + 1);
        if (y < 0.01) return 0;
    }
    return y;
}

}  // namespace surged::detectors
