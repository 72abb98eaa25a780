// Mentions in any order -> the same closed minutes; identity; exclusion; coverage.
#include "detectors/intake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;

constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

std::vector<Bucket> committed(Intake& intake) {
    std::vector<Bucket> out;
    intake.take_committed(out);
    return out;
}
std::vector<Bucket> provisional(Intake const& intake, bool partial) {
    std::vector<Bucket> out;
    intake.provisional(out, partial);
    return out;
}
std::vector<std::pair<int, double>> minutes(std::vector<Bucket> const& buckets) {
    std::vector<std::pair<int, double>> out;
    for (Bucket const& b : buckets) {
        EXPECT_EQ(b.length, 60s);
        out.emplace_back(int((b.start - kNoon) / 1min), b.count);
    }
    return out;
}
using Minutes = std::vector<std::pair<int, double>>;

TEST(EventTime, IsFirstSightWhenMissingOrFromTheFuture) {
    Mention m;
    EXPECT_EQ(Intake::event_time(m, kNoon), kNoon);
    m.created_at = kNoon + 10min;
    EXPECT_EQ(Intake::event_time(m, kNoon), kNoon + 10min);
    m.created_at = kNoon + 10min + 1ms;
    EXPECT_EQ(Intake::event_time(m, kNoon), kNoon);
    m.created_at = kNoon - 24h * 400;
    EXPECT_EQ(Intake::event_time(m, kNoon), kNoon - 24h * 400);
}

TEST(Intake, CommitsWhenCoverageReachesTheEndPlusTheWatermark) {
    Intake intake(120s);
    intake.cover(kNoon, kNoon + 3min);
    EXPECT_EQ(intake.add(kNoon + 10s), Arrival::counted);
    EXPECT_EQ(intake.add(kNoon + 59s + 999ms), Arrival::counted);
    EXPECT_EQ(intake.add(kNoon + 60s), Arrival::counted);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{0, 2}}));
    EXPECT_EQ(minutes(provisional(intake, false)), (Minutes{{1, 1}, {2, 0}}));
    EXPECT_TRUE(committed(intake).empty()) << "once";
    EXPECT_EQ(intake.committed_until(), kNoon + 1min);
    EXPECT_EQ(intake.covered_until(), kNoon + 3min);

    EXPECT_EQ(intake.add(kNoon + 30s), Arrival::late);
    EXPECT_EQ(intake.add(kNoon + 90s), Arrival::counted);
    intake.cover(kNoon + 3min, kNoon + 4min + 30s);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{1, 2}}));
    EXPECT_EQ(minutes(provisional(intake, false)), (Minutes{{2, 0}, {3, 0}}));
    intake.add(kNoon + 4min + 1s);
    EXPECT_EQ(minutes(provisional(intake, true)), (Minutes{{2, 0}, {3, 0}, {4, 1}}));
}

TEST(Intake, WhatIsNotCoveredIsIgnorance) {
    Intake intake(0s);
    intake.add(kNoon + 10s);
    intake.add(kNoon + 5min);
    EXPECT_TRUE(committed(intake).empty());
    EXPECT_TRUE(provisional(intake, true).empty());
    // From the middle of a minute on: that minute is not known.
    EXPECT_TRUE(intake.cover(kNoon + 30s, kNoon + 2min).empty());
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{1, 0}}));
    EXPECT_EQ(intake.add(kNoon + 10s), Arrival::late);
}

TEST(Intake, AHoleHoldsBackUntilItIsFilled) {
    Intake intake(0s);
    intake.cover(kNoon, kNoon + 2min);
    Interval const hole = intake.cover(kNoon + 4min, kNoon + 6min);
    EXPECT_EQ(hole, (Interval{kNoon + 2min, kNoon + 4min}));
    EXPECT_EQ(intake.first_hole(), hole);
    intake.add(kNoon + 3min);
    intake.add(kNoon + 5min);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{0, 0}, {1, 0}}));
    EXPECT_EQ(minutes(provisional(intake, false)), (Minutes{{4, 0}, {5, 1}}));
    EXPECT_TRUE(intake.cover(kNoon + 2min, kNoon + 4min).empty());
    EXPECT_TRUE(intake.first_hole().empty());
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{2, 0}, {3, 1}, {4, 0}, {5, 1}}));
}

TEST(Intake, AHoleThatIsFinalIsSkipped) {
    Intake intake(0s);
    intake.cover(kNoon, kNoon + 2min + 20s);
    Interval const hole = intake.cover(kNoon + 4min + 20s, kNoon + 6min);
    EXPECT_EQ(hole, (Interval{kNoon + 2min + 20s, kNoon + 4min + 20s}));
    for (int m = 0; m < 6; ++m) intake.add(kNoon + m * 1min + 10s);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{0, 1}, {1, 1}}));
    intake.give_up(hole);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{5, 1}})) << "partly covered is not covered";
    EXPECT_EQ(intake.committed_until(), kNoon + 6min);
}

TEST(Intake, CoverageThatTouchesIsOne) {
    Intake intake(0s);
    EXPECT_TRUE(intake.cover(kNoon, kNoon + 45s).empty());
    EXPECT_TRUE(intake.cover(kNoon + 45s, kNoon + 100s).empty());
    EXPECT_TRUE(intake.cover(kNoon + 30s, kNoon + 3min).empty()) << "overlaps are ordinary";
    EXPECT_TRUE(intake.cover(kNoon + 3min, kNoon + 3min).empty());
    EXPECT_EQ(committed(intake).size(), 3u);
    EXPECT_TRUE(intake.cover(kNoon, kNoon + 2min).empty()) << "told again, long after";
    EXPECT_TRUE(committed(intake).empty());
}

TEST(Intake, ARevisionReplaces) {
    Intake intake(60s);
    EXPECT_TRUE(intake.set_count(kNoon, 7));
    EXPECT_TRUE(intake.set_count(kNoon + 1min, 3));
    EXPECT_TRUE(intake.set_count(kNoon, 9.5));
    intake.cover(kNoon, kNoon + 2min);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{0, 9.5}}));
    EXPECT_FALSE(intake.set_count(kNoon, 100));
    EXPECT_TRUE(intake.set_count(kNoon + 1min, 4));
    intake.cover(kNoon + 2min, kNoon + 3min);
    EXPECT_EQ(minutes(committed(intake)), (Minutes{{1, 4}}));
}

TEST(Intake, MemoryIsBounded) {
    Intake intake(0s);
    intake.add(WallTime{});  // a platform that dates one post 1970
    EXPECT_EQ(intake.add(kNoon), Arrival::counted);
    EXPECT_LE(intake.save().size(), std::size_t(Intake::kSpan) * 8 + 200);
    EXPECT_EQ(intake.add(kNoon - std::chrono::minutes{Intake::kSpan}), Arrival::late);
    EXPECT_EQ(intake.add(kNoon - std::chrono::minutes{Intake::kSpan - 1}), Arrival::counted);

    Intake holes(0s);
    for (int i = 0; i < 1000; ++i) holes.cover(kNoon + i * 2min, kNoon + i * 2min + 1min);
    EXPECT_GT(committed(holes).size(), 1000 - Intake::kHoles - 2);
}

// Property: what is committed depends on mentions and coverage, not on their order inside the
// watermark, nor on how often it was looked at, nor on a restart between.
TEST(Intake, OrderInsideTheWatermarkDoesNotMatter) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        struct Seen {
            WallTime event, arrival;
        };
        std::vector<Seen> all;
        for (int i = 0; i < 2000; ++i) {
            WallTime const event = kNoon + std::chrono::milliseconds(random() % (120 * 60'000));
            all.push_back({event, event + std::chrono::milliseconds(random() % 590'000)});
        }
        std::vector<Bucket> want, got;
        Intake direct(10min);
        direct.cover(kNoon, kNoon + 140min);
        for (Seen const& s : all) direct.add(s.event);
        direct.take_committed(want);

        std::sort(all.begin(), all.end(),
                  [](Seen const& a, Seen const& b) { return a.arrival < b.arrival; });
        Intake live(10min);
        std::size_t i = 0;
        WallTime covered = kNoon;
        for (int poll = 1; poll <= 140; ++poll) {
            WallTime const now = kNoon + poll * 1min;
            for (; i < all.size() && all[i].arrival <= now; ++i)
                ASSERT_EQ(live.add(all[i].event), Arrival::counted);
            if (random() % 3 == 0 && poll < 140) continue;  // a poll that failed
            live.cover(covered, now);
            covered = now;
            live.take_committed(got);
            if (random() % 5 == 0) {
                Intake again(10min);
                ASSERT_TRUE(again.restore(live.save()));
                live = std::move(again);
            }
        }
        ASSERT_EQ(i, all.size());
        EXPECT_EQ(minutes(got), minutes(want));
        EXPECT_EQ(live.save(), direct.save());
    }
}

TEST(Intake, RefusesAForeignBlob) {
    Intake intake(0s);
    intake.add(kNoon);
    std::string const blob = intake.save();
    EXPECT_FALSE(intake.restore("nothing"));
    EXPECT_FALSE(intake.restore(blob.substr(0, blob.size() - 2)));
    EXPECT_EQ(intake.save(), blob);
}

TEST(Seen, CountsOnce) {
    Seen seen;
    EXPECT_TRUE(seen.insert(1, kNoon, {}));
    EXPECT_FALSE(seen.insert(1, kNoon, {}));
    seen.load(2, kNoon);
    EXPECT_FALSE(seen.insert(2, kNoon, {}));
    EXPECT_EQ(seen.size(), 2u);
}

TEST(Seen, AsksTheStoreOnlyForWhatItMayHaveDropped) {
    Seen seen;
    int asked = 0;
    MentionKey const dropped = 3;
    Seen::Older const older = [&](MentionKey key) {
        ++asked;
        return key == dropped;
    };
    std::size_t const n = 3 * Seen::kGeneration;
    for (std::size_t i = 0; i < n; ++i)
        ASSERT_TRUE(seen.insert(1000 + i, kNoon + std::chrono::milliseconds{i}, older));
    EXPECT_EQ(asked, 0) << "newer than everything dropped";
    EXPECT_LE(seen.size(), 2 * Seen::kGeneration);
    EXPECT_FALSE(seen.insert(dropped, kNoon, older));
    EXPECT_TRUE(seen.insert(4, kNoon, older)) << "old, and in truth new";
    EXPECT_EQ(asked, 2);
    EXPECT_TRUE(seen.insert(5, kNoon + 24h, older));
    EXPECT_EQ(asked, 2);
    EXPECT_TRUE(seen.insert(6, kNoTime, older));
    EXPECT_EQ(asked, 3) << "without a time the store must tell";
}

TEST(Seen, AfterAStartTheStoreIsAskedUpToTheFloor) {
    Seen seen;
    seen.set_floor(kNoon);
    Seen::Older const older = [](MentionKey) { return true; };
    EXPECT_FALSE(seen.insert(1, kNoon, older));
    EXPECT_TRUE(seen.insert(2, kNoon + 1ms, older));
}

TEST(Classify, OwnComesFirst) {
    Exclusion const rules{{"acme"}, {}, {}, {"acme", "4711"}};
    Mention m;
    m.author = {"4711", "other"};
    EXPECT_EQ(classify(m, rules), Arrival::own);
    m.author = {"1", "@ACME"};
    EXPECT_EQ(classify(m, rules), Arrival::own);
    m.author = {"1", "acme2"};
    EXPECT_EQ(classify(m, rules), Arrival::counted);
    m.author = {};
    EXPECT_EQ(classify(m, rules), Arrival::counted);
}

TEST(Classify, AuthorsLanguagesAndWholeWords) {
    Exclusion const rules{{"@Fan_Bot", "99"}, {"pt", "zh-TW"}, {"giveaway", "#ad", "win big"}, {}};
    auto const is = [&](Mention const& m) { return classify(m, rules); };
    Mention m;
    m.author.handle = "fan_bot";
    EXPECT_EQ(is(m), Arrival::excluded);
    m.author = {"99", "kim"};
    EXPECT_EQ(is(m), Arrival::excluded);
    m.author = {"999", "fan_bot2"};
    EXPECT_EQ(is(m), Arrival::counted);

    for (auto [lang, want] :
         std::vector<std::pair<std::string_view, Arrival>>{{"pt", Arrival::excluded},
                                                           {"pt-BR", Arrival::excluded},
                                                           {"PT_br", Arrival::excluded},
                                                           {"zh-TW", Arrival::excluded},
                                                           {"zh", Arrival::counted},
                                                           {"ptx", Arrival::counted},
                                                           {"", Arrival::counted}}) {
        m.lang = lang;
        EXPECT_EQ(is(m), want) << lang;
    }
    m.lang = {};
    for (auto [text, want] : std::vector<std::pair<std::string_view, Arrival>>{
             {"A GIVEAWAY!", Arrival::excluded},
             {"giveaways all day", Arrival::counted},
             {"regiveaway giveaway", Arrival::excluded},
             {"give away", Arrival::counted},
             {"this is an #ad", Arrival::excluded},
             {"x#ad", Arrival::excluded},
             {"#adage", Arrival::counted},
             {"you Win Big today", Arrival::excluded},
             {"giveaway\xc3\xa9", Arrival::counted}}) {
        m.text = text;
        EXPECT_EQ(is(m), want) << text;
    }
}

}  // namespace
}  // namespace surged
