// The HTTP face of the daemon: contract section 6. One table of routes serves the router, 405 and
// /openapi.json.
#pragma once

#include "daemon/clock.h"
#include "daemon/engine.h"
#include "daemon/http_server.h"
#include "daemon/session.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct HookRead;

// What the API asks of the rest of the process. All outlives the Api.
struct ApiEnv {
    Engine& engine;
    Clock& clock;
    exporters::Metrics& metrics;
    // Why it is not ready yet; empty: it is.
    std::function<std::string()> not_ready;
    // Applies the configuration file again; the text of every fault when it is invalid, else empty.
    std::function<std::string()> reload;
    // Queues a test page for a receiver; false: no such receiver.
    std::function<bool(std::string const& receiver)> test_receiver;
    WallTime started{};
    // POST /hooks/TYPE/RECEIVER; empty: none are taken.
    std::function<ServerResponse(std::string_view type, std::string const& receiver,
                                 ServerRequest const& request, WallTime now)>
        receiver_hook{};
    // Level ("debug", "warning", ...) and text; empty: nothing is logged.
    std::function<void(std::string const& level, std::string const& text)> log{};
};

// Who may do something: `open` to anyone, else the least role.
enum class Access { open, viewer, operator_, push };

struct ApiCall {
    ServerRequest const& request;
    std::vector<std::string> params;  // what the {} of the pattern matched, decoded
    Token const* token = nullptr;     // null: no tokens are configured
    WallTime now{};
    bool session = false;  // by the cookie of the console, not by a bearer token
};

class Api {
public:
    explicit Api(ApiEnv env);
    ~Api();

    // Answers one request. Never throws but for cancellation and a peer that is gone.
    boost::asio::awaitable<void> handle(ServerRequest request, Responder& responder);

    // Wakes the event streams: call after an event was published.
    void ring();
    // Lets every event stream end (shutdown): they would hold the server for ever.
    void stop();

    struct Route {
        std::string_view method, pattern;  // "GET", "/api/v1/streams/{}"
        Access access;
        std::string_view summary;  // for /openapi.json
        ServerResponse (Api::*answer)(ApiCall const&);
    };
    static std::vector<Route> const& routes();

private:
    struct Subscriber;
    // The route, or the answer that says why there is none.
    Route const* find(ApiCall& call, ServerResponse& otherwise) const;
    bool admit(Access access, ApiCall& call, ServerResponse& otherwise) const;
    void recognise(ApiCall& call) const;
    boost::asio::awaitable<void> events(ServerRequest const& request, Responder& responder);

    ServerResponse healthz(ApiCall const& call);
    ServerResponse readyz(ApiCall const& call);
    ServerResponse metrics(ApiCall const& call);
    ServerResponse reload(ApiCall const& call);
    ServerResponse openapi(ApiCall const& call);
    ServerResponse console(ApiCall const& call);
    ServerResponse console_asset(ApiCall const& call);
    ServerResponse sign_in(ApiCall const& call);
    ServerResponse sign_out(ApiCall const& call);
    ServerResponse status(ApiCall const& call);
    ServerResponse streams(ApiCall const& call);
    ServerResponse stream(ApiCall const& call);
    ServerResponse series(ApiCall const& call);
    ServerResponse explain(ApiCall const& call);
    ServerResponse push(ApiCall const& call);
    ServerResponse incidents(ApiCall const& call);
    ServerResponse incident(ApiCall const& call);
    ServerResponse report(ApiCall const& call);
    ServerResponse act(ApiCall const& call);
    ServerResponse test_receiver(ApiCall const& call);
    ServerResponse hook_challenge(ApiCall const& call);
    ServerResponse hook_delivery(ApiCall const& call);
    [[nodiscard]] AccountSettings const* hook_account(ApiCall const& call) const;
    // api_forget.cpp
    ServerResponse forget(ApiCall const& call);
    void note_hook(std::string const& account, HookRead const& read) const;
    // api_quiet.cpp
    ServerResponse silences(ApiCall const& call);
    ServerResponse add_silence(ApiCall const& call);
    ServerResponse end_silence(ApiCall const& call);
    ServerResponse drills(ApiCall const& call);
    ServerResponse add_drill(ApiCall const& call);
    ServerResponse event_stream(ApiCall const& call);
    ServerResponse receiver_hook(ApiCall const& call);

    // What the consoles show of the streams, and which change of it each row is: made anew every
    // few seconds while somebody looks, once for all of them.
    struct Moving {
        Instant at{};
        std::uint64_t version = 0;
        std::map<std::string, std::pair<std::string, std::uint64_t>> rows;  // JSON, version
    };
    void look_at_streams();
    [[nodiscard]] std::string moved_since(std::uint64_t& version) const;

    ApiEnv env_;
    Moving moving_;
    SignInLimit sign_ins_;
    std::set<Subscriber*> subscribers_;
    bool stopping_ = false;
};

// RFC 9457: application/problem+json.
[[nodiscard]] ServerResponse problem(int status, std::string_view title, std::string_view detail);
[[nodiscard]] ServerResponse not_found(std::string const& what);
// Never cached.
[[nodiscard]] ServerResponse json_answer(std::string body, int status = 200);
// Why an operator's word was not taken.
[[nodiscard]] ServerResponse refusal(detectors::Heard const& heard);

}  // namespace surged::daemon
