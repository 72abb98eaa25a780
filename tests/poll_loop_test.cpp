#include "daemon/poll_loop.h"

#include "daemon/supervisor.h"
#include "tests/sim_clock.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::AccountPace, daemon::BudgetSettings, daemon::Failure, daemon::Fault,
    daemon::HttpRequest, daemon::HttpResponse, daemon::next_wait, daemon::PollContext,
    daemon::PollOutcome, daemon::PollPage, daemon::Poller, daemon::RateLimit, daemon::Result,
    daemon::WallTime;
using detectors::Instant, detectors::kNoTime, detectors::MentionBatch;

TEST(NextWait, DoublesToAQuarterOfAnHourAndNeverUndercutsThePeer) {
    EXPECT_EQ(next_wait(60s, 0, Fault::transient, {}), 60s);
    EXPECT_EQ(next_wait(2s, 1, Fault::throttled, {}), 60s);
    EXPECT_EQ(next_wait(60s, 1, Fault::throttled, {}), 60s);
    EXPECT_EQ(next_wait(60s, 4, Fault::throttled, {}), 480s);
    EXPECT_EQ(next_wait(60s, 9, Fault::throttled, {}), 900s);
    EXPECT_EQ(next_wait(60s, 1, Fault::auth, {}), 120s);
    EXPECT_EQ(next_wait(60s, 9, Fault::auth, {}), 900s);
    EXPECT_EQ(next_wait(1h, 5, Fault::auth, {}), 1h)
        << "an interval above the cap is not shortened by failing";
    // A platform that may be back at any time is asked at least every two minutes.
    EXPECT_EQ(next_wait(20s, 1, Fault::transient, {}), 40s);
    EXPECT_EQ(next_wait(60s, 9, Fault::timeout, {}), 120s);
    EXPECT_EQ(next_wait(5min, 9, Fault::transient, {}), 5min);
    // Who says when is believed: not sooner, and not much later either.
    EXPECT_EQ(next_wait(60s, 3, Fault::throttled, 20s), 20s);
    EXPECT_EQ(next_wait(60s, 1, Fault::throttled, 3600s), 3600s);
    EXPECT_EQ(next_wait(60s, 1, Fault::transient, 0s), 1s);
}

BudgetSettings budget(std::vector<daemon::Rate> requests, std::optional<daemon::Rate> reads = {},
                      double reserve = 0.2) {
    BudgetSettings b;
    b.requests = std::move(requests);
    b.reads = reads;
    b.reserve = reserve;
    return b;
}

TEST(AccountPace, LetsNobodySpendMoreThanTheWindowHolds) {
    AccountPace pace(budget({{10, 900s}}, {}, 0.2));
    WallTime const t = kSimStart;
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(pace.wait(t, false), 0ms);
        pace.spend(t, 1, 0);
    }
    // Slices are 15 s: what was spent at t is inside the window until (its slice's end) + 15 min.
    EXPECT_EQ(pace.wait(t, false), 915s) << "the reserve is not for calm streams";
    EXPECT_EQ(pace.wait(t, true), 0ms);
    pace.spend(t, 2, 0);
    EXPECT_EQ(pace.wait(t, true), 915s);
    EXPECT_EQ(pace.wait(t + 915s, true), 0ms);
    EXPECT_EQ(pace.used_ratio(t).first, "requests");
    EXPECT_DOUBLE_EQ(pace.used_ratio(t).second, 1.0);
}

TEST(AccountPace, SpendsALongBudgetSlowerNearItsEnd) {
    AccountPace pace(budget({{1000, 86400s}}, {}, 0.0));
    WallTime const t = kSimStart;
    pace.spend(t, 799, 0);
    EXPECT_EQ(pace.wait(t, false), 0ms);
    EXPECT_EQ(pace.newly_low(t), std::nullopt);
    pace.spend(t, 1, 0);
    // 200 are left for the 87,840 s until the slice (24 min) of t is outside: one each 439.2 s.
    EXPECT_EQ(pace.wait(t, false), 439'200ms);
    EXPECT_EQ(pace.wait(t, true), 0ms);
    EXPECT_EQ(pace.wait(t + 439'200ms, false), 0ms);
    auto const low = pace.newly_low(t);
    ASSERT_TRUE(low);
    EXPECT_DOUBLE_EQ(low->second, 0.8);
    EXPECT_EQ(pace.newly_low(t), std::nullopt) << "said once";
    EXPECT_EQ(pace.newly_low(t + 25h), std::nullopt);
    pace.spend(t + 25h, 800, 0);
    EXPECT_TRUE(pace.newly_low(t + 25h)) << "said again after it recovered";
    EXPECT_EQ(pace.slowdown(t), 2);
}

TEST(AccountPace, CountsReadsThatAreOnTheirWay) {
    WallTime const t = kSimStart;
    AccountPace small(budget({}, daemon::Rate{1000, 900s}, 0.0));
    for (int i = 0; i < 8; ++i) small.spend(t, 0, 100);
    EXPECT_EQ(small.wait(t, false), 0ms) << "800 spent, a page is 100 at most";
    AccountPace::Turn a(small), b(small);
    a.take();
    EXPECT_EQ(small.wait(t, false), 0ms) << "800 + 100 on its way + 100";
    b.take();
    EXPECT_EQ(small.wait(t, false), 1s) << "the next would be one too many: see what comes";
    a.done();
    small.spend(t, 0, 3);
    EXPECT_EQ(small.wait(t, false), 1s);
    b.done();
    EXPECT_EQ(small.wait(t, false), 0ms);
}

TEST(AccountPace, HeedsWhatThePlatformTells) {
    AccountPace pace({});
    WallTime const t = kSimStart;
    pace.told({{"search", 1, t + 300s}, {"app", 9, t + 900s, 100, 10}});
    EXPECT_EQ(pace.wait(t, false, "page"), 900s) << "at 9 % left we stop";
    pace.told({{"app", 60, t + 900s, 100, 10}});
    EXPECT_EQ(pace.wait(t, false, "search"), 0ms);
    pace.spend(t, 1, 0, "search");
    EXPECT_EQ(pace.wait(t, true, "search"), 300s) << "a platform's limit has no reserve";
    EXPECT_EQ(pace.wait(t, true, "mentions"), 0ms) << "another endpoint, another limit";
    EXPECT_EQ(pace.wait(t + 301s, true, "search"), 0ms);
    pace.throttled(t + 60s, "search");
    EXPECT_EQ(pace.wait(t, false, "mentions"), 0ms);
    pace.throttled(t + 30s, "page");
    EXPECT_EQ(pace.wait(t, false, "mentions"), 30s) << "no limit by endpoint known: everybody's";
    pace.told({{"requests", 0, RateLimit::kNever}});
    EXPECT_EQ(pace.wait(t + 1h, false), 0ms) << "a limit without an end cannot be waited for";
}

TEST(AccountPace, RemembersAcrossARestart) {
    WallTime const t = kSimStart;
    AccountPace pace(budget({{10, 900s}}, daemon::Rate{100, 86400s}));
    pace.spend(t, 8, 70);
    AccountPace again(budget({{10, 900s}}, daemon::Rate{100, 86400s}));
    ASSERT_TRUE(again.restore(pace.save()));
    EXPECT_EQ(again.wait(t, false), pace.wait(t, false));
    EXPECT_EQ(again.used_ratio(t), pace.used_ratio(t));
    AccountPace other(budget({{10, 600s}}));
    ASSERT_TRUE(other.restore(pace.save()));
    EXPECT_EQ(other.wait(t, false), 0ms) << "another window is another budget";
    EXPECT_FALSE(other.restore("damaged"));
}

TEST(AccountPace, ThoseWhoCameFirstAskFirst) {
    AccountPace pace(budget({{1, 60s}}, {}, 0.0));
    WallTime t = kSimStart;
    pace.spend(t, 1, 0);
    AccountPace::Turn early(pace), late(pace);
    auto const wait = early.wait(t, false, "");
    EXPECT_EQ(late.wait(t, false, ""), wait);
    t += wait;
    EXPECT_EQ(late.wait(t, false, ""), 50ms) << "woken before the one that came first";
    EXPECT_EQ(early.wait(t, false, ""), 0ms);
    early.take();
    EXPECT_EQ(late.wait(t, false, ""), 0ms);
}

// A poller that plays a script: each request takes the next step.
struct Script {
    std::deque<std::function<Result<PollPage>(PollContext const&)>> steps;
    std::vector<std::string> asked;  // cursors
    std::vector<PollContext> contexts;
    int reloads = 0;
    bool reload_changes = true;
};
class ScriptedPoller final : public Poller {
public:
    explicit ScriptedPoller(Script& script) : script_(script) {}
    HttpRequest next_request(std::string_view cursor, PollContext const& context) const override {
        script_.asked.emplace_back(cursor);
        script_.contexts.push_back(context);
        HttpRequest request;
        request.url = "http://p.example/";
        return request;
    }
    Result<PollPage> accept(HttpResponse const&, std::string_view, PollContext const& context,
                            MentionBatch& out) override {
        out.items.emplace_back();
        if (script_.steps.empty()) return done("end");
        auto const step = script_.steps.front();
        script_.steps.pop_front();
        return step(context);
    }
    std::string restart(std::string_view cursor) const override {
        return std::string(cursor) + "!";
    }
    std::chrono::seconds indexing_delay() const override { return 20s; }
    bool reload_secrets() override {
        ++script_.reloads;
        return script_.reload_changes;
    }
    static PollPage done(std::string cursor) {
        PollPage page;
        page.cursor = std::move(cursor);
        page.complete = true;
        return page;
    }

private:
    Script& script_;
};

class Peer final : public daemon::HttpClient {
public:
    explicit Peer(daemon::Clock& clock) : clock_(clock) {}
    boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest, Instant deadline) override {
        at.push_back(clock_.now());
        ++now_asking;
        most_asking = std::max(most_asking, now_asking);
        co_await clock_.sleep_until(std::min(deadline, clock_.now() + latency));
        --now_asking;
        HttpResponse response;
        response.status = 200;
        co_return response;
    }
    std::vector<Instant> at;
    int now_asking = 0, most_asking = 0;
    std::chrono::milliseconds latency{100};

private:
    daemon::Clock& clock_;
};

struct Recorded {
    std::string cursor;
    WallTime from, until;
    std::size_t mentions;
};
class Sink final : public daemon::PollSink {
public:
    bool record(std::string const&, PollPage const& page, MentionBatch const& batch,
                PollContext const&, WallTime from, WallTime until) override {
        if (refuse > 0) {
            --refuse;
            return false;
        }
        recorded.push_back({page.cursor, from, until, batch.items.size()});
        stored = page.cursor;
        covered = std::max(covered, until);
        return true;
    }
    void polled(PollOutcome const& outcome) override {
        outcomes.push_back(outcome.failure ? std::string(to_string(outcome.failure->fault)) : "ok");
        intervals.push_back(outcome.next_interval);
    }
    void budget_low(std::string const&, std::string const& kind, double ratio) override {
        low.emplace_back(kind, ratio);
    }
    bool surging(std::string const&) const override { return surge; }
    std::string cursor(std::string const&) const override { return stored; }
    WallTime covered_until(std::string const&) const override { return covered; }

    std::vector<Recorded> recorded;
    std::vector<std::string> outcomes;
    std::vector<std::chrono::seconds> intervals;
    std::vector<std::pair<std::string, double>> low;
    std::string stored;
    WallTime covered = kNoTime;
    int refuse = 0;
    bool surge = false;
};

class PollLoop : public testing::Test {
protected:
    ~PollLoop() override {
        supervisor.stop();
        clock.settle();
        EXPECT_EQ(supervisor.running(), 0u);
    }
    void start(std::chrono::seconds every = 60s) {
        daemon::StreamSettings s;
        s.name = "s";
        s.account = "a";
        s.platform = "x";
        s.kind = "search";
        s.every = every;
        daemon::PollEnv env{clock, peer, random, sink, pace, 10s, 20s};
        supervisor.start("s",
                         daemon::run_poll_loop(env, s, std::make_unique<ScriptedPoller>(script)));
    }
    void step(Result<PollPage> result) {
        script.steps.push_back([result](PollContext const&) { return result; });
    }
    static PollPage more(std::string cursor) {
        PollPage page;
        page.cursor = std::move(cursor);
        return page;
    }

    boost::asio::io_context io{1};
    SimClock clock{io};
    Peer peer{clock};
    std::mt19937_64 random{7};
    Sink sink;
    AccountPace pace{BudgetSettings{}};
    Script script;
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
};

TEST_F(PollLoop, PollsInItsIntervalWithAJitterOfATenth) {
    start();
    clock.run_for(1h);
    ASSERT_GE(peer.at.size(), 55u);
    EXPECT_LE(peer.at.front(), Instant{} + 6s);
    for (std::size_t i = 1; i < peer.at.size(); ++i) {
        EXPECT_GE(peer.at[i] - peer.at[i - 1], 60s);
        EXPECT_LE(peer.at[i] - peer.at[i - 1], 66s);
    }
}

TEST_F(PollLoop, WalksAsFastAsThePagesComeAndCoversFromTheWalksStart) {
    step(more("1"));
    step(more("2"));
    step(ScriptedPoller::done("3"));
    start();
    clock.run_for(30s);
    ASSERT_EQ(sink.recorded.size(), 3u);
    EXPECT_EQ(script.asked, (std::vector<std::string>{"", "1", "2"}));
    WallTime const started = script.contexts[0].now;
    EXPECT_EQ(script.contexts[2].walk_started, started);
    EXPECT_EQ(script.contexts[2].now, started + 200ms);
    EXPECT_EQ(sink.recorded[0].until, kNoTime) << "an unfinished walk covers nothing";
    EXPECT_EQ(sink.recorded[2].until, started - 20s) << "the walk's start less the delay";
    EXPECT_EQ(sink.recorded[2].mentions, 1u) << "each page hands over its own mentions";
}

TEST_F(PollLoop, TakesThePagesOwnWordWhereItCoversLess) {
    script.steps.push_back([](PollContext const& c) {
        PollPage page = more("1");
        page.covered_until = c.now - 1h;
        page.covered_from = c.now - 5h;
        return page;
    });
    script.steps.push_back([](PollContext const& c) {
        PollPage page = ScriptedPoller::done("2");
        page.covered_until = c.now - 30min;
        return page;
    });
    start();
    clock.run_for(30s);
    ASSERT_EQ(sink.recorded.size(), 2u);
    WallTime const now = script.contexts[0].now;
    EXPECT_EQ(sink.recorded[0].from, now - 5h);
    EXPECT_EQ(sink.recorded[0].until, now - 1h);
    EXPECT_EQ(sink.recorded[1].from, now - 1h) << "on from what is known";
    EXPECT_EQ(sink.recorded[1].until, script.contexts[1].now - 30min);
}

TEST_F(PollLoop, KeepsItsCursorThroughFailuresAndBacksOff) {
    step(more("1"));
    step(Failure(Fault::transient, "reset"));
    step(Failure(Fault::malformed, "html"));
    step(ScriptedPoller::done("2"));
    start();
    clock.run_for(10min);
    EXPECT_EQ(script.asked[1], "1");
    EXPECT_EQ(script.asked[2], "1");
    EXPECT_EQ(script.asked[3], "1");
    EXPECT_GE(peer.at[2] - peer.at[1], 120s);
    EXPECT_GE(peer.at[3] - peer.at[2], 120s);
    EXPECT_EQ(sink.recorded[1].until, script.contexts[0].now - 20s)
        << "the walk began with its first page";
    EXPECT_EQ(sink.outcomes[1], "transient");
    EXPECT_EQ(sink.outcomes[2], "malformed");
    EXPECT_EQ(sink.intervals[2], 120s);
}

TEST_F(PollLoop, AFirstPageThatFailedDoesNotDateTheWalk) {
    step(Failure(Fault::timeout, ""));
    step(ScriptedPoller::done("1"));
    start();
    clock.run_for(5min);
    ASSERT_FALSE(sink.recorded.empty());
    EXPECT_EQ(sink.recorded[0].until, script.contexts[1].now - 20s);
}

TEST_F(PollLoop, BeginsAWalkAnewWhenThePlatformLostItsPlace) {
    step(more("1"));
    step(Failure(Fault::bad_cursor, "token expired"));
    step(Failure(Fault::bad_cursor, "again"));
    start();
    clock.run_for(40s);
    EXPECT_EQ(script.asked, (std::vector<std::string>{"", "1", "1!"})) << "once at once, then not";
    clock.run_for(5min);
    EXPECT_EQ(script.asked[3], "1!!");
    EXPECT_EQ(script.contexts[3].walk_started, script.contexts[3].now);
}

TEST_F(PollLoop, ReadsTheSecretsAgainOnceWhenTheyAreRefused) {
    for (int i = 0; i < 3; ++i) step(Failure(Fault::auth, "401"));
    start();
    clock.run_for(40s);
    EXPECT_EQ(script.reloads, 1);
    EXPECT_EQ(peer.at.size(), 2u) << "at once with the new secret, then after a wait";
    clock.run_for(20min);
    EXPECT_EQ(script.reloads, 1) << "until it worked";
}

TEST_F(PollLoop, DoesNotAskWhatItCannotRecord) {
    sink.refuse = 4;
    step(more("1"));
    start();
    clock.run_for(60s);
    EXPECT_EQ(peer.at.size(), 1u) << "5 + 10 + 20 + 40 s";
    clock.run_for(60s);
    ASSERT_GE(sink.recorded.size(), 2u);
    EXPECT_EQ(sink.recorded[0].cursor, "1");
    EXPECT_EQ(sink.recorded[0].mentions, 1u) << "the page was kept";
}

TEST_F(PollLoop, AWalkThatStandsStillIsAFailure) {
    for (int i = 0; i < 50; ++i) step(more("1"));
    start();
    clock.run_for(40s);
    EXPECT_EQ(peer.at.size(), 2u);
    EXPECT_EQ(sink.outcomes[1], "malformed");
}

TEST_F(PollLoop, ASurgeIsPolledTwiceAsOftenButNotBelowTheFloor) {
    sink.surge = true;
    start(60s);
    clock.run_for(10min);
    EXPECT_GE(peer.at[2] - peer.at[1], 30s);
    EXPECT_LE(peer.at[2] - peer.at[1], 33s);
}

TEST_F(PollLoop, SaysOnceThatThePlatformWantsMoney) {
    for (int i = 0; i < 3; ++i) step(Failure(Fault::budget, "402"));
    start();
    clock.run_for(1h);
    ASSERT_EQ(sink.low.size(), 1u);
    EXPECT_EQ(sink.low[0].first, "platform");
    EXPECT_GT(sink.recorded.size(), 0u) << "and looks whether it was paid";
}

TEST_F(PollLoop, WaitsAsLongAsThePeerAsks) {
    step(Failure(Fault::throttled, "429", 693s));
    start();
    clock.run_for(690s);
    EXPECT_EQ(peer.at.size(), 1u);
    clock.run_for(90s);
    EXPECT_EQ(peer.at.size(), 2u);
}

TEST_F(PollLoop, ALongWalkLeavesEveryOtherStreamItsTurn) {
    pace = AccountPace(budget({{30, 60s}}, {}, 0.0));
    for (int i = 0; i < 400; ++i) step(more(std::to_string(i)));
    start();
    Script other;
    daemon::StreamSettings s;
    s.name = "other";
    s.account = "a";
    s.kind = "search";
    s.every = 60s;
    daemon::PollEnv env{clock, peer, random, sink, pace, 10s, 20s};
    supervisor.start("other",
                     daemon::run_poll_loop(env, s, std::make_unique<ScriptedPoller>(other)));
    clock.run_for(10min);
    EXPECT_GE(script.asked.size(), 250u) << "the walk uses what the budget gives";
    EXPECT_GE(other.asked.size(), 8u) << "and the other stream keeps its rhythm";
}

}  // namespace
}  // namespace surged::tests
