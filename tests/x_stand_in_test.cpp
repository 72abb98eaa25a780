#include "daemon/demo/x_stand_in.h"

#include "daemon/demo/faults.h"
#include "daemon/demo/words.h"
#include "daemon/demo/x_query.h"
#include "tests/stand_in_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

namespace surged::daemon::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
              9);  // 29 posts lie above the thirtieth minute's
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

// A client that asks again after every failure, begins anew after an expired cursor and remembers
// ids loses nothing, whatever happens on the way.
TEST_F(FaultTest, WalksThroughEveryTroubleAreWhole) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        PostBook book;
        std::set<std::string> all;
        book.lag(seed, 0.05, minutes{10});
        for (int i = 300; i > 0; --i) all.insert(book.append(x_post(minutes{i}, "acme")).id);
        EXPECT_GT(book.late(), 0U);
        XStandIn inner(book, {});
        FaultyStandIn faulty(inner, Faults::everything(seed, 0.5));
        std::set<std::string> seen;
        std::string token;
        std::uint64_t walks = 0, twice = 0;
        for (int request = 0; request < 400; ++request) {
            // The latest straggler is there eleven minutes on.
            WallTime const now = kNow + minutes{11} + seconds{3 * request};
            auto const reply =
                faulty.handle(get("/2/tweets/search/recent?query=acme&max_results=50" +
                                  (token.empty() ? "" : "&next_token=" + token)),
                              now);
            if (reply.response.status == 400) {
                token.clear();
                seen.clear();
            }
            bool const lost = reply.mishap == Mishap::cut || reply.mishap == Mishap::stall;
            if (reply.response.status != 200 || lost || !parses(reply.response.body)) continue;
            Body const body(reply.response);
            for (auto const& id : body.each("/data", "id")) twice += seen.insert(id).second ? 0 : 1;
            token = body.text("/meta/next_token");
            if (!token.empty()) continue;
            EXPECT_EQ(seen, all);
            seen.clear();
            ++walks;
        }
        EXPECT_GT(walks, 5U);
        EXPECT_GT(twice, 0U);
        for (std::size_t i = 0; i < kTroubles; ++i)
            EXPECT_GT(faulty.count(static_cast<Trouble>(i)), 0U)
                << to_string(static_cast<Trouble>(i));
        EXPECT_LE(inner.peak("search"), 450U);
        EXPECT_GE(inner.served().throttled, faulty.count(Trouble::rate_limited));
    }
}

}  // namespace
}  // namespace surged::daemon::demo
