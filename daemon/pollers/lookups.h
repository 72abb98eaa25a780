// The look-ups of the platforms that have one.
#pragma once

#include "daemon/lookup.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// GET /2/tweets?ids=, 100 at a time. A deleted post comes in `errors` as resource-not-found, one of
// a protected account as not-authorized-for-resource; an edited one comes with the ids of all its
// versions.
std::unique_ptr<Lookup> make_x_lookup(AccountSettings const& account, StreamSettings const& stream);

// Facebook (Graph): GET /?ids=, 50 at a time. One id that cannot be read makes the whole call fail,
// with code 100/33 or 803: Fault::not_found.
std::unique_ptr<Lookup> make_graph_lookup(AccountSettings const& account,
                                          StreamSettings const& stream);

// Mastodon: GET /api/v1/statuses?id[]=, 20 at a time (from 4.3 on), which leaves out what is gone;
// GET /api/v1/statuses/ID for a single one.
std::unique_ptr<Lookup> make_mastodon_lookup(AccountSettings const& account,
                                             StreamSettings const& stream);

// Bluesky: app.bsky.feed.getPosts, 25 at a time, in the account's session. What was deleted, taken
// down or blocks us is left out without a word.
std::unique_ptr<Lookup> make_bluesky_lookup(AccountSettings const& account,
                                            StreamSettings const& stream);

// Reddit: GET /api/info?id=, 100 at a time, in the account's session. What its author deleted or a
// moderator removed is still listed, with "[deleted]" or "[removed]" for its text or, a post, with
// `removed_by_category`; an author who closed his account ("[deleted]" alone) leaves his texts.
std::unique_ptr<Lookup> make_reddit_lookup(AccountSettings const& account,
                                           StreamSettings const& stream);

// YouTube: GET comments?id= or videos?id=, 50 at a time, which leave out what is gone. A unit of
// the day's quota each. A video's text is not compared: the search cuts it.
std::unique_ptr<Lookup> make_youtube_lookup(AccountSettings const& account,
                                            StreamSettings const& stream);

// Hacker News: the site's own GET /v0/item/ID.json, one by one, at hacker-news.firebaseio.com or,
// when base_url is not the index's, at base_url. `deleted`, `dead` (killed by moderators or flags)
// and null are gone.
std::unique_ptr<Lookup> make_hackernews_lookup(AccountSettings const& account,
                                               StreamSettings const& stream);

// Instagram: GET /ID, one by one. Code 100/33 says in one that it is gone and that it is not for
// us (others' media may be listed and yet not be given by their id), so only what this program has
// seen by its id before is gone by it; anything else is hidden.
std::unique_ptr<Lookup> make_instagram_lookup(AccountSettings const& account,
                                              StreamSettings const& stream);

}  // namespace surged::daemon
