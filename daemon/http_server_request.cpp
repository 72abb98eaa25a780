#include "daemon/http_server_request.h"

#include "daemon/url.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <charconv>

namespace surged::daemon {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;

using Parser = http::request_parser<http::string_body>;

// More bytes into `pending`; false when there will be none.
asio::awaitable<bool> read_more(NetStream& stream, std::string& pending) {
    std::size_t const had = pending.size();
    pending.resize(had + kReadSize);
    error_code error;
    std::size_t const n =
        co_await stream.read_some(asio::mutable_buffer(pending.data() + had, kReadSize), error);
    pending.resize(had + n);
    co_return n > 0;
}

// Feeds what is pending. Beast says need_more where we say "no error, not done".
error_code feed(Parser& parser, std::string& pending) {
    error_code error;
    while (!pending.empty() && !parser.is_done() && !error) {
        std::size_t const n = parser.put(asio::const_buffer(pending.data(), pending.size()), error);
        pending.erase(0, n);
        if (parser.is_header_done() && !parser.eager()) break;
        if (n == 0) break;
    }
    if (error == http::error::need_more) error = {};
    return error;
}

int status_of(error_code error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::bad_version) return 505;
    return 400;
}

void refuse(RequestRead& out, int status, std::string why) {
    out.refuse = status;
    out.why = std::move(why);
}

// What RFC 9112 asks of a request's head beyond its grammar; ambiguous lengths smuggle requests.
void check_head(Parser const& parser, RequestRead& out) {
    auto const& head = parser.get();
    auto const lengths = head.count(http::field::content_length);
    auto const encodings = head.count(http::field::transfer_encoding);
    if (head.version() != 10 && head.version() != 11) {
        refuse(out, 505, "HTTP/1.0 and 1.1 only");
    } else if (head.count(http::field::host) > 1 ||
               (head.version() == 11 && head.count(http::field::host) == 0)) {
        refuse(out, 400, "one Host header is required");
    } else if (lengths > 1 || encodings > 1 || (lengths != 0 && encodings != 0) ||
               (encodings != 0 && head.version() == 10)) {
        refuse(out, 400, "ambiguous length");
    } else if (encodings != 0 && !parser.chunked()) {
        refuse(out, 501, "transfer encoding other than chunked");
    }
}

bool expects_continue(Parser const& parser) {
    auto const value = parser.get()[http::field::expect];
    return parser.get().version() == 11 && boost::beast::iequals(value, "100-continue");
}

void take(Parser& parser, RequestRead& out) {
    auto message = parser.release();
    out.keep_alive = message.keep_alive();
    out.http10 = message.version() == 10;
    out.request.method = std::string(message.method_string());
    out.request.target = std::string(message.target());
    for (auto const& field : message)
        out.request.headers.emplace_back(std::string(field.name_string()),
                                         std::string(field.value()));
    out.request.body = std::move(message.body());
    if (!split_target(out.request)) refuse(out, 400, "not a request target");
}

template <typename Visit>
bool any_param(std::string_view query, Visit const& visit) {
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        std::string_view const pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        auto const equals = std::min(pair.find('='), pair.size());
        auto const name = percent_decode(pair.substr(0, equals), true);
        auto const value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (name && value && visit(*name, *value)) return true;
    }
    return false;
}

}  // namespace

bool split_target(ServerRequest& request) {
    std::string_view rest = request.target;
    if (rest.empty() || rest.front() != '/') {  // the absolute form, as to a proxy
        auto const scheme = rest.find("://");
        if (scheme == std::string_view::npos || scheme > 8) return rest == "*";
        auto const slash = rest.find_first_of("/?", scheme + 3);
        rest = slash == std::string_view::npos ? "/" : rest.substr(slash);
    }
    auto const question = std::min(rest.find('?'), rest.size());
    auto path = percent_decode(rest.substr(0, question), false);
    if (!path || path->find('\0') != std::string::npos) return false;
    request.path = path->empty() ? "/" : std::move(*path);
    request.query = std::string(rest.substr(std::min(question + 1, rest.size())));
    return true;
}

asio::awaitable<RequestRead> read_request(NetStream& stream, Clock& clock,
                                          ServerLimits const& limits, std::string& pending) {
    RequestRead out;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.header_max));
    parser.body_limit(limits.body_max);
    parser.eager(
        false);  // first the head: it may have to be refused, or the client waits for leave
    stream.expires_at(clock.now() + limits.idle);
    out.gone = pending.empty() && !co_await read_more(stream, pending);
    stream.expires_at(clock.now() + limits.request);
    error_code error;
    while (!out.gone && !parser.is_header_done()) {
        error = feed(parser, pending);
        if (error || parser.is_header_done()) break;
        out.gone = !co_await read_more(stream, pending);
    }
    if (out.gone) co_return out;
    if (!error) check_head(parser, out);
    if (error) refuse(out, status_of(error), error.message());
    if (out.refuse != 0) co_return out;

    parser.eager(true);
    if (expects_continue(parser) && !parser.is_done() && pending.empty()) {
        error = co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n");
        out.gone = static_cast<bool>(error);
    }
    while (!out.gone && !parser.is_done()) {
        error = feed(parser, pending);
        if (error) {
            refuse(out, status_of(error), error.message());
            co_return out;
        }
        if (!parser.is_done()) out.gone = !co_await read_more(stream, pending);
    }
    stream.expires_never();
    if (out.gone) co_return out;
    take(parser, out);
    out.request.peer = stream.peer_address();
    co_return out;
}

std::string ServerRequest::param(std::string_view name) const {
    std::string found;
    any_param(query, [&](std::string const& key, std::string const& value) {
        if (key == name) found = value;
        return key == name;
    });
    return found;
}

bool ServerRequest::has_param(std::string_view name) const {
    return any_param(query,
                     [&](std::string const& key, std::string const&) { return key == name; });
}

bool split_listen(std::string_view text, std::string& host, unsigned short& port) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view name = text.substr(0, colon);
    std::string_view const number = text.substr(colon + 1);
    if (name.size() >= 2 && name.front() == '[' && name.back() == ']') {
        name = name.substr(1, name.size() - 2);
        if (name.find(':') == std::string_view::npos) return false;
    } else if (name.find_first_of(":[]") != std::string_view::npos) {
        return false;
    }
    if (name.find_first_of(" /@") != std::string_view::npos) return false;
    unsigned short value = 0;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size()) return false;
    host = std::string(name);
    port = value;
    return true;
}

}  // namespace surged::daemon
