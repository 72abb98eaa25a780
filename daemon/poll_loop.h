// The one loop that drives any platform: pacing, rate and read budgets, paging, backfill, backoff,
// coverage.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"
#include "daemon/poller.h"
#include "daemon/settings.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace surged::daemon {

// What one answered or failed request was, for metrics and the stream's state.
struct PollOutcome {
    std::string_view stream, account, platform;
    std::optional<Failure> failure;  // none: ok
    std::chrono::nanoseconds took{0};
    bool backfill = false;  // a further page of a walk
    std::vector<RateLimit> const* limits = nullptr;
    std::chrono::seconds next_interval{
        0};  // what the loop will wait for: surged_poll_interval_seconds
};

// The engine's side of the loop. Called on the loop thread; must not block.
class PollSink {
public:
    virtual ~PollSink() = default;
    // Records one page: mentions, counts, cursor and coverage in one transaction. `covered_until`
    // is what the loop concluded: the walk's start less the indexing delay on a complete walk, else
    // the page's own; kNoTime: nothing new. False: it could not be recorded (full disk): the loop
    // keeps its cursor and stops asking until it can.
    virtual bool record(std::string const& stream, PollPage const& page,
                        detectors::MentionBatch const& batch, PollContext const& context,
                        WallTime covered_from, WallTime covered_until) = 0;
    virtual void polled(PollOutcome const& outcome) = 0;
    // An account's budget is nearly used up, or was refused by the platform: `stream.blind` and
    // `budget.low` follow.
    virtual void budget_low(std::string const& account, std::string const& kind,
                            double used_ratio) = 0;
    [[nodiscard]] virtual bool surging(std::string const& stream) const = 0;
    [[nodiscard]] virtual std::string cursor(std::string const& stream) const = 0;
    [[nodiscard]] virtual WallTime covered_until(std::string const& stream) const = 0;
};

// What an account's streams share: the platform's limits as last told, our own budgets, the turn of
// each stream. Pure: `now` is an argument. One per account, outlives the loops.
class AccountPace {
public:
    explicit AccountPace(BudgetSettings budget);

    // How long the next request must wait: 0 = now. Streams in surge may use the reserve.
    [[nodiscard]] std::chrono::milliseconds wait(WallTime now, bool surging) const;
    void spend(WallTime now, std::uint64_t requests, std::uint64_t reads);
    void told(std::vector<RateLimit> const& limits);
    void throttled(WallTime until);
    // The dearest budget's share used in its current window, with its name; for budget.low and
    // metrics.
    [[nodiscard]] std::pair<std::string, double> used_ratio(WallTime now) const;

    struct Window {
        std::string kind;  // "reads", "requests"
        Rate rate;
        WallTime started = detectors::kNoTime;
        double used = 0;
    };
    [[nodiscard]] std::vector<Window> const& windows() const { return windows_; }
    [[nodiscard]] std::string save() const;  // spent budgets survive a restart
    [[nodiscard]] bool restore(std::string_view blob);

private:
    BudgetSettings budget_;
    std::vector<Window> windows_;
    std::vector<RateLimit> limits_;
    WallTime throttled_until_ = detectors::kNoTime;
};

// What the loop may touch. All of it outlives the loop: the supervisor joins every loop before
// anything is destroyed.
struct PollEnv {
    Clock& clock;
    HttpClient& http;
    std::mt19937_64& random;  // for jitter only
    PollSink& sink;
    AccountPace& pace;
    std::chrono::seconds timeout{10};  // one deadline per exchange
};

// The wait after `failures` consecutive failures (0: none): the plain interval, then doubling up to
// 15 minutes, never sooner than the peer asked for. Pure.
std::chrono::seconds next_wait(std::chrono::seconds interval, int failures,
                               std::optional<std::chrono::seconds> retry_after);

// Runs one stream for the life of the daemon; ends only by cancellation.
boost::asio::awaitable<void> run_poll_loop(PollEnv env, StreamSettings stream,
                                           std::unique_ptr<Poller> poller);

}  // namespace surged::daemon
