// The numbers of the detector's specification, to the printed digits: they were measured with an
// independent implementation.
#include "detectors/surge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr std::int64_t kMonday = 1736121600;  // 2025-01-06 00:00:00 UTC
constexpr int kDay = 1440;

#define EXPECT_DIGITS(value, printed) EXPECT_NEAR(value, printed, 0.6e-6)

WallTime at(std::int64_t minute) {
    return WallTime{std::chrono::seconds{kMonday + 60 * minute}};
}
Tick minute_tick(std::int64_t minute, double count, double multiplier = 1) {
    return {at(minute), 60s, count, multiplier};
}
std::int64_t minutes_since_monday(WallTime t) {
    return minute_index(t) - kMonday / 60;
}
// Nine levels, a midday rise and a spike of four minutes every 83 hours.
double pseudo(std::int64_t m) {
    return double((m * 7919 % 1009) % 9 + (m % 1440 > 720 ? 6 : 0) + (m % 4999 < 4 ? 60 : 0));
}

constexpr TailPrior kBurstPrior{4.5F, 2, 20, 60, 0, 24, false, true};

TEST(NbScore, IsTheVarianceStabilisedDistance) {
    EXPECT_DIGITS(nb_score(0, 1, .25), -1.021801);
    EXPECT_DIGITS(nb_score(1, 1, .25), 0);
    EXPECT_DIGITS(nb_score(5, 1, .25), 1.730189);
    EXPECT_NEAR(nb_score(10, 1, .25), 2.7900, 0.6e-4);
    EXPECT_DIGITS(nb_score(120, 60, .25), 1.348232);
    EXPECT_DIGITS(nb_score(600, 60, .25), 4.535940);
    EXPECT_NEAR(nb_score(1e5, 60, .25), 14.7601, 0.6e-4);
    EXPECT_DIGITS(nb_score(120, 60, .002), 5.902877);
    EXPECT_NEAR(nb_score(0, 1, .002), -1.1195, 0.6e-4);
    EXPECT_NEAR(nb_score(600, 60, .002), 27.1306, 0.6e-4);
}

TEST(Budget, IsALogarithmOfDays) {
    EXPECT_DIGITS(SurgeDetector({}).threshold(), 1.945910);
    EXPECT_DIGITS(SurgeDetector({.false_pages = 1, .per = 24h * 30}).threshold(), 3.401197);
}

TEST(Tail, BelievesThePriorUntilItHasSeenMore) {
    Tail<540> tail(kBurstPrior);
    EXPECT_DIGITS(tail.rarity(4.5), 0);
    EXPECT_DIGITS(tail.rarity(8.5), 1.906204);
    EXPECT_DIGITS(tail.rarity(12), 3.437005);

    for (int i = 0; i < 30; ++i) tail.add((i * 37 % 30) / 2.0, 480);
    EXPECT_DIGITS(tail.fit().level, 6.166667);
    EXPECT_DIGITS(tail.fit().scale, 2.25);
    EXPECT_DIGITS(tail.fit().evidence, 30);
    EXPECT_DIGITS(tail.fit().shift, 0);
    EXPECT_DIGITS(tail.rarity(10), 1.657084);
    EXPECT_NEAR(tail.fit().score_at(tail.rarity(10)), 10, 1e-9);
    EXPECT_NEAR(tail.fit().score_at(tail.rarity(5)), 5, 1e-9);

    tail.page(20);
    tail.add(3, 480);
    EXPECT_DIGITS(tail.fit().level, 6.416866);
    EXPECT_DIGITS(tail.fit().scale, 2.5);
    EXPECT_DIGITS(tail.fit().shift, 0.032790);
    EXPECT_DIGITS(tail.rarity(10), 1.432859);
}

TEST(Tail, ForgetsAPageThatWasReal) {
    Tail<540> open(kBurstPrior), closed(kBurstPrior), never(kBurstPrior);
    for (int i = 0; i < 30; ++i)
        for (auto* t : {&open, &closed, &never}) t->add((i * 37 % 30) / 2.0, 480);
    open.page(20);  // its block is still open: what follows is ordinary again
    open.forget_page();
    open.add(3, 480);
    closed.page(20);
    closed.add(3, 480);
    never.add(3, 480);
    EXPECT_EQ(closed.censored_blocks(), 1u);
    EXPECT_EQ(open.rarity(10), never.rarity(10));
    closed.forget_page();
    EXPECT_EQ(closed.censored_blocks(), 0u);
    EXPECT_EQ(closed.blocks(), 30u);
    EXPECT_NEAR(closed.fit().level, 6.166667, 1e-6);  // the block is gone, not set to something
}

TEST(Tail, ForgetsAPageInAFullRing) {
    Tail<90> tail(kBurstPrior);
    for (int i = 0; i < 100; ++i) {
        if (i == 95) tail.page(30);
        tail.add(i % 7, 480);
    }
    EXPECT_EQ(tail.blocks(), 90u);
    EXPECT_EQ(tail.censored_blocks(), 1u);
    tail.forget_page();
    EXPECT_EQ(tail.blocks(), 89u);
    EXPECT_EQ(tail.censored_blocks(), 0u);
    for (int i = 0; i < 500; ++i) tail.add(i % 7, 480);
    EXPECT_EQ(tail.blocks(), 90u);
}

TEST(Burst, FollowsThePrintedPath) {
    Burst burst;
    for (int m = 0; m < 2 * kDay; ++m) burst.tick(kMonday + 60 * m, 20, 60, 1);
    EXPECT_DIGITS(burst.log_level(), 4.606051);
    EXPECT_DIGITS(burst.expected(kMonday + 172800, 60), 19.987026);
    EXPECT_DIGITS(burst.spread(0), 0.282619);
    EXPECT_DIGITS(burst.score(), 0.010542);
    std::vector<std::pair<int, double>> const path{
        {1, 3.568841}, {2, 5.318468}, {5, 7.943602}, {10, 9.708909}, {60, 11.550560}};
    int m = 0;
    for (auto [minute, score] : path) {
        for (; m < minute; ++m) burst.tick(kMonday + 60 * (2 * kDay + m), 200, 60, 1);
        EXPECT_DIGITS(burst.score(), score) << minute;
    }
}

TEST(Burst, FindsTheCountThatWouldGiveAScore) {
    Burst burst;
    for (int m = 0; m < 2 * kDay; ++m) burst.tick(kMonday + 60 * m, 20, 60, 1);
    double const y = burst.count_for(3.568841, 20, 1);
    EXPECT_NEAR(y, 200, 4);
    EXPECT_NEAR(burst.count_for(3.568841, 20, 5000), 200, 4) << "from the other side";
    EXPECT_EQ(burst.count_for(0, 20, 1), 0) << "a score of 0 needs nothing";
}

struct Step {
    double rate, factor;
    int every;  // minutes
    int page;
    double severity, level;
};
// The name of the case, instead of its bytes.
void PrintTo(Step const& step, std::ostream* out) {
    *out << step.rate << " each " << step.every << " min, x" << step.factor;
}
class SurgeStep : public testing::TestWithParam<Step> {};

TEST_P(SurgeStep, PagesInThePrintedMinute) {
    Step const& p = GetParam();
    SurgeDetector detector{SurgeParams{}};
    int before = 0, page = -1;
    double severity = 0;
    WallTime onset{};
    for (int m = 0; m < 41 * kDay; ++m) {
        bool const after = m >= 40 * kDay;
        double const y = m % p.every == 0 ? p.rate * (after ? p.factor : 1) : 0;
        Verdict const v = detector.tick(minute_tick(m, y));
        if (v.transition != Transition::started) continue;
        if (!after) {
            ++before;
        } else if (page < 0) {
            page = m - 40 * kDay + 1;
            severity = detector.severity();
            onset = v.onset;
            EXPECT_GE(v.score, 0.5);
            EXPECT_TRUE(v.critical);
            EXPECT_GT(v.ratio, 1.2);
            double const week = std::log(7);
            EXPECT_NEAR(v.return_days, std::min(std::exp(week + (severity - week) / 1.2), 36500.0),
                        1e-6);
        }
    }
    EXPECT_EQ(before, 0);
    EXPECT_EQ(page, p.page);
    EXPECT_NEAR(severity, p.severity, 0.6e-4);
    EXPECT_EQ(minutes_since_monday(onset), 40 * kDay);
    EXPECT_DIGITS(detector.baseline().level(), p.level);
}
INSTANTIATE_TEST_SUITE_P(Vectors, SurgeStep,
                         testing::Values(Step{20, 5, 1, 1, 10.3656, 18.469640},
                                         Step{1, 5, 1, 2, 6.6777, 0.934116},
                                         Step{1, 10, 60, 1, 12.1536, 0.016032}));

TEST(Surge, FollowsThePseudoStream) {
    SurgeDetector detector{SurgeParams{}};
    int started = 0, grown = 0, ended = 0;
    for (int m = 0; m < 60 * kDay; ++m) {
        Verdict const v = detector.tick(minute_tick(m, pseudo(m)));
        started += v.transition == Transition::started;
        grown += v.transition == Transition::grown;
        ended += v.transition == Transition::ended;
        if (m == 10 * kDay - 1) {
            EXPECT_DIGITS(detector.burst().score(), 2.169732);
            EXPECT_DIGITS(detector.burst_rarity(), -1.116076);
            EXPECT_DIGITS(detector.sustained_rarity(), -0.323924);
            EXPECT_DIGITS(detector.burst_tail().fit().level, 3.997746);
            EXPECT_DIGITS(detector.burst_tail().fit().scale, 1.586207);
            EXPECT_DIGITS(detector.baseline().level(), 6.072333);
            EXPECT_DIGITS(detector.burst().log_level(), 3.731986);
            EXPECT_EQ(started, 0);
        }
    }
    EXPECT_DIGITS(detector.burst().score(), 1.650349);
    EXPECT_DIGITS(detector.burst_rarity(), 0.005547);
    EXPECT_DIGITS(detector.sustained_rarity(), -2.731611);
    EXPECT_DIGITS(detector.burst_tail().fit().level, 3.755413);
    EXPECT_DIGITS(detector.burst_tail().fit().scale, 2.719604);
    EXPECT_DIGITS(detector.baseline().level(), 6.069146);
    EXPECT_DIGITS(detector.burst().log_level(), 3.722887);
    EXPECT_EQ(started, 7);
    EXPECT_EQ(grown, 0);
    EXPECT_EQ(ended, 7);
}

TEST(Surge, TicksOfFifteenSecondsPageAfterThree) {
    SurgeDetector detector{SurgeParams{}};
    int page = -1;
    int const onset = 30 * 4 * kDay;
    for (int i = 0; i < onset + 240 && page < 0; ++i) {
        Tick const tick{WallTime{std::chrono::seconds{kMonday + 15 * std::int64_t{i}}}, 15s,
                        i < onset ? 250.0 : 2500.0, 1};
        if (detector.tick(tick).transition == Transition::started) page = i - onset + 1;
    }
    EXPECT_EQ(page, 3);
}

TEST(Surge, AnnouncedIsExpected) {
    SurgeDetector unaware{SurgeParams{}}, aware{SurgeParams{}};
    int pages_unaware = 0, pages_aware = 0;
    for (int m = 0; m < 20 * kDay; ++m) {
        double const times = m >= 15 * kDay && m < 15 * kDay + 240 ? 8 : 1;
        pages_unaware += unaware.tick(minute_tick(m, 20 * times)).transition == Transition::started;
        pages_aware +=
            aware.tick(minute_tick(m, 20 * times, times)).transition == Transition::started;
    }
    EXPECT_EQ(pages_unaware, 1);
    EXPECT_EQ(pages_aware, 0);
    EXPECT_DIGITS(unaware.baseline().level(), 18.481632);
    EXPECT_DIGITS(aware.baseline().level(), 18.481356);
}

TEST(Surge, AnnouncedButNotComeTeachesNothing) {
    SurgeDetector detector{SurgeParams{}};
    int pages = 0;
    for (int m = 0; m < 40 * kDay; ++m) {
        bool const announced = m >= 15 * kDay && m < 22 * kDay;  // a week of eight times the usual
        pages +=
            detector.tick(minute_tick(m, 20, announced ? 8 : 1)).transition == Transition::started;
        if (m == 22 * kDay) {
            EXPECT_NEAR(detector.burst().expected(kMonday + 60 * std::int64_t{m}, 60), 20, 0.5);
            EXPECT_NEAR(detector.baseline().level(), 18.48, 0.1);
        }
    }
    EXPECT_EQ(pages, 0);
}

TEST(Surge, SilenceNeverPages) {
    SurgeDetector detector{SurgeParams{}};
    int pages = 0;
    for (int m = 0; m < 30 * kDay; ++m)
        pages += detector.tick(minute_tick(m, 0)).transition == Transition::started;
    EXPECT_EQ(pages, 0);
    EXPECT_NEAR(detector.severity(), -1.3783, 0.6e-4);
    EXPECT_NEAR(detector.baseline().level(), 1.28e-7, 0.006e-7);
}

TEST(Surge, RestoredIsTheSame) {
    SurgeDetector one{SurgeParams{}}, two{SurgeParams{}};
    Verdict a, b;
    for (int m = 0; m < 20000; ++m) {
        a = one.tick(minute_tick(m, pseudo(m)));
        if (m == 10000) {
            ASSERT_TRUE(two.restore(one.save()));
        }
        if (m > 10000) b = two.tick(minute_tick(m, pseudo(m)));
    }
    EXPECT_DIGITS(one.severity(), 0.940433);
    EXPECT_EQ(one.save(), two.save());
    EXPECT_EQ(a.score, b.score);
    EXPECT_EQ(a.upper, b.upper);
}

TEST(Surge, RefusesAForeignBlob) {
    SurgeDetector detector{SurgeParams{}};
    for (int m = 0; m < 100; ++m) detector.tick(minute_tick(m, 3));
    std::string const blob = detector.save();
    EXPECT_FALSE(detector.restore(""));
    EXPECT_FALSE(detector.restore(blob.substr(0, blob.size() - 1)));
    EXPECT_FALSE(detector.restore(blob + "x"));
    std::string other = blob;
    other[4] = 'S';  // the kind
    EXPECT_FALSE(detector.restore(other));
    EXPECT_EQ(detector.save(), blob) << "a refused blob changes nothing";
}

TEST(Surge, StateIsFixedAndSmall) {
    EXPECT_LE(SurgeDetector{SurgeParams{}}.state_bytes(), 11000u);
    EXPECT_LE(SurgeDetector{SurgeParams{}}.save().size(), 11000u);
}

}  // namespace
}  // namespace surged
