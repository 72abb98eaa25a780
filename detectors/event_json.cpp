#include "detectors/event.h"
#include "detectors/json_writer.h"

#include <cmath>
#include <utility>

namespace surged::detectors {
namespace {

double to_places(double v, double scale) {
    return std::round(v * scale) / scale;
}

void number_if(JsonWriter& json, std::string_view name, std::optional<double> const& v) {
    if (v && std::isfinite(*v)) json.field(name, rounded(*v));
}

void duration_if(JsonWriter& json, std::string_view name,
                 std::optional<std::chrono::seconds> const& v) {
    if (v) json.field(name, duration_text(*v));
}

void write(JsonWriter& json, Composition const& c) {
    json.object().text_if("kind", c.kind);
    if (c.authors > 0)  // else nobody told who wrote
        json.field("authors", c.authors).field("top_author", to_places(c.top_author, 1000));
    json.field("reposts", to_places(c.reposts, 1000));
    json.field("copies", to_places(c.copies, 1000));
    json.field("new_accounts", to_places(c.new_accounts, 1000)).end();
}

void surge(JsonWriter& json, Event const& e) {
    json.text_if("stream", e.stream).text_if("platform", e.platform);
    if (e.kind) json.field("kind", to_string(*e.kind));
    json.time_if("onset", e.onset);
    number_if(json, "observed", e.observed);
    number_if(json, "expected", e.expected);
    number_if(json, "ratio", e.ratio);
    duration_if(json, "window", e.window);
    if (e.severity) json.field("severity", to_string(*e.severity));
    // A guess from the tail of a distribution: nobody should read a fraction of a day into it.
    if (e.return_days && std::isfinite(*e.return_days))
        json.field("return_days",
                   *e.return_days >= 10 ? std::round(*e.return_days) : rounded(*e.return_days));
    duration_if(json, "doubling", e.doubling);
    if (e.composition) write(json.key("composition"), *e.composition);
}

void people(JsonWriter& json, Event const& e) {
    json.text_if("by", e.by).text_if("via", e.via).text_if("note", e.note);
    json.text_if("link", e.link).text_if("verdict", e.verdict).text_if("item", e.item);
    if (e.done) json.field("done", *e.done);
    json.text_if("mention", e.mention).text_if("whose", e.whose).text_if("origin", e.origin);
}

}  // namespace

void write_json(JsonWriter& json, ClockView const& c) {
    json.object().field("platform", c.platform).field("kind", to_string(c.kind));
    json.field("run", c.run).field("due", c.due).field("state", to_string(c.state));
    json.time_if("at", c.at).text_if("by", c.by).text_if("link", c.link).end();
}

double rounded(double v) {
    double const size = std::abs(v);
    if (size >= 100 || size == 0) return std::round(v);
    if (size >= 1) return to_places(v, 10);
    // Below one two digits that mean something: a quiet stream expects 0.047 mentions, not 0.
    double const scale = std::pow(10.0, 1 - std::floor(std::log10(size)));
    return to_places(v, scale);
}

std::string duration_text(std::chrono::seconds span) {
    long long left = span.count();
    if (left == 0) return "0s";
    std::string text;
    if (left < 0) {
        text = "-";
        left = -left;
    }
    for (auto const& [unit, letter] :
         {std::pair{86400LL, 'd'}, {3600LL, 'h'}, {60LL, 'm'}, {1LL, 's'}}) {
        if (left >= unit) text += std::to_string(left / unit) + letter;
        left %= unit;
    }
    return text;
}

std::string to_json(Event const& e) {
    JsonWriter json;
    json.object();
    if (e.id != 0) json.field("id", e.id);
    json.field("event", to_string(e.name)).time_if("at", e.at);
    json.text_if("incident", e.incident).text_if("brand", e.brand);
    if (e.drill || !e.brand.empty()) json.field("drill", e.drill);
    surge(json, e);
    if (!e.clocks.empty()) {
        json.key("clocks").array();
        for (ClockView const& c : e.clocks) write_json(json, c);
        json.end();
    }
    if (e.clock) write_json(json.key("clock"), *e.clock);
    json.text_if("reason", e.reason).time_if("covered_until", e.covered_until);
    people(json, e);
    if (e.late) json.field("late", true);
    if (e.on_arrival) json.field("on_arrival", true);
    json.text_if("summary", e.summary).text_if("plan_url", e.plan_url).text_if("url", e.url).end();
    return json.take();
}

}  // namespace surged::detectors
