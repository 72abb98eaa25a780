#include "daemon/demo/mastodon_stand_in.h"

#include "daemon/demo/mastodon_body.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/words.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <optional>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kTagsMost = 4;  // in one request, the path's among them
constexpr std::size_t kNoticesKept = 20'000;
constexpr std::chrono::days kNewAccount{30};

ServerResponse error(int status, std::string_view text) {
    JsonWriter json;
    json.object().field("error", text).end();
    return json_answer(status, json.take());
}

bool has_tag(Post const& post, std::string_view folded, std::string_view tag) {
    return has_signed(folded, '#', tag) || fold(post.stream) == tag;
}

// Boosts are on no tag timeline.
bool on_tag_timelines(Post const& post) {
    return (post.visibility.empty() || post.visibility == "public") &&
           post.kind != MentionKind::repost;
}

std::string base_of(ServerRequest const& request, std::string const& configured) {
    if (!configured.empty()) return configured;
    return "http://" + std::string(exporters::header(request.headers, "Host"));
}

}  // namespace

struct MastodonStandIn::Ids {
    Ids(Params const& params, std::size_t limit_default, std::size_t most)
        : max(params.has("max_id") ? id_number(params.get("max_id")) : kTop),
          since(id_number(params.get("since_id"))),
          limit(limit_default) {
        if (params.has("min_id")) min = id_number(params.get("min_id"));
        // Too large a limit is cut to the most there is, silently; what is no number is 0.
        if (params.has("limit")) {
            auto const asked = std::abs(params.number("limit").value_or(0));
            limit = std::min(static_cast<std::size_t>(asked), 2 * limit_default);
        }
        limit = std::min(limit, most);
    }
    [[nodiscard]] bool holds(std::uint64_t id) const {
        return id < max && id > (min ? *min : since);
    }
    std::uint64_t max, since;          // exclusive
    std::optional<std::uint64_t> min;  // exclusive; the page then begins right above it
    std::size_t limit;
};

MastodonStandIn::MastodonStandIn(PostBook const& book, MastodonOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.limit, std::chrono::minutes{5}, true),
      paged_(options_.paged_limit, std::chrono::minutes{15}, true) {}

MastodonStandIn::Caller MastodonStandIn::caller(ServerRequest const& request) const {
    auto const given = exporters::header(request.headers, "Authorization");
    if (given.empty()) return Caller::nobody;
    if (!given.starts_with("Bearer ") || given.size() < 8) return Caller::wrong;
    bool const right = options_.token.empty() || given.substr(7) == options_.token;
    return right ? Caller::known : Caller::wrong;
}

bool MastodonStandIn::continues(ServerRequest const& request) const {
    Params const params(request.query);
    return params.has("max_id") || params.has("min_id") || params.has("since_id");
}

// The headers tell of the limit that is nearest.
void MastodonStandIn::add_limit_headers(ServerResponse& response, WallTime now, bool paged) {
    FixedWindow const& near = paged && paged_.remaining() < window_.remaining() ? paged_ : window_;
    // The fraction of a second of `now` stays in the end of the window, as on the real thing.
    auto const fraction = now - std::chrono::floor<std::chrono::seconds>(now);
    std::string reset = mastodon_timestamp(near.reset() + fraction);
    reset.insert(reset.size() - 1, "000");
    response.headers.emplace_back("X-RateLimit-Limit", std::to_string(near.limit()));
    response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(near.remaining()));
    response.headers.emplace_back("X-RateLimit-Reset", std::move(reset));
}

ServerResponse MastodonStandIn::handle(ServerRequest const& request, WallTime now) {
    Params const params(request.query);
    bool const paged = continues(request) || params.has("page");
    window_.roll(now);
    paged_.roll(now);
    std::size_t items = 0;
    ServerResponse response;
    if (window_.remaining() == 0 || (paged && paged_.remaining() == 0)) {
        response = error(429, "Too many requests");
    } else {
        (void)window_.take(now);
        if (paged) (void)paged_.take(now);
        response = answer(request, now, items);
    }
    add_limit_headers(response, now, paged);
    return counted(std::move(response), items);
}

ServerResponse MastodonStandIn::refuse(Trouble trouble, ServerRequest const& request,
                                       WallTime now) {
    if (trouble == Trouble::token_expired)
        return counted(error(401, "The access token is invalid"));
    if (trouble == Trouble::rate_limited) {
        auto response = error(429, "Too many requests");
        paged_.roll(now);
        window_.roll(now);
        add_limit_headers(response, now, continues(request));
        for (auto& [name, value] : response.headers)
            if (name == "X-RateLimit-Remaining") value = "0";
        return counted(std::move(response));
    }
    // There are no cursors that could expire: an id is good for ever.
    if (trouble == Trouble::expired_cursor) return handle(request, now);
    return counted(json_answer(
        503, "<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>",
        "text/html; charset=utf-8"));
}

ServerResponse MastodonStandIn::answer(ServerRequest const& request, WallTime now,
                                       std::size_t& items) {
    Params const params(request.query);
    Caller const who = caller(request);
    auto const& path = request.path;
    if (who == Caller::wrong) return error(401, "The access token is invalid");
    if (request.method != "GET") return error(404, "Not Found");
    if (path.starts_with("/api/v1/timelines/tag/")) {
        if (options_.tags == MastodonOptions::Access::disabled) return json_answer(200, "[]");
        if (options_.tags == MastodonOptions::Access::authenticated && who != Caller::known)
            return error(401, "This API requires an authenticated user");
        return tag(request, params, now, items);
    }
    if (path == "/api/v2/instance") return json_answer(200, instance());
    if (path == "/api/v1/statuses") return statuses(params, now, items);
    if (path.starts_with("/api/v1/statuses/")) return status(path.substr(17), now, items);
    if (path.starts_with("/api/v1/accounts/") && path.ends_with("/statuses"))
        return account_statuses(request, params, now, items);
    bool const account = path == "/api/v1/accounts/verify_credentials";
    if (account || path == "/api/v1/accounts/lookup") {
        if (account && who != Caller::known)
            return error(401, "This API requires an authenticated user");
        if (!account && fold(params.get("acct")) != fold(options_.handle))
            return error(404, "Record not found");
        JsonWriter json;
        PostAuthor brand{options_.account_id, options_.handle, options_.handle, 1000, kNoTime};
        write_mastodon_account(json, brand,
                               {options_.base_url, options_.handle, options_.account_id});
        return json_answer(200, json.take());
    }
    bool const notices = path == "/api/v1/notifications";
    if (!notices && path != "/api/v2/search") return error(404, "Record not found");
    if (who != Caller::known) return error(401, "This method requires an authenticated user");
    return notices ? notifications(request, params, now, items) : search(params, now, items);
}

// min_id takes the posts right above it, since_id the newest of those above it: that is what loses
// posts to whoever pages with it. Newest first, both.
PostPage MastodonStandIn::list(Listing const& listing, Ids const& ids) {
    Listing bounded = listing;
    std::uint64_t const above = ids.min ? *ids.min : ids.since;
    if (above != 0) bounded.from = mastodon_time(above);
    if (ids.max != kTop) bounded.to = mastodon_time(ids.max) + std::chrono::milliseconds{1};
    bounded.match = [&](Post const& post) {
        return ids.holds(id_number(post.id)) && listing.match(post);
    };
    std::uint64_t const next_to = ids.min ? *ids.min : ids.max;
    Post const* const anchor = book_.find(std::to_string(next_to));
    std::uint64_t serial = 0;
    if (std::size_t const repeat = take_repeat(); repeat > 0 && anchor != nullptr) {
        bounded = listing;  // the id of the request is among those given once more
        bounded.repeat = repeat;
        serial = anchor->serial;
    }
    if (!ids.min) return book_.newest(bounded, serial, ids.limit);
    PostPage page = book_.oldest(bounded, serial, ids.limit);
    std::reverse(page.posts.begin(), page.posts.end());
    return page;
}

std::string MastodonStandIn::events(ServerRequest const& request, WallTime after,
                                    WallTime until) const {
    std::string const tag = fold(Params(request.query).get("tag"));
    Listing listing(until);
    listing.from = after - std::chrono::hours{1};  // what federates later streams no more
    listing.match = [&](Post const& post) {
        return post.visible_at > after && on_tag_timelines(post) &&
               has_tag(post, fold(post.text), tag);
    };
    std::string const base = base_of(request, options_.base_url);
    std::string out;
    for (Post const* post : book_.oldest(listing, 0, 100).posts) {
        JsonWriter json;
        write_mastodon_status(json, *post, {base, options_.handle, options_.account_id}, book_);
        out += "event: update\ndata: " + json.take() + "\n\n";
    }
    return out;
}

ServerResponse MastodonStandIn::tag(ServerRequest const& request, Params const& params,
                                    WallTime now, std::size_t& items) {
    std::string const tag = fold(request.path.substr(22));
    auto folded = [](std::vector<std::string_view> const& values) {
        std::vector<std::string> out;
        for (auto const value : values) out.push_back(fold(value));
        if (out.size() >= kTagsMost) out.resize(kTagsMost - 1);
        return out;
    };
    auto const any = folded(params.all("any[]"));
    auto const all = folded(params.all("all[]"));
    auto const none = folded(params.all("none[]"));
    Listing listing(now);
    listing.match = [&](Post const& post) {
        if (!on_tag_timelines(post)) return false;
        std::string const text = fold(post.text);
        auto const has = [&](std::string_view name) { return has_tag(post, text, name); };
        return (has(tag) || std::any_of(any.begin(), any.end(), has)) &&
               std::all_of(all.begin(), all.end(), has) &&
               std::none_of(none.begin(), none.end(), has);
    };
    Ids const ids(params, 20, options_.page_max);
    PostPage const page = list(listing, ids);
    std::string const base = base_of(request, options_.base_url);
    JsonWriter json;
    json.array();
    for (Post const* post : page.posts)
        write_mastodon_status(json, *post, {base, options_.handle, options_.account_id}, book_);
    json.end();
    items = page.posts.size();
    auto response = json_answer(200, json.take());
    if (!page.posts.empty())
        add_link(response, request, params, {"local", "limit", "only_media"},
                 page.posts.front()->id, page.posts.back()->id);
    return response;
}

ServerResponse MastodonStandIn::account_statuses(ServerRequest const& request, Params const& params,
                                                 WallTime now, std::size_t& items) {
    auto const parts = split_list(request.path, '/');
    std::string const id = parts.size() == 5 ? parts[3] : "";
    bool const boosts = params.get("exclude_reblogs") != "true";
    Listing listing(now);
    listing.match = [&](Post const& post) {
        bool const his = post.author.id == id || (post.own && id == options_.account_id);
        return his && (boosts || post.kind != MentionKind::repost);
    };
    PostPage const page = list(listing, Ids(params, 20, options_.page_max));
    std::string const base = base_of(request, options_.base_url);
    JsonWriter json;
    json.array();
    for (Post const* post : page.posts)
        write_mastodon_status(json, *post, {base, options_.handle, options_.account_id}, book_);
    json.end();
    items = page.posts.size();
    auto response = json_answer(200, json.take());
    if (!page.posts.empty())
        add_link(response, request, params, {"limit", "exclude_reblogs"}, page.posts.front()->id,
                 page.posts.back()->id);
    return response;
}

void MastodonStandIn::add_link(ServerResponse& response, ServerRequest const& request,
                               Params const& params, std::vector<std::string_view> const& kept,
                               std::string const& newest, std::string const& oldest) const {
    std::string url = base_of(request, options_.base_url) + request.path + "?";
    for (auto const& [name, value] : params.pairs())
        if (std::find(kept.begin(), kept.end(), name) != kept.end())
            url += exporters::url_encode(name) + "=" + exporters::url_encode(value) + "&";
    response.headers.emplace_back("Link", "<" + url + "max_id=" + oldest + ">; rel=\"next\", <" +
                                              url + "min_id=" + newest + ">; rel=\"prev\"");
}

// Notifications have ids of their own, in the order in which posts arrived.
ServerResponse MastodonStandIn::notifications(ServerRequest const& request, Params const& params,
                                              WallTime now, std::size_t& items) {
    Ids const ids(params, 40, options_.page_max);
    auto const types = params.all("types[]");
    auto const excluded = params.all("exclude_types[]");
    bool const filtered = options_.filter_new_accounts && params.get("include_filtered") != "true";
    auto const listed = [](std::vector<std::string_view> const& names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    Listing listing(now);
    listing.match = [&](Post const& post) {
        auto const type = mastodon_notice(post, options_.handle);
        if (type.empty() || listed(excluded, type)) return false;
        if (!types.empty() && !listed(types, type)) return false;
        auto const& born = post.author.created_at;
        if (filtered && born != kNoTime && post.created_at - born < kNewAccount) return false;
        return ids.holds(mastodon_notice_id(post));
    };
    auto notices = book_.newest(listing, 0, kNoticesKept).posts;
    std::sort(notices.begin(), notices.end(), [](Post const* a, Post const* b) {
        return mastodon_notice_id(*a) > mastodon_notice_id(*b);
    });
    if (notices.size() > ids.limit && ids.min)
        notices.erase(notices.begin(), notices.end() - static_cast<std::ptrdiff_t>(ids.limit));
    if (notices.size() > ids.limit) notices.resize(ids.limit);
    std::string const base = base_of(request, options_.base_url);
    MastodonPlace const place{base, options_.handle, options_.account_id};
    JsonWriter json;
    json.array();
    for (Post const* post : notices) {
        std::string const id = std::to_string(mastodon_notice_id(*post));
        json.object().field("id", id).field("type", mastodon_notice(*post, options_.handle));
        json.field("group_key", "ungrouped-" + id);
        json.field("created_at", mastodon_timestamp(post->visible_at)).key("account");
        write_mastodon_account(json, post->author, place);
        json.key("status");
        write_mastodon_status(json, *post, place, book_);
        json.end();
    }
    json.end();
    items = notices.size();
    auto response = json_answer(200, json.take());
    if (!notices.empty())
        add_link(response, request, params,
                 {"limit", "types[]", "exclude_types[]", "include_filtered"},
                 std::to_string(mastodon_notice_id(*notices.front())),
                 std::to_string(mastodon_notice_id(*notices.back())));
    return response;
}

ServerResponse MastodonStandIn::search(Params const& params, WallTime now, std::size_t& items) {
    std::string const query = fold(params.get("q"));
    auto const offset = static_cast<std::size_t>(std::max<std::int64_t>(
        0, std::min<std::int64_t>(params.number("offset").value_or(0), 10'000)));
    Listing listing(now);
    listing.match = [&](Post const& post) {
        return post.visibility.empty() && post.kind != MentionKind::repost &&
               has_phrase(fold(post.text), query);
    };
    Ids ids(params, 20, options_.page_max);
    std::size_t const limit = ids.limit;
    ids.limit += offset;
    PostPage const page = list(listing, ids);
    JsonWriter json;
    json.object().key("accounts").array().end().key("statuses").array();
    for (std::size_t i = offset; i < page.posts.size() && items < limit; ++i, ++items)
        write_mastodon_status(json, *page.posts[i],
                              {options_.base_url, options_.handle, options_.account_id}, book_);
    json.end().key("hashtags").array().end().end();
    return json_answer(200, json.take());
}

ServerResponse MastodonStandIn::statuses(Params const& params, WallTime now, std::size_t& items) {
    JsonWriter json;
    json.array();
    for (auto const id : params.all("id[]")) {
        Post const* const post = book_.find(std::string(id));
        if (!post || !post->visible(now) || items >= 20) continue;  // what is gone is left out
        write_mastodon_status(json, *post,
                              {options_.base_url, options_.handle, options_.account_id}, book_);
        ++items;
    }
    json.end();
    return json_answer(200, json.take());
}

ServerResponse MastodonStandIn::status(std::string const& id, WallTime now, std::size_t& items) {
    Post const* const post = book_.find(id);
    if (!post || !post->visible(now)) return error(404, "Record not found");
    JsonWriter json;
    write_mastodon_status(json, *post, {options_.base_url, options_.handle, options_.account_id},
                          book_);
    items = 1;
    return json_answer(200, json.take());
}

std::string MastodonStandIn::instance() const {
    using Access = MastodonOptions::Access;
    auto const* const access = options_.tags == Access::open       ? "public"
                               : options_.tags == Access::disabled ? "disabled"
                                                                   : "authenticated";
    JsonWriter json;
    json.object().field("domain", "mastodon.example").field("version", "4.5.0");
    json.key("configuration").object().key("timelines_access").object();
    for (auto const* feed : {"live_feeds", "hashtag_feeds"})
        json.key(feed).object().field("local", access).field("remote", access).end();
    json.end().end().end();
    return json.take();
}

}  // namespace surged::daemon::demo
