#include "daemon/delivery_loop.h"

#include <algorithm>
#include <set>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;
using exporters::Answer;
using exporters::Receiver;
using std::chrono::milliseconds;

namespace {

// Rows are due by the wall clock, which may be set: it is looked at again this often.
constexpr std::chrono::seconds kRecheck{60};
// The sink said that something is due and then had nothing (it is held back): not a tight loop.
constexpr milliseconds kLeastWait{250};
// A peer that failed last time holds the others up for no longer than this.
constexpr std::chrono::seconds kProbe{3};

// The peers that failed when they were asked last, by URL. They are asked after the others, and for
// a page only when no other took it: the lease tells them.
using Failing = std::set<std::string>;

Answer again(Failure const& failure) {
    Answer answer;
    answer.kind = Answer::Kind::retry;
    answer.detail = std::string(to_string(failure.fault)) + ": " + failure.detail;
    answer.retry_after = failure.retry_after;
    return answer;
}

// All that is passed by reference lives in the frame of run_delivery_loop().
asio::awaitable<Answer> send(DeliveryEnv& env, Receiver const& receiver, HttpRequest request,
                             Failing& failing) {
    auto const url = request.url;
    auto const patience =
        failing.contains(url) ? std::min(env.timeout, std::chrono::seconds{kProbe}) : env.timeout;
    auto const response = co_await env.http.fetch(std::move(request), env.clock.now() + patience);
    Answer answer = response ? receiver.judge(*response) : again(response.error());
    if (answer.kind == Answer::Kind::retry) {
        failing.insert(url);
    } else {
        failing.erase(url);
    }
    co_return answer;
}

asio::awaitable<Answer> send_steps(DeliveryEnv& env, Receiver const& receiver,
                                   std::vector<HttpRequest> requests, Failing& failing) {
    Answer answer;
    std::optional<std::string> remember;  // of the steps that were taken, also when one failed
    for (auto& request : requests) {
        answer = co_await send(env, receiver, std::move(request), failing);
        if (answer.remember) remember = std::move(answer.remember);
        if (answer.kind != Answer::Kind::delivered) break;
    }
    answer.remember = std::move(remember);
    co_return answer;
}

// Any peer's "delivered" is enough; else the first that asks for another try; else the first
// refusal. `spare`: a failing peer is left out once another took the page.
asio::awaitable<Answer> send_to_peers(DeliveryEnv& env, Receiver const& receiver,
                                      std::vector<HttpRequest> requests, Failing& failing,
                                      bool spare) {
    std::stable_partition(requests.begin(), requests.end(), [&](HttpRequest const& request) {
        return !failing.contains(request.url);
    });
    Answer result;
    bool first = true;
    for (auto& request : requests) {
        bool const taken = !first && result.kind == Answer::Kind::delivered;
        if (spare && taken && failing.contains(request.url)) continue;
        Answer answer = co_await send(env, receiver, std::move(request), failing);
        bool const better =
            answer.kind == Answer::Kind::delivered ||
            (answer.kind == Answer::Kind::retry && result.kind == Answer::Kind::refused);
        if (first || (better && !taken)) result = std::move(answer);
        first = false;
    }
    co_return result;
}

Instant wake_at(DeliveryEnv const& env, std::string const& name) {
    auto const now = env.clock.now();
    auto const due = env.sink.next_at(name);
    if (due == detectors::kNoTime) return now + kRecheck;
    auto const wall = env.clock.wall_now();
    if (due <= wall + kLeastWait) return now + kLeastWait;
    return now + std::min<milliseconds>(due - wall, kRecheck);
}

}  // namespace

asio::awaitable<void> run_delivery_loop(DeliveryEnv env, std::string name,
                                        std::unique_ptr<Receiver> receiver) {
    Failing failing;
    auto const lease = receiver->lease();
    Instant lease_at = env.clock.now();  // a start says first what is: the peer may have forgotten
    for (;;) {                           // ends only by cancellation: the next co_await throws
        if (lease && env.clock.now() >= lease_at) {
            lease_at = env.clock.now() + *lease;
            auto requests = env.sink.state_requests(name, *receiver);
            co_await send_to_peers(env, *receiver, std::move(requests), failing, false);
        }
        std::int64_t row = 0;
        auto page = env.sink.next_page(name, row);
        if (!page) {
            auto const wake = wake_at(env, name);
            co_await env.bell.wait_until(lease ? std::min(wake, lease_at) : wake);
            continue;
        }
        auto requests = receiver->render(*page, env.clock.wall_now());
        page.reset();  // its pointers end at the next suspension
        Answer answer;
        if (requests.empty()) {
            answer.detail = "nothing to say";
            co_await env.clock.sleep_until(env.clock.now());  // many such rows starve nobody
        } else if (receiver->needs_all()) {
            answer = co_await send_steps(env, *receiver, std::move(requests), failing);
        } else {
            answer = co_await send_to_peers(env, *receiver, std::move(requests), failing,
                                            lease.has_value());
        }
        env.sink.settled(name, row, answer);
    }
}

}  // namespace surged::daemon
