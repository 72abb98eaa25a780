#include "daemon/demo/instagram_stand_in.h"

#include "daemon/demo/graph_call.h"
#include "daemon/demo/random.h"
#include "daemon/demo/signatures.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::chrono::minutes kBlock{5};
constexpr std::size_t kRepliesMax = 50;  // inside a comment
constexpr std::size_t kStray = 4;  // neighbours among which recent_media loses the order of time

ServerResponse missing(std::string const& id) {
    return graph_error(400, 100, 33,
                       "Unsupported get request. Object with ID '" + id +
                           "' does not exist, cannot be loaded due to missing permissions, or does "
                           "not support this operation.",
                       "GraphMethodException");
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

// "#acme" as a whole word.
bool has_tag(std::string_view text, std::string const& name) {
    std::string const all = lower(text), tag = "#" + name;
    for (auto at = all.find(tag); at != std::string::npos; at = all.find(tag, at + 1)) {
        auto const end = at + tag.size();
        if (end == all.size() || std::isalnum(static_cast<unsigned char>(all[end])) == 0)
            return true;
    }
    return false;
}

}  // namespace

struct InstagramStandIn::Ask {
    Ask(ServerRequest const& r, WallTime at) : params(r.query), now(at) {}
    Params params;
    WallTime now;
    std::vector<std::string> parts;
    std::string token;
    std::size_t items = 0;
    std::map<std::string, std::size_t> under;                    // comments, by medium
    std::map<std::string, std::vector<Post const*>> answers_to;  // oldest first, by comment
};

InstagramStandIn::InstagramStandIn(PostBook const& book, InstagramOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.calls, options_.calls_period, kBlock) {}

std::string InstagramStandIn::hashtag_id(std::string_view name) {
    return "1784" + std::to_string(detectors::stable_hash(lower(name)) % 10'000'000'000'000U);
}

bool InstagramStandIn::continues(ServerRequest const& request) const {
    return Params(request.query).has("after");
}

ServerResponse InstagramStandIn::handle(ServerRequest const& request, WallTime now) {
    Ask ask(request, now);
    ask.parts = split_list(request.path, '/');
    if (!ask.parts.empty() && ask.parts[0].size() > 2 && ask.parts[0][0] == 'v' &&
        ask.parts[0].find('.') != std::string::npos)
        ask.parts.erase(ask.parts.begin());
    auto const given = exporters::header(request.headers, "Authorization");
    ask.token = ask.params.get("access_token");
    if (ask.token.empty() && given.starts_with("Bearer ")) ask.token = given.substr(7);
    ServerResponse response;
    auto const proof = ask.params.get("appsecret_proof");
    if (ask.token.empty()) {
        response = graph_error(400, 104, 0, "An access token is required.");
    } else if (!options_.access_token.empty() && ask.token != options_.access_token) {
        response = graph_error(400, 190, 0, "Invalid OAuth access token");
    } else if (!proof.empty() && !options_.app_secret.empty() &&
               !same_bytes(proof, hex(hmac_sha256(options_.app_secret, ask.token)))) {
        response = graph_error(400, 100, 0, "Invalid appsecret_proof provided");
    } else if (!window_.take(now)) {
        response = graph_error(400, 80002, 0, "(#80002) There have been too many calls");
    } else {
        response = answer(ask);
    }
    bool const throttled = window_.blocked(now).count() > 0;
    if (int const percent = window_.percent(); percent >= options_.usage_shown_from) {
        JsonWriter json;
        json.object().key(options_.user).array().object().field("type", "instagram");
        json.field("call_count", percent).field("total_cputime", 1).field("total_time", 1);
        json.field("estimated_time_to_regain_access", std::int64_t{window_.blocked(now).count()});
        json.end().end().end();
        response.headers.emplace_back("X-Business-Use-Case-Usage", json.take());
    }
    if (!throttled) return counted(std::move(response), ask.items);
    int const status = response.status;
    response.status = 429;  // the envelope says 400; the books say what it was
    response = counted(std::move(response));
    response.status = status;
    return response;
}

ServerResponse InstagramStandIn::refuse(Trouble trouble, ServerRequest const&, WallTime) {
    if (trouble == Trouble::rate_limited) {
        auto response = graph_error(400, 4, 0, "(#4) Application request limit reached");
        response.status = 429;
        response = counted(std::move(response));
        response.status = 400;
        return response;
    }
    if (trouble == Trouble::token_expired)
        return counted(
            graph_error(400, 190, 463, "Error validating access token: Session has expired."));
    if (trouble == Trouble::expired_cursor)
        return counted(graph_error(400, 100, 0, "(#100) Invalid cursors values"));
    return counted(graph_error(500, 2, 0, "(#2) Service temporarily unavailable"));
}

ServerResponse InstagramStandIn::answer(Ask& ask) {
    if (ask.parts.size() == 1 && ask.parts[0] == "ig_hashtag_search") return search(ask);
    if (ask.parts.size() == 1) return object(ask);
    if (ask.parts.size() != 2) return graph_error(400, 2500, 0, "Unknown path components");
    std::string const& id = ask.parts[0];
    std::string const& edge = ask.parts[1];
    Listing listing(ask.now);
    if (edge == "recent_media") {
        auto const tag = hashtags_.find(id);
        if (tag == hashtags_.end()) return missing(id);
        if (ask.params.get("user_id") != options_.user)
            return graph_error(400, 100, 0, "(#100) user_id is required");
        listing.from = ask.now - options_.hashtag_reach;
        listing.match = [name = tag->second](Post const& p) {
            return p.place != "comments" && has_tag(p.text, name);
        };
        return list(ask, std::move(listing), false, true);
    }
    if (edge == "comments") {
        Post const* const medium = book_.find(id);
        if (medium == nullptr || !medium->visible(ask.now) || medium->place != "posts")
            return missing(id);
        listing.match = [id](Post const& p) {
            return p.place == "comments" && p.in_reply_to == id;
        };
        return list(ask, std::move(listing), true, false);
    }
    if (id != options_.user) return missing(id);
    if (edge != "tags" && edge != "media") return graph_error(400, 2500, 0, "Unknown edge");
    std::string const place = edge == "tags" ? "tagged" : "posts";
    listing.match = [place](Post const& p) { return p.place == place; };
    return list(ask, std::move(listing), false, false);
}

ServerResponse InstagramStandIn::object(Ask& ask) const {
    Post const* const post = book_.find(ask.parts[0]);
    if (post == nullptr || !post->visible(ask.now)) return missing(ask.parts[0]);
    bool const comment = post->place == "comments";
    for (std::string const& field : split_list(ask.params.get("fields")))
        if (field == (comment ? "caption" : "text"))
            return graph_error(400, 100, 0,
                               "(#100) Tried accessing nonexisting field (" + field + ")");
    JsonWriter json;
    json.object().field("id", post->id).field(comment ? "text" : "caption", post->text).end();
    ask.items = 1;
    return json_answer(200, json.take());
}

ServerResponse InstagramStandIn::search(Ask& ask) {
    std::string const name = lower(ask.params.get("q"));
    if (ask.params.get("user_id") != options_.user || name.empty())
        return graph_error(400, 100, 0, "(#100) user_id and q are required");
    std::erase_if(searched_,
                  [&](auto const& s) { return ask.now - s.second >= options_.hashtags_period; });
    if (!searched_.contains(name) && searched_.size() >= options_.hashtags)
        return graph_error(400, 18, 2207034,
                           "(#18) Max. amount of hashtags searched in the last 7 days reached");
    searched_.emplace(name, ask.now);  // asking again does not begin its seven days anew
    std::string const id = hashtag_id(name);
    hashtags_[id] = name;
    JsonWriter json;
    json.object().key("data").array().object().field("id", id).end().end().end();
    return json_answer(200, json.take());
}

void InstagramStandIn::write(JsonWriter& json, Ask& ask, Post const& post, bool comment) const {
    auto const fields = ask.params.get("fields");
    auto const asked = [&](std::string_view name) {
        return fields.find(name) != std::string_view::npos;
    };
    json.object().field("id", post.id);
    if (asked("timestamp")) {
        json.key("timestamp");
        write_graph_time(json, post.created_at, ask.params);
    }
    if (comment) {
        json.field("text", post.text).field("username", post.author.handle);
        json.key("from").object().field("id", post.author.id);
        json.field("username", post.author.handle).end();
        return;
    }
    json.field("caption", post.text);
    json.field("permalink", "https://www.instagram.com/p/" + post.id + "/");
    if (asked("comments_count")) json.field("comments_count", std::int64_t(ask.under[post.id]));
    if (asked("username")) json.field("username", post.author.handle);
    if (asked("owner") && post.own) json.key("owner").object().field("id", options_.user).end();
}

ServerResponse InstagramStandIn::list(Ask& ask, Listing listing, bool comments, bool strays) {
    std::uint64_t anchor = 0;
    if (ask.params.has("after")) {
        anchor = read_graph_cursor(ask.params.get("after"));
        if (anchor == 0) return graph_error(400, 100, 0, "(#100) Invalid cursors values");
        listing.repeat = take_repeat();
    }
    auto const limit = static_cast<std::size_t>(std::clamp<std::int64_t>(
        ask.params.number("limit").value_or(25), 1, static_cast<std::int64_t>(options_.page)));
    PostPage page = book_.newest(listing, anchor, limit);
    Post const* const at = book_.serial(anchor);
    if (anchor != 0 && (page.lost || at == nullptr || !at->visible(ask.now)))
        return graph_error(400, 100, 0, "(#100) Invalid cursors values");
    std::uint64_t const last = page.posts.empty() ? 0 : page.posts.back()->serial;
    if (strays)
        for (std::size_t i = 0; i + kStray <= page.posts.size(); i += kStray)
            std::reverse(page.posts.begin() + std::ptrdiff_t(i),
                         page.posts.begin() + std::ptrdiff_t(i + kStray));
    Listing said(ask.now);
    said.match = [](Post const& p) { return p.place == "comments"; };
    for (Post const* const one : book_.oldest(said, 0, PostBook::kCapacity).posts) {
        ++ask.under[one->conversation];
        if (comments) ask.answers_to[one->in_reply_to].push_back(one);
    }
    JsonWriter json;
    json.object().key("data").array();
    for (Post const* const post : page.posts) {
        write(json, ask, *post, comments);
        if (comments) {
            auto const& found = ask.answers_to[post->id];
            if (!found.empty()) {
                json.key("replies").object().key("data").array();
                for (std::size_t i = 0; i < std::min(found.size(), kRepliesMax); ++i) {
                    write(json, ask, *found[i], true);
                    json.end();
                }
                json.end().end();
            }
        }
        json.end();
    }
    json.end();
    if (page.more) {
        json.key("paging").object().key("cursors").object().field("after", graph_cursor(last));
        json.end().field("next", "https://graph.facebook.com/?after=" + graph_cursor(last)).end();
    }
    json.end();
    ask.items = page.posts.size();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
