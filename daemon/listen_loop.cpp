#include "daemon/listen_loop.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;
using exporters::BackChannel;
using exporters::Listening;
using exporters::Overheard;
using std::chrono::seconds;

namespace {

constexpr seconds kFirst{5}, kLongest{300};
constexpr seconds kAskedMost{900};  // a longer wait is a mistake of the peer's
constexpr seconds kIdle{15};        // nothing is open: looked at again
constexpr seconds kSilent{3600};    // nothing to ask: only the bell wakes it
constexpr seconds kLeast{1};        // between two rounds, however fast the peer answers

// The alternatives in turn; the first good answer, else the last fault.
asio::awaitable<Overheard> ask(ListenEnv& env, BackChannel const& channel, Listening round,
                               std::string state) {
    Overheard what;
    what.state = state;
    for (auto& request : round.requests) {
        Instant const deadline = env.clock.now() + round.patience;
        auto const response = co_await env.http.fetch(std::move(request), deadline);
        if (response) {
            what = channel.overhear(*response, state, env.clock.wall_now());
        } else {
            what.fault =
                std::string(to_string(response.error().fault)) + ": " + response.error().detail;
            what.retry_after = response.error().retry_after;
        }
        if (what.ok) break;
    }
    co_return what;
}

asio::awaitable<void> answer_people(ListenEnv& env, std::string const& name) {
    while (auto reply = env.sink.next_reply(name)) {
        Instant const deadline = env.clock.now() + env.timeout;
        auto const response = co_await env.http.fetch(std::move(*reply), deadline);
        if (!response || response->status >= 300)
            env.log("info", "receiver '" + name + "': the answer to a button did not arrive");
    }
}

seconds rest(int failures, Overheard const& what) {
    auto wait = kFirst;
    for (int i = 1; i < failures && wait < kLongest; ++i) wait *= 2;
    wait = std::min(wait, kLongest);
    return what.retry_after ? std::max(wait, std::min(*what.retry_after, kAskedMost)) : wait;
}

}  // namespace

asio::awaitable<void> run_listen_loop(ListenEnv env, std::string name,
                                      std::unique_ptr<BackChannel> channel) {
    int failures = 0;
    Instant not_before = env.clock.now();
    for (;;) {  // ends only by cancellation: the next co_await throws
        co_await answer_people(env, name);
        std::string state = env.sink.listen_state(name);
        auto round = channel->listen(state);
        bool const asks =
            round.has_value() && (!round->only_while_open || env.sink.incidents_open());
        if (!asks) {
            Instant const wake = env.clock.now() + (round ? kIdle : kSilent);
            co_await env.bell.wait_until(wake);
            continue;
        }
        if (env.clock.now() < not_before) {
            co_await env.bell.wait_until(not_before);
            continue;
        }
        Instant const started = env.clock.now();
        auto const pause = round->pause;
        Overheard const what = co_await ask(env, *channel, std::move(*round), std::move(state));
        if (what.ok) {
            if (failures > 0) env.log("info", "receiver '" + name + "': heard again");
            failures = 0;
            not_before = std::max<Instant>(env.clock.now() + pause, started + kLeast);
            env.sink.overheard(name, what);
        } else {
            if (++failures == 1)
                env.log("warning", "receiver '" + name + "' is not heard: " + what.fault);
            not_before = env.clock.now() + rest(failures, what);
        }
    }
}

}  // namespace surged::daemon
