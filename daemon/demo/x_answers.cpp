// X's endpoints, each from a request that was let in to its answer.
#include "daemon/demo/snowflake.h"
#include "daemon/demo/words.h"
#include "daemon/demo/x_call.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

ServerResponse invalid(std::string body) {
    return json_answer(400, std::move(body), "application/problem+json");
}

// Buckets ascend; the first and the last may be parts.
std::string write_x_counts(PostBook const& book, Listing const& all, std::chrono::seconds step,
                           bool post_names) {
    auto const end = std::chrono::floor<std::chrono::seconds>(all.to);
    auto from = std::chrono::floor<std::chrono::seconds>(all.from);
    std::uint64_t total = 0;
    JsonWriter json;
    json.object().key("data").array();
    while (from < end) {
        auto const since = from.time_since_epoch();
        auto const to = std::min(end, std::chrono::sys_seconds{since - since % step + step});
        Listing bucket = all;
        bucket.from = std::max<WallTime>(from, all.from);
        bucket.to = to;
        std::uint64_t const n = book.count(bucket);
        json.object().field("start", x_timestamp(from)).field("end", x_timestamp(to));
        json.field(post_names ? "post_count" : "tweet_count", n).end();
        total += n;
        from = to;
    }
    json.end().key("meta").object();
    json.field(post_names ? "total_post_count" : "total_tweet_count", total).end().end();
    return json.take();
}

}  // namespace

ServerResponse XStandIn::search(Call& call) {
    auto bad = read_names(call, {"query", "max_results", "next_token", "pagination_token",
                                 "start_time", "end_time", "since_id", "until_id", "sort_order"});
    if (!bad) bad = read_query(call);
    if (!bad) bad = read_limit(call, 10);
    if (!bad) bad = read_bounds(call, true);
    if (!bad) bad = read_token(call);
    if (bad) return invalid(std::move(*bad));
    if (auto empty = broke()) return std::move(*empty);
    call.listing.match = [&](Post const& post) {
        std::uint64_t const id = id_number(post.id);
        if (call.since_id != 0 && id <= call.since_id) return false;
        if (call.until_id != 0 && id >= call.until_id) return false;
        if (post.kind == MentionKind::repost) return false;  // since 2026-05-04
        return call.query ? call.query->matches(post, book_) : post.stream == call.tag;
    };
    if (call.anchor != 0) call.listing.repeat = take_repeat();
    return page(call, book_.newest(call.listing, call.anchor, call.limit), false, false);
}

// The newest `timeline_depth` posts of the kind: what lies deeper is not there, and a since_id that
// is deeper is taken as the oldest there is.
ServerResponse XStandIn::timeline(Call& call, bool mentions) {
    auto bad = read_names(call, {"max_results", "pagination_token", "start_time", "end_time",
                                 "since_id", "until_id", "exclude"});
    if (!bad) bad = read_limit(call, 5);
    if (!bad) bad = read_bounds(call, false);
    if (!bad) bad = read_token(call);
    if (bad) return invalid(std::move(*bad));
    if (auto empty = broke()) return std::move(*empty);
    auto const known = std::find_if(options_.users.begin(), options_.users.end(),
                                    [&](XUser const& u) { return u.id == call.argument; });
    std::string const handle = known == options_.users.end() ? "" : fold(known->username);
    Listing all(call.now);
    all.match = [&, handle](Post const& post) {
        if (!mentions) return post.author.id == call.argument;
        return post.author.id != call.argument && has_signed(fold(post.text), '@', handle);
    };
    // A book's walk is cheap enough to find the depth anew for every page.
    PostPage const deep = book_.newest(all, 0, mentions ? options_.timeline_depth : 3200);
    std::uint64_t const oldest = deep.posts.empty() ? 0 : id_number(deep.posts.back()->id);
    call.listing.match = [&, oldest](Post const& post) {
        std::uint64_t const id = id_number(post.id);
        if (id < oldest || !all.match(post)) return false;
        return (call.since_id == 0 || id > call.since_id) &&
               (call.until_id == 0 || id < call.until_id);
    };
    if (call.anchor != 0) call.listing.repeat = take_repeat();
    PostPage found = call.backward ? book_.oldest(call.listing, call.anchor, call.limit)
                                   : book_.newest(call.listing, call.anchor, call.limit);
    if (call.backward) std::reverse(found.posts.begin(), found.posts.end());
    return page(call, std::move(found), true, call.backward);
}

ServerResponse XStandIn::page(Call& call, PostPage found, bool timeline, bool backward) {
    auto const& posts = found.posts;
    if (found.lost) {
        auto const* const name = call.params.has("next_token") ? "next_token" : "pagination_token";
        return invalid(x_invalid(name, call.params.get(name), "The token is not valid any more"));
    }
    JsonWriter json;
    json.object();
    if (!posts.empty()) {
        json.key("data").array();
        for (Post const* post : posts) write_x_post(json, *post, call.fields, book_);
        json.end();
        auto const missing = write_x_includes(json, posts, call.fields, book_, call.now);
        if (!missing.empty()) {
            json.key("errors").array();
            for (auto const& id : missing)
                write_x_missing(json, "tweet", "referenced_tweets.id", id, false);
            json.end();
        }
    }
    json.key("meta").object();
    if (!posts.empty()) {
        auto const question = x_question(call.request, call.params);
        bool const older = backward || found.more;
        json.field("newest_id", posts.front()->id).field("oldest_id", posts.back()->id);
        if (older) json.field("next_token", x_token(question, posts.back()->serial, false));
        if (timeline && (backward ? found.more : call.anchor != 0))
            json.field("previous_token", x_token(question, posts.front()->serial, true));
    }
    json.field("result_count", std::uint64_t{posts.size()}).end().end();
    call.items = posts.size();
    charge(posts, call.now);
    return json_answer(200, json.take());
}

ServerResponse XStandIn::counts(Call& call) {
    auto bad =
        read_names(call, {"query", "start_time", "end_time", "since_id", "until_id", "granularity",
                          "search_count.fields", "next_token", "pagination_token"});
    if (!bad) bad = read_query(call);
    if (!bad) bad = read_bounds(call, true);
    auto const granularity =
        call.params.has("granularity") ? call.params.get("granularity") : "hour";
    std::chrono::seconds const step{granularity == "minute" ? 60
                                    : granularity == "hour" ? 3600
                                                            : 86400};
    if (!bad && granularity != "minute" && granularity != "hour" && granularity != "day")
        bad = x_invalid("granularity", granularity,
                        "The `granularity` query parameter value [" + std::string(granularity) +
                            "] is not one of [minute,hour,day]");
    if (bad) return invalid(std::move(*bad));
    call.listing.match = [&](Post const& post) {
        std::uint64_t const id = id_number(post.id);
        if (post.kind == MentionKind::repost || (call.since_id != 0 && id <= call.since_id))
            return false;
        if (call.until_id != 0 && id >= call.until_id) return false;
        return call.query ? call.query->matches(post, book_) : post.stream == call.tag;
    };
    call.listing.with_gone = true;  // counts skip what compliance takes out of search

    bool const post_names =
        options_.spelling == XOptions::Spelling::post || call.params.has("search_count.fields");
    return json_answer(200, write_x_counts(book_, call.listing, step, post_names));
}

ServerResponse XStandIn::lookup(Call& call) {
    if (auto bad = read_names(call, {"ids"})) return invalid(std::move(*bad));
    auto const ids = split_list(call.params.get("ids"));
    if (ids.empty() || ids.size() > 100)
        return invalid(x_invalid("ids", call.params.get("ids"),
                                 "The number of values in the `ids` query parameter list [" +
                                     std::to_string(ids.size()) + "] is not between 1 and 100"));
    if (auto empty = broke()) return std::move(*empty);
    std::vector<Post const*> found;
    std::vector<std::pair<std::string, bool>> missing;
    for (auto const& id : ids) {
        Post const* const post = book_.find(id);
        if (post && post->visible(call.now)) {
            found.push_back(post);
        } else {
            missing.emplace_back(id, post && post->gone == Gone::hidden);
        }
    }
    JsonWriter json;
    json.object();
    if (!found.empty()) {
        json.key("data").array();
        for (Post const* post : found) write_x_post(json, *post, call.fields, book_);
        json.end();
        (void)write_x_includes(json, found, call.fields, book_, call.now);
    }
    if (!missing.empty()) {
        json.key("errors").array();
        for (auto const& [id, hidden] : missing) write_x_missing(json, "tweet", "ids", id, hidden);
        json.end();
    }
    json.end();
    call.items = found.size();
    charge(found, call.now);
    return json_answer(200, json.take());
}

ServerResponse XStandIn::lookup_one(Call& call) {
    if (auto bad = read_names(call, {})) return invalid(std::move(*bad));
    if (auto empty = broke()) return std::move(*empty);
    Post const* const post = book_.find(call.argument);
    if (!post || !post->visible(call.now))
        return json_answer(404,
                           x_problem(404, "Not Found Error",
                                     "Could not find tweet with id: [" + call.argument + "].",
                                     "https://api.x.com/2/problems/resource-not-found"),
                           "application/problem+json");
    JsonWriter json;
    json.object().key("data");
    write_x_post(json, *post, call.fields, book_);
    (void)write_x_includes(json, {post}, call.fields, book_, call.now);
    json.end();
    call.items = 1;
    charge({post}, call.now);
    return json_answer(200, json.take());
}

ServerResponse XStandIn::user(Call& call) {
    if (auto bad = read_names(call, {})) return invalid(std::move(*bad));
    std::string const name = fold(call.argument);
    auto const letter = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    if (name.size() > 15 || !std::all_of(name.begin(), name.end(), letter))
        return invalid(x_invalid("username", call.argument,
                                 "The `username` query parameter value [" + call.argument +
                                     "] does not match ^[A-Za-z0-9_]{1,15}$"));
    JsonWriter json;
    json.object();
    auto const known = std::find_if(options_.users.begin(), options_.users.end(),
                                    [&](XUser const& u) { return fold(u.username) == name; });
    if (known != options_.users.end()) {
        json.key("data");
        write_x_user(json, *known, call.fields);
    } else {
        json.key("errors").array();
        write_x_missing(json, "user", "username", call.argument, false);
        json.end();
    }
    json.end();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
