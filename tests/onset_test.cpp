// When a surge began: the ring of recent counts and the estimate made from it.
#include "detectors/onset.h"

#include "detectors/archive.h"
#include "detectors/surge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr std::int64_t kMonday = 1736121600;  // 2025-01-06 00:00:00 UTC
constexpr int kDay = 1440;

WallTime at(std::int64_t minute) {
    return WallTime{std::chrono::seconds{kMonday + 60 * minute}};
}

std::vector<RecentPoint> points_of(RecentCounts const& recent) {
    std::array<RecentPoint, RecentCounts::kPoints> out;
    std::size_t const n = recent.read(out);
    return {out.begin(), out.begin() + std::ptrdiff_t(n)};
}

TEST(RecentCounts, KeepsMinutesThenBlocks) {
    RecentCounts recent;
    // Three days and seven minutes, so that the newest blocks of 5 and of 15 are not whole.
    int const minutes = 3 * kDay + 7;
    for (int m = 0; m < minutes; ++m) recent.add(kMonday + 60 * m, m % 1000, 8);
    auto const points = points_of(recent);
    double total = 0, expected = 0;
    std::int64_t end = points.front().start;
    int fine = 0, middle = 0, coarse = 0;
    for (RecentPoint const& p : points) {
        EXPECT_EQ(p.start, end) << "no gap, nothing twice";
        end = p.start + p.length;
        total += double(p.count);
        expected += double(p.expected);
        fine += p.length == 60;
        middle += p.length == 300;
        coarse += p.length == 900;
        if (p.length == 60) {
            EXPECT_EQ(int(p.count), (p.start - kMonday) / 60 % 1000) << "exact below 2048";
        }
    }
    EXPECT_EQ(end, kMonday + 60 * minutes);
    EXPECT_EQ(fine, 237);    // from the first multiple of 5 among the newest 240
    EXPECT_EQ(middle, 95);   // from the first quarter of an hour that is whole in 12 h
    EXPECT_EQ(coarse, 144);  // from the first one that is whole in 48 h
    double want = 0;
    for (int m = int((points.front().start - kMonday) / 60); m < minutes; ++m) want += m % 1000;
    EXPECT_NEAR(total / want, 1, 1e-3);
    EXPECT_NEAR(expected / (8.0 * double(end - points.front().start) / 60), 1, 0.06);
}

TEST(RecentCounts, WhatWasNotToldIsUnknown) {
    RecentCounts recent;
    for (int m = 0; m < 600; ++m)
        if (m < 500 || m >= 530) recent.add(kMonday + 60 * m, 3, 3);
    for (RecentPoint const& p : points_of(recent)) {
        EXPECT_EQ(double(p.count), 3.0 * p.length / 60);
        EXPECT_FALSE(p.start >= kMonday + 60 * 500 && p.start < kMonday + 60 * 530);
    }
    // Older than two days: nothing of before is left.
    recent.add(kMonday + 60 * (600 + 3 * kDay), 5, 3);
    EXPECT_EQ(points_of(recent).size(), 1u);
    recent.add(kMonday, 5, 3);  // time ran backwards
    EXPECT_EQ(points_of(recent).size(), 1u);
}

TEST(RecentCounts, HoldsLargeAndSmall) {
    RecentCounts recent;
    std::vector<double> const counts{0, 0.2, 1, 2047, 600'000, 1e12};
    for (std::size_t i = 0; i < counts.size(); ++i)
        recent.add(kMonday + 60 * std::int64_t(i), counts[i], 1e-5);
    auto const points = points_of(recent);
    ASSERT_EQ(points.size(), counts.size());
    for (std::size_t i = 0; i + 1 < counts.size(); ++i)
        EXPECT_NEAR(double(points[i].count), counts[i], counts[i] / 2048) << i;
    EXPECT_NEAR(double(points.back().count), 1.6e7, 2e6) << "the largest there is";
    EXPECT_NEAR(double(points[0].expected) / 1e-5, 1, 0.06);
}

// A stream of exactly `usual` a minute whose last `counts` are given.
std::vector<RecentPoint> series(double usual, int before, std::vector<double> const& counts) {
    std::vector<RecentPoint> out;
    for (int i = 0; i < before + int(counts.size()); ++i)
        out.push_back({kMonday + 60 * i, 60,
                       float(i < before ? usual : counts[std::size_t(i - before)]), float(usual)});
    return out;
}
Onset onset_of(std::vector<RecentPoint> const& p, std::int64_t not_before = 0) {
    return estimate_onset(p.data(), p.size(), {0.05, 0.05}, not_before, p.back().start);
}

TEST(Onset, OfAStepIsItsFirstMinute) {
    for (int length : {1, 10, 100}) {
        SCOPED_TRACE(length);
        Onset const o = onset_of(series(20, 120, std::vector<double>(std::size_t(length), 100)));
        ASSERT_TRUE(o.found);
        EXPECT_EQ(o.at, kMonday + 60 * 120);
        EXPECT_LE(o.from, o.at);
        EXPECT_GE(o.until, o.at);
        EXPECT_LE(o.until - o.from, 60 * 6) << "no doubt here";
    }
}

TEST(Onset, OfNothingIsNone) {
    EXPECT_FALSE(onset_of(series(20, 100, {})).found);
    EXPECT_FALSE(onset_of(series(20, 100, {12, 3, 0, 0})).found);
    EXPECT_FALSE(estimate_onset(nullptr, 0, {0.1, 0.1}, 0, kMonday).found);
}

TEST(Onset, IsNotTheSpikeThatWasOverBefore) {
    std::vector<double> counts(200, 20);
    std::fill(counts.begin() + 10, counts.begin() + 14, 400);  // a cascade of four minutes
    std::fill(counts.begin() + 180, counts.end(), 100);
    Onset const o = onset_of(series(20, 120, counts));
    EXPECT_EQ(o.at, kMonday + 60 * 300);
    EXPECT_GT(o.from, kMonday + 60 * 290);
}

TEST(Onset, OfARampIsWhereTheRiseBegins) {
    std::vector<double> counts;
    for (int m = 0; m < 150; ++m) counts.push_back(20 * (1 + 0.25 * std::exp2(m / 30.0)));
    Onset const o = onset_of(series(20, 120, counts));
    // A single step would lie where the rate crosses three times the usual, minute 90; the stairs
    // lead down to where it is half as much again, minute 30.
    EXPECT_GE(o.at, kMonday + 60 * 120);
    EXPECT_LE(o.at, kMonday + 60 * (120 + 35));
    EXPECT_LE(o.from, o.at);
}

TEST(Onset, LiesWithinWhatItMay) {
    auto const p = series(20, 120, std::vector<double>(100, 100));
    EXPECT_EQ(onset_of(p, kMonday + 60 * 150).at, kMonday + 60 * 150);
    Onset const o = estimate_onset(p.data(), p.size(), {0.05, 0.05}, 0, kMonday + 60 * 110);
    EXPECT_EQ(o.at, kMonday + 60 * 110) << "never after the page";
    EXPECT_EQ(o.until, o.at);
}

// Noise of a kind that the estimator does not assume: Poisson around a rate that wanders.
struct Stream {
    std::mt19937_64 random;
    double rate, wander = 0;
    double next(double times) {
        std::normal_distribution<double> step(0, 0.25 * std::sqrt(1 - 0.95 * 0.95));
        wander = 0.95 * wander + step(random);
        return double(std::poisson_distribution<int>(rate * times * std::exp(wander))(random));
    }
};

// The aim: half of all steps of x3 and more on streams of a mention a minute and more are dated to
// within ten minutes at the moment of the page.
TEST(Onset, OfStepsIsRightToTenMinutesInTheMedian) {
    for (double rate : {1.0, 30.0}) {
        for (double times : {3.0, 5.0, 10.0}) {
            SCOPED_TRACE(std::to_string(rate) + " a minute, x" + std::to_string(times));
            std::vector<double> error;
            int covered = 0;
            for (unsigned seed = 1; seed <= 4; ++seed) {
                Stream stream{std::mt19937_64(seed * 1000 + unsigned(rate)), rate};
                SurgeDetector usual{SurgeParams{}};
                int m = 0;
                for (; m < 14 * kDay; ++m) usual.tick({at(m), 60s, stream.next(1), 1});
                for (int k = 0; k < 5; ++k) {
                    for (int i = 0; i < 500; ++i, ++m) usual.tick({at(m), 60s, stream.next(1), 1});
                    SurgeDetector detector = usual;
                    Stream surge = stream;
                    for (int i = 0; i < 600; ++i) {
                        Verdict const v = detector.tick({at(m + i), 60s, surge.next(times), 1});
                        if (v.transition != Transition::started) continue;
                        error.push_back(std::fabs(double((v.onset - at(m)) / 1min)));
                        covered += v.onset_from <= at(m) && at(m) <= v.onset_until;
                        EXPECT_LE(v.onset_from, v.onset);
                        EXPECT_LE(v.onset, v.onset_until);
                        EXPECT_LE(v.onset_until, at(m + i));
                        break;
                    }
                }
            }
            ASSERT_GE(error.size(), 12u) << "too few were found to judge";
            std::sort(error.begin(), error.end());
            EXPECT_LE(error[error.size() / 2], 5);
            EXPECT_GE(covered, int(error.size() * 6 / 10));
        }
    }
}

TEST(Onset, IsRefinedWhileTheSurgeGrowsAndDecidesNothing) {
    Stream stream{std::mt19937_64(7), 5};
    SurgeDetector detector{SurgeParams{}};
    int m = 0, started = 0, grown = 0;
    for (; m < 14 * kDay; ++m) detector.tick({at(m), 60s, stream.next(1), 1});
    WallTime first{}, last{};
    for (int i = 0; i < 400; ++i) {  // a ramp that ends at thirty times the usual
        double const times = 1 + std::min(29.0, 0.25 * std::exp2(i / 20.0));
        Verdict const v = detector.tick({at(m + i), 60s, stream.next(times), 1});
        if (v.transition == Transition::started && started++ == 0) first = v.onset;
        grown += v.transition == Transition::grown;
        if (v.surging) last = v.onset;
    }
    EXPECT_EQ(started, 1);
    EXPECT_GE(grown, 1);
    EXPECT_LE(first, at(m + 120));
    EXPECT_NE(first, last) << "what followed changed nothing: nothing was refined";
    EXPECT_LE(last, at(m + 120));
}

TEST(Onset, OfCoarseCountsIsTheStartOfARow) {
    for (std::chrono::seconds length : {300s, 3600s}) {
        SCOPED_TRACE(length.count());
        SurgeDetector detector{SurgeParams{}};
        int const rows = int(30 * 86400 / length.count()), from = rows - 20;
        bool paged = false;
        for (int i = 0; i < rows && !paged; ++i) {
            double const count = (100 + i * 7919 % 41) * (i >= from ? 8.0 : 1.0);
            Verdict const v = detector.tick({at(0) + i * length, length, count, 1});
            paged = v.transition == Transition::started;
            if (paged) {
                EXPECT_EQ(v.onset, at(0) + from * length);
            }
        }
        EXPECT_TRUE(paged);
    }
}

TEST(Onset, OfTicksOfFifteenSecondsIsItsMinute) {
    SurgeDetector detector{SurgeParams{}};
    int const onset = 30 * 4 * kDay;
    bool paged = false;
    for (int i = 0; i < onset + 40 && !paged; ++i) {
        WallTime const t{std::chrono::seconds{kMonday + 15 * std::int64_t{i}}};
        Verdict const v = detector.tick({t, 15s, i < onset ? 250.0 : 2500.0, 1});
        paged = v.transition == Transition::started;
        if (paged) {
            EXPECT_LT(i, onset + 4) << "inside the first minute";
            EXPECT_EQ(v.onset, at(30 * kDay));
        }
    }
    EXPECT_TRUE(paged);
}

TEST(Onset, ReadsWhatWasSavedWithoutIt) {
    SurgeDetector one{SurgeParams{}};
    for (int m = 0; m < 9 * kDay; ++m) one.tick({at(m), 60s, 5.0 + m * 7919 % 7, 1});
    for (int m = 0; m < 30; ++m) one.tick({at(9 * kDay + m), 60s, 100, 1});
    std::string const blob = one.save();
    SurgeDetector two{SurgeParams{}};
    ASSERT_TRUE(two.restore(blob));
    EXPECT_EQ(two.save(), blob);
    // As the version before wrote it: no recent counts and no interval at the end, number 1.
    std::string old = blob.substr(0, blob.size() - to_blob(RecentCounts()).size() - 24);
    ASSERT_EQ(old[9], 2) << "version";
    old[9] = 1;
    SurgeDetector three{SurgeParams{}};
    ASSERT_TRUE(three.restore(old));
    Verdict const a = one.tick({at(9 * kDay + 30), 60s, 100, 1});
    Verdict const b = three.tick({at(9 * kDay + 30), 60s, 100, 1});
    EXPECT_TRUE(b.surging);
    EXPECT_EQ(a.onset, b.onset);
    EXPECT_EQ(a.score, b.score);
    old[9] = 3;
    EXPECT_FALSE(three.restore(old)) << "from the future";
}

// The two ends of what a stream can be.
TEST(Extremes, AMentionInFourDays) {
    std::mt19937_64 random(3);
    std::poisson_distribution<int> mentions(0.01 / 60);
    SurgeDetector detector{SurgeParams{}};
    int m = 0, pages = 0, seen = 0;
    for (; m < 60 * kDay; ++m) {
        int const n = mentions(random);
        seen += n;
        Verdict const v = detector.tick({at(m), 60s, double(n), 1});
        pages += v.transition == Transition::started;
        ASSERT_TRUE(v.score >= 0 && v.score < 1 && std::isfinite(v.upper) && v.expected >= 0) << m;
    }
    EXPECT_GE(seen, 8) << "a stream that is not empty";
    EXPECT_LE(pages, 8) << "the budget is one a week";
    int paged = -1;
    for (int i = 0; i < 60 && paged < 0; ++i) {  // one a minute
        Verdict const v = detector.tick({at(m + i), 60s, 1, 1});
        if (v.transition != Transition::started) continue;
        paged = i;
        EXPECT_EQ(v.onset, at(m));
        EXPECT_TRUE(std::isfinite(v.ratio));
    }
    EXPECT_GE(paged, 0);
    EXPECT_LE(paged, 15);
}

TEST(Extremes, TenThousandASecond) {
    Stream stream{std::mt19937_64(4), 600'000};
    SurgeDetector detector{SurgeParams{}};
    int m = 0, pages = 0;
    for (; m < 40 * kDay; ++m) {
        Verdict const v = detector.tick({at(m), 60s, stream.next(1), 1});
        pages += v.transition == Transition::started;
        ASSERT_TRUE(v.score >= 0 && v.score < 1 && std::isfinite(v.upper)) << m;
    }
    EXPECT_LE(pages, 8) << "the budget is one a week";
    int paged = -1;
    for (int i = 0; i < 120 && paged < 0; ++i) {
        Verdict const v = detector.tick({at(m + i), 60s, stream.next(8), 1});
        if (v.transition != Transition::started) continue;
        paged = i;
        EXPECT_NEAR(double((v.onset - at(m)) / 1min), 0, 5);
    }
    EXPECT_GE(paged, 0);
    EXPECT_LE(paged, 30);
}

TEST(Onset, StateIsSmall) {
    EXPECT_LE(sizeof(RecentCounts), 1500u);
    EXPECT_LE(SurgeDetector{SurgeParams{}}.state_bytes(), 11'000u);
}

}  // namespace
}  // namespace surged
