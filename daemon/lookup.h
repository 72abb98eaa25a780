// Posts asked for again by their ids: what a platform, reduced to pure functions, says is still
// there. The loop that does the waiting is evidence_loop.cpp, once; the table is
// pollers/pollers.h.
#pragma once

#include "daemon/http.h"
#include "daemon/poller.h"
#include "daemon/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace surged::daemon {

struct SeenAgain {
    std::string id;    // as it was asked for
    std::string text;  // as a poller would give it
    // The id of its newest version where an edited post has one of its own (X); else empty.
    std::string version;
};

// Ids that stand in none of the lists: nothing is known of them by this answer.
struct LookupAnswer {
    std::vector<SeenAgain> there;
    std::vector<std::string> gone;    // the platform says that there is no such post
    std::vector<std::string> hidden;  // there, but not for us: its author went private
    std::vector<RateLimit> limits;
    std::uint64_t reads = 0;  // what the platform charges for
};

class Lookup {
public:
    virtual ~Lookup() = default;
    // Ids of one request at most.
    [[nodiscard]] virtual std::size_t most() const = 0;
    // 1 to most() ids, each once.
    [[nodiscard]] virtual HttpRequest request(std::span<std::string const> ids) const = 0;
    // Fault::not_found: for several ids, the platform does not answer for some of them and nothing
    // is said of any; for a single one, it is gone.
    virtual Result<LookupAnswer> accept(HttpResponse const& response,
                                        std::span<std::string const> ids, WallTime now) = 0;
    virtual bool reload_secrets() { return false; }
};

}  // namespace surged::daemon
