// Goal: in a month of outages, storms of 429, dead sessions, late posts, doubled pages, cursors
// that are forgotten and kills, what is counted is what was posted, coverage never promises too
// much, and no limit of the platform is exceeded by the platform's own book. Method: the real loop
// and pollers on virtual time against the demo's stand-ins, everything from the seed.
#include "daemon/demo/bluesky_stand_in.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/snowflake.h"
#include "daemon/poll_loop.h"
#include "daemon/supervisor.h"
#include "tests/poller_kit.h"
#include "tests/sim_door.h"
#include "tests/sim_net.h"

#include <iostream>
#include <map>
#include <set>

namespace surged::tests {
namespace {

namespace demo = daemon::demo;
using daemon::AccountPace;
using detectors::kNoTime;
using detectors::rfc3339;

// What the daemon's store would have of one stream.
class Store final : public daemon::PollSink {
public:
    explicit Store(std::uint64_t seed) : random_(seed) {}
    struct State {
        std::string cursor;
        std::set<std::string> ids;
        WallTime from = kNoTime, until = kNoTime;
        std::vector<std::pair<WallTime, WallTime>> gaps;
    };
    bool record(std::string const& stream, PollPage const& page, MentionBatch const& batch,
                PollContext const&, WallTime from, WallTime until) override {
        if (random_() % 300 == 0) return false;  // a full disk
        State& s = streams[stream];
        EXPECT_FALSE(page.aside) << "a login is no page";
        for (auto const& m : batch.items) s.ids.emplace(m.id);
        s.cursor = page.cursor;
        if (until == kNoTime) return true;
        if (s.until == kNoTime)
            s.from = from;
        else if (from > s.until)
            s.gaps.emplace_back(s.until, from);
        s.until = std::max(s.until, until);
        return true;
    }
    void polled(daemon::PollOutcome const& outcome) override {
        ++outcomes[outcome.failure ? std::string(to_string(outcome.failure->fault)) : "ok"];
    }
    void budget_low(std::string const&, std::string const&, double) override {}
    [[nodiscard]] bool surging(std::string const&) const override { return false; }
    [[nodiscard]] std::string cursor(std::string const& name) const override {
        auto const it = streams.find(name);
        return it == streams.end() ? "" : it->second.cursor;
    }
    [[nodiscard]] WallTime covered_until(std::string const& name) const override {
        auto const it = streams.find(name);
        return it == streams.end() ? kNoTime : it->second.until;
    }
    std::map<std::string, State> streams;
    std::map<std::string, int> outcomes;

private:
    std::mt19937_64 random_;
};

constexpr auto kHistory = 5 * 24h;

struct FediWorld {
    explicit FediWorld(std::uint64_t s) : seed(s), random(s), net(clock, s ^ 77), store(s ^ 99) {
        restart_memory();
    }
    ~FediWorld() { stop(); }

    // An account's memory goes with the process: a start logs in anew.
    void restart_memory() {
        pace = std::make_unique<AccountPace>(daemon::BudgetSettings{});
        bsky = bluesky_account(false);
        bsky.base_url = "https://bsky.sim";
        fedi = account("https://fedi.sim", {{"access_token_file", "fedi-token"}});
    }
    void start() {
        using Make = std::unique_ptr<Poller> (*)(daemon::AccountSettings const&,
                                                 daemon::StreamSettings const&);
        auto const run = [&](char const* name, char const* platform, char const* kind, Make make,
                             daemon::AccountSettings const& a, Pairs const& texts) {
            auto s = stream(platform, kind, texts);
            s.name = name;
            s.every = 10min;
            daemon::PollEnv env{clock, net, random, store, *pace, 10s, 2s};
            supervisor.start(name, daemon::run_poll_loop(env, s, make(a, s)));
        };
        run("bsky", "bluesky", "search", daemon::make_bluesky_search, bsky, {{"query", "zephyr"}});
        run("told", "bluesky", "mentions", daemon::make_bluesky_mentions, bsky,
            {{"actor", "acme.example"}});
        run("found", "mastodon", "search", daemon::make_mastodon_search, fedi,
            {{"query", "zephyr"}});
        run("tag", "mastodon", "tag", daemon::make_mastodon_tag, fedi, {{"tag", "zephyrfail"}});
    }
    void stop() {
        supervisor.stop();
        clock.settle();
        ASSERT_EQ(supervisor.running(), 0u);
    }
    void crash() {
        stop();
        restart_memory();
        start();
        ++crashes;
    }

    // Half an hour of the public of both platforms.
    void write(WallTime from, double per_hour) {
        std::poisson_distribution<int> some(per_hour / 2);
        auto const within = [&] { return std::chrono::milliseconds{random() % 1'800'000}; };
        for (int n = some(random); n > 0; --n) {
            demo::Post post;
            post.platform = "bluesky";
            post.created_at = from + within();
            // Some are indexed minutes late, within what is read again.
            bool const late = random() % 20 == 0;
            post.visible_at = post.created_at + std::chrono::seconds{1 + random() % 8} +
                              std::chrono::seconds{late ? random() % 480 : 0};
            post.author.id = "did:plc:a" + std::to_string(random() % 500);
            post.author.handle = "kim.example";
            post.text = random() % 3 == 0 ? "@acme.example my zephyr broke" : "zephyr again";
            post.id = "at://" + post.author.id + "/app.bsky.feed.post/3k" + std::to_string(next++);
            skies.append(std::move(post));
        }
        for (int n = some(random); n > 0; --n) {
            demo::Post post;
            post.platform = "mastodon";
            post.created_at = from + within();
            post.ordered_at = post.visible_at =
                post.created_at + std::chrono::seconds{random() % 5};
            post.author = {"9" + std::to_string(random() % 500), "jo@late.example", "", 3, kNoTime};
            post.text = "zephyr cap broken #zephyrfail";
            post.id = std::to_string(demo::mastodon_id(post.ordered_at, next++ % 65'536));
            toots.append(std::move(post));
        }
    }

    // What the seed does to the world in these hours.
    void trouble() {
        auto plan = demo::Faults::everything(random(), 0.12 * unit());
        bluesky.plan(plan);
        plan.seed ^= 5;
        mastodon.plan(plan);
        SimFaults f;
        f.transient = f.cut = f.timeout = f.slow = 0.02 * unit();
        net.faults(f);
        net.down("bsky.sim", unit() < 0.03);
        net.down("fedi.sim", unit() < 0.03);
        pds.page_max(std::array<std::size_t, 3>{2, 10, 100}[random() % 3]);
        instance.page_max(std::array<std::size_t, 3>{20, 40, 80}[random() % 3]);
        if (unit() < 0.02) pds.revoke();
        if (unit() < 0.05) crash();
    }
    double unit() { return std::uniform_real_distribution<double>(0, 1)(random); }

    // The books are kept before anything is refused.
    HttpResponse ask(Door& place, HttpRequest const& request, WallTime now) {
        auto const asked = demo::to_server_request(request);
        bool const sky = &place == &bluesky;
        books[sky ? "sky" : "fedi"].add(now, 1);
        if (sky && asked.path.ends_with("createSession")) books["login"].add(now, 1);
        if (!sky && instance.continues(asked)) books["paged"].add(now, 1);
        demo::Reply reply = place.handle(asked, now);
        HttpResponse response = demo::to_client_response(std::move(reply.response));
        if (reply.mishap != demo::Mishap::none) {
            response.status = 502;
            response.body.resize(response.body.size() / 2);
        }
        return response;
    }

    std::uint64_t seed, next = 1;
    std::mt19937_64 random;
    boost::asio::io_context io{1};
    SimClock clock{io};
    SimHttpClient net;
    Store store;
    demo::PostBook skies, toots;
    static demo::BlueskyOptions sky_options(std::uint64_t seed) {
        demo::BlueskyOptions o;
        o.password = "app-pass-word";
        o.offset_cursors = seed % 2 == 0;
        o.list_most = 500;  // smaller than the first walk: it must go on by time
        if (seed % 3 == 0) o.pds = "https://pds.sim";
        return o;
    }
    demo::BlueskyStandIn pds{skies, sky_options(seed)};
    demo::MastodonStandIn instance{toots, demo::MastodonOptions{}};
    Door bluesky{pds, {}, kSimStart + 240h}, mastodon{instance, {}, kSimStart + 240h};
    std::map<std::string, Meter> books;
    daemon::AccountSettings bsky, fedi;
    std::unique_ptr<AccountPace> pace;
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
    int crashes = 0;
};

// Everything posted in the covered time is there, nothing else is, and what is missing lies in a
// gap that was reported.
void expect_complete(FediWorld& world, char const* name, demo::PostBook const& book,
                     std::function<bool(demo::Post const&)> const& ours, WallTime end) {
    SCOPED_TRACE(name);
    Store::State const& s = world.store.streams[name];
    EXPECT_GE(s.until, end - 25min) << "coverage fell behind: " << rfc3339(s.until);
    EXPECT_LE(s.from, kSimStart - kHistory + 12h) << "history was not read: " << rfc3339(s.from);
    EXPECT_TRUE(s.gaps.empty()) << "nothing was out of reach";
    demo::Listing all(end + 1h);
    all.match = ours;
    std::size_t owed = 0, lost = 0;
    for (demo::Post const* post : book.newest(all, 0, demo::PostBook::kCapacity).posts) {
        if (post->ordered_at < s.from || post->visible_at >= s.until - 15min) continue;
        ++owed;
        if (!s.ids.contains(post->id) && ++lost <= 5)
            ADD_FAILURE() << "lost: " << post->id << " of " << rfc3339(post->created_at)
                          << ", shown at " << rfc3339(post->visible_at);
    }
    EXPECT_EQ(lost, 0u);
    std::cout << "  " << name << ": posted " << book.size() << ", counted " << s.ids.size()
              << ", in " << s.gaps.size() << " gaps 0, owed " << owed << "\n";
    EXPECT_GT(owed, 500u) << "too little was said for this to mean anything";
    for (auto const& id : s.ids) {
        auto const* const post = book.find(id);
        ASSERT_NE(post, nullptr) << "counted, but never posted: " << id;
        EXPECT_TRUE(ours(*post)) << id;
    }
}

// Every fault of the platform happened.
void expect_unkind(char const* name, Door const& door) {
    std::cout << "  " << name << ": requests " << door.requests() << ";";
    for (std::size_t i = 1; i < demo::kTroubles; ++i) {
        auto const trouble = static_cast<demo::Trouble>(i);
        std::cout << " " << to_string(trouble) << " " << door.count(trouble);
        EXPECT_GT(door.count(trouble), 0u) << name << " " << to_string(trouble);
    }
    std::cout << "\n";
}

class FediMonth : public testing::TestWithParam<std::uint64_t> {
protected:
    static void run(std::uint64_t seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::cout << "bluesky and mastodon, seed " << seed << "\n";
        FediWorld world(seed);
        for (char const* host : {"bsky.sim", "pds.sim"})
            world.net.host(host, [&](HttpRequest const& request, WallTime now) {
                return world.ask(world.bluesky, request, now);
            });
        world.net.host("fedi.sim", [&](HttpRequest const& request, WallTime now) {
            return world.ask(world.mastodon, request, now);
        });
        for (WallTime t = kSimStart - kHistory; t < kSimStart; t += 30min) world.write(t, 6);
        // History comes in many small pages, and not all of them well.
        world.pds.page_max(2);
        world.bluesky.plan(demo::Faults::everything(seed, 0.12));
        world.start();
        WallTime const end = kSimStart + 30 * 24h;
        for (int slot = 0; kSimStart + slot * 30min < end; ++slot) {
            WallTime const now = kSimStart + slot * 30min;
            bool const surge = slot % 480 >= 240 && slot % 480 < 244;
            world.write(now, surge ? 200 : 3);
            if (slot > 0 && slot % 6 == 0) world.trouble();
            if (HasFatalFailure()) return;
            world.clock.run_until(now + 30min);
        }
        // A calm end: what is under way arrives.
        world.bluesky.plan({});
        world.mastodon.plan({});
        world.net.faults({});
        for (char const* host : {"bsky.sim", "fedi.sim"}) world.net.down(host, false);
        world.clock.run_until(end + 2h);

        auto const any = [](demo::Post const&) { return true; };
        auto const named = [](demo::Post const& p) { return p.text.starts_with("@acme.example"); };
        expect_complete(world, "bsky", world.skies, any, end + 2h);
        expect_complete(world, "told", world.skies, named, end + 2h);
        expect_complete(world, "found", world.toots, any, end + 2h);
        expect_complete(world, "tag", world.toots, any, end + 2h);

        for (auto const& [name, window, limit] :
             {std::tuple("sky", 5min, 3000), std::tuple("login", 5min, 30),
              std::tuple("login", std::chrono::minutes{24h}, 100), std::tuple("fedi", 5min, 300),
              std::tuple("paged", 15min, 300)}) {
            double const peak = world.books[name].peak(window);
            std::cout << "  " << name << ": at most " << peak << " of " << limit << " in "
                      << window.count() << " min\n";
            EXPECT_GT(peak, 0) << name;
            EXPECT_LE(peak, limit) << name;
        }
        // The month was unkind.
        EXPECT_GT(world.crashes, 2);
        EXPECT_GT(world.pds.logins(), std::uint64_t(world.crashes));
        EXPECT_GT(world.pds.refreshes(), 100u) << "tokens end every two hours";
        expect_unkind("bluesky", world.bluesky);
        expect_unkind("mastodon", world.mastodon);
        std::cout << "  process killed " << world.crashes << ", logins " << world.pds.logins()
                  << ", refreshes " << world.pds.refreshes() << "; network:";
        for (auto const& [what, fault] :
             {std::pair("refused", SimFault::transient), std::pair("cut", SimFault::cut),
              std::pair("timeout", SimFault::timeout), std::pair("slow", SimFault::slow),
              std::pair("down", SimFault::down)}) {
            std::cout << " " << what << " " << world.net.count(fault);
            EXPECT_GT(world.net.count(fault), 0u) << what;
        }
        std::cout << std::endl;
        EXPECT_GT(world.store.outcomes["auth"], 0);
        EXPECT_GT(world.store.outcomes["throttled"], 0);
    }
};

TEST_P(FediMonth, CountsWhatWasPosted) {
    run(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, FediMonth, testing::Values(1, 6, 101));

class NightFediMonth : public FediMonth {};
TEST_P(NightFediMonth, CountsWhatWasPosted) {
    run(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, NightFediMonth, testing::Range<std::uint64_t>(100, 120));

// Ten streams of one account start together: one of them logs in.
TEST(FediStart, OneLoginServesEveryStreamOfAnAccount) {
    FediWorld world(3);
    world.net.host("bsky.sim", [&](HttpRequest const& request, WallTime now) {
        return world.ask(world.bluesky, request, now);
    });
    world.net.host("pds.sim", [&](HttpRequest const& request, WallTime now) {
        EXPECT_FALSE(request.url.ends_with("createSession"));
        return world.ask(world.bluesky, request, now);
    });
    auto s = stream("bluesky", "search", {{"query", "zephyr"}});
    s.every = 1s;
    for (int i = 0; i < 10; ++i) {
        s.name = "s" + std::to_string(i);
        daemon::PollEnv env{world.clock, world.net, world.random, world.store, *world.pace,
                            10s,         1s};
        world.supervisor.start(
            s.name, daemon::run_poll_loop(env, s, daemon::make_bluesky_search(world.bsky, s)));
    }
    world.clock.run_for(30s);
    EXPECT_EQ(world.pds.logins(), 1u);
    EXPECT_EQ(world.store.streams.size(), 10u);
    // A session that is dead is renewed once as well, and the refresh that fails becomes a login
    // only after the pause that keeps the day's logins below the limit.
    world.pds.revoke();
    world.clock.run_for(60s);
    EXPECT_EQ(world.pds.logins(), 1u);
    EXPECT_GE(world.pds.refreshes(), 1u);
    EXPECT_LE(world.pds.refreshes(), 2u);
    world.clock.run_for(20min);
    EXPECT_EQ(world.pds.logins(), 2u);
    EXPECT_GE(world.store.streams["s0"].until, world.clock.wall_now() - 10min);
}

}  // namespace
}  // namespace surged::tests
