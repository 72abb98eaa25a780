#include "daemon/demo/youtube_stand_in.h"

#include "daemon/demo/random.h"
#include "daemon/demo/words.h"
#include "daemon/pollers/youtube.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;
using std::chrono::seconds;

ServerResponse error(int status, std::string_view reason, std::string_view message) {
    JsonWriter json;
    json.object().key("error").object().field("code", status).field("message", message);
    json.key("errors").array().object().field("message", message);
    json.field("domain", "youtube.quota").field("reason", reason).end().end().end().end();
    return json_answer(status, json.take());
}

std::string token_of(std::uint64_t serial) {
    return "Q" + std::to_string(serial) + "x" + std::to_string(scramble(11, serial) % 100'000);
}

std::uint64_t serial_of(std::string_view token) {
    auto const end = std::min(token.find('x'), token.size());
    if (end < 2 || token[0] != 'Q') return 0;
    auto const serial = whole_number(token.substr(1, end - 1)).value_or(0);
    bool const ours = serial > 0 && token_of(static_cast<std::uint64_t>(serial)) == token;
    return ours ? static_cast<std::uint64_t>(serial) : 0;
}

void write_comment(JsonWriter& json, Post const& post, bool with_video) {
    json.object().field("kind", "youtube#comment").field("id", post.id);
    json.key("snippet").object();
    if (with_video) json.field("videoId", post.place);
    if (post.kind == MentionKind::reply) json.field("parentId", post.in_reply_to);
    json.field("textDisplay", post.text).field("textOriginal", post.text);
    json.field("authorDisplayName", "@" + post.author.handle);
    if (!post.author.id.empty())
        json.key("authorChannelId").object().field("value", "UC" + post.author.id).end();
    json.field("likeCount", post.metrics.likes);
    json.field("publishedAt", std::chrono::floor<seconds>(post.created_at));
    json.field("updatedAt", std::chrono::floor<seconds>(post.created_at)).end().end();
}

std::string escaped(std::string_view text) {
    std::string out;
    for (char const c : text)
        out += c == '&' ? "&amp;" : c == '\'' ? "&#39;" : c == '"' ? "&quot;" : std::string(1, c);
    return out;
}

}  // namespace

bool YoutubeStandIn::continues(ServerRequest const& request) const {
    return Params(request.query).has("pageToken");
}

bool YoutubeStandIn::take(Bucket& bucket, std::uint64_t limit, WallTime now) {
    if (bucket.ends == kNoTime || now >= bucket.ends) {
        bucket.ends = next_pacific_midnight(now);
        bucket.used = 0;
    }
    if (bucket.used >= limit) {
        ++over_quota_;
        return false;
    }
    bucket.peak = std::max(bucket.peak, ++bucket.used);
    return true;
}

ServerResponse YoutubeStandIn::handle(ServerRequest const& request, WallTime now) {
    std::size_t items = 0;
    bool const search = request.path == "/youtube/v3/search";
    bool const enough =
        search ? take(searches_, options_.searches, now) : take(units_, options_.units, now);
    if (!enough)
        return counted(error(403, "quotaExceeded",
                             "The request cannot be completed because you have exceeded your "
                             "quota."));
    auto response = answer(request, now, items);
    return counted(std::move(response), items);
}

ServerResponse YoutubeStandIn::refuse(Trouble trouble, ServerRequest const& request, WallTime now) {
    // Refused requests cost as well.
    bool const search = request.path == "/youtube/v3/search";
    if (trouble != Trouble::rate_limited)
        (void)(search ? take(searches_, options_.searches, now)
                      : take(units_, options_.units, now));
    switch (trouble) {
        case Trouble::rate_limited:
            return counted(error(403, "rateLimitExceeded", "Too many requests at once."));
        case Trouble::expired_cursor:
            return counted(error(400, "invalidPageToken", "The page token is not valid."));
        case Trouble::token_expired: return counted(error(400, "keyInvalid", "Bad Request"));
        default: return counted(error(503, "backendError", "Backend Error"));
    }
}

ServerResponse YoutubeStandIn::answer(ServerRequest const& request, WallTime now,
                                      std::size_t& items) {
    Params const params(request.query);
    auto key = exporters::header(request.headers, "X-goog-api-key");
    if (key.empty()) key = params.get("key");
    if (key != options_.key) return error(400, "keyInvalid", "API key not valid.");
    if (request.path == "/youtube/v3/commentThreads") return threads(params, now, items);
    bool const videos = request.path == "/youtube/v3/videos";
    if (videos || (request.path == "/youtube/v3/comments" && params.has("id")))
        return by_id(params, now, videos, items);
    if (request.path == "/youtube/v3/comments") return replies(params, now, items);
    if (request.path == "/youtube/v3/search") return search(params, now, items);
    return error(404, "notFound", "Not Found");
}

bool YoutubeStandIn::page_of(Params const& params, Listing& listing, std::size_t limit,
                             PostPage& page) {
    auto const token = params.get("pageToken");
    std::uint64_t const anchor = serial_of(token);
    if (!token.empty() && anchor == 0) return false;
    if (anchor != 0) listing.repeat = take_repeat();
    page = book_.newest(listing, anchor, limit);
    return !page.lost;
}

ServerResponse YoutubeStandIn::threads(Params const& params, WallTime now, std::size_t& items) {
    auto const video = params.get("videoId");
    auto const channel = params.get("allThreadsRelatedToChannelId");
    if (video.empty() == channel.empty())
        return error(400, "missingRequiredParameter", "No filter");
    if (!channel.empty() && channel != options_.channel)
        return error(404, "channelNotFound", "The channel could not be found.");
    Listing listing(now);
    listing.match = [&](Post const& post) {
        return post.kind == MentionKind::comment && (video.empty() || post.place == video);
    };
    auto const asked = std::clamp<std::int64_t>(params.number("maxResults").value_or(20), 1, 100);
    PostPage page;
    if (!page_of(params, listing, std::min<std::size_t>(std::size_t(asked), options_.page_max),
                 page))
        return error(400, "invalidPageToken", "The page token is not valid.");
    // All their replies in one look at the book.
    std::unordered_map<std::string_view, std::vector<Post const*>> replies_of;
    if (!page.posts.empty()) {
        Listing answers(now);
        answers.from = page.posts.back()->created_at;
        answers.match = [](Post const& post) { return post.kind == MentionKind::reply; };
        for (Post const* reply : book_.oldest(answers, 0, PostBook::kCapacity).posts)
            replies_of[reply->in_reply_to].push_back(reply);
    }
    JsonWriter json;
    json.object().field("kind", "youtube#commentThreadListResponse");
    if (page.more) json.field("nextPageToken", token_of(page.posts.back()->serial));
    json.key("items").array();
    for (Post const* post : page.posts) {
        auto const& all = replies_of[post->id];
        json.object().field("kind", "youtube#commentThread").field("id", post->id);
        json.key("snippet").object().field("channelId", options_.channel);
        json.field("videoId", post->place).field("totalReplyCount", std::uint64_t{all.size()});
        json.key("topLevelComment");
        write_comment(json, *post, true);
        json.end();
        std::size_t const shown = std::min(all.size(), options_.replies_shown);
        if (shown > 0) {
            json.key("replies").object().key("comments").array();
            for (std::size_t i = 0; i < shown; ++i)
                write_comment(json, *all[all.size() - 1 - i], true);
            json.end().end();
        }
        json.end();
        items += 1 + shown;
    }
    json.end().end();
    return json_answer(200, json.take());
}

ServerResponse YoutubeStandIn::by_id(Params const& params, WallTime now, bool videos,
                                     std::size_t& items) const {
    auto const ids = split_list(params.get("id"));
    if (ids.empty() || ids.size() > 50) return error(400, "invalidFilters", "Too many ids");
    JsonWriter json;
    json.object().key("items").array();
    for (auto const& id : ids) {
        Post const* const post = book_.find(id);
        if (post == nullptr || !post->visible(now) || (post->kind == MentionKind::post) != videos)
            continue;
        ++items;
        if (!videos) {
            write_comment(json, *post, false);
            continue;
        }
        json.object().field("kind", "youtube#video").field("id", id).key("snippet").object();
        json.field("publishedAt", std::chrono::floor<seconds>(post->created_at));
        json.field("channelId", "UC" + post->author.id).field("title", post->text);
        json.field("description", "all of it, which the search cuts").end().end();
    }
    json.end().end();
    return json_answer(200, json.take());
}

ServerResponse YoutubeStandIn::replies(Params const& params, WallTime now, std::size_t& items) {
    Post const* const thread = book_.find(std::string(params.get("parentId")));
    if (thread == nullptr || !thread->visible(now))
        return error(404, "parentCommentNotFound", "The comment could not be found.");
    Listing listing(now);
    listing.from = thread->created_at;
    listing.to = thread->created_at + std::chrono::days{3};
    listing.match = [&](Post const& post) {
        return post.kind == MentionKind::reply && post.in_reply_to == thread->id;
    };
    auto const asked = std::clamp<std::int64_t>(params.number("maxResults").value_or(20), 1, 100);
    PostPage page;
    if (!page_of(params, listing, std::min<std::size_t>(std::size_t(asked), options_.page_max),
                 page))
        return error(400, "invalidPageToken", "The page token is not valid.");
    JsonWriter json;
    json.object().field("kind", "youtube#commentListResponse");
    if (page.more) json.field("nextPageToken", token_of(page.posts.back()->serial));
    json.key("items").array();
    for (Post const* post : page.posts) write_comment(json, *post, false);
    json.end().end();
    items = page.posts.size();
    return json_answer(200, json.take());
}

ServerResponse YoutubeStandIn::search(Params const& params, WallTime now, std::size_t& items) {
    Listing listing(now);
    if (auto const after = params.get("publishedAfter"); !after.empty()) {
        auto const time = detectors::parse_time(after);
        if (!time) return error(400, "invalidValue", "publishedAfter");
        listing.from = *time;
    }
    auto const words = split_list(fold(params.get("q")), ' ');
    listing.match = [&](Post const& post) {
        if (post.kind != MentionKind::post) return false;
        std::string const text = fold(post.text);
        return std::all_of(words.begin(), words.end(), [&](std::string const& word) {
            return text.find(word) != std::string::npos;
        });
    };
    auto const asked = std::clamp<std::int64_t>(params.number("maxResults").value_or(5), 0, 50);
    PostPage page;
    if (!page_of(params, listing,
                 std::min<std::size_t>(std::size_t(asked), options_.search_page_max), page))
        return error(400, "invalidPageToken", "The page token is not valid.");
    JsonWriter json;
    json.object().field("kind", "youtube#searchListResponse");
    if (page.more) json.field("nextPageToken", token_of(page.posts.back()->serial));
    json.key("pageInfo").object().field("totalResults", 1'000'000).end().key("items").array();
    for (Post const* post : page.posts) {
        json.object().field("kind", "youtube#searchResult").key("id").object();
        json.field("kind", "youtube#video").field("videoId", post->id).end();
        json.key("snippet").object();
        json.field("publishedAt", std::chrono::floor<seconds>(post->created_at));
        json.field("channelId", "UC" + post->author.id).field("title", escaped(post->text));
        json.field("description", "").field("channelTitle", post->author.handle).end().end();
    }
    json.end().end();
    items = page.posts.size();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
