// The client's connections: kept ones, how many may be open to one host, who waits for a turn.
#pragma once

#include "daemon/bell.h"
#include "daemon/clock.h"
#include "daemon/net_stream.h"
#include "daemon/url.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace surged::daemon {

// One connection with what was read beyond the last answer's end (nothing, or it is not kept).
struct PooledConnection {
    explicit PooledConnection(boost::asio::any_io_executor const& executor) : stream(executor) {}
    NetStream stream;
    Instant idle_since{};
    std::uint64_t generation = 0;  // of the options it was made under
};

struct SessionFree {
    void operator()(void* session) const;
};
using TlsSession = std::unique_ptr<void, SessionFree>;  // an SSL_SESSION

// Where connections to one origin under one set of authorities are interchangeable.
struct PooledHost {
    std::deque<std::unique_ptr<PooledConnection>> idle;  // the freshest last
    std::size_t busy = 0;
    std::list<ClockBell*> waiting;  // first come, first served
    TlsSession session;             // of the last handshake: the next one is shorter
};

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
public:
    ConnectionPool(Clock& clock, std::size_t per_host, std::chrono::seconds idle)
        : clock_(clock), per_host_(per_host), idle_(idle) {}

    // A turn to talk to one host. Returned on destruction, which also wakes the next who waits.
    class Turn {
    public:
        Turn(std::shared_ptr<ConnectionPool> pool, PooledHost& host)
            : pool_(std::move(pool)), host_(&host) {}
        Turn(Turn const&) = delete;
        Turn& operator=(Turn const&) = delete;
        ~Turn();
        // A kept connection that looks alive, or null.
        std::unique_ptr<PooledConnection> kept();
        // Back to the pool after a complete exchange.
        void keep(std::unique_ptr<PooledConnection> connection);
        [[nodiscard]] PooledHost& host() const { return *host_; }

    private:
        std::shared_ptr<ConnectionPool> pool_;  // frames may be destroyed after the client
        PooledHost* host_;
    };
    // Null when the deadline came first.
    boost::asio::awaitable<std::unique_ptr<Turn>> turn(std::string key, Instant deadline);

    void configure(std::size_t per_host, std::chrono::seconds idle);  // also closes what is kept
    [[nodiscard]] std::size_t idle_connections() const;
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

private:
    void sweep();

    Clock& clock_;
    std::size_t per_host_;
    std::chrono::seconds idle_;
    std::uint64_t generation_ = 0;
    std::map<std::string, PooledHost> hosts_;  // as many as the configuration names
};

}  // namespace surged::daemon
