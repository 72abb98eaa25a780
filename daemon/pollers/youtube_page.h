// Reading YouTube's pages and refusals.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/query_words.h"

#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

// A thread whose page showed fewer replies than it has.
struct YoutubeThread {
    std::string id, video;
    std::int64_t replies = 0;
};

struct YoutubePage {
    std::uint64_t items = 0, malformed = 0;
    std::string next;  // pageToken of the next page; "" on the last
    WallTime newest = detectors::kNoTime, oldest = detectors::kNoTime;  // of the list's own items
    std::vector<YoutubeThread> short_threads;
    bool repaired = false;
};

// What a status and the `reason` inside mean; nullopt for 2xx. `walking`: a page token was sent.
[[nodiscard]] std::optional<Failure> youtube_refusal(HttpResponse const& response, WallTime now,
                                                     bool walking);

class YoutubePageReader {
public:
    enum class List { threads, replies, videos };

    // Mentions that hold `words` go to `out`. `video`: of the thread whose replies these are.
    Result<YoutubePage> read(HttpResponse const& response, List list, std::string_view video,
                             QueryWords const& words, detectors::MentionBatch& out);

private:
    struct Item;
    simdjson::error_code read_item(ondemand::value item, List list, std::string_view video,
                                   YoutubePage& page, QueryWords const& words,
                                   detectors::MentionBatch& out);
    simdjson::error_code read_comment(ondemand::value value, Item& item, ItemReader& in);
    simdjson::error_code read_comment_snippet(ondemand::value value, Item& item, ItemReader& in);
    simdjson::error_code read_thread_snippet(ondemand::value value, Item& item, Item& thread,
                                             ItemReader& in);
    simdjson::error_code read_video(ondemand::value value, Item& item, ItemReader& in,
                                    detectors::MentionBatch& out);
    void keep(Item& item, bool reply, QueryWords const& words, detectors::MentionBatch& out);

    JsonDocument document_;
};

}  // namespace surged::daemon
