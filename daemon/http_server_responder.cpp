#include "daemon/http_server_responder.h"

#include "detectors/json_writer.h"

#include <boost/beast/http/status.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

namespace surged::daemon {

namespace asio = boost::asio;

namespace {

// Two writes instead of one copy from here on.
constexpr std::size_t kCopyMax = 16 * 1024;

std::string_view reason(int status) {
    auto const text = boost::beast::http::obsolete_reason(
        boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(WallTime t) {
    std::time_t const seconds = std::chrono::system_clock::to_time_t(t);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 40> out{};
    std::size_t const n =
        std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {out.data(), n};
}

bool breaks_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool ours(std::string_view name) {
    exporters::HttpHeaders const one{{std::string(name), "x"}};
    return !exporters::header(one, "Content-Length").empty() ||
           !exporters::header(one, "Date").empty() ||
           !exporters::header(one, "Connection").empty() ||
           !exporters::header(one, "Transfer-Encoding").empty();
}

bool bodiless(int status) {
    return status / 100 == 1 || status == 204 || status == 304;
}

}  // namespace

ServerResponse problem(int status, std::string_view detail) {
    detectors::JsonWriter json;
    json.object();
    json.key("type").value("about:blank");
    json.key("title").value(reason(status));
    json.key("status").value(status);
    json.text_if("detail", detail);
    json.end();
    ServerResponse out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/problem+json");
    out.body = json.take();
    return out;
}

std::string WireResponder::head_of(ServerResponse const& response, std::string_view framing) const {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
    out += reason(response.status);
    out += "\r\nDate: " + http_date(clock_.wall_now()) + "\r\n";
    for (auto const& [name, value] : response.headers) {
        if (ours(name)) continue;
        if (name.empty() || breaks_line(name) || breaks_line(value))
            throw std::logic_error("response header '" + name + "' holds a line break");
        out += name + ": " + value + "\r\n";
    }
    out += framing;
    if (!framing_.keep_alive) {
        out += "Connection: close\r\n";
    } else if (framing_.http10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

asio::awaitable<void> WireResponder::put(std::string_view text) {
    stream_.expires_at(clock_.now() + timeout_);
    boost::system::error_code const error = co_await stream_.write(text);
    stream_.expires_never();
    if (!error) co_return;
    broken_ = true;
    throw boost::system::system_error(error, "answer");
}

asio::awaitable<void> WireResponder::send(ServerResponse response) {
    if (answered_) throw std::logic_error("a request is answered once");
    bool const without = bodiless(response.status);
    std::string const length =
        response.status == 204 || response.status / 100 == 1
            ? std::string()
            : "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    std::string head = head_of(response, length);
    answered_ = true;
    bool const body = !framing_.head && !without && !response.body.empty();
    if (body && response.body.size() <= kCopyMax) head += response.body;
    co_await put(head);
    if (body && response.body.size() > kCopyMax) co_await put(response.body);
}

asio::awaitable<void> WireResponder::begin(ServerResponse head) {
    if (answered_) throw std::logic_error("a request is answered once");
    if (framing_.http10) close_after();
    std::string text = head_of(head, framing_.http10 ? "" : "Transfer-Encoding: chunked\r\n");
    answered_ = true;
    streaming_ = !framing_.head;
    co_await put(text);
    if (!head.body.empty()) co_await write(std::move(head.body));
}

asio::awaitable<void> WireResponder::write(std::string chunk) {
    if (!answered_) throw std::logic_error("write() without begin()");
    if (!streaming_ || chunk.empty()) co_return;  // an empty chunk would end the answer
    if (!framing_.http10) {
        std::array<char, 20> size{};
        auto const end =
            std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16).ptr;
        chunk.insert(0, std::string(size.data(), end) + "\r\n");
        chunk += "\r\n";
    }
    co_await put(chunk);
}

asio::awaitable<void> WireResponder::finish() {
    if (!streaming_ || broken_) co_return;
    streaming_ = false;
    if (!framing_.http10) co_await put("0\r\n\r\n");
}

void WireResponder::cut() {
    answered_ = true;
    broken_ = true;
    stream_.close();
}

}  // namespace surged::daemon
