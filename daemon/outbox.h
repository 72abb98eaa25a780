// The pages that wait for receivers: order, supersession, backoff. Pure: the store and the loop are
// its shell.
#pragma once

#include "daemon/store.h"
#include "exporters/receivers/receiver.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

// At least once, in order per receiver and incident, under a stable key (contract promise 2). One
// row in flight a receiver. A receiver that was away: first the present state of each incident that
// waits, then each missed event that is not superseded (an older warning of a clock whose later
// warning or breach waits too, a repeat whose clock was met ...).
class Outbox {
public:
    static constexpr std::size_t kWaiting =
        10'000;  // rows a receiver; beyond, superseded and oldest repeats go first

    void load(std::vector<OutboxRow> rows);  // at start, ascending by id
    void add(OutboxRow row);
    // The row that this receiver should be sent now; none: nothing due. Rows dropped as superseded
    // on the way are appended to `settled`.
    std::optional<OutboxRow> next(std::string const& receiver, WallTime now,
                                  std::vector<OutboxSettle>& settled);
    // What became of it: delivered and refused rows go, others stay with a later next_at
    // (exponential from 5 s to 5 min, full jitter by `jitter01` in [0,1), not before retry_after).
    OutboxSettle settle(std::int64_t id, exporters::Answer const& answer, WallTime now,
                        double jitter01);
    [[nodiscard]] WallTime next_at(std::string const& receiver) const;  // kNoTime: nothing waits
    [[nodiscard]] std::size_t waiting(std::string const& receiver) const;
    [[nodiscard]] WallTime oldest(std::string const& receiver) const;  // due; kNoTime: none
    void drop_receiver(std::string const& receiver,
                       std::vector<OutboxSettle>& settled);  // no longer configured

private:
    std::map<std::string, std::deque<OutboxRow>> rows_;
};

}  // namespace surged::daemon
