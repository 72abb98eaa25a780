// Goal: in a week of outages, throttling, late and doubled pages, dead receivers, kills and clock
// jumps no mention is lost or counted twice, no clock is missed, no page is lost, the journal is
// whole. Method: the whole daemon on virtual time from one seed; the platforms' own books and the
// receivers' say what should have come.
#include "tests/sim_world.h"

#include <gmock/gmock.h>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::EventName;
using detectors::WallTime;

constexpr auto kWeek = 7 * 24h;

struct Week {
    std::uint64_t kills = 0, jumps = 0, outages = 0, receiver_outages = 0, full_disks = 0;
};

// What the seed does to the world in one hour.
void trouble(SimWorld& world, Week& week) {
    daemon::demo::Faults faults =
        daemon::demo::Faults::everything(world.random_(), 0.08 * world.uniform());
    world.x.plan(faults);
    faults.seed ^= 77;
    world.json.plan(faults);
    SimFaults net;
    net.transient = 0.05 * world.uniform();
    net.cut = 0.03 * world.uniform();
    net.timeout = 0.02 * world.uniform();
    net.slow = 0.02 * world.uniform();
    world.net.faults(net);
    bool const outage = world.uniform() < 0.05;
    week.outages += outage ? 1 : 0;
    world.net.down("x.sim", outage);
    bool const receiver = world.uniform() < 0.10;
    week.receiver_outages += receiver ? 1 : 0;
    world.net.down("hook.sim", receiver);
    bool const full = world.uniform() < 0.02;
    week.full_disks += full ? 1 : 0;
    world.store->full(full);
    if (world.uniform() < 0.15) {
        ++week.kills;
        world.store->full(false);
        world.kill();
        world.start();
    }
    if (world.uniform() < 0.05) {
        ++week.jumps;
        world.clock.jump_wall(std::chrono::seconds(std::int64_t(20 * world.uniform()) - 10));
    }
}

// Writes the next hour of the public, whose two crises a week make the rate tenfold for two hours.
void posts(SimWorld& world, WallTime from, int hour) {
    bool const crisis = (hour >= 60 && hour < 62) || (hour >= 130 && hour < 132);
    for (auto m = 0min; m < 60min; ++m) {
        auto const some = [&] {
            return std::chrono::milliseconds(std::int64_t(60'000 * world.uniform()));
        };
        // Shown late, but within what the pollers read again (X 90 s, JSON 60 s behind the
        // watermark).
        auto const lag = [&](double most) {
            return std::chrono::seconds(
                5 + std::int64_t(world.uniform() < 0.05 ? most * world.uniform() : 0));
        };
        for (auto n = world.poisson(crisis ? 20 : 1); n > 0; --n)
            world.post_x(from + m + some(), lag(70));
        for (auto n = world.poisson(0.2); n > 0; --n) world.post_json(from + m + some(), lag(40));
    }
}

class WorldSimulation : public testing::TestWithParam<std::uint64_t> {
protected:
    static void run(std::uint64_t seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SimWorld world(seed, kSimStart);
        Week week;
        // Half a day of history before the first start.
        for (int hour = -12; hour < 0; ++hour) posts(world, kSimStart + hour * 1h, hour);
        world.start();
        if (HasFatalFailure()) return;
        for (int hour = 0; hour < 7 * 24; ++hour) {
            posts(world, kSimStart + hour * 1h, hour);
            if (hour > 0) trouble(world, week);
            if (HasFatalFailure()) return;
            world.clock.run_until(kSimStart + (hour + 1) * 1h);
        }
        // A calm end: what is still under way arrives.
        world.x.plan({});
        world.json.plan({});
        world.net.faults({});
        world.net.down("x.sim", false);
        world.net.down("hook.sim", false);
        world.store->full(false);
        world.clock.run_until(kSimStart + kWeek + 3h);

        EXPECT_GT(week.kills, 5u) << "the week was too kind";
        EXPECT_GT(week.outages + week.receiver_outages, 5u) << "the week was too kind";
        EXPECT_GT(week.jumps, 1u) << "the week was too kind";
        EXPECT_GT(world.net.faults_happened(), 100u) << "the network was too kind";
        auto const& streams = world.app->engine().streams();
        EXPECT_EQ(streams.at("acme-x")->mentions, world.posted_x);
        EXPECT_EQ(streams.at("acme-crm")->mentions, world.posted_json);
        EXPECT_GT(streams.at("acme-x")->duplicate, 0u) << "nothing was read twice";
        check_journal(world);
        world.stop();
    }

    static void check_journal(SimWorld& world) {
        auto const check = world.store->verify();
        EXPECT_TRUE(check.intact) << check.detail;
        std::map<std::string, int> opened, clocks;
        std::map<std::string, std::string> json;
        std::map<std::string, std::vector<std::string>> promised;  // receiver -> webhook ids
        int surges = 0;
        for (auto const& e : world.store->events(0, 1'000'000, {})) {
            surges += e.name == "surge.started" ? 1 : 0;
            if (e.name == "incident.opened") ++opened[e.incident];
            std::string const key = world.app->engine().instance() + "-" + std::to_string(e.id);
            promised["other"].push_back(key);
            // A clock that was over on arrival is told by the opening page.
            bool const apart = e.json.find("\"on_arrival\":true") == std::string::npos;
            if (e.name == "incident.opened" || (e.name == "clock.breached" && apart)) {
                promised["hook"].push_back(key);
                json[key] = e.json;
            }
        }
        EXPECT_GE(surges, 2) << "two crises were staged";
        EXPECT_GE(opened.size(), 2u);
        for (auto const& [id, n] : opened) EXPECT_EQ(n, 1) << id;
        std::set<std::string> hook, other;
        for (auto const& d : world.hook.deliveries()) hook.insert(d.id);
        for (auto const& d : world.other.deliveries()) other.insert(d.id);
        if (world.hook.deliveries().size() < daemon::demo::LocalReceiver::kKept) {
            for (auto const& key : promised["hook"])
                EXPECT_TRUE(hook.contains(key)) << json[key] << " never reached the hook";
        }
        EXPECT_EQ(world.hook.unsigned_ones(), 0u);
    }
};

TEST_P(WorldSimulation, LosesNothing) {
    run(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, WorldSimulation, testing::Range<std::uint64_t>(1, 11));

class NightWorldSimulation : public WorldSimulation {};
TEST_P(NightWorldSimulation, LosesNothing) {
    run(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, NightWorldSimulation, testing::Range<std::uint64_t>(100, 150));

}  // namespace
}  // namespace surged::tests
