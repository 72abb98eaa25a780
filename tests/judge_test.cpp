// What is told of a stream, whenever its mentions arrive and whenever it is looked at.
#include "detectors/judge.h"

#include "detectors/surge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 2}};  // a Monday
constexpr int kDay = 1440;

WallTime at(int minute) {
    return kStart + minute * 1min;
}

DetectorSpec surge_spec() {
    DetectorSpec spec;
    spec.name = "default";
    return spec;
}
DetectorSpec threshold_spec(double at_least) {
    DetectorSpec spec;
    spec.name = "hard-cap";
    spec.type = "threshold";
    spec.threshold = {5min, at_least};
    return spec;
}

using Told = std::vector<Judgement>;
int count(Told const& told, Transition which) {
    return int(std::count_if(told.begin(), told.end(),
                             [&](Judgement const& j) { return j.verdict.transition == which; }));
}

// Without what only grew.
Told ends_of(Told const& told) {
    Told out;
    for (Judgement const& j : told)
        if (j.verdict.transition != Transition::grown) out.push_back(j);
    return out;
}

struct World {
    explicit World(std::vector<DetectorSpec> specs = {surge_spec()},
                   std::chrono::seconds watermark = 0s)
        : intake(watermark), judge(std::move(specs), {}) {}

    // Counts of minutes [from, until), complete and in order, looked at each minute.
    template <typename Rate>
    void live(int from, int until, Rate rate) {
        for (int m = from; m < until; ++m) {
            intake.set_count(at(m), rate(m));
            intake.cover(at(m), at(m + 1));
            judge.advance(intake, told, nullptr);
        }
    }
    // The same after an outage: covered at once.
    template <typename Rate>
    void backfill(int from, int until, Rate rate) {
        for (int m = from; m < until; ++m) intake.set_count(at(m), rate(m));
        intake.cover(at(from), at(until));
        judge.advance(intake, told, nullptr);
    }

    Intake intake;
    Judge judge;
    Told told;
};

double steady(int m) {
    return 15 + m * 7919 % 11;
}
// Twenty times the usual for two hours from `onset` on.
auto with_surge(int onset) {
    return [onset](int m) { return steady(m) * (m >= onset && m < onset + 120 ? 20 : 1); };
}

TEST(Judge, TellsStartAndEndOnce) {
    World w;
    w.judge.end_history(w.told);
    int const onset = 10 * kDay;
    w.live(0, onset + kDay, with_surge(onset));
    EXPECT_EQ(count(w.told, Transition::grown), 1) << "the first minute says little of two hours";
    w.told = ends_of(w.told);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_EQ(w.told[0].verdict.transition, Transition::started);
    EXPECT_EQ(w.told[0].detector, "default");
    EXPECT_LE(w.told[0].tick_end, at(onset + 3));
    EXPECT_GE(w.told[0].verdict.onset, at(onset - 5));
    EXPECT_LE(w.told[0].verdict.onset, at(onset + 1));
    EXPECT_FALSE(w.told[0].late);
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);
    EXPECT_FALSE(w.judge.surging());
}

TEST(Judge, HistoryTeachesAndNeverPages) {
    World w;
    int const onset = 5 * kDay;
    w.backfill(0, 10 * kDay, with_surge(onset));
    EXPECT_TRUE(w.judge.in_history());
    EXPECT_FALSE(w.judge.learning());
    w.judge.end_history(w.told);
    EXPECT_TRUE(w.told.empty());
    EXPECT_FALSE(w.judge.surging());
    w.live(10 * kDay, 10 * kDay + 100, with_surge(10 * kDay + 30));
    ASSERT_EQ(count(w.told, Transition::started), 1);
    EXPECT_LE(w.told[0].tick_end, at(10 * kDay + 33)) << "ten days of history taught it";
}

TEST(Judge, ASurgeUnderWayWhenHistoryEndsIsTold) {
    World w;
    int const onset = 10 * kDay - 60;
    w.backfill(0, 10 * kDay, with_surge(onset));
    EXPECT_TRUE(w.told.empty());
    w.judge.end_history(w.told);
    ASSERT_EQ(w.told.size(), 1u);
    EXPECT_EQ(w.told[0].verdict.transition, Transition::started);
    EXPECT_NEAR(double((w.told[0].verdict.onset - at(onset)) / 1min), 0, 5);
    EXPECT_GT(w.told[0].verdict.ratio, 5);
    EXPECT_FALSE(w.told[0].late);
    w.judge.end_history(w.told);
    EXPECT_EQ(w.told.size(), 1u) << "once";
    w.live(10 * kDay, 11 * kDay, with_surge(onset));
    EXPECT_EQ(count(w.told, Transition::started), 1);
    EXPECT_EQ(count(w.told, Transition::ended), 1);
}

TEST(Judge, ASurgeInsideAnOutageIsToldLateAtItsOwnTime) {
    World w;
    w.judge.end_history(w.told);
    int const down = 10 * kDay, onset = down + 60, up = down + 10 * 60;
    w.live(0, down, steady);
    w.backfill(down, up, with_surge(onset));
    w.told = ends_of(w.told);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_TRUE(w.told[0].late);
    EXPECT_TRUE(w.told[1].late);
    EXPECT_LE(w.told[0].tick_end, at(onset + 3));
    EXPECT_NEAR(double((w.told[0].verdict.onset - at(onset)) / 1min), 0, 5);
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);
    EXPECT_LT(w.told[1].tick_end, at(up));
    w.live(up, up + kDay, steady);
    EXPECT_EQ(w.told.size(), 2u);
}

TEST(Judge, ASurgeThatAnOutageDidNotOutlastIsNotLate) {
    World w;
    w.judge.end_history(w.told);
    int const down = 10 * kDay, onset = down + 60, up = onset + 90;
    w.live(0, down, steady);
    w.backfill(down, up, with_surge(onset));
    w.told = ends_of(w.told);
    ASSERT_EQ(w.told.size(), 1u);
    EXPECT_FALSE(w.told[0].late);
    EXPECT_LE(w.told[0].tick_end, at(onset + 3));
    EXPECT_TRUE(w.judge.surging());
}

TEST(Judge, DataThatIsLostRaisesNothing) {
    World w;
    w.judge.end_history(w.told);
    w.live(0, 10 * kDay, steady);
    int const up = 10 * kDay + 6 * 60;
    Interval const hole = w.intake.cover(at(up), at(up + 1));
    EXPECT_EQ(hole, (Interval{at(10 * kDay), at(up)}));
    w.intake.give_up(hole);
    w.live(up, up + 2 * kDay, steady);
    EXPECT_TRUE(w.told.empty());
    EXPECT_EQ(w.intake.committed_until(), at(up + 2 * kDay));
}

TEST(Judge, SilenceNeverPages) {
    World w({surge_spec(), threshold_spec(1)}, 10min);
    w.judge.end_history(w.told);
    w.live(0, 5 * kDay, [](int) { return 0.0; });
    EXPECT_TRUE(w.told.empty());
}

TEST(Judge, RaisesBeforeTheWatermark) {
    World w({surge_spec()}, 10min);
    w.judge.end_history(w.told);
    int const onset = 10 * kDay;
    w.live(0, onset + 3, with_surge(onset));
    ASSERT_EQ(count(w.told, Transition::started), 1);
    EXPECT_TRUE(w.judge.surging());
    EXPECT_TRUE(w.judge.last().surging);
    EXPECT_FALSE(w.judge.last_closed().surging) << "that minute is ten behind";
    w.live(onset + 3, onset + kDay, with_surge(onset));
    EXPECT_EQ(count(w.told, Transition::started), 1) << "the committed detector says it again";
    EXPECT_EQ(count(w.told, Transition::grown), 1);
    EXPECT_EQ(count(w.told, Transition::ended), 1);
}

TEST(Judge, APartOfAMinuteCanBeEnough) {
    World w({surge_spec()}, 10min);
    w.judge.end_history(w.told);
    w.live(0, 10 * kDay, steady);
    w.intake.set_count(at(10 * kDay), 2000);
    w.intake.cover(at(10 * kDay), at(10 * kDay) + 20s);
    w.judge.advance(w.intake, w.told, nullptr);
    ASSERT_EQ(count(w.told, Transition::started), 1);
    EXPECT_EQ(w.judge.last().observed, 15) << "shown is the last whole minute";
    EXPECT_TRUE(w.judge.surging());
}

// A counts stream takes back what it said: the page was told, so it stands in the calibration once,
// and it ends.
TEST(Judge, APageThatIsTakenBackIsCalibratedAndEnds) {
    World w({surge_spec()}, 10min);
    w.judge.end_history(w.told);
    int const m = 10 * kDay;
    w.live(0, m, steady);
    w.intake.set_count(at(m), 4000);
    w.intake.cover(at(m), at(m + 1));
    w.judge.advance(w.intake, w.told, nullptr);
    ASSERT_EQ(count(w.told, Transition::started), 1);
    // A restart between keeps what was told and what it rests on.
    Judge again({surge_spec()}, {});
    ASSERT_TRUE(again.restore(w.judge.save()));
    w.judge = std::move(again);
    EXPECT_TRUE(w.judge.surging());
    w.intake.set_count(at(m), 15);
    w.live(m + 1, m + kDay, steady);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);
    EXPECT_GE(w.told[1].tick_end, at(m + 30)) << "like any page: after half an hour of calm";
    EXPECT_FALSE(w.judge.surging());
}

TEST(Judge, ARuleThatIsTakenBackIsOver) {
    World w({threshold_spec(1000)}, 10min);
    w.judge.end_history(w.told);
    w.live(0, 100, steady);
    w.intake.set_count(at(100), 4000);
    w.intake.cover(at(100), at(101));
    w.judge.advance(w.intake, w.told, nullptr);
    ASSERT_EQ(count(w.told, Transition::started), 1);
    w.intake.set_count(at(100), 15);
    w.live(101, 200, steady);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);
    EXPECT_FALSE(w.judge.surging());
}

TEST(Judge, EachGrowthIsToldOnce) {
    World ahead({surge_spec()}, 10min), behind({surge_spec()}, 0s);
    for (World* w : {&ahead, &behind}) {
        w->judge.end_history(w->told);
        // Three steps, each well over twice the last.
        w->live(0, 11 * kDay, [](int m) {
            int const since = m - 10 * kDay;
            return steady(m) * (since < 0 || since > 600 ? 1
                                : since < 100            ? 4
                                : since < 200            ? 40
                                                         : 4000);
        });
    }
    EXPECT_GE(count(behind.told, Transition::grown), 2);
    EXPECT_EQ(count(ahead.told, Transition::grown), count(behind.told, Transition::grown));
    EXPECT_EQ(ahead.told.size(), behind.told.size());
}

TEST(Judge, TheStreamSurgesWhileAnyDetectorDoes) {
    World w({surge_spec(), threshold_spec(1000)});
    w.judge.end_history(w.told);
    int const onset = 10 * kDay;
    w.live(0, onset + kDay, with_surge(onset));
    w.told = ends_of(w.told);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_EQ(w.told[0].detector, "default");
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);
    EXPECT_EQ(w.told[1].detector, "default") << "the rule ended hours before";

    // The rule alone, in a stream's first hours.
    World young({surge_spec(), threshold_spec(1000)});
    young.judge.end_history(young.told);
    young.live(0, 300, with_surge(30));
    ASSERT_GE(young.told.size(), 1u);
    EXPECT_EQ(young.told[0].detector, "hard-cap");
    EXPECT_EQ(young.told[0].verdict.kind, SurgeKind::rule);
    EXPECT_TRUE(young.judge.learning());
}

TEST(Judge, ADetectorThatIsTakenAwayEndsItsSurge) {
    World w({surge_spec(), threshold_spec(1000)});
    w.judge.end_history(w.told);
    w.live(0, 40, with_surge(30));
    ASSERT_EQ(ends_of(w.told).size(), 1u);
    Judge without({surge_spec()}, {});
    ASSERT_TRUE(without.restore(w.judge.save()));
    w.judge = std::move(without);
    EXPECT_TRUE(w.judge.surging());
    w.live(40, 41, with_surge(30));
    w.told = ends_of(w.told);
    ASSERT_EQ(w.told.size(), 2u);
    EXPECT_EQ(w.told[1].verdict.transition, Transition::ended);

    Judge other({threshold_spec(1)}, {});
    EXPECT_FALSE(other.restore("rubbish"));
    Judge renamed({DetectorSpec{}}, {});
    EXPECT_FALSE(renamed.restore(w.judge.save())) << "nothing is saved under its name";
}

TEST(Judge, LateMentionsMoveNothing) {
    World w, same;
    for (World* x : {&w, &same}) {
        x->judge.end_history(x->told);
        x->live(0, 10 * kDay, steady);
    }
    double const before = w.judge.last().score;
    w.judge.late(at(10 * kDay - 600), 100000);
    EXPECT_EQ(w.judge.last().score, before);
    w.live(10 * kDay, 10 * kDay + 60, steady);
    same.live(10 * kDay, 10 * kDay + 60, steady);
    EXPECT_TRUE(w.told.empty());
    // Taught, but no more than one block may teach: the level moves by well under 1 %.
    EXPECT_GT(w.judge.last().expected, same.judge.last().expected);
    EXPECT_LT(w.judge.last().expected, same.judge.last().expected * 1.02);
}

TEST(Judge, AnnouncedSurgesAreExpected) {
    int const onset = 10 * kDay;
    Judge judge({surge_spec()},
                [&](WallTime t) { return t >= at(onset) && t < at(onset + 120) ? 20.0 : 1.0; });
    Told told;
    std::vector<Judged> series;
    judge.end_history(told);
    auto const rate = with_surge(onset);
    for (int m = 0; m < onset + kDay; ++m)
        judge.advance(Bucket{at(m), 60s, rate(m)}, told, &series);
    EXPECT_TRUE(told.empty());
    ASSERT_EQ(series.size(), std::size_t(onset + kDay));
    EXPECT_NEAR(series[std::size_t(onset)].expected, 20 * 20, 60);
    EXPECT_NEAR(series[std::size_t(onset) - 1].expected, 20, 3);
    EXPECT_GT(series[std::size_t(onset) - 1].upper, 30);
    EXPECT_EQ(series[std::size_t(onset)].start, at(onset));
}

// Mentions of a stream with surges, each with an arrival up to ten minutes after it was written.
struct Mentions {
    struct One {
        WallTime event, arrival;
    };
    std::vector<One> by_arrival;

    Mentions(unsigned seed, int days, double rate) {
        std::mt19937 random(seed);
        std::gamma_distribution<double> burst(4, 0.25);  // negative binomial minutes
        for (int m = 0; m < days * kDay; ++m) {
            bool const surge = m % (4 * kDay) > 3 * kDay && m % (4 * kDay) < 3 * kDay + 180;
            double const mean = rate * burst(random) * (surge ? 10 : 1);
            int const n = std::poisson_distribution<int>(mean)(random);
            for (int i = 0; i < n; ++i) {
                WallTime const event = at(m) + std::chrono::milliseconds(random() % 60'000);
                auto const lag = random() % 8 == 0 ? random() % 590'000 : random() % 90'000;
                by_arrival.push_back({event, event + std::chrono::milliseconds(lag)});
            }
        }
        std::sort(by_arrival.begin(), by_arrival.end(),
                  [](One const& a, One const& b) { return a.arrival < b.arrival; });
    }
};

struct Outcome {
    Told told;
    std::string judge, intake;
};

// Polled once a minute, some polls failing, some restarts between.
Outcome run_live(Mentions const& mentions, int days, unsigned seed, bool faults) {
    std::mt19937 random(seed);
    World w({surge_spec()}, 10min);
    w.judge.end_history(w.told);
    WallTime covered = at(0);
    std::size_t i = 0;
    int failed = 0, restarts = 0;
    for (int m = 1; m <= days * kDay + 10; ++m) {
        for (; i < mentions.by_arrival.size() && mentions.by_arrival[i].arrival <= at(m); ++i)
            EXPECT_EQ(w.intake.add(mentions.by_arrival[i].event), Arrival::counted);
        if (faults && random() % 5 == 0 && m < days * kDay) {
            ++failed;
            continue;
        }
        w.intake.cover(covered, at(m));
        covered = at(m);
        w.judge.advance(w.intake, w.told, nullptr);
        if (!faults || random() % 1000 != 0) continue;
        ++restarts;
        Judge judge({surge_spec()}, {});
        Intake intake(10min);
        EXPECT_TRUE(judge.restore(w.judge.save()));
        EXPECT_TRUE(intake.restore(w.intake.save()));
        w.judge = std::move(judge);
        w.intake = std::move(intake);
    }
    if (faults) {
        EXPECT_GT(failed, 100);
        EXPECT_GT(restarts, 3);
    }
    return {std::move(w.told), w.judge.save(), w.intake.save()};
}

Outcome run_complete(Mentions const& mentions, int days) {
    World w({surge_spec()}, 10min);
    w.judge.end_history(w.told);
    for (auto const& one : mentions.by_arrival) w.intake.add(one.event);
    for (int m = 1; m <= days * kDay + 10; ++m) {
        w.intake.cover(at(m - 1), at(m));
        w.judge.advance(w.intake, w.told, nullptr);
    }
    return {std::move(w.told), w.judge.save(), w.intake.save()};
}

// Goal: whatever order mentions arrive in, whichever polls fail, wherever it restarts: the same
// surges are told, none before the complete data would have told it, and what is committed is the
// same to the bit.
void provisional_is_never_wrong(unsigned seed, int days, double rate) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Mentions const mentions(seed, days, rate);
    Outcome const complete = run_complete(mentions, days);
    ASSERT_GE(count(complete.told, Transition::started), 1) << "too quiet to mean anything";
    for (bool faults : {false, true}) {
        Outcome const live = run_live(mentions, days, seed, faults);
        EXPECT_EQ(live.judge, complete.judge);
        EXPECT_EQ(live.intake, complete.intake);
        std::vector<WallTime> want, got;
        for (auto const& j : complete.told)
            if (j.verdict.transition == Transition::started) want.push_back(j.tick_end);
        for (auto const& j : live.told)
            if (j.verdict.transition == Transition::started) got.push_back(j.tick_end);
        ASSERT_EQ(got.size(), want.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            EXPECT_GE(got[i], want[i]);
            EXPECT_LE(got[i], want[i] + 11min);
        }
        EXPECT_EQ(count(live.told, Transition::ended), count(complete.told, Transition::ended));
    }
}

TEST(Judge, ProvisionalIsLateNeverWrong) {
    provisional_is_never_wrong(1, 8, 2);
    provisional_is_never_wrong(2, 4, 0.2);
}
TEST(Judge, NightProvisionalIsLateNeverWrong) {
    for (unsigned seed = 10; seed < 60; ++seed)
        provisional_is_never_wrong(seed, 24, std::vector{0.05, 0.5, 5.0, 20.0}[seed % 4]);
}

}  // namespace
}  // namespace surged
