// What comes back from a receiver, reduced to pure functions: who acknowledged, there, what is
// known here as an incident. Hooks that the tool calls (daemon/api_hooks.cpp) and answers that are
// asked for (daemon/listen_loop.cpp) end in the same operator's words; the table is receivers.h.
#pragma once

#include "config/values.h"
#include "detectors/desk.h"
#include "exporters/http_message.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::exporters {

struct HookRequest {
    std::string method;
    std::string query;  // as sent, without the "?"
    HttpHeaders headers;
    std::string body;  // as sent: signatures are over these bytes
};

// One thing that somebody, or the tool itself, did to a page of ours.
struct Said {
    enum class What : std::uint8_t {
        acknowledged,
        resolved,  // by a person: an acknowledgement, and `resolve` where nobody waits for a word
        ended  // by the tool itself (auto-resolve): recorded, and raised again while a clock runs
    } what = What::acknowledged;
    std::string incident;
    std::string by, note;
    // Unique at its source and covered by its signature: heard once. `at`: when it was said; a
    // receiver that is asked for states gives the instant the state began.
    std::string id;
    detectors::WallTime at{};
    std::string reply_to;  // opaque: where an answer to this person goes; empty: nowhere
    std::string key;       // of the page it was said to, when not the incident's: "x/respond/1"
    // Links only: "RUN.ACKNOWLEDGE_RUN" of the incident they were made for; another run: too late.
    std::string run;
};

struct HookAnswer {
    int status = 200;
    std::string body;         // plain text
    std::vector<Said> heard;  // only with 2xx
    std::string fault;        // for the log when refused; no secret in it
    bool any_origin = false;  // a browser's page may read the answer
};

// One round of asking. The requests are alternatives (peers of a cluster): the first that is
// answered well counts.
struct Listening {
    std::vector<HttpRequest> requests;
    std::chrono::seconds patience{10};  // of one request: a long poll takes its time
    std::chrono::seconds pause{0};      // after a round
    bool only_while_open = false;       // nothing to learn while no incident is open
};
struct Overheard {
    bool ok = false;
    std::string fault;  // when not ok; no secret in it
    std::optional<std::chrono::seconds> retry_after;
    std::vector<Said> heard;
    std::string state;  // handed to the next round; kept across restarts
};

class BackChannel {
public:
    virtual ~BackChannel() = default;
    // The tool calls. Anything authentic is answered 2xx, also what is of no use: tools give up on
    // a hook that refuses.
    [[nodiscard]] virtual HookAnswer hook(HookRequest const& request,
                                          detectors::WallTime now) const;
    // We ask. None: this receiver only calls.
    [[nodiscard]] virtual std::optional<Listening> listen(std::string const& state) const;
    [[nodiscard]] virtual Overheard overhear(HttpResponse const& response, std::string const& state,
                                             detectors::WallTime now) const;
    // Tells the person what became of it, best effort. None: there is no way.
    [[nodiscard]] virtual std::optional<HttpRequest> reply(Said const& said,
                                                           std::string const& outcome) const;
};

// The value of a field of an application/x-www-form-urlencoded text; none when absent or not
// decodable.
[[nodiscard]] std::optional<std::string> form_field(std::string_view form, std::string_view name);

[[nodiscard]] HookAnswer hook_refused(int status, std::string fault);
[[nodiscard]] HookAnswer hook_taken(int status = 200);

// The signed link of an acknowledgement through a receiver that signs nothing itself (ntfy):
// BASE/hooks/ntfy/RECEIVER?incident=..&run=..&until=UNIX&mac=HEX. It names the run of the incident
// that it was made for, so it does nothing once that one was acknowledged: it works once.
inline constexpr std::chrono::hours kLinkLives{7 * 24};
[[nodiscard]] std::string acknowledge_link(std::string_view base, std::string_view receiver,
                                           detectors::Incident const& incident,
                                           std::string_view key, detectors::WallTime now);
[[nodiscard]] std::string link_mac(std::string_view key, std::string_view receiver,
                                   std::string_view incident, std::string_view run,
                                   std::string_view until);
[[nodiscard]] std::string run_of(detectors::Incident const& incident);

}  // namespace surged::exporters
