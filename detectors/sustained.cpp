#include "detectors/sustained.h"

#include <utility>

namespace surged::detectors {
namespace {

constexpr std::array<double, Sustained::kDrifts> kDrift{0.75, 2};
constexpr double kClip = 4, kSumMax = 400;
constexpr double kDispersionMin = 0.002;
constexpr double kDispersionMax = 0.25;  // cascades would inflate it and make quiet streams deaf

constexpr TailPrior channel(float level, float scale) {
    return {level, scale, 20, 60, 1.0F, 30, true, false};
}
// From simulated streams: the level and scale of each sum's 8-hour maxima.
constexpr std::array<std::array<TailPrior, Sustained::kDrifts>, Sustained::kScales> kChannel{{
    {channel(15, 11), channel(5.6F, 4.9F)},
    {channel(11, 8), channel(4, 3.4F)},
    {channel(8, 4.6F), channel(3.2F, 1.6F)},
    {channel(6.5F, 2.5F), channel(2.1F, 1.1F)},
    {channel(5, 1.9F), channel(2.1F, 0.9F)},
    {channel(4.2F, 1.5F), channel(1.8F, 0.8F)},
    {channel(3.5F, 1.2F), channel(1.4F, 0.8F)},
    {channel(3.5F, 1.1F), channel(1, 0.8F)},
}};
constexpr TailPrior kAll{0.6F, 1.0F, 3, 9, 0, 24, true, false};

constexpr std::uint32_t length(std::size_t scale) {
    return std::uint32_t(Sustained::kShortest) << scale;
}

// True only if nb_score(n, e, f) is below the smaller drift, so that sums that are 0 stay 0
// whatever it is exactly. The score's slope in sqrt(n + 3/8) is at most 2 / sqrt(1 + f (e + 3/8)),
// and a chord lies below the tangent: no root, no logarithm.
bool stays_at_rest(double n, double e, double f) {
    double const over = n - e, from = e + 0.375;
    return over <= 0 || over * over < 0.55 * from * (1 + f * from);
}

// What is left of the dispersion sums after one block: a factor of two in 14 days.
std::array<double, Sustained::kScales> const kForget = [] {
    std::array<double, Sustained::kScales> out{};
    for (std::size_t j = 0; j < out.size(); ++j)
        out[j] = std::exp2(-double(length(j)) / (14 * 1440.0));
    return out;
}();

}  // namespace

// asinh a - asinh b as one logarithm of the quotient: half the cost, the same value to the last
// few bits.
double nb_score(double n, double e, double f) {
    double const a = f * (n + 0.375), b = f * (e + 0.375);
    return 2 / std::sqrt(f) *
           std::log((std::sqrt(a) + std::sqrt(a + 1)) / (std::sqrt(b) + std::sqrt(b + 1)));
}

Sustained::Sustained()
    : scale_([]<std::size_t... J>(std::index_sequence<J...>) {
          return std::array<Scale, kScales>{
              Scale{.drift = {Accumulator{.tail = Tail<90>(kChannel[J][0])},
                              Accumulator{.tail = Tail<90>(kChannel[J][1])}}}...};
      }(std::make_index_sequence<kScales>())),
      all_(kAll) {}

double Sustained::minute(std::int64_t t, double count, double expected, double unknown,
                         bool announced) {
    ++minutes_;
    last_minute_ = t;
    if (announced) announced_minute_ = minutes_;
    bool const learns = !paused_ && !announced;
    double best = -1e9;
    for (std::size_t j = 0; j < kScales; ++j) {
        Scale& scale = scale_[j];
        bool const end = minutes_ % length(j) == 0;
        scale.n += count;
        scale.e += expected;
        double const dispersion = this->dispersion(j);
        double const f = dispersion + unknown;
        bool const at_rest = scale.drift[0].sum <= 0 && scale.drift[1].sum <= 0;
        double const z = at_rest && stays_at_rest(scale.n, scale.e, f)
                             ? 0
                             : std::min(kClip, nb_score(scale.n, scale.e, f));
        for (std::size_t q = 0; q < kDrifts; ++q) {
            Accumulator& a = scale.drift[q];
            double const w = std::min(kSumMax, std::max(0.0, a.sum + z - kDrift[q]));
            double const rarity = a.tail.rarity(w);
            if (learns) a.tail.add(w, 1);
            if (rarity > best) {
                best = rarity;
                winner_ = std::uint32_t(j * kDrifts + q);
            }
            if (!end) continue;
            if (a.sum <= 0 && w > 0) a.since = t + 60 - 60 * std::int64_t{length(j)};
            a.sum = w;
        }
        if (end) end_block(j, dispersion);
    }
    score_ = best;
    double const rarity = all_.rarity(best);
    if (learns) all_.add(best, 1);
    return rarity;
}

double Sustained::dispersion(std::size_t scale) const {
    Scale const& s = scale_[scale];
    return std::clamp(s.dispersion_num / s.dispersion_den, kDispersionMin, kDispersionMax);
}

// A robust moment estimate of the relative variance: large expectations tell little about it.
void Sustained::end_block(std::size_t j, double dispersion) {
    Scale& s = scale_[j];
    bool const announced = announced_minute_ != 0 && minutes_ - announced_minute_ < length(j);
    if (!announced) {
        double const limit = 3 * std::sqrt(s.e + dispersion * s.e * s.e) + 1;
        double const d = std::clamp(s.n - s.e, -limit, limit);
        double const weight = 1 / (1 + 0.3 * s.e * s.e);
        s.dispersion_num =
            std::max(0.0, s.dispersion_num * kForget[j] + weight * (d * d - s.e) + 3e-4);
        s.dispersion_den =
            std::max(1e-9, s.dispersion_den * kForget[j] + weight * s.e * s.e) + 2e-3;
    }
    s.last_n = std::exchange(s.n, 0);
    s.last_e = std::exchange(s.e, 0);
}

void Sustained::page() {
    all_.page(score_);
    for (Scale& s : scale_)
        for (Accumulator& a : s.drift) a.tail.page();
}

void Sustained::adopt_page(Sustained const& ahead) {
    all_.adopt(ahead.all_);
    for (std::size_t j = 0; j < kScales; ++j)
        for (std::size_t q = 0; q < kDrifts; ++q)
            scale_[j].drift[q].tail.adopt(ahead.scale_[j].drift[q].tail);
}

void Sustained::forget_page() {
    all_.forget_page();
    for (Scale& s : scale_)
        for (Accumulator& a : s.drift) a.tail.forget_page();
}

void Sustained::reset() {
    for (Scale& s : scale_)
        for (Accumulator& a : s.drift) a.sum = 0;
}

Sustained::Excursion Sustained::strongest() const {
    std::size_t const j = winner_ / kDrifts;
    Scale const& s = scale_[j];
    Accumulator const& a = s.drift[winner_ % kDrifts];
    std::uint32_t const into = minutes_ % length(j);  // 0: the block has just ended
    double const running = double(into);
    if (a.sum > 0 || into == 0)
        return {s.n + s.last_n, s.e + s.last_e, running + length(j),
                a.sum > 0 ? a.since : last_minute_ + 60 - 60 * std::int64_t{length(j)}};
    return {s.n, s.e, running, last_minute_ + 60 - 60 * std::int64_t{into}};
}

}  // namespace surged::detectors
