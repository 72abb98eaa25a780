// The facts of one incident's report, from desk, journal and store: at any later time, also after a
// restart, also when the desk has forgotten the incident.
#pragma once

#include "daemon/engine.h"
#include "exporters/report.h"

#include <optional>
#include <string>

namespace surged::daemon {

// What one report reads at most; what was left out stands in its `limits`. Entries: history.h.
inline constexpr std::size_t kReportStreams = 20;  // of the incident, for texts
inline constexpr std::size_t kReportTexts = 2000;  // of each stream, and 10,000 in all
inline constexpr std::size_t kReportCurves = 6;    // streams that are drawn
inline constexpr std::size_t kReportPoints = 400;  // of a curve, over two weeks at most
inline constexpr std::size_t kReportRanked = 200;  // past incidents it is compared with by size

// None: no incident of this id is known. Cost: some ten milliseconds, mostly for texts.
[[nodiscard]] std::optional<exporters::ReportInput> report_input(Engine const& engine,
                                                                 std::string const& id,
                                                                 WallTime now);

}  // namespace surged::daemon
