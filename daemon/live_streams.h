// The live side of the stream door: server-sent events and WebSockets over the HTTP client's
// connections.
#pragma once

#include "daemon/clock.h"
#include "daemon/http_client.h"
#include "daemon/stream_client.h"

namespace surged::daemon {

// Names, proxy, authorities and TLS are the HTTP client's; each connection is one of its own and
// never returns to its pool. Redirects are not followed. Both outlive every connection.
class LiveStreamClient final : public StreamClient {
public:
    LiveStreamClient(BeastHttpClient& http, Clock& clock) : http_(http), clock_(clock) {}
    boost::asio::awaitable<Result<std::unique_ptr<StreamConnection>>> open(
        StreamRequest request, detectors::Instant deadline) override;

private:
    BeastHttpClient& http_;
    Clock& clock_;
};

}  // namespace surged::daemon
