#include "daemon/demo/hackernews_stand_in.h"

#include "daemon/demo/params.h"
#include "daemon/demo/words.h"
#include "detectors/json_writer.h"

#include <algorithm>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;
using std::chrono::milliseconds;
using std::chrono::seconds;

ServerResponse error(int status, std::string_view message) {
    JsonWriter json;
    json.object().field("message", message).field("status", status).end();
    return json_answer(status, json.take());
}

// created_at_i, whole seconds: >= > <= < =, joined by commas. False: not understood.
bool read_filters(std::string_view text, Listing& listing) {
    for (std::string const& part : split_list(text)) {
        std::string_view rest = part;
        if (!rest.starts_with("created_at_i")) return false;
        rest.remove_prefix(12);
        bool const greater = rest.starts_with('>');
        if (!greater && !rest.starts_with('<')) return false;
        rest.remove_prefix(1);
        bool const equal = rest.starts_with('=');
        if (equal) rest.remove_prefix(1);
        auto const at = whole_number(rest);
        if (!at) return false;
        WallTime const second{seconds{*at}};
        if (greater)
            listing.from = std::max(listing.from, equal ? second : second + seconds{1});
        else
            listing.to = std::min(listing.to, equal ? second + seconds{1} : second);
    }
    return true;
}

std::string html_of(std::string_view text) {
    std::string html;
    for (char const c : text)
        html += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '\'' ? "&#x27;" : std::string(1, c);
    return html;
}

void write_hit(JsonWriter& json, Post const& post) {
    bool const comment = post.kind == MentionKind::comment || post.kind == MentionKind::reply;
    std::int64_t const at = post.created_at.time_since_epoch() / seconds{1};
    json.object().field("objectID", post.id).field("author", post.author.handle);
    json.field("created_at", std::chrono::floor<seconds>(post.created_at));
    json.field("created_at_i", at);
    if (comment) {
        json.field("comment_text", "<p>" + html_of(post.text)).field("story_title", "A story");
        json.key("parent_id").value(std::int64_t(whole_number(post.in_reply_to).value_or(1)));
        json.key("story_id").value(std::int64_t(whole_number(post.conversation).value_or(1)));
        json.key("points").null();
    } else {
        json.field("title", post.text).field("url", "https://example.com/" + post.id);
        json.field("points", post.metrics.likes).field("num_comments", post.metrics.replies);
        json.key("story_id").value(std::int64_t(whole_number(post.id).value_or(1)));
    }
    json.key("_tags").array().value(comment ? "comment" : "story");
    json.value("author_" + post.author.handle).end().end();
}

}  // namespace

bool HackernewsStandIn::continues(ServerRequest const& request) const {
    Params const params(request.query);
    return params.number("page").value_or(0) > 0 ||
           params.get("numericFilters").find("created_at_i<") != std::string_view::npos;
}

ServerResponse HackernewsStandIn::handle(ServerRequest const& request, WallTime now) {
    std::size_t items = 0;
    if (!window_.take(now)) return counted(error(429, "Too many requests"));
    auto response = answer(request, now, items);
    return counted(std::move(response), items);
}

ServerResponse HackernewsStandIn::refuse(Trouble trouble, ServerRequest const& request,
                                         WallTime now) {
    if (trouble == Trouble::rate_limited) return counted(error(429, "Too many requests"));
    // There is neither a cursor nor a credential that could expire.
    if (trouble == Trouble::expired_cursor || trouble == Trouble::token_expired)
        return handle(request, now);
    return counted(
        json_answer(503, "<html><body>503 Service Unavailable</body></html>", "text/html"));
}

ServerResponse HackernewsStandIn::item(std::string const& id, WallTime now,
                                       std::size_t& items) const {
    Post const* const post = book_.find(id);
    if (post == nullptr || post->visible_at > now) return json_answer(200, "null");
    bool const comment = post->kind == MentionKind::comment || post->kind == MentionKind::reply;
    bool const gone = !post->visible(now);
    JsonWriter json;
    json.object().key("id").raw(id).field("type", comment ? "comment" : "story");
    json.field("time", std::int64_t{post->created_at.time_since_epoch() / seconds{1}});
    if (gone && post->gone == Gone::hidden) json.field("dead", true);
    if (gone && post->gone != Gone::hidden) {
        json.field("deleted", true);
    } else {
        json.field("by", post->author.handle);
        if (comment)
            json.field("text", html_of(post->text));
        else
            json.field("title", post->text);
    }
    json.end();
    ++items;
    return json_answer(200, json.take());
}

ServerResponse HackernewsStandIn::answer(ServerRequest const& request, WallTime now,
                                         std::size_t& items) {
    std::string_view const path = request.path;
    if (path.starts_with("/v0/item/") && path.ends_with(".json"))
        return item(std::string(path.substr(9, path.size() - 9 - 5)), now, items);
    if (path != "/api/v1/search_by_date") return error(404, "Path not found");
    Params const params(request.query);
    Listing listing(now);
    if (!read_filters(params.get("numericFilters"), listing))
        return error(400, "numericFilters: invalid");
    auto const words = split_list(fold(params.get("query")), ' ');
    auto const tags = params.get("tags");
    bool const stories = tags.find("story") != std::string_view::npos;
    bool const comments = tags.find("comment") != std::string_view::npos;
    bool const tolerant = params.get("typoTolerance") != "false";
    bool const names = params.get("restrictSearchableAttributes") == "author";
    std::string_view author;
    if (auto const at = tags.find("author_"); at != std::string_view::npos) {
        author = tags.substr(at + 7);
        author = author.substr(0, author.find_first_of(",)"));
    }
    listing.match = [&](Post const& post) {
        bool const story = post.kind == MentionKind::post;
        if (story ? !stories : !comments) return false;
        if (!author.empty() && post.author.handle != author) return false;
        if (post.place == "typo") return tolerant;
        std::string const text = fold(names ? post.author.handle : post.text);
        return std::all_of(words.begin(), words.end(), [&](std::string const& word) {
            return text.find(word) != std::string::npos;
        });
    };
    auto const asked = std::clamp<std::int64_t>(params.number("hitsPerPage").value_or(20), 0, 1000);
    auto const per_page = std::min(static_cast<std::size_t>(asked), options_.hits_max);
    auto const number = static_cast<std::size_t>(
        std::clamp<std::int64_t>(params.number("page").value_or(0), 0, 10'000));
    std::size_t const all = book_.count(listing);
    PostPage const page = book_.newest(listing, 0, options_.reachable);
    std::size_t const begin = std::min(number * per_page, page.posts.size());
    std::size_t const end = std::min(begin + per_page, page.posts.size());
    std::size_t const repeated = std::min(take_repeat(), begin);
    JsonWriter json;
    json.object().key("hits").array();
    for (std::size_t i = begin - repeated; i < end; ++i, ++items) write_hit(json, *page.posts[i]);
    json.end().field("nbHits", std::uint64_t{all}).field("page", std::uint64_t{number});
    std::size_t const pages = per_page == 0 ? 0 : (page.posts.size() + per_page - 1) / per_page;
    json.field("nbPages", std::uint64_t{pages}).field("hitsPerPage", std::uint64_t{per_page});
    json.field("exhaustiveNbHits", true).field("query", params.get("query")).end();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
