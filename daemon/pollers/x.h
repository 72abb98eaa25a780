// X (Twitter) API v2: recent search, mentions of an account, counts per minute.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://docs.x.com/x-api. All three walk newest-first, so the watermark (the newest id of a
// walk's first page) moves only when a walk reached its end; an interrupted walk goes on at its
// token. Keys: account `bearer_token_file`; stream `query` (search, counts), `user` (mentions: a
// handle or an id).
//
// Search reaches back 7 days and ends 30 s before now. Mentions reach back 800 posts: a walk that
// ends there before its watermark says so through covered_from. Counts come for whole minutes and
// are revised.
std::unique_ptr<Poller> make_x_search(AccountSettings const& account, StreamSettings const& stream);
std::unique_ptr<Poller> make_x_mentions(AccountSettings const& account,
                                        StreamSettings const& stream);
// The posts of one of our own accounts (stream key "user"), without reposts: the same walk over
// users/ID/tweets, 7 days back at the first start and 3200 posts at most.
std::unique_ptr<Poller> make_x_own(AccountSettings const& account, StreamSettings const& stream);
std::unique_ptr<Poller> make_x_counts(AccountSettings const& account, StreamSettings const& stream);

}  // namespace surged::daemon
