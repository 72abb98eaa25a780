#include "daemon/demo/bluesky_stand_in.h"

#include "daemon/demo/snowflake.h"
#include "daemon/demo/words.h"
#include "daemon/json_body.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kTokensKept = 1000;
constexpr minutes kWindow{5};
constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kGrace{2};  // a refresh token that was used works so much longer

ServerResponse error(int status, std::string_view name, std::string_view message) {
    JsonWriter json;
    json.object().field("error", name).field("message", message).end();
    return json_answer(status, json.take());
}

std::string base64url(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0;
    unsigned have = 0;
    for (char const c : bytes) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFU;
        have += 8;
        while (have >= 6) out += kDigits[bits >> (have -= 6) & 63U];
    }
    if (have > 0) out += kDigits[bits << (6 - have) & 63U];
    return out;
}

std::string millis(WallTime t) {
    std::string text = detectors::rfc3339(t);
    if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
    return text;
}

std::string_view bearer(ServerRequest const& request) {
    auto const given = exporters::header(request.headers, "Authorization");
    return given.starts_with("Bearer ") ? given.substr(7) : std::string_view{};
}

// `zephyr "broken cap" #fail`: every word and phrase must be there.
bool matches(std::string const& folded, std::string_view query) {
    while (!query.empty()) {
        bool const quoted = query.front() == '"';
        if (quoted) query.remove_prefix(1);
        auto const end = std::min(query.find(quoted ? '"' : ' '), query.size());
        std::string const part = fold(query.substr(0, end));
        query.remove_prefix(std::min(end + 1, query.size()));
        if (part.empty()) continue;
        bool const sign = part.front() == '@' || part.front() == '#';
        if (sign ? !has_signed(folded, part.front(), part.substr(1)) : !has_phrase(folded, part))
            return false;
    }
    return true;
}

void write_ref(JsonWriter& json, std::string_view name, std::string const& uri) {
    json.key(name).object().field("uri", uri).field("cid", "bafyrei" + uri.substr(uri.size() / 2));
    json.end();
}

void write_record(JsonWriter& json, Post const& post, BlueskyOptions const& options) {
    json.key("record").object().field("$type", "app.bsky.feed.post").field("text", post.text);
    json.field("createdAt", millis(post.created_at));
    if (!post.lang.empty()) json.key("langs").array().value(post.lang).end();
    if (!post.in_reply_to.empty()) {
        json.key("reply").object();
        write_ref(json, "root", post.conversation.empty() ? post.in_reply_to : post.conversation);
        write_ref(json, "parent", post.in_reply_to);
        json.end();
    }
    if (!post.quotes.empty()) {
        json.key("embed").object().field("$type", "app.bsky.embed.record");
        write_ref(json, "record", post.quotes);
        json.end();
    }
    std::string const name = "@" + options.identifier;
    if (auto const at = post.text.find(name); at != std::string::npos) {
        json.key("facets").array().object().key("index").object();
        json.field("byteStart", std::int64_t(at));
        json.field("byteEnd", std::int64_t(at + name.size())).end();
        json.key("features").array().object();
        json.field("$type", "app.bsky.richtext.facet#mention").field("did", options.did);
        json.end().end().end().end();
    }
    json.end();
}

void write_author(JsonWriter& json, PostAuthor const& author, std::string_view key = "author") {
    json.key(key).object().field("did", author.id).field("handle", author.handle);
    json.field("displayName", author.name.empty() ? author.handle : author.name);
    if (author.created_at != kNoTime) json.field("createdAt", millis(author.created_at));
    json.key("labels").array().end().end();
}

void write_post(JsonWriter& json, Post const& post, BlueskyOptions const& options) {
    json.object().field("uri", post.id).field("cid", "bafyrei" + std::to_string(post.serial));
    write_author(json, post.author);
    write_record(json, post, options);
    json.field("replyCount", post.metrics.replies).field("repostCount", post.metrics.reposts);
    json.field("likeCount", post.metrics.likes).field("quoteCount", post.metrics.quotes);
    json.field("indexedAt", millis(post.visible_at)).key("labels").array().end().end();
}

// Why the account is told of a post; "" when it is not. A reply that mentions is a mention.
// "@acme.example" as a whole handle: its dots are its own, the one behind it is a full stop.
bool names(std::string const& text, std::string const& handle) {
    std::string const sought = "@" + handle;
    auto const letter = [&](std::size_t i) {
        return i < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '-');
    };
    for (auto at = text.find(sought); at != std::string::npos; at = text.find(sought, at + 1)) {
        std::size_t const end = at + sought.size();
        bool const longer =
            letter(end) || (end < text.size() && text[end] == '.' && letter(end + 1));
        bool const address = at > 0 && letter(at - 1);
        if (!longer && !address) return true;
    }
    return false;
}

std::string_view reason_of(Post const& post, BlueskyOptions const& options) {
    if (post.own) return "";
    if (names(fold(post.text), fold(options.identifier))) return "mention";
    std::string const ours = "at://" + options.did + "/";
    if (post.in_reply_to.starts_with(ours) || post.conversation.starts_with(ours)) return "reply";
    return post.quotes.starts_with(ours) ? "quote" : "";
}

}  // namespace

BlueskyStandIn::BlueskyStandIn(PostBook const& book, BlueskyOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.limit, kWindow, false),
      login_window_(options_.logins, kWindow, false),
      login_day_(options_.logins_per_day, kDay, false) {}

bool BlueskyStandIn::continues(ServerRequest const& request) const {
    return !Params(request.query).get("cursor").empty();
}

void BlueskyStandIn::revoke() {
    access_.clear();
    refresh_.clear();
}

ServerResponse BlueskyStandIn::too_many(FixedWindow const& window, seconds period) const {
    auto response = error(429, "RateLimitExceeded", "Rate Limit Exceeded");
    auto const reset = std::chrono::ceil<seconds>(window.reset().time_since_epoch());
    response.headers.emplace_back("ratelimit-limit", std::to_string(window.limit()));
    response.headers.emplace_back("ratelimit-remaining", "0");
    response.headers.emplace_back("ratelimit-reset", std::to_string(reset.count()));
    response.headers.emplace_back("ratelimit-policy", std::to_string(window.limit()) +
                                                          ";w=" + std::to_string(period.count()));
    return response;
}

ServerResponse BlueskyStandIn::handle(ServerRequest const& request, WallTime now) {
    if (!window_.take(now)) return counted(too_many(window_, kWindow));
    std::size_t items = 0;
    ServerResponse response;
    if (request.path == "/xrpc/com.atproto.server.createSession")
        response = login(request, now);
    else if (request.path == "/xrpc/com.atproto.server.refreshSession")
        response = refresh(request, now);
    else
        response = answer(request, now, items);
    bool const told = !exporters::header(response.headers, "ratelimit-remaining").empty();
    if (!told) {
        auto const reset = std::chrono::ceil<seconds>(window_.reset().time_since_epoch());
        response.headers.emplace_back("RateLimit-Limit", std::to_string(window_.limit()));
        response.headers.emplace_back("RateLimit-Remaining", std::to_string(window_.remaining()));
        response.headers.emplace_back("RateLimit-Reset", std::to_string(reset.count()));
        response.headers.emplace_back("RateLimit-Policy",
                                      std::to_string(window_.limit()) + ";w=300");
    }
    return counted(std::move(response), items);
}

ServerResponse BlueskyStandIn::refuse(Trouble trouble, ServerRequest const& request, WallTime now) {
    bool const login = request.path == "/xrpc/com.atproto.server.createSession";
    if (trouble == Trouble::rate_limited) {
        window_.roll(now);
        return counted(too_many(window_, kWindow));
    }
    if (trouble == Trouble::token_expired && login) return handle(request, now);
    if (trouble == Trouble::token_expired) {
        ++expired_;
        return counted(error(400, "ExpiredToken", "Token has expired"));
    }
    if (trouble == Trouble::expired_cursor)
        return counted(error(500, "InternalServerError", "Internal Server Error"));
    return counted(error(502, "UpstreamFailure", "Upstream Failure"));
}

// A token that says how long it lives, as the real ones do. Its signature is a number.
std::string BlueskyStandIn::mint(std::string_view scope, WallTime now, seconds lives) {
    auto const issued = std::chrono::floor<seconds>(now.time_since_epoch());
    JsonWriter json;
    json.object().field("scope", scope).field("sub", options_.did);
    json.field("iat", std::int64_t{issued.count()});
    json.field("exp", std::int64_t{(issued + lives).count()}).end();
    return base64url(R"({"typ":"at+jwt","alg":"ES256K"})") + "." + base64url(json.text()) + "." +
           base64url("signature " + std::to_string(++minted_));
}

ServerResponse BlueskyStandIn::session(WallTime now) {
    auto const keep = [&](std::map<std::string, WallTime>& tokens, std::string const& token,
                          seconds lives) {
        std::erase_if(tokens, [&](auto const& one) { return one.second <= now; });
        if (tokens.size() >= kTokensKept) tokens.clear();
        tokens[token] = now + lives;
    };
    std::string const access = mint("com.atproto.access", now, options_.access_lives);
    std::string const refresh = mint("com.atproto.refresh", now, options_.refresh_lives);
    keep(access_, access, options_.access_lives);
    keep(refresh_, refresh, options_.refresh_lives);
    JsonWriter json;
    json.object().field("did", options_.did).field("handle", options_.identifier);
    json.field("accessJwt", access).field("refreshJwt", refresh).field("active", true);
    if (!options_.pds.empty()) {
        json.key("didDoc").object().field("id", options_.did).key("service").array().object();
        json.field("id", "#atproto_pds").field("type", "AtprotoPersonalDataServer");
        json.field("serviceEndpoint", options_.pds).end().end().end();
    }
    json.end();
    return json_answer(200, json.take());
}

ServerResponse BlueskyStandIn::login(ServerRequest const& request, WallTime now) {
    ++logins_;
    if (!login_window_.take(now)) return too_many(login_window_, kWindow);
    if (!login_day_.take(now)) return too_many(login_day_, kDay);
    auto const body = JsonBody::parse(request.body);
    if (request.method != "POST" || !body)
        return error(400, "InvalidRequest", "Input must have the property \"identifier\"");
    bool const known =
        body->text("identifier") == options_.identifier || body->text("identifier") == options_.did;
    if (!known || (!options_.password.empty() && body->text("password") != options_.password))
        return error(401, "AuthenticationRequired", "Invalid identifier or password");
    return session(now);
}

ServerResponse BlueskyStandIn::refresh(ServerRequest const& request, WallTime now) {
    ++refreshes_;
    auto const it = refresh_.find(std::string(bearer(request)));
    if (it == refresh_.end() || it->second <= now)
        return error(400, "ExpiredToken", "Token has been revoked");
    it->second = std::min(it->second, now + kGrace);
    return session(now);
}

ServerResponse BlueskyStandIn::answer(ServerRequest const& request, WallTime now,
                                      std::size_t& items) {
    if (request.method != "GET") return error(400, "InvalidRequest", "Incorrect HTTP method");
    if (bearer(request).empty()) return error(401, "AuthMissing", "Authentication Required");
    auto const it = access_.find(std::string(bearer(request)));
    if (it == access_.end()) return error(400, "InvalidToken", "Token could not be verified");
    if (it->second <= now) {
        ++expired_;
        return error(400, "ExpiredToken", "Token has expired");
    }
    Params const params(request.query);
    if (params.has("limit")) {
        auto const limit = params.number("limit");
        if (!limit || *limit < 1 || *limit > 100)
            return error(400, "InvalidRequest", "limit can not be greater than 100");
    }
    if (request.path == "/xrpc/app.bsky.feed.searchPosts") return search(params, now, items);
    if (request.path == "/xrpc/app.bsky.notification.listNotifications")
        return notifications(params, now, items);
    if (request.path == "/xrpc/app.bsky.feed.getPosts") return posts(params, now, items);
    if (request.path == "/xrpc/app.bsky.feed.getAuthorFeed") return author_feed(params, now, items);
    return error(501, "MethodNotImplemented", "Method Not Implemented");
}

std::size_t BlueskyStandIn::page_size(Params const& params, std::int64_t plain) const {
    auto const asked = static_cast<std::size_t>(params.number("limit").value_or(plain));
    return std::min(asked, options_.page_max);
}

bool BlueskyStandIn::page(Listing listing, std::string_view cursor, std::size_t limit,
                          PostPage& out, std::string& next) {
    std::size_t const repeat = take_repeat();
    if (options_.offset_cursors) {
        auto const offset = whole_number(cursor.empty() ? "0" : cursor);
        if (!offset || *offset < 0) return false;
        auto from = static_cast<std::size_t>(*offset);
        if (from >= options_.list_most) return true;
        limit = std::min(limit, options_.list_most - from);
        from -= std::min(from, repeat);
        out = book_.newest(listing, 0, from + limit);
        out.posts.erase(out.posts.begin(),
                        out.posts.begin() + std::ptrdiff_t(std::min(from, out.posts.size())));
        std::size_t const to = from + out.posts.size();
        if (out.more && to < options_.list_most) next = std::to_string(to);
        return true;
    }
    // "1795253299819__17": the instant and the post, which must still be there.
    std::uint64_t serial = 0;
    if (!cursor.empty()) {
        auto const mark = cursor.find("__");
        serial = mark == std::string_view::npos ? 0 : id_number(cursor.substr(mark + 2));
        if (serial == 0) return false;
        listing.repeat = repeat;
    }
    out = book_.newest(listing, serial, limit);
    if (out.lost) return false;
    if (out.more)
        next = std::to_string(out.posts.back()->ordered_at.time_since_epoch().count()) + "__" +
               std::to_string(out.posts.back()->serial);
    return true;
}

ServerResponse BlueskyStandIn::search(Params const& params, WallTime now, std::size_t& items) {
    std::string const query(params.get("q"));
    if (query.empty()) return error(400, "InvalidRequest", "Params must have the property \"q\"");
    if (query == "*" && params.has("since"))
        return error(400, "BadRequest", "use the public firehose or Jetstream");
    Listing listing(now);
    for (auto const* name : {"since", "until"}) {
        if (!params.has(name)) continue;
        auto const time = detectors::parse_time(params.get(name));
        if (!time || params.get(name).find('T') == std::string_view::npos)
            return error(400, "InvalidRequest", "Datetime syntax didn't validate");
        (name == std::string_view("since") ? listing.from : listing.to) = *time;
    }
    std::string const mentions = fold(params.get("mentions"));
    listing.match = [&](Post const& post) {
        if (post.kind == MentionKind::repost) return false;
        std::string const folded = fold(post.text);
        if (!mentions.empty() && !has_signed(folded, '@', mentions)) return false;
        return matches(folded, query);
    };
    auto const limit = page_size(params, 25);
    PostPage found;
    std::string next;
    if (!page(listing, params.get("cursor"), limit, found, next))
        return error(500, "InternalServerError", "Internal Server Error");
    JsonWriter json;
    json.object().text_if("cursor", next).key("posts").array();
    for (Post const* post : found.posts) write_post(json, *post, options_);
    json.end().end();
    items = found.posts.size();
    return json_answer(200, json.take());
}

ServerResponse BlueskyStandIn::notifications(Params const& params, WallTime now,
                                             std::size_t& items) {
    if (params.has("seenAt"))
        return error(400, "InvalidRequest", "The seenAt parameter is unsupported");
    auto const reasons = params.all("reasons");
    Listing listing(now);
    listing.match = [&](Post const& post) { return !reason_of(post, options_).empty(); };
    auto const limit = page_size(params, 50);
    // In the order of arrival; the cursor is the time of the last one. Cut to a page first, then to
    // the reasons asked for. Nothing arrives later than an hour after it was posted.
    if (auto const cursor = params.get("cursor"); !cursor.empty())
        if (auto const before = detectors::parse_time(cursor.substr(0, cursor.find('|'))))
            listing.to = *before + std::chrono::milliseconds{1};
    constexpr std::size_t kSpare = 500;
    auto all = book_.newest(listing, 0, limit + kSpare).posts;
    std::stable_sort(all.begin(), all.end(), [](Post const* a, Post const* b) {
        return a->visible_at != b->visible_at ? a->visible_at > b->visible_at
                                              : a->serial > b->serial;
    });
    auto first = all.begin();
    if (auto const cursor = params.get("cursor"); !cursor.empty()) {
        auto const bar = cursor.find('|');
        auto const at = detectors::parse_time(cursor.substr(0, bar));
        if (!at || bar == std::string_view::npos)
            return error(500, "InternalServerError", "Internal Server Error");
        std::uint64_t const serial = id_number(cursor.substr(bar + 1));
        first = std::find_if(all.begin(), all.end(), [&](Post const* post) {
            return post->visible_at < *at || (post->visible_at == *at && post->serial < serial);
        });
        first -= std::min<std::ptrdiff_t>(std::ptrdiff_t(take_repeat()), first - all.begin());
    }
    auto const last = first + std::min<std::ptrdiff_t>(std::ptrdiff_t(limit), all.end() - first);
    JsonWriter json;
    json.object();
    if (last != all.end() && last != first)
        json.field("cursor", millis(last[-1]->visible_at) + "|" + std::to_string(last[-1]->serial));
    json.field("priority", false).key("notifications").array();
    for (auto it = first; it != last; ++it) {
        auto const reason = reason_of(**it, options_);
        if (!reasons.empty() && std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
            continue;
        json.object().field("uri", (*it)->id).field("reason", reason).field("isRead", false);
        write_author(json, (*it)->author);
        write_record(json, **it, options_);
        json.field("indexedAt", millis((*it)->visible_at)).key("labels").array().end().end();
        ++items;
    }
    json.end().end();
    return json_answer(200, json.take());
}

// What the actor wrote, and what he reposted where he did so.
ServerResponse BlueskyStandIn::author_feed(Params const& params, WallTime now, std::size_t& items) {
    std::string const actor(params.get("actor"));
    bool const ours = actor == options_.did || fold(actor) == fold(options_.identifier);
    Listing listing(now);
    listing.match = [&](Post const& post) {
        return (ours && post.own) || post.author.id == actor ||
               fold(post.author.handle) == fold(actor);
    };
    auto const limit = page_size(params, 50);
    PostPage found;
    std::string next;
    if (!page(listing, params.get("cursor"), limit, found, next))
        return error(500, "InternalServerError", "Internal Server Error");
    JsonWriter json;
    json.object().text_if("cursor", next).key("feed").array();
    for (Post const* post : found.posts) {
        Post const* const shared = post->reposts.empty() ? nullptr : book_.find(post->reposts);
        if (!post->reposts.empty() && (shared == nullptr || !shared->visible(now))) continue;
        json.object().key("post");
        write_post(json, shared == nullptr ? *post : *shared, options_);
        if (shared != nullptr) {
            json.key("reason").object().field("$type", "app.bsky.feed.defs#reasonRepost");
            write_author(json, post->author, "by");
            json.field("uri", post->id).field("indexedAt", millis(post->visible_at)).end();
        }
        json.end();
        ++items;
    }
    json.end().end();
    return json_answer(200, json.take());
}

ServerResponse BlueskyStandIn::posts(Params const& params, WallTime now, std::size_t& items) {
    auto const uris = params.all("uris");
    if (uris.size() > 25) return error(400, "InvalidRequest", "uris must not have more than 25");
    JsonWriter json;
    json.object().key("posts").array();
    for (auto const uri : uris) {
        Post const* const post = book_.find(std::string(uri));
        if (post == nullptr || !post->visible(now)) continue;  // left out, and nothing said
        write_post(json, *post, options_);
        ++items;
    }
    json.end().end();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
