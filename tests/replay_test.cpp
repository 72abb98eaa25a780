#include "daemon/demo/replay.h"

#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_stand_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <set>

namespace surged::daemon::demo {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

WallTime at(char const* text) {
    return *detectors::parse_time(text);
}

TEST(Replay, ShiftsRowsAndTheirIdsTogether) {
    constexpr auto* kRows =
        "{\"id\":\"567588278875213824\",\"platform\":\"x\",\"stream\":\"Delta\","
        "\"created_at\":\"2015-02-17T07:36:05.621Z\",\"kind\":\"post\",\"text\":\"a\"}\r\n"
        "\n"
        "{\"id\":\"611\",\"created_at\":\"2015-02-17T07:36:06.000Z\",\"kind\":\"reply\","
        "\"in_reply_to\":\"567588278875213824\",\"author\":{\"id\":\"Delta\",\"handle\":\"Delta\"}}"
        "\n"
        "{\"id\":\"611\",\"created_at\":\"2015-02-17T07:36:06.000Z\",\"kind\":\"reply\"}\n"
        "{\"id\":7,\"created_at\":\"2015-02-17T07:36:06.000Z\"}\n"
        "not json\n";
    PostBook book;
    ReplayOptions options;
    options.stream = "rest";
    options.shift = std::chrono::hours{24};
    options.own = {"Delta"};
    auto const report = Replay::load_text(kRows, options, book);
    EXPECT_EQ(report.error, "");
    EXPECT_EQ(report.rows, 5U);
    EXPECT_EQ(report.taken, 3U);
    EXPECT_EQ(report.distinct, 2U);
    EXPECT_EQ(report.bad, 2U);
    EXPECT_EQ(report.first_bad, 4U);
    EXPECT_THAT(report.per_stream, UnorderedElementsAre(Pair("Delta", 1U), Pair("rest", 2U)));
    EXPECT_EQ(report.first, at("2015-02-18T07:36:05.621Z"));
    // 86,400,000 ms later is 86,400,000 << 22 more.
    std::string const moved = std::to_string(567588278875213824ULL + (86'400'000ULL << 22U));
    ASSERT_NE(book.find(moved), nullptr);
    std::string const minted = report.renamed.at("611");
    ASSERT_NE(book.find(minted), nullptr);
    Listing all(at("2015-02-19T00:00:00Z"));
    auto const page = book.newest(all, 0, 10);
    ASSERT_EQ(page.posts.size(), 3U);
    EXPECT_EQ(x_time(id_number(minted)), at("2015-02-18T07:36:06Z"));
    EXPECT_EQ(page.posts[1]->in_reply_to, moved);
    EXPECT_TRUE(page.posts[1]->own);
    EXPECT_GE(page.posts[2]->visible_at - page.posts[2]->created_at, std::chrono::seconds{10});
    EXPECT_LE(page.posts[2]->visible_at - page.posts[2]->created_at, std::chrono::seconds{15});
}

TEST(Replay, SaysWhenThereIsNoFile) {
    PostBook book;
    EXPECT_NE(Replay::load_file("/nonexistent.ndjson", {}, book).error, "");
}

class Airline : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(kFile)) GTEST_SKIP() << "no recording at " << kFile;
    }
    static constexpr auto* kFile = SHARED_DIR "/data/mentions/airline-2015.ndjson";
    PostBook book_;
};

TEST_F(Airline, HoldsEachRowOnce) {
    ReplayOptions options;
    options.shift = std::chrono::hours{24 * 4000};
    auto const report = Replay::load_file(kFile, options, book_);
    EXPECT_EQ(report.rows, 14'640U);
    EXPECT_EQ(report.taken, 14'640U);
    EXPECT_EQ(report.distinct, 14'485U);
    EXPECT_EQ(report.bad, 0U);
    EXPECT_EQ(book_.size(), 14'640U);
    EXPECT_THAT(report.per_stream,
                UnorderedElementsAre(Pair("Delta", 2222U), Pair("United", 3822U),
                                     Pair("Southwest", 2420U), Pair("US Airways", 2913U),
                                     Pair("Virgin America", 504U), Pair("American", 2759U)));
}

// The walk a poller makes: every page, the same query, to the end.
TEST_F(Airline, AStreamsQuerySelectsItsRowsAndNoOthers) {
    ReplayOptions options;
    options.streams = {"US Airways", "American"};
    auto const report = Replay::load_file(kFile, options, book_);
    ASSERT_EQ(report.taken, 5672U);
    // The recording is half a day longer than X's reach.
    XOptions wide;
    wide.reach = std::chrono::hours{24 * 8};
    XStandIn x(book_, wide);
    for (auto const& [query, rows, distinct] :
         {std::tuple{"stream%3A%22US+Airways%22", 2913U, 2913U},
          std::tuple{"stream%3AAmerican", 2759U, 2604U}}) {
        std::uint64_t listed = 0, pages = 0;
        std::set<std::string> ids;
        std::string token;
        do {
            HttpRequest request;
            request.url =
                std::string("http://x.test/2/tweets/search/recent?max_results=100&query=") + query +
                (token.empty() ? "" : "&next_token=" + token);
            request.headers.emplace_back("Authorization", "Bearer any");
            auto const response =
                x.handle(to_server_request(request), report.last + std::chrono::seconds{31});
            ASSERT_EQ(response.status, 200) << response.body;
            simdjson::dom::parser parser;
            auto const body = parser.parse(response.body).value();
            for (auto const post : body["data"].get_array()) {
                ids.emplace(post["id"].get_string().value());
                ++listed;
            }
            std::string_view next;
            token = body["meta"]["next_token"].get(next) == simdjson::SUCCESS ? next : "";
            ++pages;
        } while (!token.empty() && pages < 100);
        EXPECT_EQ(listed, rows);
        EXPECT_EQ(ids.size(), distinct);
        EXPECT_EQ(pages, (rows + 99) / 100);
    }
}

}  // namespace
}  // namespace surged::daemon::demo
