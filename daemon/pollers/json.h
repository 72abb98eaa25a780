// Any JSON list over HTTP: what a name of the mention is called there is configuration.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// Keys of the stream (contract section 3): `path`, `params`, `items` (JSON Pointer to the list; ""
// or absent: the document itself), `fields` (name of section 4 -> JSON Pointer inside an item),
// `next.pointer`, `next.param`, `since.param`, `since.format` (rfc3339, unix, id), `order` (newest,
// oldest). `next.pointer` may lead to a value for `next.param` or to the next page's address, which
// must be on the account's own host. A secret of the account named `bearer_token_file` or
// `access_token_file` is sent as a bearer token.
//
// order: newest. The walk follows `next` until it ends, or until a page holds only what is older
// than the last walk. Without `next` one page is all there is, and when none of it was known before
// the walk says that it covers only from its oldest item.
// order: oldest. The watermark moves with every page; without `next` the walk goes on with a newer
// `since` until nothing newer comes.
// A first walk ends at items older than 90 days, and every walk after 10,000 pages.
std::unique_ptr<Poller> make_json_items(AccountSettings const& account,
                                        StreamSettings const& stream);

}  // namespace surged::daemon
