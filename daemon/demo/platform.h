// What every stand-in of a platform is: a function from request and time to answer, that fails when
// it is told to and counts what it served.
#pragma once

#include "daemon/demo/faults.h"
#include "daemon/http.h"
#include "daemon/http_server.h"
#include "detectors/time.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace surged::daemon::demo {

using detectors::WallTime;

// The platform's side of the books: what a client's budgets are checked against.
struct Served {
    std::uint64_t requests = 0;   // that reached the platform, refused ones too
    std::uint64_t answered = 0;   // 2xx
    std::uint64_t throttled = 0;  // refused because a limit of the platform was reached
    std::uint64_t refused = 0;    // any other error
    std::uint64_t items = 0;      // posts listed, each time they were
};

// Not thread-safe. `now` never goes backward in what the limits are concerned with; an earlier one
// is taken as it is.
class StandIn {
public:
    StandIn() = default;
    StandIn(StandIn const&) = delete;
    StandIn& operator=(StandIn const&) = delete;
    virtual ~StandIn() = default;

    virtual ServerResponse handle(ServerRequest const& request, WallTime now) = 0;

    // How this platform says: too many requests, out of order, unknown cursor, token no longer
    // good. Any other trouble is not the platform's to word.
    virtual ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) = 0;
    // Does the request go on with a walk that an earlier page began?
    [[nodiscard]] virtual bool continues(ServerRequest const& request) const = 0;

    // The next page that goes on with a walk begins with this many posts of the page before.
    void repeat_once(std::size_t posts) { repeat_ = posts; }
    [[nodiscard]] Served const& served() const { return served_; }

protected:
    std::size_t take_repeat();
    // Counts the answer by its status and hands it on.
    ServerResponse counted(ServerResponse response, std::size_t items = 0);

private:
    std::size_t repeat_ = 0;
    Served served_;
};

// What the connection does besides, or instead of, carrying the answer.
enum class Mishap : std::uint8_t {
    none,
    cut,    // the connection closes in the middle of the body
    slow,   // the body drips, a few bytes a second
    stall,  // nothing ever comes
};

struct Reply {
    ServerResponse response;
    Mishap mishap = Mishap::none;
};

// Puts faults between a client and a stand-in. What happens to request number n (from 1) follows
// from the plan alone. `inner` outlives it.
class FaultyStandIn {
public:
    explicit FaultyStandIn(StandIn& inner, Faults plan = {}) : inner_(inner), plan_(plan) {}

    Reply handle(ServerRequest const& request, WallTime now);

    void plan(Faults plan) { plan_ = plan; }  // the count of requests goes on
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t count(Trouble trouble) const {
        return counts_[static_cast<std::size_t>(trouble)];
    }
    [[nodiscard]] StandIn& inner() { return inner_; }

private:
    ServerResponse answer(Trouble trouble, ServerRequest const& request, WallTime now);

    StandIn& inner_;
    Faults plan_;
    std::uint64_t requests_ = 0;
    std::array<std::uint64_t, kTroubles> counts_{};
};

// A JSON answer of that status.
[[nodiscard]] ServerResponse json_answer(int status, std::string body,
                                         std::string_view type = "application/json; charset=utf-8");

// Between the client's and the server's words for a request, for worlds without sockets.
[[nodiscard]] ServerRequest to_server_request(HttpRequest const& request);
[[nodiscard]] HttpResponse to_client_response(ServerResponse response);

}  // namespace surged::daemon::demo
