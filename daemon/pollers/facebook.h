// Facebook Graph API: what visitors write on a Page, where they tag it, what they comment.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://developers.facebook.com/docs/graph-api. Keys: account `access_token_file`,
// `app_secret_file` (then every call carries appsecret_proof), `version` (v26.0); stream `page`
// (its id).
//
// One walk asks, in this order, for visitor posts, posts that tag the Page, the Page's own posts of
// 30 days, and the comments of those that changed. It costs 3 calls and one per changed post. Ids
// have no order in time and Graph's cursors die with the item they point at, so between walks only
// the time is kept: each walk begins 15 minutes behind what is covered. Own posts come out as
// mentions too, written by the Page itself: whose they are follows from the brand's `own`.
std::unique_ptr<Poller> make_facebook_page(AccountSettings const& account,
                                           StreamSettings const& stream);

}  // namespace surged::daemon
