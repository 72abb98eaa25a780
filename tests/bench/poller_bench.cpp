// Goal: what a full page costs each poller, in MB/s of body, beside the bare parser on the same
// bytes: simdjson's DOM for JSON, libxml2's SAX without handlers for XML. `ratio` is the time of
// the first as a multiple of the second. Method: pages as the stand-ins write them, of posts of
// some 120 to 240 characters; both ways take turns, so that a busy machine slows both; the best
// turn of each counts.
#include "daemon/demo/bluesky_stand_in.h"
#include "daemon/demo/feed_stand_in.h"
#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"
#include "daemon/pollers/instagram.h"
#include "tests/bench/bench_data.h"
#include "tests/web_kit.h"

#include <simdjson.h>

#include <benchmark/benchmark.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

namespace surged::tests {
namespace {

using namespace daemon::demo;

constexpr std::size_t kPosts = 100;
constexpr std::size_t kTurns = 20;  // pages read between two looks at the clock

struct Row {
    char const* name;
    bool xml;
    std::unique_ptr<Poller> (*make)();
    std::unique_ptr<StandIn> (*stand_in)(PostBook const&);
    void (*shape)(Post&, std::uint64_t number);
    std::string path = {};  // of a feed; else the poller's own request
};

void plain(Post&, std::uint64_t) {}

std::vector<Row> rows() {
    return {
        {"x", false, [] { return x_search(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             XOptions o;
             o.bearer_token = "AAAAtoken";
             o.tags["acme -is:retweet"] = "x";
             return std::make_unique<XStandIn>(b, o);
         },
         [](Post& p, std::uint64_t n) {
             p.stream = "x";
             p.id = std::to_string(x_id(p.created_at, n));
         }},
        {"facebook", false, [] { return facebook_page(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             GraphOptions o;
             o.access_token = "EAABtoken123";
             o.page_id = "1020304050";
             return std::make_unique<GraphStandIn>(b, o);
         },
         [](Post& p, std::uint64_t n) {
             p.place = "visitor_posts";
             p.id = "1020304050_" + std::to_string(n);
         }},
        {"mastodon", false, [] { return mastodon_tag(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<MastodonStandIn>(b, MastodonOptions{});
         },
         [](Post& p, std::uint64_t n) {
             p.text += " #zephyrfail";
             p.id = std::to_string(mastodon_id(p.created_at, n));
         }},
        {"instagram", false,
         [] {
             return daemon::make_instagram_mentions(
                 account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}}),
                 stream("instagram", "mentions", {{"user", InstagramOptions{}.user}}));
         },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<InstagramStandIn>(b, InstagramOptions{});
         },
         [](Post& p, std::uint64_t n) {
             p.place = "tagged";
             p.id = std::to_string(17'895'695'668'000'000 + n);
         }},
        {"bluesky", false,
         [] {
             return daemon::make_bluesky_search(
                 bluesky_account(false), stream("bluesky", "search", {{"query", "zephyr cola"}}));
         },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<BlueskyStandIn>(b, BlueskyOptions{});
         },
         [](Post& p, std::uint64_t n) {
             p.text += " zephyr cola";
             p.author.id = "did:plc:" + p.author.id;
             p.author.handle = "kim.example";
             p.id = "at://" + p.author.id + "/app.bsky.feed.post/3k" + std::to_string(n);
         }},
        {"json", false, [] { return json_newest(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             JsonOptions o;
             o.path = "/api/items";
             o.limit_default = kPosts;
             return std::make_unique<JsonStandIn>(b, o);
         },
         plain},
        {"hackernews", false, [] { return hackernews(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<HackernewsStandIn>(b, HackernewsOptions{});
         },
         [](Post& p, std::uint64_t) { p.kind = MentionKind::comment; }},
        {"reddit", false, [] { return reddit_subreddit(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<RedditStandIn>(b, RedditOptions{});
         },
         [](Post& p, std::uint64_t n) {
             p.place = "soda";
             p.id = "t3_" + std::to_string(n);
         }},
        {"youtube_comments", false, [] { return youtube_comments(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             YoutubeOptions o;
             o.key = "AIza-key-of-test";
             o.channel = "UCbrand";
             return std::make_unique<YoutubeStandIn>(b, o);
         },
         [](Post& p, std::uint64_t) { p.kind = MentionKind::comment; }},
        {"youtube_search", false, [] { return youtube_search(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             YoutubeOptions o;
             o.key = "AIza-key-of-test";
             return std::make_unique<YoutubeStandIn>(b, o);
         },
         plain},
        {"feed_rss", true, [] { return feed(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<FeedStandIn>(b, FeedOptions{kPosts, 60, 0});
         },
         plain, "/feed.rss"},
        {"feed_atom", true, [] { return feed(); },
         [](PostBook const& b) -> std::unique_ptr<StandIn> {
             return std::make_unique<FeedStandIn>(b, FeedOptions{kPosts, 60, 0});
         },
         plain, "/feed.atom"},
    };
}

std::string page_of(Row const& row, Poller& poller) {
    BenchRandom random;
    PostBook book;
    for (std::size_t i = 0; i < kPosts; ++i) {
        Post post;
        post.created_at = kNow - std::chrono::seconds{30} * (kPosts - i) - 1min;
        post.id = std::to_string(46'000'000 + i);
        post.text = bench_text(random, 120 + random.below(120));
        post.author = {std::to_string(random.below(100'000)), "kim", "Kim",
                       std::int64_t(random.below(5000)), kNow - std::chrono::days{900}};
        row.shape(post, i + 1);
        book.append(std::move(post));
    }
    auto const stand_in = row.stand_in(book);
    daemon::HttpRequest request = poller.next_request("", context());
    if (row.name == std::string_view("bluesky")) {  // first it logs in
        MentionBatch none;
        (void)poller.accept(to_client_response(stand_in->handle(to_server_request(request), kNow)),
                            "", context(), none);
        request = poller.next_request("", context());
    }
    if (!row.path.empty()) request.url = "https://news.example" + row.path;
    if (row.name == std::string_view("reddit")) {  // its token is its own
        daemon::HttpRequest login;
        login.method = "POST";
        login.url = "https://r/api/v1/access_token";
        login.body = "grant_type=client_credentials";
        login.headers = {{"User-Agent", "bench"},
                         {"Authorization", "Basic " + daemon::base64("demo-client:demo-token")}};
        (void)stand_in->handle(to_server_request(login), kNow);
        for (auto& [name, value] : request.headers)
            if (name == "Authorization") value = "Bearer token-1-of-this-world";
    }
    return stand_in->handle(to_server_request(request), kNow).body;
}

template <typename Work>
double seconds_of(Work work) {
    auto const start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kTurns; ++i) work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kTurns;
}

void parse_alone(Row const& row, std::string const& body, simdjson::dom::parser& parser) {
    if (!row.xml) {
        benchmark::DoNotOptimize(parser.parse(body).error());
        return;
    }
    xmlSAXHandler nothing{};
    nothing.initialized = XML_SAX2_MAGIC;
    xmlParserCtxtPtr const xml = xmlCreateMemoryParserCtxt(body.data(), int(body.size()));
    *xml->sax = nothing;
    xmlParseDocument(xml);
    xmlFreeParserCtxt(xml);
}

void page(benchmark::State& state, Row const& row) {
    auto const poller = row.make();
    daemon::HttpResponse const response = answer(200, page_of(row, *poller));
    MentionBatch batch;
    simdjson::dom::parser parser;
    std::string problem;
    double best = 1e9, best_alone = 1e9;
    auto const c = context(kNow, kNow - 2h);
    for (auto _ : state) {
        best_alone =
            std::min(best_alone, seconds_of([&] { parse_alone(row, response.body, parser); }));
        double const took = seconds_of([&] {
            batch.clear();
            auto const read = poller->accept(response, "", c, batch);
            if (!read) problem = read.error().detail;
        });
        best = std::min(best, took);
        state.SetIterationTime(took);
    }
    if (batch.items.size() < 40) problem += " only " + std::to_string(batch.items.size()) + " read";
    if (!problem.empty()) state.SkipWithError(problem.c_str());
    double const mb = double(response.body.size()) / 1e6;
    state.counters["mentions"] = double(batch.items.size());
    state.counters["kB"] = mb * 1000;
    state.counters["MB/s"] = mb / best;
    state.counters["alone MB/s"] = mb / best_alone;
    state.counters["ratio"] = best / best_alone;
}

int const kRegistered = [] {
    for (Row const& row : rows())
        benchmark::RegisterBenchmark(row.name, [row](benchmark::State& s) { page(s, row); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond)
            ->MinTime(0.3);
    return 0;
}();

}  // namespace
}  // namespace surged::tests
