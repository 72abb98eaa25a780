// What a handler answers, put on the wire.
#pragma once

#include "daemon/http_server.h"
#include "daemon/net_stream.h"

#include <string>

namespace surged::daemon {

class WireResponder final : public Responder {
public:
    struct Framing {
        bool head = false;        // HEAD: no body
        bool http10 = false;      // no chunks: the end of the stream is the end of the body
        bool keep_alive = false;  // as the request asked
    };
    WireResponder(NetStream& stream, Clock& clock, std::chrono::seconds write_timeout,
                  Framing framing)
        : stream_(stream), clock_(clock), timeout_(write_timeout), framing_(framing) {}

    boost::asio::awaitable<void> send(ServerResponse response) override;
    boost::asio::awaitable<void> begin(ServerResponse head) override;
    boost::asio::awaitable<void> write(std::string chunk) override;
    void cut() override;
    [[nodiscard]] bool answered() const override { return answered_; }

    boost::asio::awaitable<void> finish();  // the handler has returned: ends a streamed answer
    void close_after() { framing_.keep_alive = false; }
    // The peer is gone, was too slow, or was cut: nothing more can be said to it.
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] bool keep_alive() const { return framing_.keep_alive && !broken_; }

private:
    boost::asio::awaitable<void> put(std::string_view text);
    std::string head_of(ServerResponse const& response, std::string_view framing) const;

    NetStream& stream_;
    Clock& clock_;
    std::chrono::seconds timeout_;
    Framing framing_;
    bool answered_ = false, streaming_ = false, broken_ = false;
};

// RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...}
[[nodiscard]] ServerResponse problem(int status, std::string_view detail);

}  // namespace surged::daemon
