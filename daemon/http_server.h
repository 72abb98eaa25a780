// The listener: HTTP/1.1 with or without TLS, on the loop thread. Used by the daemon's own API and
// by the stand-ins.
#pragma once

#include "daemon/clock.h"
#include "daemon/result.h"
#include "daemon/supervisor.h"
#include "exporters/http_message.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

// One request, whole. `target` is as sent; path and query are split and the path is percent-decoded
// once.
struct ServerRequest {
    std::string method, target, path, query;
    exporters::HttpHeaders headers;
    std::string body;  // as sent: a gzip body is not inflated here
    std::string peer;  // "127.0.0.1"
    [[nodiscard]] std::string param(std::string_view name) const;  // decoded; "" when absent
    [[nodiscard]] bool has_param(std::string_view name) const;
};

struct ServerResponse {
    ServerResponse() : status(200) {}
    int status;
    exporters::HttpHeaders headers;  // Content-Length, Date and Connection are the server's
    std::string body;
};

// How a handler answers: once with send(), or with begin() and any number of write(), or by cut().
// Every call may throw system_error when the peer is gone or the server stops: let it unwind.
class Responder {
public:
    virtual ~Responder() = default;
    virtual boost::asio::awaitable<void> send(ServerResponse response) = 0;
    // A streamed answer (SSE, slow bodies): chunked; ends when the handler returns.
    virtual boost::asio::awaitable<void> begin(ServerResponse head) = 0;
    virtual boost::asio::awaitable<void> write(std::string chunk) = 0;
    virtual void cut() = 0;  // closes the connection at once, mid-answer
    [[nodiscard]] virtual bool answered() const = 0;
};

using Handler =
    std::function<boost::asio::awaitable<void>(ServerRequest request, Responder& responder)>;

struct ServerLimits {
    std::size_t header_max = 32 * 1024;
    std::size_t body_max = 16U << 20U;   // 413 beyond
    std::size_t connections_max = 1024;  // beyond: closed at once, counted
    std::chrono::seconds idle{60};       // between requests of a kept connection
    std::chrono::seconds request{30};    // from its first byte to its last, and for each write
};
struct ServerTls {
    std::string certificate_file, key_file;  // empty: plain
};

// Listens from construction until destruction; throws system_error when it cannot. `host` may be an
// IP literal or a name; port 0 picks one. Every connection is a task of `supervisor` named "http";
// an exception of the handler that is not a network error answers 500 and is reported as that
// task's death.
class HttpServer {
public:
    HttpServer(boost::asio::io_context& io, Supervisor& supervisor, std::string const& host,
               unsigned short port, ServerTls tls, ServerLimits limits, Handler handler);
    ~HttpServer();
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;
    [[nodiscard]] unsigned short port() const;
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::uint64_t refused() const;  // connections closed at once: too many
    void close();                                 // stops accepting
    // Reads certificate and key again, for connections from now on. What is wrong with them, if
    // anything: the old ones then stay.
    [[nodiscard]] std::optional<Failure> reload_tls();
    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

// "host:port", "[::1]:9477", ":9477". False when it is none of them.
bool split_listen(std::string_view text, std::string& host, unsigned short& port);

}  // namespace surged::daemon
