// The door to platforms that push: one long-lived connection, message by message. Server-sent
// events or WebSocket; a test can be the platform.
#pragma once

#include "daemon/http.h"
#include "daemon/result.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace surged::daemon {

// An event of server-sent events, or a text message of a WebSocket (no name).
struct StreamMessage {
    StreamMessage() = default;
    std::string event, data;
};

struct StreamRequest {
    StreamRequest() = default;
    HttpRequest http;  // GET; https for wss
    bool websocket = false;
    std::size_t message_max = 1U << 20U;  // a post is some kilobytes; beyond: too_large
};

class StreamConnection {
public:
    virtual ~StreamConnection() = default;
    // The next message. Comments, pings and whatever else is no message are signs of life; a peer
    // that gives none for `silence` is dead: timeout. After a Failure the connection is good for
    // nothing but being destroyed.
    virtual boost::asio::awaitable<Result<StreamMessage>> next(std::chrono::seconds silence) = 0;
    // Another message was received already: next() will not wait.
    [[nodiscard]] virtual bool more() const = 0;
};

class StreamClient {
public:
    virtual ~StreamClient() = default;
    // A connection that the peer accepted, by `deadline`. Refusals are told as those of pollers:
    // auth, forbidden, not_found, throttled, ...
    virtual boost::asio::awaitable<Result<std::unique_ptr<StreamConnection>>> open(
        StreamRequest request, detectors::Instant deadline) = 0;
};

}  // namespace surged::daemon
