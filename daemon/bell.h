// A bell on any clock, live or simulated: sleep until an instant, or until somebody rings.
#pragma once

#include "daemon/clock.h"
#include "daemon/delivery_loop.h"

#include <memory>

namespace surged::daemon {

// One waiter at a time. A ring that nobody waits for is kept for the next wait, which then returns
// at once: what was added between "nothing to do" and "wait" is not slept through. Rings do not
// add up. `clock` outlives the bell, the bell its waiter.
class ClockBell final : public Bell {
public:
    explicit ClockBell(Clock& clock) : clock_(clock) {}
    boost::asio::awaitable<void> wait_until(Instant when) override;
    void ring() override;

private:
    struct Wait;
    Clock& clock_;
    std::weak_ptr<Wait> waiting_;  // lives in the frame of wait_until()
    bool rung_ = false;
};

}  // namespace surged::daemon
