// Goal: a month of Hacker News, Reddit, YouTube, Instagram and a feed, whatever network, platform
// and process do: what was posted within the platform's reach is counted once, and what was not
// lies in a gap that was told. Method: the real loop and pollers against the stand-ins behind every
// fault they know, on virtual time, everything from one seed; budgets are those of the stand-ins'
// own books.
#include "daemon/demo/feed_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"
#include "daemon/pollers/instagram.h"
#include "tests/month_world.h"

namespace surged::tests {
namespace {

// Where most looks are one page, what befalls the next ones must befall them more often.
daemon::demo::Faults few_walks(std::uint64_t seed) {
    auto plan = daemon::demo::Faults::everything(seed + 3, 0.12);
    plan.duplicates = plan.expired_cursor = 0.08;
    return plan;
}

void hackernews_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "hackernews, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> said;
    std::uint64_t number = 46'000'000;
    for (WallTime const at : times(random, kSimStart - std::chrono::days{20}, end, 4, 2500)) {
        Post post = post_at(random, at, std::to_string(++number));
        if (random.chance(0.6)) {
            post.kind = MentionKind::comment;
            post.in_reply_to = post.conversation = "45000000";
        }
        // What the index adds by its tolerance is not ours.
        bool const typo = random.chance(0.03);
        if (typo) {
            post.place = "typo";
            post.text = "acne is a skin disease";
        }
        Post const& kept = book.append(post);
        if (!typo) said.push_back({kept.id, at, kept.visible_at});
    }
    daemon::demo::HackernewsStandIn hn(book, {});
    World world(seed, hn, "hackernews");
    world.door.plan(few_walks(seed));
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 100 == 0)
            hn.hits_max(std::array<std::size_t, 4>{2, 5, 100, 1000}[world.random() % 4]);
    };
    world.stream("hn", "search", 10min, {{"query", "acme caps"}}, daemon::make_hackernews_search);
    world.run(kMonth, 20h);
    auto const& s = world.sink.streams["hn"];
    std::size_t const owed = expect_all(s, said, end);
    EXPECT_GT(owed, said.size() * 9 / 10);
    EXPECT_TRUE(s.gaps.empty()) << "nothing is beyond the reach of this walk";
    EXPECT_LE(s.covered_from, kSimStart - std::chrono::days{20});
    EXPECT_LE(world.requests["all"].peak(1h), 10'000);
    expect_unkind(world);
}

void reddit_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "reddit, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> posts, all;
    std::uint64_t number = 5'000'000;
    for (WallTime const at : times(random, kSimStart - std::chrono::days{4}, end, 5, 1500)) {
        bool const comment = random.chance(0.6);
        Post post = post_at(random, at, (comment ? "t1_" : "t3_") + std::to_string(++number));
        post.place = "soda";
        if (comment) {
            post.kind = MentionKind::comment;
            post.in_reply_to = post.conversation = "t3_1";
        }
        Post const& kept = book.append(post);
        all.push_back({kept.id, at, kept.visible_at});
        if (!comment) posts.push_back(all.back());
        // Anchors go.
        if (at > kSimStart && random.chance(0.05)) book.remove(kept.id, kept.visible_at + 50h);
    }
    daemon::demo::RedditOptions options;
    options.client_secret = "reddit-secret";
    options.client_id = "abc";
    options.listing_cap = 400;
    daemon::demo::RedditStandIn reddit(book, options);
    World world(seed, reddit, "reddit");
    world.door.plan(few_walks(seed));
    world.make_account = [] { return reddit_account("http://p.sim", false); };
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 100 == 0)
            reddit.page_max(std::array<std::size_t, 3>{20, 50, 100}[world.random() % 3]);
    };
    world.stream("search", "search", 20min, {{"query", "acme"}}, daemon::make_reddit_search);
    world.stream("sub", "subreddit", 20min, {{"subreddit", "soda"}, {"query", "acme caps"}},
                 daemon::make_reddit_subreddit);
    world.run(kMonth, 20h);
    for (auto const* name : {"search", "sub"}) {
        SCOPED_TRACE(name);
        auto const& s = world.sink.streams[name];
        expect_all(s, std::string_view(name) == "sub" ? all : posts, end);
        // More than a listing holds was written while nobody could ask. A walk that the outage held
        // up has a gap of its own before that.
        ASSERT_GE(s.gaps.size(), 1u);
        EXPECT_LE(s.gaps.size(), 3u);
        EXPECT_GE(s.gaps.back().second, world.outage_from);
        EXPECT_LE(s.gaps.back().second, world.outage_until);
    }
    EXPECT_LE(world.requests["all"].peak(10min), 1000);
    EXPECT_GE(reddit.logins(), 29u) << "tokens live a day";
    EXPECT_LT(reddit.logins(), 400u) << "and are not asked for at every poll";
    EXPECT_GT(world.sink.outcomes["auth"], 0) << "some were refused before their time";
    expect_unkind(world);
}

void youtube_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "youtube, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> comments, videos;
    std::vector<Post> threads;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - std::chrono::days{20}, end, 5, 900)) {
        Post post = post_at(random, at, "Ug" + std::to_string(++number));
        post.kind = MentionKind::comment;
        post.place = "video" + std::to_string(random.below(5));
        // Some threads draw many answers, within the day and a half in which they are looked for.
        while (!threads.empty() && threads.front().created_at < at - 36h)
            threads.erase(threads.begin());
        if (!threads.empty() && random.chance(0.5)) {
            Post const& thread =
                threads[random.chance(0.5) ? threads.size() - 1 : random.below(threads.size())];
            post.kind = MentionKind::reply;
            post.in_reply_to = thread.id;
            post.place = thread.place;
            post.id = thread.id + "." + std::to_string(number);
        } else if (random.chance(0.3)) {
            threads.push_back(post);
        }
        Post const& kept = book.append(post);
        comments.push_back({kept.id, at, kept.visible_at});
        if (random.chance(0.2)) {
            Post const& video =
                book.append(post_at(random, at + 1s, "vid" + std::to_string(number)));
            videos.push_back({video.id, at + 1s, video.visible_at});
        }
    }
    daemon::demo::YoutubeOptions options;
    options.key = "AIza-key-of-test";
    options.channel = "UCbrand";
    options.units = 1500;
    daemon::demo::YoutubeStandIn youtube(book, options);
    World world(seed, youtube, "youtube");
    world.quotas = {{"comments", 1500}, {"search", 100}};
    world.make_account = [] {
        return account("http://p.sim", {{"api_key_file", "AIza-key-of-test"}});
    };
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 500 == 0)
            youtube.page_max(std::array<std::size_t, 3>{20, 50, 100}[world.random() % 3]);
    };
    world.stream("comments", "comments", 30min, {{"channel", "UCbrand"}},
                 daemon::make_youtube_comments);
    world.stream("search", "search", 30min, {{"query", "acme"}}, daemon::make_youtube_search);
    world.run(kMonth, 20h);
    for (auto const* name : {"comments", "search"}) {
        SCOPED_TRACE(name);
        auto const& s = world.sink.streams[name];
        expect_all(s, std::string_view(name) == "search" ? videos : comments, end);
    }
    EXPECT_TRUE(world.sink.streams["comments"].gaps.empty());
    EXPECT_LE(youtube.units_peak(), 1500u);
    EXPECT_LE(youtube.searches_peak(), 100u);
    EXPECT_EQ(youtube.over_quota(), 0u) << "our own pace stays below the platform's";
    EXPECT_EQ(world.sink.low, 0) << "a quota in use is no alarm";
    EXPECT_GT(world.sink.outcomes["bad_cursor"], 0);
    expect_unkind(world);
}

void feed_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "feed, seed " << seed << "\n";
    constexpr std::array<char const*, 4> kPaths{"/feed.rss", "/feed.atom", "/feed.json", "/moved"};
    std::string const path = kPaths[seed % kPaths.size()];
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> said;
    std::map<std::string, std::string> by_link;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - std::chrono::days{4}, end, 3, 300)) {
        Post const& kept = book.append(post_at(random, at, std::to_string(++number)));
        said.push_back({kept.id, at, kept.visible_at});
    }
    daemon::demo::FeedOptions options;
    options.guid_every = 0;
    daemon::demo::FeedStandIn site(book, options);
    World world(seed, site, "feed");
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 500 == 0)
            site.window(std::array<std::size_t, 3>{30, 40, 100}[world.random() % 3]);
    };
    world.stream("feed", "feed", 5min, {{"url", "http://p.sim" + path}}, daemon::make_feed);
    world.run(kMonth, 20h);
    auto s = world.sink.streams["feed"];
    // Ids are tags in two of the dialects.
    std::set<std::string> bare;
    for (std::string const& id : s.ids) bare.insert(id.substr(id.rfind(':') + 1));
    s.ids = bare;
    expect_all(s, said, end);
    EXPECT_LE(s.gaps.size(), 3u);
    EXPECT_GE(s.gaps.size(), 1u) << "the outage was longer than the window";
    EXPECT_LE(world.requests["all"].peak(1h), 60);
    EXPECT_GT(site.unchanged(), 300u) << "conditional requests are asked and answered";
    expect_unkind(world, false);
}

void instagram_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "instagram, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> talk, tagged;
    std::vector<Post> media, comments;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - std::chrono::days{20}, end, 4, 600)) {
        Post post = post_at(random, at, "179" + std::to_string(++number));
        while (!media.empty() && media.front().created_at < at - std::chrono::days{6})
            media.erase(media.begin());
        if (media.empty() || random.chance(0.02)) {
            post.place = "posts";
            post.own = true;
            media.push_back(post);
        } else if (random.chance(0.5)) {
            post.place = "comments";
            post.kind = MentionKind::comment;
            post.in_reply_to = post.conversation = media[random.below(media.size())].id;
            if (!comments.empty() && random.chance(0.3)) {
                Post const& parent = comments[random.below(comments.size())];
                post.in_reply_to = parent.id;
                post.conversation = parent.conversation;
            } else {
                comments.push_back(post);
            }
            if (comments.size() > 20) comments.erase(comments.begin());
        } else {
            post.place = "tagged";
            post.text += " #acme";
        }
        Post const& kept = book.append(post);
        talk.push_back({kept.id, at, kept.visible_at});
        if (kept.place == "tagged") tagged.push_back(talk.back());
    }
    daemon::demo::InstagramOptions options;
    options.access_token = "EAABtoken123";
    daemon::demo::InstagramStandIn instagram(book, options);
    World world(seed, instagram, "instagram");
    world.make_account = [] {
        return account("http://p.sim", {{"access_token_file", "EAABtoken123"}});
    };
    // A hashtag shows a day: an outage of thirty hours is a gap of at least six.
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 30h;
    world.on_request = [&](WallTime) {
        if (world.random() % 500 == 0)
            instagram.page_max(std::array<std::size_t, 3>{10, 25, 50}[world.random() % 3]);
    };
    world.stream("mentions", "mentions", 30min, {{"user", options.user}},
                 daemon::make_instagram_mentions);
    world.stream("hashtag", "hashtag", 30min, {{"user", options.user}, {"hashtag", "acme"}},
                 daemon::make_instagram_hashtag);
    world.run(kMonth, 20h);
    // A walk asks for the comments of each medium: with one request in eight failing it takes
    // hours.
    expect_all(world.sink.streams["mentions"], talk, end, 8h);
    EXPECT_TRUE(world.sink.streams["mentions"].gaps.empty());
    auto const& hashtag = world.sink.streams["hashtag"];
    expect_all(hashtag, tagged, end);
    // One hole, told whole or, by a walk that failed on its way, in parts that touch.
    ASSERT_FALSE(hashtag.gaps.empty());
    for (std::size_t i = 1; i < hashtag.gaps.size(); ++i)
        EXPECT_EQ(hashtag.gaps[i].first, hashtag.gaps[i - 1].second);
    EXPECT_GE(hashtag.gaps.back().second - hashtag.gaps.front().first, 5h);
    EXPECT_LE(hashtag.gaps.back().second, world.outage_until);
    EXPECT_LE(world.requests["all"].peak(24h), 4800);
    expect_unkind(world);
}

class WebMonth : public testing::TestWithParam<std::uint64_t> {};
TEST_P(WebMonth, HackerNewsLosesNothing) {
    hackernews_month(GetParam());
}
TEST_P(WebMonth, RedditLosesOnlyWhatItTells) {
    reddit_month(GetParam());
}
TEST_P(WebMonth, YoutubeLosesNothingAndKeepsItsQuotas) {
    youtube_month(GetParam());
}
TEST_P(WebMonth, AFeedLosesOnlyWhatItTells) {
    feed_month(GetParam());
}
TEST_P(WebMonth, InstagramLosesOnlyWhatItTells) {
    instagram_month(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, WebMonth, testing::Range<std::uint64_t>(1, 3));

// The outage begins between a redirect and the document behind it.
TEST(WebFeed, AWalkThatTheOutageHeldUpTellsAllThatFellOut) {
    feed_month(115);
}

class NightWebMonth : public testing::TestWithParam<std::uint64_t> {};
TEST_P(NightWebMonth, HackerNews) {
    hackernews_month(100 + GetParam());
}
TEST_P(NightWebMonth, Reddit) {
    reddit_month(100 + GetParam());
}
TEST_P(NightWebMonth, Youtube) {
    youtube_month(100 + GetParam());
}
TEST_P(NightWebMonth, Feed) {
    feed_month(100 + GetParam());
}
TEST_P(NightWebMonth, Instagram) {
    instagram_month(100 + GetParam());
}
INSTANTIATE_TEST_SUITE_P(NightSeeds, NightWebMonth, testing::Range<std::uint64_t>(0, 20));

// The project's quota is smaller than we were told: the platform refuses until midnight Pacific
// time, nobody hammers it, and what was missed is read the next day.
TEST(WebQuota, AUsedUpQuotaIsWaitedOutAndMadeUpFor) {
    Random random(7);
    PostBook book;
    WallTime const end = kSimStart + 96h;
    std::vector<Said> said;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - 48h, end, 20, 20)) {
        Post post = post_at(random, at, "Ug" + std::to_string(++number));
        post.kind = MentionKind::comment;
        post.place = "video";
        book.append(post);
        said.push_back({post.id, at, at});
    }
    daemon::demo::YoutubeOptions options;
    options.key = "AIza-key-of-test";
    options.units = 60;
    daemon::demo::YoutubeStandIn youtube(book, options);
    World world(7, youtube, "youtube");
    world.door.plan({});
    world.make_account = [] {
        return account("http://p.sim", {{"api_key_file", "AIza-key-of-test"}});
    };
    world.stream("comments", "comments", 5min, {{"channel", "UCacme"}},
                 daemon::make_youtube_comments);
    world.run(96h, 1000h);
    EXPECT_GT(world.sink.outcomes["budget"], 2);
    EXPECT_LT(youtube.over_quota(), 12u) << "once a day, and once for each lost answer";
    EXPECT_GT(world.sink.low, 0);
    auto const& s = world.sink.streams["comments"];
    for (Said const& one : said) {
        if (one.at >= s.covered_from && one.at < s.covered_until) {
            EXPECT_TRUE(s.ids.contains(one.id)) << rfc3339(one.at);
        }
    }
    EXPECT_TRUE(s.gaps.empty());
    EXPECT_GT(s.covered_until, end - 24h);
}

}  // namespace
}  // namespace surged::tests
