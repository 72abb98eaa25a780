// How late the event loop is: what a slow handler costs everyone else.
#pragma once

#include "daemon/clock.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>

namespace surged::daemon {

// Asks for a wake-up a second ahead, again and again, and reports by how much each came late (0 or
// more; surged_loop_lag_seconds). Runs until it is cancelled. `clock` outlives it.
boost::asio::awaitable<void> watch_loop_lag(Clock& clock,
                                            std::function<void(std::chrono::nanoseconds)> report);

}  // namespace surged::daemon
