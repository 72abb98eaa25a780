// How fast a surge grows: its doubling time, with its uncertainty.
#pragma once

#include "detectors/time.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace surged::detectors {

struct Doubling {
    std::chrono::seconds time{0};
    double error = 0;  // standard error of `time`, in seconds
};

// Counts of a surge from its onset on, in bins of one width: 10 s at first, doubled whenever the
// surge outlasts kBins of them. The order of additions does not matter.
//
// fit(): maximum likelihood of a Poisson count with mean base + exp(a + r t) in each bin of the
// part that grows (from the onset to the end of the fullest stretch of a sixth of its bins), by
// Fisher scoring; doubling = ln 2 / r. The error follows from the information matrix, widened by
// the square root of the dispersion chi^2 / (n - 2) where counts scatter more than Poisson's
// (P. McCullagh, J. Nelder, Generalized Linear Models, 2nd ed., 1989, chapters 2 and 6). Absent
// when fewer than kLeastBins bins or kLeastMentions mentions are there, or r is not kSure of its
// standard errors above nothing: it does not grow, or it cannot be told.
class GrowthCurve {
public:
    static constexpr std::size_t kBins = 256;
    static constexpr std::size_t kLeastBins = 6;
    static constexpr double kLeastMentions = 12, kSure = 3;

    explicit GrowthCurve(WallTime onset, std::chrono::milliseconds width = std::chrono::seconds{10})
        : onset_(onset), width_(width) {}
    void add(WallTime at, double count = 1);
    // `until`: what is complete; a bin that ends after it is not looked at. `base`: mentions a
    // second that were expected without the surge. Cost: O(kBins), some tens of microseconds.
    [[nodiscard]] std::optional<Doubling> fit(WallTime until, double base) const;

private:
    WallTime onset_;
    std::chrono::milliseconds width_;
    std::vector<double> bins_;
};

// As a person reads it: to 5 s below 2 min, to 30 s below 10 min, else to the minute.
[[nodiscard]] std::chrono::seconds rounded_doubling(std::chrono::seconds time);

}  // namespace surged::detectors
