// YouTube: comments under a channel's videos or one video, and videos that a search finds.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://developers.google.com/youtube/v3. Keys: account `api_key_file`; stream `channel` (an id)
// or `video`, `query` for comments; `query` for search.
//
// `comments` walks threads newest first to an hour before what is covered. A reply does not bring
// its thread up: every quarter of an hour a walk goes two days back, and a thread that has more
// replies than the page shows is read whole when their number changed. Replies in older threads are
// not seen. One page costs one unit of the day's 10,000.
//
// `search` finds videos, minutes to hours after they came: each walk reads three hours again, one
// every six hours a day. Each page is one of the day's 100 searches.
//
// Both walk newest first: a walk that was interrupted goes on at its page and promises nothing
// before its end.
std::unique_ptr<Poller> make_youtube_comments(AccountSettings const& account,
                                              StreamSettings const& stream);
std::unique_ptr<Poller> make_youtube_search(AccountSettings const& account,
                                            StreamSettings const& stream);

// The next midnight in California after `now`, when the day's quota is given anew; daylight saving
// by the rule of 2007 (second Sunday of March to first Sunday of November).
[[nodiscard]] WallTime next_pacific_midnight(WallTime now);

}  // namespace surged::daemon
