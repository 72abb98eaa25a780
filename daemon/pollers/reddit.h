// Reddit: posts found by a search, and the newest posts and comments of subreddits.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://www.reddit.com/dev/api. Keys: account `client_id`, `client_secret_file`, `user_agent` (a
// generic one is blocked); stream `query`, `subreddit` ("a+b" for several).
//
// The app-only token belongs to the account's session and is asked for as a page of the walk, at
// www.reddit.com, or, when base_url is not the platform's, at base_url. A token that is refused
// long before its end is a fault of the account, not of the clock: it is told as such.
//
// A listing is walked with `after` from its newest item to ten minutes before what is covered,
// never with `before`, whose anchor may have gone. It ends after about 1000 items: a walk that ends
// there before it met what was known says so through covered_from. `subreddit` walks the posts,
// then the comments, and keeps what holds `query`; the search knows posts only.
std::unique_ptr<Poller> make_reddit_search(AccountSettings const& account,
                                           StreamSettings const& stream);
std::unique_ptr<Poller> make_reddit_subreddit(AccountSettings const& account,
                                              StreamSettings const& stream);
// What the stream's `user` posts and comments (/user/NAME/overview), walked in the same way; a week
// back at first.
std::unique_ptr<Poller> make_reddit_own(AccountSettings const& account,
                                        StreamSettings const& stream);

// "dXNlcjpwYXNz" for "user:pass" (RFC 4648).
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace surged::daemon
