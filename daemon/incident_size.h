// What an incident cost: mentions beyond what the history of its streams explains.
#pragma once

#include "daemon/engine.h"
#include "exporters/report.h"

#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

// One stream's part in one run of an incident: from the onset of its first surge to the end of its
// last, or to the run's end, or to `now`. Questions that wait are no surges here.
struct SurgeSpan {
    std::string stream, platform;
    WallTime from{}, to{};
};
[[nodiscard]] std::vector<SurgeSpan> surge_spans(std::vector<detectors::Event> const& events,
                                                 WallTime now);

// Sixty points of one hour (since 1970), also of a stream that is configured no more.
[[nodiscard]] std::vector<SeriesPoint> points_of(Engine const& engine, std::string const& stream,
                                                 std::int64_t hour);

// Observed minus expected, summed over the covered minutes of the spans, 0 at least. Reads two
// weeks of each span at most (kSizeHours). A minute of which nothing is known is `unseen`.
inline constexpr std::int64_t kSizeHours = 14 * 24;
[[nodiscard]] exporters::ReportSize incident_size(Engine const& engine,
                                                  std::vector<detectors::Event> const& events,
                                                  WallTime now);

// Curves go after 90 days, incidents stay for years: at the end of each the size is kept beside it,
// under this name. "" and bytes of another version give none.
[[nodiscard]] std::string size_name(std::string const& incident);
[[nodiscard]] std::string save_size(exporters::ReportSize const& size);
[[nodiscard]] std::optional<exporters::ReportSize> load_size(std::string_view blob);

}  // namespace surged::daemon
