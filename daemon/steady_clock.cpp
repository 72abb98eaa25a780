#include "daemon/steady_clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace surged::daemon {

Instant SteadyClock::now() const {
    return Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

WallTime SteadyClock::wall_now() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

boost::asio::awaitable<void> SteadyClock::sleep_until(Instant when) {
    boost::asio::steady_timer timer(io_, to_steady(when));
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace surged::daemon
