#include "tests/sim_clock.h"

#include "daemon/bell.h"
#include "daemon/supervisor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surged {
namespace {

using namespace std::chrono_literals;
using daemon::Instant, daemon::WallTime;

struct World {
    boost::asio::io_context io{1};
    tests::SimClock clock{io};
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
    std::vector<std::string> log;

    void note(std::string const& what) {
        log.push_back(what + "@" + std::to_string(clock.now().time_since_epoch() / 1s));
    }
};

boost::asio::awaitable<void> sleeper(World& world, std::string name, std::chrono::seconds every,
                                     int times) {
    for (int i = 0; i < times; ++i) {
        co_await world.clock.sleep_until(world.clock.now() + every);
        world.note(name);
    }
}

TEST(SimClock, WakesInOrderOfTimeThenOfGoingToSleep) {
    World world;
    world.supervisor.start("a", sleeper(world, "a", 2s, 3));
    world.supervisor.start("b", sleeper(world, "b", 3s, 2));
    world.clock.run_until(Instant{} + 1h);
    // At 6 s b's sleep was begun at 3 s, a's at 4 s.
    EXPECT_EQ(world.log, (std::vector<std::string>{"a@2", "b@3", "a@4", "b@6", "a@6"}));
    EXPECT_EQ(world.clock.now(), Instant{} + 1h);
    EXPECT_EQ(world.clock.steps(), 5u);
}

TEST(SimClock, StopsAtTheEndAndGoesOnFromThere) {
    World world;
    world.supervisor.start("a", sleeper(world, "a", 10s, 2));
    world.clock.run_until(Instant{} + 15s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"a@10"}));
    world.clock.run_for(5s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"a@10", "a@20"}));
}

TEST(SimClock, AJumpOfTheWallClockMovesNoSleeper) {
    World world;
    EXPECT_EQ(detectors::rfc3339(world.clock.wall_now()), "2026-03-01T12:00:00Z");
    world.supervisor.start("a", sleeper(world, "a", 60s, 1));
    world.clock.run_for(30s);
    world.clock.jump_wall(-2h);
    EXPECT_EQ(detectors::rfc3339(world.clock.wall_now()), "2026-03-01T10:00:30Z");
    world.clock.run_until(WallTime{tests::kSimStart - 2h + 59s});
    EXPECT_TRUE(world.log.empty());
    world.clock.run_for(1s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"a@60"}));
}

TEST(SimClock, CancellingASleeperUnwindsIt) {
    World world;
    world.supervisor.start("a", sleeper(world, "a", 10s, 2));
    world.clock.run_for(1s);
    EXPECT_EQ(world.clock.sleepers(), 1u);
    world.supervisor.stop();
    world.clock.settle();
    EXPECT_EQ(world.supervisor.running(), 0u);
    EXPECT_EQ(world.clock.sleepers(), 0u);
    EXPECT_TRUE(world.log.empty());
}

boost::asio::awaitable<void> bell_waiter(World& world, daemon::Bell& bell, int times) {
    for (int i = 0; i < times; ++i) {
        co_await bell.wait_until(world.clock.now() + 10s);
        world.note("woke");
    }
}

TEST(Bell, WakesAtTheInstantOrWhenRung) {
    World world;
    daemon::ClockBell bell(world.clock);
    world.supervisor.start("w", bell_waiter(world, bell, 3));
    world.clock.run_for(4s);
    bell.ring();
    world.clock.run_for(11s);  // now 15 s: rung at 4 s, then 10 s later by itself
    EXPECT_EQ(world.log, (std::vector<std::string>{"woke@4", "woke@14"}));
    world.supervisor.stop();
    world.clock.settle();
    EXPECT_EQ(world.clock.sleepers(), 0u);
    EXPECT_EQ(world.supervisor.running(), 0u);
}

TEST(Bell, KeepsOneRingForTheNextWait) {
    World world;
    daemon::ClockBell bell(world.clock);
    bell.ring();
    bell.ring();
    world.supervisor.start("w", bell_waiter(world, bell, 2));
    world.clock.run_for(30s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"woke@0", "woke@10"}));
}

TEST(Bell, RingAtTheVeryInstantWakesOnce) {
    World world;
    daemon::ClockBell bell(world.clock);
    world.supervisor.start("ringer", [](World& w, daemon::Bell& b) -> boost::asio::awaitable<void> {
        co_await w.clock.sleep_until(Instant{} + 10s);
        b.ring();
        b.ring();
    }(world, bell));
    world.supervisor.start("w", bell_waiter(world, bell, 2));
    world.clock.run_for(15s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"woke@10"}));
    world.clock.run_for(15s);
    EXPECT_EQ(world.log, (std::vector<std::string>{"woke@10", "woke@20"}));
}

TEST(Bell, ARingAfterTheStopIsHarmless) {
    auto world = std::make_unique<World>();
    auto bell = std::make_unique<daemon::ClockBell>(world->clock);
    world->supervisor.start("w", bell_waiter(*world, *bell, 3));
    world->clock.run_for(1s);
    world->supervisor.stop();  // cancelled, but not run to its end before it is rung again
    bell->ring();
    world->clock.settle();
    EXPECT_EQ(world->supervisor.running(), 0u);
}

}  // namespace
}  // namespace surged
