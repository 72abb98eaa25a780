// Instagram by the Graph API: where an account is tagged and what is commented under its media; a
// hashtag's recent media.
#pragma once

#include "daemon/poller.h"

#include <memory>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// https://developers.facebook.com/docs/instagram-platform (with Facebook Login: professional
// accounts). Keys: as facebook's; stream `user` (id of the professional account) and, for a
// hashtag, `hashtag`. Captions that name the account are told by webhook alone (hooks.h): there is
// no list of them.
//
// mentions: one walk asks for the media the account is tagged in, its own media of 30 days, and the
// comments of those that have any: of the last 48 h always, of older ones when their number changed
// since this process read them last. It costs 2 calls and one per such medium. Own media and
// comments come out as mentions too, written by the account itself.
//
// hashtag: the API shows 24 hours, in no certain order, so each walk reads all of it; what is older
// than that at the first look, or after an outage, is a gap. 30 different hashtags in 7 days per
// account: the 31st is Fault::budget. Authors are not told.
std::unique_ptr<Poller> make_instagram_mentions(AccountSettings const& account,
                                                StreamSettings const& stream);
std::unique_ptr<Poller> make_instagram_hashtag(AccountSettings const& account,
                                               StreamSettings const& stream);

}  // namespace surged::daemon
