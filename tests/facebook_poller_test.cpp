#include "daemon/pollers/graph.h"
#include "tests/poller_kit.h"

namespace surged::tests {
namespace {

using detectors::MentionKind;

constexpr char const* kTagged = R"({"data":[
  {"id":"5566778899_122233344455566","created_time":"2026-11-20T14:05:41+0000",
   "updated_time":"2026-11-20T14:20:02+0000","message":"Hey Zephyr Cola, cap broke off.",
   "from":{"id":"5566778899","name":"Corner Shop Leiden"},
   "permalink_url":"https://www.facebook.com/5566778899/posts/122233344455566"},
  {"id":"9988776655_998877665544332","created_time":"2026-11-20T13:58:00+0000",
   "message":"Third bottle today..."}],
 "paging":{"cursors":{"before":"QVFIUmJlZm9yZQ==","after":"QVFIUmFmdGVy"},
  "next":"https://graph.facebook.com/v26.0/1020304050/tagged?access_token=EAABtoken123&after=QVFIUmFmdGVy"}})";
constexpr char const* kOwnPosts = R"({"data":[
  {"id":"1020304050_777000222","created_time":"2026-11-20T14:06:00+0000","updated_time":
   "2026-11-20T14:07:10+0000","message":"We are sorry.","from":{"id":"1020304050","name":"Z"}},
  {"id":"1020304050_777000111","created_time":"2026-11-10T12:00:00+0000","updated_time":
   "2026-11-20T14:06:12+0000","message":"New caps!","from":{"id":"1020304050","name":"Z"}},
  {"id":"1020304050_777000000","created_time":"2026-11-09T12:00:00+0000","updated_time":
   "2026-11-09T13:00:00+0000","message":"old and still"},
  {"id":"1020304050_777000333","created_time":"2026-11-20T14:06:00+0000","is_published":false}],
 "paging":{"cursors":{"before":"a","after":"b"}}})";
constexpr char const* kComments = R"({"data":[
  {"id":"777000222_450001","created_time":"2026-11-20T14:06:12+0000","message":"Same here!!",
   "from":{"id":"7700000000000123","name":"Ana P."},"parent":{"id":"777000222_449990"},
   "permalink_url":"https://www.facebook.com/1020304050/posts/777000222?comment_id=449990"},
  {"id":"777000222_449990","created_time":"2026-11-20T13:59:59+0000","message":"My cap broke too"}]})";
constexpr char const* kNothing = R"({"data":[]})";

TEST(Graph, ProvesItsSecret) {
    EXPECT_EQ(daemon::appsecret_proof("meta_app_secret_demo", "EAABtoken123"),
              "4e575162541710e0b60f61be24cf4468a8c55b2c203c1e152b81c4d2ed05bfe6");
}

TEST(Graph, ReadsItsUsageHeaders) {
    std::string note;
    auto const limits = [&](exporters::HttpHeaders headers) {
        note.clear();
        return daemon::graph_limits(answer(200, "", std::move(headers)), kNow, note);
    };
    EXPECT_TRUE(limits({}).empty());
    auto const calm =
        limits({{"x-app-usage", R"({"call_count":28,"total_time":25,"total_cputime":25})"}});
    ASSERT_EQ(calm.size(), 1u);
    EXPECT_EQ(calm[0].kind, "app");
    EXPECT_EQ(calm[0].remaining, 72);
    EXPECT_EQ(calm[0].reset, daemon::RateLimit::kNever);
    auto const full =
        limits({{"X-App-Usage", R"({"call_count":101,"total_time":25,"total_cputime":25})"}});
    EXPECT_EQ(full[0].remaining, 0);
    EXPECT_GE(full[0].reset, kNow + 5min);
    auto const page = limits(
        {{"X-Business-Use-Case-Usage",
          R"({"1020304050":[{"type":"pages","call_count":97,"total_cputime":23,"total_time":23,"estimated_time_to_regain_access":12}]})"}});
    ASSERT_EQ(page.size(), 1u);
    EXPECT_EQ(page[0].kind, "page");
    EXPECT_EQ(page[0].remaining, 3);
    EXPECT_EQ(page[0].reset, kNow + 12min) << "minutes";
    EXPECT_TRUE(limits({{"X-Business-Use-Case-Usage", R"({"1020304050":[{"type":"pa)"}}).empty());
    EXPECT_EQ(note, "unreadable header X-Business-Use-Case-Usage");
}

TEST(Graph, BranchesOnTheCodeWhateverTheStatus) {
    auto const poller = facebook_page();
    MentionBatch batch;
    struct Case {
        int code, subcode;
        Fault fault;
    };
    for (int const status : {200, 400, 401, 403, 500})
        for (Case const& c : {Case{1, 0, Fault::transient}, Case{2, 0, Fault::transient},
                              Case{3, 0, Fault::forbidden}, Case{4, 0, Fault::throttled},
                              Case{10, 0, Fault::forbidden}, Case{17, 0, Fault::throttled},
                              Case{32, 0, Fault::throttled}, Case{100, 0, Fault::bad_request},
                              Case{100, 33, Fault::not_found}, Case{102, 0, Fault::auth},
                              Case{190, 463, Fault::auth}, Case{190, 2069032, Fault::forbidden},
                              Case{200, 0, Fault::forbidden}, Case{283, 0, Fault::forbidden},
                              Case{341, 0, Fault::throttled}, Case{368, 0, Fault::forbidden},
                              Case{613, 1996, Fault::throttled}, Case{803, 0, Fault::not_found},
                              Case{80001, 0, Fault::throttled}}) {
            std::string const body = R"({"error":{"message":"m","type":"OAuthException","code":)" +
                                     std::to_string(c.code) + R"(,"error_subcode":)" +
                                     std::to_string(c.subcode) + "}}";
            auto const step = accept(*poller, "", answer(status, body), batch);
            ASSERT_FALSE(step.page);
            EXPECT_EQ(step.page.error().fault, c.fault)
                << c.code << "/" << c.subcode << " " << status;
            if (c.fault == Fault::throttled) {
                EXPECT_EQ(step.page.error().retry_after, 5min);
            }
        }
}

TEST(Graph, NeverShowsTheToken) {
    auto const poller = facebook_page();
    MentionBatch batch;
    auto const step = accept(
        *poller, "",
        answer(400, R"({"error":{"message":"Malformed access token EAABtoken123","code":190}})"),
        batch);
    EXPECT_EQ(step.page.error().detail, "code 190: Malformed access token ***");
}

TEST(FacebookPage, WalksFourPhases) {
    auto const poller = facebook_page();
    MentionBatch batch;
    PollContext const c = context(kNow, at("2026-11-20T14:15:00Z"));  // bound: 14:00:00
    HttpRequest request = poller->next_request("", c);
    EXPECT_EQ(path_of(request), "/v26.0/1020304050/visitor_posts");
    EXPECT_EQ(param(request, "since"), "1795183200");
    EXPECT_EQ(param(request, "appsecret_proof"),
              "4e575162541710e0b60f61be24cf4468a8c55b2c203c1e152b81c4d2ed05bfe6");
    EXPECT_EQ(exporters::header(request.headers, "authorization"), "Bearer EAABtoken123");
    EXPECT_EQ(request.url.find("EAAB"), std::string::npos) << "no token in an address";

    auto step = accept(*poller, "", answer(200, kNothing), batch, c);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    request = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(path_of(request), "/v26.0/1020304050/tagged");
    step = accept(*poller, step.page->cursor, answer(200, kTagged), batch, c);
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "5566778899_122233344455566");
    EXPECT_EQ(step.mentions[0].created_at, at("2026-11-20T14:05:41Z"));
    EXPECT_EQ(step.mentions[0].author.handle, "Corner Shop Leiden");
    EXPECT_EQ(step.mentions[0].kind, MentionKind::post);
    EXPECT_EQ(step.mentions[0].conversation, step.mentions[0].id);
    EXPECT_EQ(step.mentions[1].author.id, "") << "the author may be withheld: anonymous, not lost";
    EXPECT_EQ(step.mentions[1].url, "https://www.facebook.com/9988776655_998877665544332");
    request = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(param(request, "after"), "QVFIUmFmdGVy");
    EXPECT_EQ(path_of(request), "/v26.0/1020304050/tagged");

    step = accept(*poller, step.page->cursor, answer(200, kNothing), batch, c);
    request = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(path_of(request), "/v26.0/1020304050/posts");
    EXPECT_EQ(param(request, "since"),
              std::to_string((kNow - std::chrono::days{30}).time_since_epoch() / 1s));
    step = accept(*poller, step.page->cursor, answer(200, kOwnPosts), batch, c);
    ASSERT_EQ(step.mentions.size(), 1u) << "own posts of earlier walks are not said again";
    EXPECT_EQ(step.mentions[0].author.id, "1020304050");

    // Comments of the post that is new and of the old one that changed; not of the still one.
    request = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(path_of(request), "/v26.0/1020304050_777000222/comments");
    EXPECT_EQ(param(request, "filter"), "stream");
    EXPECT_EQ(param(request, "order"), "reverse_chronological");
    step = accept(*poller, step.page->cursor, answer(200, kComments), batch, c);
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].kind, MentionKind::reply);
    EXPECT_EQ(step.mentions[0].in_reply_to, "777000222_449990");
    EXPECT_EQ(step.mentions[0].conversation, "1020304050_777000222");
    EXPECT_EQ(step.mentions[1].kind, MentionKind::comment);
    EXPECT_EQ(step.mentions[1].in_reply_to, "1020304050_777000222");
    EXPECT_EQ(step.mentions[1].url,
              "https://www.facebook.com/1020304050_777000222?comment_id=449990");
    request = poller->next_request(step.page->cursor, c);
    EXPECT_EQ(path_of(request), "/v26.0/1020304050_777000111/comments");
    step = accept(*poller, step.page->cursor, answer(200, kNothing), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_until, kNow - 60s);
    EXPECT_EQ(step.page->covered_from, std::nullopt);
}

TEST(FacebookPage, SkipsAPostThatVanishedBeforeItsComments) {
    auto const poller = facebook_page();
    MentionBatch batch;
    PollContext const c = context(kNow, kNow - 60s);
    std::string const cursor = daemon::WalkCursor()
                                   .set("ph", std::int64_t{3})
                                   .set("s", kNow)
                                   .set("l", kNow - 16min)
                                   .set("q", std::string_view("1_2,1_3"))
                                   .text();
    auto const step = accept(
        *poller, cursor,
        answer(400, R"({"error":{"message":"gone","code":100,"error_subcode":33}})"), batch, c);
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->note.empty());
    EXPECT_EQ(path_of(poller->next_request(step.page->cursor, c)), "/v26.0/1_3/comments");
}

TEST(FacebookPage, AFirstWalkCoversThirtyDays) {
    auto const poller = facebook_page();
    MentionBatch batch;
    std::string cursor;
    for (int i = 0; i < 3; ++i) {
        auto const step = accept(*poller, cursor, answer(200, kNothing), batch);
        ASSERT_TRUE(step.page);
        cursor = step.page->cursor;
        EXPECT_EQ(step.page->complete, i == 2) << "no own posts, no comments";
        if (i == 2) {
            EXPECT_EQ(step.page->covered_from, kNow - std::chrono::days{30});
        }
    }
    EXPECT_EQ(poller->restart("ph=2&s=5&l=3&a=x"), cursor);
}

TEST(FacebookPage, StopsAfterTwoPagesOfOldPostsAndWherePagingLoops) {
    auto const poller = facebook_page();
    MentionBatch batch;
    PollContext const c = context(kNow, kNow - 60s);
    auto const old = [](std::string const& after) {
        return answer(200, R"({"data":[{"id":"1_1","created_time":"2026-11-01T00:00:00+0000"}],
            "paging":{"cursors":{"after":")" +
                               after + R"("},"next":"https://x/"}})");
    };
    auto const one = accept(*poller, "", old("p1"), batch, c);
    EXPECT_EQ(param(poller->next_request(one.page->cursor, c), "after"), "p1");
    auto const two = accept(*poller, one.page->cursor, old("p2"), batch, c);
    EXPECT_EQ(path_of(poller->next_request(two.page->cursor, c)), "/v26.0/1020304050/tagged");
    auto const again = accept(*poller, one.page->cursor, old("p1"), batch, c);
    EXPECT_EQ(path_of(poller->next_request(again.page->cursor, c)), "/v26.0/1020304050/tagged");
    EXPECT_EQ(again.page->note, "paging loops: the next page is the same page");
    // An empty page that has a next one is not the end.
    auto const empty = accept(*poller, "", answer(200, R"({"data":[],
        "paging":{"next":"https://graph.facebook.com/x?until=1795183000&__paging_token=enc"}})"),
                              batch, c);
    EXPECT_EQ(param(poller->next_request(empty.page->cursor, c), "until"), "1795183000");
    EXPECT_EQ(param(poller->next_request(empty.page->cursor, c), "__paging_token"), "enc");
}

TEST(FacebookPage, CountsOnePostOnceThoughItComesUnderTwoIds) {
    auto const poller = facebook_page();
    MentionBatch batch;
    PollContext const c = context(kNow, kNow - 60s);
    auto const visitor = accept(
        *poller, "",
        answer(200,
               R"({"data":[{"id":"1020304050_555","created_time":"2026-11-20T14:05:41+0000"}]})"),
        batch, c);
    EXPECT_EQ(visitor.mentions.size(), 1u);
    auto const tagged =
        accept(*poller, visitor.page->cursor,
               answer(200,
                      R"({"data":[{"id":"77_555","created_time":"2026-11-20T14:05:41+0000"},
                    {"id":"78_555","created_time":"2026-11-20T14:05:42+0000"},
                    {"id":"1020304050_555","created_time":"2026-11-20T14:05:41+0000"}]})"),
               batch, c);
    ASSERT_EQ(tagged.mentions.size(), 2u);
    EXPECT_EQ(tagged.mentions[0].id, "78_555") << "the same number at another time is another post";
    EXPECT_EQ(tagged.mentions[1].id, "1020304050_555") << "the same id is the sink's to know";
}

TEST(FacebookPage, SaysWhenAnotherVersionAnswered) {
    auto const poller = facebook_page();
    MentionBatch batch;
    EXPECT_EQ(accept(*poller, "", answer(200, kNothing, {{"Facebook-API-Version", "v26.0"}}), batch)
                  .page->note,
              "");
    EXPECT_NE(accept(*poller, "", answer(200, kNothing, {{"facebook-api-version", "v23.0"}}), batch)
                  .page->note.find("v23.0"),
              std::string::npos);
}

TEST(FacebookPage, ACursorThatDiedIsABadCursor) {
    auto const poller = facebook_page();
    MentionBatch batch;
    PollContext const c = context(kNow, kNow - 60s);
    auto const one = accept(
        *poller, "",
        answer(200,
               R"({"data":[{"id":"1_1"}],"paging":{"cursors":{"after":"x"},"next":"https://g/"}})"),
        batch, c);
    EXPECT_EQ(
        accept(*poller, one.page->cursor,
               answer(400, R"({"error":{"message":"(#100) Invalid cursor","code":100}})"), batch, c)
            .page.error()
            .fault,
        Fault::bad_cursor);
}

}  // namespace
}  // namespace surged::tests
