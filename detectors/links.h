// Which posts a text points to: the links in it, and one spelling for all addresses of a post.
#pragma once

#include "detectors/mention.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// The http and https links of a text, in order, at most `most`; brackets, quotes and sentence marks
// at their end are not theirs. The views point into `text`. O(length).
[[nodiscard]] std::vector<std::string_view> links_in(std::string_view text, std::size_t most = 4);

// One spelling for the addresses under which a post is known: without scheme, "www.", "m.",
// "mobile.", query and final slash, the host in lower case; every "/status/ID" of X as
// "x.com/status/ID". "" for what is no http link.
[[nodiscard]] std::string link_key(std::string_view link);

// The address of a mention without its author's name and without the words that platforms write
// into addresses: what the journal may hold for ever, and whatever becomes part of it. On X and
// Reddit another address of the same post; elsewhere the mention's own, or "" when the author's
// handle is in it (Mastodon): the post is known by its id then.
[[nodiscard]] std::string nameless_link(Mention const& mention);

}  // namespace surged::detectors
