// Whether an incident was here before: the desk's past ones compared with it.
#pragma once

#include "daemon/engine.h"
#include "detectors/similar.h"

#include <vector>

namespace surged::daemon {

// At most kSimilar past incidents of its brand, the most similar first. Words are compared with the
// newest kWordsCompared of them, as far as texts of both are kept (kWordTexts of each stream): a
// few milliseconds; everything else with all that the desk has.
inline constexpr std::size_t kSimilar = 3, kWordsCompared = 3, kWordTexts = 300;
[[nodiscard]] std::vector<detectors::Similar> similar_to(Engine const& engine,
                                                         detectors::Incident const& incident);

}  // namespace surged::daemon
