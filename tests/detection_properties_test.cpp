// What must hold of the default detector whatever the stream: checked on seeded random streams.
#include "detectors/surge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 2}};
constexpr int kDay = 1440;

WallTime at(int minute) {
    return kStart + minute * 1min;
}

// Over-dispersed counts with cascades: a minute in four hundred is followed by twenty rich ones.
class Noise {
public:
    Noise(unsigned seed, double rate) : random_(seed), rate_(rate) {}
    double operator()() {
        if (random_() % 400 == 0) cascade_ = 20;
        double const mean = rate_ * gamma_(random_) * (cascade_-- > 0 ? 6 : 1);
        return std::poisson_distribution<int>(mean)(random_);
    }
    std::mt19937& random() { return random_; }

private:
    std::mt19937 random_;
    std::gamma_distribution<double> gamma_{2, 0.5};
    double rate_;
    int cascade_ = 0;
};

SurgeParams budget(double pages, std::chrono::seconds per) {
    return {.false_pages = pages, .per = per};
}

TEST(Property, FewerMentionsInTheLastTicksNeverRaiseSeverity) {
    int compared = 0, lower = 0;
    for (unsigned seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Noise noise(seed, std::vector{0.05, 1.0, 30.0}[seed % 3]);
        SurgeDetector detector{SurgeParams{}};
        for (int m = 0; m < 6 * kDay; ++m) {
            if (m > kDay && m % 97 == 0) {
                SurgeDetector full = detector, part = detector;
                Noise ahead = noise;
                double const boost = 1 + double(noise.random()() % 30);
                for (int i = 0; i < 10; ++i) {
                    double const n = std::round(ahead() * boost);
                    double const fewer = double(noise.random()() % (unsigned(n) + 1));
                    Verdict const a = full.tick({at(m + i), 60s, n, 1});
                    Verdict const b = part.tick({at(m + i), 60s, fewer, 1});
                    ++compared;
                    lower += part.severity() < full.severity();
                    ASSERT_LE(part.severity(), full.severity());
                    ASSERT_LE(b.score, a.score + 1e-6) << "but for the tie";
                }
            }
            detector.tick({at(m), 60s, noise(), 1});
        }
    }
    EXPECT_GT(compared, 4000);
    EXPECT_GT(lower, compared / 2) << "the comparison must be able to fail";
}

TEST(Property, ScoreGrowsStrictlyWithTheCountAndCrossesHalfAtTheBudget) {
    Noise noise(3, 2);
    SurgeDetector detector{SurgeParams{}};
    for (int m = 0; m < 10 * kDay; ++m) {
        if (m % 1009 == 500) {
            double last = -1;
            for (double n = 0; n < 1e7; n = n * 1.3 + 1) {
                SurgeDetector copy = detector;
                Verdict const v = copy.tick({at(m), 60s, std::floor(n), 1});
                ASSERT_GT(v.score, last) << n;
                ASSERT_LT(v.score, 1) << n;
                ASSERT_EQ(v.score >= 0.5, copy.severity() >= copy.due()) << n;
                ASSERT_EQ(v.critical, copy.severity() >= std::log(7) + 1.2 * std::log(10)) << n;
                last = v.score;
            }
        }
        detector.tick({at(m), 60s, noise(), 1});
    }
}

TEST(Property, NewsIsHalfExactlyWhenThereIsSomethingToTell) {
    int told = 0;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Noise noise(seed, 1);
        SurgeDetector detector{budget(1, 24h)};
        for (int m = 0; m < 30 * kDay; ++m) {
            bool const surge = m % (5 * kDay) > 4 * kDay && m % (5 * kDay) < 4 * kDay + 300;
            Verdict const v = detector.tick({at(m), 60s, noise() * (surge ? 8 : 1), 1});
            bool const tells =
                v.transition == Transition::started || v.transition == Transition::grown;
            ASSERT_EQ(v.news >= 0.5, tells) << m;
            told += tells;
        }
    }
    EXPECT_GT(told, 20);
}

TEST(Property, ABudgetETimesLargerLowersTheLineByOne) {
    double const one = SurgeDetector{budget(1, 24h * 30)}.threshold();
    EXPECT_NEAR(one, std::log(30), 1e-12);
    EXPECT_NEAR(SurgeDetector{budget(std::exp(1), 24h * 30)}.threshold(), one - 1, 1e-12);
    EXPECT_NEAR(SurgeDetector{budget(3, 24h * 90)}.threshold(), one, 1e-12);
}

TEST(Property, WhatIsRarerThanAWeekIsAskedForAFifthMore) {
    EXPECT_NEAR(SurgeDetector{budget(1, 24h)}.due(), 0, 1e-12);
    EXPECT_NEAR(SurgeDetector{budget(1, 24h * 7)}.due(), 1.945910, 1e-6);
    EXPECT_NEAR(SurgeDetector{budget(1, 24h * 30)}.due(), 1.945910 + 1.2 * 1.455287, 1e-6);
}

TEST(Property, TheBandIsWhereTheBurstChannelPages) {
    Noise noise(5, 10);
    SurgeDetector detector{SurgeParams{}};
    int checked = 0;
    for (int m = 0; m < 15 * kDay; ++m) {
        SurgeDetector const before = detector;
        double const n = noise();
        Verdict const v = detector.tick({at(m), 60s, n, 1});
        if (m < 2 * kDay || m % 101 != 0 || v.surging || v.upper <= v.expected) continue;
        ++checked;
        for (double side : {0.9, 1.1}) {
            SurgeDetector copy = before;
            copy.tick({at(m), 60s, v.upper * side, 1});
            EXPECT_EQ(copy.burst_rarity() >= copy.due(), side > 1) << m << " " << v.upper;
        }
    }
    EXPECT_GT(checked, 50);
}

TEST(Property, APageAddsExactlyOneCensoredBlock) {
    SurgeDetector detector{SurgeParams{}};
    auto const ordinary = [](int m) { return double(10 + m * 7919 % 7); };
    int m = 0;
    for (; m < 20 * kDay; ++m) detector.tick({at(m), 60s, ordinary(m), 1});
    EXPECT_EQ(detector.burst_tail().censored_blocks(), 0u);
    std::size_t const blocks = detector.burst_tail().blocks();
    int pages = 0, ends = 0;
    for (int i = 0; i < 20 * kDay; ++i, ++m) {  // a day of surge, nineteen of rest
        double const n = ordinary(m) * (i < kDay ? 15 : 1);
        Verdict const v = detector.tick({at(m), 60s, n, 1});
        pages += v.transition == Transition::started;
        ends += v.transition == Transition::ended;
    }
    EXPECT_EQ(pages, 1);
    EXPECT_EQ(ends, 1);
    EXPECT_EQ(detector.burst_tail().censored_blocks(), 1u);
    // Armed again 24 h after it was told last and when it is over: its own day is not in there.
    EXPECT_GE(detector.burst_tail().blocks(), blocks + 3 * 17);
    EXPECT_LE(detector.burst_tail().blocks(), blocks + 3 * 19);

    // A second surge, and the operator's word long after: real takes the last page out of the
    // calibration, once; anything else keeps it.
    for (int i = 0; i < 5 * kDay; ++i, ++m)
        detector.tick({at(m), 60s, ordinary(m) * (i < 200 ? 30 : 1), 1});
    EXPECT_EQ(detector.burst_tail().censored_blocks(), 2u);
    SurgeDetector kept = detector;
    kept.operator_verdict(false);
    kept.operator_verdict(true);
    EXPECT_EQ(kept.burst_tail().censored_blocks(), 2u) << "the first word stands";
    std::size_t const all = detector.burst_tail().blocks();
    detector.operator_verdict(true);
    EXPECT_EQ(detector.burst_tail().censored_blocks(), 1u);
    EXPECT_EQ(detector.burst_tail().blocks(), all - 1);
    detector.operator_verdict(true);
    EXPECT_EQ(detector.burst_tail().censored_blocks(), 1u);
}

TEST(Property, NeitherAPageNorAnnouncedTimeIsCalibrated) {
    SurgeDetector open{SurgeParams{}}, announced{SurgeParams{}};
    int m = 0;
    for (; m < 10 * kDay; ++m)
        for (auto* d : {&open, &announced}) d->tick({at(m), 60s, 10.0 + m * 7919 % 7, 1});
    std::size_t const burst = open.burst_tail().blocks();
    std::size_t const sustained = open.sustained().tail().blocks();
    for (int i = 0; i < 2 * kDay; ++i, ++m) {
        double const n = (10 + m * 7919 % 7) * 12;
        open.tick({at(m), 60s, n, 1});
        announced.tick({at(m), 60s, n, 12});
    }
    EXPECT_EQ(open.burst_tail().blocks(), burst);
    EXPECT_EQ(open.sustained().tail().blocks(), sustained);
    EXPECT_EQ(announced.burst_tail().blocks(), burst);
    EXPECT_EQ(announced.sustained().tail().blocks(), sustained);
    EXPECT_EQ(announced.burst_tail().censored_blocks(), 0u);
}

TEST(Property, APageAdoptedIsCalibratedOnce) {
    SurgeDetector committed{SurgeParams{}};
    int m = 0;
    for (; m < 20 * kDay; ++m) committed.tick({at(m), 60s, 10.0 + m * 7919 % 7, 1});
    SurgeDetector ahead = committed;
    ASSERT_EQ(ahead.tick({at(m), 60s, 2000, 1}).transition, Transition::started);
    ASSERT_EQ(committed.tick({at(m), 60s, 12, 1}).transition, Transition::none);
    EXPECT_TRUE(committed.adopt(ahead));
    EXPECT_TRUE(committed.adopt(ahead)) << "once more changes nothing";
    EXPECT_EQ(committed.burst_tail().censored_blocks(), 1u);
    int ends = 0, pages = 0;
    for (int i = 1; i < 10 * kDay; ++i) {
        Verdict const v = committed.tick({at(m + i), 60s, 10.0 + i * 7919 % 7, 1});
        if (i == 1) {
            EXPECT_TRUE(v.surging);
            EXPECT_EQ(v.onset, at(m));
        }
        pages += v.transition == Transition::started;
        ends += v.transition == Transition::ended;
    }
    EXPECT_EQ(pages, 0);
    EXPECT_EQ(ends, 1);
    EXPECT_EQ(committed.burst_tail().censored_blocks(), 1u);
}

// Property 7 of the specification: a surge of a day moves the level by less than a fifth before a
// page is open, and not at all while one is.
TEST(Property, ASurgeDoesNotTeachItself) {
    Baseline free(0.1), frozen(0.1);
    int m = 0;
    std::int64_t const t0 = 1772409600;
    for (; m < 40 * kDay; ++m)
        for (Baseline* b : {&free, &frozen}) b->minute(t0 + 60 * m, 10, 1);
    double const before = free.level();
    frozen.freeze(true);
    for (int i = 0; i < kDay; ++i, ++m) {
        free.minute(t0 + 60 * m, 100, 1);
        frozen.minute(t0 + 60 * m, 100, 1);
    }
    EXPECT_GT(free.level(), before * 1.05);
    EXPECT_LT(free.level(), before * 1.20);
    EXPECT_NEAR(frozen.level(), before, before * 1e-4);
}

TEST(Property, NewNormalAfterThreeDays) {
    SurgeDetector detector{SurgeParams{}};
    int started = -1, normal = -1, later = 0;
    for (int m = 0; m < 60 * kDay; ++m) {
        double const n = (10 + m * 7919 % 7) * (m >= 20 * kDay ? 5 : 1);
        Verdict const v = detector.tick({at(m), 60s, n, 1});
        if (v.transition == Transition::started && started < 0) {
            started = m;
        } else if (v.transition == Transition::new_normal) {
            normal = m;
            EXPECT_FALSE(v.surging);
        } else if (normal >= 0 && m > normal + 14 * kDay) {
            later += v.transition == Transition::started;
        }
    }
    EXPECT_NEAR(started, 20 * kDay, 5);
    ASSERT_GT(normal, 0);
    EXPECT_NEAR(normal - started, 72 * 60, 2);
    EXPECT_EQ(later, 0) << "the new level is usual by then";
}

TEST(Property, TooFewMentionsNeverPage) {
    for (double floor : {0.0, 200.0}) {
        SurgeParams params;
        params.min_mentions = floor;
        SurgeDetector detector{params};
        int pages = 0;
        for (int m = 0; m < 12 * kDay; ++m) {
            bool const surge = m > 10 * kDay && m < 10 * kDay + 60;
            Verdict const v = detector.tick({at(m), 60s, m % 60 == 0 || surge ? 1.0 : 0.0, 1});
            pages += v.transition == Transition::started;
        }
        EXPECT_EQ(pages, floor == 0 ? 1 : 0);
    }
}

TEST(Property, CoarseTicksDecideLikeFineOnes) {
    for (std::chrono::seconds length : {300s, 900s, 3600s, 14400s, 86400s}) {
        SCOPED_TRACE(length.count());
        SurgeDetector detector{SurgeParams{}};
        int const ticks = int(60 * 86400 / length.count());
        int const onset = ticks / 2;
        int before = 0, delay = -1;
        for (int i = 0; i < ticks && delay < 0; ++i) {
            double const usual = 20 * double(length.count()) / 60 * (1 + 0.1 * std::sin(i));
            Verdict const v =
                detector.tick({kStart + i * length, length, usual * (i >= onset ? 10 : 1), 1});
            if (i > 20) {
                EXPECT_NEAR(v.expected / usual, 1, 0.6) << i;
            }
            if (v.transition != Transition::started) continue;
            if (i < onset) ++before;
            if (i >= onset) delay = i - onset;
        }
        EXPECT_EQ(before, 0);
        EXPECT_GE(delay, 0);
        EXPECT_LE(delay, length <= 3600s ? 0 : 1);
    }
}

}  // namespace
}  // namespace surged
