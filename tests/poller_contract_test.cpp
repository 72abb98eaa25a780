// What every poller owes the loop, whichever platform it speaks to.
#include "daemon/engine.h"
#include "exporters/metrics.h"
#include "tests/config_directory.h"
#include "tests/poller_rooms.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>

namespace surged::tests {
namespace {

// The contract holds for every poller there is: one without a row here is not shown to keep it.
TEST(PollerTable, EveryPollerHasARowHere) {
    std::set<std::string> here, table;
    for (Room const& room : rooms()) EXPECT_TRUE(here.insert(room.name()).second) << room.name();
    for (auto const& row : daemon::platforms()) {
        for (auto const& kind : row.kinds)
            if (kind.make != nullptr)
                table.insert(std::string(row.name) + "_" + std::string(kind.name));
        if (row.own != nullptr) table.insert(std::string(row.name) + "_own");
    }
    EXPECT_EQ(here, table);
}

// Every kind of stream and every account refuses a key that it does not know, by its name.
TEST(PollerTable, EveryKindRefusesAnUnknownKey) {
    Directory const directory;
    directory.write("t", "secret");
    std::ifstream file(TEST_DATA "/every_kind.yaml");
    std::string const whole{std::istreambuf_iterator<char>(file), {}};
    auto const errors = [&](std::string const& text) {
        std::string out;
        auto const tried = daemon::load_settings(directory.write("c.yaml", text));
        for (auto const& problem : tried.problems->list)
            if (!problem.warning) out += problem.text + "\n";
        return out;
    };
    ASSERT_EQ(errors(whole), "");
    std::set<std::string> tried;
    auto const loaded = daemon::load_settings(directory.write("c.yaml", whole));
    for (auto const& brand : loaded.settings.brands)
        for (auto const& s : brand.streams) {
            if (s.push()) continue;
            std::string text = whole;
            bool const in_line = text.find("{name: " + s.name + ",") != std::string::npos;
            std::string const at = in_line ? "{name: " + s.name + "," : "- name: " + s.name + "\n";
            auto const place = text.find(at);
            ASSERT_NE(place, std::string::npos) << s.name;
            text.insert(place + at.size(), in_line ? " zephyr: 1," : "        zephyr: 1\n");
            EXPECT_THAT(errors(text), testing::HasSubstr(": unknown key 'zephyr'")) << s.name;
            tried.insert(s.platform + "_" + s.kind);
        }
    for (auto const& row : daemon::platforms())
        for (auto const& kind : row.kinds)
            EXPECT_TRUE(tried.contains(std::string(row.name) + "_" + std::string(kind.name)))
                << row.name << " " << kind.name << " is not in every_kind.yaml";
    std::size_t accounts = 0;
    for (std::size_t at = whole.find("{platform: "); at < whole.find("receivers:\n");
         at = whole.find("{platform: ", at + 1), ++accounts) {
        std::string text = whole;
        text.insert(at + 1, "zephyr: 1, ");
        EXPECT_THAT(errors(text), testing::HasSubstr(": unknown key 'zephyr'"));
    }
    EXPECT_EQ(accounts, 8u);
}

class PollerContract : public testing::TestWithParam<std::size_t> {
protected:
    Room const& room = rooms()[GetParam()];
    std::unique_ptr<Poller> poller = room.make(maker(room.platform, room.kind));
    MentionBatch batch;
    PollContext c = context(kNow, kNow - 2min);

    Step accept_page(std::string const& body, exporters::HttpHeaders headers = {}) {
        return accept(*poller, room.begin, answer(200, body, std::move(headers)), batch, c);
    }
    // What a page gave, mentions or minutes.
    [[nodiscard]] std::size_t given(Step const& step) const {
        return room.counts ? step.page->counts.size() : step.mentions.size();
    }
    // The URL of the first request of a walk.
    [[nodiscard]] std::string question() const { return poller->next_request(room.begin, c).url; }
};
// Those whose pages hold mentions.
class MentionContract : public PollerContract {};

TEST_P(PollerContract, AskingTwiceIsTheSameQuestion) {
    HttpRequest const one = poller->next_request(room.begin, c);
    HttpRequest const two = poller->next_request(room.begin, c);
    EXPECT_EQ(one.url, two.url);
    EXPECT_EQ(one.headers, two.headers);
    EXPECT_TRUE(one.url.starts_with("https://"));
    EXPECT_EQ(one.method, "GET");
    EXPECT_EQ(one.url.find(' '), std::string::npos);
}

TEST_P(PollerContract, AnEmptyAnswerIsSilenceNotFailure) {
    auto const step = accept_page(room.empty);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    EXPECT_EQ(given(step), 0u);
    EXPECT_EQ(step.page->malformed, 0u);
}

TEST_P(PollerContract, WhatIsNotUnderstoodIsAFailureThatMovesNothing) {
    std::string const first = question();
    std::string const good = room.page({"\"1\"", "\"2\""});
    for (std::string const& body :
         {std::string(), std::string("<html><body>hello</body></html>"), std::string("null"),
          good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), good + "x",
          room.error_with_200}) {
        auto const step = accept_page(body);
        EXPECT_FALSE(step.page) << body;
        EXPECT_TRUE(batch.items.empty()) << body;
        EXPECT_EQ(question(), first) << body;
    }
    for (int const status : {301, 400, 401, 402, 403, 408, 410, 418, 429, 500, 502, 503, 504}) {
        auto const step = accept(*poller, room.begin, answer(status, "{}"), batch, c);
        ASSERT_FALSE(step.page) << status;
        EXPECT_FALSE(step.page.error().detail.empty());
    }
    EXPECT_TRUE(accept_page(good).page) << "and the next good page is read as ever";
}

TEST_P(PollerContract, StatusesMeanWhatTheyMean) {
    auto const fault = [&](int status) {
        return accept(*poller, room.begin, answer(status, ""), batch, c).page.error().fault;
    };
    EXPECT_EQ(fault(401), Fault::auth);
    EXPECT_EQ(fault(403), Fault::forbidden);
    EXPECT_EQ(fault(404), Fault::not_found);
    EXPECT_EQ(fault(429), Fault::throttled);
    for (int const status : {408, 500, 502, 503, 504}) EXPECT_EQ(fault(status), Fault::transient);
    auto const asked =
        accept(*poller, room.begin, answer(429, "", {{"retry-AFTER", "77"}}), batch, c);
    EXPECT_EQ(asked.page.error().retry_after, 77s);
}

TEST_P(MentionContract, TheSamePageTwiceIsTheSameMentionsTwice) {
    std::string const body = room.page({"\"21\"", "\"20\""});
    auto const one = accept_page(body);
    auto const two = accept_page(body);
    ASSERT_TRUE(one.page);
    ASSERT_TRUE(two.page);
    EXPECT_EQ(one.page->cursor, two.page->cursor) << "accept() keeps no place of its own";
    ASSERT_EQ(one.mentions.size(), 2u);
    ASSERT_EQ(two.mentions.size(), 2u);
    EXPECT_EQ(one.mentions[0].id, "21");
    EXPECT_EQ(two.mentions[0].id, "21");
}

TEST_P(MentionContract, IdsAreTextWhateverTheyLookLike) {
    auto const step =
        accept_page(room.page({"9007199254740993", "\"9223372036854775808\"",
                               "\"at://did:plc:x/3k\"", "\"\\u00e9\"", "18446744073709551617"}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 5u);
    EXPECT_EQ(step.mentions[0].id, "9007199254740993") << "beyond 2^53, not rounded";
    EXPECT_EQ(step.mentions[1].id, "9223372036854775808");
    EXPECT_EQ(step.mentions[2].id, "at://did:plc:x/3k");
    EXPECT_EQ(step.mentions[3].id, "\u00e9");
    EXPECT_EQ(step.mentions[4].id, "18446744073709551617") << "beyond 2^64";
}

TEST_P(MentionContract, OneBadItemCostsOneItem) {
    auto const step = accept_page(
        room.page({"\"1\"", "\"\\ud800\"", "null", "\"" + std::string(2000, 'i') + "\"", "\"5\""}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    EXPECT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.page->malformed, 3u);
}

TEST_P(MentionContract, BytesThatAreNotUtf8AreReplaced) {
    auto const step = accept_page(room.page({"\"a\xff\"", "\"b\""}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "a\uFFFD");
    EXPECT_TRUE(accept_page("\xEF\xBB\xBF" + room.page({"\"1\""})).page) << "a byte order mark";
}

TEST_P(MentionContract, AnEndlessTextIsCut) {
    std::string body = room.page({"\"1\""});
    for (std::string_view const key :
         {"\"text\":\"t", "<p>t", "\"message\":\"t", "\"caption\":\"t", "\"selftext\":\"t",
          "\"textOriginal\":\"t", "\"title\":\"t", "\"content_text\":\"t"})
        if (auto const p = body.find(key); p != std::string::npos)
            body.insert(p + key.size(), std::string(100'000, 't'));
    auto const step = accept_page(body);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_LE(step.mentions[0].text.size(), 32u * 1024u);
}

TEST_P(PollerContract, HeaderNamesHaveNoCase) {
    auto upper = room.limit;
    for (auto& [name, value] : upper)
        for (char& ch : name) ch = static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
    for (auto const& headers : {room.limit, upper}) {
        auto const step = accept_page(room.page({"\"1\""}), headers);
        ASSERT_TRUE(step.page);
        ASSERT_EQ(step.page->limits.size(), 1u);
        EXPECT_EQ(step.page->limits[0].remaining, 7);
        EXPECT_EQ(step.page->limits[0].reset,
                  room.limit == kGraphLimit ? kNow + 15min : kNow + 5min);
    }
}

TEST_P(PollerContract, AWalkThatIsBegunAnewAsksForAFirstPage) {
    auto const step = accept_page(room.page({"\"21\""}));
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    EXPECT_NE(poller->next_request(step.page->cursor, c).url, question());
    std::string const anew = poller->restart(step.page->cursor);
    EXPECT_EQ(poller->next_request(anew, c).url, question()) << "nothing was complete yet";
    EXPECT_EQ(poller->restart(anew), anew);
}

TEST_P(PollerContract, ADamagedCursorIsAFirstWalkAtWorst) {
    for (std::string const& damaged :
         {std::string("\xff\x00garbage", 9), std::string("t=%zz&&=&w"), std::string(100'000, 'x'),
          std::string("ph=99&s=-1&l=zz"), std::string("ph=3"),
          std::string("s=99999999999999999999")}) {
        HttpRequest const request = poller->next_request(damaged, c);
        EXPECT_TRUE(request.url.starts_with("https://"));
        (void)accept(*poller, damaged, answer(200, room.empty), batch, c);
        (void)poller->restart(damaged);
    }
}

TEST_P(PollerContract, NoSecretInAnAddressOrAnError) {
    std::string const secrets[] = {
        "AAAAtoken",          "fedi-token",    "EAABtoken123",     "meta_app_secret_demo",
        "reddit-token",       "reddit-secret", "AIza-key-of-test", "bsky-access-token",
        "bsky-refresh-token", "app-pass-word"};
    HttpRequest const request = poller->next_request(room.begin, c);
    for (auto const& secret : secrets) EXPECT_EQ(request.url.find(secret), std::string::npos);
    for (int const status : {400, 401, 403}) {
        auto const step = accept(
            *poller, "",
            answer(
                status,
                R"({"title":"bad","detail":"token AAAAtoken EAABtoken123 fedi-token bsky-access-token"})"),
            batch, c);
        std::string own(exporters::header(request.headers, "Authorization"));
        if (own.empty()) continue;
        own = own.substr(7);
        EXPECT_EQ(step.page.error().detail.find(own), std::string::npos);
    }
}

// A page that came, an answer that did not, a page that came: nothing is lost and nothing is asked
// for that was there.
TEST_P(PollerContract, AFailureBetweenTwoPagesLosesNothing) {
    auto const first = accept_page(room.page({"\"24\"", "\"23\""}));
    ASSERT_TRUE(first.page) << first.page.error().detail;
    std::string const cursor = first.page->cursor;
    std::string const second = poller->next_request(cursor, c).url;
    ASSERT_NE(second, question());
    std::string const good = room.page({"\"22\"", "\"21\"", "\"20\""});
    for (auto const& bad :
         {answer(500, "{}"), answer(429, ""), answer(200, good.substr(0, good.size() / 2)),
          answer(200, "<html>busy</html>"), answer(200, ""), answer(200, room.error_with_200)}) {
        auto const step = accept(*poller, cursor, bad, batch, c);
        ASSERT_FALSE(step.page) << bad.body;
        EXPECT_TRUE(step.mentions.empty());
        EXPECT_EQ(poller->next_request(cursor, c).url, second) << bad.body;
        // By another process as well.
        EXPECT_EQ(room.make(maker(room.platform, room.kind))->next_request(cursor, c).url, second);
    }
    auto const next = accept(*poller, cursor, answer(200, good), batch, c);
    // The same token twice is a server that stands still: it may be refused, but not skipped.
    if (!next.page) {
        EXPECT_EQ(next.page.error().fault, Fault::bad_cursor);
        EXPECT_EQ(poller->next_request(poller->restart(cursor), c).url, question());
        return;
    }
    EXPECT_EQ(given(next), 3u);
}

// More items than any page of the platform has: refused, and nothing of it is kept.
TEST_P(PollerContract, APageWithoutEndIsRefused) {
    if (room.counts || room.platform == "feed") return;  // bounded by their bytes alone
    std::vector<std::string> ids(room.platform == "json" ? 100'001 : 1001);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = std::to_string(i + 1);
    auto const step = accept_page(room.page(ids));
    ASSERT_FALSE(step.page);
    EXPECT_EQ(step.page.error().fault, Fault::too_large);
    EXPECT_TRUE(batch.items.empty());
    EXPECT_GT(poller->next_request(room.begin, c).body_max, 0u);
    EXPECT_LE(poller->next_request(room.begin, c).body_max, 64u << 20U) << "and of bytes";
}

// The same page again, after a lost answer or a restart: its mentions, or its minutes, count once.
TEST_P(PollerContract, TheSamePageTwiceCountsOnce) {
    static constexpr auto* kConfig =
        "receivers: { hook: { type: webhook, url: \"http://127.0.0.1:1/hook\" } }\n"
        "brands: [ { name: acme, notify: { receivers: [hook] }, streams: [ { name: s, platform: "
        "hackernews, kind: search, query: acme } ] } ]\n";
    exporters::Metrics metrics;
    daemon::EngineHooks hooks;
    hooks.log = [](std::string const&, std::string const&) {};
    hooks.published = [](detectors::Event const&, std::string const&) {};
    hooks.ring = [](std::string const&) {};
    daemon::Engine engine(daemon::load_settings_text(kConfig, "test.yaml").settings, nullptr,
                          metrics, hooks);
    std::string const body = room.page({"\"21\"", "\"20\"", "9007199254740993"});
    for (int i = 0; i < 2; ++i) {
        batch.clear();
        auto const step = accept_page(body);
        ASSERT_TRUE(step.page) << step.page.error().detail;
        EXPECT_EQ(given(step), 3u);
        EXPECT_TRUE(engine.record("s", *step.page, batch, detectors::kNoTime, detectors::kNoTime,
                                  kNow + i * 1min));
    }
    EXPECT_EQ(engine.stream("s")->mentions, 3u);
}

// Ids that differ behind the 53rd bit are two mentions.
TEST_P(MentionContract, NeighboursBeyondADoubleAreTwo) {
    auto const step = accept_page(room.page({"9007199254740993", "9007199254740992"}));
    ASSERT_TRUE(step.page);
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_NE(detectors::key_of(step.mentions[0].id), detectors::key_of(step.mentions[1].id));
}

std::vector<std::size_t> rooms_of(bool counts_too) {
    std::vector<std::size_t> out(rooms().size());
    std::iota(out.begin(), out.end(), std::size_t{0});
    if (!counts_too) std::erase_if(out, [](std::size_t i) { return rooms()[i].counts; });
    return out;
}
auto const kName = [](auto const& p) { return rooms()[p.param].name(); };

INSTANTIATE_TEST_SUITE_P(Rooms, PollerContract, testing::ValuesIn(rooms_of(true)), kName);
INSTANTIATE_TEST_SUITE_P(Rooms, MentionContract, testing::ValuesIn(rooms_of(false)), kName);

}  // namespace
}  // namespace surged::tests
