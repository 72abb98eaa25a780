#include "daemon/poll_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::Instant;
using detectors::kNoTime;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kBackoffMax{15 * 60}, kTransientMax{2 * 60}, kThrottledLeast{60};
constexpr milliseconds kLookAtSurge{15'000};
// How long a stream looks away at most before it asks its account's pace again: what it waits for
// may change meanwhile (a surge begins, the operator buys credits and reloads).
constexpr milliseconds kLookAgain{60'000};
constexpr milliseconds kResetJitter{5'000};  // so that not all of the world asks at the reset
constexpr seconds kRecordAgain{5}, kRecordAgainMax{60};  // a full disk is looked at again

// One stream's loop, with what it remembers between requests.
class PollLoop {
public:
    PollLoop(PollEnv env, StreamSettings stream, std::unique_ptr<Poller> poller)
        : env_(env),
          stream_(std::move(stream)),
          poller_(std::move(poller)),
          cursor_(env_.sink.cursor(stream_.name)) {}

    boost::asio::awaitable<void> run();

private:
    boost::asio::awaitable<void> ask(Result<PollPage>& page);
    boost::asio::awaitable<void> take_turn(AccountPace::Turn& turn);
    boost::asio::awaitable<void> record(PollPage const& page);
    boost::asio::awaitable<void> pause(milliseconds wait);
    boost::asio::awaitable<void> rest(milliseconds wait);

    // What to do after an answer; the wait before the next request.
    milliseconds after(PollPage const& page);
    milliseconds after(Failure const& failure);
    void tell_budget(Failure const* failure);

    [[nodiscard]] seconds interval() const;
    [[nodiscard]] milliseconds jittered(milliseconds wait, milliseconds most);
    void report(Failure const* failure, std::vector<RateLimit> const* limits, milliseconds wait);

    PollEnv env_;
    StreamSettings stream_;
    std::unique_ptr<Poller> poller_;
    detectors::MentionBatch batch_;
    PollContext context_;
    std::string cursor_;
    bool walking_ = false;       // a page of this walk was accepted
    bool retried_auth_ = false;  // the secrets were read again for this row of refusals
    bool restarted_ = false;     // the walk was begun anew and nothing was accepted since
    int failures_ = 0;           // in a row
    int unanswered_ = 0;         // requests in a row
    Instant walk_begun_{};       // when this walk's first page was asked for
    nanoseconds took_{0};
    bool backfill_ = false;
};

seconds PollLoop::interval() const {
    seconds const every = stream_.every;
    if (env_.sink.surging(stream_.name)) {
        if (env_.surging_every > 0s) return std::min(every, env_.surging_every);
        return std::min(every, std::max(every / 2, env_.floor));
    }
    return every * env_.pace.slowdown(env_.clock.wall_now());
}

// Up to 10 % more, at most `most`: fifty streams configured alike shall not wake on one tick.
milliseconds PollLoop::jittered(milliseconds wait, milliseconds most) {
    std::int64_t const span = std::min(wait / 10, most).count();
    if (span <= 0) return wait;
    return wait + milliseconds{std::uniform_int_distribution<std::int64_t>(0, span)(env_.random)};
}

boost::asio::awaitable<void> PollLoop::pause(milliseconds wait) {
    Instant const until = env_.clock.now() + wait;
    co_await env_.clock.sleep_until(until);
}

// Between two walks. Whoever is polled faster in a surge must not sleep through its beginning.
boost::asio::awaitable<void> PollLoop::rest(milliseconds wait) {
    bool const calm =
        env_.surging_every > 0s && failures_ == 0 && !walking_ && !env_.sink.surging(stream_.name);
    if (!calm) {
        co_await pause(wait);
        co_return;
    }
    Instant const until = env_.clock.now() + wait;
    while (env_.clock.now() < until) {
        auto const left = std::chrono::ceil<milliseconds>(until - env_.clock.now());
        co_await pause(std::min(left, kLookAtSurge));
        if (env_.sink.surging(stream_.name) && env_.clock.now() - walk_begun_ >= env_.surging_every)
            co_return;
    }
}

boost::asio::awaitable<void> PollLoop::take_turn(AccountPace::Turn& turn) {
    for (;;) {
        WallTime const now = env_.clock.wall_now();
        milliseconds wait = turn.wait(now, env_.sink.surging(stream_.name), stream_.kind);
        if (wait <= 0ms) break;
        tell_budget(nullptr);
        if (wait >= 1s) wait = jittered(wait, kResetJitter);
        co_await pause(std::min(wait, kLookAgain));
    }
    turn.take();
}

boost::asio::awaitable<void> PollLoop::ask(Result<PollPage>& page) {
    while (!env_.sink.wanted(stream_.name)) {
        co_await pause(kLookAtSurge);
        // What was begun for an earlier surge is over; the sink knows where the next one begins.
        cursor_ = env_.sink.cursor(stream_.name);
        walking_ = false;
    }
    AccountPace::Turn turn(env_.pace);
    co_await take_turn(turn);

    context_.now = env_.clock.wall_now();
    Instant const started = env_.clock.now();
    if (!walking_) {
        context_.walk_started = context_.now;
        walk_begun_ = started;
    }
    backfill_ = walking_;
    context_.covered_until = env_.sink.covered_until(stream_.name);
    env_.pace.spend(context_.now, 1, 0, stream_.kind);
    env_.sink.spending(stream_.account);

    HttpRequest request = poller_->next_request(cursor_, context_);
    Instant const deadline = started + env_.timeout;
    Result<HttpResponse> response = co_await env_.http.fetch(std::move(request), deadline);
    turn.done();
    took_ = env_.clock.now() - started;

    batch_.clear();
    WallTime const now = env_.clock.wall_now();
    if (!response) {
        // Once or twice in a row an answer may have been lost; more often nobody was there.
        if (++unanswered_ <= 2) env_.pace.lost(now);
        page = response.error();
        co_return;
    }
    unanswered_ = 0;
    int const status = response->status;
    page = poller_->accept(*response, cursor_, context_, batch_);
    if (page)
        env_.pace.spend(now, 0, page->reads, stream_.kind);
    else if (status >= 200 && status < 300)
        env_.pace.lost(now);
    // A walk that stands still would ask the same for ever, as fast as the limits allow.
    if (page && !page->complete && page->cursor == cursor_)
        page = Failure(Fault::malformed, "the walk does not move on");
}

boost::asio::awaitable<void> PollLoop::record(PollPage const& page) {
    WallTime const known = env_.sink.covered_until(stream_.name);
    WallTime until = page.covered_until.value_or(kNoTime);
    if (page.complete) {
        WallTime const end = context_.walk_started - poller_->indexing_delay();
        until = page.covered_until ? std::min(end, *page.covered_until) : end;
    }
    WallTime from = page.covered_from.value_or(known);
    if (from == kNoTime || from > until) from = until;
    seconds wait = kRecordAgain;
    while (!env_.sink.record(stream_.name, page, batch_, context_, from, until)) {
        // What cannot be recorded must not be asked for: it would be paid for and lost.
        co_await pause(wait);
        wait = std::min(wait * 2, kRecordAgainMax);
    }
}

void PollLoop::report(Failure const* failure, std::vector<RateLimit> const* limits,
                      milliseconds wait) {
    PollOutcome outcome;
    outcome.stream = stream_.name;
    outcome.account = stream_.account;
    outcome.platform = stream_.platform;
    if (failure != nullptr) outcome.failure = *failure;
    outcome.took = took_;
    outcome.backfill = backfill_;
    outcome.walk_goes_on = failure == nullptr && walking_;
    outcome.limits = limits;
    outcome.next_interval = std::chrono::ceil<seconds>(wait);
    env_.sink.polled(outcome);
}

void PollLoop::tell_budget(Failure const* failure) {
    WallTime const now = env_.clock.wall_now();
    if (auto const low = env_.pace.newly_low(now))
        env_.sink.budget_low(stream_.account, low->first, low->second);
    if (failure != nullptr && env_.pace.newly_refused(failure->fault == Fault::budget))
        env_.sink.budget_low(stream_.account, "platform", 1.0);
}

milliseconds PollLoop::after(PollPage const& page) {
    failures_ = 0;
    retried_auth_ = restarted_ = false;
    (void)env_.pace.newly_refused(false);
    env_.pace.told(page.limits);
    walking_ = !page.complete;
    cursor_ = page.cursor;
    seconds const every = interval();
    report(nullptr, &page.limits, walking_ ? 0ms : milliseconds{every});
    tell_budget(nullptr);
    if (walking_) return 0ms;
    // Counted from the walk's beginning, so that a slow answer does not make the rhythm slower.
    Instant const next = walk_begun_ + jittered(every, milliseconds{every});
    return std::max(0ms, std::chrono::ceil<milliseconds>(next - env_.clock.now()));
}

milliseconds PollLoop::after(Failure const& failure) {
    if (failure.fault == Fault::auth && !retried_auth_ && poller_->reload_secrets()) {
        retried_auth_ = true;
        report(&failure, nullptr, 0ms);
        return 0ms;
    }
    if (failure.fault == Fault::bad_cursor) {
        cursor_ = poller_->restart(cursor_);
        walking_ = false;
        if (!restarted_) {
            restarted_ = true;
            report(&failure, nullptr, 0ms);
            return 0ms;
        }
    }
    ++failures_;
    seconds const wait = next_wait(stream_.every, failures_, failure.fault, failure.retry_after);
    if (failure.fault == Fault::throttled)
        env_.pace.throttled(env_.clock.wall_now() + failure.retry_after.value_or(wait),
                            stream_.kind);
    report(&failure, nullptr, wait);
    tell_budget(&failure);
    return jittered(wait, milliseconds{stream_.every});
}

boost::asio::awaitable<void> PollLoop::run() {
    // Streams start apart, within a tenth of their interval.
    co_await pause(jittered(milliseconds{stream_.every}, milliseconds{stream_.every}) -
                   milliseconds{stream_.every});
    for (;;) {  // ends only by cancellation: the next co_await throws
        Result<PollPage> page = Failure(Fault::transient, "not asked yet");
        co_await ask(page);
        milliseconds wait{0};
        if (page) {
            co_await record(*page);
            wait = after(*page);
        } else {
            Failure const failure = page.error();
            wait = after(failure);
        }
        // Also when it is 0: between two pages of a walk every other coroutine gets its turn.
        co_await rest(wait);
    }
}

}  // namespace

seconds next_wait(seconds interval, int failures, Fault fault, std::optional<seconds> retry_after) {
    if (failures == 0) return std::max(interval, retry_after.value_or(0s));
    if (retry_after) return std::max(*retry_after, 1s);
    bool const may_be_back =
        fault == Fault::transient || fault == Fault::timeout || fault == Fault::malformed;
    seconds const cap = std::max(may_be_back ? kTransientMax : kBackoffMax, interval);
    // Who says "too many" without saying until when: a minute, then longer.
    bool const throttled = fault == Fault::throttled;
    seconds wait = throttled ? std::max(interval, kThrottledLeast) : interval;
    for (int i = throttled ? 1 : 0; i < failures && wait < cap; ++i) wait = std::min(wait * 2, cap);
    return wait;
}

boost::asio::awaitable<void> run_poll_loop(PollEnv env, StreamSettings stream,
                                           std::unique_ptr<Poller> poller) {
    PollLoop loop(env, std::move(stream), std::move(poller));
    co_await loop.run();
}

}  // namespace surged::daemon
