// The randomness of the stand-ins: its seed is said aloud, and it is the same on every machine.
#pragma once

#include <cstdint>

namespace surged::daemon::demo {

// splitmix64 (Steele, Lea, Flood 2014): one 64-bit word of state, so that a world replays from one
// number.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next();
    double unit();                            // uniform in (0, 1)
    double between(double low, double high);  // uniform
    std::uint64_t below(std::uint64_t n);     // 0 .. n-1; 0 when n is 0
    bool chance(double p) { return unit() < p; }
    double normal();                     // mean 0, deviation 1
    double gamma(double shape);          // scale 1; shape > 0
    std::uint64_t poisson(double mean);  // O(mean); 0 when mean <= 0

private:
    std::uint64_t state_;
};

// The same number for the same two arguments, for ever: a decision that needs no state.
[[nodiscard]] std::uint64_t scramble(std::uint64_t seed, std::uint64_t number);
// Likewise, uniform in (0, 1).
[[nodiscard]] double lot(std::uint64_t seed, std::uint64_t number);

}  // namespace surged::daemon::demo
