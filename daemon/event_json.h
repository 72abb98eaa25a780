// Reads back what detectors::to_json wrote: timelines, reports and pages after a restart.
#pragma once

#include "detectors/event.h"

#include <optional>
#include <string_view>

namespace surged::daemon {

// The inverse of detectors::to_json (contract section 5). None when it is not a JSON object, when
// `event` or `at` is missing or unknown, or when a known key holds what it cannot hold. Keys this
// version does not know are skipped: a later one may have written them. A cold path: some
// microseconds and a few allocations an event.
[[nodiscard]] std::optional<detectors::Event> event_from_json(std::string_view json);

}  // namespace surged::daemon
