// Bluesky's pollers and session, Mastodon's search and rules, and what their push connections
// bring.
#include "daemon/pollers/bluesky_session.h"
#include "daemon/pollers/jetstream.h"
#include "daemon/pollers/mastodon_stream.h"
#include "daemon/sse_reader.h"
#include "daemon/stream_loop.h"
#include "daemon/websocket.h"
#include "tests/poller_kit.h"

#include <gmock/gmock.h>

#include <cstdio>

namespace surged::tests {
namespace {

using detectors::kNoTime, detectors::MentionKind;
using testing::HasSubstr;

// exp - iat = 7200: {"iat":1795183800,"exp":1795191000}
constexpr char const* kJwt = "e30.eyJpYXQiOjE3OTUxODM4MDAsImV4cCI6MTc5NTE5MTAwMH0.c2ln";

std::string session_body(std::string const& pds = "https://pds.example") {
    return R"({"did":"did:plc:acme","handle":"Acme.example","accessJwt":")" + std::string(kJwt) +
           R"(","refreshJwt":"refresh-1","active":true,"didDoc":{"service":[{"id":"#other","serviceEndpoint":"https://no"},{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":")" +
           pds + R"("}]}})";
}

constexpr char const* kFound = R"({"cursor":"25","hitsTotal":132,"posts":[
 {"uri":"at://did:plc:bob/app.bsky.feed.post/3n2qqup2avo3h","cid":"bafy",
  "author":{"did":"did:plc:bob","handle":"bob.example","createdAt":"2024-02-01T10:00:00.000Z"},
  "record":{"$type":"app.bsky.feed.post","text":"@zephyrcola.example your caps break","createdAt":"2026-11-20T14:03:27.537Z","langs":["en"],
   "reply":{"root":{"uri":"at://did:plc:z/app.bsky.feed.post/1","cid":"x"},"parent":{"uri":"at://did:plc:z/app.bsky.feed.post/2","cid":"x"}}},
  "replyCount":0,"indexedAt":"2026-11-20T14:03:28.104Z"},
 {"uri":"at://did:plc:aaaa/app.bsky.feed.post/3n2qqs3ktk22d","author":{"did":"did:plc:aaaa","handle":"handle.invalid"},
  "record":{"text":"look","createdAt":"2027-01-01T00:00:00Z","embed":{"$type":"app.bsky.embed.recordWithMedia","record":{"record":{"uri":"at://did:plc:z/app.bsky.feed.post/9"}}}},
  "indexedAt":"2026-11-20T14:02:00.000Z"},
 {"uri":"at://did:plc:c/app.bsky.feed.post/7","record":{"text":"a feed","embed":{"record":{"uri":"at://did:plc:z/app.bsky.feed.generator/f"}}},
  "indexedAt":"2026-11-20T14:01:00.000Z"}]})";

TEST(BlueskySession, LogsInRefreshesAndGoesToItsPds) {
    auto const a = bluesky_account(false);
    auto const poller =
        daemon::make_bluesky_search(a, stream("bluesky", "search", {{"query", "z"}}));
    MentionBatch batch;
    EXPECT_LE(poller->ready_at(kNow), kNow);
    HttpRequest const login = poller->next_request("", context());
    EXPECT_EQ(login.method, "POST");
    EXPECT_EQ(login.url, "https://bsky.example/xrpc/com.atproto.server.createSession");
    EXPECT_EQ(login.body, R"({"identifier":"acme.example","password":"app-pass-word"})");
    EXPECT_FALSE(login.idempotent);
    auto const in = accept(*poller, "r=5", answer(200, session_body()), batch);
    ASSERT_TRUE(in.page) << in.page.error().detail;
    EXPECT_TRUE(in.page->aside);
    EXPECT_EQ(in.page->cursor, "r=5") << "the walk stands where it stood";
    EXPECT_TRUE(in.mentions.empty());
    EXPECT_EQ(a.session->subject, "did:plc:acme");

    HttpRequest const search = poller->next_request("", context());
    EXPECT_TRUE(search.url.starts_with("https://pds.example/xrpc/app.bsky.feed.searchPosts?"));
    EXPECT_EQ(exporters::header(search.headers, "Authorization"), "Bearer " + std::string(kJwt));
    // Five minutes before its end the token is renewed.
    EXPECT_EQ(poller->next_request("", context(kNow + 114min)).method, "GET");
    HttpRequest const refresh = poller->next_request("", context(kNow + 116min));
    EXPECT_EQ(refresh.url, "https://pds.example/xrpc/com.atproto.server.refreshSession");
    EXPECT_EQ(exporters::header(refresh.headers, "Authorization"), "Bearer refresh-1");
    EXPECT_EQ(refresh.body, "");
    // A dead refresh token makes way for a login, which the last one's pause no longer holds up.
    auto const dead =
        accept(*poller, "", answer(400, R"({"error":"ExpiredToken","message":"revoked"})"), batch,
               context(kNow + 116min));
    EXPECT_EQ(dead.page.error().fault, Fault::auth);
    EXPECT_TRUE(poller->reload_secrets()) << "another way is left";
    EXPECT_LE(poller->ready_at(kNow + 116min), kNow + 116min);
    EXPECT_THAT(poller->next_request("", context(kNow + 116min)).url, HasSubstr("createSession"));
}

TEST(BlueskySession, AnExpiredTokenCostsNoWalk) {
    auto const a = bluesky_account();
    auto const s = stream("bluesky", "search", {{"query", "z"}});
    auto const one = daemon::make_bluesky_search(a, s);
    auto const two = daemon::make_bluesky_search(a, s);
    MentionBatch batch;
    (void)one->next_request("", context());
    (void)two->next_request("", context());
    auto const expired = answer(400, R"({"error":"ExpiredToken","message":"Token has expired"})");
    EXPECT_EQ(accept(*one, "", expired, batch).page.error().fault, Fault::auth);
    EXPECT_TRUE(one->reload_secrets());
    EXPECT_LE(one->ready_at(kNow), kNow);
    EXPECT_GT(two->ready_at(kNow), kNow) << "the other waits for the one that logs in";
    EXPECT_THAT(one->next_request("", context()).url, HasSubstr("refreshSession"));
    ASSERT_TRUE(accept(*one, "", answer(200, session_body("http://tapped.example")), batch).page);
    EXPECT_EQ(a.session->server, "") << "https does not become http";
    EXPECT_LE(two->ready_at(kNow), kNow);
    for (auto const* name : {"InvalidToken", "AuthMissing"})
        EXPECT_EQ(accept(*two, "", answer(400, R"({"error":")" + std::string(name) + "\"}"), batch)
                      .page.error()
                      .fault,
                  Fault::auth);
    // The other's late refusal concerns the old token, not the new one.
    EXPECT_EQ(accept(*two, "", expired, batch).page.error().fault, Fault::auth);
    EXPECT_EQ(a.session->access, kJwt);
    EXPECT_EQ(two->next_request("", context()).method, "GET");
}

TEST(BlueskySession, RefusedLoginsAreNotRepeatedAtOnce) {
    auto const a = bluesky_account(false);
    auto const poller =
        daemon::make_bluesky_search(a, stream("bluesky", "search", {{"query", "z"}}));
    MentionBatch batch;
    auto const refuse = [&](HttpResponse const& response) {
        EXPECT_LE(poller->ready_at(kNow), kNow);
        (void)poller->next_request("", context());
        return accept(*poller, "", response, batch).page.error();
    };
    auto const wrong = refuse(
        answer(401, R"({"error":"AuthenticationRequired","message":"Invalid app-pass-word"})"));
    EXPECT_EQ(wrong.fault, Fault::auth);
    EXPECT_EQ(wrong.detail.find("app-pass-word"), std::string::npos);
    EXPECT_FALSE(poller->reload_secrets()) << "nothing changed";
    EXPECT_EQ(poller->ready_at(kNow), kNow + 15min);
    a.session->not_before = kNoTime;
    // 2026-11-20T15:10:00Z
    auto const often = refuse(answer(429, R"({"error":"RateLimitExceeded"})",
                                     {{"ratelimit-remaining", "0"},
                                      {"ratelimit-reset", "1795187400"},
                                      {"ratelimit-policy", "30;w=300"}}));
    EXPECT_EQ(often.fault, Fault::transient) << "who has a session goes on reading";
    EXPECT_EQ(poller->ready_at(kNow), kNow + 1h);
    a.session->not_before = kNoTime;
    EXPECT_EQ(refuse(answer(401, R"({"error":"AccountTakedown"})")).fault, Fault::forbidden);
    a.session->not_before = kNoTime;
    EXPECT_THAT(refuse(answer(401, R"({"error":"AuthFactorTokenRequired"})")).detail,
                HasSubstr("app password"));
    a.session->not_before = kNoTime;
    EXPECT_EQ(refuse(answer(200, "<html></html>")).fault, Fault::malformed);
    EXPECT_EQ(a.session->access, "");
    EXPECT_EQ(daemon::jwt_lifetime(kJwt), 7200s);
    EXPECT_EQ(daemon::jwt_lifetime("abc"), std::nullopt);
    EXPECT_EQ(daemon::jwt_lifetime("a.!!.c"), std::nullopt);
}

TEST(Bluesky, ReadsPosts) {
    auto const poller = bluesky_search();
    MentionBatch batch;
    HttpRequest const request = poller->next_request("", context(kNow, kNow - 2min));
    EXPECT_EQ(param(request, "q"), "zephyr cola");
    EXPECT_EQ(param(request, "sort"), "latest");
    EXPECT_EQ(param(request, "since"), "2026-11-20T13:53:00Z") << "a quarter of an hour behind";
    EXPECT_EQ(param(request, "until"), "2026-11-20T14:10:00Z");
    EXPECT_EQ(param(request, "limit"), "100");
    auto const step = accept(*poller, "", answer(200, kFound), batch, context(kNow, kNow - 2min));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 3u);
    auto const& reply = step.mentions[0];
    EXPECT_EQ(reply.id, "at://did:plc:bob/app.bsky.feed.post/3n2qqup2avo3h");
    EXPECT_EQ(reply.kind, MentionKind::reply);
    EXPECT_EQ(reply.in_reply_to, "at://did:plc:z/app.bsky.feed.post/2");
    EXPECT_EQ(reply.conversation, "at://did:plc:z/app.bsky.feed.post/1");
    EXPECT_EQ(reply.url, "https://bsky.app/profile/did:plc:bob/post/3n2qqup2avo3h");
    EXPECT_EQ(reply.author.id, "did:plc:bob");
    EXPECT_EQ(reply.author.handle, "bob.example");
    EXPECT_EQ(reply.created_at, at("2026-11-20T14:03:27.537Z"));
    EXPECT_EQ(reply.lang, "en");
    auto const& quote = step.mentions[1];
    EXPECT_EQ(quote.kind, MentionKind::quote);
    EXPECT_EQ(quote.quotes, "at://did:plc:z/app.bsky.feed.post/9");
    EXPECT_EQ(quote.author.handle, "") << "handle.invalid is nobody";
    EXPECT_EQ(quote.created_at, at("2026-11-20T14:02:00Z")) << "nobody posts after he was indexed";
    EXPECT_EQ(step.mentions[2].kind, MentionKind::post) << "a feed that is shown is no quote";
    EXPECT_FALSE(step.page->complete);
    HttpRequest const next = poller->next_request(step.page->cursor, context(kNow + 5s));
    EXPECT_EQ(param(next, "cursor"), "25");
    EXPECT_EQ(param(next, "since"), "2026-11-20T13:53:00Z") << "every page repeats the bounds";
    EXPECT_EQ(param(next, "until"), "2026-11-20T14:10:00Z");
    auto const end = accept(*poller, step.page->cursor, answer(200, R"({"posts":[]})"), batch,
                            context(kNow + 5s, kNow - 2min));
    ASSERT_TRUE(end.page);
    EXPECT_TRUE(end.page->complete);
    EXPECT_EQ(end.page->covered_until, kNow - 30s) << "from the walk's start, not its end";
}

TEST(Bluesky, WhereTheListEndsTheWalkGoesOnByTime) {
    auto const poller = bluesky_search();
    MentionBatch batch;
    auto const full = [](int newest_second) {
        std::string body = R"({"posts":[)";
        for (int i = 0; i < 100; ++i) {
            char time[40];
            std::snprintf(time, sizeof time, "2026-11-20T13:%02d:%02dZ", newest_second / 60,
                          newest_second % 60);
            --newest_second;
            body += std::string(i == 0 ? "" : ",") + R"({"uri":"at://d/c/)" +
                    std::to_string(newest_second) + R"(","record":{"createdAt":")" + time +
                    R"("},"indexedAt":"2026-11-20T14:05:00Z"})";
        }
        return body + "]}";
    };
    auto const one = accept(*poller, "", answer(200, full(3000)), batch);
    ASSERT_TRUE(one.page) << one.page.error().detail;
    EXPECT_FALSE(one.page->complete) << "a full page without a cursor: more may lie behind it";
    // 3000 s = 13:50:00, a hundred posts back: 13:48:21
    HttpRequest const slice = poller->next_request(one.page->cursor, context());
    EXPECT_EQ(param(slice, "until"), "2026-11-20T13:48:21.001Z");
    EXPECT_EQ(param(slice, "cursor"), "");
    // A server that knows no `until` gives the same once more: that is the end, not a circle.
    auto const again = accept(*poller, one.page->cursor, answer(200, full(3200)), batch);
    ASSERT_TRUE(again.page);
    EXPECT_TRUE(again.page->complete);
    EXPECT_EQ(again.page->covered_from, at("2026-11-20T13:48:21Z"));
}

// A page that gives the posts of the page before once more leads to itself. The list goes on all
// the same, and what lies below is asked for by time.
TEST(Bluesky, APageThatLeadsToItselfEndsNoWalk) {
    auto const poller = bluesky_search();
    MentionBatch batch;
    auto const covered = context(kNow, at("2026-11-20T13:00:00Z"));
    auto const first = accept(*poller, "", answer(200, kFound), batch, covered);
    ASSERT_TRUE(first.page) << first.page.error().detail;
    auto const second = accept(*poller, first.page->cursor, answer(200, kFound), batch, covered);
    ASSERT_TRUE(second.page) << second.page.error().detail;
    EXPECT_FALSE(second.page->complete) << "nothing between 13:00 and 14:01 was read";
    HttpRequest const below = poller->next_request(second.page->cursor, covered);
    EXPECT_EQ(param(below, "until"), "2026-11-20T14:01:00.001Z");
    EXPECT_EQ(param(below, "cursor"), "");
    auto const last =
        accept(*poller, second.page->cursor, answer(200, R"({"posts":[]})"), batch, covered);
    ASSERT_TRUE(last.page) << last.page.error().detail;
    EXPECT_TRUE(last.page->complete);
    EXPECT_EQ(last.page->covered_from, std::nullopt) << "nothing was out of reach";
}

// Notifications cannot be asked for by time: the page is asked for again, and what a list that
// stands still holds below is told as a gap.
TEST(Bluesky, NotificationsThatStandStillAreTold) {
    auto const ours = bluesky_mentions();
    MentionBatch batch;
    auto const covered = context(kNow, at("2026-11-20T13:00:00Z"));
    auto const page = answer(200, R"({"cursor":"c","notifications":[
      {"uri":"at://did:plc:b/app.bsky.feed.post/1","reason":"mention","record":{"text":"hi","createdAt":"2026-11-20T14:03:27Z"},"indexedAt":"2026-11-20T14:03:28Z"}]})");
    auto step = accept(*ours, "", page, batch, covered);
    int again = 0;
    for (; step.page && !step.page->complete && again < 10; ++again) {
        EXPECT_EQ(param(ours->next_request(step.page->cursor, covered), "cursor"), "c");
        step = accept(*ours, std::string(step.page->cursor), page, batch, covered);
    }
    ASSERT_TRUE(step.page) << step.page.error().detail;
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(again, 4) << "asked for, and three times again";
    EXPECT_EQ(step.page->covered_from, at("2026-11-20T14:03:28Z"));
}

// Thousands of likes above the mentions: pages of the reasons asked for that hold none.
TEST(Bluesky, AWalkThatIsLeftBetweenEmptyPagesTellsWhatItDidNotRead) {
    auto const ours = bluesky_mentions();
    MentionBatch batch;
    auto const covered = context(kNow, at("2026-11-20T13:00:00Z"));
    std::string cursor;
    for (int i = 1; i <= 30; ++i) {
        auto const step =
            accept(*ours, cursor,
                   answer(200, R"({"cursor":"c)" + std::to_string(i) + R"(","notifications":[]})"),
                   batch, covered);
        ASSERT_TRUE(step.page) << step.page.error().detail;
        ASSERT_EQ(step.page->complete, i == 30) << i;
        if (i == 30) {
            EXPECT_EQ(step.page->covered_from, step.page->covered_until);
        }
        cursor = step.page->cursor;
    }
    // A list that simply has no more is no gap.
    auto const none = accept(*ours, "", answer(200, R"({"notifications":[]})"), batch, covered);
    ASSERT_TRUE(none.page);
    EXPECT_TRUE(none.page->complete);
    EXPECT_EQ(none.page->covered_from, std::nullopt);
}

TEST(Bluesky, ACursorThatIsNoGoodBeginsTheWalkAnew) {
    auto const poller = bluesky_search();
    MentionBatch batch;
    auto const first = accept(*poller, "", answer(200, kFound), batch);
    auto const trouble = [&] {
        return accept(*poller, first.page->cursor,
                      answer(500, R"({"error":"InternalServerError"})"), batch)
            .page.error()
            .fault;
    };
    EXPECT_EQ(trouble(), Fault::transient);
    EXPECT_EQ(trouble(), Fault::transient);
    EXPECT_EQ(trouble(), Fault::bad_cursor);
    EXPECT_EQ(trouble(), Fault::transient);
    EXPECT_EQ(param(poller->next_request(poller->restart(first.page->cursor), context()), "cursor"),
              "");
    EXPECT_EQ(
        accept(*poller, "", answer(403, "<html>Request forbidden by administrative rules."), batch)
            .page.error()
            .fault,
        Fault::forbidden);
}

TEST(Bluesky, OurOwnMentionsAreNotifications) {
    auto const ours = bluesky_mentions("@ACME.example");
    MentionBatch batch;
    HttpRequest const request = ours->next_request("", context());
    EXPECT_THAT(request.url, HasSubstr("listNotifications?reasons=mention&reasons=reply"));
    EXPECT_THAT(bluesky_mentions("did:plc:acme")->next_request("", context()).url,
                HasSubstr("listNotifications"));
    auto const step = accept(*ours, "", answer(200, R"({"cursor":"c","notifications":[
      {"uri":"at://did:plc:b/app.bsky.feed.post/1","author":{"did":"did:plc:b","handle":"b.example"},"reason":"mention","record":{"text":"hi","createdAt":"2026-11-20T14:03:27Z"},"indexedAt":"2026-11-20T14:03:28Z"},
      {"uri":"at://did:plc:c/app.bsky.feed.like/2","reason":"like","record":{"createdAt":"2026-11-20T14:02:00Z"},"indexedAt":"2026-11-20T14:02:01Z"}]})"),
                             batch);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 1u) << "likes are none";
    EXPECT_EQ(step.page->malformed, 0u);
    auto const theirs = bluesky_mentions("rival.example");
    HttpRequest const search = theirs->next_request("", context());
    EXPECT_THAT(search.url, HasSubstr("searchPosts"));
    EXPECT_EQ(param(search, "mentions"), "rival.example");
    EXPECT_EQ(param(search, "q"), "@rival.example");
}

TEST(MastodonSearch, GoesBackToItsFloor) {
    auto const poller = mastodon_search();
    MentionBatch batch;
    HttpRequest const request = poller->next_request("", context());
    EXPECT_EQ(request.url,
              "https://inst.example/api/v2/search?q=zephyr%20cola&type=statuses&limit=40");
    EXPECT_EQ(exporters::header(request.headers, "Authorization"), "Bearer fedi-token");
    auto const page = [](std::vector<std::string> const& ids) {
        std::string out;
        for (auto const& id : ids)
            out += (out.empty() ? "" : ",") + (R"({"id":")" + id + R"(","content":"x"})");
        return answer(200, R"({"accounts":[],"statuses":[)" + out + R"(],"hashtags":[]})");
    };
    auto const one = accept(*poller, "", page({"31", "30"}), batch);
    ASSERT_TRUE(one.page) << one.page.error().detail;
    EXPECT_EQ(param(poller->next_request(one.page->cursor, context()), "max_id"), "30");
    auto const end = accept(*poller, one.page->cursor, page({}), batch);
    ASSERT_TRUE(end.page);
    EXPECT_TRUE(end.page->complete);
    EXPECT_EQ(end.page->covered_until, kNow - 120s) << "servers index in batches";
    // The next walk has a floor, and pages that come in no order are paged by offset.
    auto const c = context(kNow + 60s, kNow - 120s);
    EXPECT_EQ(poller->next_request(end.page->cursor, c).url, request.url)
        << "min_id means different things to different servers";
    auto const met = accept(*poller, end.page->cursor, page({"33", "31"}), batch, c);
    ASSERT_TRUE(met.page);
    EXPECT_TRUE(met.page->complete) << "down to what is known";
    auto const mixed = accept(*poller, end.page->cursor, page({"40", "44", "42"}), batch, c);
    ASSERT_TRUE(mixed.page);
    HttpRequest const next = poller->next_request(mixed.page->cursor, c);
    EXPECT_EQ(param(next, "offset"), "3");
    EXPECT_EQ(param(next, "max_id"), "");
    auto const same = accept(*poller, mixed.page->cursor, page({"40", "44", "42"}), batch, c);
    ASSERT_TRUE(same.page);
    EXPECT_TRUE(same.page->complete) << "a server without offsets is no circle";
    EXPECT_THAT(same.page->cursor, HasSubstr("w=44"));
}

TEST(MastodonTag, AFeedThatIsSwitchedOffIsNotQuiet) {
    auto const rules = [](std::string const& access) {
        return answer(
            200,
            R"({"domain":"inst.example","configuration":{"urls":{},"timelines_access":{"live_feeds":{"local":"public","remote":"public"},"hashtag_feeds":)" +
                access + "}}}");
    };
    MentionBatch batch;
    auto const told = [&](std::string const& access) {
        auto const poller = mastodon_tag();
        auto const empty = accept(*poller, "", answer(200, "[]"), batch);
        EXPECT_TRUE(empty.page && empty.page->aside && empty.page->cursor.empty());
        EXPECT_EQ(poller->next_request("", context()).url, "https://inst.example/api/v2/instance");
        auto const answered = accept(*poller, "", rules(access), batch);
        // Then the feed is asked again, and the rules are not read with each poll.
        EXPECT_THAT(poller->next_request("", context()).url, HasSubstr("/timelines/tag/"));
        auto const later = accept(*poller, "", answer(200, "[]"), batch, context(kNow + 1min));
        EXPECT_EQ(bool(later.page), bool(answered.page));
        EXPECT_TRUE(!later.page || later.page->complete);
        return answered.page ? Fault::transient : answered.page.error().fault;
    };
    EXPECT_EQ(told(R"({"local":"disabled","remote":"disabled"})"), Fault::forbidden);
    EXPECT_EQ(told(R"({"local":"authenticated","remote":"authenticated"})"), Fault::auth);
    EXPECT_EQ(told(R"({"local":"public","remote":"public"})"), Fault::transient) << "no failure";
    EXPECT_EQ(told(R"("?")"), Fault::transient);
    // An old server has no such rules.
    auto const old = mastodon_tag();
    (void)accept(*old, "", answer(200, "[]"), batch);
    EXPECT_TRUE(accept(*old, "", answer(404, R"({"error":"Record not found"})"), batch).page);
    // An hour later they may have changed.
    auto const again = accept(*old, "", answer(200, "[]"), batch, context(kNow + 2h));
    EXPECT_TRUE(again.page && again.page->aside);
}

TEST(Sse, ReadsEventsInAnyPieces) {
    std::string const wire =
        ":)\nevent: update\ndata: {\"id\":1}\n\n:thump\r\nevent:delete\r\ndata:9\r\n\r\ndata: "
        "a\rdata\rdata: "
        "b\r\revent: none\n\ndata: last\n\n";
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        daemon::SseReader reader(1000);
        for (std::size_t at = 0; at < wire.size(); at += piece)
            ASSERT_TRUE(reader.put(std::string_view(wire).substr(at, piece)));
        std::vector<std::string> got;
        while (reader.has()) {
            auto const m = reader.take();
            got.push_back(m.event + "|" + m.data);
        }
        EXPECT_THAT(got, testing::ElementsAre("update|{\"id\":1}", "delete|9", "|a\n\nb", "|last"))
            << piece;
    }
    daemon::SseReader small(10);
    EXPECT_FALSE(small.put("data: 12345678901234567890"));
}

TEST(WebSocket, SpeaksRfc6455) {
    using daemon::WsKind, daemon::WsReader;
    // The RFC's own examples: 1.3 and 5.7.
    EXPECT_EQ(daemon::websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(daemon::websocket_frame(WsKind::text, "Hello", {0x37, 0xfa, 0x21, 0x3d}),
              "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    std::string const wire = std::string("\x01\x03Hel", 5) + std::string("\x89\x05Hello", 7) +
                             std::string("\x80\x02lo", 4) + std::string("\x81\x7e\x01\x00", 4) +
                             std::string(256, 'x');
    for (std::size_t piece : {1, 2, 3, 7, 1000}) {
        WsReader reader(1000);
        for (std::size_t at = 0; at < wire.size(); at += piece)
            ASSERT_FALSE(reader.put(std::string_view(wire).substr(at, piece)));
        EXPECT_EQ(reader.take().kind, WsKind::ping);
        EXPECT_EQ(reader.take().data, "Hello") << "two fragments around a ping";
        EXPECT_EQ(reader.take().data, std::string(256, 'x'));
        EXPECT_FALSE(reader.has());
    }
    auto const fault = [](std::string const& bytes) {
        auto const failure = WsReader(100).put(bytes);
        return failure ? failure->fault : Fault::transient;
    };
    EXPECT_EQ(fault(std::string("\x81\x85\x01\x01\x01\x01\x01\x01\x01\x01\x01", 11)),
              Fault::malformed)
        << "masked";
    EXPECT_EQ(fault("\xc1\x01x"), Fault::malformed) << "compressed, which was not agreed";
    EXPECT_EQ(fault(std::string("\x80\x01x", 3)), Fault::malformed) << "continues nothing";
    EXPECT_EQ(fault(std::string("\x09\x01x", 3)), Fault::malformed) << "a ping in fragments";
    EXPECT_EQ(fault(std::string("\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 10)), Fault::too_large);
}

TEST(Jetstream, PicksOutWhatIsAsked) {
    auto s = stream("bluesky", "search", {{"query", "zephyr \"broken cap\" -joke"}});
    EXPECT_EQ(daemon::make_jetstream_search(bluesky_account(), s), nullptr) << "off by default";
    s.values.text["streaming"] = "auto";
    EXPECT_EQ(daemon::make_jetstream_search(bluesky_account(), s), nullptr) << "it costs much";
    s.values.text["streaming"] = "on";
    auto const listener = daemon::make_jetstream_search(bluesky_account(), s);
    ASSERT_NE(listener, nullptr);
    EXPECT_TRUE(listener->request().websocket);
    EXPECT_EQ(
        listener->request().http.url,
        "https://jetstream2.us-east.bsky.network/subscribe?wantedCollections=app.bsky.feed.post");
    MentionBatch batch;
    auto const hear = [&](std::string const& text, std::string const& operation = "create") {
        daemon::StreamMessage m;
        m.data =
            R"({"did":"did:plc:o","time_us":1795183407612308,"cursor":8812345001,"kind":"commit","commit":{"rev":"r","operation":")" +
            operation + R"(","collection":"app.bsky.feed.post","rkey":"3k","record":{"text":")" +
            text + R"(","createdAt":"2021-01-01T00:00:00Z","langs":["en"]}}})";
        std::size_t const before = batch.items.size();
        EXPECT_EQ(listener->accept(m, batch), 0u);
        return batch.items.size() - before;
    };
    EXPECT_EQ(hear("My ZEPHYR has a broken cap!"), 1u);
    EXPECT_EQ(hear("zephyrs have a broken cap"), 0u) << "another word";
    EXPECT_EQ(hear("zephyr: broken, cap"), 0u);
    EXPECT_EQ(hear("zephyr broken cap joke"), 0u);
    EXPECT_EQ(hear("zephyr broken cap", "delete"), 0u);
    EXPECT_EQ(batch.items[0].id, "at://did:plc:o/app.bsky.feed.post/3k")
        << "as the search calls it";
    EXPECT_EQ(batch.items[0].text, "My ZEPHYR has a broken cap!");
    EXPECT_EQ(batch.items[0].url, "https://bsky.app/profile/did:plc:o/post/3k");
    EXPECT_EQ(batch.items[0].created_at, at("2021-01-01T00:00:00Z"));
    EXPECT_THAT(listener->request().http.url, HasSubstr("&cursor=1795183402612308"))
        << "five seconds before the last";
    daemon::StreamMessage bad;
    for (auto const* text :
         {"", "{", "[]", "\xff", R"({"did":"d","commit":{"operation":"create"})"}) {
        bad.data = text;
        EXPECT_EQ(listener->accept(bad, batch), 1u) << text;
    }
    for (auto const* query : {"from:a zephyr", "a OR b", "", "-only", "\"open"})
        EXPECT_FALSE(daemon::PostQuery::parse(query)) << query;
}

TEST(Jetstream, KnowsAMentionByItsFacetsAndItsThread) {
    auto s = stream("bluesky", "mentions", {{"actor", "@acme.example"}, {"streaming", "on"}});
    auto const listener = daemon::make_jetstream_mentions(bluesky_account(), s);
    ASSERT_NE(listener, nullptr);
    MentionBatch batch;
    auto const hear = [&](std::string const& record) {
        daemon::StreamMessage m;
        m.data =
            R"({"did":"did:plc:o","time_us":1795183407612308,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3k","record":)" +
            record + "}}";
        std::size_t const before = batch.items.size();
        EXPECT_EQ(listener->accept(m, batch), 0u);
        return batch.items.size() - before;
    };
    EXPECT_EQ(hear(R"({"text":"hi @acme.example!"})"), 1u);
    EXPECT_EQ(hear(R"({"text":"hi","facets":[{"features":[{"did":"did:plc:acme"}]}]})"), 1u);
    EXPECT_EQ(
        hear(
            R"({"text":"hi","reply":{"parent":{"uri":"at://did:plc:acme/app.bsky.feed.post/1"}}})"),
        1u);
    EXPECT_EQ(
        hear(
            R"({"text":"hi","embed":{"record":{"uri":"at://did:plc:acme/app.bsky.feed.post/1"}}})"),
        1u);
    EXPECT_EQ(hear(R"({"text":"hi acme"})"), 0u);
}

TEST(MastodonListener, HearsWhatThePollerReads) {
    auto s = stream("mastodon", "tag", {{"tag", "#zephyrfail"}});
    EXPECT_EQ(daemon::make_mastodon_tag_listener(account("https://inst.example"), s), nullptr)
        << "a token is asked for";
    auto const a = account("https://inst.example", {{"access_token_file", "fedi-token"}});
    auto const listener = daemon::make_mastodon_tag_listener(a, s);
    ASSERT_NE(listener, nullptr) << "auto is on where there is one";
    EXPECT_EQ(listener->request().http.url,
              "https://inst.example/api/v1/streaming/hashtag?tag=zephyrfail");
    MentionBatch batch;
    auto const hear = [&](char const* event, char const* data) {
        daemon::StreamMessage m;
        m.event = event;
        m.data = data;
        return listener->accept(m, batch);
    };
    EXPECT_EQ(hear("update", R"({"id":"9","content":"<p>a</p>","account":{"id":"1","acct":"jo"}})"),
              0u);
    EXPECT_EQ(hear("delete", "9"), 0u);
    EXPECT_EQ(hear("filters_changed", "undefined"), 0u);
    EXPECT_EQ(hear("update", "{"), 1u);
    ASSERT_EQ(batch.items.size(), 1u);
    EXPECT_EQ(batch.items[0].id, "9");
    EXPECT_EQ(batch.items[0].author.handle, "jo@inst.example");
    s.values.text["streaming"] = "off";
    EXPECT_EQ(daemon::make_mastodon_tag_listener(a, s), nullptr);
    s.values.text.erase("streaming");
    auto const told = daemon::make_mastodon_mentions_listener(a, s);
    daemon::StreamMessage m;
    m.event = "notification";
    m.data = R"({"id":"3","type":"mention","status":{"id":"7","content":"x"}})";
    EXPECT_EQ(told->accept(m, batch), 0u);
    m.data = R"({"id":"3","type":"follow"})";
    EXPECT_EQ(told->accept(m, batch), 0u);
    EXPECT_EQ(batch.items.size(), 2u);
}

TEST(StreamWait, GrowsAndKnowsARefusal) {
    daemon::Failure const lost(Fault::transient, "x");
    EXPECT_EQ(daemon::stream_wait(0, lost), 1s);
    EXPECT_EQ(daemon::stream_wait(3, lost), 8s);
    EXPECT_EQ(daemon::stream_wait(1000, lost), 5min);
    EXPECT_EQ(daemon::stream_wait(0, daemon::Failure(Fault::not_found, "x")), 1h);
    EXPECT_EQ(daemon::stream_wait(0, daemon::Failure(Fault::throttled, "x", 77s)), 77s);
}

}  // namespace
}  // namespace surged::tests
