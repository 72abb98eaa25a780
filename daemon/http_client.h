// The live side of the HTTP door: HTTP/1.1 over TCP or TLS, with kept connections and hard limits.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"
#include "daemon/resolver.h"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace surged::daemon {

struct HttpClientOptions {
    HttpClientOptions() = default;
    // "http://proxy:3128": asked with CONNECT for https, with the absolute form for http. For every
    // host, loopback too, but those in `no_proxy` ("example.org" also means what ends in
    // ".example.org").
    std::string proxy;
    std::vector<std::string> no_proxy;
    std::string ca_file;  // PEM; empty: the system's authorities
    std::string user_agent = "surged/" SURGED_VERSION;
    std::size_t connections_per_host = 8;  // further requests to it wait, within their deadline
    std::chrono::seconds idle{60};         // a kept connection is closed after
};

struct PooledConnection;

// What was done so far, for tests and the log.
struct HttpClientStats {
    std::uint64_t connects = 0, reuses = 0, stale_retries = 0, tls_handshakes = 0, tls_resumed = 0;
};

// Certificates are always verified, names included; there is no way to turn it off. TLS 1.2 at
// least. A response header is at most 64 kB, a body HttpRequest::body_max as sent and as inflated;
// Content-Encoding and Content-Length are gone from the headers of a response whose body was
// inflated. A User-Agent of the request wins over ours (platforms ask for their own). `detail` of a
// Failure names scheme, host and port, never path or query: those hold tokens.
//
// `io` and `resolver` outlive the client and every fetch; `clock` is the live one (deadlines become
// timers of the kernel).
class BeastHttpClient final : public HttpClient {
public:
    BeastHttpClient(boost::asio::io_context& io, Clock& clock, Resolver& resolver,
                    HttpClientOptions options = {});
    ~BeastHttpClient() override;

    boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest request,
                                                       detectors::Instant deadline) override;

    // A connection of one's own to where `url` points, TLS and proxy done, with `deadline` on it:
    // for what is longer than one exchange (live_streams.h). It is not counted against
    // connections_per_host.
    boost::asio::awaitable<Result<std::unique_ptr<PooledConnection>>> dial(
        std::string url, std::string ca_file, detectors::Instant deadline);
    [[nodiscard]] std::string const& user_agent() const;

    // At reload: new options for requests that begin from now on; authorities' files are read
    // again; kept connections are closed as they come back.
    void reconfigure(HttpClientOptions options);

    [[nodiscard]] HttpClientStats stats() const;
    [[nodiscard]] std::size_t idle_connections() const;
    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace surged::daemon
