// What Bluesky answers, read: posts found by a search, notifications with a post inside, the record
// of one post.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/json_reading.h"
#include "detectors/mention.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct BlueskyPage {
    std::string cursor;  // of the next page; "" on the last
    // Where the items stand in the list: the earlier of createdAt and indexedAt of a post, the
    // indexedAt of a notification.
    WallTime newest = detectors::kNoTime, oldest = detectors::kNoTime;
    std::uint64_t items = 0, malformed = 0;
    bool repaired = false;
};

class BlueskyPageReader {
public:
    // Appends the mentions of a 2xx answer of searchPosts or listNotifications; on a Failure
    // nothing was appended. Of notifications those that are posts about us: mention, reply, quote.
    Result<BlueskyPage> read(HttpResponse const& response, bool notifications,
                             detectors::MentionBatch& out);
    // The same of getAuthorFeed. A repost stands where it was made, and gives no mention.
    Result<BlueskyPage> read_feed(HttpResponse const& response, detectors::MentionBatch& out);

private:
    enum class List : std::uint8_t { posts, notifications, feed };
    Result<BlueskyPage> read_list(HttpResponse const& response, List list,
                                  detectors::MentionBatch& out);
    simdjson::error_code read_item(ondemand::value item, bool notifications, BlueskyPage& page,
                                   detectors::MentionBatch& out);
    simdjson::error_code read_feed_item(ondemand::value item, BlueskyPage& page,
                                        detectors::MentionBatch& out);

    JsonDocument document_;
};

// Reads an app.bsky.feed.post record into `m`: text, language, time, what it answers and quotes.
// Its author wrote it: any field may be anything. `mentioned`: DIDs that its facets name; may be
// null.
simdjson::error_code read_bluesky_record(ondemand::value record, ItemReader& in,
                                         detectors::Mention& m,
                                         std::vector<std::string_view>* mentioned);
// Kind, reach and address, once id and author are known.
void finish_bluesky(detectors::Mention& m, detectors::MentionBatch& batch);

// The DID of an AT URI: "at://did:plc:abc/app.bsky.feed.post/3k" -> "did:plc:abc"; "" for the rest.
[[nodiscard]] std::string_view did_of(std::string_view uri);

}  // namespace surged::daemon
