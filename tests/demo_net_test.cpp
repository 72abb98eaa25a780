// Goal: what the demo promises a stranger, it does: every platform read back through the real
// pollers, one incident with its clocks, one page that arrives signed. Method: the real binary, its
// API, its metrics, its words.
#include "tests/child_process.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <map>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using simdjson::dom::element;
using testing::HasSubstr;

constexpr char const* kStreams[] = {"acme-bluesky", "acme-crm", "acme-facebook", "acme-mastodon",
                                    "acme-x"};

// name -> mentions_total
std::map<std::string, std::uint64_t> mentions(unsigned short port) {
    std::map<std::string, std::uint64_t> out;
    simdjson::dom::parser parser;
    element body;
    simdjson::dom::array items;
    if (parser.parse(get(port, "/api/v1/streams")).get(body) != simdjson::SUCCESS) return out;
    if (body["items"].get(items) != simdjson::SUCCESS) return out;
    for (element const s : items) {
        std::string_view name;
        std::uint64_t total = 0;
        if (s["name"].get(name) == simdjson::SUCCESS &&
            s["mentions_total"].get(total) == simdjson::SUCCESS)
            out[std::string(name)] = total;
    }
    return out;
}

TEST(Demo, ShowsACrisisFromBackfillToASignedPage) {
    TempDir directory;
    unsigned short const port = free_port();
    Child demo({"demo", "--for", "45s", "--listen", "127.0.0.1:" + std::to_string(port), "--speed",
                "1", "--seed", "1"},
               directory.path() + "/said");

    // The whole history of each platform, not its newest page.
    EXPECT_TRUE(within(120s, [&] {
        auto const now = mentions(port);
        for (auto const* name : kStreams)
            if (!now.contains(name) || now.at(name) <= 1000) return !demo.running();
        return demo.output().find("page      delivered") != std::string::npos || !demo.running();
    })) << demo.output();
    ASSERT_TRUE(demo.running()) << demo.output();
    for (auto const& [name, total] : mentions(port)) EXPECT_GT(total, 1000u) << name;
    EXPECT_EQ(mentions(port).size(), std::size(kStreams));

    simdjson::dom::parser parser;
    std::string const incidents = get(port, "/api/v1/incidents");
    element const body = parser.parse(incidents).value();
    ASSERT_EQ(body["items"].get_array().value().size(), 1u) << incidents;
    element const incident = body["items"].get_array().value().at(0).value();
    EXPECT_EQ(std::string_view(incident["state"]), "open");
    EXPECT_EQ(incident["clocks"].get_array().value().size(), 3u) << incidents;

    std::string const metrics = get(port, "/metrics");
    for (std::string const kind : {"acknowledge", "respond", "resolve"})
        EXPECT_THAT(metrics, HasSubstr("surged_clock_due_timestamp_seconds{brand=\"acme\",platform="
                                       "\"x\",kind=\"" +
                                       kind + "\"} "));
    EXPECT_THAT(metrics, HasSubstr("surged_stream_surging{stream=\"acme-x\",brand=\"acme\","
                                   "platform=\"x\"} 1"));

    EXPECT_EQ(demo.wait(), 0) << demo.output();
    std::string const said = demo.output();
    for (auto const* name : kStreams)
        EXPECT_THAT(said, HasSubstr("backfill  " + std::string(name) + ": "));
    std::size_t const page = said.find("page      delivered to the local receiver");
    ASSERT_NE(page, std::string::npos) << said;
    EXPECT_THAT(said.substr(page, said.find('\n', page) - page), HasSubstr("signature good"));
    EXPECT_THAT(said, HasSubstr(" pages delivered, 0 with a bad signature"));
    EXPECT_THAT(said, testing::Not(HasSubstr("signature BAD")));
    std::size_t const opened = said.find("INCIDENT  ");
    ASSERT_NE(opened, std::string::npos);
    EXPECT_EQ(said.find("INCIDENT  ", opened + 1), std::string::npos) << "one crisis, one incident";
}

// The further platforms: each stand-in is read back by its real poller, over sockets.
TEST(Demo, ShowsEveryPlatformWhenAsked) {
    TempDir directory;
    unsigned short const port = free_port();
    Child demo({"demo", "--for", "60s", "--listen", "127.0.0.1:" + std::to_string(port),
                "--platforms", "all"},
               directory.path() + "/said");
    // As many as the listing of each platform holds, or eight days of it.
    std::map<std::string, std::uint64_t> const least{{"acme-hackernews", 300},
                                                     {"acme-reddit", 700},
                                                     {"acme-youtube", 700},
                                                     {"acme-feed", 30},
                                                     {"acme-x", 1000}};
    EXPECT_TRUE(within(50s, [&] {
        auto const now = mentions(port);
        for (auto const& [name, total] : least)
            if (!now.contains(name) || now.at(name) < total) return !demo.running();
        return true;
    })) << demo.output();
    ASSERT_TRUE(demo.running()) << demo.output();
    auto const now = mentions(port);
    for (auto const& [name, total] : least)
        EXPECT_GE(now.contains(name) ? now.at(name) : 0, total) << name;
}

}  // namespace
}  // namespace surged::tests
