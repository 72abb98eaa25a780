#include "daemon/demo/mastodon_stand_in.h"

#include "tests/stand_in_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace surged::daemon::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST_F(MastodonTest, RepeatsPostsWhenToldTo) {
    std::vector<std::string> id(7);
    for (std::size_t i = 1; i <= 6; ++i) id[i] = toot(kNow - minutes{10 - int(i)}, "#acme").id;
    (void)ask("/api/v1/timelines/tag/acme");
    mastodon_->repeat_once(2);
    EXPECT_THAT(Body(ask("/api/v1/timelines/tag/acme?limit=3&max_id=" + id[4])).each("", "id"),
                ElementsAre(id[5], id[4], id[3]));
    mastodon_->repeat_once(1);
    EXPECT_THAT(Body(ask("/api/v1/timelines/tag/acme?limit=3&min_id=" + id[2])).each("", "id"),
                ElementsAre(id[4], id[3], id[2]));
}

}  // namespace
}  // namespace surged::daemon::demo
