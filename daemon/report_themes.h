// What most of an incident's mentions say, from the texts that are kept.
#pragma once

#include "daemon/engine.h"
#include "exporters/report.h"

namespace surged::daemon {

// Fills `themes` and `changed` of `in`, whose incident and events stand. Groups are of near copies
// (likeness.h), three texts and a fiftieth of all at the least; reposts are left out, because one
// person said what they carry. Cost: O(texts + groups squared), bounded by report_input.h's limits.
inline constexpr std::size_t kThemeGroups = 3, kThemeTerms = 10;
void put_themes(exporters::ReportInput& in, Engine const& engine);

}  // namespace surged::daemon
