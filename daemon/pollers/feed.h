// Feeds: RSS, Atom and JSON Feed of news sites, blogs, forums, alerts.
#pragma once

#include "daemon/poller.h"

#include <memory>
#include <string>
#include <string_view>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// Keys: `url`; `match`: only items whose title or text hold one of these words or phrases.
//
// One request a walk: 304 is a complete walk with nothing new; once a day the document is asked for
// without conditions, because some caches never say that it changed. A redirect is followed within
// the walk, five at most, never from https to http. A feed shows a window of its newest items:
// when none of those seen last time is in it, what fell out between is a gap.
//
// An item without an id is known by its link and title. One without a date counts at first sight;
// in the very first document at the end of what that covers, so that a feed of thirty undated items
// is history and not a surge. Feeds tell of no reach, and of no deletion.
std::unique_ptr<Poller> make_feed(AccountSettings const& account, StreamSettings const& stream);

// `reference` as seen from `base` (RFC 3986, section 5); `reference` itself when either is no URL.
[[nodiscard]] std::string resolve_url(std::string_view base, std::string_view reference);

}  // namespace surged::daemon
