// Hacker News, Reddit, YouTube and feeds: what a page becomes, how a walk goes on, what each
// platform's refusals mean. Bodies are written by hand after the platforms' documents.
#include "daemon/pollers/feed_date.h"
#include "daemon/pollers/query_words.h"
#include "tests/web_kit.h"

#include <gmock/gmock.h>

namespace surged::tests {
namespace {

using daemon::parse_feed_date, daemon::QueryWords, daemon::next_pacific_midnight;
using detectors::MentionKind;
using testing::HasSubstr;

// --- words ---

TEST(QueryWords, AsksForWordsPhrasesAlternativesAndAbsence) {
    EXPECT_TRUE(QueryWords("").held_by("anything"));
    EXPECT_TRUE(QueryWords("acme caps").held_by("The CAPS of Acme"));
    EXPECT_FALSE(QueryWords("acme caps").held_by("The caps of Acmeville"));
    EXPECT_TRUE(QueryWords("\"acme corp\"").held_by("see Acme Corp."));
    EXPECT_FALSE(QueryWords("\"acme corp\"").held_by("corp acme"));
    EXPECT_TRUE(QueryWords("acme OR zephyr").held_by("a zephyr"));
    EXPECT_TRUE(QueryWords("acme | zephyr cola").held_by("zephyr's cola"));
    EXPECT_FALSE(QueryWords("acme -cartoon").held_by("the acme cartoon"));
    EXPECT_TRUE(QueryWords("acme", QueryWords::Edges::anywhere).held_by("acmeville"));
    EXPECT_TRUE(QueryWords(std::vector<std::string>{"recall", "acme corp"}).held_by("ACME CORP!"));
    EXPECT_FALSE(QueryWords(std::vector<std::string>{"recall"}).held_by("recalled"));
    EXPECT_FALSE(QueryWords("stra\xC3\x9F")
                     .held_by("stra\xC3\x9F"
                              "e"))
        << "no half words";
}

// --- Hacker News ---

constexpr char const* kHits = R"({"hits":[
 {"objectID":"46001300","created_at":"2026-11-20T14:05:00Z","created_at_i":1795183500,"author":"jo","comment_text":"<p>Zephyr broke too &amp; no reply","story_id":46001234,"story_title":"Zephyr Cola recalls caps","parent_id":46001234,"points":null,"_tags":["comment"]},
 {"objectID":"46001234","created_at":"2026-11-20T14:03:27Z","created_at_i":1795183407,"author":"mara","title":"Zephyr Cola recalls caps","url":"https://example.com/a","points":12,"story_id":46001234,"_highlightResult":{"title":{"value":"x"}}},
 {"objectID":"46001200","created_at_i":1795183400,"author":"ann","title":"Zephir is a wind","points":1}],
 "nbHits":3,"page":0,"nbPages":1,"hitsPerPage":200,"exhaustiveNbHits":true})";

TEST(HackerNews, ReadsStoriesAndCommentsAndLeavesOutTypos) {
    auto const poller = hackernews("zephyr");
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kHits), batch, context(kNow, kNow - 5min));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u) << "zephir is not zephyr";
    auto const& comment = step.mentions[0];
    EXPECT_EQ(comment.id, "46001300");
    EXPECT_EQ(comment.kind, MentionKind::comment);
    EXPECT_EQ(comment.text, "Zephyr broke too & no reply");
    EXPECT_EQ(comment.in_reply_to, "46001234");
    EXPECT_EQ(comment.conversation, "46001234");
    EXPECT_EQ(comment.author.handle, "jo");
    EXPECT_EQ(comment.url, "https://news.ycombinator.com/item?id=46001300");
    EXPECT_EQ(comment.created_at, at("2026-11-20T14:05:00Z"));
    EXPECT_EQ(comment.reach, -1);
    auto const& story = step.mentions[1];
    EXPECT_EQ(story.kind, MentionKind::post);
    EXPECT_EQ(story.text, "Zephyr Cola recalls caps");
    EXPECT_EQ(story.reach, 12);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_until, kNow - 60s);
    EXPECT_FALSE(step.page->covered_from);
}

TEST(HackerNews, NarrowsByTimeAndNeverByPagesThatShift) {
    auto const poller = hackernews("zephyr");
    auto const c = context(kNow, kNow - 5min);
    auto const first = poller->next_request("", c);
    EXPECT_EQ(path_of(first), "/api/v1/search_by_date");
    EXPECT_EQ(param(first, "numericFilters"), "created_at_i>=1795182900") << "ten minutes behind";
    EXPECT_EQ(param(first, "tags"), "(story,comment)");
    MentionBatch batch;
    auto const full =
        answer(200,
               R"({"hits":[{"objectID":"2","created_at_i":1795183407,"title":"zephyr"},
        {"objectID":"1","created_at_i":1795183400,"title":"zephyr"}],"nbHits":1500,"hitsPerPage":2})");
    auto step = accept(*poller, "", full, batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    auto const second = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(param(second, "numericFilters"), "created_at_i>=1795182900,created_at_i<=1795183400");
    EXPECT_EQ(param(second, "page"), "0");
    // A page that is one second all over: only then the next page of the same question.
    auto const same =
        answer(200,
               R"({"hits":[{"objectID":"1","created_at_i":1795183400,"title":"zephyr"},
        {"objectID":"0","created_at_i":1795183400,"title":"zephyr"}],"nbHits":1500,"hitsPerPage":2})");
    step = accept(*poller, step.page->cursor, same, batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_EQ(param(poller->next_request(step.page->cursor, c), "page"), "1");
}

// --- Reddit ---

constexpr char const* kListing = R"({"kind":"Listing","data":{"after":null,"dist":3,"children":[
 {"kind":"t3","data":{"name":"t3_1p2xyz9","id":"1p2xyz9","subreddit":"soda","author":"mara_r","author_fullname":"t2_9abc","title":"Zephyr Cola caps","selftext":"Third one.","created_utc":1795183407.0,"permalink":"/r/soda/comments/1p2xyz9/zephyr_cola_caps/","score":41,"crosspost_parent":null}},
 {"kind":"t1","data":{"name":"t1_nabc123","id":"nabc123","link_id":"t3_1p2xyz9","parent_id":"t1_other","author":"[deleted]","body":"zephyr [removed]","created_utc":1795183466.0,"edited":1795183500.0,"permalink":"/r/soda/comments/1p2xyz9/z/nabc123/","score":-3}},
 {"kind":"t3","data":{"id":"1p2xyz8","author":"jo","title":"look: zephyr","selftext":"","created_utc":1795183300,"crosspost_parent":"t3_1p2xyz1"}}]}})";

TEST(Reddit, ReadsPostsCommentsAndCrossposts) {
    auto const poller = reddit_search();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kListing), batch, context(kNow, kNow - 1min));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 3u);
    auto const& post = step.mentions[0];
    EXPECT_EQ(post.id, "t3_1p2xyz9");
    EXPECT_EQ(post.text, "Zephyr Cola caps\nThird one.");
    EXPECT_EQ(post.author.id, "t2_9abc");
    EXPECT_EQ(post.author.handle, "mara_r");
    EXPECT_EQ(post.url, "https://www.reddit.com/r/soda/comments/1p2xyz9/zephyr_cola_caps/");
    EXPECT_EQ(post.created_at, at("2026-11-20T14:03:27Z"));
    EXPECT_EQ(post.conversation, "t3_1p2xyz9");
    EXPECT_EQ(post.reach, 41);
    auto const& comment = step.mentions[1];
    EXPECT_EQ(comment.kind, MentionKind::comment);
    EXPECT_EQ(comment.in_reply_to, "t1_other");
    EXPECT_EQ(comment.conversation, "t3_1p2xyz9");
    EXPECT_EQ(comment.author.handle, "") << "[deleted] is nobody's name";
    EXPECT_EQ(comment.reach, -1);
    auto const& crosspost = step.mentions[2];
    EXPECT_EQ(crosspost.id, "t3_1p2xyz8") << "made of kind and id";
    EXPECT_EQ(crosspost.kind, MentionKind::quote);
    EXPECT_EQ(crosspost.quotes, "t3_1p2xyz1");
}

TEST(Reddit, ASubredditIsItsPostsAndThenItsComments) {
    auto const poller = reddit_subreddit("zephyr -caps");
    auto const c = context(kNow, kNow - 1min);
    MentionBatch batch;
    EXPECT_EQ(path_of(poller->next_request("", c)), "/r/soda/new");
    auto step = accept(*poller, "", answer(200, kListing), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    EXPECT_EQ(step.mentions.size(), 2u) << "the post with caps is not asked for";
    EXPECT_EQ(path_of(poller->next_request(step.page->cursor, c)), "/r/soda/comments");
    step = accept(*poller, step.page->cursor, answer(200, kListing), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_until, kNow - 60s);
}

TEST(Reddit, LogsInAsAPageOfTheWalkAndOnceForAllStreams) {
    auto const a = reddit_account("https://oauth.reddit.com", false);
    auto const one = daemon::make_reddit_search(a, stream("reddit", "search", {{"query", "x"}}));
    auto const two =
        daemon::make_reddit_subreddit(a, stream("reddit", "subreddit", {{"subreddit", "a+b"}}));
    auto const c = context();
    auto const login = one->next_request("", c);
    EXPECT_EQ(login.method, "POST");
    EXPECT_EQ(login.url, "https://www.reddit.com/api/v1/access_token");
    EXPECT_EQ(exporters::header(login.headers, "Authorization"),
              "Basic YWJjOnJlZGRpdC1zZWNyZXQ=");  // abc:reddit-secret
    EXPECT_EQ(exporters::header(login.headers, "User-Agent"), "test:surged:1 (by /u/acme)");
    MentionBatch batch;
    auto const step =
        accept(*one, "",
               answer(200, R"({"access_token":"tok-1","token_type":"bearer","expires_in":1000})"),
               batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    EXPECT_NE(step.page->cursor, "");
    auto const ask = two->next_request("", c);
    EXPECT_EQ(exporters::header(ask.headers, "Authorization"), "Bearer tok-1");
    EXPECT_EQ(path_of(ask), "/r/a+b/new");
    EXPECT_EQ(one->next_request(step.page->cursor, context(kNow + 899s)).method, "GET");
    EXPECT_EQ(one->next_request(step.page->cursor, context(kNow + 900s)).method, "POST")
        << "renewed when nine tenths of its life are over";
    // Refused after a while: expired, and the loop is told to try at once.
    auto refused = accept(*one, "", answer(401, R"({"message":"Unauthorized","error":401})"), batch,
                          context(kNow + 300s));
    EXPECT_EQ(refused.page.error().fault, Fault::auth);
    EXPECT_TRUE(one->reload_secrets());
    EXPECT_FALSE(one->reload_secrets()) << "once";
    EXPECT_EQ(two->next_request("", context(kNow + 300s)).method, "POST");
    // Refused at once: the account is wrong, and hammering mends nothing.
    (void)accept(*one, "", answer(200, R"({"access_token":"tok-2","expires_in":1000})"), batch,
                 context(kNow + 301s));
    (void)accept(*one, "", answer(401, "{}"), batch, context(kNow + 302s));
    EXPECT_FALSE(one->reload_secrets());
    // A stand-in serves its own tokens.
    auto const local = daemon::make_reddit_search(reddit_account("http://127.0.0.1:9", false),
                                                  stream("reddit", "search", {{"query", "x"}}));
    EXPECT_EQ(local->next_request("", c).url, "http://127.0.0.1:9/api/v1/access_token");
}

TEST(Reddit, KnowsItsDialectsOfRefusal) {
    auto const poller = reddit_subreddit();
    MentionBatch batch;
    auto const failure = [&](HttpResponse const& response) {
        return accept(*poller, "", response, batch).page.error();
    };
    auto const inside =
        failure(answer(200, R"({"message":"Too Many Requests","error":429})",
                       {{"x-ratelimit-remaining", "0.0"}, {"x-ratelimit-reset", "33"}}));
    EXPECT_EQ(inside.fault, Fault::throttled);
    EXPECT_EQ(inside.retry_after, 33s) << "seconds left, not an instant";
    auto const blocked =
        failure(answer(403, "<body>blocked</body>", {{"Content-Type", "text/html"}}));
    EXPECT_EQ(blocked.fault, Fault::forbidden);
    EXPECT_THAT(blocked.detail, HasSubstr("user_agent"));
    EXPECT_EQ(blocked.retry_after, 10min);
    auto const hidden =
        failure(answer(403, R"({"reason": "private", "message": "Forbidden", "error": 403})"));
    EXPECT_THAT(hidden.detail, HasSubstr("private"));
    EXPECT_EQ(failure(answer(302, "", {{"Location", "/subreddits/search?q=x"}})).fault,
              Fault::not_found);
}

TEST(Reddit, AListingThatEndsBeforeWhatWasKnownIsAGap) {
    auto const poller = reddit_search();
    WallTime const known = kNow - 24h;
    auto const c = context(kNow, known);
    auto const page = [](int from, int items, bool more) {
        std::string out;
        for (int i = 0; i < items; ++i)
            out += std::string(i ? "," : "") + R"({"kind":"t3","data":{"name":"t3_)" +
                   std::to_string(from - i) + R"(","created_utc":)" +
                   std::to_string(1'795'183'800 - 60 * (1000 - (from - i))) + "}}";
        return answer(200, R"({"data":{"after":)" +
                               (more ? "\"t3_" + std::to_string(from - items + 1) + "\"" : "null") +
                               R"(,"children":[)" + out + "]}}");
    };
    MentionBatch batch;
    auto step = accept(*poller, "", page(1000, 100, true), batch, c);
    ASSERT_TRUE(step.page);
    ASSERT_FALSE(step.page->complete);
    EXPECT_EQ(param(poller->next_request(step.page->cursor, c), "after"), "t3_901");
    // Interrupted and begun anew, then at its end.
    std::string const anew = poller->restart(step.page->cursor);
    EXPECT_EQ(param(poller->next_request(anew, c), "after"), "");
    step = accept(*poller, step.page->cursor, page(900, 100, false), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_from, kNow - 199min + 1s)
        << "the second after the oldest of the 200";
    // An anchor that has gone gives an empty page: first anew, then a gap, never a whole.
    step = accept(*poller, "", page(1000, 100, true), batch, c);
    auto const empty = answer(200, R"({"data":{"after":null,"children":[]}})");
    auto const gone = accept(*poller, step.page->cursor, empty, batch, c);
    ASSERT_FALSE(gone.page);
    EXPECT_EQ(gone.page.error().fault, Fault::bad_cursor);
    step = accept(*poller, poller->restart(step.page->cursor), page(1000, 100, true), batch, c);
    step = accept(*poller, step.page->cursor, empty, batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_EQ(step.page->covered_from, kNow - 99min + 1s);
}

// --- YouTube ---

constexpr char const* kThreads = R"({"kind":"youtube#commentThreadListResponse","items":[
 {"id":"UgzA1","snippet":{"channelId":"UCbrand","videoId":"dQw4w9WgXcQ","totalReplyCount":7,
   "topLevelComment":{"id":"UgzA1","snippet":{"videoId":"dQw4w9WgXcQ","textDisplay":"cap broke again","textOriginal":"cap broke again","authorDisplayName":"@mara-x","authorChannelId":{"value":"UCmara"},"likeCount":4,"publishedAt":"2026-11-20T14:03:27Z"}}},
  "replies":{"comments":[{"id":"UgzA1.9abc","snippet":{"parentId":"UgzA1","textOriginal":"same","authorDisplayName":"@jo","likeCount":0,"publishedAt":"2026-11-20T14:05:00Z"}}]}},
 {"id":"UgzB2","snippet":{"videoId":"aaaaaaaaaaa","totalReplyCount":0,"topLevelComment":{"id":"UgzB2","snippet":{"textDisplay":"no &amp; answer?","authorDisplayName":"@zed","publishedAt":"2026-11-20T13:00:00Z"}}}}]})";

TEST(Youtube, ReadsThreadsAndTheirRepliesAndFetchesTheRest) {
    auto const poller = youtube_comments();
    auto const c = context(kNow, kNow - 1min);
    auto const first = poller->next_request("", c);
    EXPECT_EQ(path_of(first), "/youtube/v3/commentThreads");
    EXPECT_EQ(param(first, "allThreadsRelatedToChannelId"), "UCbrand");
    EXPECT_EQ(exporters::header(first.headers, "x-goog-api-key"), "AIza-key-of-test");
    MentionBatch batch;
    auto step = accept(*poller, "", answer(200, kThreads), batch, c);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 3u);
    EXPECT_EQ(step.mentions[0].kind, MentionKind::comment);
    EXPECT_EQ(step.mentions[0].url, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=UgzA1");
    EXPECT_EQ(step.mentions[0].author.id, "UCmara");
    EXPECT_EQ(step.mentions[0].in_reply_to, "dQw4w9WgXcQ");
    EXPECT_EQ(step.mentions[0].reach, 4);
    EXPECT_EQ(step.mentions[1].id, "UgzA1.9abc");
    EXPECT_EQ(step.mentions[1].kind, MentionKind::reply);
    EXPECT_EQ(step.mentions[1].in_reply_to, "UgzA1");
    EXPECT_EQ(step.mentions[1].conversation, "dQw4w9WgXcQ");
    EXPECT_EQ(step.mentions[2].text, "no & answer?");
    // Seven replies, one shown: they are read before the walk ends.
    EXPECT_FALSE(step.page->complete);
    auto const replies = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(path_of(replies), "/youtube/v3/comments");
    EXPECT_EQ(param(replies, "parentId"), "UgzA1");
    step = accept(
        *poller, step.page->cursor,
        answer(
            200,
            R"({"items":[{"id":"UgzA1.8","snippet":{"parentId":"UgzA1","textOriginal":"me too","publishedAt":"2026-11-20T14:06:00Z"}}]})"),
        batch, c);
    ASSERT_TRUE(step.page);
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_EQ(step.mentions[0].url, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=UgzA1.8");
    EXPECT_TRUE(step.page->complete);
    // The same number of replies again: nothing to read.
    step = accept(*poller, step.page->cursor, answer(200, kThreads), batch, c);
    EXPECT_TRUE(step.page->complete);
}

TEST(Youtube, ReadsVideosWhetherEscapedOrNot) {
    auto const poller = youtube_search();
    MentionBatch batch;
    auto const step = accept(
        *poller, "",
        answer(
            200,
            R"({"items":[{"id":{"kind":"youtube#video","videoId":"aB3"},"snippet":{"publishedAt":"2026-11-20T13:40:02Z","channelId":"UCrant","title":"Acme&#39;s caps","description":"1 < 2 & more","channelTitle":"Rant Daily"}}]})"),
        batch, context(kNow, kNow - 1min));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_EQ(step.mentions[0].text, "Acme's caps\n1 < 2 & more");
    EXPECT_EQ(step.mentions[0].url, "https://www.youtube.com/watch?v=aB3");
    EXPECT_EQ(step.mentions[0].author.handle, "Rant Daily");
    EXPECT_EQ(param(poller->next_request("", context(kNow, kNow - 1min)), "publishedAfter"),
              "2026-11-19T14:10:00Z");
}

TEST(Youtube, ReasonsDecideNotStatuses) {
    auto const poller = youtube_comments();
    MentionBatch batch;
    auto const failure = [&](int status, std::string const& reason) {
        return accept(*poller, "",
                      answer(status, R"({"error":{"code":403,"message":"m","errors":[{"reason":")" +
                                         reason + R"("}]}})"),
                      batch)
            .page.error();
    };
    auto const quota = failure(403, "quotaExceeded");
    EXPECT_EQ(quota.fault, Fault::budget);
    // 2026-11-20T14:10Z is 06:10 PST: midnight is 17 h 50 min away.
    EXPECT_EQ(quota.retry_after, 17h + 50min + 30s);
    EXPECT_THAT(quota.detail, HasSubstr("midnight Pacific"));
    EXPECT_EQ(failure(403, "rateLimitExceeded").fault, Fault::throttled);
    EXPECT_EQ(failure(403, "commentsDisabled").fault, Fault::forbidden);
    EXPECT_EQ(failure(404, "videoNotFound").fault, Fault::not_found);
    EXPECT_EQ(failure(400, "keyInvalid").fault, Fault::auth);
    EXPECT_EQ(failure(400, "processingFailure").fault, Fault::transient);
    EXPECT_EQ(failure(400, "invalidValue").fault, Fault::bad_request);
}

TEST(Youtube, MidnightInCaliforniaKnowsDaylightSaving) {
    EXPECT_EQ(next_pacific_midnight(at("2026-11-20T14:10:00Z")), at("2026-11-21T08:00:00Z"));
    EXPECT_EQ(next_pacific_midnight(at("2026-07-01T00:00:00Z")), at("2026-07-01T07:00:00Z"));
    EXPECT_EQ(next_pacific_midnight(at("2026-07-01T07:00:00Z")), at("2026-07-02T07:00:00Z"));
    // 8 March and 1 November 2026: days of 23 and 25 hours.
    EXPECT_EQ(next_pacific_midnight(at("2026-03-08T08:00:00Z")), at("2026-03-09T07:00:00Z"));
    EXPECT_EQ(next_pacific_midnight(at("2026-11-01T07:00:00Z")), at("2026-11-02T08:00:00Z"));
    EXPECT_EQ(next_pacific_midnight(at("2026-10-31T23:00:00Z")), at("2026-11-01T07:00:00Z"));
}

// --- feeds ---

TEST(FeedDate, ReadsWhatFeedsWrite) {
    auto const expected = at("2026-11-20T14:03:27Z");
    for (char const* text : {"Fri, 20 Nov 2026 14:03:27 +0000", "20 Nov 2026 14:03:27 GMT",
                             "Fri, 20 Nov 26 14:03:27 Z", " Fri, 20 Nov 2026 09:03:27 EST\n",
                             "Friday, 20 November 2026 14:03:27", "2026-11-20T15:03:27.0+01:00",
                             "Fri, 20 Nov 2026 15:03:27 +0100"})
        EXPECT_EQ(parse_feed_date(text), expected) << text;
    EXPECT_EQ(parse_feed_date("Fri, 20 Nov 2026 14:03 GMT"), at("2026-11-20T14:03:00Z"));
    EXPECT_EQ(parse_feed_date("2026-11-20"), at("2026-11-20T00:00:00Z"));
    EXPECT_EQ(parse_feed_date("2026-11-20T14:03Z"), at("2026-11-20T14:03:00Z"));
    EXPECT_EQ(parse_feed_date("1 Jan 99 00:00:00 GMT"), at("1999-01-01T00:00:00Z"));
    for (char const* text : {"", "yesterday", "20 Foo 2026 14:03:27 GMT", "99 Nov 2026 14:03:27",
                             "2026-13-40", "Fri, 20 Nov", "20 Nov 1960 00:00:00 GMT"})
        EXPECT_FALSE(parse_feed_date(text)) << text;
}

constexpr char const* kRss = R"(<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>City News</title><link>https://news.example/</link><language>en-us</language>
<item><title>Zephyr Cola caps break</title><media:title>not this</media:title><link>https://news.example/a?utm_source=rss</link><guid isPermaLink="false">tag:news.example,2026:123</guid><pubDate>Fri, 20 Nov 2026 14:03:27 +0000</pubDate><dc:creator>Mara</dc:creator><description>&lt;p&gt;Third case &amp;amp; more&lt;/p&gt;</description></item>
<item><title>Other &amp; more</title><link>/b</link><description>no guid, no date</description><content:encoded><![CDATA[<p>Whole story&hellip;</p>]]></content:encoded></item>
</channel></rss>)";

TEST(Feed, ReadsRss) {
    auto const poller = feed();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kRss), batch, context(kNow, kNow - 1h));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    auto const& one = step.mentions[0];
    EXPECT_EQ(one.id, "tag:news.example,2026:123");
    EXPECT_EQ(one.text, "Zephyr Cola caps break\nThird case & more");
    EXPECT_EQ(one.created_at, at("2026-11-20T14:03:27Z"));
    EXPECT_EQ(one.author.handle, "Mara");
    EXPECT_EQ(one.lang, "en-us");
    EXPECT_EQ(one.url, "https://news.example/a?utm_source=rss");
    auto const& two = step.mentions[1];
    EXPECT_TRUE(two.id.starts_with("h:")) << "of link and title";
    EXPECT_EQ(two.text, "Other & more\nWhole story\u2026");
    EXPECT_EQ(two.url, "https://news.example/b");
    EXPECT_EQ(two.created_at, detectors::kNoTime);
    // The same id in another process, for ever.
    MentionBatch other;
    EXPECT_EQ(
        accept(*feed(), "", answer(200, kRss), other, context(kNow, kNow - 1h)).mentions[1].id,
        two.id);
}

TEST(Feed, OfTheFirstDocumentWhatHasNoDateIsHistory) {
    auto const poller = feed();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kRss), batch, context());
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[1].created_at, kNow - 121s);
    EXPECT_EQ(step.page->covered_from, at("2026-11-20T14:03:27Z"));
}

TEST(Feed, ReadsAtomWithItsBasesAndKindsOfText) {
    constexpr char const* kAtom = R"(<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="https://blog.example/x/"><title>Blog</title><id>tag:blog.example,2026:feed</id><updated>2026-11-20T14:10:00Z</updated><author><name>Staff</name></author><link rel="self" href="/atom.xml"/>
<entry><title type="html">Zephyr &amp;amp; caps</title><id>tag:blog.example,2026:77</id><link rel="alternate" href="posts/77"/><link rel="edit" href="/no"/><published>2026-11-20T15:03:27.5+01:00</published><updated>2026-11-20T14:09:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Broken <b>again</b>.</p><p>Really.</p></div></content><source><id>not this</id><title>nor this</title></source></entry>
<entry xml:lang="de"><title>No published</title><id>tag:blog.example,2026:76</id><link href="/posts/76"/><updated>2026-11-20T12:00:00Z</updated><author><name>Jo</name></author><summary>short</summary></entry>
</feed>)";
    auto const poller = feed();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kAtom), batch, context(kNow, kNow - 1h));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "tag:blog.example,2026:77");
    EXPECT_EQ(step.mentions[0].text, "Zephyr & caps\nBroken again.\nReally.");
    EXPECT_EQ(step.mentions[0].url, "https://blog.example/x/posts/77");
    EXPECT_EQ(step.mentions[0].created_at, at("2026-11-20T14:03:27.5Z"));
    EXPECT_EQ(step.mentions[0].author.handle, "Staff") << "inherited";
    EXPECT_EQ(step.mentions[0].lang, "en");
    EXPECT_EQ(step.mentions[1].author.handle, "Jo");
    EXPECT_EQ(step.mentions[1].lang, "de");
    EXPECT_EQ(step.mentions[1].url, "https://blog.example/posts/76");
    EXPECT_EQ(step.mentions[1].created_at, at("2026-11-20T12:00:00Z"));
}

TEST(Feed, ReadsRdfAndJson) {
    constexpr char const* kRdf =
        R"(<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://n.example/"><title>N</title></channel>
<item rdf:about="https://n.example/1"><title>One</title><link>https://n.example/1</link><dc:date>2026-11-20T14:00:00Z</dc:date><dc:creator>Al</dc:creator></item></rdf:RDF>)";
    constexpr char const* kJson =
        R"({"version":"https://jsonfeed.org/version/1.1","items":[{"id":7,"url":"/7","title":"T","content_html":"<p>B</p>","date_published":"2026-11-20T14:00:00Z","authors":[{"name":"Al"}]}]})";
    for (auto const& [body, id, text, url] :
         {std::array{kRdf, "https://n.example/1", "One", "https://n.example/1"},
          std::array{kJson, "7", "T\nB", "https://news.example/7"}}) {
        MentionBatch batch;
        auto const step = accept(*feed(), "", answer(200, body), batch, context(kNow, kNow - 1h));
        ASSERT_TRUE(step.page) << step.page.error().detail;
        ASSERT_EQ(step.mentions.size(), 1u);
        EXPECT_EQ(step.mentions[0].id, id);
        EXPECT_EQ(step.mentions[0].text, text);
        EXPECT_EQ(step.mentions[0].url, url);
        EXPECT_EQ(step.mentions[0].author.handle, "Al");
        EXPECT_EQ(step.mentions[0].created_at, at("2026-11-20T14:00:00Z"));
    }
}

TEST(Feed, KeepsWhatMatchesAndLearnsNothingFromTheRest) {
    auto const poller = feed({"zephyr", "acme corp"});
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kRss), batch, context(kNow, kNow - 1h));
    ASSERT_TRUE(step.page);
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_EQ(step.mentions[0].id, "tag:news.example,2026:123");
    EXPECT_EQ(step.page->malformed, 0u);
}

TEST(Feed, AsksOnConditionAndOnceADayWithout) {
    auto const poller = feed();
    MentionBatch batch;
    auto const c = context(kNow, kNow - 1h);
    auto const step =
        accept(*poller, "",
               answer(200, kRss,
                      {{"etag", "W/\"a,b\""}, {"last-modified", "Fri, 20 Nov 2026 14:00:00 GMT"}}),
               batch, c);
    ASSERT_TRUE(step.page);
    auto const next = poller->next_request(step.page->cursor, context(kNow + 5min, kNow));
    EXPECT_EQ(exporters::header(next.headers, "If-None-Match"), "W/\"a,b\"");
    EXPECT_EQ(exporters::header(next.headers, "If-Modified-Since"),
              "Fri, 20 Nov 2026 14:00:00 GMT");
    auto const same = accept(*poller, step.page->cursor, answer(304, ""), batch,
                             context(kNow + 5min, kNow - 2min));
    ASSERT_TRUE(same.page);
    EXPECT_TRUE(same.page->complete);
    EXPECT_EQ(same.page->covered_until, kNow + 3min);
    EXPECT_FALSE(same.page->covered_from);
    EXPECT_EQ(same.page->cursor, step.page->cursor);
    auto const full = poller->next_request(same.page->cursor, context(kNow + 25h, kNow));
    EXPECT_EQ(exporters::header(full.headers, "If-None-Match"), "");
    EXPECT_FALSE(accept(*poller, "", answer(304, ""), batch, c).page) << "nothing was asked for";
}

TEST(Feed, WhenNothingKnownIsLeftWhatFellOutIsAGap) {
    auto const poller = feed();
    MentionBatch batch;
    auto step = accept(*poller, "", answer(200, kRss), batch, context(kNow, kNow - 1h));
    auto const later = [](char const* id, char const* date) {
        return std::string("<rss><channel><item><guid>") + id + "</guid><pubDate>" + date +
               "</pubDate></item></channel></rss>";
    };
    auto const c = context(kNow + 10h, kNow);
    auto const hole = accept(*poller, step.page->cursor,
                             answer(200, later("new", "Fri, 20 Nov 2026 20:00:00 GMT")), batch, c);
    ASSERT_TRUE(hole.page);
    EXPECT_EQ(hole.page->covered_from, at("2026-11-20T20:00:00Z"));
    auto const met = accept(
        *poller, step.page->cursor,
        answer(200, later("tag:news.example,2026:123", "Fri, 20 Nov 2026 14:03:27 GMT")), batch, c);
    EXPECT_FALSE(met.page->covered_from);
    auto const empty =
        accept(*poller, step.page->cursor, answer(200, "<rss><channel></channel></rss>"), batch, c);
    ASSERT_TRUE(empty.page);
    EXPECT_FALSE(empty.page->covered_from);
    EXPECT_THAT(empty.page->cursor, HasSubstr("k=")) << "and what was known stays known";
}

TEST(Feed, FollowsRedirectsButNotDownhillAndNotForEver) {
    auto const poller = feed();
    MentionBatch batch;
    auto const c = context(kNow, kNow - 1h);
    std::string cursor;
    for (int i = 0; i < 5; ++i) {
        auto const step = accept(
            *poller, cursor, answer(302, "", {{"location", "/f" + std::to_string(i)}}), batch, c);
        ASSERT_TRUE(step.page);
        EXPECT_FALSE(step.page->complete);
        cursor = step.page->cursor;
        EXPECT_EQ(poller->next_request(cursor, c).url,
                  "https://news.example/f" + std::to_string(i));
    }
    EXPECT_FALSE(accept(*poller, cursor, answer(302, "", {{"location", "/f9"}}), batch, c).page);
    for (char const* to : {"http://news.example/f", "ftp://x/", "file:///etc/passwd", ""})
        EXPECT_FALSE(accept(*poller, "", answer(301, "", {{"location", to}}), batch, c).page) << to;
    auto const done = accept(*poller, cursor, answer(200, kRss), batch, c);
    ASSERT_TRUE(done.page);
    EXPECT_EQ(poller->next_request(done.page->cursor, c).url, "https://news.example/feed");
}

struct BadFeed {
    char const* name;
    std::string body;
    std::optional<Fault> fault;
    std::size_t mentions = 0;
};

std::string rss_of(std::string const& inside) {
    return "<rss><channel>" + inside + "</channel></rss>";
}
std::string times(int n, std::string const& text) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
}

TEST(Feed, BadAndWickedDocumentsEachHaveTheirOutcome) {
    using enum Fault;
    std::string const item = "<item><guid>1</guid><title>t</title></item>";
    std::vector<BadFeed> const bad{
        {"nothing", "", malformed},
        {"a page", "<!DOCTYPE html><html><body>hello</body></html>", malformed},
        {"a page that is XML", "<html><body/></html>", malformed},
        {"text", "not found", malformed},
        {"cut in an item", "<rss><channel><item><guid>1</guid>", malformed},
        {"cut before the last tag", "<rss><channel>" + item + "</channel>", malformed},
        {"two documents", rss_of(item) + rss_of(item), malformed},
        {"tags crossed", "<rss><channel><item></channel></item></rss>", malformed},
        {"a billion laughs",
         "<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
         "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]>" +
             rss_of("<item><guid>&c;</guid></item>"),
         malformed},
        {"a file of ours",
         "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" +
             rss_of("<item><guid>1</guid><title>&x;</title></item>"),
         malformed},
        {"a parameter entity",
         "<!DOCTYPE rss [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x.dtd\"> %p;]>" + rss_of(item),
         malformed},
        {"a harmless document type",
         "<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" "
         "\"http://my.netscape.com/publish/formats/rss-0.91.dtd\">" +
             rss_of(item),
         {},
         1},
        {"nested without end", rss_of(times(5000, "<a>") + times(5000, "</a>")), malformed},
        {"nested too deeply", rss_of(times(70, "<a>") + times(70, "</a>")), malformed},
        {"ten thousand and one", rss_of(times(10'001, "<item/>")), too_large},
        {"an HTML entity, undeclared",
         rss_of("<item><guid>1</guid><title>a&nbsp;b&eacute;</title></item>"),
         {},
         1},
        {"a bare ampersand", rss_of("<item><guid>1</guid><title>R & D</title></item>"), {}, 1},
        {"a control byte", rss_of("<item><guid>1</guid><title>a\x01z</title></item>"), {}, 1},
        {"not UTF-8", rss_of("<item><guid>1</guid><title>caf\xe9</title></item>"), {}, 1},
        {"a blank line first", "\n <?xml version=\"1.0\"?>" + rss_of(item), {}, 1},
        {"a byte order mark", "\xEF\xBB\xBF<?xml version=\"1.0\"?>" + rss_of(item), {}, 1},
        {"an encoding nobody knows", "<?xml version=\"1.0\" encoding=\"klingon\"?>" + rss_of(item),
         malformed},
        {"no id, no link, no title", rss_of("<item><description>x</description></item>"), {}, 0},
        {"an id of two kilobytes",
         rss_of("<item><guid>" + times(2048, "7") + "</guid></item>"),
         {},
         0},
        {"JSON of something else", "{\"hello\":1}", malformed},
        {"JSON cut", "{\"items\":[{\"id\":\"1\"}", malformed},
    };
    for (BadFeed const& one : bad) {
        SCOPED_TRACE(one.name);
        auto const poller = feed();
        auto const c = context(kNow, kNow - 60s);
        MentionBatch batch;
        batch.items.emplace_back();
        auto const step = accept(*poller, "", answer(200, one.body), batch, c);
        if (one.fault) {
            ASSERT_FALSE(step.page) << "was understood";
            EXPECT_EQ(to_string(step.page.error().fault), to_string(*one.fault))
                << step.page.error().detail;
            EXPECT_EQ(batch.items.size(), 1u) << "a failure leaves nothing behind";
            EXPECT_EQ(step.page.error().detail.find("root:"), std::string::npos);
        } else {
            ASSERT_TRUE(step.page) << step.page.error().detail;
            EXPECT_EQ(step.mentions.size(), one.mentions);
        }
    }
}

TEST(Feed, NoPrefixOfADocumentIsADocument) {
    std::string const body = kRss;
    auto const poller = feed();
    MentionBatch batch;
    for (std::size_t cut = 0; cut < body.size(); cut += cut < body.size() - 40 ? 7 : 1)
        EXPECT_FALSE(accept(*poller, "", answer(200, body.substr(0, cut)), batch).page) << cut;
    EXPECT_TRUE(batch.items.empty());
}

TEST(Feed, SpeaksItsEncodings) {
    auto const title = [](std::string const& body, exporters::HttpHeaders const& headers = {}) {
        MentionBatch batch;
        auto const step = accept(*feed(), "", answer(200, body, headers), batch);
        EXPECT_TRUE(step.page) << step.page.error().detail;
        return step.mentions.empty() ? "" : std::string(step.mentions[0].text);
    };
    std::string const latin = rss_of("<item><guid>1</guid><title>caf\xe9</title></item>");
    EXPECT_EQ(title("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + latin), "caf\u00e9");
    EXPECT_EQ(title(latin, {{"content-type", "text/xml; charset=\"iso-8859-1\""}}), "caf\u00e9");
    EXPECT_EQ(title("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" +
                        rss_of("<item><guid>1</guid><title>caf\u00e9</title></item>"),
                    {{"Content-Type", "text/xml; charset=utf-8"}}),
              "caf\u00e9")
        << "the header wins";
    std::string wide = "\xFF\xFE";
    for (char const c : rss_of("<item><guid>1</guid><title>caf</title></item>")) {
        wide += c;
        wide += '\0';
    }
    EXPECT_EQ(title(wide), "caf");
}

}  // namespace
}  // namespace surged::tests
