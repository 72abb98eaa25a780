// A platform, reduced to pure functions: cursor -> request; response -> mentions, next cursor,
// limits. The loop that does the waiting is poll_loop.cpp, once. The table of platforms is
// pollers/pollers.h.
#pragma once

#include "daemon/http.h"
#include "daemon/result.h"
#include "detectors/intake.h"
#include "detectors/mention.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

using detectors::WallTime;

// One of the platform's rate limits as its headers told it.
struct RateLimit {
    std::string kind;  // label of surged_rate_limit_remaining: "requests", "app", "day", ...
    double remaining = 0;
    WallTime reset = kNever;
    double of = 0;   // the whole of it; 0: not told
    double low = 0;  // nothing is asked until `reset` once `remaining` is not above this
    static constexpr WallTime kNever = detectors::kNoTime;
};

// What one answer gave. A *walk* is the sequence of requests from one look at the platform to the
// end of what is new there: one page on a calm day, thousands after an outage or at the first
// start.
struct PollPage {
    // For a mentions stream: into PollAnswer's batch. For a counts stream: these minutes, replacing
    // earlier values.
    std::vector<detectors::Bucket> counts;
    std::string
        cursor;  // continue here: next request of this walk, or, when `complete`, of the next walk
    bool complete =
        false;  // the walk reached its end: covered until the walk's start less `indexing_delay`
    // What the walk covers from: empty on a walk that continues from the last one without a hole. A
    // first walk or one that the platform cut short says how far back it saw; the loop reports the
    // hole before it as a gap.
    std::optional<WallTime> covered_from;
    // An oldest-first walk may cover as it goes: complete up to here though the walk goes on.
    std::optional<WallTime> covered_until;
    std::vector<RateLimit> limits;
    std::uint64_t reads = 0;      // what the platform charges for this page (X: posts returned)
    std::uint64_t malformed = 0;  // items of the page that could not be read and were left out
    std::string note;  // something an operator should know, for the log: "partial answer: ..."
    // No page of the walk: a session was begun, or the server told its rules. Nothing is recorded,
    // cursor and coverage stay, and the walk goes on at once.
    bool aside = false;
};

struct PollContext {
    WallTime now{};                               // of this request
    WallTime walk_started{};                      // of the first request of this walk
    WallTime covered_until = detectors::kNoTime;  // what the stream knows already
};

// What the pollers of one account share while the program runs: the session of a platform that asks
// for one (Bluesky, Reddit). A poller without a live session asks for one as a page of its walk
// (its cursor stays), the others then find it here. Never stored: a start logs in anew. One thread.
struct AccountSession {
    std::string access, refresh;  // tokens; empty: none
    std::string server;           // where this account's requests go, when the session says so
    std::string subject;          // who we are there: a DID, an id
    std::string handle;           // the same, as people write it
    WallTime expires = detectors::kNoTime;     // of `access`
    WallTime not_before = detectors::kNoTime;  // a refused login is not repeated sooner
    WallTime asked = detectors::kNoTime;       // one of the pollers is logging in since
};

class Poller {
public:
    virtual ~Poller() = default;

    // The next request of the walk. `cursor` is what accept() returned last for this stream, "" at
    // the very first. Pure: asking twice gives the same request.
    [[nodiscard]] virtual HttpRequest next_request(std::string_view cursor,
                                                   PollContext const& context) const = 0;

    // Reads the answer: mentions are appended to `out`, newest or oldest first as they come. On a
    // Failure the caller keeps the cursor and asks again later; except Fault::bad_cursor: it starts
    // the walk anew with restart(cursor).
    virtual Result<PollPage> accept(HttpResponse const& response, std::string_view cursor,
                                    PollContext const& context, detectors::MentionBatch& out) = 0;

    // The cursor that begins the interrupted walk anew, keeping what earlier walks completed.
    [[nodiscard]] virtual std::string restart(std::string_view cursor) const = 0;

    // How long the platform may hold a post back before it shows it (X: 10-15 s). Coverage stays
    // this far behind.
    [[nodiscard]] virtual std::chrono::seconds indexing_delay() const {
        return std::chrono::seconds{15};
    }
    // When the next request may go out; not later than `now`: at once. Asked before each request
    // until it is so. A poller that has to log in waits here while another of its account does, or
    // while the platform takes no login.
    virtual WallTime ready_at(WallTime /*now*/) { return detectors::kNoTime; }
    // A 401 came: read the secret files again (contract). True when something changed, or when a
    // new session can be tried.
    virtual bool reload_secrets() { return false; }
};

}  // namespace surged::daemon
