// Reading Reddit's listings and what it says instead of one.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/query_words.h"

#include <optional>
#include <string>

namespace surged::daemon {

struct RedditPage {
    std::uint64_t items = 0, malformed = 0;
    std::string after;  // "" on the last page
    WallTime newest = detectors::kNoTime, oldest = detectors::kNoTime;
    bool repaired = false;
};

// What the platform means by an answer that is not a listing: its statuses, an error inside a 200,
// a page of its network security instead of JSON. nullopt when the answer may be a listing.
[[nodiscard]] std::optional<Failure> reddit_refusal(HttpResponse const& response, WallTime now);

class RedditPageReader {
public:
    // Mentions that hold `words` go to `out`; all are counted in the page. Titles and bodies are
    // plain because raw_json=1 is asked for.
    Result<RedditPage> read(HttpResponse const& response, QueryWords const& words,
                            detectors::MentionBatch& out);

private:
    simdjson::error_code read_listing(ondemand::value data, RedditPage& page,
                                      QueryWords const& words, detectors::MentionBatch& out);
    simdjson::error_code read_child(ondemand::value child, RedditPage& page,
                                    QueryWords const& words, detectors::MentionBatch& out);
    JsonDocument document_;
    bool has_list_ = false;
};

}  // namespace surged::daemon
