// A receiver, reduced to pure functions: what to send for an event, what an answer means. The loop
// that waits, retries and persists is daemon/delivery_loop.cpp, once. The table of kinds is
// receivers.h.
#pragma once

#include "detectors/desk.h"
#include "detectors/event.h"
#include "exporters/http_message.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace surged::exporters {

// One thing to deliver to one receiver.
struct Page {
    detectors::Event event;
    detectors::Incident const* incident =
        nullptr;               // its present state; null for events without one (stream.blind)
    bool repeat = false;       // the same clock rings again
    bool catch_up = false;     // the receiver was away: this is the present state, not news
    std::string key;           // stable, the same at every attempt: "INSTANCE-EVENTID[-repeatN]"
    std::string external_url;  // of the console, ends in "/"
    std::string plan_url;      // of the brand
    std::string visible_url;   // of the post of the surge that most may have seen; "" when unknown
    int attempt = 0;
    // What this receiver last asked to have remembered for the incident (Answer::remember).
    std::string memory;
    // A signed link, for one acknowledgement by POST through this receiver; empty: none.
    std::string acknowledge_url;
};

struct Answer {
    enum class Kind { delivered, retry, refused } kind = Kind::delivered;
    std::string detail;  // for log and `receiver.failed`; no secret in it
    std::optional<std::chrono::seconds> retry_after;  // with retry: not sooner
    // Kept for this receiver and the page's incident across restarts, and given back in
    // Page::memory; "" forgets. At most kMemory bytes. Of several requests the last one set counts.
    std::optional<std::string> remember;
    static constexpr std::size_t kMemory = 256;
};

class Receiver {
public:
    virtual ~Receiver() = default;

    // The requests that deliver this page: none (nothing to say for this event), one, or one per
    // peer. The page counts as delivered when any one of them was delivered (peers gossip; the
    // lease re-send reaches the others); with needs_all(), when all were, sent in their order.
    [[nodiscard]] virtual std::vector<HttpRequest> render(Page const& page,
                                                          detectors::WallTime now) const = 0;
    [[nodiscard]] virtual Answer judge(HttpResponse const& response) const = 0;
    // The requests of a page are steps, not peers: a failed one stops the rest, and all go again.
    [[nodiscard]] virtual bool needs_all() const { return false; }

    // Receivers that forget what is not said again (Alertmanager): how often the present state is
    // sent, and how.
    [[nodiscard]] virtual std::optional<std::chrono::seconds> lease() const { return std::nullopt; }
    [[nodiscard]] virtual std::vector<HttpRequest> render_state(
        std::vector<detectors::Incident const*> const& open,
        std::vector<detectors::Incident const*> const& just_closed, std::string const& external_url,
        std::string const& plan_url, detectors::WallTime now) const {
        (void)open, (void)just_closed, (void)external_url, (void)plan_url, (void)now;
        return {};
    }
};

}  // namespace surged::exporters
