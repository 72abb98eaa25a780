#include "daemon/demo/scenario.h"

#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/x_query.h"
#include "daemon/demo/x_stand_in.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace surged::daemon::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kNow{std::chrono::milliseconds{1'795'183'407'512}};  // 2026-11-20T14:03:27.512Z

std::size_t between(PostBook const& book, WallTime from, WallTime to,
                    std::function<bool(Post const&)> match = nullptr) {
    Listing listing(WallTime::max());
    listing.from = from;
    listing.to = to;
    listing.match = std::move(match);
    return book.count(listing);
}

bool theirs(Post const& post) {
    return !post.own;
}

std::string digest(PostBook const& book) {
    std::string out;
    for (Post const* post : book.newest(Listing(WallTime::max()), 0, book.size()).posts)
        out += post->id + detectors::rfc3339(post->visible_at) + post->author.handle + post->text +
               "\n";
    return out;
}

TEST(Scenario, FollowsFromItsSeedHoweverOftenItIsAdvanced) {
    ScenarioOptions options(kNow);
    options.history = hours{6};
    Scenario once(options), often(options);
    once.advance(kNow + minutes{30});
    for (int s = 0; s <= 1800; s += 7) often.advance(kNow + std::chrono::seconds{s});
    often.advance(kNow + minutes{30});
    EXPECT_EQ(digest(once.books().x), digest(often.books().x));
    EXPECT_EQ(digest(once.books().mastodon), digest(often.books().mastodon));
    EXPECT_EQ(digest(once.books().facebook), digest(often.books().facebook));
    options.seed = 2;
    Scenario other(options);
    other.advance(kNow + minutes{30});
    EXPECT_NE(digest(once.books().x), digest(other.books().x));
}

TEST(Scenario, ChatterHasItsRateItsDayAndItsDispersion) {
    ScenarioOptions options(kNow);
    options.crisis = false;
    Scenario scenario(options);
    auto& books = scenario.books();
    double const days = 8 * 1440;
    // Bursts add some percent to the configured mean.
    EXPECT_NEAR(double(between(books.x, kNow - hours{192}, kNow, theirs)) / days, 2.1, 0.3);
    EXPECT_NEAR(double(between(books.facebook, kNow - hours{192}, kNow, theirs)) / days, 0.37,
                0.08);
    EXPECT_NEAR(double(between(books.mastodon, kNow - hours{192}, kNow, theirs)) / days, 0.42,
                0.09);
    EXPECT_NEAR(double(between(books.json, kNow - hours{192}, kNow, theirs)) / days, 0.52, 0.1);
    double evening = 0, night = 0, variance = 0, mean = 0;
    int n = 0;
    auto const day0 = std::chrono::floor<std::chrono::days>(kNow) - std::chrono::days{7};
    for (int d = 0; d < 7; ++d) {
        evening += double(between(books.x, day0 + hours{24 * d + 17}, day0 + hours{24 * d + 20}));
        night += double(between(books.x, day0 + hours{24 * d + 4}, day0 + hours{24 * d + 7}));
        for (int m = 0; m < 1440; ++m, ++n) {
            WallTime const from = day0 + hours{24 * d} + minutes{m};
            double const c = double(between(books.x, from, from + minutes{1}, theirs));
            mean += c;
            variance += c * c;
        }
    }
    EXPECT_GT(evening, 1.8 * night);
    mean /= n;
    variance = variance / n - mean * mean;
    EXPECT_GT(variance, 1.8 * mean);
    EXPECT_LT(variance, 6 * mean);
}

TEST(Scenario, TheCrisisDoublesFromManyMouthsAndOnXAlone) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(seed);
        ScenarioOptions options(kNow);
        options.seed = seed;
        options.history = hours{30};
        Scenario scenario(options);
        auto& x = scenario.books().x;
        auto const began = scenario.crisis_began();
        EXPECT_EQ(began, kNow - minutes{6});
        auto const of_crisis = [&](Post const& post) {
            return !post.own &&
                   (post.in_reply_to == scenario.origin() || post.quotes == scenario.origin());
        };
        // 4 a minute doubling each 3 minutes: 4 * 3/ln 2 * (2^2 - 1) = 52 in six minutes, 85 of 100
        // of them under or about the origin.
        EXPECT_NEAR(double(between(x, began, kNow, of_crisis)), 44, 20);
        scenario.advance(kNow + minutes{10});
        double const early = double(between(x, began + minutes{3}, began + minutes{6}));
        double const later = double(between(x, began + minutes{12}, began + minutes{15}));
        EXPECT_GT(later, 4 * early);  // 2^3 = 8 less the chatter's share
        std::set<std::string> authors;
        Listing listing(kNow + minutes{10});
        listing.from = began;
        listing.match = of_crisis;
        auto const posts = x.newest(listing, 0, 100'000).posts;
        for (Post const* post : posts) authors.insert(post->author.id);
        EXPECT_GT(double(authors.size()), 0.97 * double(posts.size()));
        std::size_t under = 0;
        for (Post const* post : posts) under += post->conversation == scenario.origin() ? 1 : 0;
        EXPECT_GT(double(under), 0.4 * double(posts.size()));
        // The other platforms stay as they were: within what a calm half hour may hold.
        EXPECT_LT(between(scenario.books().facebook, kNow - minutes{20}, kNow + minutes{10}), 45U);
        EXPECT_LT(between(scenario.books().mastodon, kNow - minutes{20}, kNow + minutes{10}), 45U);
        EXPECT_LT(between(scenario.books().json, kNow - minutes{20}, kNow + minutes{10}), 45U);
        Post const* origin = x.find(scenario.origin());
        ASSERT_NE(origin, nullptr);
        EXPECT_TRUE(origin->own);
        EXPECT_EQ(origin->author.handle, "acme");
    }
}

TEST(Scenario, TheBrandAnswersOnceAndTheCrisisEbbs) {
    ScenarioOptions options(kNow);
    options.history = hours{2};
    Scenario scenario(options);
    scenario.advance(kNow + minutes{10});
    double const before = scenario.crisis_rate(kNow + minutes{10});
    auto const id = scenario.answer(kNow + minutes{10});
    Post const* answer = scenario.books().x.find(id);
    ASSERT_NE(answer, nullptr);
    EXPECT_TRUE(answer->own);
    EXPECT_EQ(answer->author.handle, "acmehelp");
    EXPECT_EQ(answer->in_reply_to, scenario.origin());
    EXPECT_EQ(answer->conversation, scenario.origin());
    EXPECT_EQ(scenario.answer(kNow + minutes{11}), "");
    EXPECT_NEAR(scenario.crisis_rate(kNow + minutes{20}), before / 2, 0.01);
    options.crisis = false;
    EXPECT_EQ(Scenario(options).answer(kNow), "");
}

TEST(Scenario, ItsQueryFindsEverythingAndIdsTellTheTime) {
    ScenarioOptions options(kNow);
    options.history = hours{24};
    Scenario scenario(options);
    scenario.advance(kNow + minutes{20});
    std::string error;
    auto const query = XQuery::parse(Scenario::kXQuery, error);
    ASSERT_TRUE(query) << error;
    auto const& x = scenario.books().x;
    auto const missed = between(x, WallTime::min(), WallTime::max(), [&](Post const& post) {
        return !query->matches(post, x) || x_time(id_number(post.id)) != post.created_at ||
               post.visible_at < post.created_at + std::chrono::seconds{10} ||
               post.visible_at > post.created_at + std::chrono::seconds{15};
    });
    EXPECT_EQ(missed, 0U);
    EXPECT_EQ(x.find(scenario.origin())->text.find("Acme Corp") == std::string::npos, false);
}

TEST(Scenario, SpillsToMastodonLaterAndModestly) {
    ScenarioOptions options(kNow);
    options.history = hours{2};
    Scenario scenario(options);
    scenario.advance(kNow + minutes{60});
    auto const shocked = [](Post const& post) { return post.text.starts_with("@acme "); };
    auto const& mastodon = scenario.books().mastodon;
    auto const spill_at = scenario.crisis_began() + minutes{40};
    EXPECT_EQ(between(mastodon, scenario.crisis_began(), spill_at - minutes{1}, shocked), 0U);
    EXPECT_GT(between(mastodon, spill_at, kNow + minutes{60}, shocked), 40U);
}

// What a poller reads at its first start fits into the platforms' limits.
TEST(Scenario, HistoryFitsIntoTheLimits) {
    Scenario scenario{ScenarioOptions(kNow)};
    auto const week = between(scenario.books().x, kNow - hours{7 * 24}, kNow);
    EXPECT_LT(week, 450U * 100U);
    EXPECT_LT(between(scenario.books().mastodon, WallTime::min(), kNow), 300U * 40U);
    EXPECT_EQ(scenario.books().x.forgotten(), 0U);
    auto const unplaced =
        between(scenario.books().facebook, WallTime::min(), kNow, [](Post const& p) {
            return p.place.empty() || (p.place == "comments") != (p.kind == MentionKind::comment);
        });
    EXPECT_EQ(unplaced, 0U);
}

}  // namespace
}  // namespace surged::daemon::demo
