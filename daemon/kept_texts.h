// The mentions of a stream whose text is still kept, for whoever looks back.
#pragma once

#include "daemon/engine.h"
#include "exporters/report.h"

#include <functional>
#include <string>

namespace surged::daemon {

// Visits the kept mentions of a stream in [from, to), ascending by time: those it counts, and those
// that were fetched as evidence behind counts. Excluded ones and erased ones are passed over.
// Returns how many rows were read, at most `limit`: as many as that means there may be more.
using KeptVisit = std::function<void(MentionRow const&, detectors::Mention const&)>;
std::size_t each_kept(Engine const& engine, std::string const& stream, WallTime from, WallTime to,
                      std::size_t limit, KeptVisit const& visit);

// A mention as a report shows it.
[[nodiscard]] exporters::ReportPost report_post(std::string const& platform,
                                                std::string const& stream, MentionRow const& row,
                                                detectors::Mention const& mention);
// The same, found by its place; `erased` where nothing of it is kept. `platform` "": the stream's.
[[nodiscard]] exporters::ReportPost kept_post(Engine const& engine, std::string const& platform,
                                              std::string const& stream, detectors::MentionKey key,
                                              WallTime at);

// The words that rose in an incident's kept texts against the week before: at most `each` texts of
// a stream on either side, and `streams` streams.
[[nodiscard]] std::vector<detectors::RisingTerm> kept_terms(Engine const& engine,
                                                            detectors::Incident const& incident,
                                                            std::size_t streams, std::size_t each,
                                                            std::size_t most);

}  // namespace surged::daemon
