// Bluesky: posts found by a search, mentions of an account. Asked through the account's own PDS.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://docs.bsky.app/docs/api/app-bsky-feed-search-posts and
// .../app-bsky-notification-list-notifications. Keys: account `identifier`, `password_file` (an app
// password); stream `query`, or `actor` (handle or DID).
//
// `mentions` of the account we are logged in as come from its notifications (mentions, replies,
// quotes); those of any other account from a search for "@actor" that the platform narrows to posts
// which mention it (`query` replaces the words searched for).
//
// Newest first, cursor by cursor, under an upper bound that stays for the walk. A search lists at
// most about 10,000 posts: what lies beyond is asked for by time, and so is what lies below a page
// whose cursor leads to itself. Lists that cannot be asked by time and stand still, or go on
// without a post for 30 pages, are left: what was not read is told as a gap. The list is in the
// order of createdAt, which the author's program chooses: a post that is indexed late stands below
// what was read already, so two minutes are read again each time and a quarter of an hour every
// five minutes. A post that claims to be older than that is not found by polling. The first walk
// goes back 30 days.
std::unique_ptr<Poller> make_bluesky_search(AccountSettings const& account,
                                            StreamSettings const& stream);
std::unique_ptr<Poller> make_bluesky_mentions(AccountSettings const& account,
                                              StreamSettings const& stream);
// What the stream's `user` (handle or DID) posts and replies, by app.bsky.feed.getAuthorFeed;
// reposts are left out. Each walk goes a quarter of an hour behind what is covered, the first one a
// week back. The feed of an account that reposts much is known to end early.
std::unique_ptr<Poller> make_bluesky_own(AccountSettings const& account,
                                         StreamSettings const& stream);

}  // namespace surged::daemon
