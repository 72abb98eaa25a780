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
//
// A walk reads the comments of at most 1000 own posts, newest first, and at most 500 pages of an
// edge. One that had to leave something out does not claim to have covered it: its coverage begins
// where it can vouch for all of it, and what lies before is reported as a gap.
std::unique_ptr<Poller> make_facebook_page(AccountSettings const& account,
                                           StreamSettings const& stream);

// The posts of one of our own Pages (stream key "user": its id), 7 days back at the first start.
// Comments are not among them: those under a Page that is a stream come through that stream.
std::unique_ptr<Poller> make_facebook_own(AccountSettings const& account,
                                          StreamSettings const& stream);

}  // namespace surged::daemon
