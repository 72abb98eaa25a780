#include "daemon/demo/random.h"

#include <cmath>

namespace surged::daemon::demo {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;
constexpr double kTwoPi = 6.283185307179586;

std::uint64_t finish(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

double to_unit(std::uint64_t word) {
    return (static_cast<double>(word >> 11U) + 0.5) * (1.0 / 9007199254740992.0);  // 2^-53
}

}  // namespace

std::uint64_t Random::next() {
    state_ += kGolden;
    return finish(state_);
}

double Random::unit() {
    return to_unit(next());
}

double Random::between(double low, double high) {
    return low + (high - low) * unit();
}

std::uint64_t Random::below(std::uint64_t n) {
    return n == 0 ? 0 : next() % n;  // the bias is n / 2^64: nobody will see it
}

double Random::normal() {
    double const radius = std::sqrt(-2.0 * std::log(unit()));
    return radius * std::cos(kTwoPi * unit());
}

// Marsaglia and Tsang 2000; below 1 by the boost of their section 6.
double Random::gamma(double shape) {
    if (shape < 1.0) return gamma(shape + 1.0) * std::pow(unit(), 1.0 / shape);
    double const d = shape - 1.0 / 3.0;
    double const c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
        double const x = normal();
        double const root = 1.0 + c * x;
        if (root <= 0.0) continue;
        double const v = root * root * root;
        if (std::log(unit()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
}

// Knuth's product, in parts small enough that exp(-part) does not vanish.
std::uint64_t Random::poisson(double mean) {
    constexpr double kPart = 16.0;
    std::uint64_t total = 0;
    for (; mean > 0.0; mean -= kPart) {
        double const floor = std::exp(-(mean < kPart ? mean : kPart));
        double product = unit();
        while (product > floor) {
            ++total;
            product *= unit();
        }
    }
    return total;
}

std::uint64_t scramble(std::uint64_t seed, std::uint64_t number) {
    return finish(finish(seed + kGolden) + number * kGolden);
}

double lot(std::uint64_t seed, std::uint64_t number) {
    return to_unit(scramble(seed, number));
}

}  // namespace surged::daemon::demo
