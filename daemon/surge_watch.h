// What is gathered of a stream while it is in an open incident.
#pragma once

#include "detectors/composition.h"
#include "detectors/growth.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace surged::daemon {

using detectors::WallTime;

// Not saved: built again at a start from the mentions that are kept.
struct SurgeWatch {
    SurgeWatch(std::string id, WallTime surge_onset)
        : incident(std::move(id)), onset(surge_onset), growth(surge_onset) {}
    std::string incident;
    WallTime onset{};               // of its newest surge; mentions count from here
    detectors::SurgeSketch sketch;  // since then
    detectors::SurgeSketch before;  // earlier surges of the same incident
    detectors::GrowthCurve growth;
    std::vector<std::uint64_t> usual;  // links and texts that were said before the onset, ascending
};

}  // namespace surged::daemon
