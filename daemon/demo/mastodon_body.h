// How Mastodon writes statuses and notifications.
#pragma once

#include "daemon/demo/posts.h"
#include "detectors/json_writer.h"

#include <string>
#include <string_view>

namespace surged::daemon::demo {

// Who the instance belongs to, as far as bodies show it.
struct MastodonPlace {
    std::string base_url, handle, account_id;
};

// "2026-11-20T14:03:27.512Z": always with milliseconds.
[[nodiscard]] std::string mastodon_timestamp(WallTime t);
// Plain text as the HTML of `content`: a paragraph, tags and handles as links, entities escaped.
[[nodiscard]] std::string mastodon_html(std::string_view text, std::string_view base_url);

void write_mastodon_account(detectors::JsonWriter& json, PostAuthor const& author,
                            MastodonPlace const& place);
// A repost is written as Mastodon writes a boost: an empty status around the whole original.
void write_mastodon_status(detectors::JsonWriter& json, Post const& post,
                           MastodonPlace const& place, PostBook const& book);

// The notification a post makes for the instance's account: mention, quote, reblog; "" for none.
[[nodiscard]] std::string_view mastodon_notice(Post const& post, std::string_view handle);
// Its id: a sequence of its own, in the order of arrival.
[[nodiscard]] std::uint64_t mastodon_notice_id(Post const& post);

}  // namespace surged::daemon::demo
