// Posts asked for again by their ids: what a platform, reduced to pure functions, says is still
// there. The loop that does the waiting is evidence_loop.cpp, once; the table is
// pollers/pollers.h.
#pragma once

#include "daemon/http.h"
#include "daemon/poller.h"
#include "daemon/result.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct SeenAgain {
    std::string id;    // as it was asked for
    std::string text;  // as a poller would give it
    // The id of its newest version where an edited post has one of its own (X); else empty.
    std::string version;
    bool comparable = true;  // false: the lists show this text in another form
};

// Ids that stand in none of the lists: nothing is known of them by this answer.
struct LookupAnswer {
    std::vector<SeenAgain> there;
    std::vector<std::string> gone;    // the platform says that there is no such post
    std::vector<std::string> hidden;  // there, but not for us: its author went private
    std::vector<RateLimit> limits;
    std::uint64_t reads = 0;  // what the platform charges for
    // Nothing about the posts: a session was begun, or it became known how to ask. Ask again at
    // once.
    bool aside = false;

    // The platform answered for all of `ids`: those that stand in no list are gone.
    void rest_is_gone(std::span<std::string const> ids) {
        auto const named = [this](std::string const& id) {
            auto const is = [&](auto const& seen) { return seen.id == id; };
            return std::any_of(there.begin(), there.end(), is) ||
                   std::find(gone.begin(), gone.end(), id) != gone.end() ||
                   std::find(hidden.begin(), hidden.end(), id) != hidden.end();
        };
        for (auto const& id : ids)
            if (!named(id)) gone.push_back(id);
    }
};

class Lookup {
public:
    virtual ~Lookup() = default;
    // Ids of one request at most.
    [[nodiscard]] virtual std::size_t most() const = 0;
    // Ids of different groups are never asked for together.
    [[nodiscard]] virtual int group(std::string const& /*id*/) const { return 0; }
    // What the requests are counted as: the kind of stream whose daily quota they use up.
    [[nodiscard]] virtual std::string_view kind() const { return "lookup"; }
    // When the next request may go out; see Poller::ready_at. Asked before each request.
    virtual WallTime ready_at(WallTime /*now*/) { return detectors::kNoTime; }
    // 1 to most() ids of one group, each once.
    [[nodiscard]] virtual HttpRequest request(std::span<std::string const> ids) const = 0;
    // Fault::not_found: for several ids, the platform does not answer for some of them and nothing
    // is said of any; for a single one, it is gone.
    virtual Result<LookupAnswer> accept(HttpResponse const& response,
                                        std::span<std::string const> ids, WallTime now) = 0;
    virtual bool reload_secrets() { return false; }
};

}  // namespace surged::daemon
