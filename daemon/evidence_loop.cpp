#include "daemon/evidence_loop.h"

#include "detectors/mention.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::Instant;
using detectors::kNoTime;
using detectors::Look;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLookAgain{15'000};  // for an incident that opened meanwhile
constexpr seconds kInterval{60};            // of the backoff
constexpr seconds kNothingLearnt{60};
constexpr seconds kLooksApart{5};  // what no answer named stays due: it is not asked for at once
// Of one look. A call that fails for one of its ids is asked again in halves: a hundred ids with
// one that is gone cost about fourteen.
constexpr std::size_t kRequestsMost = 60;
// A session that ended costs one request more, a comment that was taken for a post another.
constexpr int kAsides = 4;

class EvidenceLoop {
public:
    EvidenceLoop(EvidenceEnv env, std::string account, std::string platform,
                 std::unique_ptr<Lookup> lookup)
        : env_(env),
          account_(std::move(account)),
          platform_(std::move(platform)),
          lookup_(std::move(lookup)) {}

    boost::asio::awaitable<void> run();

private:
    using Ids = std::vector<std::string>;
    boost::asio::awaitable<void> look(std::optional<Failure>& failure);
    boost::asio::awaitable<void> ask(Ids const& ids, Result<LookupAnswer>& answer);
    boost::asio::awaitable<void> ask_once(Ids const& ids, Result<LookupAnswer>& answer);
    [[nodiscard]] std::deque<Ids> requests_for(EvidenceBatch const& batch) const;
    boost::asio::awaitable<void> pause(milliseconds wait);
    void learn(LookupAnswer& answer, int group);
    [[nodiscard]] Ids control_of_singles(EvidenceBatch const& batch, std::set<int>& asked) const;
    [[nodiscard]] milliseconds after(Failure const& failure);

    EvidenceEnv env_;
    std::string account_, platform_;
    std::unique_ptr<Lookup> lookup_;
    Look look_;
    // Gone by an answer for them alone, by group: believed once another post of theirs is seen
    // after them.
    std::map<int, Ids> lone_;
    int failures_ = 0;
    bool retried_auth_ = false;
};

boost::asio::awaitable<void> EvidenceLoop::pause(milliseconds wait) {
    Instant const until = env_.clock.now() + wait;
    co_await env_.clock.sleep_until(until);
}

boost::asio::awaitable<void> EvidenceLoop::ask(Ids const& ids, Result<LookupAnswer>& answer) {
    for (int i = 0; i < kAsides; ++i) {
        co_await ask_once(ids, answer);
        if (!answer || !answer->aside) co_return;
    }
    answer = Failure(Fault::malformed, "asks for another session each time");
}

boost::asio::awaitable<void> EvidenceLoop::ask_once(Ids const& ids, Result<LookupAnswer>& answer) {
    AccountPace::Turn turn(env_.pace);
    for (;;) {
        WallTime const at = env_.clock.wall_now();
        milliseconds wait = turn.wait(at, true, lookup_->kind());
        if (wait <= 0ms) {
            WallTime const ready = lookup_->ready_at(at);
            if (ready > at) wait = ready - at;
        }
        if (wait <= 0ms) break;
        co_await pause(std::min(wait, milliseconds{60'000}));
    }
    turn.take();
    Instant const started = env_.clock.now();
    env_.pace.spend(env_.clock.wall_now(), 1, 0, lookup_->kind());
    env_.polls.spending(account_);
    HttpRequest request = lookup_->request(ids);
    Instant const deadline = started + env_.timeout;
    Result<HttpResponse> response = co_await env_.http.fetch(std::move(request), deadline);
    turn.done();
    WallTime const now = env_.clock.wall_now();
    if (response) {
        int const status = response->status;
        answer = lookup_->accept(*response, ids, now);
        if (answer)
            env_.pace.spend(now, 0, answer->reads, lookup_->kind());
        else if (status >= 200 && status < 300)
            env_.pace.lost(now);
    } else {
        answer = response.error();
        env_.pace.lost(now);
    }
    PollOutcome outcome;
    outcome.account = account_;
    outcome.platform = platform_;
    outcome.took = env_.clock.now() - started;
    // A post that is not there is an answer.
    if (!answer && answer.error().fault != Fault::not_found) outcome.failure = answer.error();
    if (answer) {
        env_.pace.told(answer->limits);
        outcome.limits = &answer->limits;
    }
    env_.polls.polled(outcome);
}

void EvidenceLoop::learn(LookupAnswer& answer, int group) {
    look_.hidden.insert(look_.hidden.end(), answer.hidden.begin(), answer.hidden.end());
    if (answer.there.empty()) return;  // nothing that is there: nothing is known
    if (auto const singles = lone_.extract(group))
        look_.gone.insert(look_.gone.end(), singles.mapped().begin(), singles.mapped().end());
    for (auto& seen : answer.there)
        look_.there.push_back(
            {seen.id, seen.comparable ? detectors::stable_hash(seen.text) : 0, seen.version});
    look_.gone.insert(look_.gone.end(), answer.gone.begin(), answer.gone.end());
}

// A control for those that were asked alone, one of each group; empty when there is none to ask.
EvidenceLoop::Ids EvidenceLoop::control_of_singles(EvidenceBatch const& batch,
                                                   std::set<int>& asked) const {
    for (auto const& [group, ids] : lone_) {
        if (!asked.insert(group).second) continue;
        for (auto const& id : batch.controls)
            if (lookup_->group(id) == group) return {id};
    }
    return {};
}

// Group by group in requests of the platform's size, each with its controls.
std::deque<EvidenceLoop::Ids> EvidenceLoop::requests_for(EvidenceBatch const& batch) const {
    std::map<int, EvidenceBatch> groups;
    for (auto const& id : batch.ids) groups[lookup_->group(id)].ids.push_back(id);
    for (auto const& id : batch.controls)
        if (auto const it = groups.find(lookup_->group(id)); it != groups.end())
            it->second.controls.push_back(id);
    std::size_t const most = lookup_->most();
    std::deque<Ids> todo;
    for (auto const& [group, part] : groups) {
        std::size_t const beside = most > part.controls.size() ? part.controls.size() : 0;
        for (std::size_t i = 0; i < part.ids.size();) {
            Ids ids;
            for (; i < part.ids.size() && ids.size() + beside < most; ++i)
                ids.push_back(part.ids[i]);
            if (beside > 0) ids.insert(ids.end(), part.controls.begin(), part.controls.end());
            todo.push_back(std::move(ids));
        }
    }
    return todo;
}

// What the platform cannot answer whole in halves; at the end a control for those that were asked
// alone.
boost::asio::awaitable<void> EvidenceLoop::look(std::optional<Failure>& failure) {
    EvidenceBatch const batch = env_.sink.evidence_due(account_);
    std::deque<Ids> todo = requests_for(batch);
    std::set<int> controlled;
    for (std::size_t n = 0; n < kRequestsMost; ++n) {
        if (todo.empty()) {
            Ids control = control_of_singles(batch, controlled);
            if (control.empty()) break;
            todo.push_back(std::move(control));
        }
        Ids const ids = std::move(todo.front());
        todo.pop_front();
        Result<LookupAnswer> answer = Failure(Fault::transient, "not asked yet");
        co_await ask(ids, answer);
        if (answer) {
            learn(*answer, lookup_->group(ids.front()));
            continue;
        }
        if (answer.error().fault != Fault::not_found) {
            failure = answer.error();
            break;
        }
        if (ids.size() == 1) {
            bool const control = std::find(batch.controls.begin(), batch.controls.end(),
                                           ids.front()) != batch.controls.end();
            if (!control) lone_[lookup_->group(ids.front())].push_back(ids.front());
            continue;
        }
        auto const middle = ids.begin() + std::ptrdiff_t(ids.size() / 2);
        // The half with the controls comes last.
        todo.emplace_front(middle, ids.end());
        todo.emplace_front(ids.begin(), middle);
    }
}

milliseconds EvidenceLoop::after(Failure const& failure) {
    if (failure.fault == Fault::auth && !retried_auth_ && lookup_->reload_secrets()) {
        retried_auth_ = true;
        return 0ms;
    }
    ++failures_;
    seconds const wait = next_wait(kInterval, failures_, failure.fault, failure.retry_after);
    if (failure.fault == Fault::throttled)
        env_.pace.throttled(env_.clock.wall_now() + wait, lookup_->kind());
    milliseconds const jitter{std::uniform_int_distribution<std::int64_t>(0, 5000)(env_.random)};
    return wait + jitter;
}

boost::asio::awaitable<void> EvidenceLoop::run() {
    for (;;) {  // ends only by cancellation: the next co_await throws
        WallTime const now = env_.clock.wall_now();
        WallTime const next = env_.sink.next_evidence(account_);
        if (next == kNoTime || next > now) {
            milliseconds const wait =
                next == kNoTime ? kLookAgain : std::min<milliseconds>(next - now, kLookAgain);
            co_await pause(std::max(wait, 1ms));
            continue;
        }
        look_ = {};
        lone_.clear();
        std::optional<Failure> failure;
        co_await look(failure);
        bool const learnt = !look_.there.empty();
        if (learnt)
            env_.sink.evidence_seen(account_, look_, env_.pace.slowdown(env_.clock.wall_now()));
        milliseconds wait = kLooksApart;
        if (failure) {
            wait = after(*failure);
        } else {
            failures_ = 0;
            retried_auth_ = false;
            if (!learnt) wait = kNothingLearnt;
        }
        co_await pause(wait);
    }
}

}  // namespace

boost::asio::awaitable<void> run_evidence_loop(EvidenceEnv env, std::string account,
                                               std::string platform,
                                               std::unique_ptr<Lookup> lookup) {
    EvidenceLoop loop(env, std::move(account), std::move(platform), std::move(lookup));
    co_await loop.run();
}

}  // namespace surged::daemon
