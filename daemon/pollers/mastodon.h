// Mastodon and servers that speak its API: a hashtag's timeline, mentions of the token's account.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://docs.joinmastodon.org/methods/timelines/#tag and /methods/notifications. Keys: account
// `access_token_file` (optional for a tag); stream `tag` (with or without "#").
//
// Ids are opaque here: the longer is the newer, else bytewise. The first walk goes back with max_id
// for 30 days; every later one goes forward with min_id, which is the only one of the three bounds
// that loses nothing. A page may be short or its neighbour empty for what the server filters, so a
// walk ends only where nothing more comes. Posts that reach the server late stand below a watermark
// that has passed: every five minutes the last quarter of an hour is read again where ids are
// times.
//
// An empty feed may be a feed that the server has switched off or shows to a token only: while
// nothing comes its rules (/api/v2/instance) are read each hour, and the stream goes blind with
// that reason.
//
// A private message is a mention without text and address: it is counted, never kept.
std::unique_ptr<Poller> make_mastodon_tag(AccountSettings const& account,
                                          StreamSettings const& stream);
std::unique_ptr<Poller> make_mastodon_mentions(AccountSettings const& account,
                                               StreamSettings const& stream);

// The posts of one of our own accounts (stream key "user": acme or acme@instance), without boosts,
// 7 days back at the first start.
std::unique_ptr<Poller> make_mastodon_own(AccountSettings const& account,
                                          StreamSettings const& stream);

}  // namespace surged::daemon
