// Mastodon and servers that speak its API: posts found by the server's full-text search.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://docs.joinmastodon.org/methods/search/ with type=statuses. Keys: account
// `access_token_file` (scope read:search); stream `query`. It finds what the server has indexed:
// without a full-text index only posts the account has to do with, with one only those of authors
// who agreed to be found.
//
// What min_id means to a search differs between servers (a floor, or a place to go forward from)
// and no order is promised: the walk goes back from the top, by max_id while pages come newest
// first, by offset where they do not, until it meets what the last one completed. An offset ends at
// 10,000; what the walk could not reach is reported as a gap. Servers index in batches: coverage
// stays two minutes behind, and the last quarter of an hour is read again every five minutes where
// ids are times. The first walk goes back 30 days.
std::unique_ptr<Poller> make_mastodon_search(AccountSettings const& account,
                                             StreamSettings const& stream);

}  // namespace surged::daemon
