#include "detectors/tail.h"

#include <functional>

namespace surged::detectors {
namespace {

constexpr std::size_t kLargest = 540;  // the longest history any tail keeps

}  // namespace

std::uint16_t encode_maximum(double score) {
    return static_cast<std::uint16_t>(std::floor((std::clamp(score, -8.0, 503.0) + 8) * 64 + 0.5));
}

double TailFit::score_at(double r) const {
    double const n = double(evidence);
    double const above = r - double(shift);
    double const q = above > 0 ? n * std::expm1(above / n) : above;
    return double(level) + q * double(scale);
}

void TailFit::fit(std::span<std::uint16_t const> blocks, TailPrior const& prior) {
    std::size_t const n = blocks.size();
    std::size_t const m = std::min(n / 3, std::size_t(prior.exceedances_max));
    if (m < 1 || n > kLargest) return;

    std::array<std::uint16_t, kLargest> sorted;
    std::transform(blocks.begin(), blocks.end(), sorted.begin(),
                   [](std::uint16_t b) { return static_cast<std::uint16_t>(b & 0x7fff); });
    auto const nth = sorted.begin() + std::ptrdiff_t(m);
    std::nth_element(sorted.begin(), nth, sorted.begin() + std::ptrdiff_t(n), std::greater<>());
    double const own_level = decode_maximum(*nth);

    // One freak block must not stretch the scale by itself: an excess counts for 8 scales at most.
    double const cap = 8 * double(scale);
    double sum = 0;
    for (auto it = sorted.begin(); it != nth; ++it)
        sum += std::min(decode_maximum(*it) - own_level, cap);
    std::size_t censored = 0;
    for (std::uint16_t const b : blocks)
        if ((b & kCensored) != 0 && decode_maximum(b) > own_level) ++censored;
    censored = std::min(censored, m);

    double const blocks_seen = double(n), exceedances = double(m);
    double const shift_now = std::log((1 / 3.0) * blocks_seen / exceedances);
    double const own_weight = blocks_seen / (blocks_seen + double(prior.level_weight));
    double const scale_weight =
        double(prior.scale_weight) * (prior.weight_fades ? std::min(1.0, 90.0 / blocks_seen) : 1.0);
    double const prior_level = double(prior.level) + double(prior.scale) * shift_now;
    level = float(own_weight * own_level + (1 - own_weight) * prior_level);
    scale = float(
        std::max(double(prior.scale_min), (sum + scale_weight * double(prior.scale)) /
                                              (exceedances - double(censored) + scale_weight)));
    evidence = float(exceedances + scale_weight);
    shift = float(shift_now);
}

}  // namespace surged::detectors
