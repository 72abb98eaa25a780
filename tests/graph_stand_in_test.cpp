#include "daemon/demo/graph_stand_in.h"

#include "tests/stand_in_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

namespace surged::daemon::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

}  // namespace
}  // namespace surged::daemon::demo
