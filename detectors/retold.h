// An incident as its journal entries tell it, for when the desk has forgotten it.
#pragma once

#include "detectors/desk.h"

#include <optional>
#include <vector>

namespace surged::detectors {

// The events of one incident, ascending. What the journal holds is there: state, severity, owner,
// streams, clocks of all runs, own posts, composition, verdict. What only the desk knew is not:
// conversations, marks, the ladder. A clock's `start` is when it was first told of (acknowledge),
// or the onset of the run it belongs to (respond, resolve). None: no entry opened it. O(events).
[[nodiscard]] std::optional<Incident> incident_retold(std::vector<Event> const& events);

}  // namespace surged::detectors
