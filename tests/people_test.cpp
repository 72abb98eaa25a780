// Goal: the people of an incident are known in whatever order they are told: who waits, how long
// the others waited, who is hit, who speaks for us; and a second wave is one, while a slow tail is
// none. Method: values by hand, each list beside what a reader of the rows would write down.
#include "detectors/people.h"

#include "detectors/advocates.h"
#include "detectors/second_wave.h"
#include "detectors/wording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace surged::detectors {
namespace {

using namespace std::chrono_literals;

WallTime const kOnset = *parse_time("2026-03-01T12:00:00Z");

People::Told told(MentionKey key, WallTime at, std::uint64_t author, bool asks = false) {
    People::Told out;
    out.where = {"x", "acme-x", key, at};
    out.author = author;
    out.asks = asks;
    return out;
}

std::vector<MentionKey> keys(std::vector<Asking> const& list) {
    std::vector<MentionKey> out;
    for (Asking const& a : list) out.push_back(a.where.key);
    return out;
}

TEST(People, AQuestionWaitsUntilItIsAnswered) {
    People people(kOnset);
    people.hear(told(1, kOnset, 7, true));
    people.hear(told(2, kOnset + 1min, 8, true));
    people.hear(told(3, kOnset + 2min, 9, false));
    EXPECT_THAT(keys(people.unanswered(10)), testing::ElementsAre(1, 2));
    EXPECT_TRUE(people.answer("x", 1, 5min));
    EXPECT_THAT(keys(people.unanswered(10)), testing::ElementsAre(2));
    EXPECT_FALSE(people.answer("x", 1, 9min)) << "the second answer of one question";
    EXPECT_FALSE(people.answer("facebook", 2, 1min) && people.waiting() == 0) << "another platform";
    EXPECT_THAT(keys(people.unanswered(10)), testing::ElementsAre(2));
    EXPECT_EQ(people.questions(), 2U);
}

TEST(People, AnAnswerMayBeToldBeforeItsQuestion) {
    People people(kOnset);
    people.answer("x", 1, 5min);
    people.hear(told(1, kOnset, 7, true));
    EXPECT_EQ(people.waiting(), 0U);
    EXPECT_EQ(people.median_wait(), std::optional<std::chrono::milliseconds>(5min));
}

TEST(People, TheVisibleGoBeforeTheLittleOlder) {
    People people(kOnset);
    auto old = told(1, kOnset, 1, true), visible = told(2, kOnset + 10min, 2, true);
    auto fresh = told(3, kOnset + 59min, 3, true);
    visible.audience = 2'000'000;
    people.hear(old);
    people.hear(visible);
    people.hear(fresh);
    people.hear(told(4, kOnset + 60min, 4));
    EXPECT_THAT(keys(people.unanswered(10)), testing::ElementsAre(2, 1, 3));
    EXPECT_THAT(keys(people.unanswered(1)), testing::ElementsAre(2));
}

TEST(People, TheMedianIsThatOfTheWaits) {
    People people(kOnset);
    EXPECT_FALSE(people.median_wait());
    MentionKey key = 0;
    for (auto const wait : {9min, 1min, 4min}) people.answer("x", ++key, wait);
    EXPECT_EQ(*people.median_wait(), 4min);
    people.answer("facebook", ++key, 6min);
    EXPECT_EQ(*people.median_wait(), 5min);
    EXPECT_EQ(*people.median_wait("facebook"), 6min);
    EXPECT_FALSE(people.median_wait("mastodon"));
}

TEST(People, WhoIsHitHardestIsTheOneThatOthersTakeUp) {
    People people(kOnset);
    auto angry = [&](MentionKey key, std::uint64_t author, MentionKey target = 0) {
        auto t = told(key, kOnset + 1s * key, author);
        t.tone = -1;
        t.target = target;
        people.hear(t);
    };
    for (MentionKey key = 100; key < 150; ++key) angry(key, 1);  // says it fifty times
    for (MentionKey key = 10; key < 13; ++key) angry(key, 2);    // three times, and is taken up
    for (MentionKey key = 20; key < 25; ++key) angry(key, key, 11);
    angry(30, 2, 12);                   // herself: no echo
    people.hear(told(200, kOnset, 3));  // neither asks nor is angry
    auto const hit = people.affected(2);
    ASSERT_EQ(hit.size(), 2U);
    EXPECT_EQ(hit[0].author, 2U);
    EXPECT_EQ(hit[0].echoes, 5U);
    EXPECT_EQ(hit[0].first.key, 10U);
    EXPECT_EQ(hit[1].author, 1U);
    for (Person const& p : people.affected(100)) EXPECT_NE(p.author, 3U);
}

TEST(People, EverythingIsBoundedAndComesBackFromItsBlob) {
    std::mt19937_64 random(11);
    People people(kOnset);
    for (MentionKey key = 1; key <= 20'000; ++key) {
        auto t = told(key, kOnset + 30s * key, 1 + random() % 9000, random() % 3 == 0);
        t.tone = int(random() % 3) - 1;
        t.target = random() % key;
        people.hear(t);
        if (random() % 4 == 0) people.answer("x", 1 + random() % key, 1s * (random() % 9999));
    }
    EXPECT_LE(people.waiting(), People::kWaiting);
    EXPECT_GT(people.waiting(), 0U);
    EXPECT_LE(people.affected(100'000).size(), People::kPeople);
    EXPECT_LE(people.mood().size(), People::kSteps);
    std::uint64_t sum = 0;
    for (MoodStep const& s : people.mood()) sum += s.mentions;
    EXPECT_EQ(sum, 20'000U);
    EXPECT_EQ(people.tone(WallTime::min(), WallTime::max()).judged, 20'000U);

    std::string const blob = people.save();
    People back;
    ASSERT_TRUE(back.restore(blob));
    EXPECT_EQ(back.save(), blob);
    EXPECT_EQ(keys(back.unanswered(50)), keys(people.unanswered(50)));
    EXPECT_EQ(back.median_wait(), people.median_wait());
    for (std::size_t cut : {std::size_t{0}, std::size_t{3}, blob.size() / 2, blob.size() - 1})
        EXPECT_FALSE(back.restore(blob.substr(0, cut)));
    EXPECT_EQ(back.save(), blob) << "a damaged blob changes nothing";

    auto const listed = people.affected(People::kListed);
    people.shrink();
    auto const kept = people.affected(People::kListed);
    ASSERT_EQ(kept.size(), listed.size());
    for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].author, listed[i].author);
    EXPECT_LT(people.save().size(), blob.size());
}

TEST(People, TheErasedAreNotListed) {
    People people(kOnset);
    people.hear(told(1, kOnset, 7, true));
    people.hear(told(2, kOnset, 8, true));
    EXPECT_TRUE(people.forget_author(7));
    EXPECT_FALSE(people.forget_author(7));
    EXPECT_TRUE(people.forget_mention(2));
    EXPECT_EQ(people.waiting(), 0U);
    EXPECT_EQ(people.affected(9).size(), 1U);
}

MentionDigest says(std::uint64_t author, WallTime at, int tone) {
    MentionDigest d;
    d.author = author;
    d.at = at;
    d.flags = tone > 0   ? MentionDigest::kFriendly
              : tone < 0 ? MentionDigest::kAngry
                         : std::uint8_t(MentionDigest::kFriendly | MentionDigest::kAngry);
    return d;
}

TEST(Advocates, AreThoseWhoSpokeWellOnSeveralDays) {
    Advocates known;
    for (int day = 5; day > 0; --day) {
        known.note(says(1, kOnset - day * 24h, 1));  // a friend
        known.note(says(2, kOnset - 24h, 1));        // one day of praise
        known.note(says(3, kOnset - day * 24h, 1));  // praises and curses
        known.note(says(3, kOnset - day * 24h, -1));
        known.note(says(4, kOnset - day * 24h, 0));              // neutral
        known.note(says(5, kOnset - day * 24h - 24h * 200, 1));  // long ago
    }
    EXPECT_EQ(known.spoke_well(1, kOnset), 5U);
    for (std::uint64_t const other : {2, 3, 4, 5, 6})
        EXPECT_EQ(known.spoke_well(other, kOnset), 0U);
    Advocates back;
    ASSERT_TRUE(back.restore(known.save()));
    EXPECT_EQ(back.spoke_well(1, kOnset), 5U);
    EXPECT_TRUE(back.forget(1));
    EXPECT_EQ(back.spoke_well(1, kOnset), 0U);
}

TEST(Advocates, TheOldFriendsStayWhenThousandsPassBy) {
    Advocates known;
    for (int day = 60; day > 0; --day) {
        for (std::uint64_t friends = 1; friends <= 20; ++friends)
            known.note(says(friends, kOnset - day * 24h, 1));
        for (std::uint64_t i = 0; i < 1000; ++i)
            known.note(says(std::uint64_t(day) * 100'000 + i, kOnset - day * 24h, 1));
    }
    EXPECT_LE(known.size(), Advocates::kAuthors);
    for (std::uint64_t friends = 1; friends <= 20; ++friends)
        EXPECT_EQ(known.spoke_well(friends, kOnset), 60U);
}

// Steps of ten minutes with so many mentions, of which a share is negative.
std::vector<MoodStep> mood(std::vector<std::pair<int, double>> const& steps) {
    std::vector<MoodStep> out;
    for (auto const& [n, negative] : steps) {
        MoodStep s{kOnset + 10min * out.size(), 600s, std::uint64_t(n), {}};
        s.tone = {std::uint64_t(n), std::uint64_t(n * negative), 0};
        out.push_back(s);
    }
    return out;
}

std::optional<SecondWave> judge(std::vector<MoodStep> const& steps, std::chrono::minutes answered,
                                bool surging = true) {
    return second_wave({steps, kOnset + answered, kOnset + 10min * steps.size(), surging});
}

TEST(SecondWave, TwoHumpsAreOne) {
    std::vector<std::pair<int, double>> steps;
    for (int n : {40, 80, 120, 120, 100, 60, 40, 30, 25, 20, 20, 20}) steps.emplace_back(n, 0.5);
    EXPECT_FALSE(judge(mood(steps), 50min));
    steps.insert(steps.end(), {{40, 0.5}, {70, 0.5}, {90, 0.5}});
    auto const wave = judge(mood(steps), 50min);
    ASSERT_TRUE(wave);
    EXPECT_EQ(wave->why, "the surge rises again after our answer");
    EXPECT_EQ(wave->from, kOnset + 120min);
    EXPECT_FALSE(judge(mood(steps), 50min, false)) << "no stream is in surge";
    EXPECT_FALSE(judge(mood(steps), 130min)) << "the answer came after it rose";
}

TEST(SecondWave, ASlowTailIsNone) {
    std::mt19937_64 random(5);
    int waves = 0;
    for (int round = 0; round < 500; ++round) {
        std::vector<std::pair<int, double>> steps;
        for (int i = 0; i < 72; ++i) {
            double const mean = i < 6 ? 30.0 * i + 1 : 150 * std::exp(-(i - 6) / 20.0) + 4;
            steps.emplace_back(std::poisson_distribution<int>(mean)(random), i < 8 ? 0.6 : 0.3);
            if (i > 12 && judge(mood(steps), 60min)) {
                ++waves;
                break;
            }
        }
    }
    EXPECT_LE(waves, 2) << "of 500 tails";
}

TEST(SecondWave, ARejectedApologyIsOne) {
    std::vector<std::pair<int, double>> steps(9, {40, 0.5});
    steps.resize(18, {40, 0.55});
    auto const wave = judge(mood(steps), 90min);
    ASSERT_TRUE(wave);
    EXPECT_EQ(wave->why, "the share of negative mentions has not fallen since our answer");
    std::vector<std::pair<int, double>> believed(9, {40, 0.5});
    believed.resize(18, {40, 0.3});
    EXPECT_FALSE(judge(mood(believed), 90min));
    EXPECT_FALSE(judge(mood({steps.begin(), steps.begin() + 12}), 90min)) << "too early to say";
    std::vector<std::pair<int, double>> calm(9, {40, 0.05});
    calm.resize(18, {40, 0.08});
    EXPECT_FALSE(judge(mood(calm), 90min)) << "nobody was angry";
}

TEST(Wording, AWordOfItsOwn) {
    EXPECT_TRUE(contains_word("They RECALLED it", "recall"));
    EXPECT_FALSE(contains_word("They called", "recall"));
    EXPECT_FALSE(contains_word("anything", ""));
    EXPECT_TRUE(names_word("hi @Acme!", "acme"));
    EXPECT_TRUE(names_word("acmeology, acme", "acme"));
    EXPECT_FALSE(names_word("acmeology", "acme"));
    EXPECT_FALSE(names_word("caf\xC3\xA9 pacme", "acme"));
    EXPECT_TRUE(names_word("#acme corp rocks", "acme corp"));
}

}  // namespace
}  // namespace surged::detectors
