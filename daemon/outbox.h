// The pages that wait for receivers: order, supersession, backoff. Pure: the store and the loop are
// its shell.
#pragma once

#include "daemon/store.h"
#include "exporters/receivers/receiver.h"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace surged::daemon {

// At least once, in order per receiver and incident, under a stable key (contract promise 2). One
// row in flight a receiver.
//
// Rows of one incident form a lane: a row is sent when all before it in its lane are settled. Lanes
// do not wait for each other: a page that one receiver cannot digest (5xx each time) holds up its
// own incident, never another's. After a failure the whole receiver rests (5 s to 5 min, or as
// long as it asked for), then the lane that was tried least goes next; after a success every lane
// may try at once.
//
// A receiver was away when the oldest row of an incident is kAway old. It then gets, before
// anything else, one row for each incident that waits, with catch_up set: the newest event of the
// incident under the key KEY-state, to be rendered as the present state (a pause or a resume of
// promotion is none: whoever holds campaigns back gets each of them once). Such a row is made, not
// stored; its id is below 0 and what settle() says of it need not be written. Then come the missed
// rows in order, less those that a later one in the lane supersedes: an older warning of a clock
// that was warned, breached, met or dropped later; a surge.grown before another of its stream; a
// budget.low before another. Of heartbeats the newest alone waits. A repeat is superseded by any
// later row of its clock, away or not.
//
// No row is given up while its incident is open. Rows that concern no incident, and those of an
// incident whose closing waits too, are given up when kMaxAge old.
class Outbox {
public:
    static constexpr std::size_t kWaiting =
        10'000;  // rows a receiver; beyond, superseded and oldest repeats go first, then the oldest
    static constexpr std::chrono::hours kAway{1};
    static constexpr std::chrono::hours kMaxAge{7 * 24};
    static constexpr std::chrono::seconds kBackoff{5}, kBackoffMax{300};
    // A longer Retry-After is a mistake of the peer's: nobody can be left unpaged for a day.
    static constexpr std::chrono::seconds kRetryAfterMax{900};

    void load(std::vector<OutboxRow> rows);  // at start, ascending by id
    void add(OutboxRow row);
    // The row that this receiver should be sent now; none: nothing due. Rows dropped on the way
    // (superseded, given up) are appended to `settled`. Asked again before settle(): the same row.
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
    // The oldest resume of a brand's promotion that this receiver has not taken.
    [[nodiscard]] std::optional<OutboxRow> resume_waiting(std::string const& receiver,
                                                          std::string const& brand) const;
    // Rows that were given up unsent (too old, or one too many) since this was asked last: outcome
    // `failed`, and a receiver.failed.
    [[nodiscard]] std::vector<OutboxRow> take_given_up();

private:
    // What a row is about, read once from its JSON; empty: about nothing that is superseded.
    struct About {
        std::string clock;                      // "x/respond/1" of clock.* rows
        std::string topic;                      // what a later row of the same topic makes old news
        bool warning = false;                   // of `clock`
        bool closing = false, opening = false;  // incident.closed, incident.reopened
        bool beat = false;                      // a heartbeat: a later one supersedes it
        bool pauses = false, resumes = false;   // promotion: for a program, not for a reader
    };
    struct Waiting {
        OutboxRow row;
        About about;
        bool suspect =
            false;  // failed although the receiver took others: waits out its own backoff
    };
    struct Lane {
        std::deque<Waiting> rows;  // never empty
        bool state_owed = false;
        WallTime state_told = detectors::kNoTime;
        int state_attempts = 0;
        WallTime state_next_at = detectors::kNoTime;
        bool state_suspect = false;
        bool unsorted = false;  // a row came since superseded ones were dropped
    };
    struct Queue {
        std::map<std::string, Lane> lanes;  // by incident; "/BRAND" for what concerns none
        std::size_t size = 0;
        WallTime not_before = detectors::kNoTime;
        int failures = 0;  // in a row
        std::int64_t in_flight = 0;
        std::string in_flight_lane;
        std::vector<OutboxSettle> dropped;  // outside of next(): handed over by it
    };

    static About about(OutboxRow const& row);
    static std::size_t drop_superseded(Queue& queue, Lane& lane, bool away,
                                       std::vector<OutboxSettle>& settled);
    void give_up_old(Queue& queue, WallTime now, std::vector<OutboxSettle>& settled);
    void make_room(Queue& queue);
    static void owe_states(Queue& queue, WallTime now);
    static void recovered(Queue& queue, WallTime now);
    static std::tuple<bool, int, std::int64_t> rank(Lane const& lane);  // the least goes first
    static std::optional<OutboxRow> take(Queue& queue, std::string const& lane, OutboxRow row);

    std::map<std::string, Queue> queues_;
    std::vector<OutboxRow> given_up_;
};

}  // namespace surged::daemon
