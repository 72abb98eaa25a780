#include "daemon/demo/faults.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/signatures.h"
#include "tests/stand_in_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace surged::daemon::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
