#include "daemon/http_client.h"

#include "daemon/http_client_message.h"
#include "daemon/http_client_pool.h"
#include "daemon/inflate.h"
#include "daemon/url.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <map>
#include <openssl/ssl.h>
#include <optional>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct BeastHttpClient::Impl {
    Impl(asio::io_context& i, Clock& c, Resolver& r, HttpClientOptions o)
        : io(i),
          clock(c),
          resolver(r),
          options(std::move(o)),
          pool(std::make_shared<ConnectionPool>(c, options.connections_per_host, options.idle)) {}

    asio::io_context& io;
    Clock& clock;
    Resolver& resolver;
    HttpClientOptions options;
    std::shared_ptr<ConnectionPool> pool;
    std::map<std::string, std::shared_ptr<asio::ssl::context>> contexts;  // by file of authorities
    HttpClientStats stats;

    Result<std::shared_ptr<asio::ssl::context>> context(std::string const& ca_file);
    [[nodiscard]] bool proxied(std::string const& host) const;
};

namespace {

// What one fetch knows of where it goes.
struct Route {
    Route(Url u, std::optional<Url> p, std::string ca)
        : url(std::move(u)), proxy(std::move(p)), ca_file(std::move(ca)) {}
    Url url;
    std::optional<Url> proxy;
    std::string ca_file;

    [[nodiscard]] Url const& hop() const { return proxy ? *proxy : url; }
    // Plain requests through a proxy share its connections whatever their host.
    [[nodiscard]] std::string key() const {
        return (proxy ? proxy->origin() + " " : "") + (proxy && !url.tls ? "" : url.origin()) +
               " " + ca_file;
    }
};

using Impl = BeastHttpClient::Impl;
using Connection = std::unique_ptr<PooledConnection>;

Failure named(Url const& url, Failure failure) {
    failure.detail = url.origin() + ": " + failure.detail;
    return failure;
}

Failure step_failure(char const* step, error_code error, std::string const& why) {
    if (error == asio::error::timed_out)
        return {Fault::timeout, std::string(step) + ": no end in time"};
    return {Fault::transient, std::string(step) + ": " + why};
}

// Tries each address in turn; one that swallows packets may not eat the time of the others.
asio::awaitable<Result<Connection>> connect(Impl& impl, Url const& hop, Instant deadline) {
    Result<Addresses> const addresses = co_await impl.resolver.resolve(hop.host, deadline);
    if (!addresses) co_return addresses.error();
    auto connection = std::make_unique<PooledConnection>(impl.io.get_executor());
    error_code error = asio::error::host_not_found;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        Instant const now = impl.clock.now();
        if (now >= deadline) error = asio::error::timed_out;
        if (now >= deadline) break;
        auto const share = (deadline - now) / static_cast<int>(addresses->size() - i);
        connection->stream.expires_at(now + share);
        tcp::endpoint const endpoint((*addresses)[i], hop.port);
        error = co_await connection->stream.connect(endpoint);
        if (!error) break;
    }
    if (error) co_return step_failure("connect", error, error.message());
    ++impl.stats.connects;
    connection->generation = impl.pool->generation();
    connection->stream.expires_at(deadline);
    co_return connection;
}

asio::awaitable<std::optional<Failure>> tunnel(Impl& impl, NetStream& stream, Url const& url) {
    std::string const authority =
        (url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]") + ":" +
        std::to_string(url.port);
    std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
                       "\r\nUser-Agent: " + impl.options.user_agent + "\r\n\r\n";
    Exchange answer = co_await exchange(stream, std::move(head), std::string(), "CONNECT", 0);
    if (!answer.complete) {
        answer.failure.detail = "proxy: " + answer.failure.detail;
        co_return answer.failure;
    }
    if (answer.response.status / 100 != 2 || !answer.keep)
        co_return Failure{Fault::transient,
                          "proxy: CONNECT answered " + std::to_string(answer.response.status)};
    co_return std::nullopt;
}

asio::awaitable<std::optional<Failure>> secure(Impl& impl, NetStream& stream, Route const& route,
                                               PooledHost& host) {
    auto const context = impl.context(route.ca_file);
    if (!context) co_return context.error();
    std::string why;
    error_code const error =
        co_await stream.connect_tls(*context, route.url.host, host.session.get(), why);
    if (error) {
        host.session.reset();
        co_return step_failure("TLS", error, why);
    }
    ++impl.stats.tls_handshakes;
    if (SSL_session_reused(stream.tls()) != 0) ++impl.stats.tls_resumed;
    co_return std::nullopt;
}

// A fresh connection, ready for a request: name, TCP, proxy, TLS.
asio::awaitable<Result<Connection>> open(Impl& impl, Route const& route, PooledHost& host,
                                         Instant deadline) {
    Result<Connection> connection = co_await connect(impl, route.hop(), deadline);
    if (!connection) {
        if (route.proxy)
            co_return Failure{connection.error().fault, "proxy: " + connection.error().detail};
        co_return connection;
    }
    if (!route.url.tls) co_return connection;
    if (route.proxy) {
        auto const failure = co_await tunnel(impl, (*connection)->stream, route.url);
        if (failure) co_return *failure;
    }
    auto const failure = co_await secure(impl, (*connection)->stream, route, host);
    if (failure) co_return *failure;
    co_return connection;
}

// TLS 1.3 hands out its ticket after the handshake, so it is fetched once an answer was read. A
// copy: OpenSSL spoils the session of a connection that is closed without a TLS goodbye, and we do
// that.
void remember_session(NetStream& stream, PooledHost& host) {
    SSL_SESSION* const session = stream.tls() != nullptr ? SSL_get0_session(stream.tls()) : nullptr;
    if (session == nullptr || SSL_SESSION_is_resumable(session) == 0) return;
    host.session.reset(SSL_SESSION_dup(session));
}

Result<HttpResponse> finish(HttpResponse response, std::size_t body_max) {
    std::string const encoding(exporters::header(response.headers, "Content-Encoding"));
    if (encoding.empty() || response.body.empty()) return response;
    Result<std::string> body = inflate_body(encoding, std::move(response.body), body_max);
    if (!body) return body.error();
    response.body = std::move(*body);
    std::erase_if(response.headers, [](auto const& field) {  // they describe what was on the wire
        return same_header(field.first, "Content-Encoding") ||
               same_header(field.first, "Content-Length");
    });
    return response;
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> BeastHttpClient::Impl::context(
    std::string const& ca_file) {
    if (auto const found = contexts.find(ca_file); found != contexts.end()) return found->second;
    auto const made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* const native = made->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    error_code error;
    if (ca_file.empty()) {
        made->set_default_verify_paths(error);
    } else {
        made->load_verify_file(ca_file, error);
    }
    // Not kept when it failed: the file may be there the next time.
    if (error)
        return Failure{Fault::transient,
                       "TLS: cannot read authorities " + ca_file + ": " + error.message()};
    made->set_verify_mode(asio::ssl::verify_peer, error);
    contexts.emplace(ca_file, made);
    return made;
}

bool BeastHttpClient::Impl::proxied(std::string const& host) const {
    if (options.proxy.empty()) return false;
    return std::none_of(options.no_proxy.begin(), options.no_proxy.end(), [&](auto const& name) {
        return host == name || (host.size() > name.size() && host.ends_with("." + name));
    });
}

BeastHttpClient::BeastHttpClient(asio::io_context& io, Clock& clock, Resolver& resolver,
                                 HttpClientOptions options)
    : impl_(std::make_shared<Impl>(io, clock, resolver, std::move(options))) {}

BeastHttpClient::~BeastHttpClient() {
    impl_->pool->configure(impl_->options.connections_per_host, impl_->options.idle);
}

void BeastHttpClient::reconfigure(HttpClientOptions options) {
    impl_->options = std::move(options);
    impl_->contexts.clear();
    impl_->pool->configure(impl_->options.connections_per_host, impl_->options.idle);
}

HttpClientStats BeastHttpClient::stats() const {
    return impl_->stats;
}

std::size_t BeastHttpClient::idle_connections() const {
    return impl_->pool->idle_connections();
}

std::string const& BeastHttpClient::user_agent() const {
    return impl_->options.user_agent;
}

asio::awaitable<Result<std::unique_ptr<PooledConnection>>> BeastHttpClient::dial(
    std::string text, std::string ca_file, detectors::Instant deadline) {
    auto const impl = impl_;
    auto url = parse_url(text);
    if (!url) co_return Failure{Fault::malformed, "not an http or https URL"};
    std::optional<Url> proxy;
    if (impl->proxied(url->host)) {
        proxy = parse_url(impl->options.proxy);
        if (!proxy || proxy->tls || !url->tls)
            co_return Failure{Fault::malformed, "a stream through a proxy needs https"};
    }
    Route const route(std::move(*url), std::move(proxy),
                      ca_file.empty() ? impl->options.ca_file : ca_file);
    PooledHost host;  // no session to resume: such connections are few and last long
    Result<Connection> opened = co_await open(*impl, route, host, deadline);
    if (!opened) co_return named(route.url, opened.error());
    co_return opened;
}

asio::awaitable<Result<HttpResponse>> BeastHttpClient::fetch(HttpRequest request,
                                                             detectors::Instant deadline) {
    auto const impl = impl_;  // a frame may outlive the client
    auto url = parse_url(request.url);
    if (!url) co_return Failure{Fault::malformed, "not an http or https URL"};
    std::optional<Url> proxy;
    if (impl->proxied(url->host)) {
        proxy = parse_url(impl->options.proxy);
        if (!proxy || proxy->tls)
            co_return Failure{Fault::malformed, "http.proxy is not an http URL"};
    }
    Route const route(std::move(*url), std::move(proxy),
                      request.ca_file.empty() ? impl->options.ca_file : request.ca_file);
    bool const absolute = route.proxy && !route.url.tls;
    Result<std::string> const head =
        request_head(request, (absolute ? route.url.origin() : "") + route.url.target,
                     route.url.authority(), impl->options.user_agent);
    if (!head) co_return named(route.url, head.error());

    auto const turn = co_await impl->pool->turn(route.key(), deadline);
    if (!turn) co_return named(route.url, Failure{Fault::timeout, "no free connection in time"});
    Connection connection = turn->kept();
    for (bool reused = connection != nullptr;; reused = false) {
        if (reused) {
            ++impl->stats.reuses;
            connection->stream.expires_at(deadline);
        } else {
            Result<Connection> opened = co_await open(*impl, route, turn->host(), deadline);
            if (!opened) co_return named(route.url, opened.error());
            connection = std::move(*opened);
        }
        Exchange answer = co_await exchange(connection->stream, *head, request.body, request.method,
                                            request.body_max);
        if (answer.complete) {
            if (!reused) remember_session(connection->stream, turn->host());
            if (answer.keep) turn->keep(std::move(connection));
            Result<HttpResponse> response = finish(std::move(answer.response), request.body_max);
            if (!response) co_return named(route.url, response.error());
            co_return response;
        }
        // The peer had hung up on the kept connection before it saw the request: once more, afresh.
        bool const stale = reused && !answer.any_byte && answer.failure.fault == Fault::transient;
        if (!stale || !request.idempotent) co_return named(route.url, answer.failure);
        ++impl->stats.stale_retries;
    }
}

}  // namespace surged::daemon
