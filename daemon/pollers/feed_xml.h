// The XML of feeds: libxml2's events into items, and the repair of what is almost XML.
#pragma once

#include "daemon/pollers/feed_document.h"

#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

// One strict reading; feed_document.h says what is promised. `item` is scratch.
Result<FeedHead> read_feed_xml(std::string_view body, std::string_view charset, FeedItem& item,
                               OnFeedItem const& on_item);

// `body` as UTF-8 with its stray bytes replaced, bare "&" escaped and HTML's entities written as
// numbers. nullopt when there was nothing to repair, or when it is not in UTF-8 (or ASCII), whose
// repair would be guesswork.
[[nodiscard]] std::optional<std::string> repair_feed_xml(std::string_view body,
                                                         std::string_view charset);

}  // namespace surged::daemon
