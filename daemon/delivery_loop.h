// The one loop that delivers any event to any receiver: order, retry, lease, persistence.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"
#include "daemon/outbox.h"
#include "exporters/receivers/receiver.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <random>
#include <string>

namespace surged::daemon {

// The engine's side of the loop. Called on the loop thread; must not block.
class DeliverySink {
public:
    virtual ~DeliverySink() = default;
    // Next row for this receiver, ready to render (incident, urls filled), or none. Pointers in the
    // page are valid until the next suspension.
    virtual std::optional<exporters::Page> next_page(std::string const& receiver,
                                                     std::int64_t& row_id) = 0;
    // What became of a row. `took_since_due`: from the instant it was due, for
    // surged_notification_delay_seconds.
    virtual void settled(std::string const& receiver, std::int64_t row_id,
                         exporters::Answer const& answer) = 0;
    // Present state for receivers with a lease, per brand.
    virtual std::vector<HttpRequest> state_requests(std::string const& receiver,
                                                    exporters::Receiver const& kind) = 0;
    // When next_page may have something: kNoTime = only when woken.
    [[nodiscard]] virtual WallTime next_at(std::string const& receiver) const = 0;
};

// Wakes the loops when something was added. Owned by the app; outlives the loops.
class Bell {
public:
    virtual ~Bell() = default;
    // Completes at `when` or when rung, whichever is first; throws operation_aborted when
    // cancelled.
    virtual boost::asio::awaitable<void> wait_until(Instant when) = 0;
    virtual void ring() = 0;
};

struct DeliveryEnv {
    Clock& clock;
    HttpClient& http;
    DeliverySink& sink;
    Bell& bell;  // this receiver's own
    std::chrono::seconds timeout{10};
};

// Runs one receiver for the life of the daemon; ends only by cancellation. A request in flight is
// given up then: its row stays in the outbox and goes again after the restart (at least once).
boost::asio::awaitable<void> run_delivery_loop(DeliveryEnv env, std::string name,
                                               std::unique_ptr<exporters::Receiver> receiver);

}  // namespace surged::daemon
