#include "daemon/http_client_message.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <optional>

namespace surged::daemon {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadSize = 16 * 1024;  // a TLS record
constexpr int kInformational = 8;             // 1xx answers before the real one

using Parser = http::response_parser<http::string_body>;

bool breaks_line(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool cut(error_code error) {
    return error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
           error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

Failure wire_failure(error_code error, char const* doing, std::size_t received) {
    if (error == asio::error::timed_out)
        return {Fault::timeout, std::string("no whole answer in time")};
    if (cut(error))
        return {Fault::transient, "stream cut after " + std::to_string(received) + " bytes"};
    return {Fault::transient, std::string(doing) + ": " + error.message()};
}

Failure parse_failure(error_code error, std::size_t body_max, std::size_t received) {
    if (error == http::error::body_limit)
        return {Fault::too_large, "body over " + std::to_string(body_max) + " bytes"};
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return {Fault::too_large, "header over " + std::to_string(kResponseHeaderMax) + " bytes"};
    if (error == http::error::partial_message || error == http::error::end_of_stream)
        return {Fault::transient, "stream cut after " + std::to_string(received) + " bytes"};
    return {Fault::malformed, "bad HTTP: " + error.message()};
}

void prepare(std::optional<Parser>& parser, std::string const& method, std::size_t body_max) {
    parser.emplace();
    parser->header_limit(kResponseHeaderMax);
    parser->body_limit(body_max);
    parser->eager(true);
    parser->skip(method == "HEAD" || method == "CONNECT");
}

HttpResponse take(Parser& parser) {
    HttpResponse out;
    auto message = parser.release();
    out.status = static_cast<int>(message.result_int());
    for (auto const& field : message)
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(message.body());
    return out;
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        auto const low = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        };
        return low(x) == low(y);
    });
}

Result<std::string> request_head(HttpRequest const& request, std::string const& target,
                                 std::string const& authority, std::string const& user_agent) {
    std::string head = request.method + " " + target + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    bool agent = false;
    for (auto const& [name, value] : request.headers) {
        if (breaks_line(name) || breaks_line(value) || name.empty())
            return Failure{Fault::malformed,
                           "request header '" + name.substr(0, 64) + "' holds a line break"};
        if (same_header(name, "host") || same_header(name, "content-length") ||
            same_header(name, "accept-encoding") || same_header(name, "connection") ||
            same_header(name, "transfer-encoding"))
            continue;
        agent = agent || same_header(name, "user-agent");
        head += name + ": " + value + "\r\n";
    }
    if (!agent) head += "User-Agent: " + user_agent + "\r\n";
    head += "Accept-Encoding: gzip, deflate\r\n";
    if (!request.body.empty() ||
        (request.method != "GET" && request.method != "HEAD" && request.method != "DELETE"))
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    head += "\r\n";
    return head;
}

asio::awaitable<Exchange> exchange(NetStream& stream, std::string head, std::string body,
                                   std::string method, std::size_t body_max) {
    Exchange out;
    head += body;
    error_code const write_error = co_await stream.write(head);
    // A peer may answer and hang up before it has read a large body: its answer is worth reading.
    if (write_error && !cut(write_error)) {
        out.failure = wire_failure(write_error, "write", 0);
        co_return out;
    }
    beast::flat_buffer buffer;
    std::optional<Parser> parser;
    prepare(parser, method, body_max);
    std::size_t received = 0;
    for (int informational = 0; !parser->is_done();) {
        error_code error;
        auto const room = buffer.prepare(kReadSize);
        std::size_t const n = co_await stream.read_some(room, error);
        buffer.commit(n);
        received += n;
        out.any_byte = received > 0;
        bool const ended = error == asio::error::eof;
        if (error && !ended) {
            out.failure = wire_failure(error, "read", received);
            co_return out;
        }
        error = {};
        while (buffer.size() > 0 && !parser->is_done() && !error) {
            buffer.consume(parser->put(buffer.data(), error));
            if (parser->is_done() && parser->get().result_int() / 100 == 1 &&
                parser->get().result_int() != 101 && ++informational <= kInformational)
                prepare(parser, method, body_max);  // 100 Continue, 103 Early Hints
        }
        if (error == http::error::need_more) error = {};
        if (!error && ended && parser->got_some()) parser->put_eof(error);
        if (error) {
            out.failure = parse_failure(error, body_max, received);
            co_return out;
        }
        if (ended && !parser->is_done()) {
            out.failure = parse_failure(http::error::partial_message, body_max, received);
            co_return out;
        }
    }
    out.complete = true;
    out.keep = !write_error && parser->get().keep_alive() && !parser->get().need_eof() &&
               buffer.size() == 0;
    if (method == "CONNECT") out.keep = buffer.size() == 0;
    out.response = take(*parser);
    co_return out;
}

}  // namespace surged::daemon
