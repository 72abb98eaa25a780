// Goal: a deadline is an instant of the world's time: neither death, nor sleep, nor a clock set
// forward or back moves it, hides its breach or tells it twice. Method: the whole daemon on virtual
// time, one incident, three mishaps.
#include "tests/sim_world.h"

#include <gmock/gmock.h>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::ClockKind;
using detectors::EventName;
using detectors::WallTime;

constexpr std::uint64_t kSeed = 5;
constexpr auto kCalm = 2h;  // from the start to the crisis

class Downtime : public testing::Test {
protected:
    Downtime() : world_(kSeed, kSimStart) {
        for (auto t = -12h + 0min; t < kCalm; t += 1min) posts(t, 1);
        for (auto t = kCalm + 0min; t < kCalm + 15min; t += 1min) posts(t, 30);
    }

    void posts(std::chrono::minutes at, double mean) {
        for (auto n = world_.poisson(mean); n > 0; --n)
            world_.post_x(
                kSimStart + at + std::chrono::milliseconds(std::int64_t(60'000 * world_.uniform())),
                5s);
    }
    // Runs until the incident is open and told, and remembers when its clocks are due.
    void open_incident() {
        world_.start();
        if (HasFatalFailure()) return;
        world_.clock.run_until(kSimStart + kCalm + 12min);
        auto const* incident = world_.app->engine().desks().at("acme").current();
        ASSERT_NE(incident, nullptr) << "no crisis";
        for (auto const& c : incident->clocks) due_[c.kind] = c.due;
        ASSERT_EQ(due_.size(), 3u);
        EXPECT_EQ(due_[ClockKind::acknowledge], incident->opened + 10min);
        EXPECT_EQ(due_[ClockKind::respond], incident->onset + 1h);
        EXPECT_EQ(due_[ClockKind::resolve], incident->onset + 2h);
    }
    // What was told as breached, with the instants told.
    [[nodiscard]] std::multimap<ClockKind, WallTime> breaches() const {
        std::multimap<ClockKind, WallTime> out;
        for (auto const& e : world_.told)
            if (e.name == EventName::clock_breached) out.emplace(e.clock->kind, e.at);
        return out;
    }
    // All three, each once, each at its own instant, each delivered.
    void expect_all_breached_on_time() {
        auto const told = breaches();
        std::multimap<ClockKind, WallTime> const expected(due_.begin(), due_.end());
        EXPECT_EQ(told, expected);
        std::set<std::string> delivered;
        for (auto const& d : world_.hook.deliveries()) delivered.insert(d.id);
        for (auto const& e : world_.told) {
            if (e.name != EventName::clock_breached) continue;
            EXPECT_TRUE(
                delivered.contains(world_.app->engine().instance() + "-" + std::to_string(e.id)));
        }
        EXPECT_TRUE(world_.store->verify().intact);
        world_.stop();
    }

    SimWorld world_;
    std::map<ClockKind, WallTime> due_;
};

TEST_F(Downtime, ABreachThatFellDueWhileTheProcessWasDeadIsRaisedAtOnceWithItsTrueTime) {
    open_incident();
    if (HasFatalFailure()) return;
    EXPECT_TRUE(breaches().empty());
    world_.kill();
    world_.clock.run_until(kSimStart + kCalm + 4h);
    EXPECT_TRUE(breaches().empty()) << "who tells it?";
    world_.start();
    if (HasFatalFailure()) return;
    world_.clock.run_for(5s);
    EXPECT_EQ(breaches().size(), 3u);
    world_.clock.run_for(30s);
    expect_all_breached_on_time();
}

// A machine that slept, or a clock set forward: wall time jumps, waiting does not notice.
TEST_F(Downtime, ASleepOfFourHoursIsNoticedWithinSeconds) {
    open_incident();
    if (HasFatalFailure()) return;
    world_.clock.jump_wall(4h);
    world_.clock.run_for(6s);
    EXPECT_EQ(breaches().size(), 3u);
    world_.clock.run_for(30s);
    expect_all_breached_on_time();
}

TEST_F(Downtime, AClockSetBackNeitherHidesABreachNorTellsItTwice) {
    open_incident();
    if (HasFatalFailure()) return;
    world_.clock.jump_wall(-3min);
    world_.clock.run_until(due_[ClockKind::acknowledge] - 1s);
    EXPECT_TRUE(breaches().empty()) << "before its time";
    world_.clock.run_for(10s);
    EXPECT_EQ(breaches().size(), 1u);
    // Back again over the instant that was told, and across a restart.
    world_.clock.jump_wall(-2min);
    world_.kill();
    world_.start();
    if (HasFatalFailure()) return;
    world_.clock.run_until(kSimStart + kCalm + 4h);
    expect_all_breached_on_time();
}

}  // namespace
}  // namespace surged::tests
