#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/pointer_tree.h"
#include "tests/poller_kit.h"

#include <map>

namespace surged::tests {
namespace {

using daemon::JsonDocument;
using detectors::MentionKind;

TEST(JsonReading, RepairsWhatIsNotUtf8AndNothingElse) {
    EXPECT_EQ(daemon::repair_utf8("caf\u00e9 \U0001F621"), "caf\u00e9 \U0001F621");
    EXPECT_EQ(daemon::repair_utf8("a\xffz"), "a\uFFFDz");
    EXPECT_EQ(daemon::repair_utf8("\xc0\xaf"), "\uFFFD\uFFFD") << "overlong";
    EXPECT_EQ(daemon::repair_utf8("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
    EXPECT_EQ(daemon::repair_utf8("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(daemon::repair_utf8("\xe2\x82"), "\uFFFD\uFFFD") << "cut";
    EXPECT_EQ(daemon::repair_utf8(std::string_view("a\0b\x1f", 4)), "a b ");
}

TEST(JsonReading, ReadsTimesAndCountsAsPlatformsWriteThem) {
    WallTime const t = at("2026-11-20T14:03:27Z");
    EXPECT_EQ(daemon::read_time("2026-11-20T14:03:27+0000"), t);
    EXPECT_EQ(daemon::read_time("1795183407"), t);
    EXPECT_EQ(daemon::read_time("1795183407.0"), t);
    EXPECT_EQ(daemon::read_time("1795183407500"), t + 500ms);
    EXPECT_EQ(daemon::read_time("-1"), std::nullopt);
    EXPECT_EQ(daemon::read_time("1e300"), std::nullopt);
    EXPECT_EQ(daemon::read_time("nan"), std::nullopt);
    EXPECT_EQ(daemon::read_time("soon"), std::nullopt);
    EXPECT_EQ(daemon::read_count("594"), 594);
    EXPECT_EQ(daemon::read_count("594.0"), 594);
    EXPECT_EQ(daemon::read_count("-7"), -1);
    EXPECT_EQ(daemon::read_count("many"), -1);
    EXPECT_EQ(daemon::read_count("99999999999999999999"), -1);
}

TEST(JsonReading, CutsTextBetweenCharacters) {
    EXPECT_EQ(daemon::cut_text("caf\u00e9", 4), "caf");
    EXPECT_EQ(daemon::cut_text("caf\u00e9", 5), "caf\u00e9");
    EXPECT_EQ(daemon::cut_text("\U0001F621", 3), "");
}

TEST(JsonReading, FindsTheWordsOfAnError) {
    EXPECT_EQ(daemon::error_words(R"({"title":"Unauthorized","detail":"Unauthorized"})"),
              "Unauthorized");
    EXPECT_EQ(daemon::error_words(R"({"error":{"message":"no\nsuch","code":1}})"), "no such");
    EXPECT_EQ(daemon::error_words(R"({"errors":[{"message":"Rate limit exceeded"}]})"),
              "Rate limit exceeded");
    EXPECT_EQ(daemon::error_words(R"({"error":"Record not found"})"), "Record not found");
    EXPECT_EQ(daemon::error_words("<html>"), "");
    EXPECT_EQ(daemon::error_words("{\"title\":\"" + std::string(500, 'a') + "\"}").size(), 200u);
}

TEST(PointerTree, FindsEverythingInOnePass) {
    daemon::PointerTree tree;
    EXPECT_TRUE(tree.add("/a/b", 0));
    EXPECT_TRUE(tree.add("/a/b", 1));
    EXPECT_TRUE(tree.add("/list/1/x", 2));
    EXPECT_TRUE(tree.add("/we~1ird~0", 3));
    EXPECT_FALSE(tree.add("a", 4));
    EXPECT_FALSE(tree.add("/a~2", 4));
    JsonDocument document;
    auto opened = document.open(
        R"({"we\/ird~":"w","list":[{"x":"no"},{"x":7}],"skipped":{"b":[1,{}]},"a":{"c":1,"b":"ab"}})");
    ASSERT_TRUE(opened);
    MentionBatch batch;
    daemon::ItemReader in(batch);
    std::map<int, std::string> found;
    simdjson::ondemand::value root;
    ASSERT_FALSE((*opened)->get_value().get(root));
    EXPECT_FALSE(tree.walk(root, [&](auto const& targets, simdjson::ondemand::value value) {
        std::string const text(in.scalar(value));
        for (int const target : targets) found[target] = text;
        return simdjson::SUCCESS;
    }));
    EXPECT_EQ(found, (std::map<int, std::string>{{0, "ab"}, {1, "ab"}, {2, "7"}, {3, "w"}}));
}

Pairs const kAllFields{{"id", "/id"},
                       {"created_at", "/when"},
                       {"kind", "/kind"},
                       {"author.id", "/user/id"},
                       {"author.handle", "/user/name"},
                       {"author.followers", "/user/followers"},
                       {"author.created_at", "/user/since"},
                       {"text", "/body/text"},
                       {"lang", "/lang"},
                       {"url", "/links/0/href"},
                       {"in_reply_to", "/parent"},
                       {"conversation", "/thread"},
                       {"reach", "/views"}};

TEST(JsonItems, MapsEveryName) {
    auto const poller = json_items({{"path", "/items"}, {"items", ""}}, kAllFields);
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, R"([
        {"id": 9007199254740993, "when": 1795183407, "kind": "comment",
         "user": {"id": 12, "name": "kim", "followers": "40", "since": "2019-01-01T00:00:00Z"},
         "body": {"text": "broken \u00e9"}, "lang": "en", "links": [{"href": "https://c/1"}],
         "parent": "p1", "thread": "t1", "views": 12.0, "extra": {"deep": [[[]]]}},
        {"id": "b", "parent": "p2"}])"),
                             batch);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    auto const& m = step.mentions[0];
    EXPECT_EQ(m.id, "9007199254740993");
    EXPECT_EQ(m.created_at, at("2026-11-20T14:03:27Z"));
    EXPECT_EQ(m.kind, MentionKind::comment);
    EXPECT_EQ(m.author.id, "12");
    EXPECT_EQ(m.author.handle, "kim");
    EXPECT_EQ(m.author.followers, 40);
    EXPECT_EQ(m.author.created_at, at("2019-01-01T00:00:00Z"));
    EXPECT_EQ(m.text, "broken \u00e9");
    EXPECT_EQ(m.lang, "en");
    EXPECT_EQ(m.url, "https://c/1");
    EXPECT_EQ(m.in_reply_to, "p1");
    EXPECT_EQ(m.conversation, "t1");
    EXPECT_EQ(m.reach, 12);
    EXPECT_EQ(step.mentions[1].kind, MentionKind::reply) << "what its references say";
    EXPECT_EQ(step.mentions[1].created_at, detectors::kNoTime);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->reads, 2u);
}

std::string items(std::vector<std::pair<std::string, std::string>> const& list,
                  std::string const& next = "") {
    std::string out = R"({"data":[)";
    for (auto const& [id, created] : list) {
        if (out.back() == '}') out += ',';
        out += R"({"id":")" + id + R"(","created_at":")" + created + "\"}";
    }
    out += "]";
    if (!next.empty()) out += R"(,"meta":{"next":")" + next + "\"}";
    return out + "}";
}

TEST(JsonItems, WalksNewestFirst) {
    auto const poller = json_newest();
    MentionBatch batch;
    EXPECT_EQ(poller->next_request("", context()).url, "https://crm.example/api/items");
    auto const one = accept(
        *poller, "",
        answer(200, items({{"5", "2026-11-20T14:05:00Z"}, {"4", "2026-11-20T14:04:00Z"}}, "c2")),
        batch);
    ASSERT_TRUE(one.page);
    EXPECT_FALSE(one.page->complete);
    HttpRequest const second = poller->next_request(one.page->cursor, context());
    EXPECT_EQ(param(second, "cursor"), "c2");
    EXPECT_EQ(param(second, "since"), "");
    auto const two = accept(*poller, one.page->cursor,
                            answer(200, items({{"3", "2026-11-20T14:03:00Z"}})), batch);
    ASSERT_TRUE(two.page);
    EXPECT_TRUE(two.page->complete);
    EXPECT_EQ(two.page->covered_from, at("2026-11-20T14:03:00Z"));
    EXPECT_EQ(two.page->covered_until, kNow - 15s);
    // Next time from the newest, or a minute behind what is covered; and a second earlier, because
    // nobody says whether the bound is inclusive.
    EXPECT_EQ(
        param(poller->next_request(two.page->cursor, context(kNow + 60s, kNow - 15s)), "since"),
        "2026-11-20T14:04:59Z");
    EXPECT_EQ(param(poller->next_request(two.page->cursor,
                                         context(kNow + 60s, at("2026-11-20T14:05:30Z"))),
                    "since"),
              "2026-11-20T14:04:29Z");
    auto const quiet = accept(*poller, two.page->cursor, answer(200, items({})), batch,
                              context(kNow + 60s, kNow - 15s));
    EXPECT_EQ(quiet.page->covered_from, std::nullopt);
    EXPECT_EQ(quiet.page->cursor, two.page->cursor);
}

TEST(JsonItems, StopsWhereAPageHoldsOnlyWhatIsOlder) {
    auto const poller = json_newest();
    MentionBatch batch;
    std::string const mark = daemon::WalkCursor().set("wt", at("2026-11-20T14:00:00Z")).text();
    auto const step =
        accept(*poller, mark, answer(200, items({{"1", "2026-11-20T13:38:00Z"}}, "endless")), batch,
               context(kNow, kNow - 75s));
    EXPECT_TRUE(step.page->complete);
    auto const first =
        accept(*poller, "", answer(200, items({{"1", "2026-08-01T00:00:00Z"}}, "n")), batch);
    EXPECT_TRUE(first.page->complete) << "90 days are what a baseline can use";
}

TEST(JsonItems, OnePageWithoutAnythingKnownMayHaveLostSomething) {
    auto const poller = json_items({{"path", "/latest"}, {"items", "/data"}},
                                   {{"id", "/id"}, {"created_at", "/created_at"}});
    MentionBatch batch;
    WallTime const known = at("2026-11-20T13:00:00Z");
    auto const all_new =
        accept(*poller, "wt=1",
               answer(200, items({{"9", "2026-11-20T14:00:00Z"}, {"8", "2026-11-20T13:30:00Z"}})),
               batch, context(kNow, known));
    EXPECT_EQ(all_new.page->covered_from, at("2026-11-20T13:30:00Z"));
    auto const joined =
        accept(*poller, "wt=1",
               answer(200, items({{"9", "2026-11-20T14:00:00Z"}, {"7", "2026-11-20T12:59:00Z"}})),
               batch, context(kNow, known));
    EXPECT_EQ(joined.page->covered_from, std::nullopt);
}

TEST(JsonItems, OldestFirstMovesItsWatermarkWithEveryPage) {
    auto const poller = json_items({{"path", "/items"},
                                    {"items", "/data"},
                                    {"since.param", "after"},
                                    {"since.format", "unix"},
                                    {"order", "oldest"}},
                                   {{"id", "/id"}, {"created_at", "/created_at"}});
    MentionBatch batch;
    PollContext c = context();
    EXPECT_EQ(param(poller->next_request("", c), "after"), "");
    auto const one =
        accept(*poller, "",
               answer(200, items({{"1", "2026-11-20T14:00:00Z"}, {"2", "2026-11-20T14:01:00Z"}})),
               batch, c);
    ASSERT_TRUE(one.page);
    EXPECT_FALSE(one.page->complete) << "there may be more";
    EXPECT_EQ(one.page->covered_from, at("2026-11-20T14:00:00Z"));
    EXPECT_EQ(one.page->covered_until, at("2026-11-20T14:01:00Z"));
    EXPECT_EQ(param(poller->next_request(one.page->cursor, c), "after"), "1795183259");
    auto const two = accept(*poller, one.page->cursor,
                            answer(200, items({{"2", "2026-11-20T14:01:00Z"}})), batch, c);
    EXPECT_TRUE(two.page->complete) << "nothing newer came";
    EXPECT_EQ(two.page->covered_until, kNow - 15s);
    EXPECT_EQ(daemon::WalkCursor(poller->restart(one.page->cursor)).time("wt"),
              at("2026-11-20T14:01:00Z"))
        << "what moved forward stays";
}

TEST(JsonItems, OldestFirstByIdAndByNext) {
    Pairs const fields{{"id", "/id"}, {"created_at", "/created_at"}};
    auto const by_id = json_items({{"path", "/i"},
                                   {"items", "/data"},
                                   {"since.param", "after_id"},
                                   {"since.format", "id"},
                                   {"order", "oldest"}},
                                  fields, {{"q", "acme & co"}});
    MentionBatch batch;
    auto const one =
        accept(*by_id, "", answer(200, items({{"a/7", "2026-11-20T14:00:00Z"}})), batch);
    HttpRequest const request = by_id->next_request(one.page->cursor, context());
    EXPECT_EQ(request.url, "https://crm.example/api/i?q=acme%20%26%20co&after_id=a%2F7");
    auto const end = accept(*by_id, one.page->cursor, answer(200, items({})), batch);
    EXPECT_TRUE(end.page->complete);
    EXPECT_EQ(param(by_id->next_request(end.page->cursor, context()), "after_id"), "a/7");

    auto const by_next = json_items({{"path", "/i"},
                                     {"items", "/data"},
                                     {"next.pointer", "/meta/next"},
                                     {"next.param", "page"},
                                     {"order", "oldest"}},
                                    fields);
    auto const page =
        accept(*by_next, "", answer(200, items({{"1", "2026-11-20T14:00:00Z"}}, "2")), batch);
    EXPECT_EQ(param(by_next->next_request(page.page->cursor, context()), "page"), "2");
}

TEST(JsonItems, FollowsAnAddressOnItsOwnHostOnly) {
    auto const poller = json_items(
        {{"path", "/i"}, {"items", "/data"}, {"next.pointer", "/meta/next"}}, {{"id", "/id"}});
    MentionBatch batch;
    auto const own = accept(
        *poller, "", answer(200, items({{"1", "x"}}, "https://crm.example/api/i?p=2")), batch);
    EXPECT_EQ(poller->next_request(own.page->cursor, context()).url,
              "https://crm.example/api/i?p=2");
    auto const path = accept(*poller, "", answer(200, items({{"1", "x"}}, "/api/i?p=3")), batch);
    EXPECT_EQ(poller->next_request(path.page->cursor, context()).url,
              "https://crm.example/api/i?p=3");
    for (char const* elsewhere : {"https://evil.example/i", "http://crm.example/i",
                                  "https://crm.example.evil.example/i", "https://crm.example:444/"})
        EXPECT_EQ(accept(*poller, "", answer(200, items({{"1", "x"}}, elsewhere)), batch)
                      .page.error()
                      .fault,
                  Fault::malformed)
            << elsewhere;
}

TEST(JsonItems, UnderstandsEveryDialectOfLimits) {
    auto const poller = json_newest();
    MentionBatch batch;
    auto const limit = [&](exporters::HttpHeaders headers) {
        auto const step = accept(*poller, "", answer(200, items({}), std::move(headers)), batch);
        return step.page->limits.empty() ? daemon::RateLimit{"none"} : step.page->limits[0];
    };
    EXPECT_EQ(limit({}).kind, "none");
    EXPECT_EQ(limit({{"X-RateLimit-Remaining", "594.0"}, {"x-ratelimit-reset", "273"}}).remaining,
              594);
    EXPECT_EQ(limit({{"X-Ratelimit-Remaining", "5"}, {"X-Ratelimit-Reset", "273"}}).reset,
              kNow + 273s);
    EXPECT_EQ(limit({{"ratelimit-remaining", "5"}, {"RateLimit-Reset", "1795184100"}}).reset,
              at("2026-11-20T14:15:00Z"));
    EXPECT_EQ(limit({{"X-RateLimit-Remaining", "5"},
                     {"X-RateLimit-Reset", "2026-11-20T14:15:00.130933Z"}})
                  .reset,
              at("2026-11-20T14:15:00.130Z"));
    EXPECT_EQ(limit({{"RateLimit", "\"default\";r=7;t=30"}}).reset, kNow + 30s);
    EXPECT_EQ(limit({{"RateLimit", "limit=100, remaining=7, reset=30"}}).remaining, 7);
    EXPECT_EQ(limit({{"X-RateLimit-Remaining", "lots"}}).kind, "none");
    // A peer whose clock is ten minutes ahead means the same instant by its own.
    EXPECT_EQ(limit({{"ratelimit-remaining", "5"},
                     {"ratelimit-reset", "1795184700"},
                     {"Date", "Fri, 20 Nov 2026 14:20:00 GMT"}})
                  .reset,
              at("2026-11-20T14:15:00Z"));
}

TEST(JsonItems, ReadsRetryAfterAsSecondsOrDate) {
    auto const poller = json_newest();
    MentionBatch batch;
    auto const wait = [&](int status, std::string value) {
        return accept(*poller, "", answer(status, "", {{"Retry-After", std::move(value)}}), batch)
            .page.error()
            .retry_after;
    };
    EXPECT_EQ(wait(429, "120"), 120s);
    EXPECT_EQ(wait(503, "Fri, 20 Nov 2026 14:12:00 GMT"), 120s);
    EXPECT_EQ(wait(429, "Fri, 20 Nov 2026 14:00:00 GMT"), 0s);
    EXPECT_EQ(wait(429, "999999999"), 24h) << "a mistyped header must not silence a stream";
    EXPECT_EQ(wait(429, "soon"), std::nullopt) << "the loop waits by itself";
    EXPECT_EQ(wait(503, "-5"), std::nullopt);
}

TEST(JsonItems, APageThatIsGoneInTheMiddleOfAWalkIsABadCursor) {
    auto const poller = json_newest();
    MentionBatch batch;
    auto const one =
        accept(*poller, "", answer(200, items({{"5", "2026-11-20T14:05:00Z"}}, "c2")), batch);
    EXPECT_EQ(accept(*poller, one.page->cursor, answer(404, ""), batch).page.error().fault,
              Fault::bad_cursor);
    EXPECT_EQ(accept(*poller, "", answer(404, ""), batch).page.error().fault, Fault::not_found);
    EXPECT_EQ(poller->restart(one.page->cursor), "");
}

}  // namespace
}  // namespace surged::tests
