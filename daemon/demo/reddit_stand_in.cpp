#include "daemon/demo/reddit_stand_in.h"

#include "daemon/demo/params.h"
#include "daemon/demo/words.h"
#include "daemon/pollers/reddit.h"
#include "detectors/json_writer.h"

#include <algorithm>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;
using std::chrono::seconds;

ServerResponse error(int status, std::string_view message, std::string_view reason = {}) {
    JsonWriter json;
    json.object().text_if("reason", reason).field("message", message);
    json.field("error", status).end();
    return json_answer(status, json.take());
}

bool is_comment(Post const& post) {
    return post.kind == MentionKind::comment || post.kind == MentionKind::reply;
}

// `gone`: what its author deleted, or (hidden) an author who closed his account.
void write_child(JsonWriter& json, Post const& post, Gone gone = Gone::no) {
    bool const comment = is_comment(post);
    bool const deleted = gone == Gone::deleted;
    json.object().field("kind", comment ? "t1" : "t3").key("data").object();
    json.field("name", post.id)
        .field("id", post.id.substr(std::min<std::size_t>(3, post.id.size())));
    json.field("subreddit", post.place);
    json.field("author", gone == Gone::no ? post.author.handle : "[deleted]");
    if (gone == Gone::no) json.field("author_fullname", "t2_" + post.author.id);
    json.key("created_utc")
        .raw(std::to_string(post.created_at.time_since_epoch() / seconds{1}) + ".0");
    json.field("score", post.metrics.likes).field("edited", false);
    std::string const root = comment ? post.conversation : post.id;
    json.field("permalink", "/r/" + post.place + "/comments/" + root + "/x/" +
                                (comment ? post.id + "/" : std::string()));
    if (comment) {
        json.field("body", deleted ? "[removed]" : post.text).field("link_id", post.conversation);
        json.field("parent_id", post.in_reply_to.empty() ? post.conversation : post.in_reply_to);
    } else {
        json.field("title", post.text).field("selftext", deleted ? "[deleted]" : "");
        json.field("is_self", true);
        if (deleted) json.field("removed_by_category", "deleted");
        json.text_if("crosspost_parent", post.quotes);
        json.field("num_comments", post.metrics.replies);
    }
    json.end().end();
}

}  // namespace

RedditStandIn::RedditStandIn(PostBook const& book, RedditOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.limit, std::chrono::minutes{10}, false) {}

bool RedditStandIn::continues(ServerRequest const& request) const {
    return Params(request.query).has("after");
}

void RedditStandIn::add_limit_headers(ServerResponse& response, WallTime now) {
    window_.roll(now);
    auto const left = std::chrono::ceil<seconds>(window_.reset() - now);
    response.headers.emplace_back("x-ratelimit-used",
                                  std::to_string(window_.limit() - window_.remaining()));
    response.headers.emplace_back("x-ratelimit-remaining",
                                  std::to_string(window_.remaining()) + ".0");
    response.headers.emplace_back("x-ratelimit-reset", std::to_string(left.count()));
}

ServerResponse RedditStandIn::too_many() {
    switch (++refusals_ % 3) {
        case 0: return json_answer(200, R"({"message":"Too Many Requests","error":429})");
        case 1: return error(429, "Too Many Requests");
        default:
            return json_answer(429, "<!doctype html><html><title>Too Many Requests</title></html>",
                               "text/html; charset=UTF-8");
    }
}

ServerResponse RedditStandIn::handle(ServerRequest const& request, WallTime now) {
    std::size_t items = 0;
    ServerResponse response;
    auto const agent = exporters::header(request.headers, "User-Agent");
    if (agent.empty() || agent.starts_with("curl") || agent.starts_with("surged/0")) {
        response = json_answer(403, "<body>blocked by network security</body>", "text/html");
    } else if (request.path == "/api/v1/access_token") {
        response = login(request, now);
    } else if (!window_.take(now)) {
        response = too_many();
        add_limit_headers(response, now);
    } else {
        response = answer(request, now, items);
        add_limit_headers(response, now);
    }
    return counted(std::move(response), items);
}

ServerResponse RedditStandIn::refuse(Trouble trouble, ServerRequest const& request, WallTime now) {
    if (trouble == Trouble::rate_limited) {
        auto response = too_many();
        response.headers.emplace_back("x-ratelimit-remaining", "0.0");
        response.headers.emplace_back("x-ratelimit-reset", "120");
        return counted(std::move(response));
    }
    if (trouble == Trouble::token_expired) {
        token_.clear();
        return counted(error(401, "Unauthorized"));
    }
    // The anchor has gone: an empty listing, as if nothing were there.
    if (trouble == Trouble::expired_cursor) return handle(request, now);
    return counted(json_answer(503, "<html><body>our CDN was unable to reach our servers</body>",
                               "text/html"));
}

ServerResponse RedditStandIn::login(ServerRequest const& request, WallTime now) {
    if (request.method != "POST") return error(404, "Not Found");
    auto const given = exporters::header(request.headers, "Authorization");
    if (given != "Basic " + base64(options_.client_id + ":" + options_.client_secret))
        return error(401, "Unauthorized");
    if (request.body.find("grant_type=client_credentials") == std::string::npos)
        return json_answer(200, R"({"error":"unsupported_grant_type"})");
    if (token_.empty() || now >= token_ends_) {
        token_ = "token-" + std::to_string(++logins_) + "-of-this-world";
        token_ends_ = now + options_.token_life;
    }
    JsonWriter json;
    json.object().field("access_token", token_).field("token_type", "bearer");
    json.field("expires_in", std::int64_t{(token_ends_ - now) / seconds{1}});
    json.field("scope", "*").end();
    return json_answer(200, json.take());
}

ServerResponse RedditStandIn::answer(ServerRequest const& request, WallTime now,
                                     std::size_t& items) {
    auto const given = exporters::header(request.headers, "Authorization");
    if (token_.empty() || now >= token_ends_ || given.size() < 8 || given.substr(7) != token_)
        return error(401, "Unauthorized");
    if (request.path == "/api/info") return info(request, now, items);
    Params const params(request.query);
    std::string_view path = request.path;
    if (path.starts_with("/user/") && path.ends_with("/overview")) {
        std::string const name = fold(path.substr(6, path.size() - 6 - 9));
        Listing his(now);
        his.match = [&](Post const& post) { return fold(post.author.handle) == name; };
        return listing(request, his, items);
    }
    std::vector<std::string> places;
    if (path.starts_with("/r/")) {
        path.remove_prefix(3);
        auto const slash = std::min(path.find('/'), path.size());
        places = split_list(fold(path.substr(0, slash)), '+');
        path.remove_prefix(slash);
    }
    for (auto const& place : places)
        if (options_.private_ones.contains(place)) return error(403, "Forbidden", "private");
    bool const search = path == "/search";
    bool const comments = path == "/comments";
    if (!search && !comments && path != "/new") return error(404, "Not Found");
    auto const words = split_list(fold(params.get("q")), ' ');
    Listing wanted(now);
    wanted.match = [&](Post const& post) {
        if (is_comment(post) != comments) return false;
        if (!places.empty() &&
            std::find(places.begin(), places.end(), fold(post.place)) == places.end())
            return false;
        std::string const text = search ? fold(post.text) : std::string();
        return std::all_of(words.begin(), words.end(), [&](std::string const& word) {
            return text.find(word) != std::string::npos;
        });
    };
    return listing(request, wanted, items);
}

ServerResponse RedditStandIn::info(ServerRequest const& request, WallTime now,
                                   std::size_t& items) const {
    auto const ids = split_list(Params(request.query).get("id"));
    JsonWriter json;
    json.object().field("kind", "Listing").key("data").object().key("after").null();
    json.key("children").array();
    for (std::size_t i = 0; i < std::min<std::size_t>(ids.size(), 100); ++i) {
        Post const* const post = book_.find(ids[i]);
        if (post == nullptr || post->visible_at > now) continue;  // unknown ones are left out
        write_child(json, *post, post->visible(now) ? Gone::no : post->gone);
        ++items;
    }
    json.end().key("before").null().end().end();
    return json_answer(200, json.take());
}

// What is beyond the cap cannot be seen, whatever is asked.
ServerResponse RedditStandIn::listing(ServerRequest const& request, Listing const& listing,
                                      std::size_t& items) {
    Params const params(request.query);
    auto const after = params.get("after");
    auto const asked = params.number("limit").value_or(25);
    auto const limit = std::min<std::size_t>(
        static_cast<std::size_t>(std::clamp<std::int64_t>(asked, 1, 100)), options_.page_max);
    // One more than a first page says that there is another.
    std::size_t const most =
        after.empty() ? std::min(options_.listing_cap, limit + 1) : options_.listing_cap;
    auto const all = book_.newest(listing, 0, most).posts;
    std::size_t begin = 0;
    if (!after.empty()) {
        auto const anchor = std::find_if(all.begin(), all.end(),
                                         [&](Post const* post) { return post->id == after; });
        begin = static_cast<std::size_t>(anchor - all.begin());
        if (anchor != all.end()) ++begin;
    }
    std::size_t const end = std::min(begin + limit, all.size());
    std::size_t const first = begin - std::min(take_repeat(), begin);
    JsonWriter json;
    json.object().field("kind", "Listing").key("data").object().key("after");
    if (end < all.size())
        json.value(all[end - 1]->id);
    else
        json.null();
    json.field("dist", std::uint64_t{end - std::min(first, end)}).key("children").array();
    for (std::size_t i = first; i < end; ++i, ++items) write_child(json, *all[i]);
    json.end().key("before").null().end().end();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
