// Silences and drills, as the API takes them.
#include "config/units.h"
#include "daemon/api.h"
#include "daemon/json_body.h"
#include "daemon/views.h"

#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

std::string who(JsonBody const& body, ApiCall const& call) {
    std::string by = body.text("by");
    if (by.empty() && call.token != nullptr) by = call.token->name;
    return by;
}

std::string via(ApiCall const& call) {
    return exporters::header(call.request.headers, "X-Surged-Via") == "cli" ? "cli" : "api";
}

ServerResponse unprocessable(std::string const& why) {
    return problem(422, "Unprocessable Content", why);
}

}  // namespace

ServerResponse Api::silences(ApiCall const& call) {
    if (call.params.empty())
        return json_answer(silences_json(env_.engine, call.request.param("state")));
    Silence const* const found = env_.engine.silences().find(call.params[0]);
    if (found == nullptr)
        return problem(404, "Not Found", "there is no silence '" + call.params[0] + "'");
    return json_answer(silence_json(*found));
}

ServerResponse Api::add_silence(ApiCall const& call) {
    auto const body = JsonBody::parse(call.request.body);
    if (!body) return unprocessable("the body is not a JSON object");
    SilenceWanted wanted;
    wanted.brand = body->text("brand");
    wanted.stream = body->text("stream");
    wanted.by = who(*body, call);
    wanted.via = via(call);
    wanted.why = body->text("why");
    wanted.breaches = body->flag("breaches", false);
    auto const span = config::parse_duration(body->text("for"));
    if (!span) return unprocessable("`for` must be " + std::string(config::kDurationForm));
    wanted.span = *span;
    std::string id;
    Heard const heard = env_.engine.silence(wanted, call.now, id);
    if (heard.refusal != Refusal::none) return refusal(heard);
    return json_answer(silence_json(*env_.engine.silences().find(id)));
}

ServerResponse Api::end_silence(ApiCall const& call) {
    std::string const by = call.token != nullptr ? call.token->name : std::string{};
    Heard const heard = env_.engine.expire_silence(call.params[0], by, via(call), call.now);
    if (heard.refusal != Refusal::none) return refusal(heard);
    return json_answer(silence_json(*env_.engine.silences().find(call.params[0])));
}

ServerResponse Api::drills(ApiCall const&) {
    return json_answer(drills_json(env_.engine));
}

ServerResponse Api::add_drill(ApiCall const& call) {
    auto const body = JsonBody::parse(call.request.body);
    if (!body) return unprocessable("the body is not a JSON object");
    Drill wanted;
    wanted.stream = body->text("stream");
    if (wanted.stream.empty()) return unprocessable("`stream` is required: which one surges?");
    wanted.by = who(*body, call);
    wanted.via = via(call);
    wanted.ratio = kDrillRatio;
    if (std::string const text = body->text("ratio"); !text.empty()) {
        auto const ratio = config::parse_number(text);
        if (!ratio) return unprocessable("`ratio` must be a number such as 8");
        wanted.ratio = *ratio;
    }
    std::chrono::seconds span = kDrillSpan;
    if (std::string const text = body->text("for"); !text.empty()) {
        auto const read = config::parse_duration(text);
        if (!read) return unprocessable("`for` must be " + std::string(config::kDurationForm));
        span = *read;
    }
    std::string incident;
    Heard const heard = env_.engine.drill(std::move(wanted), span, call.now, incident);
    if (heard.refusal != Refusal::none) return refusal(heard);
    return json_answer(drill_json(env_.engine.drills().back()), 202);
}

}  // namespace surged::daemon
