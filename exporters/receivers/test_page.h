// The page that says it is a test: the same from a running daemon and from `surged init`.
#pragma once

#include "detectors/event.h"

#include <string>

namespace surged::exporters {

// Marked as a drill; names the receiver, and nothing else.
[[nodiscard]] detectors::Event test_event(std::string const& receiver, detectors::WallTime now);

}  // namespace surged::exporters
