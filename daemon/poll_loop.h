// The one loop that drives any platform: pacing, rate and read budgets, paging, backfill, backoff,
// coverage.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"
#include "daemon/poller.h"
#include "daemon/settings.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

// What one answered or failed request was, for metrics and the stream's state.
struct PollOutcome {
    std::string_view stream, account, platform;
    std::optional<Failure> failure;  // none: ok
    std::chrono::nanoseconds took{0};
    bool backfill = false;      // a further page of a walk
    bool walk_goes_on = false;  // accepted, and more of the walk is to come
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
    // A request goes out now and is counted in its account's pace: what is spent must be on disk
    // before it can be lost with the process.
    virtual void spending(std::string const& account) { (void)account; }
    // False: nothing is asked for this stream at present (mentions behind a surge of counts).
    [[nodiscard]] virtual bool wanted(std::string const& stream) const {
        (void)stream;
        return true;
    }
};

// What an account's streams share: the platform's limits as last told, our own budgets, the turn of
// each stream. Pure: `now` is an argument. One per account, outlives the loops. One thread.
//
// A budget is a sliding window: at no instant were more than `amount` spent in the last `per`,
// however the platform's own window lies. Streams that are not in surge leave `reserve` of it
// alone. A page's reads are known only when it came, so each request that is on its way is counted
// as the largest page seen. Windows of an hour or more are spent slower once 80 % of what is
// allowed is gone, so that the rest lasts until the window gives something back.
class AccountPace {
public:
    explicit AccountPace(BudgetSettings budget);

    // How long the next request must wait: 0 = now. Streams in surge may use the reserve. `kind` is
    // the stream's: a platform limit that bears the name of a kind binds that kind alone (X limits
    // each endpoint), any other binds all.
    [[nodiscard]] std::chrono::milliseconds wait(WallTime now, bool surging,
                                                 std::string_view kind = {}) const;
    void spend(WallTime now, std::uint64_t requests, std::uint64_t reads,
               std::string_view kind = {});
    // An answer was lost, or could not be read, after the platform had perhaps charged for it:
    // counted as the largest page seen.
    void lost(WallTime now);
    void told(std::vector<RateLimit> const& limits);
    void throttled(WallTime until, std::string_view kind = {});
    // How much longer than usual a calm stream should wait between polls: 1, or 2 when a budget or
    // limit of the platform is three quarters used.
    [[nodiscard]] int slowdown(WallTime now) const;
    // The dearest budget's share used in its current window, with its name; for budget.low and
    // metrics.
    [[nodiscard]] std::pair<std::string, double> used_ratio(WallTime now) const;
    // The same, once each time a budget of an hour or more has got low (80 % of what calm streams
    // may use); again only after it fell below 70 %.
    [[nodiscard]] std::optional<std::pair<std::string, double>> newly_low(WallTime now);
    // The platform refused for want of money or quota: true the first time in a row.
    [[nodiscard]] bool newly_refused(bool refused);

    // One stream's place in the queue of the account, from its wish to ask to the answer. Streams
    // that may ask at the same time do so in the order they came, so that a long walk, which queues
    // again for each page, leaves every other stream its turn.
    class Turn {
    public:
        explicit Turn(AccountPace& pace);
        ~Turn() { done(); }
        Turn(Turn const&) = delete;
        Turn& operator=(Turn const&) = delete;
        // 0: ask now. Else look again after this time.
        [[nodiscard]] std::chrono::milliseconds wait(WallTime now, bool surging,
                                                     std::string_view kind);
        void take();  // the request goes out now
        void done();  // it was answered

    private:
        AccountPace& pace_;
        std::uint64_t number_;
        bool queued_ = true, asking_ = false;
    };

    struct Window {
        std::string kind;  // "reads", "requests"
        Rate rate;
        WallTime started = detectors::kNoTime;                    // of the oldest slice
        double used = 0;                                          // as of the last spend()
        std::deque<std::pair<std::int64_t, double>> slices = {};  // index, spent; oldest first
    };
    [[nodiscard]] std::vector<Window> const& windows() const { return windows_; }
    // Spent budgets survive a restart; requests that were on their way then count as the largest
    // page seen.
    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool limited() const { return !windows_.empty(); }
    [[nodiscard]] bool restore(std::string_view blob);

private:
    [[nodiscard]] std::chrono::milliseconds window_wait(Window const& window, WallTime now,
                                                        bool surging) const;
    [[nodiscard]] double next_cost(Window const& window) const;
    void spend(Window& window, WallTime now, double amount);

    BudgetSettings budget_;
    std::vector<Window> windows_;
    std::vector<RateLimit> limits_;
    std::vector<std::pair<std::string, WallTime>> throttled_;  // by kind; "": all
    WallTime last_spent_ = detectors::kNoTime;
    double page_reads_ = 0;   // the largest page seen
    double usual_reads_ = 1;  // moving mean
    std::uint64_t on_their_way_ = 0;
    struct Queued {
        std::uint64_t number;
        WallTime ready;  // when it will look again
    };
    std::deque<Queued> queue_;
    std::uint64_t next_turn_ = 0;
    bool low_ = false, refused_ = false;
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
    std::chrono::seconds floor{60};    // the platform's: a stream in surge is not polled faster
    // 0: a stream in surge is polled twice as often as it says. Else this often, noticed within
    // kLookAtSurge (own posts, which are read seldom while all is calm).
    std::chrono::seconds surging_every{0};
};

// The wait after `failures` consecutive failures (0: none) of this kind. Pure. A peer that says
// when it takes requests again is believed, whatever the interval (1 s at least). Else the interval
// is doubled with each failure (the first throttling waits a minute at least): up to 15 minutes
// where asking again changes nothing by itself or makes it worse (refused, throttled), up to 2
// minutes where the peer may be back at any time (transient, timeout, malformed). An interval above
// its cap stays as it is.
std::chrono::seconds next_wait(std::chrono::seconds interval, int failures, Fault fault,
                               std::optional<std::chrono::seconds> retry_after);

// Runs one stream for the life of the daemon; ends only by cancellation.
boost::asio::awaitable<void> run_poll_loop(PollEnv env, StreamSettings stream,
                                           std::unique_ptr<Poller> poller);

}  // namespace surged::daemon
