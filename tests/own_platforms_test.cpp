// Own posts and look-ups of Bluesky, Reddit, Hacker News, YouTube and Instagram: what is asked,
// what an answer means, what is no answer.
#include "daemon/demo/bluesky_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/pollers.h"
#include "tests/poller_kit.h"
#include "tests/web_kit.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <optional>

namespace surged::tests {
namespace {

using daemon::Lookup;
using daemon::demo::Gone;
using daemon::demo::Post;
using daemon::demo::PostBook;
using detectors::kNoTime;
using detectors::MentionKind;
using testing::ElementsAre, testing::IsEmpty, testing::UnorderedElementsAre;
using Ids = std::vector<std::string>;

daemon::AccountSettings graph_account() {
    return account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}});
}
daemon::AccountSettings youtube_account() {
    return account("https://www.googleapis.com", {{"api_key_file", "AIza-key-of-test"}});
}

daemon::demo::RedditOptions reddit_options() {
    daemon::demo::RedditOptions o;
    o.client_id = "abc";
    o.client_secret = "reddit-secret";
    return o;
}
daemon::demo::YoutubeOptions youtube_options() {
    daemon::demo::YoutubeOptions o;
    o.key = "AIza-key-of-test";
    return o;
}

std::unique_ptr<Lookup> lookup_of(std::string const& platform) {
    auto const with = platform == "bluesky"     ? bluesky_account()
                      : platform == "reddit"    ? reddit_account()
                      : platform == "youtube"   ? youtube_account()
                      : platform == "instagram" ? graph_account()
                                                : account("https://hn.algolia.com");
    auto lookup = daemon::platform(platform)->make_lookup(with, {});
    EXPECT_EQ(lookup->ready_at(kNow), kNoTime);
    return lookup;
}

// --- what an answer to a look-up means ---

struct LookupCase {
    char const* name;
    char const* platform;
    Ids ids;
    int status;
    std::string body;
    std::optional<Fault> fault;  // or:
    std::map<std::string, std::string> there = {};
    Ids gone = {}, hidden = {};
};

std::string const kAt = "at://did:plc:acme/app.bsky.feed.post/";
std::string bsky_post(std::string const& key, std::string const& text) {
    return R"({"uri":")" + kAt + key +
           R"(","author":{"did":"did:plc:acme","handle":"acme.example"},)" +
           R"("record":{"text":")" + text +
           R"(","createdAt":"2026-11-20T14:00:00.000Z"},"indexedAt":"2026-11-20T14:00:01.000Z"})";
}
std::string reddit_list(std::string const& children) {
    return R"({"kind":"Listing","data":{"after":null,"children":[)" + children + "]}}";
}
std::string const kHtml = "<!doctype html><html>blocked</html>";
std::string const kGraphGone =
    R"({"error":{"code":100,"error_subcode":33,"message":"does not exist"}})";

std::vector<LookupCase> const& lookup_cases() {
    using enum Fault;
    static std::vector<LookupCase> const kCases{
        // Bluesky leaves out what is gone.
        {"one there, one gone",
         "bluesky",
         {kAt + "1", kAt + "2"},
         200,
         R"({"posts":[)" + bsky_post("1", "hello") + "]}",
         {},
         {{kAt + "1", "hello"}},
         {kAt + "2"}},
        {"none there: the loop believes it no more than silence",
         "bluesky",
         {kAt + "1"},
         200,
         R"({"posts":[]})",
         {},
         {},
         {kAt + "1"}},
        {"one cannot be read: it may be the missing one",
         "bluesky",
         {kAt + "1", kAt + "2"},
         200,
         R"({"posts":[)" + bsky_post("1", "hello") + R"(,{"uri":"\ud800"}]})",
         {},
         {{kAt + "1", "hello"}}},
        {"throttled", "bluesky", {kAt + "1"}, 429, R"({"error":"RateLimitExceeded"})", throttled},
        {"token over", "bluesky", {kAt + "1"}, 400, R"({"error":"ExpiredToken"})", auth},
        {"upstream", "bluesky", {kAt + "1"}, 502, R"({"error":"UpstreamFailure"})", transient},
        {"no such method", "bluesky", {kAt + "1"}, 404, "{}", malformed},
        {"no list", "bluesky", {kAt + "1"}, 200, "{}", malformed},
        {"a page", "bluesky", {kAt + "1"}, 200, kHtml, malformed},
        {"cut", "bluesky", {kAt + "1"}, 200, R"({"posts":[{"uri":)", malformed},
        // Reddit tells what is gone by what is left of it, or not at all.
        {"there",
         "reddit",
         {"t3_a", "t1_b"},
         200,
         reddit_list(R"({"kind":"t3","data":{"name":"t3_a","title":"T","selftext":"S",)"
                     R"("removed_by_category":null,"author":"kim"}},)"
                     R"({"kind":"t1","data":{"name":"t1_b","body":"B","author":"jo"}})"),
         {},
         {{"t3_a", "T\nS"}, {"t1_b", "B"}}},
        {"an account that was closed leaves its texts",
         "reddit",
         {"t1_b"},
         200,
         reddit_list(R"({"kind":"t1","data":{"name":"t1_b","body":"B","author":"[deleted]"}})"),
         {},
         {{"t1_b", "B"}}},
        {"deleted, removed, by category, left out",
         "reddit",
         {"t1_a", "t1_b", "t3_c", "t3_d", "t1_e", "t1_f"},
         200,
         reddit_list(
             R"({"kind":"t1","data":{"name":"t1_a","body":"[deleted]","author":"[deleted]"}},)"
             R"({"kind":"t1","data":{"name":"t1_b","body":"[removed]","author":"[deleted]"}},)"
             R"({"kind":"t3","data":{"name":"t3_c","title":"T","selftext":"",)"
             R"("removed_by_category":"moderator"}},)"
             R"({"kind":"t3","data":{"name":"t3_d","title":"T","selftext":"[removed]"}},)"
             R"({"kind":"t1","data":{"name":"t1_f","body":"B"}})"),
         {},
         {{"t1_f", "B"}},
         {"t1_a", "t1_b", "t3_c", "t3_d", "t1_e"}},
        {"one has no name: it may be the missing one",
         "reddit",
         {"t1_a", "t1_b"},
         200,
         reddit_list(R"({"kind":"t1","data":{"body":"B"}},)"
                     R"({"kind":"t1","data":{"name":"t1_b","body":"B"}})"),
         {},
         {{"t1_b", "B"}}},
        {"throttled inside a 200",
         "reddit",
         {"t1_a"},
         200,
         R"({"message":"Too Many Requests","error":429})",
         throttled},
        {"a token that is over",
         "reddit",
         {"t1_a"},
         401,
         R"({"message":"Unauthorized","error":401})",
         auth},
        {"a page of network security", "reddit", {"t1_a"}, 403, kHtml, forbidden},
        {"not found", "reddit", {"t1_a"}, 404, R"({"message":"Not Found","error":404})", malformed},
        {"no listing", "reddit", {"t1_a"}, 200, R"({"kind":"Listing","data":{}})", malformed},
        {"a page with 200", "reddit", {"t1_a"}, 200, kHtml, malformed},
        // YouTube leaves out.
        {"one there, one gone",
         "youtube",
         {"UgzA1", "UgzA1.b"},
         200,
         R"({"items":[{"id":"UgzA1.b","snippet":{"textOriginal":"no","parentId":"UgzA1"}}]})",
         {},
         {{"UgzA1.b", "no"}},
         {"UgzA1"}},
        {"quota",
         "youtube",
         {"UgzA1"},
         403,
         R"({"error":{"errors":[{"reason":"quotaExceeded"}]}})",
         budget},
        {"throttled",
         "youtube",
         {"UgzA1"},
         403,
         R"({"error":{"errors":[{"reason":"rateLimitExceeded"}]}})",
         throttled},
        {"an error of one id",
         "youtube",
         {"UgzA1", "UgzB2"},
         404,
         R"({"error":{"errors":[{"reason":"commentNotFound"}]}})",
         not_found},
        {"a page", "youtube", {"UgzA1"}, 404, kHtml, malformed},
        {"no items", "youtube", {"UgzA1"}, 200, "{}", malformed},
        // Hacker News, one by one.
        {"a comment",
         "hackernews",
         {"17"},
         200,
         R"({"id":17,"type":"comment","by":"jo","text":"a &amp; b<p>c"})",
         {},
         {{"17", "a & b\nc"}}},
        {"a story",
         "hackernews",
         {"17"},
         200,
         R"({"id":17,"type":"story","title":"T","text":"S"})",
         {},
         {{"17", "T\nS"}}},
        {"deleted",
         "hackernews",
         {"17"},
         200,
         R"({"id":17,"type":"comment","deleted":true})",
         not_found},
        {"dead",
         "hackernews",
         {"17"},
         200,
         R"({"id":17,"by":"jo","text":"a","dead":true})",
         not_found},
        {"unknown", "hackernews", {"17"}, 200, "null\n", not_found},
        {"another item", "hackernews", {"17"}, 200, R"({"id":18,"text":"a"})", malformed},
        {"no such address", "hackernews", {"17"}, 404, kHtml, malformed},
        {"denied", "hackernews", {"17"}, 401, R"({"error":"Permission denied"})", auth},
        {"throttled", "hackernews", {"17"}, 429, "", throttled},
        {"nothing", "hackernews", {"17"}, 200, "", malformed},
        {"cut", "hackernews", {"17"}, 200, R"({"id":17,"te)", malformed},
        // Instagram, one by one.
        {"a medium",
         "instagram",
         {"179"},
         200,
         R"({"id":"179","caption":"C"})",
         {},
         {{"179", "C"}}},
        {"a medium without a caption",
         "instagram",
         {"179"},
         200,
         R"({"id":"179"})",
         {},
         {{"179", ""}}},
        {"100/33 of what was never seen",
         "instagram",
         {"179"},
         400,
         kGraphGone,
         {},
         {},
         {},
         {"179"}},
        {"no permission for what was never seen",
         "instagram",
         {"179"},
         403,
         R"({"error":{"code":10,"message":"no"}})",
         {},
         {},
         {},
         {"179"}},
        {"throttled",
         "instagram",
         {"179"},
         400,
         R"({"error":{"code":4,"message":"limit"}})",
         throttled},
        {"token over", "instagram", {"179"}, 400, R"({"error":{"code":190}})", auth},
        {"a page", "instagram", {"179"}, 404, kHtml, malformed},
        {"another object", "instagram", {"179"}, 200, R"({"id":"178","caption":"C"})", malformed},
        {"no object", "instagram", {"179"}, 200, "{}", malformed},
    };
    return kCases;
}

TEST(PlatformLookup, SaysWhatIsThereAndGoneAndNothingByFailures) {
    for (LookupCase const& c : lookup_cases()) {
        SCOPED_TRACE(std::string(c.platform) + ": " + c.name);
        auto const lookup = lookup_of(c.platform);
        ASSERT_LE(c.ids.size(), lookup->most());
        (void)lookup->request(c.ids);
        auto const read = lookup->accept(answer(c.status, c.body), c.ids, kNow);
        if (c.fault) {
            ASSERT_FALSE(read);
            EXPECT_EQ(to_string(read.error().fault), to_string(*c.fault)) << read.error().detail;
            continue;
        }
        if (!read) {
            ADD_FAILURE() << read.error().detail;
            continue;
        }
        std::map<std::string, std::string> there;
        for (auto const& seen : read->there) there[seen.id] = seen.text;
        EXPECT_EQ(there, c.there);
        EXPECT_EQ(read->gone, c.gone);
        EXPECT_EQ(read->hidden, c.hidden);
        EXPECT_FALSE(read->aside);
    }
}

TEST(PlatformLookup, AsksForAsManyAsThePlatformTakes) {
    auto const url = [](char const* platform, Ids const& ids) {
        return lookup_of(platform)->request(ids).url;
    };
    EXPECT_EQ(url("bluesky", {"at://a/b/1", "at://a/b/2"}),
              "https://bsky.example/xrpc/app.bsky.feed.getPosts?uris=at%3A%2F%2Fa%2Fb%2F1&"
              "uris=at%3A%2F%2Fa%2Fb%2F2");
    EXPECT_EQ(url("reddit", {"t3_a", "t1_b"}),
              "https://oauth.reddit.com/api/info?id=t3_a%2Ct1_b&raw_json=1");
    EXPECT_EQ(url("hackernews", {"17"}), "https://hacker-news.firebaseio.com/v0/item/17.json");
    EXPECT_EQ(url("instagram", {"179"}),
              "https://graph.facebook.com/v26.0/179?fields=id%2Ccaption");
    auto const youtube = lookup_of("youtube");
    Ids const videos{"dQw4w9WgXcQ"}, comments{"UgzAAAAAAAAAAAAAAAAAAAAA1", "UgzB.c"};
    EXPECT_EQ(path_of(youtube->request(videos)), "/youtube/v3/videos");
    EXPECT_EQ(path_of(youtube->request(comments)), "/youtube/v3/comments");
    EXPECT_NE(youtube->group(videos[0]), youtube->group(comments[0]));
    EXPECT_EQ(youtube->group(comments[0]), youtube->group(comments[1]));
    EXPECT_EQ(youtube->kind(), "comments") << "it costs of the comments' quota";
    std::map<std::string, std::size_t> most;
    for (auto const* name : {"bluesky", "reddit", "youtube", "hackernews", "instagram"})
        most[name] = lookup_of(name)->most();
    EXPECT_EQ(most, (std::map<std::string, std::size_t>{{"bluesky", 25},
                                                        {"reddit", 100},
                                                        {"youtube", 50},
                                                        {"hackernews", 1},
                                                        {"instagram", 1}}));
    for (auto const* name : {"feed", "json"})
        EXPECT_EQ(daemon::platform(name)->make_lookup, nullptr) << name;
}

TEST(PlatformLookup, OfVideosSaysNothingOfTheirTexts) {
    auto const lookup = lookup_of("youtube");
    Ids const ids{"dQw4w9WgXcQ"};
    auto const read = lookup->accept(
        answer(200,
               R"({"items":[{"id":"dQw4w9WgXcQ","snippet":{"title":"T","description":"D"}}]})"),
        ids, kNow);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->there.size(), 1u);
    EXPECT_FALSE(read->there[0].comparable);
}

TEST(PlatformLookup, OfInstagramLearnsWhatACommentIsAndBelievesOnlyAboutWhatItSaw) {
    auto const lookup = lookup_of("instagram");
    Ids const ids{"178"};
    std::string const no_caption =
        R"({"error":{"code":100,"message":"(#100) Tried accessing a nonexisting field"}})";
    auto const first = lookup->accept(answer(400, no_caption), ids, kNow);
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->aside);
    EXPECT_EQ(param(lookup->request(ids), "fields"), "id,text");
    EXPECT_NE(lookup->group(ids[0]), lookup->group("179")) << "a medium vouches for no comment";
    auto const there = lookup->accept(answer(200, R"({"id":"178","text":"hey"})"), ids, kNow);
    ASSERT_TRUE(there);
    EXPECT_EQ(there->there[0].text, "hey");
    auto const gone = lookup->accept(answer(400, kGraphGone), ids, kNow);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().fault, Fault::not_found);
    auto const shut =
        lookup->accept(answer(403, R"({"error":{"code":10,"message":"no"}})"), ids, kNow);
    ASSERT_FALSE(shut) << "what was ours to see is a lost permission, and told";
    EXPECT_EQ(shut.error().fault, Fault::forbidden);
}

// --- sessions ---

Post post_of(std::string const& platform, std::string id, std::string const& handle, WallTime at,
             std::string text) {
    Post p;
    p.platform = platform;
    p.id = std::move(id);
    p.created_at = p.visible_at = at;
    p.author.id = platform == "bluesky" ? "did:plc:" + handle.substr(0, handle.find('.')) : handle;
    p.author.handle = handle;
    p.text = std::move(text);
    p.lang = "en";
    return p;
}

HttpResponse serve(daemon::demo::StandIn& place, HttpRequest const& request, WallTime now) {
    return daemon::demo::to_client_response(
        place.handle(daemon::demo::to_server_request(request), now));
}

// Asks until an answer is about the posts; says what the requests were.
Ids ask(Lookup& lookup, daemon::demo::StandIn& place, Ids const& ids, WallTime now,
        Result<daemon::LookupAnswer>& out) {
    Ids paths;
    for (int i = 0; i < 5; ++i) {
        EXPECT_LE(lookup.ready_at(now), now);
        auto const request = lookup.request(ids);
        paths.push_back(path_of(request));
        out = lookup.accept(serve(place, request, now), ids, now);
        if (!out && out.error().fault == Fault::auth && lookup.reload_secrets()) continue;
        if (!out || !out->aside) break;
    }
    return paths;
}

TEST(PlatformLookup, LogsInWhereNoPollerOfTheAccountHas) {
    PostBook book;
    book.append(post_of("bluesky", kAt + "1", "acme.example", kNow - 1h, "hello"));
    book.append(post_of("reddit", "t1_1", "acme", kNow - 1h, "hello"));
    daemon::demo::BlueskyStandIn bluesky(book, {});
    daemon::demo::RedditStandIn reddit(book, reddit_options());
    Result<daemon::LookupAnswer> read = daemon::Failure();

    auto const sky = daemon::make_bluesky_lookup(bluesky_account(false), {});
    EXPECT_THAT(
        ask(*sky, bluesky, {kAt + "1"}, kNow, read),
        ElementsAre("/xrpc/com.atproto.server.createSession", "/xrpc/app.bsky.feed.getPosts"));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->there.size(), 1u);
    EXPECT_THAT(ask(*sky, bluesky, {kAt + "1"}, kNow + 1min, read),
                ElementsAre("/xrpc/app.bsky.feed.getPosts"));
    bluesky.revoke();  // the password stands: a new login mends it, once the pause is over
    EXPECT_EQ(ask(*sky, bluesky, {kAt + "1"}, kNow + 20min, read).back(),
              "/xrpc/app.bsky.feed.getPosts");
    ASSERT_TRUE(read) << read.error().detail;

    auto const snoo = daemon::make_reddit_lookup(reddit_account("https://r.sim", false), {});
    EXPECT_THAT(ask(*snoo, reddit, {"t1_1"}, kNow, read),
                ElementsAre("/api/v1/access_token", "/api/info"));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->there.size(), 1u);
    EXPECT_THAT(ask(*snoo, reddit, {"t1_1"}, kNow + 25h, read),
                ElementsAre("/api/v1/access_token", "/api/info"));
}

// --- stand-ins and look-ups agree ---

TEST(PlatformLookup, SeesWhatTheStandInsDelete) {
    PostBook book;
    std::string const long_ago = "UgzA1AAAAAAAAAAAAAAAAAAAA";
    auto const add = [&](std::string const& platform, std::string const& id, MentionKind kind) {
        Post p = post_of(platform, id, "kim", kNow - 1h, "it's a & b");
        p.kind = kind;
        if (platform == "instagram") p.place = kind == MentionKind::post ? "posts" : "comments";
        if (platform == "youtube") p.place = "dQw4w9WgXcQ";
        book.append(std::move(p));
    };
    std::map<std::string, std::array<std::string, 2>> const ids{
        {"bluesky", {kAt + "1", kAt + "2"}},
        {"reddit", {"t1_1", "t1_2"}},
        {"youtube", {long_ago, long_ago + ".x"}},
        {"hackernews", {"1", "2"}},
        {"instagram", {"1791", "1792"}}};
    for (auto const& [platform, both] : ids)
        for (auto const& id : both) add(platform, id, MentionKind::comment);
    daemon::demo::BlueskyStandIn bluesky(book, {});
    daemon::demo::RedditStandIn reddit(book, reddit_options());
    daemon::demo::YoutubeStandIn youtube(book, youtube_options());
    daemon::demo::HackernewsStandIn hackernews(book, {});
    daemon::demo::InstagramStandIn instagram(book, {});
    std::map<std::string, daemon::demo::StandIn*> const places{{"bluesky", &bluesky},
                                                               {"reddit", &reddit},
                                                               {"youtube", &youtube},
                                                               {"hackernews", &hackernews},
                                                               {"instagram", &instagram}};
    for (auto const& [platform, both] : ids) {
        SCOPED_TRACE(platform);
        auto const lookup =
            platform == "bluesky" ? daemon::make_bluesky_lookup(bluesky_account(false), {})
            : platform == "reddit"
                ? daemon::make_reddit_lookup(reddit_account("https://r.sim", false), {})
                : lookup_of(platform);
        Result<daemon::LookupAnswer> read = daemon::Failure();
        auto const look = [&](WallTime now) {
            Ids there, gone;
            bool const together = lookup->most() > 1;
            for (std::size_t i = 0; i < 2; i += together ? 2 : 1) {
                Ids const asked = together ? Ids{both[0], both[1]} : Ids{both[i]};
                (void)ask(*lookup, *places.at(platform), asked, now, read);
                if (!read && read.error().fault == Fault::not_found) gone.push_back(asked[0]);
                if (!read) continue;
                for (auto const& seen : read->there) {
                    there.push_back(seen.id);
                    EXPECT_EQ(seen.text, "it's a & b");
                }
                gone.insert(gone.end(), read->gone.begin(), read->gone.end());
            }
            return std::pair{there, gone};
        };
        EXPECT_EQ(look(kNow), (std::pair<Ids, Ids>{{both[0], both[1]}, {}}));
        ASSERT_TRUE(book.remove(both[1], kNow + 1min));
        EXPECT_EQ(look(kNow + 2min), (std::pair<Ids, Ids>{{both[0]}, {both[1]}}));
    }
}

// --- own posts ---

struct Walked {
    Ids ids, paths;
    std::map<std::string, std::string> answers;  // id -> what it replies to
    std::string cursor;
};

Walked walk(Poller& poller, daemon::demo::StandIn& place, std::string cursor, WallTime now,
            WallTime covered = kNoTime) {
    Walked out;
    MentionBatch batch;
    for (int i = 0; i < 50; ++i) {
        auto const request = poller.next_request(cursor, context(now, covered));
        out.paths.push_back(path_of(request));
        auto page = poller.accept(serve(place, request, now), cursor, context(now, covered), batch);
        if (!page) {
            ADD_FAILURE() << page.error().detail;
            break;
        }
        if (!page->aside) cursor = page->cursor;
        if (page->complete) break;
    }
    for (auto const& m : batch.items) {
        out.ids.emplace_back(m.id);
        if (!m.in_reply_to.empty()) out.answers[std::string(m.id)] = m.in_reply_to;
    }
    out.cursor = cursor;
    return out;
}

Post reply_of(Post p, std::string const& to) {
    p.kind = MentionKind::reply;
    p.in_reply_to = p.conversation = to;
    return p;
}

TEST(PlatformOwn, OfBlueskyIsTheFeedWithoutReposts) {
    PostBook book;
    std::string const them = "at://did:plc:kim/app.bsky.feed.post/";
    book.append(post_of("bluesky", kAt + "0", "acme.example", kNow - 24h * 9, "long ago"));
    book.append(post_of("bluesky", them + "q", "kim.example", kNow - 3h, "where is it, acme?"));
    book.append(post_of("bluesky", kAt + "1", "acme.example", kNow - 2h, "hello"));
    book.append(
        reply_of(post_of("bluesky", kAt + "2", "acme.example", kNow - 1h, "here"), them + "q"));
    Post repost = post_of("bluesky", "at://did:plc:acme/app.bsky.feed.repost/3", "acme.example",
                          kNow - 30min, "");
    repost.kind = MentionKind::repost;
    repost.reposts = them + "q";
    book.append(repost);
    for (auto const* user : {"acme.example", "@acme.example", "did:plc:acme"}) {
        SCOPED_TRACE(user);
        daemon::demo::BlueskyStandIn place(book, {});
        auto poller = daemon::make_bluesky_own(bluesky_account(false),
                                               stream("bluesky", "own", {{"user", user}}));
        auto const all = walk(*poller, place, "", kNow);
        EXPECT_THAT(all.paths, ElementsAre("/xrpc/com.atproto.server.createSession",
                                           "/xrpc/app.bsky.feed.getAuthorFeed"));
        EXPECT_THAT(all.ids, ElementsAre(kAt + "2", kAt + "1", kAt + "0"));
        EXPECT_EQ(all.answers, (std::map<std::string, std::string>{{kAt + "2", them + "q"}}));
    }
}

TEST(PlatformOwn, OfBlueskyIsLeftWhereItIsKnown) {
    PostBook book;
    for (int i = 0; i < 450; ++i)
        book.append(post_of("bluesky", kAt + std::to_string(1000 + i), "acme.example",
                            kNow - 450min + i * 1min, "post"));
    daemon::demo::BlueskyStandIn place(book, {});
    auto poller = daemon::make_bluesky_own(bluesky_account(false),
                                           stream("bluesky", "own", {{"user", "acme.example"}}));
    auto const first = walk(*poller, place, "", kNow);
    EXPECT_EQ(first.ids.size(), 450u);
    auto const next = walk(*poller, place, first.cursor, kNow, kNow - 5min);
    EXPECT_EQ(next.paths.size(), 1u);
    EXPECT_EQ(next.ids.size(), 100u);
}

TEST(PlatformOwn, OfRedditIsTheOverviewOfTheAccount) {
    PostBook book;
    book.append(post_of("reddit", "t3_q", "kim", kNow - 3h, "where is it, acme?"));
    book.append(post_of("reddit", "t3_1", "Acme_Official", kNow - 2h, "hello"));
    Post answer = reply_of(post_of("reddit", "t1_2", "Acme_Official", kNow - 1h, "here"), "t3_q");
    answer.kind = MentionKind::comment;
    book.append(answer);
    daemon::demo::RedditStandIn place(book, reddit_options());
    auto poller = daemon::make_reddit_own(reddit_account("https://r.sim", false),
                                          stream("reddit", "own", {{"user", "u/acme_official"}}));
    auto const all = walk(*poller, place, "", kNow);
    EXPECT_THAT(all.paths, ElementsAre("/api/v1/access_token", "/user/acme_official/overview"));
    EXPECT_THAT(all.ids, ElementsAre("t1_2", "t3_1"));
    EXPECT_EQ(all.answers, (std::map<std::string, std::string>{{"t1_2", "t3_q"}}));
    auto const request = poller->next_request(all.cursor, context(kNow + 5min, kNow - 1min));
    EXPECT_EQ(param(request, "sort"), "new");
}

TEST(PlatformOwn, OfHackerNewsFindsHowTheNameIsWritten) {
    PostBook book;
    book.append(post_of("hackernews", "9", "kim", kNow - 3h, "acmehq is late"));
    book.append(post_of("hackernews", "10", "acmehq2", kNow - 170min, "not us"));
    book.append(post_of("hackernews", "11", "AcmeHQ", kNow - 2h, "hello"));
    book.append(reply_of(post_of("hackernews", "12", "AcmeHQ", kNow - 1h, "here"), "9"));
    daemon::demo::HackernewsStandIn place(book, {});
    auto poller = daemon::make_hackernews_own(account("https://hn.algolia.com"),
                                              stream("hackernews", "own", {{"user", "acmehq"}}));
    auto const all = walk(*poller, place, "", kNow);
    EXPECT_EQ(all.paths.size(), 2u) << "who he is, what he wrote";
    EXPECT_THAT(all.ids, ElementsAre("12", "11"));
    EXPECT_EQ(all.answers, (std::map<std::string, std::string>{{"12", "9"}}));
    auto const request = poller->next_request(all.cursor, context(kNow + 5min, kNow - 1min));
    EXPECT_EQ(param(request, "tags"), "(story,comment),author_AcmeHQ") << "kept";
    EXPECT_EQ(walk(*poller, place, all.cursor, kNow + 5min, kNow - 1min).paths.size(), 1u);

    auto nobody = daemon::make_hackernews_own(account("https://hn.algolia.com"),
                                              stream("hackernews", "own", {{"user", "nobody"}}));
    auto const none = walk(*nobody, place, "", kNow);
    EXPECT_THAT(none.ids, IsEmpty());
    EXPECT_EQ(none.cursor, "") << "looked for again at the next walk";
}

// A refusal of the list of our posts is one of the account, and no page of it is believed.
TEST(PlatformOwn, FailsAsThePlatformFails) {
    struct Case {
        char const* platform;
        int status;
        std::string body;
        Fault fault;
    };
    MentionBatch batch;
    for (Case const& c : std::vector<Case>{
             {"bluesky", 200, kHtml, Fault::malformed},
             {"bluesky", 200, R"({"posts":[]})", Fault::malformed},
             {"bluesky", 200, R"({"feed":[{"reason":{}}]})", Fault::malformed},
             {"bluesky", 400, R"({"error":"InvalidRequest","message":"Profile not found"})",
              Fault::bad_request},
             {"bluesky", 429, "{}", Fault::throttled},
             {"reddit", 404, R"({"message":"Not Found","error":404})", Fault::not_found},
             {"reddit", 200, R"({"message":"Too Many Requests","error":429})", Fault::throttled},
             {"reddit", 200, "{}", Fault::malformed},
             {"hackernews", 503, kHtml, Fault::transient},
             {"hackernews", 200, "{}", Fault::malformed}}) {
        SCOPED_TRACE(std::string(c.platform) + " " + c.body);
        auto const with = std::string(c.platform) == "bluesky"  ? bluesky_account()
                          : std::string(c.platform) == "reddit" ? reddit_account()
                                                                : account("https://hn.algolia.com");
        auto poller =
            daemon::platform(c.platform)->own(with, stream(c.platform, "own", {{"user", "acme"}}));
        (void)poller->next_request("", context());
        auto const step = accept(*poller, "", answer(c.status, c.body), batch);
        ASSERT_FALSE(step.page);
        EXPECT_EQ(to_string(step.page.error().fault), to_string(c.fault));
        EXPECT_THAT(step.mentions, IsEmpty());
    }
}

}  // namespace
}  // namespace surged::tests
