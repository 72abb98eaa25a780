// Goal: on Bluesky, Reddit, Hacker News, YouTube and Instagram a deletion of what an incident
// stands on is told once, whoever deleted it, and neither an outage nor a lie of a platform is told
// as one. Method: the whole daemon on virtual time before the stand-ins of all five.
#include "daemon/app.h"
#include "daemon/demo/bluesky_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"
#include "daemon/sqlite_store.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::demo::Post;
using daemon::demo::PostBook;
using detectors::MentionKind;
using detectors::WallTime;

constexpr std::array<char const*, 5> kPlatforms{"bluesky", "reddit", "hackernews", "youtube",
                                                "instagram"};
constexpr auto* kVideo = "dQw4w9WgXcQ";
constexpr auto* kMedium = "179000000001";

std::string text_of(std::string const& json, char const* key) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view value;
    if (parser.parse(json).get(root) || root[key].get(value)) return {};
    return std::string(value);
}

daemon::demo::RedditOptions reddit_options() {
    daemon::demo::RedditOptions o;
    o.client_id = "abc";
    o.client_secret = "token";
    return o;
}
daemon::demo::YoutubeOptions youtube_options() {
    daemon::demo::YoutubeOptions o;
    o.key = "token";
    return o;
}

class PlatformsWorld {
public:
    explicit PlatformsWorld(std::uint64_t seed)
        : random(seed),
          clock(io, kSimStart),
          net(clock, seed ^ 0x5bd1e995U),
          bluesky_(books["bluesky"], {}),
          reddit_(books["reddit"], reddit_options()),
          hackernews_(books["hackernews"], {}),
          youtube_(books["youtube"], youtube_options()),
          instagram_(books["instagram"], {}),
          log_(clock, daemon::LogLevel::error, daemon::LogFormat::text, stderr) {
        std::ofstream(dir.path() + "/token") << "token";
        serve("bluesky", bluesky_);
        serve("reddit", reddit_);
        serve("hackernews", hackernews_);
        serve("youtube", youtube_);
        serve("instagram", instagram_);
        net.host("hook.sim", [](daemon::HttpRequest const&, WallTime) {
            daemon::HttpResponse r;
            r.status = 200;
            return r;
        });
    }

    void start() {
        auto opened = daemon::open_store(dir.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store = std::move(*opened);
        daemon::LoadedSettings loaded = daemon::load_settings_text(config(), "sim.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        daemon::AppDoors doors(io, clock, net, *store, log_);
        doors.listen = false;
        doors.seed = random();
        app = std::make_unique<daemon::App>(std::move(doors), std::move(loaded.settings));
        ASSERT_TRUE(app->start().has_value());
    }
    void stop() {
        app->stop();
        for (int i = 0; i < 100 && !app->stopped(); ++i) clock.settle();
        ASSERT_TRUE(app->stopped());
        ASSERT_EQ(app->fatal(), "");
        app.reset();
        store.reset();
    }

    std::string write(std::string const& platform, WallTime at, bool ours) {
        std::string const n = std::to_string(++last_);
        Post p;
        p.platform = platform;
        p.created_at = at;
        p.visible_at = at + 8s;
        p.text = (ours ? "we are on it " : "what is this, acme? ") + n;
        p.own = ours;
        p.author.id = p.author.handle = ours ? "acme" : "user" + n;
        p.author.followers = std::int64_t(random() % 100'000);
        p.metrics.likes = std::int64_t(random() % 1000);
        p.id = n;
        if (platform == "bluesky") {
            p.author.id = ours ? "did:plc:acme" : "did:plc:u" + n;
            p.author.handle += ".example";
            p.id = "at://" + p.author.id + "/app.bsky.feed.post/3k" + n;
        }
        if (platform == "reddit") {
            p.place = "soda";
            p.id = "t3_" + n;
        }
        if (platform == "hackernews" && ours) p.author.handle = "AcmeHQ";
        if (platform == "youtube") {
            p.kind = MentionKind::comment;
            p.place = kVideo;
            p.id = "Ugz00000000000000000000" + n;
        }
        if (platform == "instagram") {
            p.kind = MentionKind::comment;
            p.place = "comments";
            p.in_reply_to = p.conversation = kMedium;
            p.id = "178000000" + n;
        }
        std::string const id = p.id;
        books[platform].append(std::move(p));
        return id;
    }
    void medium(WallTime at) {
        Post p;
        p.platform = "instagram";
        p.id = kMedium;
        p.created_at = p.visible_at = at;
        p.text = "new";
        p.place = "posts";
        p.own = true;
        p.author.id = p.author.handle = "acme";
        books["instagram"].append(std::move(p));
    }

    std::vector<daemon::StoredEvent> events(std::string const& name) const {
        std::vector<daemon::StoredEvent> out;
        for (auto& e : store->events(0, 1'000'000, {}))
            if (e.name == name) out.push_back(e);
        return out;
    }

    std::mt19937_64 random;
    boost::asio::io_context io{1};
    SimClock clock;
    SimHttpClient net;
    TempDir dir;
    std::map<std::string, PostBook> books;
    std::map<std::string, int> lookups, own;  // requests, by platform
    std::unique_ptr<daemon::Store> store;
    std::unique_ptr<daemon::App> app;
    bool lying = false;  // look-ups say of every post that there is none
    int lies = 0;

private:
    daemon::demo::BlueskyStandIn bluesky_;
    daemon::demo::RedditStandIn reddit_;
    daemon::demo::HackernewsStandIn hackernews_;
    daemon::demo::YoutubeStandIn youtube_;
    daemon::demo::InstagramStandIn instagram_;
    daemon::Log log_;
    std::uint64_t last_ = 1000;

    static bool is_lookup(std::string const& platform, daemon::ServerRequest const& asked) {
        std::string_view const path = asked.path;
        if (platform == "bluesky") return path.ends_with("getPosts");
        if (platform == "reddit") return path == "/api/info";
        if (platform == "hackernews") return path.starts_with("/v0/item/");
        if (platform == "youtube")
            return path.ends_with("/comments") && daemon::demo::Params(asked.query).has("id");
        return path.starts_with("/v26.0/17") && path.find('/', 7) == std::string_view::npos;
    }
    static bool is_own(daemon::ServerRequest const& asked) {
        return asked.path.ends_with("getAuthorFeed") || asked.path.ends_with("/overview") ||
               asked.query.find("author_AcmeHQ") != std::string::npos;
    }
    void serve(std::string const& platform, daemon::demo::StandIn& place) {
        net.host(platform + ".sim",
                 [this, &place, platform](daemon::HttpRequest const& request, WallTime now) {
                     auto const asked = daemon::demo::to_server_request(request);
                     own[platform] += is_own(asked) ? 1 : 0;
                     if (!is_lookup(platform, asked))
                         return daemon::demo::to_client_response(place.handle(asked, now));
                     ++lookups[platform];
                     if (!lying) return daemon::demo::to_client_response(place.handle(asked, now));
                     ++lies;
                     daemon::HttpResponse lie;
                     lie.status = platform == "instagram" ? 400 : 200;
                     lie.body = platform == "bluesky"      ? R"({"posts":[]})"
                                : platform == "reddit"     ? R"({"data":{"children":[]}})"
                                : platform == "hackernews" ? "null"
                                : platform == "youtube"
                                    ? R"({"items":[]})"
                                    : R"({"error":{"code":100,"error_subcode":33,"message":"no"}})";
                     return lie;
                 });
    }

    [[nodiscard]] std::string config() const {
        std::string const token = dir.path() + "/token";
        auto const account = [&](std::string const& name, std::string const& keys) {
            return "  " + name + ": { platform: " + name + ", base_url: \"http://" + name +
                   ".sim\"" + keys + " }\n";
        };
        return "storage: { directory: " + dir.path() + "/state }\naccounts:\n" +
               account("bluesky", ", identifier: acme.example, password_file: " + token) +
               account("reddit",
                       ", client_id: abc, user_agent: \"test:acme:1 (by /u/acme)\", "
                       "client_secret_file: " +
                           token) +
               account("hackernews", "") + account("youtube", ", api_key_file: " + token) +
               account("instagram", ", access_token_file: " + token) +
               "receivers: { hook: { type: webhook, url: \"http://hook.sim/p\" } }\n"
               "detectors: { many: { type: threshold, window: 5m, at_least: 25 } }\n"
               "brands:\n"
               "  - name: acme\n"
               "    own: { bluesky: [acme.example], reddit: [acme], hackernews: [acmehq], "
               "youtube: [UCacme], instagram: [acme] }\n"
               "    notify: { receivers: [hook] }\n"
               "    streams:\n"
               "      - { name: b, account: bluesky, kind: search, query: acme, every: 60s, "
               "detector: many }\n"
               "      - { name: r, account: reddit, kind: subreddit, subreddit: soda, every: 60s, "
               "detector: many }\n"
               "      - { name: h, account: hackernews, kind: search, query: acme, every: 60s, "
               "detector: many }\n"
               "      - { name: y, account: youtube, kind: comments, channel: UCacme, every: 60s, "
               "detector: many }\n"
               "      - { name: i, account: instagram, kind: mentions, user: "
               "\"17841405309211844\", every: 60s, detector: many }\n";
    }
};

TEST(PlatformsSimulation, TellEachDeletionOnceAndNoLie) {
    PlatformsWorld world(11);
    WallTime const crisis = kSimStart + 30min;
    world.medium(kSimStart - 1h);
    std::map<std::string, std::string> ours;
    for (std::string const platform : kPlatforms) {
        for (auto t = 0min; t < 90min; t += 1min)
            for (int i = 0; i < 10; ++i)
                world.write(platform,
                            crisis + t + std::chrono::milliseconds(world.random() % 60'000), false);
        ours[platform] = world.write(platform, crisis + 10min, true);
        // Beside it, so that one that is there is in each answer.
        world.write(platform, crisis + 11min, true);
    }
    world.start();
    if (HasFatalFailure()) return;
    world.clock.run_until(crisis + 30min);
    auto const* incident = world.app->engine().desks().at("acme").current();
    ASSERT_NE(incident, nullptr);
    auto const* watched = world.app->engine().evidence().of(incident->id);
    ASSERT_NE(watched, nullptr);

    // One of theirs and one of ours on each platform.
    std::map<std::string, std::string> deleted;
    std::set<std::string> platforms;
    for (auto const& e : *watched) {
        if (e.seen == detectors::kNoTime || e.ours || !platforms.insert(e.platform).second)
            continue;
        deleted[e.id] = "theirs";
    }
    EXPECT_EQ(platforms.size(), kPlatforms.size());
    for (auto const& [platform, id] : ours) {
        bool const seen = std::any_of(watched->begin(), watched->end(), [&](auto const& e) {
            return e.id == id && e.ours && e.seen != detectors::kNoTime;
        });
        EXPECT_TRUE(seen) << platform << ": our post is not watched";
        deleted[id] = "ours";
    }
    // First everybody lies, then everybody is away: nothing is told.
    world.lying = true;
    world.clock.run_until(crisis + 38min);
    world.lying = false;
    for (std::string const platform : kPlatforms) world.net.down(platform + ".sim", true);
    world.clock.run_until(crisis + 41min);
    for (std::string const platform : kPlatforms) world.net.down(platform + ".sim", false);
    world.clock.run_until(crisis + 50min);
    EXPECT_GT(world.lies, 5);
    EXPECT_EQ(world.events("evidence.deleted").size(), 0u);

    for (auto const& [id, whose] : deleted)
        for (auto& [platform, book] : world.books) (void)book.remove(id, world.clock.wall_now());
    world.clock.run_until(crisis + 85min);
    std::map<std::string, std::string> told;
    for (auto const& e : world.events("evidence.deleted"))
        EXPECT_TRUE(told.emplace(text_of(e.json, "mention"), text_of(e.json, "whose")).second)
            << "told twice: " << e.json;
    EXPECT_EQ(told, deleted);
    EXPECT_EQ(world.events("evidence.edited").size(), 0u);

    // Our accounts are read where a stream does not bring their posts anyway.
    for (std::string const platform : kPlatforms) {
        bool const by_stream = platform == "youtube" || platform == "instagram";
        EXPECT_EQ(world.own[platform] > 0, !by_stream) << platform;
        EXPECT_GT(world.lookups[platform], 0) << platform;
        std::cout << platform << ": " << world.lookups[platform] << " look-ups, "
                  << world.own[platform] << " of our own posts\n";
    }
    world.stop();
}

}  // namespace
}  // namespace surged::tests
