// Hacker News: stories and comments that hold a query, by Algolia's index of the site.
#pragma once

#include "daemon/poller.h"

#include <memory>
#include <string_view>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://hn.algolia.com/api. No credential; 10,000 requests an hour and address. Key: `query`.
//
// The index pages only the first 1000 hits of a question, so a walk asks for one page and then for
// what is not newer than the oldest hit of that page: nothing shifts while stories arrive, and
// nothing is beyond reach. More hits of one second than the index pages are a gap of that second.
// The index finds words with typing errors: what does not hold the words is left out here. It shows
// items up to minutes late: each walk reads the last ten minutes again.
std::unique_ptr<Poller> make_hackernews_search(AccountSettings const& account,
                                               StreamSettings const& stream);
// What the stream's `user` writes, by the index's tag author_NAME. A tag is matched letter for
// letter, capitals included, and the configuration has none: a search among the authors' names says
// once how he writes himself. A week back at first.
std::unique_ptr<Poller> make_hackernews_own(AccountSettings const& account,
                                            StreamSettings const& stream);

// The text of an item: its title, its HTML as people read it. Kept in `out`.
[[nodiscard]] std::string_view hackernews_text(std::string_view title, std::string_view html,
                                               detectors::MentionBatch& out);

}  // namespace surged::daemon
