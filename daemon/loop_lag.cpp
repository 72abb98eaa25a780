#include "daemon/loop_lag.h"

#include <algorithm>

namespace surged::daemon {

boost::asio::awaitable<void> watch_loop_lag(Clock& clock,
                                            std::function<void(std::chrono::nanoseconds)> report) {
    for (;;) {
        Instant const asked = clock.now() + std::chrono::seconds{1};
        co_await clock.sleep_until(asked);
        report(std::max(clock.now() - asked, std::chrono::nanoseconds{0}));
    }
}

}  // namespace surged::daemon
