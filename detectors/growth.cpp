#include "detectors/growth.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace surged::detectors {
namespace {

constexpr int kRounds = 60;  // Fisher scoring takes five to ten
constexpr double kMostDays = 30;

// The bins up to the end of the fullest stretch of a sixth of them.
std::size_t growing_part(std::vector<double> const& bins, std::size_t complete) {
    std::size_t const stretch = std::max<std::size_t>(1, complete / 6);
    double sum = 0, most = -1;
    std::size_t end = complete;
    for (std::size_t i = 0; i < complete; ++i) {
        sum += bins[i] - (i >= stretch ? bins[i - stretch] : 0);
        if (i + 1 >= stretch && sum >= most) {
            most = sum;
            end = i + 1;
        }
    }
    return end;
}

// mean(i) = base + exp(a + r x), x running from -0.5 to 0.5 over the bins.
struct Model {
    double base, a, r;
    std::size_t n;
    [[nodiscard]] double x(std::size_t i) const { return (double(i) + 0.5) / double(n) - 0.5; }
    [[nodiscard]] double grown(std::size_t i) const { return std::exp(a + r * x(i)); }
};

double log_likelihood(Model const& m, std::vector<double> const& bins) {
    double sum = 0;
    for (std::size_t i = 0; i < m.n; ++i) {
        double const mean = m.base + m.grown(i);
        sum += bins[i] * std::log(mean) - mean;
    }
    return sum;
}

struct Fit {
    double r = 0, error = 0;  // per whole part
};

std::optional<Fit> scored(std::vector<double> const& bins, std::size_t n, double base) {
    double const total = std::accumulate(bins.begin(), bins.begin() + std::ptrdiff_t(n), 0.0);
    Model m{base, std::log(std::max(total / double(n) - base, 0.1 * total / double(n))), 0, n};
    double likelihood = log_likelihood(m, bins), aa = 0, ar = 0, rr = 0;
    bool settled = false;
    for (int round = 0; round < kRounds && !settled; ++round) {
        double sa = 0, sr = 0;
        aa = ar = rr = 0;
        for (std::size_t i = 0; i < n; ++i) {
            double const g = m.grown(i), mean = base + g, x = m.x(i);
            double const score = (bins[i] / mean - 1) * g, weight = g * g / mean;
            sa += score;
            sr += score * x;
            aa += weight;
            ar += weight * x;
            rr += weight * x * x;
        }
        double const det = aa * rr - ar * ar;
        if (!(det > 1e-12)) return std::nullopt;
        double da = (rr * sa - ar * sr) / det, dr = (aa * sr - ar * sa) / det;
        double const size = std::max(std::abs(da), std::abs(dr));
        if (size > 3) da *= 3 / size, dr *= 3 / size;  // no leap out of what exp() can hold
        for (int half = 0; half < 30; ++half, da /= 2, dr /= 2) {
            Model next = m;
            next.a += da;
            next.r += dr;
            double const better = log_likelihood(next, bins);
            if (!(better >= likelihood - 1e-9)) continue;
            settled = std::abs(da) + std::abs(dr) < 1e-7;
            m = next;
            likelihood = better;
            break;
        }
        if (!std::isfinite(m.a) || !std::isfinite(m.r) || std::abs(m.r) > 100) return std::nullopt;
    }
    double chi = 0;
    for (std::size_t i = 0; i < n; ++i) {
        double const mean = base + m.grown(i);
        chi += (bins[i] - mean) * (bins[i] - mean) / mean;
    }
    double const dispersion = std::max(1.0, chi / double(n - 2));
    double const det = aa * rr - ar * ar;
    return Fit{m.r, std::sqrt(dispersion * aa / det)};
}

}  // namespace

void GrowthCurve::add(WallTime at, double count) {
    if (at < onset_ || !(count > 0)) return;
    if (at - onset_ > std::chrono::hours{24 * 366}) return;  // a clock gone wrong
    auto index = static_cast<std::size_t>((at - onset_) / width_);
    while (index >= kBins) {
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            double const value = std::exchange(bins_[i], 0);
            bins_[i / 2] += value;
        }
        bins_.resize((bins_.size() + 1) / 2);
        width_ *= 2;
        index /= 2;
    }
    if (index >= bins_.size()) bins_.resize(index + 1);
    bins_[index] += count;
}

std::optional<Doubling> GrowthCurve::fit(WallTime until, double base) const {
    if (bins_.empty() || until <= onset_) return std::nullopt;
    auto const complete =
        std::min<std::size_t>(kBins, static_cast<std::size_t>((until - onset_) / width_));
    std::vector<double> bins = bins_;
    bins.resize(std::max(bins.size(), complete));
    std::size_t const n = growing_part(bins, complete);
    if (n < kLeastBins) return std::nullopt;
    double const total = std::accumulate(bins.begin(), bins.begin() + std::ptrdiff_t(n), 0.0);
    if (total < kLeastMentions) return std::nullopt;
    double const width = std::chrono::duration<double>(width_).count();
    auto const fit = scored(bins, n, std::max(0.0, base) * width);
    if (!fit || fit->r < kSure * fit->error) return std::nullopt;
    double const seconds = std::numbers::ln2 * width * double(n) / fit->r;
    if (seconds > kMostDays * 86'400) return std::nullopt;
    return Doubling{std::chrono::seconds{std::max<std::int64_t>(1, std::llround(seconds))},
                    seconds * fit->error / fit->r};
}

std::chrono::seconds rounded_doubling(std::chrono::seconds time) {
    std::int64_t const s = time.count();
    std::int64_t const unit = s < 120 ? 5 : s < 600 ? 30 : 60;
    return std::chrono::seconds{std::max(unit, (s + unit / 2) / unit * unit)};
}

}  // namespace surged::detectors
