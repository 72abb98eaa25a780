#include "daemon/demo/more_places.h"

#include "daemon/demo/feed_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/phrases.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"

#include <algorithm>
#include <cmath>

namespace surged::daemon::demo {
namespace {

using std::chrono::milliseconds;

// Half of the posts answer one of the last.
Post const* answered(Random& random, std::deque<Post> const& before) {
    return before.empty() || random.chance(0.5) ? nullptr : &before[random.below(before.size())];
}

void answer(Post& post, Post const* other, MentionKind kind) {
    if (other == nullptr) return;
    post.kind = kind;
    post.in_reply_to = other->id;
    post.conversation = other->conversation.empty() ? other->id : other->conversation;
}

void shape_hackernews(Post& post, Random& random, std::uint64_t number,
                      std::deque<Post> const& before) {
    post.id = std::to_string(number);
    answer(post, answered(random, before), MentionKind::comment);
    post.visible_at = post.created_at + milliseconds{std::int64_t(random.below(40'000))};
}

void shape_reddit(Post& post, Random& random, std::uint64_t number,
                  std::deque<Post> const& before) {
    answer(post, answered(random, before), MentionKind::comment);
    post.id = (post.kind == MentionKind::comment ? "t1_" : "t3_") + std::to_string(number);
    post.place = "acme";
    post.visible_at = post.created_at + milliseconds{std::int64_t(random.below(30'000))};
}

void shape_youtube(Post& post, Random& random, std::uint64_t number,
                   std::deque<Post> const& before) {
    post.kind = MentionKind::comment;
    post.place = "video" + std::to_string(number / 400);
    post.id = "Ug" + std::to_string(number);
    Post const* const other = answered(random, before);
    if (other == nullptr || other->kind != MentionKind::comment) return;
    answer(post, other, MentionKind::reply);
    post.place = other->place;
    post.id = other->id + "." + std::to_string(number);
}

void shape_feed(Post& post, Random& /*random*/, std::uint64_t number,
                std::deque<Post> const& /*before*/) {
    post.id = std::to_string(number);
}

void shape_instagram(Post& post, Random& /*random*/, std::uint64_t number,
                     std::deque<Post> const& /*before*/) {
    post.id = "17895" + std::to_string(number);
    post.place = "tagged";
    post.text += " #acme";
}

double hour_curve(WallTime t) {
    constexpr double kPi = 3.141592653589793;
    auto const day = std::chrono::floor<std::chrono::days>(t);
    double const h = static_cast<double>((t - day).count()) / 3'600'000.0;
    return 1.0 + 0.5 * std::cos(2 * kPi * (h - 18.0) / 24.0);
}

}  // namespace

std::vector<MorePlace> const& more_places() {
    static std::vector<MorePlace> const table = {
        {"hackernews", 0.06,
         [](PostBook const& book, std::string const&) -> std::unique_ptr<StandIn> {
             return std::make_unique<HackernewsStandIn>(book, HackernewsOptions{});
         },
         shape_hackernews, [](std::string const&, std::string const&) { return std::string(); },
         [](std::string const& url) {
             return "platform: hackernews, base_url: \"" + url +
                    "\", kind: search, query: acme, every: 30s";
         }},
        {"reddit", 0.2,
         [](PostBook const& book, std::string const& token) -> std::unique_ptr<StandIn> {
             RedditOptions options;
             options.client_secret = token;
             return std::make_unique<RedditStandIn>(book, std::move(options));
         },
         shape_reddit,
         [](std::string const& url, std::string const& token_file) {
             return "platform: reddit, base_url: \"" + url +
                    "\", client_id: demo-client, client_secret_file: " + token_file +
                    ", user_agent: \"demo:surged:1 (by /u/acme)\"";
         },
         [](std::string const&) {
             return std::string("kind: subreddit, subreddit: acme, every: 30s");
         }},
        {"youtube", 0.15,
         [](PostBook const& book, std::string const& token) -> std::unique_ptr<StandIn> {
             YoutubeOptions options;
             options.key = token;
             return std::make_unique<YoutubeStandIn>(book, std::move(options));
         },
         shape_youtube,
         [](std::string const& url, std::string const& token_file) {
             return "platform: youtube, base_url: \"" + url + "\", api_key_file: " + token_file;
         },
         [](std::string const&) {
             return std::string("kind: comments, channel: UCacme, every: 60s");
         }},
        {"instagram", 0.15,
         [](PostBook const& book, std::string const& token) -> std::unique_ptr<StandIn> {
             InstagramOptions options;
             options.access_token = token;
             return std::make_unique<InstagramStandIn>(book, std::move(options));
         },
         shape_instagram,
         [](std::string const& url, std::string const& token_file) {
             return "platform: instagram, base_url: \"" + url +
                    "\", access_token_file: " + token_file;
         },
         [](std::string const&) {
             return "kind: mentions, user: \"" + InstagramOptions{}.user + "\", every: 60s";
         }},
        {"feed", 0.02,
         [](PostBook const& book, std::string const&) -> std::unique_ptr<StandIn> {
             return std::make_unique<FeedStandIn>(book, FeedOptions{});
         },
         shape_feed, [](std::string const&, std::string const&) { return std::string(); },
         [](std::string const& url) {
             return "platform: feed, kind: feed, url: \"" + url + "/feed.rss\", every: 5m";
         }},
    };
    return table;
}

MorePosts::MorePosts(WallTime now, std::uint64_t seed, std::chrono::hours history)
    : next_minute_(detectors::floor_minute(now - history)) {
    for (std::size_t i = 0; i < more_places().size(); ++i)
        places_.push_back({std::make_unique<PostBook>(), Random(scramble(seed + 77, i)), {}});
    advance(now);
}

void MorePosts::advance(WallTime now) {
    for (; next_minute_ <= now; next_minute_ += detectors::kMinute) minute(next_minute_);
}

void MorePosts::minute(WallTime start) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
        MorePlace const& row = more_places()[i];
        Place& place = places_[i];
        std::uint64_t const n = place.random.poisson(row.rate * hour_curve(start));
        std::vector<WallTime> times;
        for (std::uint64_t k = 0; k < n; ++k)
            times.push_back(start + milliseconds{std::int64_t(place.random.below(60'000))});
        std::sort(times.begin(), times.end());
        for (WallTime const at : times) {
            Post post;
            post.platform = row.platform;
            post.created_at = at;
            post.author.id = std::to_string(3'000'000 + place.random.below(5000));
            post.author.handle = person_name(place.random);
            post.text = everyday_phrase(place.random);
            post.lang = "en";
            post.metrics.likes = static_cast<std::int64_t>(place.random.poisson(2.0));
            row.shape(post, place.random, ++number_, place.recent);
            place.recent.push_back(place.book->append(std::move(post)));
            if (place.recent.size() > kRecent) place.recent.pop_front();
        }
    }
}

}  // namespace surged::daemon::demo
