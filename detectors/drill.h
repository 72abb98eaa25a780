// A rehearsed surge: what it says instead of a detector, and what is kept of it while it lasts.
#pragma once

#include "detectors/detector.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// The verdict is made, not detected: a rehearsal must page whatever the stream's detectors are set
// to, and no copy of them could be fed without a history of its own. Everything behind it (desk,
// clocks, journal, deliveries) is the real one.
struct Drill {
    std::string brand, stream, platform, incident;
    std::string by, via;
    double ratio = 0;
    WallTime from{}, until{};
};

inline constexpr double kDrillRatio = 8, kDrillRatioMax = 1000;
inline constexpr std::chrono::minutes kDrillSpan{10};
inline constexpr std::chrono::hours kDrillSpanMax{24};  // a rehearsal ends on the day it began

// `ratio` times what ten minutes of this stream usually bring, from `now` on. A stream of which
// nothing is expected rehearses as one that brings a mention in ten minutes.
[[nodiscard]] Verdict rehearsed(double expected_per_minute, double ratio, WallTime now);

[[nodiscard]] std::string save_drills(std::vector<Drill> const& drills);
[[nodiscard]] bool restore_drills(std::string_view blob, std::vector<Drill>& out);

}  // namespace surged::detectors
