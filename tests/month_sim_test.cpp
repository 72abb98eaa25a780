// Goal: a month of X, Facebook and a customer's JSON API, whatever network, platform and process
// do: what was posted within the platform's reach is counted once, what was not lies in a gap that
// was told, and no limit or budget is exceeded by the platform's own book. Method: the real loop
// and pollers against the stand-ins behind every fault they know, on virtual time.
#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_stand_in.h"
#include "tests/month_world.h"

#include <ctime>

namespace surged::tests {
namespace {

using std::chrono::days;

AccountSettings with_token(char const* key, char const* token) {
    return account("http://p.sim", {{key, token}});
}

// --- X: search, mentions and counts of one account, and its money ---

// Each minute that is covered and in no gap has the value of the book.
void expect_counts(Sink::State const& s, PostBook const& book, std::vector<Said> const& said,
                   WallTime end) {
    SCOPED_TRACE("counts");
    std::map<WallTime, double> posted;
    for (Said const& one : said) posted[detectors::floor_minute(one.at)] += 1;
    std::size_t owed = 0, wrong = 0;
    double sum = 0;
    for (WallTime t = std::chrono::ceil<std::chrono::minutes>(s.covered_from);
         t < std::min(end - 8h, s.covered_until - 15min); t += 1min) {
        bool const gap = std::any_of(s.gaps.begin(), s.gaps.end(), [&](auto const& g) {
            return t + 1min > g.first && t < g.second;
        });
        if (gap) continue;
        double const is = s.minutes.contains(t) ? s.minutes.at(t) : 0;
        double const should = posted.contains(t) ? posted.at(t) : 0;
        ++owed;
        sum += is;
        if (is != should && ++wrong < 5)
            ADD_FAILURE() << rfc3339(t) << ": " << is << " instead of " << should;
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_GT(owed, 20'000u);
    EXPECT_GE(s.covered_until, end - 12h);
    std::cout << "  counts: " << owed << " minutes owed, with " << sum << " of " << book.size()
              << " posts, " << s.gaps.size() << " gaps\n";
}

void x_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "x, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    // Reads cost money: what is read again reaches back ninety seconds.
    book.lag(seed, 0.05, 60s);
    daemon::demo::Minter minter;
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> said;
    for (WallTime const at : times(random, kSimStart - days{9}, end, 4, 1500)) {
        Post post = post_at(random, at, minter.x(at));
        post.stream = "acme-x";
        post.text = "@acme what is it with acme & its caps";
        Post const& kept = book.append(post);
        said.push_back({kept.id, at, kept.visible_at});
    }
    daemon::demo::XOptions options;
    options.bearer_token = "AAAAtoken";
    options.users = {{"990000001", "acme", "Acme"}};
    options.tags["acme"] = "acme-x";
    daemon::demo::XStandIn x(book, options);
    World world(seed, x, "x");
    world.budget.requests = {Rate{40, 900s}};
    world.budget.reads = Rate{2200, 86400s};
    world.make_account = [] { return with_token("bearer_token_file", "AAAAtoken"); };
    // Longer than search looks back: of the burst's hour one half is out of its reach.
    world.outage_from = kBurst - 2h;
    world.outage_until = kBurst + days{7} + 30min;
    world.endpoint = [](std::string_view path) {
        return path.find("search") != path.npos   ? "search"
               : path.find("counts") != path.npos ? "counts"
                                                  : "timeline";
    };
    Meter reads;
    std::uint64_t told = 0;
    world.on_reply = [&](daemon::ServerResponse const&, WallTime now) {
        reads.add(now, double(x.reads() - told));
        told = x.reads();
    };
    world.on_request = [&](WallTime) {
        if (world.random() % 100 == 0)
            x.page_max(std::array<std::size_t, 3>{3, 10, 50}[world.random() % 3]);
    };
    world.stream("search", "search", 5min, {{"query", "acme"}}, daemon::make_x_search);
    world.stream("mentions", "mentions", 20min, {{"user", "990000001"}}, daemon::make_x_mentions);
    world.stream("counts", "counts", 5min, {{"query", "acme"}}, daemon::make_x_counts);
    world.run(kMonth, 20h);
    for (auto const* name : {"search", "mentions"}) {
        SCOPED_TRACE(name);
        auto const& s = world.sink.streams[name];
        // The budget of reads is near: it slows them.
        expect_all(s, said, end, 14h);
        // A walk of the timeline that the outage held up has one of its own.
        ASSERT_GE(s.gaps.size(), 1u);
        EXPECT_LE(s.gaps.size(), std::string_view(name) == "search" ? 1u : 3u);
        EXPECT_GE(s.gaps.back().second, kBurst) << "search reaches seven days, mentions 800 posts";
        EXPECT_LE(s.gaps.back().second, world.outage_until + 1h);
    }
    expect_counts(world.sink.streams["counts"], book, said, end);
    for (auto const& [name, limit] :
         {std::pair("search", 450), std::pair("counts", 300), std::pair("timeline", 450)})
        EXPECT_LE(world.requests[name].peak(15min), limit) << name;
    double all = 0;
    for (auto const& [name, meter] : world.requests) all += meter.peak(15min);
    EXPECT_LE(all, 3 * 40.0);
    EXPECT_LE(reads.peak(24h), 2200) << "as the platform charges them";
    EXPECT_GT(world.sink.outcomes["auth"], 0);
    EXPECT_GT(world.sink.outcomes["bad_cursor"], 0);
    std::cout << "  reads a day at most " << reads.peak(24h) << " of 2200, the operator told "
              << world.sink.low << " times\n";
    expect_unkind(world);
}

// --- Facebook: visitors, tags and comments of a page ---

void facebook_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "facebook, seed " << seed << "\n";
    Random random(seed);
    PostBook book;
    book.lag(seed, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> said;
    std::vector<Post> posts, comments;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - days{20}, end, 4, 600)) {
        Post post = post_at(random, at, "1234567_" + std::to_string(++number));
        // The comments of a post are certainly read for two days.
        auto const old = [&](Post const& p) { return p.created_at < at - 20h; };
        std::erase_if(posts, old);
        std::erase_if(comments, old);
        if (posts.empty() || random.chance(0.02)) {
            post.place = "posts";
            post.own = true;
            post.author.id = "1234567";
            posts.push_back(post);
        } else if (random.chance(0.6)) {
            post.place = "comments";
            post.kind = MentionKind::comment;
            post.in_reply_to = post.conversation = posts[random.below(posts.size())].id;
            if (!comments.empty() && random.chance(0.3)) {
                Post const& parent = comments[random.below(comments.size())];
                post.in_reply_to = parent.id;
                post.conversation = parent.conversation;
            } else {
                comments.push_back(post);
            }
            if (comments.size() > 10) comments.erase(comments.begin());
        } else {
            post.place = random.chance(0.5) ? "visitor_posts" : "tagged";
        }
        Post const& kept = book.append(post);
        said.push_back({kept.id, at, kept.visible_at});
    }
    daemon::demo::GraphOptions options;
    options.access_token = "EAABtoken123";
    options.base_url = "http://p.sim";
    daemon::demo::GraphStandIn graph(book, options);
    World world(seed, graph, "facebook");
    world.make_account = [] { return with_token("access_token_file", "EAABtoken123"); };
    world.budget.requests = {Rate{200, 3600s}};
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 500 == 0)
            graph.page_max(std::array<std::size_t, 3>{10, 25, 100}[world.random() % 3]);
    };
    world.stream("page", "page", 30min, {{"page", "1234567"}}, daemon::make_facebook_page);
    world.run(kMonth, 20h);
    // A walk asks for the comments of each post: with one request in eight failing it takes hours.
    auto const& s = world.sink.streams["page"];
    expect_all(s, said, end, 8h);
    EXPECT_TRUE(s.gaps.empty()) << "all of it is within reach";
    EXPECT_LE(world.requests["all"].peak(24h), 4800);
    EXPECT_LE(world.requests["all"].peak(1h), 200);
    EXPECT_GT(world.sink.outcomes["auth"], 0);
    EXPECT_GT(world.sink.outcomes["bad_cursor"], 0);
    expect_unkind(world);
}

// --- a customer's API: newest first by time, oldest first by time or by id ---

// One book behind two paths.
class TwoLists final : public daemon::demo::StandIn {
public:
    TwoLists(PostBook const& by_time, PostBook const& log)
        : newest(by_time, {}), oldest(log, options()) {}
    daemon::ServerResponse handle(daemon::ServerRequest const& request, WallTime now) override {
        return of(request).handle(request, now);
    }
    daemon::ServerResponse refuse(Trouble trouble, daemon::ServerRequest const& request,
                                  WallTime now) override {
        return of(request).refuse(trouble, request, now);
    }
    [[nodiscard]] bool continues(daemon::ServerRequest const& request) const override {
        return newest.continues(request);
    }
    daemon::demo::JsonStandIn newest, oldest;

private:
    static daemon::demo::JsonOptions options() {
        daemon::demo::JsonOptions o;
        o.path = "/log";
        o.oldest_first = true;
        return o;
    }
    daemon::demo::JsonStandIn& of(daemon::ServerRequest const& request) {
        return request.path == "/log" ? oldest : newest;
    }
};

// "Too many requests", as each API says it: whatever the words, nobody asks before the time.
constexpr std::size_t kDialects = 7;
constexpr auto kHold = 40s;
void speak(daemon::ServerResponse& response, std::size_t dialect, WallTime now) {
    auto& headers = response.headers;
    std::erase_if(headers, [](auto const& h) { return h.first == "Retry-After"; });
    auto const until = std::chrono::ceil<std::chrono::seconds>(now + kHold);
    std::string const in = std::to_string(kHold.count());
    std::string const at = std::to_string(until.time_since_epoch().count());
    switch (dialect) {
        case 0: headers.emplace_back("Retry-After", in); break;
        case 1: {
            std::time_t const t = until.time_since_epoch().count();
            std::tm parts{};
            char text[64];
            std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &parts));
            headers.emplace_back("retry-after", text);
            break;
        }
        case 2:
            headers.emplace_back("X-RateLimit-Remaining", "0");
            headers.emplace_back("X-RateLimit-Reset", at);
            break;
        case 3:
            headers.emplace_back("x-ratelimit-remaining", "0");
            headers.emplace_back("x-ratelimit-reset", rfc3339(until));
            break;
        case 4:
            headers.emplace_back("RateLimit-Remaining", "0");
            headers.emplace_back("RateLimit-Reset", in);
            break;
        case 5: headers.emplace_back("RateLimit", "\"default\";r=0;t=" + in); break;
        default: break;  // says nothing
    }
}

void json_month(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "json, seed " << seed << "\n";
    bool const by_id = seed % 2 == 0;
    Random random(seed);
    PostBook book, log;
    book.lag(seed, 0.05, 8min);
    if (!by_id) log.lag(seed + 1, 0.05, 8min);
    WallTime const end = kSimStart + kMonth;
    std::vector<Said> said, logged;
    std::uint64_t number = 1000;
    for (WallTime const at : times(random, kSimStart - days{20}, end, 4, 1500)) {
        Post post = post_at(random, at, "t-" + std::to_string(++number));
        Post const& kept = book.append(post);
        said.push_back({kept.id, at, kept.visible_at});
        // A log whose items have no number of their own stands in the order of arrival.
        if (by_id && random.chance(0.05)) {
            auto const late = std::chrono::milliseconds{random.below(8 * 60'000)};
            post.ordered_at = post.visible_at = at + late;
        }
        Post const& entry = log.append(post);
        logged.push_back({entry.id, at, entry.visible(at) ? at : entry.visible_at});
    }
    TwoLists lists(book, log);
    World world(seed, lists, "json");
    world.budget.requests = {Rate{30, 600s}};
    world.outage_from = kBurst - 2h;
    world.outage_until = world.outage_from + 9h;
    world.on_request = [&](WallTime) {
        if (world.random() % 100 != 0) return;
        for (auto* list : {&lists.newest, &lists.oldest})
            list->page_size(std::array<std::size_t, 3>{3, 20, 50}[world.random() % 3]);
    };
    world.endpoint = [](std::string_view path) { return std::string(path); };
    std::array<int, kDialects> spoken{};
    std::size_t next = 0;
    world.on_reply = [&](daemon::ServerResponse& response, WallTime now) {
        if (response.status != 429) return;
        ++spoken[next % kDialects];
        speak(response, next++ % kDialects, now);
    };
    Make const make = [](AccountSettings const& a, daemon::StreamSettings const& s) {
        auto full = s;
        full.values.pairs["fields"] = {{"id", "/id"}, {"created_at", "/created_at"}};
        return daemon::make_json_items(a, full);
    };
    // A log by time is read from each page's newest on, the others have a cursor to the next page.
    auto const keys = [](std::string const& path, char const* format, char const* order) {
        if (path == "/log" && std::string_view(format) != "id")
            return Pairs{{"path", path},
                         {"items", "/data"},
                         {"since.param", "since"},
                         {"since.format", format},
                         {"order", order}};
        return Pairs{
            {"path", path},           {"items", "/data"},       {"next.pointer", "/meta/next"},
            {"next.param", "cursor"}, {"since.param", "since"}, {"since.format", format},
            {"order", order}};
    };
    world.stream("newest", "items", 5min, keys("/items", by_id ? "unix" : "rfc3339", "newest"),
                 make);
    world.stream("oldest", "items", 5min, keys("/log", by_id ? "id" : "rfc3339", "oldest"), make);
    world.run(kMonth, 20h);
    for (auto const* name : {"newest", "oldest"}) {
        SCOPED_TRACE(name);
        auto const& s = world.sink.streams[name];
        expect_all(s, std::string_view(name) == "newest" ? said : logged, end);
        EXPECT_TRUE(s.gaps.empty()) << "all of it is within reach";
    }
    for (auto const* path : {"/items", "/log"}) {
        EXPECT_LE(world.requests[path].peak(1min), 120);
        EXPECT_LE(world.requests[path].peak(10min), 30);
    }
    for (int const n : spoken) EXPECT_GT(n, 0) << "each dialect of 429";
    EXPECT_GT(world.sink.outcomes["auth"], 0);
    EXPECT_GT(world.sink.outcomes["bad_cursor"], 0);
    expect_unkind(world);
}

class Month : public testing::TestWithParam<std::uint64_t> {};
TEST_P(Month, XLosesOnlyWhatItTellsAndKeepsItsBudgets) {
    x_month(GetParam());
}
TEST_P(Month, FacebookLosesNothing) {
    facebook_month(GetParam());
}
TEST_P(Month, JsonLosesNothingWhateverItsOrder) {
    json_month(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, Month, testing::Range<std::uint64_t>(1, 3));

class NightMonth : public testing::TestWithParam<std::uint64_t> {};
TEST_P(NightMonth, X) {
    x_month(100 + GetParam());
}
TEST_P(NightMonth, Facebook) {
    facebook_month(100 + GetParam());
}
TEST_P(NightMonth, Json) {
    json_month(100 + GetParam());
}
INSTANTIATE_TEST_SUITE_P(NightSeeds, NightMonth, testing::Range<std::uint64_t>(0, 20));

}  // namespace
}  // namespace surged::tests
