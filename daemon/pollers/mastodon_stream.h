// Mastodon's streaming API as a listener: a hashtag, or what the token's account is told.
#pragma once

#include "daemon/listener.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://docs.joinmastodon.org/methods/streaming/ over server-sent events. Stream key `streaming`:
// `auto` (the default) and `on` where the account has a token, which servers ask for since 4.2;
// `off`. Account key `streaming_url`: where a server keeps its streams elsewhere
// (configuration.urls.streaming of /api/v2/instance, written with https). Null: not listened to.
//
// `update` and `notification` bring mentions; edits and deletions are the poller's.
std::unique_ptr<Listener> make_mastodon_tag_listener(AccountSettings const& account,
                                                     StreamSettings const& stream);
std::unique_ptr<Listener> make_mastodon_mentions_listener(AccountSettings const& account,
                                                          StreamSettings const& stream);

}  // namespace surged::daemon
