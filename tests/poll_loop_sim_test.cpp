// Days of polling on virtual time: the real loop and the real pollers against small platforms that
// fail, lie and throttle by the seed.
#include "daemon/poll_loop.h"
#include "daemon/pollers/mastodon_page.h"
#include "daemon/pollers/x_page.h"
#include "daemon/supervisor.h"
#include "detectors/json_writer.h"
#include "tests/poller_kit.h"
#include "tests/sim_net.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace surged::tests {
namespace {

using daemon::AccountPace, daemon::BudgetSettings, daemon::PollOutcome, daemon::Rate;
using detectors::kNoTime, detectors::rfc3339;

struct Said {
    std::string id;
    WallTime at;       // created_at
    WallTime visible;  // when the platform shows it
};

// What a brand's public said in the days before and during the simulation: quiet nights, busy days,
// one surge. Ids are snowflakes of `id_at`.
std::vector<Said> public_of(std::mt19937_64& random, WallTime from, WallTime until, double per_hour,
                            std::chrono::milliseconds hidden_most,
                            std::function<std::string(WallTime)> const& id_at) {
    std::vector<Said> out;
    WallTime const surge = from + (until - from) * 3 / 4;
    for (WallTime t = from; t < until;) {
        double const hour = double((t.time_since_epoch() / 1min) % 1440) / 60;
        double rate = per_hour * (hour < 6 ? 0.2 : 1.2);
        if (t >= surge && t < surge + 40min) rate *= 30;
        double const gap_ms = std::exponential_distribution<double>(rate / 3'600'000)(random);
        t += std::chrono::milliseconds{1 + std::int64_t(gap_ms)};
        auto const hidden =
            std::chrono::milliseconds{random() % std::uint64_t(hidden_most.count() + 1)};
        if (t < until) out.push_back({id_at(t), t, t + hidden});
    }
    return out;
}

// The platform's own book of what it gave to whom: budgets are measured here, not by us.
class Meter {
public:
    void add(WallTime now, double amount) { spent_.emplace_back(now, amount); }
    // The most that was spent in any window of this length.
    [[nodiscard]] double peak(std::chrono::milliseconds window) const {
        double most = 0, sum = 0;
        std::size_t first = 0;
        for (auto const& [at, amount] : spent_) {
            sum += amount;
            while (spent_[first].first <= at - window) sum -= spent_[first++].second;
            most = std::max(most, sum);
        }
        return most;
    }

private:
    std::vector<std::pair<WallTime, double>> spent_;
};

// How often a platform misbehaves, and how often it did.
struct Unkind {
    std::mt19937_64 random;
    double share = 0;
    std::map<std::string, int> did;

    std::optional<HttpResponse> instead(WallTime) {
        double const fate = std::uniform_real_distribution<double>(0, 1)(random);
        auto const say = [&](char const* what, HttpResponse response) {
            ++did[what];
            return response;
        };
        if (fate < share) return say("html", answer(200, "<html>busy</html>"));
        if (fate < 2 * share) return say("503", answer(503, "<html>busy</html>"));
        if (fate < 3 * share) return say("500", answer(500, "{}"));
        if (fate < 3.2 * share) return say("401", answer(401, R"({"title":"Unauthorized"})"));
        return std::nullopt;
    }
    HttpResponse maybe_cut(HttpResponse response) {
        if (std::uniform_real_distribution<double>(0, 1)(random) < share &&
            !response.body.empty()) {
            ++did["cut"];
            response.body.resize(random() % response.body.size());
        }
        return response;
    }
};

// X's recent search: newest first, 100 a page, since_id exclusive, start_time inclusive, 7 days,
// 30 s behind, 450 requests in 15 aligned minutes.
class XWorld {
public:
    XWorld(std::vector<Said> said, std::uint64_t seed, double share)
        : said_(std::move(said)), unkind{std::mt19937_64(seed), share, {}} {}

    HttpResponse operator()(HttpRequest const& request, WallTime now) {
        std::int64_t const window = now.time_since_epoch() / 15min;
        if (window != window_) {
            window_ = window;
            used_ = 0;
        }
        WallTime const reset{(window + 1) * std::chrono::milliseconds{15min}};
        exporters::HttpHeaders headers{
            {"x-rate-limit-limit", std::to_string(limit)},
            {"x-rate-limit-remaining", std::to_string(used_ < limit ? limit - used_ - 1 : 0)},
            {"x-rate-limit-reset", std::to_string(reset.time_since_epoch() / 1s)}};
        requests.add(now, 1);
        if (++used_ > limit) {
            ++refused;
            return answer(429, R"({"title":"Too Many Requests","status":429})", headers);
        }
        if (auto trouble = unkind.instead(now)) return *trouble;
        return unkind.maybe_cut(search(request, now, std::move(headers)));
    }

    std::vector<Said> said_;
    Unkind unkind;
    Meter requests, reads;
    int limit = 450, refused = 0, expired_tokens = 0, pages = 0;

private:
    HttpResponse search(HttpRequest const& request, WallTime now, exporters::HttpHeaders headers) {
        WallTime const edge = now - std::chrono::days{7};
        std::string const since = param(request, "since_id");
        std::string const start = param(request, "start_time");
        if (!since.empty() && !start.empty()) return answer(400, R"({"detail":"since_id"})");
        if (!since.empty() && daemon::id_less(since, daemon::x_id_at(edge)))
            return answer(400, R"({"errors":[{"message":"'since_id' must be created after"}]})");
        WallTime const from = start.empty() ? edge : at(start.c_str());
        if (from < edge) return answer(400, R"({"errors":[{"message":"'start_time' too early"}]})");
        // A token names the instant of its walk's first page and how far it got.
        WallTime until = now - 30s;
        std::size_t skip = 0;
        if (std::string const token = param(request, "next_token"); !token.empty()) {
            auto const dash = token.find('-');
            until = WallTime{std::chrono::milliseconds{std::stoll(token.substr(0, dash))}};
            skip = std::stoull(token.substr(dash + 1));
            if (now - until > 6h || unkind.random() % 400 == 0) {
                ++expired_tokens;
                return answer(400, R"({"errors":[{"message":"next_token is not valid"}]})");
            }
        }
        detectors::JsonWriter json;
        json.object().key("data").array();
        std::string newest, next;
        std::size_t given = 0, passed = 0;
        for (auto it = said_.rbegin(); it != said_.rend(); ++it) {
            if (it->at > until || it->visible > now) continue;
            if (it->at < from || (!since.empty() && !daemon::id_less(since, it->id))) {
                if (it->at < from - 1s) break;
                continue;
            }
            if (passed++ < skip) continue;
            if (given == 100) {
                next = std::to_string(until.time_since_epoch().count()) + "-" +
                       std::to_string(skip + given);
                break;
            }
            ++given;
            if (newest.empty()) newest = it->id;
            json.object().field("id", it->id).field("text", "acme");
            json.field("created_at", it->at).field("author_id", "1").end();
        }
        json.end().key("meta").object().field("result_count", std::int64_t(given));
        json.text_if("newest_id", newest).text_if("next_token", next).end().end();
        reads.add(now, double(given));
        ++pages;
        std::string body = json.take();
        if (given == 0) body = R"({"meta":{"result_count":0}})";
        return answer(200, body, std::move(headers));
    }

    std::int64_t window_ = -1;
    int used_ = 0;
};

// What must survive of a stream, as the store has it; checks every promise as it is made.
class SimStore final : public daemon::PollSink {
public:
    explicit SimStore(std::uint64_t seed) : random_(seed) {}

    bool record(std::string const& stream, PollPage const& page, MentionBatch const& batch,
                PollContext const&, WallTime from, WallTime until) override {
        if (random_() % 500 == 0) {
            ++disk_full;
            return false;
        }
        State& s = streams[stream];
        for (auto const& m : batch.items) {
            ++s.sights;
            if (s.ids.emplace(m.id).second) ++s.counted;
        }
        s.cursor = page.cursor;
        if (until == kNoTime) return true;
        if (s.covered_until == kNoTime) s.covered_from = from;
        if (s.covered_until != kNoTime && from > s.covered_until)
            s.gaps.emplace_back(s.covered_until, from);
        // The promise of coverage: nothing that was visible by then and belongs there is missing.
        WallTime const begin = s.covered_until == kNoTime ? from : std::max(from, s.covered_until);
        auto const first = std::lower_bound(s.said->begin(), s.said->end(), begin,
                                            [](Said const& a, WallTime t) { return a.at < t; });
        for (auto it = first; it != s.said->end() && it->at < until; ++it) {
            Said const& said = *it;
            // What the platform still hid then comes late, through the overlap.
            if (said.visible > until) continue;
            if (!s.ids.contains(said.id) && ++s.missing < 5)
                ADD_FAILURE() << stream << ": covered until " << rfc3339(until) << " without "
                              << said.id << " of " << rfc3339(said.at);
        }
        s.covered_until = std::max(s.covered_until, until);
        return true;
    }
    void polled(PollOutcome const& outcome) override {
        ++outcomes[outcome.failure ? std::string(to_string(outcome.failure->fault)) : "ok"];
    }
    void spending(std::string const&) override { on_spending(); }
    void budget_low(std::string const&, std::string const& kind, double) override { ++low[kind]; }
    [[nodiscard]] bool surging(std::string const& stream) const override {
        return surging_streams.contains(stream);
    }
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
        std::uint64_t counted = 0, sights = 0, missing = 0;
        std::vector<Said> const* said = nullptr;
    };
    std::map<std::string, State> streams;
    std::map<std::string, int> outcomes, low;
    std::set<std::string> surging_streams;
    int disk_full = 0;
    std::function<void()> on_spending = [] {};

private:
    std::mt19937_64 random_;
};

// A daemon that polls, dies without warning and comes back.
struct World {
    World(std::uint64_t seed, SimFaults faults, BudgetSettings b)
        : random(seed), net(clock, seed + 1, faults), store(seed + 2), budget(std::move(b)) {
        pace = std::make_unique<AccountPace>(budget);
        store.on_spending = [this] { spent = pace->save(); };
    }
    ~World() { stop(); }

    void stream(std::string const& name, std::string kind, std::chrono::seconds every,
                std::vector<Said> const& said, std::function<std::unique_ptr<Poller>()> make) {
        store.streams[name].said = &said;
        daemon::StreamSettings s;
        s.name = name;
        s.account = "main";
        s.platform = "x";
        s.kind = std::move(kind);
        s.every = every;
        makers.emplace_back(std::move(s), std::move(make));
    }
    void start() {
        daemon::PollEnv env{clock, net, random, store, *pace, 10s, 2s};
        for (auto const& [settings, make] : makers)
            supervisor.start(settings.name, daemon::run_poll_loop(env, settings, make()));
    }
    void stop() {
        supervisor.stop();
        clock.settle();
        EXPECT_EQ(supervisor.running(), 0u);
    }
    // What is in memory is lost; what the store has is there: of the budget what was spent when the
    // last request went out, whatever became of it.
    void crash() {
        stop();
        pace = std::make_unique<AccountPace>(budget);
        EXPECT_TRUE(pace->restore(spent));
        start();
        ++crashes;
    }
    void run(std::chrono::hours length, std::chrono::minutes mean_life) {
        WallTime const end = clock.wall_now() + length;
        start();
        while (clock.wall_now() < end) {
            double const life = std::exponential_distribution<double>(
                1.0 / double(std::chrono::milliseconds{mean_life}.count()))(random);
            clock.run_until(std::min(
                end, clock.wall_now() + std::chrono::milliseconds{1 + std::int64_t(life)}));
            if (clock.wall_now() < end) crash();
        }
    }

    boost::asio::io_context io{1};
    SimClock clock{io};
    std::mt19937_64 random;
    SimHttpClient net;
    SimStore store;
    BudgetSettings budget;
    std::unique_ptr<AccountPace> pace;
    std::string spent = AccountPace({}).save();  // on disk
    std::vector<std::pair<daemon::StreamSettings, std::function<std::unique_ptr<Poller>()>>> makers;
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
    int crashes = 0;
};

SimFaults unkind_network() {
    SimFaults faults;
    faults.transient = 0.02;
    faults.cut = 0.02;
    faults.timeout = 0.02;
    faults.slow = 0.02;
    return faults;
}

// Everything that is in the covered time was counted, and the gaps are those that were reported.
void expect_complete(SimStore::State const& s, WallTime end, std::chrono::minutes lag) {
    EXPECT_EQ(s.missing, 0u);
    EXPECT_GE(s.covered_until, end - lag) << "coverage fell behind: " << rfc3339(s.covered_until);
    std::size_t owed = 0, there = 0;
    for (Said const& said : *s.said) {
        bool const in_gap = std::any_of(s.gaps.begin(), s.gaps.end(), [&](auto const& gap) {
            return said.at >= gap.first && said.at < gap.second;
        });
        // The last minutes may hold some that the platform hid and that the next poll would find.
        if (said.at < s.covered_from || said.at >= s.covered_until - 3min || in_gap) continue;
        ++owed;
        there += s.ids.contains(said.id) ? 1 : 0;
        if (!s.ids.contains(said.id))
            ADD_FAILURE() << "lost: " << said.id << " of " << rfc3339(said.at) << ", shown at "
                          << rfc3339(said.visible);
    }
    EXPECT_GT(owed, 100u) << "too little was said for this to mean anything";
    EXPECT_EQ(there, owed);
    EXPECT_EQ(s.counted, s.ids.size());
}

// Goal: whatever network, platform and process do for days, no mention of the covered time is lost,
// coverage never promises too much, and the platform's limits hold by the platform's own book.
class PollSimulation : public testing::TestWithParam<std::uint64_t> {
protected:
    void search_for_days(std::uint64_t seed, std::chrono::hours length) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        BudgetSettings budget;
        budget.requests = {Rate{60, 900s}};
        budget.reads = Rate{60'000, 86400s};
        World world(seed, unkind_network(), budget);
        std::mt19937_64 random(seed ^ 0x9e3779b97f4a7c15U);
        WallTime const end = kSimStart + length;
        auto const busy =
            public_of(random, kSimStart - std::chrono::days{8}, end, 60, 60s, daemon::x_id_at);
        auto const calm =
            public_of(random, kSimStart - std::chrono::days{8}, end, 3, 60s, daemon::x_id_at);
        XWorld x(busy, seed, 0.03);
        XWorld y(calm, seed + 9, 0.03);
        world.net.host("busy.example", std::ref(x));
        world.net.host("calm.example", std::ref(y));
        auto const search = [](std::string const& host) {
            return [host] {
                return daemon::make_x_search(
                    account("https://" + host, {{"bearer_token_file", "t0k3n-t0k3n"}}),
                    stream("x", "search", {{"query", "acme"}}));
            };
        };
        world.stream("busy", "search", 60s, x.said_, search("busy.example"));
        world.stream("calm", "search", 60s, y.said_, search("calm.example"));
        world.run(length, 7h);
        for (auto const* name : {"busy", "calm"}) {
            SCOPED_TRACE(name);
            auto const& s = world.store.streams[name];
            expect_complete(s, end, 45min);
            EXPECT_LE(s.covered_from, kSimStart - std::chrono::days{6}) << "history was read";
            EXPECT_TRUE(s.gaps.empty());
        }
        EXPECT_LE(x.requests.peak(15min), 60);
        EXPECT_LE(x.reads.peak(24h), 60'000);
        EXPECT_EQ(x.refused + y.refused, 0) << "our own pace stays below the platform's";
        // The world was unkind.
        EXPECT_GT(world.net.faults_happened(), 50u);
        EXPECT_GT(x.unkind.did["html"] + x.unkind.did["503"] + x.unkind.did["cut"], 20);
        EXPECT_GT(world.crashes, 0);
        EXPECT_GT(world.store.outcomes["malformed"], 0);
        EXPECT_GT(world.store.outcomes["transient"], 0);
        restarts_ += x.expired_tokens;
        disk_full_ += world.store.disk_full;
    }
    int restarts_ = 0, disk_full_ = 0;
};

TEST_P(PollSimulation, SearchLosesNothingAndKeepsItsBudgets) {
    search_for_days(GetParam(), 48h);
}
INSTANTIATE_TEST_SUITE_P(Seeds, PollSimulation, testing::Range<std::uint64_t>(0, 3));

class NightPollSimulation : public PollSimulation {};
TEST_P(NightPollSimulation, SearchForAWeek) {
    for (std::uint64_t i = 0; i < 25; ++i) search_for_days(1000 + GetParam() * 25 + i, 168h);
    EXPECT_GT(restarts_, 0) << "no token expired in the middle of a walk";
    EXPECT_GT(disk_full_, 0);
}
INSTANTIATE_TEST_SUITE_P(NightSeeds, NightPollSimulation, testing::Range<std::uint64_t>(0, 8));

// The platform's own limit is the only one: 20 requests a quarter of an hour, three streams.
TEST(PollLimits, AreKeptByWhatThePlatformTells) {
    World world(5, {}, {});
    std::mt19937_64 random(5);
    WallTime const end = kSimStart + 24h;
    auto const said =
        public_of(random, kSimStart - std::chrono::days{8}, end, 20, 30s, daemon::x_id_at);
    XWorld x(said, 5, 0);
    x.limit = 20;
    world.net.host("x.example", std::ref(x));
    for (auto const* name : {"a", "b", "c"})
        world.stream(name, "search", 60s, x.said_, [] {
            return daemon::make_x_search(account("https://x.example", {}),
                                         stream("x", "search", {{"query", "acme"}}));
        });
    world.run(24h, 1000h);
    EXPECT_LE(x.refused, 3) << "at most once each, before anything was told";
    EXPECT_GT(x.pages, 20 * 4 * 20) << "and what is left is used";
    for (auto const* name : {"a", "b", "c"}) expect_complete(world.store.streams[name], end, 20min);
}

// A budget far too small: it is never exceeded, it is spread, and somebody is told.
TEST(PollBudgets, AreNeverExceededHoweverSmall) {
    BudgetSettings budget;
    budget.reads = Rate{1500, 86400s};
    World world(6, unkind_network(), budget);
    std::mt19937_64 random(6);
    WallTime const end = kSimStart + 72h;
    auto const said =
        public_of(random, kSimStart - std::chrono::days{2}, end, 100, 30s, daemon::x_id_at);
    XWorld x(said, 6, 0.02);
    world.net.host("x.example", std::ref(x));
    for (auto const* name : {"a", "surging"})
        world.stream(name, "search", 60s, x.said_, [] {
            return daemon::make_x_search(account("https://x.example", {}),
                                         stream("x", "search", {{"query", "acme"}}));
        });
    world.store.surging_streams.insert("surging");
    world.run(72h, 9h);
    EXPECT_LE(x.reads.peak(24h), 1500);
    EXPECT_GT(x.reads.peak(24h), 1200) << "what calm streams may use was used";
    EXPECT_GT(world.store.low["reads"], 0);
    for (auto const* name : {"a", "surging"}) EXPECT_EQ(world.store.streams[name].missing, 0u);
}

// A tag on an instance: forward by min_id, pages filtered after the cut, posts that federate late.
class TagWorld {
public:
    TagWorld(std::vector<Said> said, std::uint64_t seed, double share)
        : said_(std::move(said)), unkind{std::mt19937_64(seed), share, {}} {}

    HttpResponse operator()(HttpRequest const& request, WallTime now) {
        if (auto trouble = unkind.instead(now)) return *trouble;
        std::string const max = param(request, "max_id");
        std::string const min = param(request, "min_id");
        std::vector<Said const*> page;
        auto const fits = [&](Said const& s) {
            return s.visible <= now && (max.empty() || daemon::id_less(s.id, max)) &&
                   (min.empty() || daemon::id_less(min, s.id));
        };
        if (min.empty()) {
            for (auto it = said_.rbegin(); it != said_.rend() && page.size() < 40; ++it)
                if (fits(*it)) page.push_back(&*it);
        } else {
            for (auto it = said_.begin(); it != said_.end() && page.size() < 40; ++it)
                if (fits(*it)) page.push_back(&*it);
            std::reverse(page.begin(), page.end());
        }
        detectors::JsonWriter json;
        json.array();
        for (Said const* s : page)
            json.object()
                .field("id", s->id)
                .field("created_at", s->at)
                .field("content", "<p>x</p>")
                .end();
        json.end();
        return unkind.maybe_cut(answer(200, json.take()));
    }
    std::vector<Said> said_;
    Unkind unkind;
};

TEST_P(PollSimulation, ATagLosesNothing) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()));
    World world(GetParam(), unkind_network(), {});
    std::mt19937_64 random(GetParam());
    WallTime const end = kSimStart + 48h;
    auto const said =
        public_of(random, kSimStart - std::chrono::days{5}, end, 40, 0s, daemon::mastodon_id_at);
    TagWorld tag(said, GetParam(), 0.03);
    world.net.host("inst.example", std::ref(tag));
    world.stream("tag", "tag", 60s, tag.said_, [] { return mastodon_tag(); });
    world.run(48h, 5h);
    auto const& s = world.store.streams["tag"];
    expect_complete(s, end, 40min);
    EXPECT_LE(s.covered_from, kSimStart - std::chrono::days{4});
    EXPECT_TRUE(s.gaps.empty());
    EXPECT_GT(world.net.faults_happened(), 20u);
    EXPECT_GT(world.crashes, 0);
}

}  // namespace
}  // namespace surged::tests
