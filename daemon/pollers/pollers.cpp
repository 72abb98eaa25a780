#include "daemon/pollers/pollers.h"

#include "daemon/pollers/bluesky.h"
#include "daemon/pollers/facebook.h"
#include "daemon/pollers/feed.h"
#include "daemon/pollers/hackernews.h"
#include "daemon/pollers/instagram.h"
#include "daemon/pollers/jetstream.h"
#include "daemon/pollers/json.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/mastodon.h"
#include "daemon/pollers/mastodon_search.h"
#include "daemon/pollers/mastodon_stream.h"
#include "daemon/pollers/reddit.h"
#include "daemon/pollers/x.h"
#include "daemon/pollers/youtube.h"
#include "daemon/settings.h"

#include <algorithm>
#include <array>

namespace surged::daemon {
namespace {

using config::KeySpec;
using config::KeyType;
using std::chrono::seconds;
constexpr std::array kXAccount{
    KeySpec{"bearer_token_file", KeyType::secret, true, "app-only bearer token"},
    KeySpec{"consumer_secret_file", KeyType::secret, false, "checks the webhook's signature"},
};
constexpr std::array kMetaAccount{
    KeySpec{"access_token_file", KeyType::secret, true, "token of the page or system user"},
    KeySpec{"app_secret_file", KeyType::secret, false, "signs calls and checks the webhook's"},
    KeySpec{"verify_token_file", KeyType::secret, false, "answers the webhook's first question"},
    KeySpec{"version", KeyType::text, false, "of the Graph API, such as v26.0"},
};
constexpr std::array kMastodonAccount{
    KeySpec{"access_token_file", KeyType::secret, false,
            "needed for mentions, search and streaming"},
    KeySpec{"streaming_url", KeyType::url, false, "where it is not base_url, with https"},
};
constexpr std::array kBlueskyAccount{
    KeySpec{"identifier", KeyType::text, true, "handle, DID or address of the account"},
    KeySpec{"password_file", KeyType::secret, true, "an app password"},
    KeySpec{"streaming_url", KeyType::url, false, "of a Jetstream instance, with https"},
};
constexpr std::array kRedditAccount{
    KeySpec{"client_id", KeyType::text, true, "of the registered app"},
    KeySpec{"client_secret_file", KeyType::secret, true, "of the registered app"},
    KeySpec{"user_agent", KeyType::text, true, "unique, with a version and a contact"},
};
constexpr std::array kYoutubeAccount{
    KeySpec{"api_key_file", KeyType::secret, true, "an API key"},
    KeySpec{"quota", KeyType::integer, false, "units a day of the key's project, 10000 if absent"},
    KeySpec{"search_quota", KeyType::integer, false, "searches a day of it, 100 if absent"},
};
constexpr std::array kJsonAccount{
    KeySpec{"bearer_token_file", KeyType::secret, false, "sent as `Authorization: Bearer`"},
};

constexpr std::array kQuery{KeySpec{"query", KeyType::text, true, "in the platform's language"}};
constexpr std::array kUser{KeySpec{"user", KeyType::text, true, "handle or id"}};
constexpr std::array kPage{KeySpec{"page", KeyType::text, true, "id of the page"}};
constexpr KeySpec kStreaming{"streaming", KeyType::text, false,
                             "also listen to the platform's push connection", "on|off|auto"};
constexpr std::array kTag{KeySpec{"tag", KeyType::text, true, "hashtag, without #"}, kStreaming};
constexpr std::array kNotified{kStreaming};
constexpr std::array kFirehose{
    KeySpec{"query", KeyType::text, true, "in the platform's language"},
    kStreaming,
};
constexpr std::array kActor{
    KeySpec{"actor", KeyType::text, true, "handle or DID"},
    KeySpec{"query", KeyType::text, false, "words searched for instead of the actor's name"},
    kStreaming,
};
constexpr std::array kHashtag{
    KeySpec{"user", KeyType::text, true, "id of the professional account that asks"},
    KeySpec{"hashtag", KeyType::text, true, "without #"},
};
constexpr std::array kRedditSearch{
    KeySpec{"query", KeyType::text, true, "in the platform's language"},
    KeySpec{"subreddit", KeyType::text, false, "only there"},
};
constexpr std::array kSubreddit{
    KeySpec{"subreddit", KeyType::text, true, "its newest posts and comments"},
    KeySpec{"query", KeyType::text, false, "only those that hold it"},
};
// One of channel and video: settings_streams.cpp sees to it.
constexpr std::array kComments{
    KeySpec{"channel", KeyType::text, false, "id: comments on all its videos"},
    KeySpec{"video", KeyType::text, false, "id: comments on this one"},
    KeySpec{"query", KeyType::text, false, "only those that hold it"},
};
constexpr std::array kFeed{
    KeySpec{"url", KeyType::url, true, "RSS, Atom or JSON Feed"},
    KeySpec{"match", KeyType::texts, false, "only items that hold one of these words"},
};
constexpr std::array kItems{
    KeySpec{"path", KeyType::text, true, "behind base_url"},
    KeySpec{"params", KeyType::pairs, false, "of the query string, in every request"},
    KeySpec{"items", KeyType::text, false, "JSON Pointer to the list; absent: the answer is it"},
    KeySpec{"fields", KeyType::pairs, true, "name of a mention's field: JSON Pointer in an item"},
    KeySpec{"next.pointer", KeyType::text, true, "JSON Pointer to the next page's cursor"},
    KeySpec{"next.param", KeyType::text, false,
            "query parameter that takes it; absent: it is a URL"},
    KeySpec{"since.param", KeyType::text, true, "query parameter: what is new since then"},
    KeySpec{"since.format", KeyType::text, false, "what it is given", "rfc3339|unix|id"},
    KeySpec{"order", KeyType::text, false, "of the items", "newest|oldest"},
};

// Floors: what the platform's documented limits leave to one stream that has them to itself, or
// what its owners ask for.
std::vector<PlatformRow> make_table() {
    std::vector<PlatformRow> out;
    out.push_back(
        {.name = "x",
         .base_url = "https://api.x.com",
         .policy = "twitter",
         .account_keys = kXAccount,
         // 450, 300 and 450 requests per 15 minutes and app.
         .kinds = {{"search", kQuery, make_x_search, seconds{2}},
                   {"counts", kQuery, make_x_counts, seconds{3}, true, nullptr, {}, "search"},
                   {"mentions", kUser, make_x_mentions, seconds{2}}},
         .host = "x.com,twitter.com",
         .own = make_x_own,
         .make_lookup = make_x_lookup});
    out.push_back(
        {.name = "facebook",
         .base_url = "https://graph.facebook.com",
         .account_keys = kMetaAccount,
         // 4800 calls a day and engaged user: one each 18 s for the smallest page.
         .kinds =
             {{"page", kPage, make_facebook_page, seconds{18}, false, nullptr, {}, {}, "page"}},
         .host = "facebook.com,fb.com,fb.watch",
         .own = make_facebook_own,
         .make_lookup = make_graph_lookup});
    out.push_back({.name = "instagram",
                   .base_url = "https://graph.facebook.com",
                   .account_keys = kMetaAccount,
                   // Hashtags: 200 calls an hour and user of the app, several pages a look.
                   .kinds = {{"mentions",
                              kUser,
                              make_instagram_mentions,
                              seconds{18},
                              false,
                              nullptr,
                              {},
                              {},
                              "user"},
                             {"hashtag", kHashtag, make_instagram_hashtag, seconds{300}}},
                   .host = "instagram.com",
                   .make_lookup = make_instagram_lookup});
    out.push_back(
        {.name = "mastodon",
         .base_url = "",
         .needs_account = false,
         .policy = "twitter",
         .account_keys = kMastodonAccount,
         // 300 paged requests per 15 minutes and address.
         .kinds = {{"tag", kTag, make_mastodon_tag, seconds{3}, false, make_mastodon_tag_listener},
                   {"mentions", kNotified, make_mastodon_mentions, seconds{3}, false,
                    make_mastodon_mentions_listener},
                   {"search", kQuery, make_mastodon_search, seconds{3}}},
         .host = "",
         .own = make_mastodon_own,
         .make_lookup = make_mastodon_lookup});
    out.push_back({.name = "bluesky",
                   .base_url = "https://bsky.social",
                   .policy = "twitter",
                   .account_keys = kBlueskyAccount,
                   // The limit of 3000 per 5 minutes is the address's, shared with all it runs.
                   .kinds = {{"search", kFirehose, make_bluesky_search, seconds{1}, false,
                              make_jetstream_search},
                             {"mentions", kActor, make_bluesky_mentions, seconds{1}, false,
                              make_jetstream_mentions}},
                   .host = "bsky.app",
                   .own = make_bluesky_own,
                   .make_lookup = make_bluesky_lookup});
    out.push_back({.name = "reddit",
                   .base_url = "https://oauth.reddit.com",
                   .account_keys = kRedditAccount,
                   // 100 queries a minute and client; listings are cached for longer than that.
                   .kinds = {{"search", kRedditSearch, make_reddit_search, seconds{2}},
                             {"subreddit", kSubreddit, make_reddit_subreddit, seconds{2}}},
                   .host = "reddit.com,redd.it",
                   .own = make_reddit_own,
                   .make_lookup = make_reddit_lookup});
    out.push_back({.name = "youtube",
                   .base_url = "https://www.googleapis.com",
                   .account_keys = kYoutubeAccount,
                   // 10,000 units a day for comments; 100 calls a day for search.
                   .kinds = {{"comments",
                              kComments,
                              make_youtube_comments,
                              seconds{9},
                              false,
                              nullptr,
                              {"quota", 10'000},
                              {},
                              "channel"},
                             {"search",
                              kQuery,
                              make_youtube_search,
                              seconds{864},
                              false,
                              nullptr,
                              {"search_quota", 100}}},
                   .host = "youtube.com,youtu.be",
                   .make_lookup = make_youtube_lookup});
    out.push_back({.name = "hackernews",
                   .base_url = "https://hn.algolia.com",
                   .needs_account = false,
                   // 10,000 requests an hour and address.
                   .kinds = {{"search", kQuery, make_hackernews_search, seconds{1}}},
                   .host = "news.ycombinator.com",
                   .own = make_hackernews_own,
                   .make_lookup = make_hackernews_lookup});
    out.push_back({.name = "feed",
                   .base_url = "",
                   .needs_account = false,
                   // What feed readers are asked for where the feed says nothing.
                   .kinds = {{"feed", kFeed, make_feed, seconds{300}}},
                   .host = ""});
    out.push_back({.name = "json",
                   .base_url = "",
                   .needs_account = false,
                   .account_keys = kJsonAccount,
                   .kinds = {{"items", kItems, make_json_items, seconds{1}}},
                   .host = ""});
    return out;
}

}  // namespace

std::vector<PlatformRow> const& platforms() {
    static std::vector<PlatformRow> const table = make_table();
    return table;
}

PlatformRow const* platform(std::string_view name) {
    auto const& all = platforms();
    auto const it =
        std::find_if(all.begin(), all.end(), [&](auto const& r) { return r.name == name; });
    return it == all.end() ? nullptr : &*it;
}

KindRow const* kind_of(PlatformRow const& row, std::string_view kind) {
    auto const it = std::find_if(row.kinds.begin(), row.kinds.end(),
                                 [&](auto const& k) { return k.name == kind; });
    return it == row.kinds.end() ? nullptr : &*it;
}

std::vector<std::pair<std::string, double>> day_quotas(AccountSettings const& account) {
    std::vector<std::pair<std::string, double>> out;
    auto const* const row = platform(account.platform);
    if (row == nullptr) return out;
    for (KindRow const& kind : row->kinds) {
        if (kind.quota.calls <= 0) continue;
        auto const own = account.values.number(kind.quota.key, 0);
        out.emplace_back(kind.name, own > 0 ? double(own) : kind.quota.calls);
    }
    return out;
}

PlatformRow const* platform_of_host(std::string_view host) {
    for (auto const& row : platforms()) {
        auto list = row.host;
        while (!list.empty()) {
            auto const end = std::min(list.find(','), list.size());
            auto const name = list.substr(0, end);
            bool const below = host.size() > name.size() && host.ends_with(name) &&
                               host[host.size() - name.size() - 1] == '.';
            if (host == name || below) return &row;
            list.remove_prefix(std::min(end + 1, list.size()));
        }
    }
    return nullptr;
}

}  // namespace surged::daemon
