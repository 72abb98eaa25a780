// The parts of an incident's view that tell of its people: `unanswered`, `advocates`, `affected`,
// `answers`.
#pragma once

#include "daemon/engine.h"

namespace surged::detectors {
class JsonWriter;
}

namespace surged::daemon {

// How many of each list a view holds; `answers.waiting` says how many there are.
inline constexpr std::size_t kPeopleShown = 50;

// What is kept of one mention: "platform", "stream", "id", "url", "author", "text" (an excerpt),
// "lang", "at". Once its text is erased (keep_mentions, `surged forget`): "erased": true, and the
// id alone where it can be told from the key. For an object that is open.
void put_kept(detectors::JsonWriter& json, Engine const& engine, std::string const& platform,
              std::string const& stream, detectors::MentionKey key, WallTime at);

// "unanswered": questions that nothing of ours answers, old and visible first; "advocates" with
// "spoke_well_days"; "affected" with "mentions", "questions", "angry", "echoes"; "answers":
// {questions, waiting, answered, median_wait, tone: {before, after}}. Empty lists without `whole`.
// Cost: a read of the store for each that is shown.
void put_people(detectors::JsonWriter& json, Engine const& engine,
                detectors::Incident const& incident, bool whole);

}  // namespace surged::daemon
