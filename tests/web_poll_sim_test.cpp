// Goal: a month of Hacker News, Reddit, YouTube, Instagram and a feed, whatever network, platform
// and process do: what was posted within the platform's reach is counted once, and what was not
// lies in a gap that was told. Method: the real loop and pollers against the stand-ins behind every
// fault they know, on virtual time, everything from one seed; budgets are those of the stand-ins'
// own books.
#include "daemon/demo/feed_stand_in.h"
#include "daemon/demo/hackernews_stand_in.h"
#include "daemon/demo/instagram_stand_in.h"
#include "daemon/demo/random.h"
#include "daemon/demo/reddit_stand_in.h"
#include "daemon/demo/youtube_stand_in.h"
#include "daemon/poll_loop.h"
#include "daemon/pollers/instagram.h"
#include "daemon/supervisor.h"
#include "tests/sim_net.h"
#include "tests/web_kit.h"

#include <algorithm>
#include <map>
#include <set>

namespace surged::tests {
namespace {

using daemon::AccountPace, daemon::AccountSettings, daemon::PollOutcome, daemon::Rate;
using daemon::demo::Post, daemon::demo::PostBook, daemon::demo::Random;
using detectors::kNoTime, detectors::MentionKind, detectors::rfc3339;

constexpr auto kMonth = std::chrono::days{30};

// What must survive of a stream.
class Sink final : public daemon::PollSink {
public:
    explicit Sink(std::uint64_t seed) : random_(seed) {}

    bool record(std::string const& stream, PollPage const& page, MentionBatch const& batch,
                PollContext const&, WallTime from, WallTime until) override {
        if (random_.chance(0.002)) {
            ++disk_full;
            return false;
        }
        State& s = streams[stream];
        for (auto const& m : batch.items) s.sights += s.ids.emplace(m.id).second ? 0 : 1;
        s.cursor = page.cursor;
        s.longest_cursor = std::max(s.longest_cursor, page.cursor.size());
        if (until == kNoTime) return true;
        if (s.covered_until == kNoTime) s.covered_from = from;
        if (s.covered_until != kNoTime && from > s.covered_until)
            s.gaps.emplace_back(s.covered_until, from);
        s.covered_until = std::max(s.covered_until, until);
        return true;
    }
    void polled(PollOutcome const& outcome) override {
        ++outcomes[outcome.failure ? std::string(to_string(outcome.failure->fault)) : "ok"];
    }
    void budget_low(std::string const&, std::string const&, double) override { ++low; }
    [[nodiscard]] bool surging(std::string const&) const override { return false; }
    [[nodiscard]] std::string cursor(std::string const& stream) const override {
        auto const it = streams.find(stream);
        return it == streams.end() ? "" : it->second.cursor;
    }
    [[nodiscard]] WallTime covered_until(std::string const& stream) const override {
        auto const it = streams.find(stream);
        return it == streams.end() ? kNoTime : it->second.covered_until;
    }

    struct State {
        std::string cursor;
        std::set<std::string> ids;
        WallTime covered_from = kNoTime, covered_until = kNoTime;
        std::vector<std::pair<WallTime, WallTime>> gaps;
        std::uint64_t sights = 0;
        std::size_t longest_cursor = 0;
    };
    std::map<std::string, State> streams;
    std::map<std::string, int> outcomes;
    int disk_full = 0, low = 0;

private:
    Random random_;
};

using Make = std::unique_ptr<Poller> (*)(AccountSettings const&, daemon::StreamSettings const&);

// A daemon that polls one platform, dies without warning and comes back.
class World {
public:
    World(std::uint64_t seed, daemon::demo::StandIn& stand_in, std::string platform)
        : random(seed),
          net(clock, seed + 1, unkind()),
          sink(seed + 2),
          door(stand_in, daemon::demo::Faults::everything(seed + 3, 0.12)),
          platform_(std::move(platform)) {
        net.host("p.sim", [this](HttpRequest const& request, WallTime now) {
            if (on_request) on_request(now);
            if (now >= outage_from && now < outage_until) {
                ++refused_in_outage;
                return answer(503, "<html>down</html>");
            }
            daemon::demo::Reply reply = door.handle(daemon::demo::to_server_request(request), now);
            HttpResponse response = daemon::demo::to_client_response(std::move(reply.response));
            if (reply.mishap != daemon::demo::Mishap::none) {
                response.status = 502;
                response.body.resize(response.body.size() / 2);
            }
            return response;
        });
    }
    ~World() { stop(); }

    void stream(std::string const& name, std::string kind, std::chrono::seconds every,
                Pairs const& texts, Make make) {
        auto s = tests::stream(platform_, std::move(kind), texts);
        s.name = name;
        s.every = every;
        makers_.emplace_back(std::move(s), make);
    }
    void run(std::chrono::hours length, std::chrono::hours mean_life) {
        WallTime const end = clock.wall_now() + length;
        start();
        while (clock.wall_now() < end) {
            double const hours = -std::log(random_unit()) * double(mean_life.count());
            clock.run_until(std::min(end, clock.wall_now() + std::chrono::milliseconds{
                                                                 1 + std::int64_t(hours * 3.6e6)}));
            if (clock.wall_now() >= end) break;
            stop();
            ++crashes;
            start();
        }
        stop();
    }
    double random_unit() { return std::uniform_real_distribution<double>(1e-9, 1)(random); }

    boost::asio::io_context io{1};
    SimClock clock{io};
    std::mt19937_64 random;
    SimHttpClient net;
    Sink sink;
    daemon::demo::FaultyStandIn door;
    std::function<void(WallTime)> on_request;
    WallTime outage_from = WallTime::max(), outage_until = WallTime::max();
    std::vector<std::pair<std::string, double>> quotas;
    int crashes = 0, refused_in_outage = 0;
    std::function<AccountSettings()> make_account = [] { return account("http://p.sim"); };

private:
    static SimFaults unkind() {
        SimFaults faults;
        faults.transient = faults.cut = faults.timeout = faults.slow = 0.01;
        return faults;
    }
    void start() {
        // A new process has a new session; what was spent it knows.
        auto fresh = std::make_unique<AccountPace>(daemon::BudgetSettings{});
        for (auto const& [kind, calls] : quotas) fresh->add_quota(kind, Rate{calls, 86400s});
        if (!saved_.empty()) {
            EXPECT_TRUE(fresh->restore(saved_));
        }
        pace_ = std::move(fresh);
        auto const a = make_account();
        daemon::PollEnv const env{clock, net, random, sink, *pace_, 10s, 1s};
        for (auto const& [settings, make] : makers_)
            supervisor_.start(settings.name,
                              daemon::run_poll_loop(env, settings, make(a, settings)));
    }
    void stop() {
        supervisor_.stop();
        clock.settle();
        EXPECT_EQ(supervisor_.running(), 0u);
        if (pace_) saved_ = pace_->save();
    }

    std::string platform_, saved_;
    std::unique_ptr<AccountPace> pace_;
    std::vector<std::pair<daemon::StreamSettings, Make>> makers_;
    daemon::Supervisor supervisor_{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
};

struct Said {
    std::string id;
    WallTime at, visible;
};

// Of the burst, an hour long; an outage of nine hours hides it.
constexpr WallTime kBurst = kSimStart + kMonth / 2;

// Quiet nights, busy days and one burst.
std::vector<WallTime> times(Random& random, WallTime from, WallTime until, double per_hour,
                            double burst) {
    std::vector<WallTime> out;
    for (WallTime t = from; t < until;) {
        double const hour = double((t.time_since_epoch() / 1min) % 1440) / 60;
        double rate = per_hour * (hour < 6 ? 0.2 : 1.2);
        if (t >= kBurst && t < kBurst + 1h) rate = burst;
        auto const step =
            std::chrono::milliseconds{1 + std::int64_t(-std::log(random.unit()) * 3.6e6 / rate)};
        // The burst begins when it begins, however quiet it was before.
        t = t < kBurst && t + step > kBurst ? kBurst : t + step;
        if (t < until) out.push_back(t);
    }
    return out;
}

Post post_at(Random& random, WallTime at, std::string id) {
    Post post;
    post.id = std::move(id);
    post.created_at = at;
    post.author.id = std::to_string(random.below(500));
    post.author.handle = "kim_" + post.author.id;
    post.text = "what is it with acme & its caps " + post.id;
    return post;
}

// What is owed and missing; returns how many were owed.
std::size_t expect_all(Sink::State const& s, std::vector<Said> const& said, WallTime end,
                       std::chrono::hours behind = 3h) {
    std::size_t owed = 0, in_gaps = 0;
    std::set<std::string> posted;
    int shown = 0;
    for (Said const& one : said) {
        posted.insert(one.id);
        bool const gap = std::any_of(s.gaps.begin(), s.gaps.end(), [&](auto const& g) {
            return one.at >= g.first && one.at < g.second;
        });
        in_gaps += gap ? 1 : 0;
        // The last hours may hold what the next walks would find.
        if (one.at < s.covered_from || gap || one.visible >= end - 1h - behind) continue;
        ++owed;
        if (!s.ids.contains(one.id) && ++shown < 5)
            ADD_FAILURE() << "lost: " << one.id << " of " << rfc3339(one.at) << ", shown at "
                          << rfc3339(one.visible) << ", covered until " << rfc3339(s.covered_until);
    }
    for (auto const& id : s.ids) EXPECT_TRUE(posted.contains(id)) << "nobody ever posted " << id;
    EXPECT_GE(s.covered_until, end - behind) << "coverage fell behind";
    EXPECT_LT(s.longest_cursor, 16'000u);
    EXPECT_GT(owed, 300u);
    EXPECT_LT(in_gaps, said.size() / 2) << "a gap is no excuse for everything";
    return owed;
}

void expect_unkind(World& world) {
    using daemon::demo::Trouble;
    for (auto const trouble : {Trouble::rate_limited, Trouble::server_error, Trouble::cut,
                               Trouble::html, Trouble::truncated, Trouble::malformed})
        EXPECT_GT(world.door.count(trouble), 0u) << to_string(trouble);
    EXPECT_GT(world.net.faults_happened(), 10u);
    EXPECT_GT(world.crashes, 3);
    EXPECT_GT(world.sink.outcomes["malformed"], 0);
    EXPECT_GT(world.sink.outcomes["transient"], 0);
    EXPECT_GT(world.sink.outcomes["throttled"], 0);
}

void hackernews_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
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
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 500 == 0)
            hn.hits_max(std::array<std::size_t, 4>{20, 100, 500, 1000}[world.random() % 4]);
    };
    world.stream("hn", "search", 10min, {{"query", "acme caps"}}, daemon::make_hackernews_search);
    world.run(kMonth, 20h);
    auto const& s = world.sink.streams["hn"];
    std::size_t const owed = expect_all(s, said, end);
    EXPECT_GT(owed, said.size() * 9 / 10);
    EXPECT_TRUE(s.gaps.empty()) << "nothing is beyond the reach of this walk";
    EXPECT_LE(s.covered_from, kSimStart - std::chrono::days{20});
    EXPECT_LE(hn.peak(), 10'000u);
    EXPECT_GT(world.refused_in_outage, 0);
    expect_unkind(world);
}

void reddit_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
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
    world.make_account = [] { return reddit_account("http://p.sim", false); };
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 700 == 0)
            reddit.page_max(std::array<std::size_t, 3>{25, 50, 100}[world.random() % 3]);
    };
    world.stream("search", "search", 20min, {{"query", "acme"}}, daemon::make_reddit_search);
    world.stream("sub", "subreddit", 20min, {{"subreddit", "soda"}, {"query", "acme caps"}},
                 daemon::make_reddit_subreddit);
    world.run(kMonth, 20h);
    for (auto const* name : {"search", "sub"}) {
        SCOPED_TRACE(name);
        auto const& s = world.sink.streams[name];
        expect_all(s, std::string_view(name) == "sub" ? all : posts, end);
        // More than a listing holds was written while nobody could ask.
        ASSERT_EQ(s.gaps.size(), 1u);
        EXPECT_GE(s.gaps[0].second, world.outage_from);
        EXPECT_LE(s.gaps[0].second, world.outage_until);
    }
    EXPECT_LE(reddit.peak(), 1000u);
    EXPECT_GE(reddit.logins(), 29u) << "tokens live a day";
    EXPECT_LT(reddit.logins(), 400u) << "and are not asked for at every poll";
    EXPECT_GT(world.sink.outcomes["auth"], 0) << "some were refused before their time";
    expect_unkind(world);
}

void youtube_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
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
    EXPECT_LE(site.peak(), 60u);
    EXPECT_GT(site.unchanged(), 300u) << "conditional requests are asked and answered";
    expect_unkind(world);
}

void instagram_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
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
    ASSERT_EQ(hashtag.gaps.size(), 1U);
    EXPECT_GE(hashtag.gaps[0].second - hashtag.gaps[0].first, 5h);
    EXPECT_LE(hashtag.gaps[0].second, world.outage_until);
    EXPECT_LE(instagram.peak(), 4800U);
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

class NightWebMonth : public testing::TestWithParam<std::uint64_t> {};
TEST_P(NightWebMonth, OfEachPlatform) {
    hackernews_month(100 + GetParam());
    reddit_month(100 + GetParam());
    youtube_month(100 + GetParam());
    feed_month(100 + GetParam());
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
