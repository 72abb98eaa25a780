// The rules that users know: at least N in a window, at least N times the average.
#include "detectors/detectors.h"

#include <gtest/gtest.h>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 2}};

DetectorSpec threshold(std::chrono::seconds window, double at_least) {
    DetectorSpec spec;
    spec.type = "threshold";
    spec.threshold = {window, at_least};
    return spec;
}
DetectorSpec ratio(RatioParams params) {
    DetectorSpec spec;
    spec.type = "ratio";
    spec.ratio = params;
    return spec;
}

struct Feed {
    std::unique_ptr<Detector> detector;
    WallTime now = kStart;
    Verdict operator()(double count, std::chrono::seconds length = 60s, double multiplier = 1) {
        Verdict const v = detector->tick({now, length, count, multiplier});
        now += length;
        return v;
    }
};

TEST(Table, KnowsItsKinds) {
    DetectorSpec spec;
    EXPECT_NE(make_detector(spec), nullptr);
    spec.type = "unanswered";
    EXPECT_EQ(make_detector(spec), nullptr);
}

TEST(Threshold, SlidesOverWholeMinutes) {
    Feed feed{make_detector(threshold(5min, 10))};
    for (double count : {3, 3, 3}) EXPECT_FALSE(feed(count).surging);
    Verdict v = feed(1);
    EXPECT_EQ(v.transition, Transition::started);
    EXPECT_EQ(v.kind, SurgeKind::rule);
    EXPECT_EQ(v.surge_observed, 10);
    EXPECT_EQ(v.window, 5min);
    EXPECT_EQ(v.onset, kStart);
    EXPECT_DOUBLE_EQ(v.score, 0.5);
    EXPECT_EQ(v.upper, 1);
    v = feed(0);
    EXPECT_TRUE(v.surging);
    EXPECT_EQ(v.surge_observed, 10);
    EXPECT_EQ(feed(0).surge_observed, 7) << "the first three have left";
}

TEST(Threshold, EndsWhenBelowForAWindow) {
    Feed feed{make_detector(threshold(5min, 10))};
    EXPECT_EQ(feed(12).transition, Transition::started);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(feed(0).transition, Transition::none);
    // The sixth minute is the first below; one more mention above in between starts anew.
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(feed(0).surging);
    EXPECT_EQ(feed(10).transition, Transition::none);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(feed(0).surging);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(feed(0).surging) << i;
    EXPECT_EQ(feed(0).transition, Transition::ended);
    EXPECT_FALSE(feed(0).surging);
    EXPECT_EQ(feed(10).transition, Transition::started) << "armed again at once";
}

TEST(Threshold, GrowsWhenTwiceAsStrong) {
    Feed feed{make_detector(threshold(5min, 10))};
    EXPECT_EQ(feed(12).transition, Transition::started);
    EXPECT_EQ(feed(11).transition, Transition::none);
    Verdict const v = feed(1);
    EXPECT_EQ(v.transition, Transition::grown);
    EXPECT_EQ(v.surge_observed, 24);
    EXPECT_GE(v.news, 0.5);
    EXPECT_LT(feed(1).news, 0.5);
}

TEST(Threshold, ScoreGrowsStrictly) {
    double last = -1;
    for (double count : {0.0, 1.0, 5.0, 9.0, 10.0, 11.0, 1e3, 1e6}) {
        Feed feed{make_detector(threshold(5min, 10))};
        Verdict const v = feed(count);
        EXPECT_GT(v.score, last) << count;
        EXPECT_LT(v.score, 1);
        EXPECT_EQ(v.score >= 0.5, v.surging) << count;
        last = v.score;
    }
}

TEST(Threshold, AGapHoldsNothing) {
    Feed feed{make_detector(threshold(5min, 10))};
    EXPECT_FALSE(feed(9).surging);
    feed.now += 10min;
    EXPECT_FALSE(feed(9).surging);
    feed.now += 3min;
    EXPECT_TRUE(feed(1).surging) << "both are in the last five minutes";
}

TEST(Threshold, CoarseCountsAreSpread) {
    Feed feed{make_detector(threshold(5min, 10))};
    EXPECT_FALSE(feed(119, 1h).surging) << "119 an hour need not hold ten in any five minutes";
    EXPECT_TRUE(feed(120, 1h).surging);
    Feed finer{make_detector(threshold(5min, 10))};
    EXPECT_TRUE(finer(10, 15s).surging);
}

TEST(Ratio, ComparesTheWindowWithTheTimeBeforeIt) {
    Feed feed{make_detector(ratio({1h, 24h, 3, 20}))};
    Verdict v;
    for (int m = 0; m < 25 * 60; ++m) {
        v = feed(1);
        EXPECT_FALSE(v.surging);
    }
    EXPECT_FALSE(v.learning);
    EXPECT_DOUBLE_EQ(v.expected, 1);
    EXPECT_DOUBLE_EQ(v.score, 0.25) << "60 against a line of 180";
    int minutes = 0;
    do {
        v = feed(10);
        ++minutes;
    } while (!v.surging && minutes < 60);
    EXPECT_EQ(minutes, 14) << "46 ordinary minutes and 14 of ten are the first 180 or more";
    EXPECT_EQ(v.transition, Transition::started);
    EXPECT_DOUBLE_EQ(v.surge_observed, 186);
    EXPECT_DOUBLE_EQ(v.surge_expected, 60);
    EXPECT_DOUBLE_EQ(v.ratio, 3.1);
    EXPECT_EQ(v.window, 1h);
    int until_end = 0;
    do {
        v = feed(1);
        ++until_end;
    } while (v.surging && until_end < 1000);
    EXPECT_GE(until_end, 60);
    EXPECT_LE(until_end, 120);
}

TEST(Ratio, LearnsFirst) {
    Feed feed{make_detector(ratio({10min, 24h, 3, 1}))};
    for (int m = 0; m < 12 * 60; ++m) feed(1);
    Verdict const v = feed(1000);
    EXPECT_TRUE(v.learning);
    EXPECT_FALSE(v.surging);
    EXPECT_LT(v.score, 0.5);
}

TEST(Ratio, FewMentionsAreNone) {
    Feed feed{make_detector(ratio({1h, 24h, 3, 20}))};
    for (int m = 0; m < 26 * 60; ++m) feed(0);
    EXPECT_FALSE(feed(19).surging) << "infinitely more than nothing";
    EXPECT_TRUE(feed(1).surging);
}

TEST(Ratio, AnnouncedRaisesTheLine) {
    for (double multiplier : {1.0, 5.0}) {
        Feed feed{make_detector(ratio({1h, 24h, 3, 20}))};
        for (int m = 0; m < 26 * 60; ++m) feed(1);
        bool surging = false;
        for (int m = 0; m < 60; ++m) surging = surging || feed(10, 60s, multiplier).surging;
        EXPECT_EQ(surging, multiplier == 1.0);
    }
}

TEST(Ratio, TheReferenceForgets) {
    Feed feed{make_detector(ratio({1h, 24h * 7, 3, 20}))};
    for (int m = 0; m < 8 * 1440; ++m) feed(1);
    for (int m = 0; m < 8 * 1440; ++m) feed(2);
    EXPECT_NEAR(feed(2).expected, 2, 0.01);
    feed.now += 24h * 30;  // an outage longer than the reference
    EXPECT_TRUE(feed(2).learning);
}

TEST(Rules, RestoredAreTheSame) {
    for (DetectorSpec const& spec : {threshold(5min, 100), ratio({30min, 12h, 3, 20})}) {
        SCOPED_TRACE(spec.type);
        Feed one{make_detector(spec)};
        auto const count = [](int m) { return double(m * 7919 % 13 + (m % 900 < 30 ? 30 : 0)); };
        for (int m = 0; m < 2000; ++m) one(count(m));
        Feed two{make_detector(spec), one.now};
        ASSERT_TRUE(two.detector->restore(one.detector->save()));
        auto const copy = make_detector(spec);
        copy->assign(*one.detector);
        EXPECT_EQ(copy->save(), one.detector->save());
        int transitions = 0;
        for (int m = 2000; m < 5000; ++m) {
            Verdict const a = one(count(m)), b = two(count(m));
            ASSERT_EQ(a.transition, b.transition);
            ASSERT_EQ(a.score, b.score);
            transitions += a.transition != Transition::none;
        }
        EXPECT_GT(transitions, 2);
        EXPECT_EQ(one.detector->save(), two.detector->save());
        EXPECT_FALSE(two.detector->restore("rubbish"));
        EXPECT_FALSE(make_detector(DetectorSpec{})->restore(one.detector->save()));
    }
}

}  // namespace
}  // namespace surged
