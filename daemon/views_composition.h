// The parts of an incident's view that tell who and what: `composition` and `visible`.
#pragma once

#include "daemon/engine.h"

namespace surged::detectors {
class JsonWriter;
}

namespace surged::daemon {

// "composition": {kind, authors, top_author, reposts, copies, new_accounts}; with `whole` also
// mentions, error, organic, languages, doubling, doubling_error, terms: computed anew from what is
// gathered, and from the kept texts of the incident (at most kTermTexts of each stream, as many
// from the week before its onset): a few milliseconds. Left out when nobody told who wrote or what.
inline constexpr std::size_t kTermTexts = 1000;
void put_composition(detectors::JsonWriter& json, Engine const& engine,
                     detectors::Incident const& incident, bool whole);

// "visible": [{platform, id, url, author, text, at, reach or followers, echoes}], most visible
// first. The text as it is kept, cut to an excerpt: gone once keep_mentions is over, with the
// author. Empty without `whole`.
inline constexpr std::size_t kExcerpt = 280;
void put_visible(detectors::JsonWriter& json, Engine const& engine,
                 detectors::Incident const& incident, bool whole);

}  // namespace surged::daemon
