// WebSocket as bytes (RFC 6455, client side): the key of the handshake, frames out, messages in.
#pragma once

#include "daemon/result.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

enum class WsKind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct WsMessage {
    WsMessage() = default;
    WsKind kind = WsKind::text;
    std::string data;
};

// What a server answers to this Sec-WebSocket-Key.
[[nodiscard]] std::string websocket_accept(std::string_view key);
// One whole frame of a client, masked with four random bytes.
[[nodiscard]] std::string websocket_frame(WsKind kind, std::string_view data,
                                          std::array<unsigned char, 4> mask);

// Bytes of a server, in any pieces -> messages. Fragments are joined; control frames may come
// between them. A frame that breaks the protocol (masked, reserved bits, a long control frame, a
// continuation of nothing) is malformed, a message over the limit too_large: both for good.
class WsReader {
public:
    explicit WsReader(std::size_t message_max) : max_(message_max) {}
    [[nodiscard]] std::optional<Failure> put(std::string_view bytes);
    [[nodiscard]] bool has() const { return !ready_.empty(); }
    WsMessage take();  // requires has()

private:
    [[nodiscard]] std::optional<Failure> frame(unsigned head, std::string_view data);

    std::size_t max_;
    std::string bytes_;
    std::optional<WsMessage> partial_;
    std::deque<WsMessage> ready_;
};

}  // namespace surged::daemon
