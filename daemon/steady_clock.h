// The live side of the clock door: the kernel's monotonic clock for waiting, its wall clock for
// people.
#pragma once

#include "daemon/clock.h"

#include <boost/asio/io_context.hpp>

namespace surged::daemon {

// The only file of the program that reads a clock. An Instant is a std::chrono::steady_clock time
// with another name, so it may be handed to any timer of Asio (see to_steady). CLOCK_MONOTONIC
// stands still while the machine sleeps: whoever waits for a WallTime looks again on waking.
class SteadyClock final : public Clock {
public:
    explicit SteadyClock(boost::asio::io_context& io) : io_(io) {}
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    boost::asio::awaitable<void> sleep_until(Instant when) override;

private:
    boost::asio::io_context& io_;
};

// The same point in time for Asio's and Beast's own timers.
[[nodiscard]] inline std::chrono::steady_clock::time_point to_steady(Instant t) {
    return std::chrono::steady_clock::time_point{
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(t.time_since_epoch())};
}

}  // namespace surged::daemon
