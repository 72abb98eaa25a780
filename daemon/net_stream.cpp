#include "daemon/net_stream.h"

#include "daemon/steady_clock.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace surged::daemon {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);  // errors as values

// Why a handshake failed: the certificate's fault if it has one, else what OpenSSL says.
std::string tls_reason(SSL* ssl, error_code const& error) {
    long const verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK)
        return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
    return error.message();
}

}  // namespace

struct NetStream::Deadline {
    Deadline(asio::any_io_executor const& executor, tcp::socket& s) : timer(executor), socket(&s) {}
    asio::steady_timer timer;
    tcp::socket* socket;  // null once the stream is gone
    unsigned serial = 0;  // of the last setting: an older one that fires late is not ours
    bool passed = false;
};

struct NetStream::Tls {
    Tls(tcp::socket& socket, std::shared_ptr<asio::ssl::context> c)
        : context(std::move(c)), stream(socket, *context) {}
    std::shared_ptr<asio::ssl::context> context;
    asio::ssl::stream<tcp::socket&> stream;
};

NetStream::NetStream(Executor const& executor)
    : socket_(executor), deadline_(std::make_shared<Deadline>(executor, socket_)) {}

NetStream::NetStream(tcp::socket connected)
    : socket_(std::move(connected)),
      deadline_(std::make_shared<Deadline>(socket_.get_executor(), socket_)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
}

NetStream::~NetStream() {
    deadline_->socket = nullptr;
    deadline_->timer.cancel();
}

// Translates what an operation ended with: our own deadline and our own close() from cancellation.
error_code NetStream::verdict(error_code error) const {
    if (!error) return error;
    if (deadline_->passed) return asio::error::timed_out;
    if (closed_) return asio::error::not_connected;
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    return error;
}

asio::awaitable<error_code> NetStream::connect(tcp::endpoint endpoint) {
    error_code error;
    if (socket_.is_open()) socket_.close(error);
    deadline_->passed = false;
    auto const [connect_error] = co_await socket_.async_connect(endpoint, kResult);
    if (!connect_error) socket_.set_option(tcp::no_delay(true), error);
    co_return verdict(connect_error);
}

asio::awaitable<error_code> NetStream::connect_tls(std::shared_ptr<asio::ssl::context> context,
                                                   std::string verify_name, void* resume,
                                                   std::string& why) {
    auto tls = std::make_unique<Tls>(socket_, std::move(context));
    SSL* const ssl = tls->stream.native_handle();
    error_code not_a_literal;
    asio::ip::make_address(verify_name, not_a_literal);
    if (not_a_literal) {
        SSL_set_tlsext_host_name(ssl, verify_name.c_str());
        SSL_set1_host(ssl, verify_name.c_str());
    } else {  // RFC 6066: no literal in SNI
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), verify_name.c_str());
    }
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (resume != nullptr) SSL_set_session(ssl, static_cast<SSL_SESSION*>(resume));
    auto const [error] =
        co_await tls->stream.async_handshake(asio::ssl::stream_base::client, kResult);
    if (error) why = tls_reason(ssl, error);
    tls_ = std::move(tls);
    co_return verdict(error);
}

asio::awaitable<error_code> NetStream::accept_tls(std::shared_ptr<asio::ssl::context> context) {
    tls_ = std::make_unique<Tls>(socket_, std::move(context));
    auto const [error] =
        co_await tls_->stream.async_handshake(asio::ssl::stream_base::server, kResult);
    co_return verdict(error);
}

asio::awaitable<std::size_t> NetStream::read_some(asio::mutable_buffer into, error_code& error) {
    std::size_t read = 0;
    if (tls_) {
        auto const [read_error, n] = co_await tls_->stream.async_read_some(into, kResult);
        error = read_error;
        read = n;
    } else {
        auto const [read_error, n] = co_await socket_.async_read_some(into, kResult);
        error = read_error;
        read = n;
    }
    error = verdict(error);
    co_return read;
}

asio::awaitable<error_code> NetStream::write(std::string_view text) {
    error_code error;
    if (tls_) {
        auto const [write_error, n] = co_await asio::async_write(
            tls_->stream, asio::const_buffer(text.data(), text.size()), kResult);
        error = write_error;
    } else {
        auto const [write_error, n] = co_await asio::async_write(
            socket_, asio::const_buffer(text.data(), text.size()), kResult);
        error = write_error;
    }
    co_return verdict(error);
}

void NetStream::expires_at(detectors::Instant deadline) {
    deadline_->timer.expires_at(to_steady(deadline));
    deadline_->timer.async_wait(
        [state = deadline_, serial = ++deadline_->serial](error_code error) {
            if (error || serial != state->serial || state->socket == nullptr) return;
            state->passed = true;
            state->socket->close(error);
        });
}

void NetStream::expires_never() {
    ++deadline_->serial;
    deadline_->timer.cancel();
}

void NetStream::close() {
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
}

void NetStream::shutdown_send() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

bool NetStream::is_open() const {
    return socket_.is_open();
}

bool NetStream::quiet() {
    if (!socket_.is_open()) return false;
    char byte = 0;
    // Anything to read on an idle connection is a goodbye (TLS: close_notify) or out of step.
    auto const n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

SSL* NetStream::tls() {
    return tls_ ? tls_->stream.native_handle() : nullptr;
}

std::string NetStream::peer_address() const {
    error_code error;
    auto const endpoint = socket_.remote_endpoint(error);
    if (error) return {};
    auto const address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

}  // namespace surged::daemon
