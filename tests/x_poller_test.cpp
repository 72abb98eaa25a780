#include "daemon/pollers/x_page.h"
#include "tests/poller_kit.h"

namespace surged::tests {
namespace {

using daemon::x_id_at, daemon::x_id_time;
using detectors::MentionKind;

// Two posts as the platform's documentation shows them: a reply that was edited, and a quote.
constexpr char const* kPage = R"({
  "data": [
    {"id": "2123779257317458433",
     "edit_history_tweet_ids": ["2123778650770768072", "2123779257317458433"],
     "created_at": "2026-11-20T14:03:27.000Z", "author_id": "2244990001",
     "conversation_id": "2123748189008822383", "in_reply_to_user_id": "990000001",
     "referenced_tweets": [{"type": "replied_to", "id": "2123748189008822383"}],
     "text": "@ZephyrCola third bottle \u00e9\ud83d\ude21", "lang": "en",
     "entities": {"mentions": [{"start": 0, "end": 11, "username": "ZephyrCola"}]},
     "public_metrics": {"retweet_count": 12, "impression_count": 2210}},
    {"id": "2123779121082270073", "created_at": "2026-11-20T14:02:55.000Z",
     "author_id": "2244990002", "conversation_id": "2123779121082270073",
     "referenced_tweets": [{"type": "quoted", "id": "2123748189008822383"}],
     "text": "short", "note_tweet": {"text": "the whole long text"}, "lang": "iw",
     "public_metrics": {"impression_count": 35}}
  ],
  "includes": {"users": [
    {"id": "2244990001", "username": "cap_collector", "created_at": "2011-03-02T08:00:00.000Z",
     "public_metrics": {"followers_count": 1520}},
    {"id": "2244990002", "username": "j0nas_k", "created_at": "2015-07-19T10:11:12.000Z",
     "public_metrics": {"followers_count": 88213}}],
    "tweets": [{"id": "2123748189008822383", "text": "New caps, same taste!"}]},
  "meta": {"newest_id": "2123779257317458433", "oldest_id": "2123779121082270073",
           "result_count": 2, "next_token": "b26v89c19zqg8o3f"}
})";
constexpr char const* kEmpty = R"({"meta":{"result_count":0}})";

std::string page_of(std::vector<std::pair<std::string, std::string>> const& posts,
                    std::string const& next) {
    std::string out = R"({"data":[)";
    for (auto const& [id, created] : posts) {
        if (out.back() == '}') out += ',';
        out +=
            R"({"id":")" + id + R"(","text":"t","author_id":"1","created_at":")" + created + "\"}";
    }
    out += R"(],"meta":{"newest_id":")" + (posts.empty() ? "" : posts.front().first) + "\"";
    if (!next.empty()) out += R"(,"next_token":")" + next + "\"";
    return out + "}}";
}

TEST(XIds, AreTimes) {
    EXPECT_EQ(x_id_time("2123779257317458433"), at("2026-11-20T14:03:27.512Z"));
    EXPECT_EQ(x_id_time("2123748189008822383"), at("2026-11-20T12:00:00.250Z"));
    EXPECT_EQ(x_id_at(at("2026-11-13T14:05:00Z")), "2121242930181046272");
    EXPECT_EQ(x_id_time("20"), std::nullopt) << "an id of 2006 is no time";
    EXPECT_EQ(x_id_time("abcdefghijk"), std::nullopt);
}

TEST(XSearch, AsksForEverythingAMentionNeeds) {
    auto const poller = x_search();
    HttpRequest const request = poller->next_request("", context());
    EXPECT_EQ(path_of(request), "/2/tweets/search/recent");
    EXPECT_EQ(param(request, "query"), "acme -is:retweet");
    EXPECT_EQ(param(request, "max_results"), "100");
    EXPECT_EQ(param(request, "expansions"), "author_id");
    EXPECT_NE(param(request, "tweet.fields").find("conversation_id"), std::string::npos);
    EXPECT_NE(param(request, "user.fields").find("created_at"), std::string::npos);
    EXPECT_EQ(param(request, "since_id"), "");
    EXPECT_EQ(param(request, "start_time"), "");
    EXPECT_EQ(exporters::header(request.headers, "authorization"), "Bearer AAAAtoken");
    EXPECT_EQ(request.url, poller->next_request("", context()).url) << "asking twice is the same";
}

TEST(XSearch, ReadsAPage) {
    auto const poller = x_search();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, kPage), batch);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    auto const& reply = step.mentions[0];
    EXPECT_EQ(reply.id, "2123778650770768072") << "an edited post is known by its first version";
    EXPECT_EQ(reply.created_at, at("2026-11-20T14:03:27Z"));
    EXPECT_EQ(reply.kind, MentionKind::reply);
    EXPECT_EQ(reply.in_reply_to, "2123748189008822383");
    EXPECT_EQ(reply.conversation, "2123748189008822383");
    EXPECT_EQ(reply.text, "@ZephyrCola third bottle \u00e9\U0001F621");
    EXPECT_EQ(reply.author.id, "2244990001");
    EXPECT_EQ(reply.author.handle, "cap_collector");
    EXPECT_EQ(reply.author.followers, 1520);
    EXPECT_EQ(reply.author.created_at, at("2011-03-02T08:00:00Z"));
    EXPECT_EQ(reply.reach, 2210);
    EXPECT_EQ(reply.url, "https://x.com/cap_collector/status/2123779257317458433");
    auto const& quote = step.mentions[1];
    EXPECT_EQ(quote.kind, MentionKind::quote);
    EXPECT_EQ(quote.quotes, "2123748189008822383");
    EXPECT_EQ(quote.text, "the whole long text");
    EXPECT_EQ(quote.lang, "he");
    EXPECT_EQ(quote.reach, 88213) << "who may have seen it: the larger of the two";
    EXPECT_EQ(step.page->reads, 2u);
    EXPECT_FALSE(step.page->complete);
}

TEST(XSearch, ReadsBothSpellings) {
    std::string body = kPage;
    for (auto const& [from, to] : Pairs{{"referenced_tweets", "referenced_posts"},
                                        {"edit_history_tweet_ids", "edit_history_post_ids"},
                                        {"note_tweet", "note_post"},
                                        {"\"tweets\"", "\"posts\""}})
        for (auto p = body.find(from); p != std::string::npos; p = body.find(from, p))
            body.replace(p, from.size(), to);
    auto const poller = x_search();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, body), batch);
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "2123778650770768072");
    EXPECT_EQ(step.mentions[0].in_reply_to, "2123748189008822383");
    EXPECT_EQ(step.mentions[1].text, "the whole long text");
}

TEST(XSearch, SwitchesTheSpellingOfFieldsOnce) {
    auto const poller = x_search();
    MentionBatch batch;
    auto const refusal = answer(400, R"({"title":"Invalid Request","errors":[{"message":
        "The query parameter [tweet.fields] is not one of [post.fields]"}]})");
    auto const step = accept(*poller, "", refusal, batch);
    EXPECT_EQ(step.page.error().fault, Fault::transient);
    HttpRequest const request = poller->next_request("", context());
    EXPECT_EQ(param(request, "tweet.fields"), "");
    EXPECT_NE(param(request, "post.fields").find("referenced_posts"), std::string::npos);
    EXPECT_EQ(accept(*poller, "", refusal, batch).page.error().fault, Fault::bad_request);
}

// The walk goes from the newest to the oldest; the watermark is the first page's newest id and
// moves when the last page was read.
TEST(XSearch, WalksNewestFirstAndMovesItsWatermarkAtTheEnd) {
    auto const poller = x_search();
    MentionBatch batch;
    PollContext c = context();
    auto const first = accept(*poller, "", answer(200, kPage), batch, c);
    ASSERT_TRUE(first.page);
    std::string const middle = first.page->cursor;
    c.now += 30s;
    HttpRequest const second = poller->next_request(middle, c);
    EXPECT_EQ(param(second, "next_token"), "b26v89c19zqg8o3f");
    auto const last = accept(
        *poller, middle,
        answer(200, page_of({{"2123770000000000001", "2026-11-20T13:30:00.000Z"}}, "")), batch, c);
    ASSERT_TRUE(last.page);
    EXPECT_TRUE(last.page->complete);
    EXPECT_EQ(last.page->covered_from, kNow + 30s - std::chrono::days{7} + 60s)
        << "the first walk saw what the platform still had at its last page";
    EXPECT_EQ(last.page->covered_until, kNow - 30s) << "of the walk's start, not of its end";

    // The next walk begins behind what is covered: posts may have been hidden until then.
    PollContext const next = context(kNow + 60s, kNow - 30s);
    HttpRequest const again = poller->next_request(last.page->cursor, next);
    EXPECT_EQ(param(again, "since_id"), "2123779257317458433")
        << "the newest post is older than what is covered less 90 s, so nothing is read twice";
    EXPECT_EQ(param(again, "start_time"), "") << "never both";
    PollContext const busy = context(kNow + 60s, at("2026-11-20T14:04:00Z"));
    EXPECT_EQ(param(poller->next_request(last.page->cursor, busy), "since_id"),
              x_id_at(at("2026-11-20T14:02:30Z")));
    auto const quiet = accept(*poller, last.page->cursor, answer(200, kEmpty), batch, next);
    ASSERT_TRUE(quiet.page);
    EXPECT_TRUE(quiet.page->complete);
    EXPECT_EQ(quiet.page->covered_from, std::nullopt) << "it continues without a hole";
    EXPECT_EQ(quiet.page->covered_until, kNow + 30s);
    EXPECT_EQ(quiet.page->cursor, last.page->cursor);
}

TEST(XSearch, RepeatsItsLowerBoundOnEveryPage) {
    auto const poller = x_search();
    MentionBatch batch;
    std::string const mark =
        daemon::WalkCursor().set("w", std::string_view("2123779257317458433")).text();
    PollContext c = context(kNow, kNow - 90s);
    std::string const since = param(poller->next_request(mark, c), "since_id");
    auto const step = accept(
        *poller, mark,
        answer(200, page_of({{"2123780000000000000", "2026-11-20T14:06:24Z"}}, "tok")), batch, c);
    ASSERT_TRUE(step.page);
    c.now += 20min;  // throttled meanwhile
    HttpRequest const second = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(param(second, "since_id"), since);
    EXPECT_EQ(param(second, "next_token"), "tok");
    // Begun anew, the walk goes by time and keeps the watermark until it ends.
    std::string const anew = poller->restart(step.page->cursor);
    HttpRequest const third = poller->next_request(anew, c);
    EXPECT_EQ(param(third, "since_id"), "");
    EXPECT_EQ(param(third, "start_time"), "2026-11-20T14:07:00Z");  // covered less 90 s
    EXPECT_EQ(param(third, "next_token"), "");
    EXPECT_EQ(daemon::WalkCursor(anew).get("w"), "2123779257317458433");
}

TEST(XSearch, ReportsTheHoleThatAnOutageBeyondSevenDaysLeft) {
    auto const poller = x_search();
    MentionBatch batch;
    std::string const mark =
        daemon::WalkCursor().set("w", std::string_view("2121242930181046272")).text();
    PollContext const c = context(kNow, at("2026-11-12T14:05:00Z"));
    HttpRequest const request = poller->next_request(mark, c);
    EXPECT_EQ(param(request, "since_id"), "") << "older than 7 days: the platform would refuse it";
    EXPECT_EQ(param(request, "start_time"), "");
    auto const step = accept(*poller, mark, answer(200, kEmpty), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_EQ(step.page->covered_from, kNow - std::chrono::days{7} + 60s);
}

TEST(XSearch, AQuietWeekIsNoHole) {
    auto const poller = x_search();
    MentionBatch batch;
    std::string const mark =
        daemon::WalkCursor().set("w", std::string_view("2121242930181046272")).text();
    PollContext const c = context(kNow, kNow - 90s);
    EXPECT_EQ(param(poller->next_request(mark, c), "start_time"), "2026-11-20T14:07:00Z");
    EXPECT_EQ(accept(*poller, mark, answer(200, kEmpty), batch, c).page->covered_from,
              std::nullopt);
}

TEST(XSearch, TellsTheTwoMeaningsOf429Apart) {
    auto const poller = x_search();
    MentionBatch batch;
    auto const fault = [&](int status, char const* body, exporters::HttpHeaders headers = {}) {
        return accept(*poller, "", answer(status, body, std::move(headers)), batch).page.error();
    };
    auto const window =
        fault(429, R"({"title":"Too Many Requests","status":429})",
              {{"X-Rate-Limit-Reset", "1795184493"}, {"X-Rate-Limit-Remaining", "0"}});
    EXPECT_EQ(window.fault, Fault::throttled);
    EXPECT_EQ(window.retry_after, 693s);
    EXPECT_EQ(fault(429, "{}", {{"x-rate-limit-reset", "1795183000"}}).retry_after, std::nullopt)
        << "a reset in the past is not believed";
    // Quota left in the quarter of an hour: the day is used up, and its reset counts.
    EXPECT_EQ(fault(429, "{}",
                    {{"x-rate-limit-remaining", "12"},
                     {"x-rate-limit-reset", "1795184000"},
                     {"x-app-limit-24hour-remaining", "0"},
                     {"x-app-limit-24hour-reset", "1795190000"}})
                  .retry_after,
              6200s);
    EXPECT_EQ(fault(429, R"({"title":"UsageCapExceeded","period":"Monthly"})").fault,
              Fault::budget);
    EXPECT_EQ(fault(402, R"({"title":"CreditsDepleted"})").fault, Fault::budget);
    EXPECT_EQ(fault(401, R"({"title":"Unauthorized"})").fault, Fault::auth);
    EXPECT_EQ(fault(403, R"({"title":"Client Forbidden"})").fault, Fault::forbidden);
    EXPECT_EQ(fault(503, "<html>over capacity</html>").fault, Fault::transient);
    EXPECT_EQ(fault(400, R"({"title":"Invalid Request","detail":"bad query"})").fault,
              Fault::bad_request);
}

TEST(XSearch, AStaleSinceIdIsABadCursorAndTheWayBackAvoidsIt) {
    auto const poller = x_search();
    MentionBatch batch;
    std::string const mark = daemon::WalkCursor().set("w", std::string_view("777")).text();
    PollContext const c = context(kNow, kNow - 90s);
    EXPECT_EQ(param(poller->next_request(mark, c), "since_id"), "777") << "no time in this id";
    auto const step = accept(*poller, mark, answer(400, R"({"errors":[{"message":
        "'since_id' must be a tweet id created after 2026-11-13T14:05Z."}],
        "title":"Invalid Request"})"),
                             batch, c);
    EXPECT_EQ(step.page.error().fault, Fault::bad_cursor);
    HttpRequest const request = poller->next_request(poller->restart(mark), c);
    EXPECT_EQ(param(request, "since_id"), "");
    EXPECT_EQ(param(request, "start_time"), "2026-11-20T14:07:00Z");
}

TEST(XSearch, TellsItsLimits) {
    auto const poller = x_search();
    MentionBatch batch;
    auto const step = accept(*poller, "",
                             answer(200, kEmpty,
                                    {{"x-rate-limit-limit", "450"},
                                     {"X-RATE-LIMIT-REMAINING", "449"},
                                     {"x-rate-limit-reset", "1795184493"},
                                     {"x-app-limit-24hour-remaining", "7"}}),
                             batch);
    ASSERT_EQ(step.page->limits.size(), 2u);
    EXPECT_EQ(step.page->limits[0].kind, "search");
    EXPECT_EQ(step.page->limits[0].remaining, 449);
    EXPECT_EQ(step.page->limits[0].of, 450);
    EXPECT_EQ(step.page->limits[0].reset, kNow + 693s);
    EXPECT_EQ(step.page->limits[1].kind, "day");
}

TEST(XSearch, APartialAnswerIsAnAnswerWithANote) {
    auto const poller = x_search();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, R"({"data":[{"id":"2123779257317458433",
        "text":"a"}],"errors":[{"title":"Not Found Error","detail":"user gone"}],
        "meta":{"newest_id":"2123779257317458433"}})"),
                             batch);
    ASSERT_TRUE(step.page);
    EXPECT_EQ(step.mentions.size(), 1u);
    EXPECT_EQ(step.mentions[0].url, "https://x.com/i/status/2123779257317458433");
    EXPECT_EQ(step.page->note, "partial answer: Not Found Error: user gone");
}

TEST(XMentions, FindsTheUserFirstAndRemembersIt) {
    auto const poller = x_mentions();
    MentionBatch batch;
    EXPECT_EQ(path_of(poller->next_request("", context())), "/2/users/by/username/acme");
    auto const step =
        accept(*poller, "",
               answer(200, R"({"data":{"id":"990000001","name":"A","username":"acme"}})"), batch);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    HttpRequest const request = poller->next_request(step.page->cursor, context());
    EXPECT_EQ(path_of(request), "/2/users/990000001/mentions");
    auto const page = accept(
        *poller, step.page->cursor,
        answer(200, page_of({{"2123779257317458433", "2026-11-20T14:03:27Z"}}, "7140w")), batch);
    EXPECT_EQ(param(poller->next_request(page.page->cursor, context()), "pagination_token"),
              "7140w");
    EXPECT_EQ(path_of(x_mentions("990000001")->next_request("", context())),
              "/2/users/990000001/mentions");
    EXPECT_EQ(path_of(poller->next_request(poller->restart(page.page->cursor), context())),
              "/2/users/990000001/mentions");
    EXPECT_EQ(accept(*poller, "", answer(200, R"({"errors":[{"title":"Not Found Error",
        "type":"https://api.twitter.com/2/problems/resource-not-found"}]})"),
                     batch)
                  .page.error()
                  .fault,
              Fault::not_found);
}

// 800 posts are all the timeline gives: eight full pages that end above the watermark are a hole.
TEST(XMentions, ReportsTheHoleBelowTheEightHundredth) {
    auto const poller = x_mentions("1");
    MentionBatch batch;
    std::string cursor =
        daemon::WalkCursor().set("w", std::string_view("2121242930181046272")).text();
    PollContext const c = context(kNow, at("2026-11-13T14:05:00Z"));
    for (int page = 0; page < 8; ++page) {
        std::vector<std::pair<std::string, std::string>> posts;
        for (int i = 0; i < 100; ++i) {
            WallTime const created = at("2026-11-20T14:00:00Z") - 1min * (page * 100 + i);
            posts.emplace_back(x_id_at(created), detectors::rfc3339(created));
        }
        batch.clear();
        auto const step = accept(
            *poller, cursor,
            answer(200, page_of(posts, page == 7 ? "" : "t" + std::to_string(page))), batch, c);
        ASSERT_TRUE(step.page);
        EXPECT_EQ(step.page->complete, page == 7);
        cursor = step.page->cursor;
        if (page == 7) {
            // Of the oldest second some posts may lie beyond the eight hundred.
            EXPECT_EQ(step.page->covered_from, at("2026-11-20T14:00:00Z") - 799min + 1s);
        }
    }
    EXPECT_EQ(daemon::WalkCursor(cursor).get("w"), x_id_at(at("2026-11-20T14:00:00Z")));
}

TEST(XCounts, GivesWholeMinutesAndCoversToTheLast) {
    auto const poller = x_counts();
    MentionBatch batch;
    PollContext const c = context(kNow, kNow - 2min);
    HttpRequest const request = poller->next_request("", c);
    EXPECT_EQ(path_of(request), "/2/tweets/counts/recent");
    EXPECT_EQ(param(request, "granularity"), "minute");
    EXPECT_EQ(param(request, "start_time"), "2026-11-20T13:58:00Z");
    auto const step = accept(*poller, "", answer(200, R"({"data":[
        {"start":"2026-11-20T13:58:00.000Z","end":"2026-11-20T13:59:00.000Z","tweet_count":18},
        {"start":"2026-11-20T13:59:00.000Z","end":"2026-11-20T14:00:00.000Z","post_count":96},
        {"start":"2026-11-20T14:00:00.000Z","end":"2026-11-20T14:00:31.000Z","tweet_count":7}],
        "meta":{"total_tweet_count":121}})"),
                             batch, c);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.page->counts.size(), 2u);
    EXPECT_EQ(step.page->counts[0].start, at("2026-11-20T13:58:00Z"));
    EXPECT_EQ(step.page->counts[0].count, 18);
    EXPECT_EQ(step.page->counts[1].count, 96);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_until, at("2026-11-20T14:00:00Z"));
    EXPECT_EQ(step.page->covered_from, std::nullopt);
    EXPECT_EQ(accept(*poller, "", answer(200, R"({"data":[
        {"start":"2026-11-20T13:58:00.000Z","end":"2026-11-20T13:59:00.000Z","tweet_count":0}],
        "meta":{}})"),
                     batch)
                  .page->covered_from,
              at("2026-11-20T13:58:00Z"));
}

}  // namespace
}  // namespace surged::tests
