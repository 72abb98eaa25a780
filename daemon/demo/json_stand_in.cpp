#include "daemon/demo/json_stand_in.h"

#include "daemon/demo/params.h"
#include "daemon/demo/random.h"
#include "daemon/demo/snowflake.h"
#include "detectors/json_writer.h"

#include <algorithm>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

ServerResponse problem(int status, std::string_view title, std::string_view detail) {
    JsonWriter json;
    json.object().field("type", "about:blank").field("title", title).field("status", status);
    json.field("detail", detail).end();
    return json_answer(status, json.take(), "application/problem+json");
}

// "c" serial "." check: a made-up cursor is refused.
std::string cursor_of(std::uint64_t serial) {
    return "c" + std::to_string(serial) + "." + std::to_string(scramble(7, serial) % 100'000);
}

std::uint64_t serial_of(std::string_view cursor) {
    auto const dot = cursor.find('.');
    if (dot == std::string_view::npos || !cursor.starts_with('c')) return 0;
    std::uint64_t const serial = id_number(cursor.substr(1, dot - 1));
    return serial != 0 && cursor_of(serial) == cursor ? serial : 0;
}

void write_item(JsonWriter& json, Post const& post) {
    json.object().field("id", post.id).field("created_at", post.created_at);
    json.field("kind", detectors::to_string(post.kind)).field("text", post.text);
    json.text_if("lang", post.lang).field("url", "https://crm.example/items/" + post.id);
    if (!post.author.id.empty()) {
        json.key("user").object().field("id", post.author.id).field("handle", post.author.handle);
        json.field("followers", post.author.followers);
        json.time_if("created_at", post.author.created_at).end();
    }
    json.text_if("in_reply_to", post.in_reply_to).text_if("conversation", post.conversation);
    json.end();
}

}  // namespace

JsonStandIn::JsonStandIn(PostBook const& book, JsonOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.limit_per_minute, std::chrono::minutes{1}, true) {}

bool JsonStandIn::continues(ServerRequest const& request) const {
    return !Params(request.query).get("cursor").empty();
}

ServerResponse JsonStandIn::too_many(WallTime now) const {
    auto response = problem(429, "Too Many Requests", "Slow down.");
    WallTime const end = std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes{1};
    auto const left = std::chrono::ceil<std::chrono::seconds>(end - now);
    response.headers.emplace_back("Retry-After", std::to_string(left.count()));
    return response;
}

ServerResponse JsonStandIn::handle(ServerRequest const& request, WallTime now) {
    std::size_t items = 0;
    if (!window_.take(now)) return counted(too_many(now));
    auto response = answer(request, now, items);
    return counted(std::move(response), items);
}

ServerResponse JsonStandIn::refuse(Trouble trouble, ServerRequest const& /*request*/,
                                   WallTime now) {
    if (trouble == Trouble::rate_limited) return counted(too_many(now));
    if (trouble == Trouble::token_expired)
        return counted(problem(401, "Unauthorized", "The token has expired."));
    if (trouble == Trouble::expired_cursor)
        return counted(problem(400, "Bad Request", "The cursor has expired."));
    return counted(problem(500, "Internal Server Error", "Something went wrong."));
}

ServerResponse JsonStandIn::answer(ServerRequest const& request, WallTime now, std::size_t& items) {
    auto const given = exporters::header(request.headers, "Authorization");
    if (!options_.token.empty() && given != "Bearer " + options_.token)
        return problem(401, "Unauthorized", "A token is needed.");
    if (request.path != options_.path) return problem(404, "Not Found", "No such path.");
    Params const params(request.query);
    Listing listing(now);
    if (auto const since = std::string(params.get("since")); !since.empty()) {
        bool const by_id = since.starts_with("id:");
        if (Post const* const known = book_.find(by_id ? since.substr(3) : since)) {
            std::uint64_t const serial = known->serial;
            listing.from = known->ordered_at;
            listing.match = [=](Post const& post) { return post.serial != serial; };
        } else if (by_id) {
            return problem(400, "Bad Request", "`since` names no item.");
        } else if (auto const unix_time = whole_number(since)) {
            listing.from = WallTime{std::chrono::seconds{*unix_time}};
        } else if (auto const time = detectors::parse_time(since)) {
            listing.from = *time;
        } else {
            return problem(400, "Bad Request", "`since` is no time.");
        }
    }
    std::size_t limit = options_.limit_default;
    if (params.has("limit")) {
        auto const value = params.number("limit");
        if (!value || *value < 1) return problem(400, "Bad Request", "`limit` is no number.");
        limit = std::min(static_cast<std::size_t>(*value), options_.limit_max);
    }
    auto const cursor = params.get("cursor");
    std::uint64_t const anchor = cursor.empty() ? 0 : serial_of(cursor);
    if (!cursor.empty() && anchor == 0) return problem(400, "Bad Request", "Unknown cursor.");
    if (anchor != 0) listing.repeat = take_repeat();
    PostPage const page = options_.oldest_first ? book_.oldest(listing, anchor, limit)
                                                : book_.newest(listing, anchor, limit);
    if (page.lost) return problem(400, "Bad Request", "The cursor has expired.");
    JsonWriter json;
    json.object().key("data").array();
    for (Post const* post : page.posts) write_item(json, *post);
    json.end().key("meta").object();
    if (page.more) json.field("next", cursor_of(page.posts.back()->serial));
    json.end().end();
    items = page.posts.size();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
