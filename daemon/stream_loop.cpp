#include "daemon/stream_loop.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kFirst{1'000}, kMost{5 * 60'000}, kRefused{3'600'000};
constexpr auto kHeld = 60s;

class StreamLoop {
public:
    StreamLoop(StreamEnv env, StreamSink sink, std::unique_ptr<Listener> listener)
        : env_(env), sink_(std::move(sink)), listener_(std::move(listener)) {}

    boost::asio::awaitable<void> run();

private:
    boost::asio::awaitable<void> listen(StreamConnection& connection, Failure& why);
    void say(std::string text);

    StreamEnv env_;
    StreamSink sink_;
    std::unique_ptr<Listener> listener_;
    detectors::MentionBatch batch_;
    std::string said_;
};

void StreamLoop::say(std::string text) {
    if (text == said_) return;
    sink_.log(text);
    said_ = std::move(text);
}

// Reads until the connection fails. What has arrived together is handed over together.
boost::asio::awaitable<void> StreamLoop::listen(StreamConnection& connection, Failure& why) {
    for (;;) {
        batch_.clear();
        std::uint64_t malformed = 0;
        for (std::size_t n = 0; n == 0 || (n < kStreamBatch && connection.more()); ++n) {
            Result<StreamMessage> message = co_await connection.next(listener_->silence());
            if (message) {
                malformed += listener_->accept(*message, batch_);
                continue;
            }
            why = message.error();
            if (!batch_.items.empty() || malformed > 0) sink_.push(batch_, malformed);
            co_return;
        }
        if (!batch_.items.empty() || malformed > 0) sink_.push(batch_, malformed);
        // A peer that never pauses must not keep the loop from everything else.
        Instant const now = env_.clock.now();
        co_await env_.clock.sleep_until(now);
    }
}

boost::asio::awaitable<void> StreamLoop::run() {
    for (int failures = 0;;) {  // ends only by cancellation: the next co_await throws
        Instant const begun = env_.clock.now();
        StreamRequest request = listener_->request();
        Failure why(Fault::transient, "not connected");
        Result<std::unique_ptr<StreamConnection>> connection =
            co_await env_.streams.open(std::move(request), begun + env_.timeout);
        if (connection) {
            say("connected to its push stream");
            co_await listen(**connection, why);
            if (env_.clock.now() - begun >= kHeld) failures = 0;
        } else {
            why = connection.error();
        }
        say("push stream: " + std::string(to_string(why.fault)) + ": " + why.detail);
        milliseconds wait = stream_wait(failures++, why);
        wait += milliseconds{std::uniform_int_distribution<std::int64_t>(
            0, std::min<std::int64_t>(wait.count() / 4, 30'000))(env_.random)};
        Instant const next = env_.clock.now() + wait;
        co_await env_.clock.sleep_until(next);
    }
}

}  // namespace

milliseconds stream_wait(int failures, Failure const& failure) {
    switch (failure.fault) {
        case Fault::auth:
        case Fault::forbidden:
        case Fault::not_found:
        case Fault::bad_request:
        case Fault::budget: return kRefused;
        default: break;
    }
    milliseconds wait = kFirst;
    for (int i = 0; i < failures && wait < kMost; ++i) wait = std::min(wait * 2, kMost);
    return std::max<milliseconds>(wait, failure.retry_after.value_or(std::chrono::seconds{0}));
}

boost::asio::awaitable<void> run_stream_loop(StreamEnv env, StreamSink sink,
                                             std::unique_ptr<Listener> listener) {
    StreamLoop loop(env, std::move(sink), std::move(listener));
    co_await loop.run();
}

}  // namespace surged::daemon
