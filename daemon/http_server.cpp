#include "daemon/http_server.h"

#include "daemon/http_server_request.h"
#include "daemon/http_server_responder.h"
#include "daemon/net_stream.h"
#include "daemon/steady_clock.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/ssl.h>
#include <set>
#include <stdexcept>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// After our last word we hear the peer out this long, so that closing on bytes we did not read
// does not reset the connection under our answer.
constexpr auto kLinger = 2s;
constexpr std::size_t kLingerBytes = 64U << 20U;
constexpr auto kAcceptPause = 100ms;  // when the process has no descriptor left

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

std::shared_ptr<asio::ssl::context> make_context(ServerTls const& tls) {
    auto const context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    // A key under a passphrase must fail, not ask at a terminal.
    context->set_password_callback(
        [](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
    context->use_certificate_chain_file(tls.certificate_file);
    context->use_private_key_file(tls.key_file, asio::ssl::context::pem);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        throw boost::system::system_error(asio::error::invalid_argument,
                                          "the TLS key is not the certificate's");
    return context;
}

tcp::endpoint choose(asio::io_context& io, std::string const& host, unsigned short port) {
    if (host.empty()) return {tcp::v6(), port};  // both families, see listen()
    error_code not_a_literal;
    auto const address = asio::ip::make_address(host, not_a_literal);
    if (!not_a_literal) return {address, port};
    tcp::resolver resolver(io);
    auto const found = resolver.resolve(host, std::to_string(port));
    for (auto const& entry : found)  // "localhost" means 127.0.0.1 to whoever types it
        if (entry.endpoint().address().is_v4()) return entry.endpoint();
    return found.begin()->endpoint();
}

void listen(tcp::acceptor& acceptor, tcp::endpoint endpoint, bool both_families) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (error && both_families) {  // a machine without IPv6
        endpoint = {tcp::v4(), endpoint.port()};
        acceptor.open(endpoint.protocol());
    } else if (error) {
        throw boost::system::system_error(error, "open");
    } else if (both_families) {
        acceptor.set_option(asio::ip::v6_only(false));
    }
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
}

}  // namespace

// Shared by the server and its tasks, which end in any order.
struct HttpServer::Impl {
    Impl(asio::io_context& i, Supervisor& s, ServerTls t, ServerLimits l, Handler h)
        : io(i), supervisor(s), tls(std::move(t)), limits(l), handler(std::move(h)) {}

    asio::io_context& io;
    Supervisor& supervisor;
    SteadyClock clock{io};
    tcp::acceptor acceptor{io};
    ServerTls tls;
    ServerLimits limits;
    Handler handler;
    std::shared_ptr<asio::ssl::context> context;
    std::set<NetStream*> streams;
    unsigned short port = 0;
    std::uint64_t refused = 0;
};

namespace {

using Impl = HttpServer::Impl;

asio::awaitable<void> linger(Impl& impl, NetStream& stream) {
    stream.shutdown_send();
    stream.expires_at(impl.clock.now() + kLinger);
    std::string scrap(16 * 1024, '\0');
    std::size_t total = 0;
    for (error_code error; !error && total < kLingerBytes;)
        total += co_await stream.read_some(asio::buffer(scrap), error);
}

// Runs the handler; what it threw, if that was not about the peer. Rethrows the server's stop.
asio::awaitable<std::exception_ptr> handle(Impl& impl, ServerRequest request,
                                           WireResponder& responder) {
    std::exception_ptr error;
    try {
        auto answering = impl.handler(std::move(request), responder);
        co_await std::move(answering);
        co_await responder.finish();
        if (!responder.answered()) throw std::logic_error("the handler gave no answer");
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted) throw;
        if (!responder.broken()) error = std::current_exception();
    } catch (...) {
        error = std::current_exception();
    }
    co_return error;
}

asio::awaitable<void> answer_problem(WireResponder& responder, int status, std::string detail) {
    responder.close_after();
    try {
        ServerResponse response = problem(status, detail);
        co_await responder.send(std::move(response));
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted) throw;
    }
}

// One connection, request after request. Throws what a handler threw, when all is said.
asio::awaitable<void> converse(Impl& impl, NetStream& stream) {
    std::string pending;
    for (bool keep = true; keep;) {
        RequestRead read = co_await read_request(stream, impl.clock, impl.limits, pending);
        if (read.gone) co_return;
        WireResponder::Framing framing;
        framing.head = read.request.method == "HEAD";
        framing.http10 = read.http10;
        framing.keep_alive = read.keep_alive && impl.acceptor.is_open();
        WireResponder responder(stream, impl.clock, impl.limits.request, framing);
        if (read.refuse != 0) {
            co_await answer_problem(responder, read.refuse, std::move(read.why));
        } else {
            auto const error = co_await handle(impl, std::move(read.request), responder);
            if (error && !responder.answered())
                co_await answer_problem(responder, 500, std::string());
            if (error) std::rethrow_exception(error);
        }
        if (responder.broken()) co_return;
        keep = responder.keep_alive();
    }
    co_await linger(impl, stream);
}

// A connection from its acceptance on: counted even before its task first runs.
struct Peer {
    Peer(std::shared_ptr<Impl> i, tcp::socket socket)
        : impl(std::move(i)), stream(std::move(socket)) {
        impl->streams.insert(&stream);
    }
    ~Peer() { impl->streams.erase(&stream); }
    Peer(Peer const&) = delete;
    Peer& operator=(Peer const&) = delete;
    std::shared_ptr<Impl> impl;
    NetStream stream;
};

asio::awaitable<void> serve(std::unique_ptr<Peer> peer) {
    Impl& impl = *peer->impl;
    if (auto const context = impl.context) {
        peer->stream.expires_at(impl.clock.now() + impl.limits.request);
        if (co_await peer->stream.accept_tls(context)) co_return;
    }
    co_await converse(impl, peer->stream);
}

asio::awaitable<void> accept_all(std::shared_ptr<Impl> impl) {
    while (impl->acceptor.is_open()) {
        tcp::socket socket(impl->io);
        auto const [error] = co_await impl->acceptor.async_accept(socket, kResult);
        if (!impl->acceptor.is_open()) co_return;
        if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
        if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
            error == asio::error::no_memory || error.value() == ENFILE) {
            co_await impl->clock.sleep_until(impl->clock.now() + kAcceptPause);
        } else if (!error && impl->streams.size() >= impl->limits.connections_max) {
            ++impl->refused;
        } else if (!error) {
            impl->supervisor.start("http", serve(std::make_unique<Peer>(impl, std::move(socket))));
        }
    }
}

}  // namespace

HttpServer::HttpServer(asio::io_context& io, Supervisor& supervisor, std::string const& host,
                       unsigned short port, ServerTls tls, ServerLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(io, supervisor, std::move(tls), limits, std::move(handler))) {
    if (!impl_->tls.certificate_file.empty()) impl_->context = make_context(impl_->tls);
    listen(impl_->acceptor, choose(io, host, port), host.empty());
    impl_->port = impl_->acceptor.local_endpoint().port();
    supervisor.start("http", accept_all(impl_));
}

HttpServer::~HttpServer() {
    close();
    for (NetStream* stream : impl_->streams) stream->close();
}

unsigned short HttpServer::port() const {
    return impl_->port;
}

std::size_t HttpServer::connections() const {
    return impl_->streams.size();
}

std::uint64_t HttpServer::refused() const {
    return impl_->refused;
}

void HttpServer::close() {
    error_code ignored;
    impl_->acceptor.close(ignored);
}

std::optional<Failure> HttpServer::reload_tls() {
    if (impl_->tls.certificate_file.empty()) return std::nullopt;
    try {
        impl_->context = make_context(impl_->tls);
        return std::nullopt;
    } catch (boost::system::system_error const& e) {
        return Failure{Fault::malformed, std::string("TLS files: ") + e.what()};
    }
}

}  // namespace surged::daemon
