// The table of detector kinds: what the word after `type:` means.
#pragma once

#include "config/section.h"
#include "detectors/detector.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

struct SurgeParams {
    double false_pages = 1;  // per `per`, on one stream, all channels together
    double share = 1;        // of it, for this one of the stream's channels; from the third day on
    std::chrono::seconds per{7 * 86400};
    double min_mentions = 0;  // a surge of fewer in its window never pages; 0: no such floor
    // On what it listens (judge.h): a bit each for volume, breadth, tone; volume always.
    unsigned channels = 3;
    [[nodiscard]] double per_month() const {
        return false_pages * 30 * 86400 / double(per.count());
    }
};
struct ThresholdParams {
    std::chrono::seconds window{300};
    double at_least = 1;
};
struct RatioParams {
    std::chrono::seconds window{3600}, reference{7 * 86400};
    double at_least = 3;
    double min_mentions = 20;
};
struct UnansweredParams {
    std::chrono::seconds within{7200};
};

// One entry of `detectors:` (or the default). Only the member of its type is meaningful.
struct DetectorSpec {
    std::string name;
    std::string type = "surge";
    bool built = true;  // false: the readers know it, this release cannot run it
    SurgeParams surge;
    ThresholdParams threshold;
    RatioParams ratio;
    UnansweredParams unanswered;

    // Reads the mapping under `detectors.NAME`; every fault goes to the section's problem list.
    static DetectorSpec read(config::Section& section, std::string name);
};

// The names after `type:`, for messages and completion.
std::vector<std::string_view> const& detector_types();

// Null for a type that decides nothing from ticks (`unanswered`).
std::unique_ptr<Detector> make_detector(DetectorSpec const& spec);

}  // namespace surged::detectors
