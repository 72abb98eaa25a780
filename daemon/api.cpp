#include "daemon/api.h"

#include "daemon/bell.h"
#include "daemon/views.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <utility>

namespace surged::daemon {

using detectors::JsonWriter;

namespace {

constexpr std::size_t kSubscribers = 256;  // consoles and scripts that follow /api/v1/events
constexpr std::size_t kEventsAtOnce =
    200;  // read from the journal between two writes to a follower
constexpr std::chrono::seconds kHeartbeat{
    15};  // a comment line keeps proxies from closing a quiet stream
constexpr std::chrono::seconds kStreamsEvery{5};  // charts move by the minute; states at once

// Splits "/api/v1/streams/a%2Fb" (already decoded) along the pattern's segments; {} takes one
// segment.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& params) {
    params.clear();
    for (;;) {
        auto const next = [](std::string_view& text) {
            text.remove_prefix(1);
            std::size_t const end = std::min(text.find('/'), text.size());
            std::string_view const segment = text.substr(0, end);
            text.remove_prefix(end);
            return segment;
        };
        if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
        std::string_view const want = next(pattern);
        std::string_view const have = next(path);
        if (want == "{}") {
            if (have.empty()) return false;
            params.emplace_back(have);
        } else if (want != have) {
            return false;
        }
    }
}

// Equal without telling by time how much of it is: both sides are hashed to one length first.
bool same_secret(std::string_view a, std::string_view b) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> x{};
    std::array<unsigned char, SHA256_DIGEST_LENGTH> y{};
    SHA256(reinterpret_cast<unsigned char const*>(a.data()), a.size(), x.data());
    SHA256(reinterpret_cast<unsigned char const*>(b.data()), b.size(), y.data());
    return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

bool allowed(Role role, Access access) {
    switch (access) {
        case Access::open: return true;
        case Access::viewer: return role != Role::push;
        case Access::operator_: return role == Role::operator_;
        case Access::push: return role == Role::push || role == Role::operator_;
    }
    return false;
}

std::string_view host_of(std::string_view url) {
    if (std::size_t const scheme = url.find("://"); scheme != std::string_view::npos)
        url.remove_prefix(scheme + 3);
    return url.substr(0, url.find('/'));
}

}  // namespace

ServerResponse problem(int status, std::string_view title, std::string_view detail) {
    JsonWriter json;
    json.object().field("type", "about:blank").field("title", title).field("status", status);
    json.text_if("detail", detail).end();
    ServerResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/problem+json");
    response.body = json.take();
    return response;
}

struct Api::Subscriber {
    explicit Subscriber(Clock& clock) : bell(clock) {}
    ClockBell bell;
};

Api::Api(ApiEnv env) : env_(std::move(env)) {}
Api::~Api() = default;

Api::Route const* Api::find(ApiCall& call, ServerResponse& otherwise) const {
    std::string allow;
    std::string_view method = call.request.method;
    if (method == "HEAD") method = "GET";
    for (Route const& route : routes()) {
        if (!matches(route.pattern, call.request.path, call.params)) continue;
        if (route.method == method) return &route;
        allow += (allow.empty() ? "" : ", ") + std::string(route.method);
        if (route.method == "GET") allow += ", HEAD";
    }
    if (allow.empty()) {
        otherwise = problem(404, "Not Found", "there is nothing at " + call.request.path);
    } else {
        otherwise = problem(405, "Method Not Allowed", call.request.path + " takes " + allow);
        otherwise.headers.emplace_back("Allow", allow);
    }
    return nullptr;
}

bool Api::admit(Access access, ApiCall& call, ServerResponse& otherwise) const {
    auto const& headers = call.request.headers;
    bool const writes = call.request.method != "GET" && call.request.method != "HEAD";
    // A browser names the page that a request comes from: a foreign page may not write, whatever
    // cookies it has.
    std::string_view const origin = exporters::header(headers, "Origin");
    if (writes && !origin.empty() && host_of(origin) != exporters::header(headers, "Host") &&
        host_of(origin) != host_of(env_.engine.settings().server.external_url)) {
        otherwise = problem(403, "Forbidden", "the Origin of this write is another site");
        return false;
    }
    recognise(call);
    if (env_.engine.settings().server.tokens.empty() || access == Access::open) return true;
    Token const* const found = call.token;
    if (found == nullptr) {
        otherwise = problem(401, "Unauthorized", "a token is needed: Authorization: Bearer TOKEN");
        otherwise.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"surged\"");
        return false;
    }
    // A cookie goes wherever the browser goes: what it lets in must say which page asks.
    if (writes && call.session && origin.empty()) {
        otherwise = problem(403, "Forbidden", "a write of the console must say its Origin");
        return false;
    }
    if (!allowed(found->role, access)) {
        otherwise = problem(403, "Forbidden",
                            "the role of token '" + found->name + "' does not allow this");
        return false;
    }
    return true;
}

// Who asks: by a bearer token, else by the console's cookie.
void Api::recognise(ApiCall& call) const {
    auto const& tokens = env_.engine.settings().server.tokens;
    constexpr std::string_view kBearer = "Bearer ";
    std::string_view const given = exporters::header(call.request.headers, "Authorization");
    if (given.starts_with(kBearer)) {
        for (Token const& token : tokens)
            if (same_secret(given.substr(kBearer.size()), token.secret.value)) call.token = &token;
        return;
    }
    call.token = session_token(exporters::header(call.request.headers, "Cookie"), tokens, call.now);
    call.session = call.token != nullptr;
}

boost::asio::awaitable<void> Api::handle(ServerRequest request, Responder& responder) {
    ApiCall call{request, {}, nullptr, env_.clock.wall_now()};
    ServerResponse answer;
    Route const* const route = find(call, answer);
    bool follow = false;
    if (route != nullptr) {
        Access access = route->access;
        if (route->pattern == "/metrics" && !env_.engine.settings().server.metrics_auth)
            access = Access::open;
        if (admit(access, call, answer)) {
            follow = route->answer == &Api::event_stream;
            if (!follow) answer = (this->*route->answer)(call);
        }
    }
    if (follow)
        co_await events(request, responder);
    else
        co_await responder.send(std::move(answer));
}

void Api::ring() {
    for (Subscriber* const s : subscribers_) s->bell.ring();
}

void Api::stop() {
    stopping_ = true;
    ring();
}

// Server-sent events straight from the journal: a follower that was away asks with Last-Event-ID
// and misses nothing.
boost::asio::awaitable<void> Api::events(ServerRequest const& request, Responder& responder) {
    Store* const store = env_.engine.store();
    if (store == nullptr || stopping_ || subscribers_.size() >= kSubscribers) {
        ServerResponse busy =
            problem(429, "Too Many Requests", "too many follow the events already");
        busy.headers.emplace_back("Retry-After", "30");
        co_await responder.send(std::move(busy));
        co_return;
    }
    Subscriber self(env_.clock);
    struct Listed {
        Listed(std::set<Subscriber*>& s, Subscriber* m) : all(s), me(m) { all.insert(me); }
        ~Listed() { all.erase(me); }
        std::set<Subscriber*>& all;
        Subscriber* me;
    };
    Listed const listed(subscribers_, &self);

    std::string_view from = exporters::header(request.headers, "Last-Event-ID");
    std::string const param = request.param("last_event_id");
    if (from.empty()) from = param;
    std::int64_t last = env_.engine.last_event();
    if (!from.empty()) std::from_chars(from.data(), from.data() + from.size(), last);

    ServerResponse head;
    head.headers.emplace_back("Content-Type", "text/event-stream");
    head.headers.emplace_back("Cache-Control", "no-store");
    co_await responder.begin(std::move(head));
    std::string hello = ": surged\n\n";
    co_await responder.write(std::move(hello));
    bool const with_streams = request.param("streams") == "1";
    std::chrono::seconds const patience = with_streams ? kStreamsEvery : kHeartbeat;
    if (with_streams) look_at_streams();
    std::uint64_t seen = moving_.version;
    while (!stopping_) {
        std::string chunk;
        auto const found = store->events(last, kEventsAtOnce);
        for (auto const& event : found) {
            chunk += "id: " + std::to_string(event.id) + "\nevent: " + event.name +
                     "\ndata: " + event.json + "\n\n";
            last = event.id;
        }
        if (found.size() < kEventsAtOnce) {
            if (!chunk.empty()) co_await responder.write(std::move(chunk));
            Instant const until = env_.clock.now() + patience;
            co_await self.bell.wait_until(until);
            if (env_.clock.now() < until) continue;
            if (with_streams) look_at_streams();
            chunk = with_streams ? moved_since(seen) : std::string{};
            if (chunk.empty()) chunk = ": still here\n\n";
        }
        co_await responder.write(std::move(chunk));
    }
}

void Api::look_at_streams() {
    Instant const now = env_.clock.now();
    if (moving_.version != 0 && now - moving_.at < kStreamsEvery / 2) return;
    moving_.at = now;
    ++moving_.version;
    auto const& streams = env_.engine.streams();
    for (auto const& [name, stream] : streams) {
        auto& [json, version] = moving_.rows[name];
        std::string fresh = stream_json(*stream);
        if (fresh == json) continue;
        json = std::move(fresh);
        version = moving_.version;
    }
    if (moving_.rows.size() > streams.size())
        std::erase_if(moving_.rows, [&](auto const& row) { return !streams.contains(row.first); });
}

// The rows that changed since then, as one event without an id: what the journal says is resumed
// by its own numbers.
std::string Api::moved_since(std::uint64_t& version) const {
    std::string list;
    for (auto const& [name, row] : moving_.rows)
        if (row.second > version) list += (list.empty() ? "" : ",") + row.first;
    version = moving_.version;
    return list.empty() ? list : "event: streams\ndata: [" + list + "]\n\n";
}

ServerResponse Api::event_stream(ApiCall const&) {
    return problem(500, "Internal Server Error",
                   "");  // handle() takes this route before it is asked
}

}  // namespace surged::daemon
