// Reading a feed: RSS 0.9x and 2.0, RSS 1.0 (RDF), Atom, JSON Feed. The only door to libxml2.
#pragma once

#include "daemon/pollers/json_reading.h"
#include "daemon/result.h"
#include "detectors/time.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace surged::daemon {

enum class FeedText : std::uint8_t { plain, html };

// As the document says it; "" where it does not. The strings are reused from item to item.
struct FeedItem {
    std::string id, title, text, summary, link, base, author, lang;
    FeedText title_form = FeedText::plain, text_form = FeedText::html,
             summary_form = FeedText::html;
    std::string published, updated;  // dates as they stand
    bool ok = true;                  // false: a part of it is no Unicode

    void clear();
};

struct FeedHead {
    std::string lang, base, author, updated;
    std::string next;  // JSON Feed: where the older items are
    std::uint64_t items = 0;
    bool repaired = false;
};

// Limits, each a failure: what is beyond them is no feed but an attack or a mistake.
inline constexpr std::size_t kFeedItemsMax = 10'000;  // 8 MiB of body hold some more, empty ones
inline constexpr int kFeedDepthMax = 64;              // elements; XHTML content nests a dozen
inline constexpr std::size_t kFeedFieldMax = 256 * 1024;  // of markup; what is beyond is cut

using OnFeedItem = std::function<void(FeedItem const&, FeedHead const&)>;

// Calls `on_item` for each item in the order of the document. Failures: malformed (not a feed, not
// well formed, ends too early, declares entities, too deep) and too_large; items given before are
// then worth nothing.
//
// XML is read by libxml2's SAX interface: no tree. Nothing is fetched; no entity is ever declared,
// so none can grow: a document that declares one is refused. `charset` (of Content-Type, may be
// "") wins over the declaration inside, a byte order mark over both. What is not well formed for
// stray control bytes, broken UTF-8, bare "&" or HTML's entities is repaired and read once more;
// nothing else is guessed.
class FeedReader {
public:
    Result<FeedHead> read(std::string_view body, std::string_view charset, OnFeedItem on_item);

private:
    Result<FeedHead> read_json(std::string_view body, OnFeedItem const& on_item);
    simdjson::error_code read_json_item(ondemand::value value, FeedHead const& head,
                                        detectors::MentionBatch& scratch,
                                        OnFeedItem const& on_item);

    JsonDocument document_;
    detectors::MentionBatch scratch_;
    FeedItem item_;
};

}  // namespace surged::daemon
