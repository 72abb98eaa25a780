// The journal's JSON back into an event: what waits in the outbox, what a receiver is told later.
#pragma once

#include "detectors/event.h"

#include <optional>
#include <string_view>

namespace surged::daemon {

// The inverse of detectors::to_json: writing the result again gives the same bytes. Unknown keys of
// a later version are left out; a value of the wrong type counts as absent. None: not an object, or
// without an event name that this version knows. Cost: one parse, microseconds.
[[nodiscard]] std::optional<detectors::Event> read_event(std::string_view json);

}  // namespace surged::daemon
