#include "detectors/detectors.h"

#include "detectors/ratio.h"
#include "detectors/surge.h"
#include "detectors/threshold.h"

namespace surged::detectors {

std::unique_ptr<Detector> make_detector(DetectorSpec const& spec) {
    if (spec.type == "surge") return std::make_unique<SurgeDetector>(spec.surge);
    if (spec.type == "threshold") return std::make_unique<ThresholdDetector>(spec.threshold);
    if (spec.type == "ratio") return std::make_unique<RatioDetector>(spec.ratio);
    return nullptr;
}

}  // namespace surged::detectors
