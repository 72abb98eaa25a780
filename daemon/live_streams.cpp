#include "daemon/live_streams.h"

#include "daemon/http_client_message.h"
#include "daemon/http_client_pool.h"
#include "daemon/pollers/answer.h"
#include "daemon/sse_reader.h"
#include "daemon/url.h"
#include "daemon/websocket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <utility>

namespace surged::daemon {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::seconds;

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kRefusalMax = 64 * 1024;  // of the body that says why not
constexpr std::string_view kEncodings = "Accept-Encoding: gzip, deflate\r\n";

using Parser = http::response_parser<http::string_body>;

Failure cut_off(error_code const& error) {
    if (error == asio::error::timed_out) return {Fault::timeout, "no sign of life"};
    if (error == asio::error::eof) return {Fault::transient, "the peer ended the stream"};
    return {Fault::transient, error.message()};
}

// The connection and the HTTP answer that it carries.
struct Wire {
    explicit Wire(std::unique_ptr<PooledConnection> c) : connection(std::move(c)) {
        parser.header_limit(kResponseHeaderMax);
        parser.body_limit(boost::none);
        parser.eager(true);
    }
    std::unique_ptr<PooledConnection> connection;
    Parser parser;
    std::string pending;  // received, not yet parsed

    [[nodiscard]] NetStream& stream() const { return connection->stream; }

    // Reads once, under the stream's deadline; what came is in `pending`.
    asio::awaitable<error_code> read() {
        std::array<char, kReadSize> room{};
        error_code error;
        std::size_t const n = co_await stream().read_some(asio::buffer(room), error);
        pending.append(room.data(), n);
        co_return error;
    }
    // Parses what is pending; the body that came is appended to `body`.
    std::optional<Failure> parse(std::string& body) {
        while (!pending.empty() && !parser.is_done()) {
            error_code error;
            std::size_t const used =
                parser.put(asio::const_buffer(pending.data(), pending.size()), error);
            pending.erase(0, used);
            body += std::exchange(parser.get().body(), {});
            if (error == http::error::need_more || (!error && used == 0)) return std::nullopt;
            if (error) return Failure(Fault::malformed, "HTTP: " + error.message());
        }
        return std::nullopt;
    }
};

HttpResponse head_of(Parser const& parser) {
    HttpResponse out;
    out.status = static_cast<int>(parser.get().result_int());
    for (auto const& field : parser.get())
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return out;
}

class SseConnection final : public StreamConnection {
public:
    SseConnection(std::unique_ptr<Wire> wire, Clock& clock, std::size_t max, std::string begun)
        : wire_(std::move(wire)), clock_(clock), reader_(max), bad_(!reader_.put(begun)) {}

    asio::awaitable<Result<StreamMessage>> next(seconds silence) override {
        while (!reader_.has()) {
            if (bad_) co_return Failure(Fault::too_large, "an event over the limit");
            if (wire_->parser.is_done())
                co_return Failure(Fault::transient, "the peer ended the stream");
            wire_->stream().expires_at(clock_.now() + silence);
            error_code const error = co_await wire_->read();
            std::string body;
            if (auto failure = wire_->parse(body)) co_return *failure;
            bad_ = !reader_.put(body);
            if (error && !reader_.has()) co_return cut_off(error);
        }
        co_return reader_.take();
    }
    [[nodiscard]] bool more() const override { return reader_.has(); }

private:
    std::unique_ptr<Wire> wire_;
    Clock& clock_;
    SseReader reader_;
    bool bad_;
};

std::array<unsigned char, 4> fresh_mask() {
    std::array<unsigned char, 4> mask{};
    RAND_bytes(mask.data(), static_cast<int>(mask.size()));
    return mask;
}

class WsConnection final : public StreamConnection {
public:
    WsConnection(std::unique_ptr<Wire> wire, Clock& clock, std::size_t max)
        : wire_(std::move(wire)), clock_(clock), reader_(max) {}

    asio::awaitable<Result<StreamMessage>> next(seconds silence) override {
        for (;;) {
            if (auto failure = reader_.put(std::exchange(wire_->pending, {}))) co_return *failure;
            while (reader_.has()) {
                WsMessage message = reader_.take();
                StreamMessage out;
                switch (message.kind) {
                    case WsKind::text: out.data = std::move(message.data); co_return out;
                    case WsKind::close:
                        co_return Failure(Fault::transient, "the peer closed the WebSocket");
                    case WsKind::ping: {
                        std::string const pong =
                            websocket_frame(WsKind::pong, message.data, fresh_mask());
                        wire_->stream().expires_at(clock_.now() + silence);
                        if (error_code const error = co_await wire_->stream().write(pong))
                            co_return cut_off(error);
                        break;
                    }
                    default: break;  // pongs, and what is compressed or otherwise not text
                }
            }
            wire_->stream().expires_at(clock_.now() + silence);
            error_code const error = co_await wire_->read();
            if (error && wire_->pending.empty()) co_return cut_off(error);
        }
    }
    [[nodiscard]] bool more() const override { return reader_.has(); }

private:
    std::unique_ptr<Wire> wire_;
    Clock& clock_;
    WsReader reader_;
};

std::string websocket_key() {
    std::array<unsigned char, 16> random{};
    RAND_bytes(random.data(), static_cast<int>(random.size()));
    std::array<unsigned char, 32> out{};
    int const size = EVP_EncodeBlock(out.data(), random.data(), static_cast<int>(random.size()));
    return {out.begin(), out.begin() + size};
}

// The head of the request: nothing compressed, because what is compressed comes late.
Result<std::string> head_for(StreamRequest const& request, Url const& url, std::string const& key,
                             std::string const& agent) {
    Result<std::string> head = request_head(request.http, url.target, url.authority(), agent);
    if (!head) return head;
    if (auto const at = head->find(kEncodings); at != std::string::npos)
        head->replace(at, kEncodings.size(), "Accept-Encoding: identity\r\n");
    if (!request.websocket) return head;
    head->resize(head->size() - 2);
    *head +=
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: " +
        key + "\r\n\r\n";
    return head;
}

// What is wrong with the answer; nothing when the stream may begin.
std::optional<Failure> unfit(HttpResponse const& answer, StreamRequest const& request,
                             std::string const& key, WallTime now) {
    if (request.websocket && answer.status == 101) {
        if (exporters::header(answer.headers, "Sec-WebSocket-Accept") == websocket_accept(key))
            return std::nullopt;
        return Failure(Fault::malformed, "WebSocket: the handshake is not answered");
    }
    if (auto failure = refused(answer, now)) return failure;
    std::string_view const type = exporters::header(answer.headers, "Content-Type");
    if (!request.websocket && type.starts_with("text/event-stream")) return std::nullopt;
    return Failure(Fault::malformed, "answered with no stream but " + std::string(type));
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<StreamConnection>>> LiveStreamClient::open(
    StreamRequest request, detectors::Instant deadline) {
    auto const url = parse_url(request.http.url);
    if (!url) co_return Failure(Fault::malformed, "not an http or https URL");
    std::string const key = websocket_key();
    Result<std::string> const head = head_for(request, *url, key, http_.user_agent());
    if (!head) co_return head.error();
    auto dialled = co_await http_.dial(request.http.url, request.http.ca_file, deadline);
    if (!dialled) co_return dialled.error();
    auto wire = std::make_unique<Wire>(std::move(*dialled));
    if (request.websocket) wire->parser.skip(true);
    if (error_code const error = co_await wire->stream().write(*head)) co_return cut_off(error);
    std::string body;
    while (!wire->parser.is_header_done()) {
        error_code const error = co_await wire->read();
        if (auto failure = wire->parse(body)) co_return *failure;
        if (error && !wire->parser.is_header_done()) co_return cut_off(error);
    }
    HttpResponse answer = head_of(wire->parser);
    if (unfit(answer, request, key, clock_.wall_now())) {
        // The body may say why.
        while (!wire->parser.is_done() && !request.websocket && answer.status / 100 != 2 &&
               body.size() < kRefusalMax) {
            error_code const error = co_await wire->read();
            if (wire->parse(body) || error) break;
        }
        answer.body = std::move(body);
        co_return *unfit(answer, request, key, clock_.wall_now());
    }
    std::unique_ptr<StreamConnection> connection;
    if (request.websocket)
        connection = std::make_unique<WsConnection>(std::move(wire), clock_, request.message_max);
    else
        connection = std::make_unique<SseConnection>(std::move(wire), clock_, request.message_max,
                                                     std::move(body));
    co_return connection;
}

}  // namespace surged::daemon
