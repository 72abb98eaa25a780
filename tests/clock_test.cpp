#include "detectors/clock.h"

#include "detectors/desk.h"

#include <gtest/gtest.h>

namespace surged::detectors {
namespace {

using namespace std::chrono_literals;

WallTime const kStart = parse_time("2026-03-01T12:00:00Z").value();

Policy policy() {
    Policy p;
    p.respond = 1h;
    return p;
}

Clock running(Policy const& p = policy()) {
    return start_clock("x", ClockKind::respond, 1, kStart, 1h, p);
}

using What = Ring::What;

TEST(Clock, WarnsAtSharesOfItsWay) {
    Clock c = running();
    EXPECT_EQ(next_ring(c), kStart + 30min);
    EXPECT_FALSE(ring(c, kStart + 30min - 1ms));
    auto const first = ring(c, kStart + 30min);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->what, What::warning);
    EXPECT_EQ(first->at, kStart + 30min);
    EXPECT_FALSE(ring(c, kStart + 30min));  // once
    EXPECT_EQ(next_ring(c), kStart + 48min);
    EXPECT_EQ(ring(c, kStart + 50min).value().at, kStart + 48min);  // with its true time
    EXPECT_EQ(next_ring(c), kStart + 60min);
}

TEST(Clock, WarnsBeforeItsEnd) {
    Policy p = policy();
    p.warn_at = {{0, 10min}, {0, 20min}, {0, 60min}, {0, 2h}};  // the last two lie before the way
    Clock c = running(p);
    EXPECT_EQ(c.warn_times, (std::vector<WallTime>{kStart + 40min, kStart + 50min}));
    p.warn_at.clear();
    EXPECT_EQ(next_ring(running(p)), kStart + 1h);
    p.warn_at.assign(100, WarnAt{0.5, {}});
    EXPECT_EQ(running(p).warn_times.size(), 1U);  // one instant is one warning
}

TEST(Clock, IsBreachedAtItsDueInstantAndNotASecondBefore) {
    Clock c = running();
    (void)ring(c, kStart + 50min), (void)ring(c, kStart + 50min);
    EXPECT_FALSE(ring(c, kStart + 1h - 1s));
    EXPECT_EQ(c.state, ClockState::running);
    auto const rang = ring(c, kStart + 1h);
    ASSERT_TRUE(rang);
    EXPECT_EQ(rang->what, What::breach);
    EXPECT_EQ(c.state, ClockState::breached);
    EXPECT_EQ(c.at, kStart + 1h);
    EXPECT_FALSE(ring(c, kStart + 1000h));  // once; repeats are off
    EXPECT_EQ(next_ring(c), kNoTime);
}

TEST(Clock, GivesInOrderOfTrueTimeWhatAGapMissed) {
    Clock c = running();
    WallTime const late = kStart + 5h;
    EXPECT_EQ(ring(c, late).value().at, kStart + 30min);
    EXPECT_EQ(ring(c, late).value().at, kStart + 48min);
    EXPECT_EQ(ring(c, late).value().at, kStart + 60min);
    EXPECT_FALSE(ring(c, late));
}

TEST(Clock, RepeatsOnItsGridAndOneOfMany) {
    Policy p = policy();
    p.repeat_every = 15min;
    Clock c = running(p);
    while (c.state == ClockState::running) (void)ring(c, kStart + 1h);
    EXPECT_EQ(next_ring(c), kStart + 75min);
    EXPECT_FALSE(ring(c, kStart + 75min - 1s));
    EXPECT_EQ(ring(c, kStart + 75min).value().what, What::repeat);
    EXPECT_EQ(next_ring(c), kStart + 90min);
    EXPECT_TRUE(ring(c, kStart + 4h + 1min));   // eleven were missed
    EXPECT_FALSE(ring(c, kStart + 4h + 1min));  // one is left
    EXPECT_EQ(next_ring(c), kStart + 4h + 15min);
    meet(c, kStart + 4h + 2min, "kim", "");
    EXPECT_EQ(next_ring(c), kNoTime);
}

TEST(Clock, BreachedInTheGapDoesNotRepeatAtOnce) {
    Policy p = policy();
    p.repeat_every = 15min;
    Clock c = running(p);
    WallTime const late = kStart + 3h;
    int rang = 0;
    while (ring(c, late)) ++rang;
    EXPECT_EQ(rang, 3);  // two warnings, the breach
    EXPECT_EQ(next_ring(c), kStart + 3h + 15min);
}

TEST(Clock, IsMetBeforeItsDueAndMetLateFromItOn) {
    Clock a = running();
    meet(a, kStart + 1h - 1ms, "kim", "https://x.com/1");
    EXPECT_EQ(a.state, ClockState::met);
    EXPECT_EQ(a.by, "kim");
    EXPECT_EQ(a.link, "https://x.com/1");
    Clock b = running();
    meet(b, kStart + 1h, "", "");
    EXPECT_EQ(b.state, ClockState::met_late);
    EXPECT_FALSE(is_open(b));
    // We learnt of a timely answer only after the breach: the public had it in time.
    Clock c = running();
    while (ring(c, kStart + 2h)) continue;
    meet(c, kStart + 59min, "", "");
    EXPECT_EQ(c.state, ClockState::met);
    EXPECT_EQ(c.at, kStart + 59min);
}

TEST(Clock, IsBroughtForwardNeverBack) {
    Clock c = running();
    (void)ring(c, kStart + 30min);
    EXPECT_FALSE(bring_forward(c, kStart + 1s, 1h, policy()));
    EXPECT_FALSE(bring_forward(c, kStart, 1h, policy()));
    EXPECT_EQ(c.due, kStart + 1h);
    EXPECT_TRUE(bring_forward(c, kStart - 10min, 1h, policy()));
    EXPECT_EQ(c.due, kStart + 50min);
    // The first warning was told and stays told, though it now would fall at :20.
    EXPECT_EQ(next_ring(c), kStart + 38min);
    while (ring(c, kStart + 2h)) continue;
    EXPECT_FALSE(bring_forward(c, kStart - 30min, 1h, policy()));  // it came due already
}

TEST(Clock, TakesTheShorterRepeatOfTheTwo) {
    Policy p = policy();
    p.repeat_every = 15min;
    Clock c = running(p);
    Policy q = policy();
    EXPECT_TRUE(bring_forward(c, kStart, 50min, q));
    EXPECT_EQ(c.repeat_every, 15min);
    q.repeat_every = 5min;
    EXPECT_TRUE(bring_forward(c, kStart, 40min, q));
    EXPECT_EQ(c.repeat_every, 5min);
}

TEST(Clock, ShowsItselfAndItsName) {
    Clock c = running();
    c.run = 2;
    EXPECT_EQ(clock_key(c), "respond/x/2");
    drop(c, kStart + 5min);
    ClockView const v = view(c);
    EXPECT_EQ(v.platform, "x");
    EXPECT_EQ(v.kind, ClockKind::respond);
    EXPECT_EQ(v.run, 2);
    EXPECT_EQ(v.due, kStart + 1h);
    EXPECT_EQ(v.state, ClockState::dropped);
    EXPECT_EQ(v.at, kStart + 5min);
    EXPECT_EQ(next_ring(c), kNoTime);
}

TEST(Policy, KnowsItsThreeLimits) {
    Policy p;
    p.acknowledge = 10min;
    p.resolve = 2h;
    EXPECT_EQ(p.limit(ClockKind::acknowledge), std::chrono::seconds(10min));
    EXPECT_EQ(p.limit(ClockKind::respond), std::nullopt);
    EXPECT_EQ(p.limit(ClockKind::resolve), std::chrono::seconds(2h));
}

}  // namespace
}  // namespace surged::detectors
