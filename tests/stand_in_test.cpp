#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/params.h"
#include "daemon/demo/signatures.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/words.h"
#include "daemon/demo/x_query.h"
#include "daemon/demo/x_stand_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>

namespace surged::daemon::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// 2026-11-20T14:03:27.512Z: the instant of the sample ids in X's and Mastodon's schemes.
constexpr WallTime kNow{std::chrono::milliseconds{1'795'183'407'512}};

ServerRequest get(std::string const& target, std::string const& token = "secret") {
    HttpRequest request;
    request.url = "http://platform.test" + target;
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return to_server_request(request);
}

// A parsed body; a body that is not JSON fails the test.
class Body {
public:
    explicit Body(ServerResponse const& response) : response_(response) {
        auto const error = parser_.parse(response.body).get(root_);
        EXPECT_EQ(error, simdjson::SUCCESS) << response.body;
    }
    // The text at a JSON Pointer; "" when there is none.
    std::string text(std::string_view pointer) const {
        std::string_view value;
        return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? std::string(value) : "";
    }
    std::int64_t number(std::string_view pointer) const {
        std::int64_t value = 0;
        return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value : -1;
    }
    bool has(std::string_view pointer) const {
        return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
    }
    // The texts under `name` of each element of the array at `pointer`.
    std::vector<std::string> each(std::string_view pointer, std::string_view name) const {
        std::vector<std::string> out;
        simdjson::dom::array all;
        auto const found = pointer.empty() ? root_.get(all) : root_.at_pointer(pointer).get(all);
        if (found != simdjson::SUCCESS) return out;
        for (auto const one : all) out.emplace_back(one.at_key(name).get_string().value());
        return out;
    }

private:
    ServerResponse response_;
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
};

std::string_view header_of(ServerResponse const& response, std::string_view name) {
    return exporters::header(response.headers, name);
}

// A post of X that was written `ago` before kNow and could be seen ten seconds later.
Post x_post(std::chrono::milliseconds ago, std::string text, std::uint64_t low = 1) {
    Post post;
    post.created_at = kNow - ago;
    post.visible_at = post.created_at + seconds{10};
    post.id = std::to_string(x_id(post.created_at, low));
    post.platform = "x";
    post.author = {"77", "kim", "Kim", 1200, kNow - hours{24 * 1000}};
    post.text = std::move(text);
    post.lang = "en";
    return post;
}

TEST(Snowflake, DecodesThePublishedVectors) {
    EXPECT_EQ(detectors::rfc3339(x_time(2123779257317458433ULL)), "2026-11-20T14:03:27.512Z");
    EXPECT_EQ(x_id(kNow, 513), 2123779257317458433ULL);
    EXPECT_EQ(detectors::rfc3339(x_time(2123748189008822383ULL)), "2026-11-20T12:00:00.250Z");
    EXPECT_EQ(detectors::rfc3339(mastodon_time(117649139800477921ULL)), "2026-11-20T14:03:27.600Z");
    EXPECT_EQ(mastodon_id(kNow + std::chrono::milliseconds{88}, 4321), 117649139800477921ULL);
}

TEST(Signatures, AgreeWithThePublishedVectors) {
    EXPECT_EQ(hex(hmac_sha256("meta_app_secret_demo", "EAABtoken123")),
              "4e575162541710e0b60f61be24cf4468a8c55b2c203c1e152b81c4d2ed05bfe6");
    EXPECT_EQ(base64("key123:secret456"), "a2V5MTIzOnNlY3JldDQ1Ng==");
    EXPECT_EQ(unbase64("a2V5MTIzOnNlY3JldDQ1Ng=="), "key123:secret456");
    EXPECT_EQ(unbase64("a2V"), std::nullopt);
}

TEST(Words, FoldAndFindAtBoundaries) {
    EXPECT_EQ(fold("Caf\xC3\x89 \xC5\x81\xC3\xB3"
                   "d\xC5\xBA"),
              "cafe lodz");
    EXPECT_TRUE(has_phrase("new acme corp shop", "acme corp"));
    EXPECT_FALSE(has_phrase("acmeology", "acme"));
    EXPECT_TRUE(has_signed("hi @acme!", '@', "acme"));
    EXPECT_FALSE(has_signed("hi @acmehelp", '@', "acme"));
    EXPECT_FALSE(has_signed("kim@acme.example", '@', "acme"));
    // Offsets count code points: the face is one, four bytes long.
    auto const all = entities("\xF0\x9F\x98\xA1 @zephyr #caf\xC3\xA9 x");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].start, 2U);
    EXPECT_EQ(all[0].end, 9U);
    EXPECT_EQ(all[1].start, 10U);
    EXPECT_EQ(all[1].end, 15U);
}

TEST(XQuery, SelectsAsDocumented) {
    PostBook book;
    auto const matches = [&](std::string_view query, Post const& post) {
        std::string error;
        auto const parsed = XQuery::parse(query, error);
        EXPECT_TRUE(parsed) << query << ": " << error;
        return parsed && parsed->matches(post, book);
    };
    Post post =
        x_post(minutes{1}, "Hello ACME corp, caf\xC3\xA9 closed? #Fail https://a.example/x");
    EXPECT_TRUE(matches("(\"acme corp\" OR @acme) -is:retweet", post));
    EXPECT_TRUE(matches("cafe #fail", post));
    EXPECT_FALSE(matches("cafe #failure", post));
    EXPECT_FALSE(matches("corp -hello", post));
    EXPECT_TRUE(matches("hello nonsense OR closed", post));  // AND binds tighter
    EXPECT_FALSE(matches("hello (nonsense OR open)", post));
    EXPECT_TRUE(matches("acme has:links lang:en from:Kim", post));
    EXPECT_FALSE(matches("acme has:mentions", post));
    post.stream = "US Airways";
    EXPECT_TRUE(matches("stream:\"us airways\"", post));
    EXPECT_FALSE(matches("stream:Delta", post));
    post.kind = MentionKind::repost;
    EXPECT_FALSE(matches("acme -is:retweet", post));
}

TEST(XQuery, RefusesAsDocumented) {
    std::string error;
    for (auto const* bad : {"", "-is:retweet", "is:reply lang:en", "-(a b) c", "(a", "a)", "\"a",
                            "acme min_faves:3", "acme OR -foo", "from: x", "a OR"})
        EXPECT_FALSE(XQuery::parse(bad, error)) << bad;
}

class XTest : public testing::Test {
protected:
    XTest() {
        options_.bearer_token = "secret";
        options_.users = {{"990000001", "acme", "Acme", 1000, kNoTime}};
    }
    // 250 posts, one a minute, the newest one minute old.
    void fill() {
        for (int i = 250; i > 0; --i)
            ids_.insert(book_.append(x_post(minutes{i}, "@acme number " + std::to_string(i))).id);
    }
    ServerResponse ask(std::string const& target, WallTime now = kNow) {
        return x().handle(get(target), now);
    }
    XStandIn& x() {
        if (!x_) x_ = std::make_unique<XStandIn>(book_, options_);
        return *x_;
    }
    std::set<std::string> ids_;
    PostBook book_;
    XOptions options_;
    std::unique_ptr<XStandIn> x_;
};

TEST_F(XTest, PagesNewestFirstWithoutLossOrRepetition) {
    fill();
    std::string const base = "/2/tweets/search/recent?query=acme&max_results=100";
    std::vector<std::string> seen;
    std::string target = base;
    std::vector<std::int64_t> sizes;
    for (int page = 0; page < 5; ++page) {
        Body const body(ask(target));
        auto const ids = body.each("/data", "id");
        sizes.push_back(body.number("/meta/result_count"));
        EXPECT_EQ(body.text("/meta/newest_id"), ids.front());
        EXPECT_EQ(body.text("/meta/oldest_id"), ids.back());
        seen.insert(seen.end(), ids.begin(), ids.end());
        // Meanwhile someone writes: the walk does not move.
        book_.append(x_post(seconds{45 - page}, "@acme meanwhile"));
        if (!body.has("/meta/next_token")) break;
        target = base + "&next_token=" + body.text("/meta/next_token");
    }
    EXPECT_THAT(sizes, ElementsAre(100, 100, 50));
    EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), ids_);
    EXPECT_EQ(seen.size(), 250U);
    EXPECT_EQ(x().served().items, 250U);
}

TEST_F(XTest, SinceIdIsExclusiveAndMustBeRepeated) {
    fill();
    std::string const since = std::to_string(x_id(kNow - minutes{30}, 1));
    Body const first(ask("/2/tweets/search/recent?query=acme&max_results=20&since_id=" + since));
    EXPECT_EQ(first.number("/meta/result_count"), 20);
    std::string const next = "&next_token=" + first.text("/meta/next_token");
    Body const second(
        ask("/2/tweets/search/recent?query=acme&max_results=20&since_id=" + since + next));
    EXPECT_EQ(second.number("/meta/result_count"),
              9);  // minutes 9 down to 1 above the 30th... 29 in all
    EXPECT_FALSE(second.has("/meta/next_token"));
    // Forgetting it runs past the watermark.
    Body const careless(ask("/2/tweets/search/recent?query=acme&max_results=20" + next));
    EXPECT_EQ(careless.number("/meta/result_count"), 20);
}

TEST_F(XTest, AnEmptyResultHasNoData) {
    auto const response = ask("/2/tweets/search/recent?query=nothing");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "{\"meta\":{\"result_count\":0}}");
}

TEST_F(XTest, ShowsPostsOnceTheyAreIndexedAndThirtySecondsOld) {
    book_.append(x_post(seconds{20}, "acme"));
    auto const found = [&](std::string const& more, seconds later) {
        return Body(ask("/2/tweets/search/recent?query=acme" + more, kNow + later))
            .number("/meta/result_count");
    };
    EXPECT_EQ(found("", seconds{0}), 0);  // without end_time a search ends 30 s before now
    EXPECT_EQ(found("", seconds{11}), 1);
    EXPECT_EQ(found("&end_time=2026-11-20T14:03:17Z", seconds{0}), 1);  // asked for by name: 10 s
    Post late = x_post(minutes{5}, "acme late");
    late.visible_at = kNow + minutes{2};
    book_.append(late);
    EXPECT_EQ(found("", minutes{1}), 1);
    EXPECT_EQ(found("", minutes{2}), 2);
}

TEST_F(XTest, RefusesWhatLiesBeyondSevenDays) {
    // 2026-11-13T14:05Z and its id are the documented pair for a request at 14:04:30.
    auto const now = kNow + seconds{63};
    auto const old = ask("/2/tweets/search/recent?query=acme&since_id=1975200620344246279", now);
    EXPECT_EQ(old.status, 400);
    Body const body(old);
    EXPECT_EQ(body.text("/errors/0/message"),
              "'since_id' must be a tweet id created after 2026-11-13T14:05Z. Please use a "
              "'since_id' that is larger than 2121242930181046272");
    EXPECT_EQ(body.text("/errors/0/parameters/since_id/0"), "1975200620344246279");
    EXPECT_EQ(body.text("/title"), "Invalid Request");
    EXPECT_EQ(ask("/2/tweets/search/recent?query=acme&since_id=2121242930181046273", now).status,
              200);
    EXPECT_EQ(ask("/2/tweets/search/recent?query=acme&start_time=2026-11-13T14:04:00Z", now).status,
              400);
    EXPECT_EQ(ask("/2/tweets/search/recent?query=acme&start_time=2026-11-13T14:06:00Z", now).status,
              200);
    // What is older than the reach is not found either.
    book_.append(x_post(hours{24 * 7 + 1}, "acme"));
    EXPECT_EQ(Body(ask("/2/tweets/search/recent?query=acme")).number("/meta/result_count"), 0);
}

TEST_F(XTest, RefusesBadParametersByName) {
    std::string const search = "/2/tweets/search/recent?query=acme";
    struct Case {
        char const* more;
        char const* parameter;
    };
    for (auto const& [more, parameter] :
         {Case{"&max_results=9", "max_results"}, Case{"&max_results=101", "max_results"},
          Case{"&since_id=12x", "since_id"}, Case{"&end_time=2026-11-20T14:03:20Z", "end_time"},
          Case{"&start_time=yesterday", "start_time"}, Case{"&next_token=b26v89c19z", "next_token"},
          Case{"&colour=red", "colour"}, Case{"&tweet.fields=id,colour", "tweet.fields"},
          Case{"&since_id=2123779257317458433&start_time=2026-11-20T12:00:00Z", "since_id"}}) {
        auto const response = ask(search + more);
        EXPECT_EQ(response.status, 400) << more;
        EXPECT_TRUE(Body(response).has("/errors/0/parameters/" + std::string(parameter))) << more;
    }
    EXPECT_EQ(ask("/2/tweets/search/recent?query=" + std::string(513, 'a')).status, 400);
    EXPECT_EQ(ask("/2/tweets/search/recent?query=" + std::string(512, 'a')).status, 200);
    EXPECT_EQ(ask("/2/tweets/search/recent").status, 400);
}

TEST_F(XTest, ATokenIsGoodForItsQuestionOnly) {
    fill();
    Body const body(ask("/2/tweets/search/recent?query=acme"));
    std::string const token = body.text("/meta/next_token");
    EXPECT_EQ(ask("/2/tweets/search/recent?query=acme&next_token=" + token).status, 200);
    EXPECT_EQ(ask("/2/tweets/search/recent?query=number&next_token=" + token).status, 400);
}

TEST_F(XTest, CountsRequestsInWindowsThatBeginWithTheFirst) {
    options_.search_limit = 3;
    std::string const search = "/2/tweets/search/recent?query=acme";
    auto const first = ask(search);
    EXPECT_EQ(header_of(first, "x-rate-limit-limit"), "3");
    EXPECT_EQ(header_of(first, "x-rate-limit-remaining"), "2");
    // 1795183407.512 s + 900 s, rounded up.
    EXPECT_EQ(header_of(first, "X-Rate-Limit-Reset"), "1795184308");
    EXPECT_EQ(ask(search + "&max_results=1").status, 400);  // counts as well
    EXPECT_EQ(ask(search).status, 200);
    auto const refused = ask(search, kNow + minutes{14});
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(Body(refused).text("/title"), "Too Many Requests");
    EXPECT_EQ(header_of(refused, "x-rate-limit-remaining"), "0");
    EXPECT_EQ(ask("/2/users/by/username/acme", kNow + minutes{14}).status, 200);  // its own window
    EXPECT_EQ(ask(search, kNow + minutes{15}).status, 200);
    EXPECT_EQ(x().served().throttled, 1U);
    EXPECT_EQ(x().peak("search"), 3U);
}

TEST_F(XTest, ChecksTheBearerFirst) {
    auto const response = x().handle(get("/2/tweets/search/recent?query=acme", "wrong"), kNow);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.body,
              "{\"title\":\"Unauthorized\",\"detail\":\"Unauthorized\",\"type\":\"about:blank\","
              "\"status\":401}");
    EXPECT_EQ(x().handle(get("/2/tweets/search/recent?query=acme", ""), kNow).status, 401);
    x().set_bearer("wrong");
    EXPECT_EQ(x().handle(get("/2/tweets/search/recent?query=acme", "wrong"), kNow).status, 200);
}

TEST_F(XTest, GivesFieldsAndExpansionsOnlyWhenAsked) {
    Post origin = x_post(minutes{20}, "New caps!", 5);
    origin.author = {"990000001", "acme", "Acme", 1000, kNow - hours{24000}};
    book_.append(origin);
    Post reply = x_post(minutes{10}, "@acme broken #fail");
    reply.kind = MentionKind::reply;
    reply.in_reply_to = reply.conversation = origin.id;
    book_.append(reply);
    Body const plain(ask("/2/tweets/search/recent?query=broken"));
    EXPECT_EQ(plain.text("/data/0/text"), "@acme broken #fail");
    EXPECT_EQ(plain.text("/data/0/edit_history_tweet_ids/0"), reply.id);
    EXPECT_FALSE(plain.has("/data/0/created_at"));
    EXPECT_FALSE(plain.has("/data/0/author_id"));
    EXPECT_FALSE(plain.has("/includes"));

    std::string const fields =
        "&tweet.fields=created_at,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,"
        "public_metrics,lang,entities,edit_history_tweet_ids,edit_controls,reply_settings,"
        "possibly_sensitive,note_tweet&expansions=author_id,referenced_tweets.id&user.fields="
        "username,name,public_metrics,verified,verified_type,created_at,protected";
    Body const full(ask("/2/tweets/search/recent?query=broken" + fields));
    EXPECT_EQ(full.text("/data/0/created_at"), "2026-11-20T13:53:27.000Z");  // whole seconds
    EXPECT_EQ(full.text("/data/0/author_id"), "77");
    EXPECT_EQ(full.text("/data/0/conversation_id"), origin.id);
    EXPECT_EQ(full.text("/data/0/in_reply_to_user_id"), "990000001");
    EXPECT_EQ(full.text("/data/0/referenced_tweets/0/type"), "replied_to");
    EXPECT_EQ(full.text("/data/0/referenced_tweets/0/id"), origin.id);
    EXPECT_EQ(full.text("/data/0/entities/hashtags/0/tag"), "fail");
    EXPECT_EQ(full.number("/data/0/public_metrics/retweet_count"), 0);
    EXPECT_EQ(full.text("/includes/users/0/username"), "kim");
    EXPECT_EQ(full.number("/includes/users/0/public_metrics/followers_count"), 1200);
    EXPECT_EQ(full.text("/includes/tweets/0/id"), origin.id);

    // A deleted reference is a partial error of a 200.
    book_.remove(origin.id, kNow);
    Body const partial(ask("/2/tweets/search/recent?query=broken" + fields));
    EXPECT_FALSE(partial.has("/includes/tweets"));
    EXPECT_EQ(partial.text("/errors/0/resource_id"), origin.id);
}

TEST_F(XTest, SpeaksTheNewSpelling) {
    options_.spelling = XOptions::Spelling::post;
    book_.append(x_post(minutes{1}, "acme"));
    auto const old = ask("/2/tweets/search/recent?query=acme&tweet.fields=created_at");
    EXPECT_EQ(old.status, 400);
    EXPECT_TRUE(Body(old).has("/errors/0/parameters/tweet.fields"));
    Body const body(
        ask("/2/tweets/search/recent?query=acme&post.fields=created_at,public_metrics"));
    EXPECT_TRUE(body.has("/data/0/edit_history_post_ids/0"));
    EXPECT_TRUE(body.has("/data/0/public_metrics/repost_count"));
}

TEST_F(XTest, FindsNoRepostsAndTheNewestVersionOfAnEdit) {
    Post repost = x_post(minutes{3}, "acme again");
    repost.kind = MentionKind::repost;
    book_.append(repost);
    Post first = x_post(minutes{2}, "acme typo");
    book_.append(first);
    book_.remove(first.id, kNow - minutes{1});
    Post second = x_post(minutes{1}, "acme no typo");
    second.versions = {first.id};
    book_.append(second);
    Body const body(ask("/2/tweets/search/recent?query=acme"));
    EXPECT_THAT(body.each("/data", "id"), ElementsAre(second.id));
    EXPECT_EQ(body.text("/data/0/edit_history_tweet_ids/0"), first.id);
    EXPECT_EQ(body.text("/data/0/edit_history_tweet_ids/1"), second.id);
}

TEST_F(XTest, MentionsReachEightHundredDeep) {
    for (int i = 900; i > 0; --i) book_.append(x_post(seconds{60 + i}, "hi @acme"));
    EXPECT_EQ(ask("/2/users/990000001/mentions?max_results=4").status, 400);
    std::set<std::string> seen;
    std::string token, previous;
    int pages = 0;
    do {
        Body const body(ask("/2/users/990000001/mentions?max_results=100" +
                            (token.empty() ? "" : "&pagination_token=" + token)));
        for (auto const& id : body.each("/data", "id")) EXPECT_TRUE(seen.insert(id).second);
        token = body.text("/meta/next_token");
        previous = body.text("/meta/previous_token");
        EXPECT_EQ(previous.empty(), pages == 0);
        ++pages;
    } while (!token.empty() && pages < 20);
    EXPECT_EQ(pages, 8);
    EXPECT_EQ(seen.size(), 800U);
    EXPECT_EQ(*seen.begin(), std::to_string(x_id(kNow - seconds{860}, 1)));
    // A since_id below the depth is silently the oldest there is.
    Body const deep(ask("/2/users/990000001/mentions?max_results=100&since_id=1"));
    EXPECT_EQ(deep.number("/meta/result_count"), 100);
    // Back from the last page: the hundred before it.
    Body const back(
        ask("/2/users/990000001/mentions?max_results=100&pagination_token=" + previous));
    EXPECT_EQ(back.text("/meta/newest_id"), std::to_string(x_id(kNow - seconds{661}, 1)));
    EXPECT_EQ(back.number("/meta/result_count"), 100);
}

TEST_F(XTest, CountsMinutesAndWhatWasDeleted) {
    for (int i = 0; i < 5; ++i)
        book_.append(x_post(minutes{2} + seconds{i}, "acme", 1 + unsigned(i)));
    auto const gone = book_.append(x_post(minutes{4}, "acme")).id;
    book_.remove(gone, kNow - minutes{3});
    auto const response =
        ask("/2/tweets/counts/recent?query=acme&granularity=minute&start_time="
            "2026-11-20T13:58:30Z&end_time=2026-11-20T14:02:15Z");
    Body const body(response);
    EXPECT_EQ(body.text("/data/0/start"), "2026-11-20T13:58:30.000Z");
    EXPECT_EQ(body.text("/data/0/end"), "2026-11-20T13:59:00.000Z");
    EXPECT_EQ(body.number("/data/1/tweet_count"), 1);  // 13:59, deleted since
    EXPECT_EQ(body.number("/data/3/tweet_count"), 5);  // 14:01
    EXPECT_EQ(body.text("/data/4/end"), "2026-11-20T14:02:15.000Z");
    EXPECT_FALSE(body.has("/data/5"));
    EXPECT_EQ(body.number("/meta/total_tweet_count"), 6);
    EXPECT_EQ(header_of(response, "x-rate-limit-limit"), "300");
    // Hours, over the whole reach: 7 days and the parts at both ends, in one answer.
    Body const week(ask("/2/tweets/counts/recent?query=acme"));
    EXPECT_EQ(week.each("/data", "start").size(), 169U);
}

TEST_F(XTest, LooksUpIdsWithPartialErrors) {
    auto const here = book_.append(x_post(minutes{3}, "acme 1")).id;
    auto const gone = book_.append(x_post(minutes{2}, "acme 2")).id;
    auto const hidden = book_.append(x_post(minutes{1}, "acme 3")).id;
    book_.remove(gone, kNow);
    book_.remove(hidden, kNow, Gone::hidden);
    auto const response = ask("/2/tweets?ids=" + here + "," + gone + "," + hidden);
    EXPECT_EQ(response.status, 200);
    Body const body(response);
    EXPECT_THAT(body.each("/data", "id"), ElementsAre(here));
    EXPECT_THAT(body.text("/errors/0/type"), HasSubstr("/problems/resource-not-found"));
    EXPECT_THAT(body.text("/errors/1/type"), HasSubstr("/problems/not-authorized-for-resource"));
    EXPECT_EQ(ask("/2/tweets/" + gone).status, 404);
    EXPECT_EQ(Body(ask("/2/tweets/" + here)).text("/data/id"), here);
}

TEST_F(XTest, KnowsUsersByName) {
    Body const body(ask("/2/users/by/username/Acme?user.fields=public_metrics"));
    EXPECT_EQ(body.text("/data/id"), "990000001");
    EXPECT_EQ(body.number("/data/public_metrics/followers_count"), 1000);
    auto const unknown = ask("/2/users/by/username/nobody");
    EXPECT_EQ(unknown.status, 200);
    EXPECT_THAT(Body(unknown).text("/errors/0/type"), HasSubstr("resource-not-found"));
    EXPECT_EQ(ask("/2/users/by/username/no-body").status, 400);
}

TEST_F(XTest, ChargesAPostOnceADayAndStopsWhenCreditsAreGone) {
    fill();
    options_.credits = 120;
    (void)ask("/2/tweets/search/recent?query=acme&max_results=100");
    (void)ask("/2/tweets/search/recent?query=acme&max_results=100");
    EXPECT_EQ(x().reads(), 200U);
    EXPECT_EQ(x().charged(), 100U);
    (void)ask("/2/tweets/search/recent?query=acme&max_results=100", kNow + hours{24});
    auto const broke = ask("/2/tweets/search/recent?query=acme", kNow + hours{24});
    EXPECT_EQ(broke.status, 402);
    EXPECT_THAT(Body(broke).text("/title"), HasSubstr("CreditsDepleted"));
    x().set_credits(-1);
    EXPECT_EQ(ask("/2/tweets/search/recent?query=acme", kNow + hours{24}).status, 200);
}

TEST_F(XTest, ServesAnIdTwiceWhenTheRecordHoldsItTwice) {
    for (int i = 0; i < 12; ++i) book_.append(x_post(minutes{5}, "acme"));
    Body const first(ask("/2/tweets/search/recent?query=acme"));
    EXPECT_EQ(first.number("/meta/result_count"), 10);
    Body const second(
        ask("/2/tweets/search/recent?query=acme&next_token=" + first.text("/meta/next_token")));
    EXPECT_EQ(second.number("/meta/result_count"), 2);
}

// Facebook.

class GraphTest : public testing::Test {
protected:
    GraphTest() {
        options_.access_token = "EAABtoken123";
        options_.app_secret = "meta_app_secret_demo";
        options_.ranked = false;
    }
    Post post(std::string place, std::string id, std::chrono::seconds ago) {
        Post out;
        out.created_at = kNow - ago;
        out.id = std::move(id);
        out.place = std::move(place);
        out.kind = out.place == "comments" ? MentionKind::comment : MentionKind::post;
        out.author = {"5566", "Ana P.", "Ana P.", 0, kNoTime};
        out.text = "cap broke";
        return out;
    }
    Post comment(std::string const& on, std::string const& under, int number, seconds ago) {
        Post out =
            post("comments", on.substr(on.find('_') + 1) + "_" + std::to_string(number), ago);
        out.conversation = on;
        out.in_reply_to = under;
        return out;
    }
    ServerResponse ask(std::string const& target, WallTime now = kNow,
                       std::string const& token = "EAABtoken123") {
        if (!graph_) graph_ = std::make_unique<GraphStandIn>(book_, options_);
        return graph_->handle(get(target, token), now);
    }
    PostBook book_;
    GraphOptions options_;
    std::unique_ptr<GraphStandIn> graph_;
};

TEST_F(GraphTest, WalksAnEdgeByItsNextLinks) {
    for (int i = 60; i > 0; --i)
        book_.append(post("visitor_posts", "1234567_" + std::to_string(i), minutes{i}));
    std::string target = "/v26.0/1234567/visitor_posts?fields=id,created_time,message&limit=25";
    std::vector<std::string> seen;
    int pages = 0;
    while (!target.empty() && pages < 9) {
        Body const body(ask(target));
        for (auto const& id : body.each("/data", "id")) seen.push_back(id);
        auto const next = body.text("/paging/next");
        if (!next.empty()) {
            EXPECT_THAT(next, HasSubstr("access_token=EAABtoken123"));
            EXPECT_TRUE(body.has("/paging/cursors/before"));
        }
        target = next.empty() ? "" : next.substr(std::string("http://platform.test").size());
        ++pages;
    }
    EXPECT_EQ(pages, 3);
    ASSERT_EQ(seen.size(), 60U);
    EXPECT_EQ(seen.front(), "1234567_1");
    EXPECT_EQ(seen.back(), "1234567_60");
    Body const one(ask("/v26.0/1234567/visitor_posts?fields=created_time&limit=1"));
    EXPECT_EQ(one.text("/data/0/created_time"),
              "2026-11-20T14:02:27+0000");  // no colon, no fraction
    Body const unix_time(
        ask("/v26.0/1234567/visitor_posts?fields=created_time&limit=1&date_format=U"));
    EXPECT_EQ(unix_time.number("/data/0/created_time"), 1795183347);
}

TEST_F(GraphTest, BoundsByTimeAndSeparatesTheEdges) {
    book_.append(post("posts", "1234567_1", hours{3}));
    book_.append(post("visitor_posts", "1234567_2", hours{2}));
    book_.append(post("tagged", "5566_3", hours{1}));
    book_.append(comment("1234567_1", "1234567_1", 4, minutes{30}));
    EXPECT_THAT(Body(ask("/v26.0/1234567/feed")).each("/data", "id"),
                ElementsAre("5566_3", "1234567_2", "1234567_1"));
    EXPECT_THAT(Body(ask("/v26.0/1234567/posts")).each("/data", "id"), ElementsAre("1234567_1"));
    // since and until in Unix seconds: 11:33:27 to 12:33:27.
    EXPECT_THAT(
        Body(ask("/v26.0/1234567/feed?since=1795174407&until=1795178007")).each("/data", "id"),
        ElementsAre("1234567_2"));
    // Who tags a Page stays unnamed.
    Body const tagged(ask("/v26.0/1234567/tagged?fields=id,from{id,name},message"));
    EXPECT_EQ(tagged.text("/data/0/message"), "cap broke");
    EXPECT_FALSE(tagged.has("/data/0/from"));
    EXPECT_TRUE(
        Body(ask("/v26.0/1234567/visitor_posts?fields=from{id,name}")).has("/data/0/from/name"));
}

TEST_F(GraphTest, ListsCommentsByLevelAndOrder) {
    book_.append(post("posts", "1234567_1", hours{3}));
    book_.append(comment("1234567_1", "1234567_1", 10, minutes{30}));
    book_.append(comment("1234567_1", "1_10", 11, minutes{20}));
    book_.append(comment("1234567_1", "1234567_1", 12, minutes{10}));
    std::string const edge = "/v26.0/1234567_1/comments?fields=id,parent,from{id,name}";
    EXPECT_THAT(Body(ask(edge)).each("/data", "id"), ElementsAre("1_10", "1_12"));
    Body const all(ask(edge + "&filter=stream&order=reverse_chronological&summary=1"));
    EXPECT_THAT(all.each("/data", "id"), ElementsAre("1_12", "1_11", "1_10"));
    EXPECT_EQ(all.text("/data/1/parent/id"), "1_10");
    EXPECT_FALSE(all.has("/data/0/parent"));
    EXPECT_EQ(all.number("/summary/total_count"), 3);
    EXPECT_THAT(Body(ask("/v26.0/1_10/comments")).each("/data", "id"), ElementsAre("1_11"));
    EXPECT_THAT(Body(ask(edge + "&filter=stream&since=1795182000")).each("/data", "id"),
                ElementsAre("1_11", "1_12"));  // 13:40:00 on
    // Nested, as a field of the post.
    Body const nested(
        ask("/v26.0/1234567/posts?fields=id,comments.limit(0).summary(total_count),"
            "reactions.limit(0).summary(total_count)"));
    EXPECT_EQ(nested.number("/data/0/comments/summary/total_count"), 3);
    EXPECT_EQ(nested.number("/data/0/reactions/summary/total_count"), 0);
}

TEST_F(GraphTest, ACursorDiesWithItsPost) {
    for (int i = 5; i > 0; --i)
        book_.append(post("visitor_posts", "1234567_" + std::to_string(i), minutes{i}));
    Body const first(ask("/v26.0/1234567/visitor_posts?limit=2"));
    auto const after = exporters::url_encode(first.text("/paging/cursors/after"));
    EXPECT_THAT(
        Body(ask("/v26.0/1234567/visitor_posts?limit=2&after=" + after)).each("/data", "id"),
        ElementsAre("1234567_3", "1234567_4"));
    book_.remove("1234567_2", kNow);
    auto const dead = ask("/v26.0/1234567/visitor_posts?limit=2&after=" + after);
    EXPECT_EQ(dead.status, 400);
    EXPECT_EQ(Body(dead).number("/error/code"), 100);
    EXPECT_EQ(ask("/v26.0/1234567/visitor_posts?after=bm9uc2Vuc2U%3D").status, 400);
}

TEST_F(GraphTest, PagesMayBeShortAndGoOn) {
    options_.private_share = 0.9;
    for (int i = 40; i > 0; --i)
        book_.append(post("visitor_posts", "1234567_" + std::to_string(i), minutes{i}));
    std::string after;
    int pages = 0, empty = 0;
    do {
        Body const body(ask("/v26.0/1234567/visitor_posts?limit=4" +
                            (after.empty() ? "" : "&after=" + exporters::url_encode(after))));
        if (body.each("/data", "id").empty()) ++empty;
        after = body.has("/paging/next") ? body.text("/paging/cursors/after") : "";
        ++pages;
    } while (!after.empty() && pages < 20);
    EXPECT_EQ(pages, 10);
    EXPECT_GT(empty, 0);
}

TEST_F(GraphTest, AnswersErrorsInItsEnvelope) {
    struct Case {
        char const* target;
        int code;
        int subcode;
    };
    book_.append(post("posts", "1234567_1", hours{3}));
    for (auto const& [target, code, subcode] :
         {Case{"/v26.0/1234567/feed?limit=101", 100, -1}, Case{"/v26.0/999/feed", 100, 33},
          Case{"/v26.0/1234567_404/comments", 100, 33}, Case{"/v26.0/1234567_404", 100, 33},
          Case{"/v26.0/1234567/feed?fields=id,colour", 100, -1},
          Case{"/v26.0/1234567/feed?fields=from{", 2500, -1}, Case{"/v99.0/1234567/feed", 2500, -1},
          Case{"/v26.0/1234567/feed?appsecret_proof=00", 100, -1}}) {
        auto const response = ask(target);
        EXPECT_EQ(response.status, 400) << target;
        Body const body(response);
        EXPECT_EQ(body.number("/error/code"), code) << target;
        EXPECT_EQ(body.number("/error/error_subcode"), subcode) << target;
        EXPECT_TRUE(body.has("/error/message")) << target;
        EXPECT_TRUE(body.has("/error/fbtrace_id")) << target;
    }
    auto const wrong = ask("/v26.0/1234567/feed", kNow, "other");
    EXPECT_EQ(Body(wrong).number("/error/code"), 190);
    EXPECT_THAT(header_of(wrong, "WWW-Authenticate"), HasSubstr("invalid_token"));
    EXPECT_EQ(Body(ask("/v26.0/1234567/feed", kNow, "")).number("/error/code"), 104);
}

TEST_F(GraphTest, WantsTheProofOfTheAppSecret) {
    options_.require_proof = true;
    EXPECT_THAT(Body(ask("/v26.0/me")).text("/error/message"), HasSubstr("appsecret_proof"));
    auto const proven =
        ask("/v26.0/me?appsecret_proof="
            "4e575162541710e0b60f61be24cf4468a8c55b2c203c1e152b81c4d2ed05bfe6");
    EXPECT_EQ(Body(proven).text("/id"), "1234567");
    EXPECT_EQ(header_of(proven, "facebook-api-version"), "v26.0");
}

TEST_F(GraphTest, AnExpiredVersionIsServedByTheOldestAlive) {
    EXPECT_EQ(header_of(ask("/v19.0/me"), "facebook-api-version"), "v21.0");
    EXPECT_EQ(header_of(ask("/me"), "facebook-api-version"), "v21.0");
    EXPECT_EQ(header_of(ask("/v25.0/me"), "facebook-api-version"), "v25.0");
}

TEST_F(GraphTest, ShowsUsageOnceThereIsSomeAndBlocksWhoCallsOn) {
    options_.calls = 20;
    EXPECT_EQ(header_of(ask("/v26.0/me"), "X-App-Usage"), "");
    auto const second = ask("/v26.0/me");
    EXPECT_EQ(header_of(second, "X-App-Usage"),
              "{\"call_count\":10,\"total_time\":5,\"total_cputime\":5}");
    for (int i = 2; i < 20; ++i) EXPECT_EQ(ask("/v26.0/me").status, 200);
    auto const blocked = ask("/v26.0/me");
    EXPECT_EQ(blocked.status, 400);
    EXPECT_EQ(Body(blocked).number("/error/code"), 80001);
    EXPECT_EQ(header_of(blocked, "X-Business-Use-Case-Usage"),
              "{\"1234567\":[{\"type\":\"pages\",\"call_count\":100,\"total_cputime\":50,"
              "\"total_time\":50,\"estimated_time_to_regain_access\":5}]}");
    // A day later the calls have left the window; who calls every four minutes stays blocked.
    auto const later = kNow + hours{25};
    EXPECT_EQ(ask("/v26.0/me", later).status, 200);
    EXPECT_EQ(graph_->served().throttled, 1U);
}

TEST_F(GraphTest, TheFeedIsOnlyRoughlyInOrder) {
    options_.ranked = true;
    std::set<std::string> all;
    for (int i = 100; i > 0; --i)
        all.insert(
            book_.append(post("visitor_posts", "1234567_" + std::to_string(1000 + i), minutes{i}))
                .id);
    std::vector<std::string> seen;
    std::string after;
    do {
        Body const body(ask("/v26.0/1234567/feed?limit=30" +
                            (after.empty() ? "" : "&after=" + exporters::url_encode(after))));
        for (auto const& id : body.each("/data", "id")) seen.push_back(id);
        after = body.has("/paging/next") ? body.text("/paging/cursors/after") : "";
    } while (!after.empty() && seen.size() < 200);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), all);
    EXPECT_EQ(seen.size(), 100U);
    EXPECT_FALSE(std::is_sorted(seen.begin(), seen.end()));
}

// Mastodon.

class MastodonTest : public testing::Test {
protected:
    MastodonTest() {
        options_.token = "secret";
        options_.base_url = "https://inst.example";
    }
    Post const& toot(WallTime arrived, std::string text, std::uint64_t tail = 0) {
        Post post;
        post.created_at = arrived - seconds{2};
        post.ordered_at = post.visible_at = arrived;
        post.id = std::to_string(mastodon_id(arrived, tail));
        post.author = {"42", "mara@other.example", "Mara", 512, kNow - hours{24 * 400}};
        post.text = std::move(text);
        return book_.append(std::move(post));
    }
    ServerResponse ask(std::string const& target, WallTime now = kNow,
                       std::string const& token = "") {
        if (!mastodon_) mastodon_ = std::make_unique<MastodonStandIn>(book_, options_);
        return mastodon_->handle(get(target, token), now);
    }
    PostBook book_;
    MastodonOptions options_;
    std::unique_ptr<MastodonStandIn> mastodon_;
};

TEST_F(MastodonTest, TheThreeIdParametersDifferAsInTheGuide) {
    std::vector<std::string> id(7);
    for (std::size_t i = 1; i <= 6; ++i) id[i] = toot(kNow - minutes{10 - int(i)}, "#acme").id;
    auto const ids = [&](std::string const& more) {
        return Body(ask("/api/v1/timelines/tag/acme?" + more)).each("", "id");
    };
    EXPECT_THAT(ids("max_id=" + id[3] + "&limit=2"), ElementsAre(id[2], id[1]));
    EXPECT_THAT(ids("since_id=" + id[3] + "&limit=2"), ElementsAre(id[6], id[5]));
    EXPECT_THAT(ids("min_id=" + id[3] + "&limit=2"), ElementsAre(id[5], id[4]));
    EXPECT_THAT(ids("min_id=" + id[2] + "&max_id=" + id[5]), ElementsAre(id[4], id[3]));
    auto const response = ask("/api/v1/timelines/tag/acme?limit=2&any[]=cats&min_id=" + id[3]);
    EXPECT_EQ(
        header_of(response, "Link"),
        "<https://inst.example/api/v1/timelines/tag/acme?limit=2&max_id=" + id[4] +
            ">; rel=\"next\", <https://inst.example/api/v1/timelines/tag/acme?limit=2&min_id=" +
            id[5] + ">; rel=\"prev\"");
    auto const empty = ask("/api/v1/timelines/tag/acme?min_id=" + id[6]);
    EXPECT_EQ(empty.body, "[]");
    EXPECT_EQ(header_of(empty, "Link"), "");
}

TEST_F(MastodonTest, GivesFortyAtMost) {
    for (int i = 0; i < 50; ++i) toot(kNow - seconds{100 - i}, "#Acme");
    EXPECT_EQ(Body(ask("/api/v1/timelines/tag/ACME?limit=100")).each("", "id").size(), 40U);
    EXPECT_EQ(Body(ask("/api/v1/timelines/tag/acme")).each("", "id").size(), 20U);
    EXPECT_EQ(ask("/api/v1/timelines/tag/other").body, "[]");
}

TEST_F(MastodonTest, WritesStatusesAsHtml) {
    Post const& post = toot(kNow - minutes{1}, "Cap <broke> & cut me #acme\n@acme");
    Body const body(ask("/api/v1/timelines/tag/acme"));
    EXPECT_EQ(body.text("/0/id"), post.id);
    EXPECT_EQ(body.text("/0/created_at"), "2026-11-20T14:02:25.512Z");
    EXPECT_EQ(body.text("/0/content"),
              "<p>Cap &lt;broke&gt; &amp; cut me <a href=\"https://inst.example/tags/acme\" "
              "class=\"mention hashtag\" rel=\"tag\">#<span>acme</span></a><br /><span "
              "class=\"h-card\"><a href=\"https://inst.example/@acme\" class=\"u-url "
              "mention\">@<span>acme</span></a></span></p>");
    EXPECT_EQ(body.text("/0/account/acct"), "mara@other.example");
    EXPECT_EQ(body.number("/0/account/followers_count"), 512);
    EXPECT_EQ(body.text("/0/tags/0/name"), "acme");
    EXPECT_EQ(body.text("/0/mentions/0/acct"), "acme");
    EXPECT_FALSE(body.text("/0/uri").empty());
}

TEST_F(MastodonTest, WhatIsFetchedLateShowsUpBelowTheWatermark) {
    auto const newer = toot(kNow - minutes{1}, "#acme").id;
    Post late;
    late.created_at = kNow - minutes{5};
    late.visible_at = kNow + minutes{1};
    late.id = std::to_string(mastodon_id(late.created_at, 7));
    late.text = "#acme";
    book_.append(late);
    EXPECT_THAT(Body(ask("/api/v1/timelines/tag/acme")).each("", "id"), ElementsAre(newer));
    EXPECT_EQ(ask("/api/v1/timelines/tag/acme?min_id=" + newer, kNow + minutes{2}).body, "[]");
    EXPECT_THAT(Body(ask("/api/v1/timelines/tag/acme", kNow + minutes{2})).each("", "id"),
                ElementsAre(newer, late.id));
}

TEST_F(MastodonTest, LimitsFollowTheWallClockAndPagedCallsHaveTheirOwn) {
    options_.limit = 4;
    options_.paged_limit = 2;
    std::string const tag = "/api/v1/timelines/tag/acme";
    auto const first = ask(tag);
    EXPECT_EQ(header_of(first, "X-RateLimit-Limit"), "4");
    EXPECT_EQ(header_of(first, "X-RateLimit-Remaining"), "3");
    EXPECT_EQ(header_of(first, "X-RateLimit-Reset"), "2026-11-20T14:05:00.512000Z");
    (void)ask(tag + "?min_id=1");
    auto const paged = ask(tag + "?max_id=9");
    EXPECT_EQ(header_of(paged, "x-ratelimit-remaining"), "0");
    EXPECT_EQ(header_of(paged, "X-RateLimit-Reset"), "2026-11-20T14:15:00.512000Z");
    auto const refused = ask(tag + "?since_id=1");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.body, "{\"error\":\"Too many requests\"}");
    EXPECT_EQ(header_of(refused, "Retry-After"), "");
    EXPECT_EQ(ask(tag).status, 200);  // the fourth of five minutes
    EXPECT_EQ(ask(tag).status, 429);
    EXPECT_EQ(ask(tag, kNow + seconds{93}).status, 200);  // 14:05:00.512
    EXPECT_EQ(ask(tag + "?min_id=1", kNow + seconds{93}).status, 429);
    EXPECT_EQ(ask(tag + "?min_id=1", kNow + seconds{693}).status, 200);
}

TEST_F(MastodonTest, NotificationsNeedAUserAndHaveIdsOfTheirOwn) {
    auto const status = toot(kNow - minutes{3}, "hello @acme").id;
    toot(kNow - minutes{2}, "no one is named");
    Post stranger = book_.append(toot(kNow - minutes{1}, "@acme new here", 5));
    EXPECT_EQ(ask("/api/v1/notifications").status, 401);
    EXPECT_EQ(ask("/api/v1/notifications", kNow, "wrong").body,
              "{\"error\":\"The access token is invalid\"}");
    Body const all(
        ask("/api/v1/notifications?types[]=mention&include_filtered=true", kNow, "secret"));
    EXPECT_EQ(all.each("", "id").size(), 3U);
    EXPECT_EQ(all.text("/2/type"), "mention");
    EXPECT_EQ(all.text("/2/status/id"), status);
    EXPECT_NE(all.text("/2/id"), status);
    auto const oldest = all.text("/2/id");
    Body const newer(ask("/api/v1/notifications?limit=1&min_id=" + oldest, kNow, "secret"));
    EXPECT_THAT(newer.each("", "id"), ElementsAre(all.text("/1/id")));
    EXPECT_EQ(ask("/api/v1/notifications?types[]=reblog", kNow, "secret").body, "[]");
}

TEST_F(MastodonTest, WithholdsStrangersUnlessAsked) {
    Post post;
    post.created_at = kNow - minutes{1};
    post.id = std::to_string(mastodon_id(post.created_at, 1));
    post.author = {"43", "new@other.example", "New", 0, kNow - hours{24 * 3}};
    post.text = "@acme hi";
    book_.append(post);
    EXPECT_EQ(ask("/api/v1/notifications", kNow, "secret").body, "[]");
    EXPECT_NE(ask("/api/v1/notifications?include_filtered=true", kNow, "secret").body, "[]");
}

TEST_F(MastodonTest, FeedsMayBeClosed) {
    toot(kNow - minutes{1}, "#acme");
    options_.tags = MastodonOptions::Access::disabled;
    EXPECT_EQ(ask("/api/v1/timelines/tag/acme").body, "[]");
    EXPECT_EQ(
        Body(ask("/api/v2/instance")).text("/configuration/timelines_access/hashtag_feeds/local"),
        "disabled");
    options_.tags = MastodonOptions::Access::authenticated;
    mastodon_.reset();
    EXPECT_EQ(ask("/api/v1/timelines/tag/acme").status, 401);
    EXPECT_NE(ask("/api/v1/timelines/tag/acme", kNow, "secret").body, "[]");
    EXPECT_EQ(ask("/api/v1/statuses/1").body, "{\"error\":\"Record not found\"}");
}

// The plain API.

TEST(JsonStandIn, PagesAndLimits) {
    PostBook book;
    for (int i = 30; i > 0; --i) {
        Post post;
        post.id = "item-" + std::to_string(i);
        post.created_at = kNow - minutes{i};
        post.author = {"77", "kim", "", 12, kNoTime};
        post.text = "acme";
        book.append(post);
    }
    JsonStandIn json(book, {});
    Body const first(json.handle(get("/items?limit=20"), kNow));
    EXPECT_EQ(first.each("/data", "id").size(), 20U);
    EXPECT_EQ(first.text("/data/0/id"), "item-1");
    EXPECT_EQ(first.text("/data/0/created_at"), "2026-11-20T14:02:27.512Z");
    EXPECT_EQ(first.text("/data/0/user/id"), "77");
    Body const second(json.handle(get("/items?limit=20&cursor=" + first.text("/meta/next")), kNow));
    EXPECT_EQ(second.each("/data", "id").size(), 10U);
    EXPECT_FALSE(second.has("/meta/next"));
    EXPECT_EQ(Body(json.handle(get("/items?since=2026-11-20T14:00:00Z"), kNow))
                  .each("/data", "id")
                  .size(),
              3U);
    EXPECT_EQ(Body(json.handle(get("/items?since=1795183200"), kNow)).each("/data", "id").size(),
              3U);
    EXPECT_EQ(Body(json.handle(get("/items?since=id:item-3"), kNow)).each("/data", "id").size(),
              2U);
    EXPECT_EQ(json.handle(get("/items?cursor=c1.1"), kNow).status, 400);
    EXPECT_EQ(json.handle(get("/items?since=then"), kNow).status, 400);
    EXPECT_EQ(json.handle(get("/other"), kNow).status, 404);
    for (int i = 8; i < 120; ++i) (void)json.handle(get("/items"), kNow);
    auto const refused = json.handle(get("/items"), kNow);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(header_of(refused, "Retry-After"), "33");  // 14:03:27.512 to 14:04:00
}

TEST(JsonStandIn, OldestFirst) {
    PostBook book;
    for (int i = 3; i > 0; --i) {
        Post post;
        post.id = std::to_string(i);
        post.created_at = kNow - minutes{i};
        book.append(post);
    }
    JsonOptions options;
    options.oldest_first = true;
    JsonStandIn json(book, options);
    Body const first(json.handle(get("/items?limit=2"), kNow));
    EXPECT_THAT(first.each("/data", "id"), ElementsAre("3", "2"));
    Body const second(json.handle(get("/items?limit=2&cursor=" + first.text("/meta/next")), kNow));
    EXPECT_THAT(second.each("/data", "id"), ElementsAre("1"));
}

// Faults.

TEST(Faults, AreDecidedBySeedAndNumberAlone) {
    auto const plan = Faults::everything(7, 0.5);
    std::array<int, kTroubles> counts{};
    for (std::uint64_t n = 1; n <= 6000; ++n) {
        ASSERT_EQ(decide(plan, n), decide(plan, n));
        ++counts[static_cast<std::size_t>(decide(plan, n))];
    }
    for (std::size_t i = 2; i < kTroubles; ++i)  // 5 percent each of what the storms leave
        EXPECT_NEAR(counts[i], 290, 60) << to_string(static_cast<Trouble>(i));
    EXPECT_NEAR(counts[1], 200, 4);  // two of every sixty
    auto const other = Faults::everything(8, 0.5);
    int differ = 0;
    for (std::uint64_t n = 1; n <= 1000; ++n) differ += decide(plan, n) != decide(other, n) ? 1 : 0;
    EXPECT_GT(differ, 300);
}

class FaultTest : public XTest {
protected:
    Reply suffer(Trouble trouble, std::string const& target) {
        Faults plan;
        if (trouble == Trouble::server_error) plan.server_error = 1;
        if (trouble == Trouble::cut) plan.cut = 1;
        if (trouble == Trouble::slow) plan.slow = 1;
        if (trouble == Trouble::stall) plan.stall = 1;
        if (trouble == Trouble::html) plan.html = 1;
        if (trouble == Trouble::truncated) plan.truncated = 1;
        if (trouble == Trouble::malformed) plan.malformed = 1;
        if (trouble == Trouble::duplicates) plan.duplicates = 1;
        if (trouble == Trouble::expired_cursor) plan.expired_cursor = 1;
        if (trouble == Trouble::token_expired) plan.token_expired = 1;
        if (trouble == Trouble::rate_limited) plan.storm_every = plan.storm_length = 1;
        FaultyStandIn faulty(x(), plan);
        Reply reply = faulty.handle(get(target), kNow);
        bool const walks = target.find("next_token") != std::string::npos;
        bool const of_walks = trouble == Trouble::duplicates || trouble == Trouble::expired_cursor;
        EXPECT_EQ(faulty.count(trouble), walks || !of_walks ? 1U : 0U) << to_string(trouble);
        return reply;
    }
    static bool parses(std::string const& body) {
        simdjson::dom::parser parser;
        return parser.parse(body).error() == simdjson::SUCCESS;
    }
};

TEST_F(FaultTest, EachTroubleIsWhatItSays) {
    fill();
    std::string const search = "/2/tweets/search/recent?query=acme";
    EXPECT_EQ(suffer(Trouble::server_error, search).response.status, 503);
    EXPECT_EQ(suffer(Trouble::token_expired, search).response.status, 401);
    auto const storm = suffer(Trouble::rate_limited, search).response;
    EXPECT_EQ(storm.status, 429);
    EXPECT_EQ(header_of(storm, "x-rate-limit-remaining"), "0");
    EXPECT_EQ(suffer(Trouble::cut, search).mishap, Mishap::cut);
    EXPECT_EQ(suffer(Trouble::slow, search).mishap, Mishap::slow);
    EXPECT_EQ(suffer(Trouble::stall, search).mishap, Mishap::stall);
    for (auto const broken : {Trouble::html, Trouble::truncated, Trouble::malformed}) {
        auto const reply = suffer(broken, search);
        EXPECT_EQ(reply.response.status, 200);
        EXPECT_EQ(reply.mishap, Mishap::none);
        EXPECT_FALSE(parses(reply.response.body)) << to_string(broken);
    }
    EXPECT_EQ(suffer(Trouble::expired_cursor, search).response.status, 200);  // no walk, no cursor
}

TEST_F(FaultTest, PagesOverlapAndCursorsExpire) {
    fill();
    std::string const search = "/2/tweets/search/recent?query=acme";
    Body const first(ask(search));
    auto const ids = first.each("/data", "id");
    std::string const next = search + "&next_token=" + first.text("/meta/next_token");
    Body const again(suffer(Trouble::duplicates, next).response);
    auto const repeated = again.each("/data", "id");
    EXPECT_EQ(std::vector<std::string>(repeated.begin(), repeated.begin() + 3),
              std::vector<std::string>(ids.end() - 3, ids.end()));
    Body const plain(ask(next));  // once only
    EXPECT_NE(plain.each("/data", "id").front(), ids.back());
    auto const expired = suffer(Trouble::expired_cursor, next).response;
    EXPECT_EQ(expired.status, 400);
    EXPECT_TRUE(Body(expired).has("/errors/0/parameters/next_token"));
}

TEST(PostBook, IsBoundedAndLags) {
    PostBook book(10);
    for (int i = 0; i < 25; ++i) book.append(x_post(minutes{100 - i}, "acme"));
    EXPECT_EQ(book.size(), 10U);
    EXPECT_EQ(book.forgotten(), 15U);
    EXPECT_EQ(book.find(std::to_string(x_id(kNow - minutes{100}, 1))), nullptr);
    EXPECT_TRUE(book.newest(Listing(kNow), 3, 10).lost);
    PostBook lagging;
    lagging.lag(5, 0.3, minutes{10});
    int late = 0;
    for (int i = 0; i < 1000; ++i) {
        auto const& post = lagging.append(x_post(seconds{5000 - i}, "acme"));
        auto const by = post.visible_at - post.created_at - seconds{10};
        EXPECT_LE(by, minutes{10});
        if (by.count() > 0) ++late;
    }
    EXPECT_NEAR(late, 300, 60);
    EXPECT_EQ(lagging.late(), static_cast<std::uint64_t>(late));
}

// The receiver.

ServerRequest delivery(std::string const& id, WallTime at, std::string const& secret,
                       std::string const& body) {
    HttpRequest request;
    request.method = "POST";
    request.url = "http://127.0.0.1/hook";
    request.body = body;
    auto const timestamp =
        std::to_string(std::chrono::floor<seconds>(at.time_since_epoch()).count());
    request.headers = {
        {"webhook-id", id},
        {"webhook-timestamp", timestamp},
        {"webhook-signature",
         "v1a,ignored v1," + base64(hmac_sha256(secret, id + "." + timestamp + "." + body))}};
    return to_server_request(request);
}

TEST(LocalReceiver, ChecksThePublishedSignature) {
    EXPECT_TRUE(webhook_signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
        "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    EXPECT_FALSE(webhook_signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
        "{\"test\": 2432232315}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
}

TEST(LocalReceiver, RemembersWhatCameAndRefusesForgeries) {
    LocalReceiver receiver("key");
    EXPECT_EQ(receiver.handle(delivery("a-1", kNow, "key", "{}"), kNow).response.status, 200);
    EXPECT_EQ(receiver.handle(delivery("a-1", kNow, "key", "{}"), kNow).response.status, 200);
    EXPECT_EQ(receiver.handle(delivery("a-2", kNow, "key", "{}"), kNow).response.status, 200);
    EXPECT_EQ(receiver.handle(delivery("a-3", kNow, "forged", "{}"), kNow).response.status, 401);
    EXPECT_EQ(
        receiver.handle(delivery("a-4", kNow - minutes{6}, "key", "{}"), kNow).response.status,
        401);
    EXPECT_EQ(receiver.distinct(), 2U);
    EXPECT_EQ(receiver.accepted(), 3U);
    EXPECT_EQ(receiver.unsigned_ones(), 2U);
    ASSERT_EQ(receiver.deliveries().size(), 5U);
    EXPECT_FALSE(receiver.deliveries()[0].repeated);
    EXPECT_TRUE(receiver.deliveries()[1].repeated);
    EXPECT_EQ(receiver.deliveries()[3].status, 401);
    EXPECT_EQ(receiver.handle(get("/hook"), kNow).response.status, 405);
}

TEST(LocalReceiver, FailsByPlan) {
    ReceiverPlan plan;
    plan.error = plan.throttled = plan.slow = plan.stall = 0.2;
    LocalReceiver receiver("", plan);
    int errors = 0, throttled = 0, slow = 0, stalled = 0;
    for (int i = 0; i < 2000; ++i) {
        auto const reply = receiver.handle(delivery(std::to_string(i), kNow, "", "{}"), kNow);
        errors += reply.response.status == 500 ? 1 : 0;
        throttled += reply.response.status == 429 ? 1 : 0;
        slow += reply.mishap == Mishap::slow ? 1 : 0;
        stalled += reply.mishap == Mishap::stall ? 1 : 0;
    }
    for (int const n : {errors, throttled, slow, stalled}) EXPECT_NEAR(n, 400, 80);
    EXPECT_EQ(receiver.deliveries().size(), LocalReceiver::kKept);
    EXPECT_EQ(receiver.distinct(), receiver.accepted());
}

}  // namespace
}  // namespace surged::daemon::demo
