// Goal: our own posts are found without any query for them; what an incident stands on is looked at
// again, each deletion and edit of it is told once, and no outage, throttling or lie of a platform
// is told as one. Method: the whole daemon on virtual time before three stand-ins that delete and
// edit; the stand-ins' books say what happened. Then real questions and answers of 2017: every
// answer is linked to its question, none is invented, by a reading of the file that shares no code.
#include "daemon/app.h"
#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/replay.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/sqlite_store.h"
#include "daemon/surge_watch.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::demo::Post;
using detectors::MentionKind;
using detectors::WallTime;

std::string text_of(std::string const& json, char const* key) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view value;
    if (parser.parse(json).get(root) || root[key].get(value)) return {};
    return std::string(value);
}

// One brand on three platforms; the crisis begins on each from a post of ours that no query finds.
class OwnWorld {
public:
    static constexpr std::array<char const*, 3> kHosts{"x.sim", "fb.sim", "fedi.sim"};

    explicit OwnWorld(std::uint64_t seed)
        : random(seed),
          clock(io, kSimStart),
          net(clock, seed ^ 0x5bd1e995U),
          x_(x_book, x_options()),
          fb_(fb_book, fb_options()),
          fedi_(fedi_book, {}),
          x(x_),
          fb(fb_),
          fedi(fedi_),
          log_(clock, daemon::LogLevel::error, daemon::LogFormat::text, stderr) {
        std::ofstream(dir.path() + "/token") << "token";
        std::ofstream(dir.path() + "/secret") << "whsec_c2ltdWxhdGVkLXNlY3JldA==";
        serve("x.sim", x);
        serve("fb.sim", fb);
        serve("fedi.sim", fedi);
        net.host("hook.sim", [this](daemon::HttpRequest const& request, WallTime now) {
            return daemon::demo::to_client_response(
                hook.handle(daemon::demo::to_server_request(request), now).response);
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

    // --- what is written ---
    Post post(std::string const& platform, WallTime at) {
        Post p;
        p.platform = platform;
        p.created_at = at;
        p.visible_at = at + 8s;
        if (platform == "x") p.id = minter_.x(at);
        if (platform == "mastodon") p.id = minter_.mastodon(at);
        if (platform == "facebook") p.id = "1234567_" + std::to_string(minter_.plain() + 5000);
        p.author.id = std::to_string(2000 + random() % 5000);
        p.author.handle = "user" + p.author.id;
        p.author.followers = std::int64_t(random() % 100'000);
        p.author.created_at = kSimStart - 24h * 400;
        return p;
    }
    std::string add(Post p) {
        std::string const id = p.id;
        auto& book = p.platform == "x" ? x_book : p.platform == "facebook" ? fb_book : fedi_book;
        book.append(std::move(p));
        return id;
    }
    std::string ours(std::string const& platform, WallTime at, std::string const& text,
                     std::string const& reply_to = {}) {
        Post p = post(platform, at);
        p.own = true;
        p.text = text;
        p.author = {"900001", "acme", "Acme", 1000, kSimStart - 24h * 900};
        if (platform == "mastodon") p.author.id = "109300000000000007";
        if (platform == "facebook") {
            p.author.id = "1234567";
            p.place = reply_to.empty() ? "posts" : "comments";
        }
        if (!reply_to.empty()) {
            p.kind = platform == "facebook" ? MentionKind::comment : MentionKind::reply;
            p.in_reply_to = p.conversation = reply_to;
        }
        return add(std::move(p));
    }
    // `about`: the post of ours that it is about; "": everyday talk.
    std::string theirs(std::string const& platform, WallTime at, std::string const& about) {
        Post p = post(platform, at);
        p.text = "what is this, acme? #acme";
        p.stream = platform == "x" ? "acme-x" : "";
        if (platform == "facebook") {
            p.place = about.empty() ? "visitor_posts" : "comments";
            p.in_reply_to = p.conversation = about;
            if (!about.empty()) p.kind = MentionKind::comment;
            return add(std::move(p));
        }
        std::uint64_t const way = about.empty() ? 9 : random() % 10;
        if (way < 5) {
            p.kind = MentionKind::reply;
            p.in_reply_to = p.conversation = about;
        } else if (way < 7) {
            p.kind = MentionKind::quote;
            p.quotes = about;
        } else if (way < 9) {
            p.text += platform == "x" ? " https://twitter.com/acme/status/" + about + "?s=20"
                                      : " see http://fedi.sim/@acme/" + about + ".";
        }
        return add(std::move(p));
    }

    // --- what happened ---
    std::vector<daemon::StoredEvent> events(std::string const& name) const {
        std::vector<daemon::StoredEvent> out;
        for (auto& e : store->events(0, 1'000'000, {}))
            if (e.name == name) out.push_back(e);
        return out;
    }
    detectors::Incident const* incident() const {
        return app->engine().desks().at("acme").current();
    }

    std::mt19937_64 random;
    boost::asio::io_context io{1};
    SimClock clock;
    SimHttpClient net;
    TempDir dir;
    daemon::demo::PostBook x_book, fb_book, fedi_book;

private:
    daemon::demo::XStandIn x_;
    daemon::demo::GraphStandIn fb_;
    daemon::demo::MastodonStandIn fedi_;

public:
    daemon::demo::FaultyStandIn x, fb, fedi;
    daemon::demo::LocalReceiver hook{"whsec_c2ltdWxhdGVkLXNlY3JldA=="};
    std::unique_ptr<daemon::Store> store;
    std::unique_ptr<daemon::App> app;
    bool lying = false;  // look-ups say of every post that there is none
    int lies = 0, lookups = 0;
    std::string x_kind = "search";      // of the stream on X
    std::vector<std::string> searches;  // what was asked of X's search

private:
    static daemon::demo::XOptions x_options() {
        daemon::demo::XOptions options;
        options.tags["acme"] = "acme-x";
        options.users.push_back({"900001", "acme", "Acme", 1000, kSimStart - 24h * 900});
        return options;
    }
    static daemon::demo::GraphOptions fb_options() {
        daemon::demo::GraphOptions options;
        options.calls = 1'000'000;
        return options;
    }

    void serve(std::string const& host, daemon::demo::FaultyStandIn& place) {
        net.host(host, [this, &place, host](daemon::HttpRequest const& request, WallTime now) {
            auto const asked = daemon::demo::to_server_request(request);
            bool const lookup = asked.path == "/2/tweets" || asked.path == "/v26.0/" ||
                                asked.path.starts_with("/api/v1/statuses");
            lookups += lookup ? 1 : 0;
            if (asked.path == "/2/tweets/search/recent") searches.push_back(asked.query);
            if (lookup && lying) return lie(host, asked);
            daemon::demo::Reply reply = place.handle(asked, now);
            daemon::HttpResponse response =
                daemon::demo::to_client_response(std::move(reply.response));
            if (reply.mishap != daemon::demo::Mishap::none) {
                response.status = 502;
                response.body.resize(response.body.size() / 2);
            }
            return response;
        });
    }
    // A platform whose index of posts is gone answers as if all of them were.
    daemon::HttpResponse lie(std::string const& host, daemon::ServerRequest const& asked) {
        ++lies;
        daemon::HttpResponse r;
        r.status = 200;
        if (host == "x.sim") {
            daemon::demo::Params const params(asked.query);
            std::string all;
            for (auto const& id : daemon::demo::split_list(params.get("ids")))
                all += (all.empty() ? "" : ",") + std::string(R"({"resource_id":")") + id +
                       R"(","type":"https://api.x.com/2/problems/resource-not-found"})";
            r.body = R"({"errors":[)" + all + "]}";
        } else if (host == "fb.sim") {
            r.status = 400;
            r.body = R"({"error":{"code":100,"error_subcode":33,"message":"does not exist"}})";
        } else {
            r.body = "[]";
        }
        return r;
    }

    [[nodiscard]] std::string config() const {
        std::string const token = dir.path() + "/token";
        return "storage: { directory: " + dir.path() + "/state }\n" +
               "accounts:\n"
               "  x-main: { platform: x, base_url: \"http://x.sim\", bearer_token_file: " +
               token + ", budget: { requests: [600 per 15m], reads: 400000 per 7d } }\n" +
               "  fb: { platform: facebook, base_url: \"http://fb.sim\", access_token_file: " +
               token + " }\n" +
               "  fedi: { platform: mastodon, base_url: \"http://fedi.sim\" }\n"
               "receivers:\n"
               "  hook: { type: webhook, url: \"http://hook.sim/p\", secret_file: " +
               dir.path() +
               "/secret }\n"
               "detectors: { many: { type: threshold, window: 5m, at_least: 25 } }\n"
               "brands:\n"
               "  - name: acme\n"
               "    own: { x: [acme], facebook: [\"1234567\"], mastodon: [acme@fedi.sim] }\n"
               "    notify: { opened: [hook], deleted: [hook] }\n"
               "    streams:\n"
               "      - { name: acme-x, account: x-main, kind: " +
               x_kind +
               ", query: acme, every: 60s, "
               "detector: many }\n"
               "      - { name: acme-fb, account: fb, kind: page, page: \"1234567\", every: 60s, "
               "detector: many }\n"
               "      - { name: acme-fedi, account: fedi, kind: tag, tag: acme, every: 60s, "
               "detector: many }\n";
    }

    daemon::Log log_;
    daemon::demo::Minter minter_;
};

constexpr std::array<char const*, 3> kPlatforms{"x", "facebook", "mastodon"};

struct Harm {
    std::map<std::string, std::string> deleted;  // id -> whose
    std::set<std::string> edited;
    int outages = 0, kills = 0, lies = 0;
};

class OwnSimulation : public testing::TestWithParam<std::uint64_t> {
protected:
    // A crisis of `hours` that begins half an hour after the start; quiet posts of ours besides.
    static void write(OwnWorld& world, std::map<std::string, std::string>& origin, int hours) {
        WallTime const crisis = kSimStart + 30min;
        for (std::string const platform : kPlatforms) {
            for (int i = 1; i <= 5; ++i)
                world.ours(platform, kSimStart - i * 5h, "good morning " + std::to_string(i));
            for (std::chrono::minutes t = -3h; t < 30min; t += 4min)
                world.theirs(platform, kSimStart + t + 7s, "");
            origin[platform] = world.ours(platform, crisis - 20min, "we changed the recipe");
            for (auto t = 0min; t < hours * 60min; t += 1min)
                for (int i = 0; i < 10; ++i)
                    world.theirs(platform,
                                 crisis + t + std::chrono::milliseconds(world.random() % 60'000),
                                 origin[platform]);
        }
    }

    // Deletes or edits something that is watched and there, now; false when nothing is.
    static void harm(OwnWorld& world, Harm& harm) {
        auto const* incident = world.incident();
        if (incident == nullptr) return;
        auto const* watched = world.app->engine().evidence().of(incident->id);
        if (watched == nullptr) return;
        std::vector<detectors::Exhibit> can;
        for (auto const& e : *watched)
            if (!harm.deleted.contains(e.id) && !harm.edited.contains(e.id) &&
                e.seen != detectors::kNoTime)
                can.push_back(e);
        if (can.size() < 3) return;
        // A few of sixty are ours: every third time it is one of them.
        if (world.random() % 3 == 0) {
            auto const ours = std::stable_partition(
                can.begin(), can.end(), [](detectors::Exhibit const& e) { return e.ours; });
            if (ours - can.begin() > 1) can.erase(ours, can.end());
        }
        auto const& victim = can[world.random() % can.size()];
        auto& book = victim.platform == "x"          ? world.x_book
                     : victim.platform == "facebook" ? world.fb_book
                                                     : world.fedi_book;
        WallTime const now = world.clock.wall_now();
        if (victim.ours && world.random() % 2 == 0) {
            bool const by_version = victim.platform == "x";
            std::string const version =
                by_version ? std::to_string(daemon::demo::x_id(now, world.random() % 4096)) : "";
            ASSERT_TRUE(book.edit(victim.id, "we did not say that", version));
            harm.edited.insert(victim.id);
        } else {
            ASSERT_TRUE(book.remove(victim.id, now));
            harm.deleted[victim.id] = victim.ours ? "ours" : "theirs";
        }
    }

    static void trouble(OwnWorld& world, Harm& harm) {
        auto const chance = [&](double p) {
            return std::uniform_real_distribution<double>(0, 1)(world.random) < p;
        };
        for (auto* place : {&world.x, &world.fb, &world.fedi})
            place->plan(daemon::demo::Faults::everything(world.random(), 0.06));
        for (auto const* host : OwnWorld::kHosts) {
            bool const down = chance(0.1);
            harm.outages += down ? 1 : 0;
            world.net.down(host, down);
        }
        world.lying = chance(0.2);
        harm.lies += world.lying ? 1 : 0;
        if (chance(0.15)) {
            ++harm.kills;
            world.stop();
            world.start();
        }
    }

    static void run(std::uint64_t seed, int hours) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        OwnWorld world(seed);
        std::map<std::string, std::string> origin;
        write(world, origin, hours);
        world.start();
        if (HasFatalFailure()) return;
        Harm done;
        WallTime const end = kSimStart + 30min + hours * 1h;
        for (WallTime t = kSimStart + 45min; t < end - 20min; t += 10min) {
            world.clock.run_until(t);
            harm(world, done);
            trouble(world, done);
            if (HasFatalFailure()) return;
        }
        // A calm end: what is gone is found, what is there is seen again.
        for (auto* place : {&world.x, &world.fb, &world.fedi}) place->plan({});
        for (auto const* host : OwnWorld::kHosts) world.net.down(host, false);
        world.lying = false;
        world.clock.run_until(end + 75min);
        check(world, done, origin, seed);
        world.stop();
    }

    static void check(OwnWorld& world, Harm const& done,
                      std::map<std::string, std::string> const& origin, std::uint64_t seed) {
        auto const* incident = world.incident();
        ASSERT_NE(incident, nullptr);
        EXPECT_EQ(incident->origin, origin);
        std::map<std::string, std::string> deleted;
        for (auto const& e : world.events("evidence.deleted")) {
            EXPECT_TRUE(
                deleted.emplace(text_of(e.json, "mention"), text_of(e.json, "whose")).second)
                << "told twice: " << e.json;
            // An address with its author's name in it (Mastodon) is nothing for the journal.
            bool const named =
                text_of(e.json, "platform") == "mastodon" && text_of(e.json, "whose") == "theirs";
            EXPECT_EQ(text_of(e.json, "link").empty(), named) << e.json;
        }
        std::multiset<std::string> edited;
        for (auto const& e : world.events("evidence.edited"))
            edited.insert(text_of(e.json, "mention"));
        EXPECT_EQ(deleted, done.deleted);
        EXPECT_EQ(edited, std::multiset<std::string>(done.edited.begin(), done.edited.end()));
        EXPECT_TRUE(world.store->verify().intact);
        // The world was unkind.
        EXPECT_GT(done.deleted.size(), 3u);
        EXPECT_GT(done.outages + done.lies, 0);
        EXPECT_GT(world.x.count(daemon::demo::Trouble::rate_limited) +
                      world.fb.count(daemon::demo::Trouble::rate_limited),
                  0u);
        std::cout << "seed " << seed << ": " << done.deleted.size() << " deletions, "
                  << done.edited.size() << " edits, " << done.outages << " outages, " << world.lies
                  << " lies, " << done.kills << " restarts, " << world.lookups << " look-ups\n";
    }
};

TEST_P(OwnSimulation, FindsEachDeletionAndNoOther) {
    run(GetParam(), 2);
}
INSTANTIATE_TEST_SUITE_P(Seeds, OwnSimulation, testing::Range<std::uint64_t>(1, 3));

class NightOwnSimulation : public OwnSimulation {};
TEST_P(NightOwnSimulation, FindsEachDeletionAndNoOther) {
    run(GetParam(), 8);
}
INSTANTIATE_TEST_SUITE_P(Seeds, NightOwnSimulation, testing::Range<std::uint64_t>(100, 130));

// Nothing of ours is in any query's answer but Facebook's: the opening page names the post that it
// began from, our reply under it stops the clocks, what else we post is proposed.
TEST(OwnPosts, AreFoundLinkedAndProposed) {
    OwnWorld world(77);
    WallTime const crisis = kSimStart + 30min;
    std::string const old = world.ours("x", kSimStart - 10h, "good morning");
    std::string const origin = world.ours("x", crisis - 20min, "we changed the recipe");
    for (auto t = 0min; t < 60min; t += 1min)
        for (int i = 0; i < 10; ++i)
            world.theirs("x", crisis + t + std::chrono::milliseconds(world.random() % 60'000),
                         origin);
    std::string const aside = world.ours("x", crisis + 12min, "unrelated: buy two, get one");
    std::string const reply = world.ours("x", crisis + 25min, "sorry, the old one is back", origin);
    world.start();
    world.clock.run_until(crisis + 11min);
    ASSERT_NE(world.incident(), nullptr);
    auto const opened = world.events("incident.opened");
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_EQ(text_of(opened[0].json, "origin"), "https://x.com/acme/status/" + origin);
    EXPECT_THAT(text_of(opened[0].json, "summary"), testing::HasSubstr(origin));
    world.clock.run_until(crisis + 24min);
    auto const proposed = world.events("incident.own_post");
    ASSERT_EQ(proposed.size(), 1u);
    EXPECT_EQ(text_of(proposed[0].json, "mention"), aside);
    EXPECT_EQ(text_of(proposed[0].json, "link"), "https://x.com/acme/status/" + aside);
    EXPECT_TRUE(world.events("incident.responded").empty());
    world.clock.run_until(crisis + 29min);
    auto const met = world.events("clock.met");
    ASSERT_EQ(met.size(), 1u);
    EXPECT_EQ(text_of(met[0].json, "link"), "https://x.com/acme/status/" + reply);
    EXPECT_EQ(world.events("incident.responded").size(), 1u);
    // Own posts are no mentions, and no stream is shown for them.
    EXPECT_EQ(world.app->engine().streams().size(), 3u);
    EXPECT_EQ(world.app->engine().sides().size(), 2u) << "the Page is a stream already";
    (void)old;
    world.stop();
}

// A stream of counts has no mentions of its own: while it surges its query is searched, from the
// onset on and no further than the pages of one surge; what comes is evidence and counts no more.
TEST(CountsEvidence, IsSearchedFromTheOnsetOnAndNotCountedAgain) {
    OwnWorld world(5);
    world.x_kind = "counts";
    WallTime const crisis = kSimStart + 30min, end = crisis + 90min;
    std::string const origin = world.ours("x", crisis - 20min, "we changed the recipe");
    std::vector<WallTime> written;
    auto const say = [&](WallTime at, std::string const& about) {
        world.theirs("x", at, about);
        written.push_back(at);
    };
    for (auto t = -180min; t < 30min; t += 4min) say(kSimStart + t + 7s, "");
    for (auto t = 0min; t < 90min; t += 1min)
        for (int i = 0; i < 60; ++i)
            say(crisis + t + std::chrono::milliseconds(world.random() % 60'000), origin);
    world.start();
    world.clock.run_until(crisis - 1min);
    EXPECT_EQ(world.searches.size(), 0u) << "counts are cheaper: nothing is searched while calm";
    world.clock.run_until(crisis + 30min);
    auto const* incident = world.incident();
    ASSERT_NE(incident, nullptr);
    EXPECT_EQ(incident->origin, (std::map<std::string, std::string>{{"x", origin}}))
        << "the mentions say what they are about";
    auto const& stream = *world.app->engine().stream("acme-x");
    auto const& side = *world.app->engine().side("evidence/acme-x");
    ASSERT_TRUE(stream.watch);
    EXPECT_GT(stream.watch->sketch.added(), 100u) << "and who makes the surge";
    for (auto const& row : world.store->mentions("evidence/acme-x", kSimStart - 24h, end, 100'000))
        EXPECT_GE(row.at, side.since);
    EXPECT_NEAR(double((side.since - crisis) / 1s), 0, 300) << "the onset";
    world.clock.run_until(end);
    EXPECT_GT(side.pages, 5u);
    EXPECT_LE(side.pages, daemon::kEvidencePages);
    EXPECT_EQ(world.searches.size(), side.pages) << "bounded";
    auto const told = std::count_if(written.begin(), written.end(), [&](WallTime at) {
        return at < stream.intake.covered_until();
    });
    EXPECT_GT(told, 5000);
    EXPECT_EQ(stream.mentions, std::uint64_t(told))
        << "each once by the counts, and none of those that were fetched besides";
    world.stop();
}

// --- questions and answers of 2017 ---

constexpr auto* kFile = SHARED_DIR "/data/mentions/support-2017.ndjson";
constexpr std::int64_t kFaster = 480;

struct Row {
    std::string id, author, text, answers;
    WallTime at;
    bool own = false;
};

std::vector<Row> read_rows() {
    std::ifstream in(kFile, std::ios::binary);
    std::vector<Row> out;
    simdjson::dom::parser parser;
    WallTime const begin = *detectors::parse_time("2017-10-01T00:00:00Z");
    for (std::string line; std::getline(in, line);) {
        simdjson::dom::element e;
        if (parser.parse(line).get(e)) continue;
        std::string_view id, at, author, text, answers;
        bool own = false;
        bool const whole = !e["id"].get(id) && !e["created_at"].get(at) &&
                           !e["author"]["handle"].get(author) && !e["text"].get(text) &&
                           !e["own"].get(own);
        EXPECT_TRUE(whole) << line;
        if (e["in_reply_to"].get(answers)) answers = {};
        WallTime const when = *detectors::parse_time(at);
        if (when < begin) continue;
        out.push_back({std::string(id), std::string(author), std::string(text),
                       std::string(answers), begin + (when - begin) / kFaster, own});
    }
    return out;
}

using Link = std::pair<std::string, std::string>;  // question, answer

struct Support {
    std::vector<Row> rows;
    std::map<std::string, Row const*> by_id;
    std::set<std::string> brands;
    std::map<std::string, std::string> asked;  // id of a mention -> the brand it asks
    std::map<std::string, std::map<Link, std::int64_t>> links;  // by brand; whole seconds waited

    void derive() {
        for (Row const& row : rows) by_id[row.id] = &row;
        for (Row const& row : rows)
            if (row.own) brands.insert(row.author);
        auto const second = [](WallTime t) { return t.time_since_epoch() / 1s; };
        for (Row const& row : rows) {
            if (!row.own || !by_id.contains(row.answers)) continue;
            Row const& question = *by_id[row.answers];
            if (question.own) continue;
            asked[question.id] = row.author;
            links[row.author][{question.id, row.id}] = second(row.at) - second(question.at);
        }
        // Whoever was never answered asks the brand that its text names, or that its thread is
        // with.
        for (Row const& row : rows) {
            if (row.own || asked.contains(row.id)) continue;
            for (auto const& brand : brands)
                if (row.text.find("@" + brand) != std::string::npos) asked[row.id] = brand;
        }
    }
    [[nodiscard]] std::string root(Row const& row) const {
        Row const* at = &row;
        for (int i = 0; i < 500; ++i) {
            auto const it = by_id.find(at->answers);
            if (it == by_id.end()) break;
            at = it->second;
        }
        return at->id;
    }
};

class SupportWorld {
public:
    explicit SupportWorld(Support const& s)
        : clock(io, s.rows.front().at - 10min),
          net(clock, 2017),
          support_(s),
          x_(book, options(s)),
          log_(clock, daemon::LogLevel::error, daemon::LogFormat::text, stderr) {
        std::ofstream(dir.path() + "/token") << "token";
        net.host("x.sim", [this](daemon::HttpRequest const& request, WallTime now) {
            return daemon::demo::to_client_response(
                x_.handle(daemon::demo::to_server_request(request), now));
        });
        net.host("hook.sim", [](daemon::HttpRequest const&, WallTime) {
            daemon::HttpResponse r;
            r.status = 200;
            return r;
        });
        daemon::demo::Minter minter;
        for (Row const& row : s.rows) ids[row.id] = minter.x(row.at);
        for (Row const& row : s.rows) {
            Post post;
            post.id = ids[row.id];
            post.platform = "x";
            post.created_at = row.at;
            post.visible_at = row.at + 10s;
            post.author.id = post.author.handle = row.author;
            post.text = row.text;
            post.own = row.own;
            if (s.by_id.contains(row.answers)) {
                post.kind = MentionKind::reply;
                post.in_reply_to = ids[row.answers];
                post.conversation = ids[s.root(row)];
            }
            if (auto const it = s.asked.find(row.id); it != s.asked.end()) post.stream = it->second;
            book.append(std::move(post));
        }
    }

    void start() {
        auto opened = daemon::open_store(dir.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store = std::move(*opened);
        daemon::LoadedSettings loaded = daemon::load_settings_text(config(), "sim.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        daemon::AppDoors doors(io, clock, net, *store, log_);
        doors.listen = false;
        doors.seed = 2017;
        app = std::make_unique<daemon::App>(std::move(doors), std::move(loaded.settings));
        ASSERT_TRUE(app->start().has_value());
    }
    void stop() {
        app->stop();
        for (int i = 0; i < 100 && !app->stopped(); ++i) clock.settle();
        ASSERT_TRUE(app->stopped());
        app.reset();
        store.reset();
    }

    boost::asio::io_context io{1};
    SimClock clock;
    SimHttpClient net;
    TempDir dir;
    daemon::demo::PostBook book;
    std::map<std::string, std::string> ids;  // in the file -> on the platform
    std::unique_ptr<daemon::Store> store;
    std::unique_ptr<daemon::App> app;

private:
    static daemon::demo::XOptions options(Support const& s) {
        daemon::demo::XOptions o;
        for (auto const& brand : s.brands) {
            o.tags[brand] = brand;
            o.users.push_back({brand, brand, brand, 1000, detectors::kNoTime});
        }
        o.search_limit = o.timeline_limit = o.users_limit = 1'000'000;
        return o;
    }
    [[nodiscard]] std::string config() const {
        std::ostringstream text;
        text << "storage: { directory: " << dir.path() << "/state }\naccounts:\n"
             << "  x-main: { platform: x, base_url: \"http://x.sim\", bearer_token_file: "
             << dir.path() << "/token }\nreceivers:\n"
             << "  hook: { type: webhook, url: \"http://hook.sim/p\" }\ndetectors:\n"
             << "  never: { type: threshold, window: 5m, at_least: 100000 }\nbrands:\n";
        for (auto const& brand : support_.brands)
            text << "  - name: " << brand << "\n    own: { x: [\"" << brand << "\"] }\n"
                 << "    notify: { receivers: [hook] }\n    streams:\n      - { name: " << brand
                 << ", account: x-main, kind: search, query: \"" << brand
                 << "\", every: 5m, detector: never }\n";
        return text.str();
    }

    Support const& support_;
    daemon::demo::XStandIn x_;
    daemon::Log log_;
};

TEST(Support2017, EveryAnswerIsLinkedToItsQuestionAndNoneIsInvented) {
    Support support;
    support.rows = read_rows();
    if (support.rows.empty()) GTEST_SKIP() << "no recording at " << kFile;
    support.derive();
    ASSERT_EQ(support.brands.size(), 76u);
    std::size_t expected = 0;
    for (auto const& [brand, links] : support.links) expected += links.size();
    // 2188 in the whole file; five pairs are older than October.
    ASSERT_EQ(expected, 2183u);

    SupportWorld world(support);
    world.start();
    WallTime const begin = support.rows.front().at, end = support.rows.back().at + 20min;
    world.clock.run_until(begin + (end - begin) * 9 / 10);
    world.stop();  // what was linked is known after a restart
    world.start();
    world.clock.run_until(end);

    std::size_t linked = 0;
    for (auto const& brand : support.brands) {
        std::map<Link, std::int64_t> by_hand, found;
        for (auto const& [link, waited] : support.links[brand])
            by_hand[{world.ids.at(link.first), world.ids.at(link.second)}] = waited;
        auto const* answers = world.app->engine().answers(brand, "x");
        if (answers == nullptr) {
            EXPECT_TRUE(by_hand.empty()) << brand;
            continue;
        }
        for (auto const& link : answers->links())
            EXPECT_TRUE(found.emplace(Link{link.question, link.answer}, link.after() / 1s).second)
                << brand << " answered " << link.question << " twice by one post";
        linked += found.size();
        EXPECT_EQ(found, by_hand) << brand;
        std::set<std::string> distinct;
        for (auto const& [link, waited] : by_hand) distinct.insert(link.first);
        EXPECT_EQ(answers->answered(), distinct.size()) << brand;
        EXPECT_TRUE(world.app->engine().desks().at(brand).incidents().empty());
    }
    EXPECT_EQ(linked, 2183u);
    std::cout << linked << " of 2183 answers linked\n";
    world.stop();
}

}  // namespace
}  // namespace surged::tests
