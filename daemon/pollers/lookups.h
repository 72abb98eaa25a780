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

}  // namespace surged::daemon
