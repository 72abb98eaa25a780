// The one loop that keeps a stream's push connection: connect, read, hand over, reconnect.
#pragma once

#include "daemon/clock.h"
#include "daemon/listener.h"
#include "daemon/stream_client.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

namespace surged::daemon {

// Mentions go to the same place as those of polls and of the push API: each is counted once however
// it came. No coverage follows from them; the stream's poller stays what says that nothing is
// missing, and fills what came while we were not connected.
struct StreamSink {
    std::function<void(detectors::MentionBatch const& batch, std::uint64_t malformed)> push;
    std::function<void(std::string const& text)> log;  // of a change: connected, lost and why
};

// What the loop may touch; all of it outlives the loop.
struct StreamEnv {
    Clock& clock;
    StreamClient& streams;
    std::mt19937_64& random;           // for jitter only
    std::chrono::seconds timeout{10};  // of connecting
};

// How much is handed over at once: what has arrived, at most this many messages. Beyond it waits in
// the socket, and with it the peer.
inline constexpr std::size_t kStreamBatch = 500;
// Between two attempts: one second, doubled up to five minutes; an hour where the platform says
// that there is no such stream or that we may not have it. A connection that held for a minute
// begins with a second again.
[[nodiscard]] std::chrono::milliseconds stream_wait(int failures, Failure const& failure);

// Runs one stream's connection for the life of the daemon; ends only by cancellation.
boost::asio::awaitable<void> run_stream_loop(StreamEnv env, StreamSink sink,
                                             std::unique_ptr<Listener> listener);

}  // namespace surged::daemon
