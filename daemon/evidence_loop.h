// The one loop that asks an account's platform again for the posts of open incidents.
#pragma once

#include "daemon/clock.h"
#include "daemon/engine.h"
#include "daemon/http.h"
#include "daemon/lookup.h"
#include "daemon/poll_loop.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <random>
#include <string>

namespace surged::daemon {

// The engine's side. Called on the loop thread; must not block.
class EvidenceSink {
public:
    virtual ~EvidenceSink() = default;
    [[nodiscard]] virtual WallTime next_evidence(std::string const& account) const = 0;
    [[nodiscard]] virtual EvidenceBatch evidence_due(std::string const& account) const = 0;
    // What one look showed, also when it was cut short: whatever it does not name is not known.
    virtual void evidence_seen(std::string const& account, detectors::Look const& look,
                               int pace) = 0;
};

// All of it outlives the loop. Requests are counted in the account's budget, of which the reserve
// is theirs: an incident is open.
struct EvidenceEnv {
    Clock& clock;
    HttpClient& http;
    std::mt19937_64& random;  // for jitter only
    PollSink& polls;          // metrics, and what is spent
    EvidenceSink& sink;
    AccountPace& pace;
    std::chrono::seconds timeout{10};
};

// Runs one account for the life of the daemon; ends only by cancellation. An answer without a
// single post that is there says nothing: an outage, a lost permission and a deletion look alike
// from afar.
boost::asio::awaitable<void> run_evidence_loop(EvidenceEnv env, std::string account,
                                               std::string platform,
                                               std::unique_ptr<Lookup> lookup);

}  // namespace surged::daemon
