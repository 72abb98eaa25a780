// The only door through which the daemon learns the time or waits. tests/sim_clock.h is the other
// side.
#pragma once

#include "detectors/time.h"

#include <boost/asio/awaitable.hpp>

namespace surged::daemon {

using detectors::Instant;
using detectors::WallTime;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall_now() const = 0;

    // Completes at or after `when`, never inline. Throws system_error(operation_aborted) when the
    // waiting coroutine is cancelled, which unwinds it; nobody below daemon/supervisor.cpp catches
    // that.
    virtual boost::asio::awaitable<void> sleep_until(Instant when) = 0;
};

}  // namespace surged::daemon
