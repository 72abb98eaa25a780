// Goal: Instagram's edges are read as Meta documents them, its 24 hours and 30 hashtags are told as
// what they are, and its webhooks are believed only when they are signed.
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/pollers/hooks.h"
#include "daemon/pollers/instagram.h"
#include "tests/poller_kit.h"

#include <gmock/gmock.h>

#include <set>

namespace surged::tests {
namespace {

using detectors::MentionKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr auto kUser = "17841405309211844";

std::unique_ptr<Poller> mentions() {
    return daemon::make_instagram_mentions(
        account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}}),
        stream("instagram", "mentions", {{"user", kUser}}));
}
std::unique_ptr<Poller> hashtag(std::string tag = "#ZephyrFail") {
    return daemon::make_instagram_hashtag(
        account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}}),
        stream("instagram", "hashtag", {{"user", kUser}, {"hashtag", std::move(tag)}}));
}

constexpr char const* kTags = R"({"data":[
  {"id":"17895695668004550","caption":"Cap snapped @zephyrcola 😡","media_type":"IMAGE",
   "permalink":"https://www.instagram.com/p/Cx1/","timestamp":"2026-11-20T14:01:10+0000",
   "username":"ana.p","like_count":31,"comments_count":4},
  {"id":"17895695668004551","timestamp":"2026-11-20T12:44:00+0000","comments_count":0}],
 "paging":{"cursors":{"before":"QVFIUjB=","after":"QVFIUjE="}}})";
constexpr char const* kMedia = R"({"data":[
  {"id":"900","caption":"New caps!","timestamp":"2026-11-20T10:00:00+0000","username":"zephyr",
   "owner":{"id":"17841405309211844"},"comments_count":2},
  {"id":"901","caption":"quiet","timestamp":"2026-11-20T09:00:00+0000","comments_count":0},
  {"id":"902","caption":"old","timestamp":"2026-11-10T09:00:00+0000","comments_count":7}]})";
constexpr char const* kComments = R"({"data":[
  {"id":"17873440459141029","text":"Same here","timestamp":"2026-11-20T14:03:59+0000",
   "username":"kim","from":{"id":"77","username":"kim"},
   "replies":{"data":[{"id":"17873440459141030","text":"Sorry!","username":"zephyr",
                       "timestamp":"2026-11-20T14:05:00+0000"}]}}]})";

TEST(InstagramMentions, ReadsTagsThenOwnMediaThenTheirComments) {
    auto const poller = mentions();
    MentionBatch batch;
    auto const c = context(kNow, kNow - 3h);
    auto const request = poller->next_request("", c);
    EXPECT_EQ(path_of(request), "/v26.0/17841405309211844/tags");
    EXPECT_THAT(param(request, "fields"), HasSubstr("caption"));
    EXPECT_EQ(exporters::header(request.headers, "Authorization"), "Bearer EAABtoken123");

    auto step = accept(*poller, "", answer(200, kTags), batch, c);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "17895695668004550");
    EXPECT_EQ(step.mentions[0].text, "Cap snapped @zephyrcola 😡");
    EXPECT_EQ(step.mentions[0].author.handle, "ana.p");
    EXPECT_EQ(step.mentions[0].url, "https://www.instagram.com/p/Cx1/");
    EXPECT_EQ(step.mentions[0].created_at, at("2026-11-20T14:01:10Z"));
    EXPECT_EQ(step.mentions[0].conversation, "17895695668004550");
    EXPECT_FALSE(step.page->complete);

    std::string cursor = step.page->cursor;
    EXPECT_EQ(path_of(poller->next_request(cursor, c)), "/v26.0/17841405309211844/media");
    step = accept(*poller, cursor, answer(200, kMedia), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.mentions.empty()) << "own media older than the walk's bound are known";

    // 901 has no comments; 902 is old, but nobody has read its seven comments yet.
    cursor = step.page->cursor;
    EXPECT_EQ(path_of(poller->next_request(cursor, c)), "/v26.0/900/comments");
    step = accept(*poller, cursor, answer(200, kComments), batch, c);
    ASSERT_TRUE(step.page);
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].kind, MentionKind::reply);
    EXPECT_EQ(step.mentions[0].in_reply_to, "17873440459141029");
    EXPECT_EQ(step.mentions[0].conversation, "900");
    EXPECT_EQ(step.mentions[1].kind, MentionKind::comment);
    EXPECT_EQ(step.mentions[1].in_reply_to, "900");
    EXPECT_EQ(step.mentions[1].author.id, "77");

    cursor = step.page->cursor;
    EXPECT_EQ(path_of(poller->next_request(cursor, c)), "/v26.0/902/comments");
    step = accept(*poller, cursor,
                  answer(400, R"({"error":{"code":100,"error_subcode":33,"message":"gone"}})"),
                  batch, c);
    ASSERT_TRUE(step.page) << "a medium that vanished spoils nothing";
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_until, kNow - 60s);
    EXPECT_FALSE(step.page->covered_from) << "the walk goes on where the last one ended";

    // The next walk does not read the old medium again: the number of its comments is the same.
    cursor = step.page->cursor;
    auto const later = context(kNow + 1min, kNow - 60s);
    step = accept(*poller, cursor, answer(200, R"({"data":[]})"), batch, later);
    step = accept(*poller, step.page->cursor, answer(200, kMedia), batch, later);
    EXPECT_EQ(path_of(poller->next_request(step.page->cursor, later)), "/v26.0/900/comments");
    step = accept(*poller, step.page->cursor, answer(200, kComments), batch, later);
    EXPECT_TRUE(step.page->complete);
}

TEST(InstagramHashtag, AsksForTheTagOnceAndReadsAllOfItsDay) {
    auto const poller = hashtag();
    MentionBatch batch;
    auto const c = context(kNow, kNow - 30h);
    auto const request = poller->next_request("", c);
    EXPECT_EQ(path_of(request), "/v26.0/ig_hashtag_search");
    EXPECT_EQ(param(request, "q"), "ZephyrFail");
    EXPECT_EQ(param(request, "user_id"), kUser);
    for (auto const* body : {R"({"data":[{"id":"17843"}]})", R"({"id":"17843"})"}) {
        auto step = accept(*poller, "", answer(200, body), batch, c);
        ASSERT_TRUE(step.page) << step.page.error().detail;
        EXPECT_TRUE(step.mentions.empty());
        EXPECT_FALSE(step.page->complete);
        EXPECT_EQ(path_of(poller->next_request(step.page->cursor, c)), "/v26.0/17843/recent_media");
    }
    // The same `after` on every page may still go on; the same page may not.
    auto const page = [](char const* id) {
        return answer(200, std::string(R"({"data":[{"id":")") + id +
                               R"(","timestamp":"2026-11-20T10:00:00+0000"}],"paging":{"cursors":)"
                               R"({"after":"same"},"next":"https://graph/?after=same"}})");
    };
    auto step = accept(*poller, "h=17843", page("1"), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    EXPECT_EQ(param(poller->next_request(step.page->cursor, c), "after"), "same");
    step = accept(*poller, step.page->cursor, page("2"), batch, c);
    ASSERT_TRUE(step.page);
    std::string const at_two = step.page->cursor;
    auto const looping = accept(*poller, at_two, page("2"), batch, c);
    ASSERT_FALSE(looping.page) << "nothing may be called complete by a page that repeats";
    EXPECT_EQ(looping.page.error().fault, Fault::malformed);
    step = accept(*poller, at_two, answer(200, R"({"data":[{"id":"3"}]})"), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_from, kNow - 24h) << "six hours are beyond the API's reach";
    EXPECT_EQ(step.page->cursor, "h=17843");
    EXPECT_EQ(poller->restart(at_two), "h=17843");
}

TEST(InstagramHashtag, The31stHashtagOfAWeekIsABudget) {
    daemon::demo::PostBook book;
    daemon::demo::InstagramStandIn platform(book, {});
    MentionBatch batch;
    for (int i = 0; i < 31; ++i) {
        auto const poller = hashtag("tag" + std::to_string(i));
        for (int again = 0; again < 2; ++again) {
            auto const request =
                daemon::demo::to_server_request(poller->next_request("", context()));
            auto const response = daemon::demo::to_client_response(platform.handle(request, kNow));
            auto const step = accept(*poller, "", response, batch);
            ASSERT_EQ(bool(step.page), i < 30) << i;
            if (!step.page) {
                EXPECT_EQ(step.page.error().fault, Fault::budget);
            }
        }
    }
}

// One stand-in, walked to its end.
std::set<std::string> walk(Poller& poller, daemon::demo::InstagramStandIn& platform, WallTime now,
                           std::string& cursor, int& requests) {
    std::set<std::string> ids;
    MentionBatch batch;
    for (requests = 0; requests < 200; ++requests) {
        batch.clear();
        auto const request =
            daemon::demo::to_server_request(poller.next_request(cursor, context(now)));
        auto const response = daemon::demo::to_client_response(platform.handle(request, now));
        auto const step = accept(poller, cursor, response, batch, context(now));
        if (!step.page) {
            ADD_FAILURE() << step.page.error().detail;
            break;
        }
        for (auto const& m : step.mentions) ids.emplace(m.id);
        cursor = step.page->cursor;
        if (step.page->complete) break;
    }
    return ids;
}

TEST(InstagramStandIn, GivesAllThatIsThere) {
    daemon::demo::PostBook book;
    std::set<std::string> told, tagged;
    auto const add = [&](std::string id, std::string place, std::string text, WallTime when,
                         std::string parent = {}, std::string conversation = {}) {
        daemon::demo::Post post;
        post.id = std::move(id);
        post.platform = "instagram";
        post.created_at = when;
        post.place = std::move(place);
        post.text = std::move(text);
        post.own = post.place == "posts";
        post.in_reply_to = std::move(parent);
        post.conversation = std::move(conversation);
        post.author.handle = "a";
        post.author.id = "5";
        told.insert(post.id);
        book.append(std::move(post));
    };
    for (int i = 0; i < 130; ++i)
        add("t" + std::to_string(i), "tagged", i % 3 == 0 ? "oh #acme" : "oh #acmeish",
            kNow - 20h + i * 8min);
    for (int i = 0; i < 43 + 1; ++i) tagged.insert("t" + std::to_string(3 * i));
    tagged.erase("t132");
    for (int i = 0; i < 4; ++i) add("p" + std::to_string(i), "posts", "ours", kNow - 10h + i * 1h);
    for (int i = 0; i < 70; ++i)
        add("c" + std::to_string(i), "comments", "why?", kNow - 3h + i * 1min, "p1", "p1");
    for (int i = 0; i < 3; ++i)
        add("r" + std::to_string(i), "comments", "so", kNow - 1h + i * 1min, "c5", "p1");
    daemon::demo::InstagramOptions options;
    options.access_token = "EAABtoken123";
    daemon::demo::InstagramStandIn platform(book, options);
    std::string cursor;
    int requests = 0;
    auto poller = mentions();
    EXPECT_EQ(walk(*poller, platform, kNow, cursor, requests), told);
    auto by_tag = hashtag("acme");
    std::string tag_cursor;
    EXPECT_EQ(walk(*by_tag, platform, kNow, tag_cursor, requests), tagged);
    EXPECT_EQ(platform.served().throttled, 0u);
}

// --- webhooks

TEST(Hooks, SignaturesAreThoseOfThePlatforms) {
    EXPECT_EQ(daemon::x_challenge("4f1c2d9e-crc-token", "x_consumer_secret_demo"),
              R"({"response_token":"sha256=FaXVgoK0T7z7RZD+hZHEupvu8ce/h7T+kP32Mha9A54="})");
    std::string const x = R"({"data":{"event_uuid":"17","event_type":"post.delete"}})";
    EXPECT_TRUE(daemon::x_signed(
        "sha256=VbzEm5yKisEQbTsly2e+2ijPK3GZr3b7fMjxNjnxmAc=", "x_consumer_secret_demo", x));
    EXPECT_FALSE(daemon::x_signed(
        "sha256=VbzEm5yKisEQbTsly2e+2ijPK3GZr3b7fMjxNjnxmAc=", "x_consumer_secret_demo", x + " "));
    EXPECT_FALSE(daemon::x_signed("", "", ""));
    std::string const meta =
        R"({"object":"page","entry":[{"id":"1020304050","time":1795183572,"changes":[]}]})";
    EXPECT_TRUE(daemon::meta_signed(
        "sha256=fd6a9703149aeb01a5a4bebc132943e760cd50f3bb1310ce4c5ddd9c5a0dc4cc",
        "meta_app_secret_demo", meta));
    std::string const escaped =
        R"({"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"feed","value":{"message":"caf\u00e9"}}]}]})";
    EXPECT_TRUE(daemon::meta_signed(
        "sha256=c7c128c3beffb61fdf7a71f317f149c92ab48e35a984c131506b1a3e2dbbafbf",
        "meta_app_secret_demo", escaped));
    EXPECT_FALSE(daemon::meta_signed("sha1=2f407fd7b81281fe21b5c018e6ae0675cb511115",
                                     "meta_app_secret_demo", meta));
}

TEST(Hooks, ReadAPagesFeed) {
    MentionBatch batch;
    auto const read = daemon::read_meta_hook(
        R"({"object":"page","entry":[{"id":"1020304050","time":1795183572,"changes":[
      {"field":"feed","value":{"item":"comment","verb":"add","comment_id":"777000111_450001","post_id":"1020304050_777000111","parent_id":"777000111_449990",
        "from":{"id":"7700000000000123","name":"Ana P."},"message":"Same here!!","created_time":1795183572,
        "post":{"id":"1020304050_777000111","permalink_url":"https://www.facebook.com/p"}}},
      {"field":"feed","value":{"item":"comment","verb":"add","comment_id":"777000111_450002","post_id":"1020304050_777000111","parent_id":"1020304050_777000111","created_time":"1795183573"}},
      {"field":"feed","value":{"item":"comment","verb":"remove","comment_id":"777000111_449990","post_id":"1020304050_777000111"}},
      {"field":"feed","value":{"item":"reaction","verb":"add","post_id":"1020304050_777000111"}},
      {"field":"mention","value":{"item":"post","verb":"add","post_id":"5566778899_122233344455566","sender_name":"Corner Shop Leiden","message":"hm","created_time":1795183541}},
      {"field":"feed","value":{"item":"comment","verb":"add","post_id":"1020304050_777000111"}}]}]})",
        batch);
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(read->mentions.size(), 3u);
    auto const& answer = read->mentions[0];
    EXPECT_EQ(answer.target, "1020304050");
    EXPECT_EQ(answer.mention.id, "777000111_450001");
    EXPECT_EQ(answer.mention.kind, MentionKind::reply);
    EXPECT_EQ(answer.mention.in_reply_to, "777000111_449990");
    EXPECT_EQ(answer.mention.conversation, "1020304050_777000111");
    EXPECT_EQ(answer.mention.created_at, WallTime{1795183572s});
    EXPECT_EQ(answer.mention.author.id, "7700000000000123");
    EXPECT_EQ(read->mentions[1].mention.kind, MentionKind::comment);
    EXPECT_EQ(read->mentions[1].mention.created_at, WallTime{1795183573s});
    EXPECT_EQ(read->mentions[2].mention.id, "5566778899_122233344455566");
    EXPECT_EQ(read->other, 2u);
    EXPECT_EQ(read->malformed, 1u);
}

TEST(Hooks, ReadInstagramsMentions) {
    MentionBatch batch;
    auto const read = daemon::read_meta_hook(
        R"({"object":"instagram","entry":[{"id":"17841405309211844","time":1795183440,"changes":[
      {"field":"mentions","value":{"media_id":"17895695668004550","comment_id":"17873440459141029"}},
      {"field":"mentions","value":{"media_id":"17895695668004550","comment_id":null}},
      {"field":"comments","value":{"id":"55","text":"why?","from":{"id":"7","username":"kim"},"media":{"id":"900"},"parent_id":"54"}}]}]})",
        batch);
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(read->mentions.size(), 3u);
    EXPECT_EQ(read->mentions[0].mention.id, "17873440459141029");
    EXPECT_EQ(read->mentions[0].mention.in_reply_to, "17895695668004550");
    EXPECT_EQ(read->mentions[0].mention.created_at, WallTime{1795183440s});
    EXPECT_EQ(read->mentions[1].mention.id, "17895695668004550");
    EXPECT_EQ(read->mentions[2].mention.in_reply_to, "54");
    EXPECT_EQ(read->mentions[2].mention.conversation, "900");
    EXPECT_EQ(read->mentions[2].mention.author.handle, "kim");
}

TEST(Hooks, ReadXsActivities) {
    MentionBatch batch;
    auto const read =
        daemon::read_x_hook(R"({"data":{"event_uuid":"-17","event_type":"post.mention.create",
      "filter":{"user_id":"42"},"tag":"t","payload":{"id":"1750","text":"@acme why?","author_id":"7",
      "created_at":"2026-03-01T12:00:03.250Z","conversation_id":"1740",
      "referenced_tweets":[{"type":"replied_to","id":"1740"}]},
      "includes":{"users":[{"id":"7","username":"kim"}]}}})",
                            batch);
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(read->mentions.size(), 1u);
    EXPECT_EQ(read->mentions[0].target, "42");
    EXPECT_EQ(read->mentions[0].mention.id, "1750");
    EXPECT_EQ(read->mentions[0].mention.kind, MentionKind::reply);
    EXPECT_EQ(read->mentions[0].mention.author.handle, "kim");
    auto const gone = daemon::read_x_hook(
        R"({"data":{"event_uuid":"1","event_type":"post.delete","payload":{"id":"1"}}})", batch);
    ASSERT_TRUE(gone);
    EXPECT_TRUE(gone->mentions.empty());
    EXPECT_EQ(gone->other, 1u);
    auto const old = daemon::read_x_hook(R"({"for_user_id":"42","tweet_create_events":[{
      "created_at":"Mon May 19 14:01:46 +0000 2025","id":1924469000000000000,"id_str":"1924469011111111111",
      "text":"@acme","user":{"id_str":"7","screen_name":"kim","followers_count":12},
      "in_reply_to_status_id_str":"1740"}]})",
                                         batch);
    ASSERT_TRUE(old);
    ASSERT_EQ(old->mentions.size(), 1u);
    EXPECT_EQ(old->mentions[0].mention.id, "1924469011111111111") << "the number is rounded";
    EXPECT_EQ(old->mentions[0].mention.created_at, at("2025-05-19T14:01:46Z"));
    EXPECT_EQ(old->mentions[0].target, "42");
}

TEST(Hooks, WhatIsNoDeliveryIsRefused) {
    MentionBatch batch;
    for (auto const* body : {"", "[]", "null", "<html>", R"({"entry":[)", R"({"entry":[]}x)"}) {
        EXPECT_FALSE(daemon::read_meta_hook(body, batch)) << body;
        EXPECT_FALSE(daemon::read_x_hook(body, batch)) << body;
    }
    EXPECT_TRUE(daemon::read_meta_hook(
        R"({"object":"user","entry":[{"id":"1","changes":[{"field":"x","value":7}]}]})", batch));
}

}  // namespace
}  // namespace surged::tests
