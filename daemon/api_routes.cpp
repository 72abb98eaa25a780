// The table of routes, and what each answers.
#include "daemon/api.h"
#include "daemon/inflate.h"
#include "daemon/json_body.h"
#include "daemon/ndjson.h"
#include "daemon/views.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kPushBody = 64U << 20U;  // of a push, inflated: a day of a busy brand

ServerResponse text_answer(std::string body, std::string type = "text/plain; charset=utf-8") {
    ServerResponse response;
    response.headers.emplace_back("Content-Type", std::move(type));
    response.body = std::move(body);
    return response;
}

}  // namespace

ServerResponse not_found(std::string const& what) {
    return problem(404, "Not Found", what);
}

ServerResponse json_answer(std::string body, int status) {
    ServerResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = std::move(body);
    return response;
}

ServerResponse refusal(Heard const& heard) {
    switch (heard.refusal) {
        case Refusal::not_found: return not_found(heard.detail);
        case Refusal::conflict: return problem(409, "Conflict", heard.detail);
        default: return problem(422, "Unprocessable Content", heard.detail);
    }
}

std::vector<Api::Route> const& Api::routes() {
    static std::vector<Route> const kRoutes{
        {"GET", "/", Access::open, "The console, or its sign-in", &Api::console},
        {"GET", "/incidents/{}", Access::open, "The console's page of one incident", &Api::console},
        {"GET", "/assets/{}", Access::open, "What the console is made of", &Api::console_asset},
        {"POST", "/-/login", Access::open, "Sign in to the console by a token", &Api::sign_in},
        {"POST", "/-/logout", Access::open, "Sign out of the console", &Api::sign_out},
        {"GET", "/metrics", Access::viewer, "Prometheus text format", &Api::metrics},
        {"GET", "/healthz", Access::open, "The process lives", &Api::healthz},
        {"GET", "/readyz", Access::open, "State is restored and every poller has started",
         &Api::readyz},
        {"POST", "/-/reload", Access::operator_, "Read the configuration again", &Api::reload},
        {"GET", "/openapi.json", Access::viewer, "This description", &Api::openapi},
        {"GET", "/api/v1/status", Access::viewer, "Version, streams by state, receivers",
         &Api::status},
        {"GET", "/api/v1/streams", Access::viewer, "All streams", &Api::streams},
        {"GET", "/api/v1/streams/{}", Access::viewer, "One stream", &Api::stream},
        {"GET", "/api/v1/streams/{}/series", Access::viewer, "Its curve: from, to, step",
         &Api::series},
        {"GET", "/api/v1/streams/{}/explain", Access::viewer, "Why it did or did not page: at",
         &Api::explain},
        {"POST", "/api/v1/streams/{}/mentions", Access::push, "Push mentions (NDJSON, gzip)",
         &Api::push},
        {"GET", "/api/v1/incidents", Access::viewer,
         "Incidents of all years: state, brand, q, from, to, limit, after", &Api::incidents},
        {"GET", "/api/v1/incidents/{}", Access::viewer, "One incident with its timeline",
         &Api::incident},
        {"GET", "/api/v1/incidents/{}/report", Access::viewer,
         "Its report: format=md, html or json", &Api::report},
        {"POST", "/api/v1/incidents/{}/{}", Access::operator_,
         "acknowledge, respond, resolve, close, reopen, note, check", &Api::act},
        {"GET", "/api/v1/silences", Access::viewer,
         "Silences that hold pages: state=active, ended or all", &Api::silences},
        {"POST", "/api/v1/silences", Access::operator_,
         "Hold a brand's pages for a while: brand, stream, for, by, why, breaches",
         &Api::add_silence},
        {"GET", "/api/v1/silences/{}", Access::viewer, "One silence", &Api::silences},
        {"DELETE", "/api/v1/silences/{}", Access::operator_, "End a silence now",
         &Api::end_silence},
        {"GET", "/api/v1/drills", Access::viewer, "Drills under way", &Api::drills},
        {"POST", "/api/v1/drills", Access::operator_,
         "Rehearse a surge through the whole chain: stream, ratio, for", &Api::add_drill},
        {"POST", "/api/v1/forget", Access::operator_,
         "Erase stored text and names: author or mention, platform, by", &Api::forget},
        {"POST", "/api/v1/receivers/{}/test", Access::operator_, "Send a test page",
         &Api::test_receiver},
        {"GET", "/hooks/facebook/{}", Access::open, "Meta asks whether this is ours",
         &Api::hook_challenge},
        {"POST", "/hooks/facebook/{}", Access::open, "A signed delivery", &Api::hook_delivery},
        {"GET", "/hooks/instagram/{}", Access::open, "Meta asks whether this is ours",
         &Api::hook_challenge},
        {"POST", "/hooks/instagram/{}", Access::open, "A signed delivery", &Api::hook_delivery},
        {"GET", "/hooks/x/{}", Access::open, "X asks whether this is ours", &Api::hook_challenge},
        {"POST", "/hooks/x/{}", Access::open, "A signed delivery", &Api::hook_delivery},
        {"GET", "/api/v1/events", Access::viewer, "Server-sent events; Last-Event-ID resumes",
         &Api::event_stream},
        {"POST", "/hooks/pagerduty/{}", Access::open, "PagerDuty's webhooks v3, by their signature",
         &Api::receiver_hook},
        {"POST", "/hooks/slack/{}", Access::open, "Slack's interactivity, by its signature",
         &Api::receiver_hook},
        {"POST", "/hooks/telegram/{}", Access::open, "Telegram's updates, by their secret token",
         &Api::receiver_hook},
        {"POST", "/hooks/ntfy/{}", Access::open, "An acknowledgement by ntfy's signed link",
         &Api::receiver_hook},
    };
    return kRoutes;
}

ServerResponse Api::healthz(ApiCall const&) {
    return text_answer("ok\n");
}

ServerResponse Api::readyz(ApiCall const&) {
    std::string const reason = env_.not_ready();
    if (reason.empty()) return text_answer("ready\n");
    return problem(503, "Service Unavailable", reason);
}

ServerResponse Api::metrics(ApiCall const&) {
    return text_answer(env_.metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
}

ServerResponse Api::reload(ApiCall const&) {
    std::string const faults = env_.reload();
    if (!faults.empty())
        return problem(500, "The configuration is invalid: nothing changed", faults);
    return text_answer("reloaded\n");
}

ServerResponse Api::openapi(ApiCall const&) {
    JsonWriter json;
    json.object().field("openapi", "3.0.3");
    json.key("info").object().field("title", "surged").field("version", SURGED_VERSION).end();
    json.key("paths").object();
    std::string_view last;
    for (Route const& route : routes()) {
        if (route.pattern != last) {
            if (!last.empty()) json.end();
            std::string path;
            int n = 0;
            for (std::size_t i = 0; i < route.pattern.size(); ++i) {
                path += route.pattern[i];
                if (route.pattern[i] == '{') path += n++ == 0 ? "name" : "action";
            }
            json.key(path).object();
            if (n > 0) {
                json.key("parameters").array();
                for (int i = 0; i < n; ++i) {
                    json.object().field("name", i == 0 ? "name" : "action").field("in", "path");
                    json.field("required", true)
                        .key("schema")
                        .object()
                        .field("type", "string")
                        .end()
                        .end();
                }
                json.end();
            }
            last = route.pattern;
        }
        std::string method(route.method);
        for (char& c : method) c = char(std::tolower(static_cast<unsigned char>(c)));
        json.key(method).object().field("summary", route.summary);
        json.key("responses").object();
        json.key("default")
            .object()
            .field("description", "see the manual; errors are RFC 9457 problems")
            .end();
        json.end().end();
    }
    if (!last.empty()) json.end();
    json.end().end();
    return json_answer(json.take());
}

ServerResponse Api::status(ApiCall const& call) {
    return json_answer(status_json(env_.engine, env_.started, call.now, call.token, call.session));
}

ServerResponse Api::streams(ApiCall const&) {
    return json_answer(streams_json(env_.engine));
}

ServerResponse Api::stream(ApiCall const& call) {
    StreamState const* const s = env_.engine.stream(call.params[0]);
    if (s == nullptr) return not_found("there is no stream '" + call.params[0] + "'");
    return json_answer(stream_json(*s));
}

ServerResponse Api::series(ApiCall const& call) {
    StreamState const* const s = env_.engine.stream(call.params[0]);
    if (s == nullptr) return not_found("there is no stream '" + call.params[0] + "'");
    ServerRequest const& r = call.request;
    WallTime to = call.now;
    WallTime from = to - std::chrono::hours{6};
    if (r.has_param("to")) {
        auto const t = parse_time(r.param("to"));
        if (!t) return problem(422, "Unprocessable Content", "to: expected an RFC 3339 time");
        to = *t;
        from = to - std::chrono::hours{6};
    }
    if (r.has_param("from")) {
        auto const t = parse_time(r.param("from"));
        if (!t) return problem(422, "Unprocessable Content", "from: expected an RFC 3339 time");
        from = *t;
    }
    std::chrono::seconds step{60};
    if (r.has_param("step")) {
        auto const d = parse_step(r.param("step"));
        if (!d || d->count() < 60 || d->count() % 60 != 0)
            return problem(422, "Unprocessable Content",
                           "step: expected whole minutes, such as 60, 5m or 1h");
        step = *d;
    }
    if (from >= to || (to - from) / step > kSeriesPoints)
        return problem(
            422, "Unprocessable Content",
            "from must be before to, with at most " + std::to_string(kSeriesPoints) + " steps");
    return json_answer(series_json(env_.engine, *s, from, to, step));
}

ServerResponse Api::explain(ApiCall const& call) {
    StreamState const* const s = env_.engine.stream(call.params[0]);
    if (s == nullptr) return not_found("there is no stream '" + call.params[0] + "'");
    WallTime at = kNoTime;
    if (call.request.has_param("at")) {
        auto const t = parse_time(call.request.param("at"));
        if (!t) return problem(422, "Unprocessable Content", "at: expected an RFC 3339 time");
        at = *t;
    }
    return json_answer(explain_json(env_.engine, *s, at));
}

ServerResponse Api::push(ApiCall const& call) {
    StreamState const* const s = env_.engine.stream(call.params[0]);
    if (s == nullptr) return not_found("there is no stream '" + call.params[0] + "'");
    if (call.token != nullptr && call.token->role == Role::push && !call.token->streams.empty() &&
        std::find(call.token->streams.begin(), call.token->streams.end(), call.params[0]) ==
            call.token->streams.end())
        return problem(403, "Forbidden",
                       "token '" + call.token->name + "' may not push to this stream");
    if (!env_.engine.disk_trouble().empty()) {
        ServerResponse busy =
            problem(429, "Too Many Requests", "the state directory takes no writes");
        busy.headers.emplace_back("Retry-After", "10");
        return busy;
    }
    std::string const encoding(exporters::header(call.request.headers, "Content-Encoding"));
    if (!encoding.empty() && encoding != "gzip" && encoding != "identity")
        return problem(415, "Unsupported Media Type", "Content-Encoding is gzip or none");
    auto inflated = inflate_body(encoding, call.request.body, kPushBody);
    if (!inflated && inflated.error().fault == Fault::too_large)
        return problem(413, "Content Too Large", "over 64 MiB when inflated");
    if (!inflated) return problem(422, "Unprocessable Content", "the body is not gzip");
    MentionBatch batch;
    NdjsonReader reader;
    std::uint64_t rejected = 0;
    std::string padded = std::move(*inflated);
    padded.reserve(padded.size() + NdjsonReader::kPadding);
    each_line(padded, [&](std::size_t, std::string_view line) {
        auto row = reader.read_padded(line, batch);
        if (row)
            batch.items.push_back(row->mention);
        else
            ++rejected;
    });
    PushResult const sum = env_.engine.push(call.params[0], batch, rejected, call.now);
    JsonWriter json;
    json.object().field("accepted", sum.accepted).field("duplicate", sum.duplicate);
    json.field("late", sum.late).field("rejected", sum.rejected).end();
    return json_answer(json.take(), 202);
}

ServerResponse Api::act(ApiCall const& call) {
    auto const action = action_of(call.params[1]);
    if (!action) return not_found("there is no action '" + call.params[1] + "'");
    auto const body = JsonBody::parse(call.request.body);
    if (!body) return problem(422, "Unprocessable Content", "the body is not a JSON object");
    OperatorWord word;
    word.action = *action;
    word.incident = call.params[0];
    word.by = body->text("by");
    if (word.by.empty() && call.token != nullptr) word.by = call.token->name;
    word.via = exporters::header(call.request.headers, "X-Surged-Via") == "cli" ? "cli" : "api";
    word.note = body->text("note");
    word.link = body->text("link");
    word.platform = body->text("platform");
    word.verdict = body->text("verdict");
    word.item = body->text("item");
    word.done = body->flag("done", true);
    if (word.by.empty()) return problem(422, "Unprocessable Content", "by: who says so?");
    Heard const heard = env_.engine.operator_word(word, call.now);
    if (heard.refusal != Refusal::none) return refusal(heard);
    return json_answer(incident_json(env_.engine, *env_.engine.incident(word.incident)));
}

ServerResponse Api::test_receiver(ApiCall const& call) {
    if (!env_.test_receiver(call.params[0]))
        return not_found("there is no receiver '" + call.params[0] + "'");
    return json_answer("{\"queued\":true}", 202);
}

}  // namespace surged::daemon
