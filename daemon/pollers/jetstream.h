// Bluesky's Jetstream as a listener: every post of the network goes by, ours are picked out here.
#pragma once

#include "daemon/listener.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

// The part of Bluesky's query language that can be judged here: words, "phrases", #tags, @handles,
// each of which must be there, and -word, which must not. Words are compared from boundary to
// boundary, without regard to the case of ASCII letters.
class PostQuery {
public:
    // nullopt when the query holds what cannot be judged (from:, lang:, OR, ...), or nothing.
    static std::optional<PostQuery> parse(std::string_view query);
    [[nodiscard]] bool matches(std::string_view text) const;

private:
    struct Term {
        std::string text;  // lower case
        bool absent = false;
    };
    std::vector<Term> terms_;
};

// https://github.com/bluesky-social/jetstream, version 1 of the wire, without a credential. Some
// hundred to a thousand posts a second come whatever is looked for, several GB an hour on the wire:
// `streaming: on` asks for it, `auto` (the default) and `off` do not. Account key `streaming_url`:
// another instance (https://jetstream1.us-west.bsky.network). Null: not listened to.
//
// It finds what search never shows: posts that claim to be old. A connection that is taken up again
// goes on five seconds before the last event seen; instances keep 36 hours.
std::unique_ptr<Listener> make_jetstream_search(AccountSettings const& account,
                                                StreamSettings const& stream);
std::unique_ptr<Listener> make_jetstream_mentions(AccountSettings const& account,
                                                  StreamSettings const& stream);

}  // namespace surged::daemon
