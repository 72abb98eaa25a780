// One TCP connection, plain or TLS, under one deadline: what the HTTP client and server talk over.
#pragma once

#include "detectors/time.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace boost::asio::ssl {
class context;
}
using SSL = struct ssl_st;  // OpenSSL's own name for it

namespace surged::daemon {

// Not TLS until handshake() succeeded. Every operation fails with `timed_out` once the deadline has
// passed, which closes the socket; with other codes when the peer or the network ends it. When the
// waiting coroutine is cancelled it throws operation_aborted instead. After any error the stream is
// out of step and only good for being destroyed. One operation at a time.
class NetStream {
public:
    using Executor = boost::asio::any_io_executor;
    using ErrorCode = boost::system::error_code;
    template <typename T>
    using Awaitable = boost::asio::awaitable<T>;

    explicit NetStream(Executor const& executor);
    explicit NetStream(boost::asio::ip::tcp::socket connected);
    ~NetStream();
    NetStream(NetStream const&) = delete;
    NetStream& operator=(NetStream const&) = delete;

    // May be called again after a failure, with another endpoint.
    Awaitable<ErrorCode> connect(boost::asio::ip::tcp::endpoint endpoint);
    // `verify_name`: the certificate must be made out to this host name or IP literal. On failure
    // `why` says what was wrong, for people. `resume` (may be null) is an SSL_SESSION.
    Awaitable<ErrorCode> connect_tls(std::shared_ptr<boost::asio::ssl::context> context,
                                     std::string verify_name, void* resume, std::string& why);
    Awaitable<ErrorCode> accept_tls(std::shared_ptr<boost::asio::ssl::context> context);

    // 0 bytes with `error` eof: the peer has said everything. A TLS peer that hangs up without
    // saying so gives ssl::error::stream_truncated.
    Awaitable<std::size_t> read_some(boost::asio::mutable_buffer into, ErrorCode& error);
    // All of it. The text must stay until completion.
    Awaitable<ErrorCode> write(std::string_view text);

    // One absolute deadline for everything from now on; replaces the last one. A peer that drips
    // bytes cannot stretch it.
    void expires_at(detectors::Instant deadline);
    void expires_never();

    void close();  // at once; a pending operation fails with `not_connected`
    // Says "no more from us" and leaves the receiving side open. Plain TCP's half only.
    void shutdown_send();
    [[nodiscard]] bool is_open() const;
    // Nothing to read and not closed by the peer: an idle connection that may be used again.
    [[nodiscard]] bool quiet();
    [[nodiscard]] SSL* tls();  // null: plain
    [[nodiscard]] std::string peer_address() const;

private:
    struct Deadline;
    struct Tls;
    ErrorCode verdict(ErrorCode error) const;

    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<Deadline> deadline_;  // its timer's handler may run after the stream is gone
    std::unique_ptr<Tls> tls_;
    bool closed_ = false;
};

}  // namespace surged::daemon
