#include "daemon/websocket.h"

#include <openssl/evp.h>
#include <utility>

namespace surged::daemon {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
constexpr std::size_t kControlMax = 125;

Failure protocol(char const* what) {
    return {Fault::malformed, std::string("WebSocket: ") + what};
}

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    std::string const text = std::string(key).append(kGuid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 64> out{};
    int const length = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(size));
    return {out.begin(), out.begin() + length};
}

std::string websocket_frame(WsKind kind, std::string_view data, std::array<unsigned char, 4> mask) {
    std::string out(1, static_cast<char>(0x80U | static_cast<unsigned>(kind)));
    std::size_t const size = data.size();
    int const more = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    out += static_cast<char>(0x80U | (more == 0 ? size : more == 2 ? 126U : 127U));
    for (int i = more; i-- > 0;) out += static_cast<char>(size >> unsigned(8 * i) & 0xFFU);
    for (unsigned char const m : mask) out += static_cast<char>(m);
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(byte_at(data, i) ^ mask[i % 4]);
    return out;
}

std::optional<Failure> WsReader::frame(unsigned head, std::string_view data) {
    bool const last = (head & 0x80U) != 0;
    unsigned const code = head & 0x0FU;
    if (code >= 8) {
        if (!last || data.size() > kControlMax) return protocol("a broken control frame");
        if (code > 10) return protocol("an unknown control frame");
        WsMessage& control = ready_.emplace_back();
        control.kind = static_cast<WsKind>(code);
        control.data = data;
        return std::nullopt;
    }
    if (code > 2) return protocol("an unknown frame");
    if ((code == 0) != partial_.has_value()) return protocol("a frame out of turn");
    if (code != 0) {
        partial_.emplace();
        partial_->kind = static_cast<WsKind>(code);
    }
    if (partial_->data.size() + data.size() > max_)
        return Failure(Fault::too_large, "WebSocket: a message over the limit");
    partial_->data += data;
    if (last) {
        ready_.push_back(std::move(*partial_));
        partial_.reset();
    }
    return std::nullopt;
}

std::optional<Failure> WsReader::put(std::string_view bytes) {
    bytes_ += bytes;
    std::string_view rest = bytes_;
    std::optional<Failure> failure;
    while (!failure && rest.size() >= 2) {
        unsigned const head = byte_at(rest, 0);
        unsigned const second = byte_at(rest, 1);
        if ((head & 0x70U) != 0) return protocol("a reserved bit");
        if ((second & 0x80U) != 0) return protocol("a masked frame of a server");
        std::uint64_t size = second & 0x7FU;
        std::size_t const more = size < 126 ? 0 : size == 126 ? 2 : 8;
        if (rest.size() < 2 + more) break;
        if (more > 0) size = 0;
        for (std::size_t i = 0; i < more; ++i) size = size << 8U | byte_at(rest, 2 + i);
        if (size > max_) return Failure(Fault::too_large, "WebSocket: a frame over the limit");
        if (rest.size() - 2 - more < size) break;
        failure = frame(head, rest.substr(2 + more, size));
        rest.remove_prefix(2 + more + size);
    }
    bytes_.erase(0, bytes_.size() - rest.size());
    return failure;
}

WsMessage WsReader::take() {
    WsMessage message = std::move(ready_.front());
    ready_.pop_front();
    return message;
}

}  // namespace surged::daemon
