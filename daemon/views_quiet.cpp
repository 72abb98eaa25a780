// The shapes of silences and drills.
#include "daemon/views.h"
#include "detectors/json_writer.h"

namespace surged::daemon {

using namespace detectors;

namespace {

void put_silence(JsonWriter& json, Silence const& s) {
    json.object().field("id", s.id).field("brand", s.brand).text_if("stream", s.stream);
    json.field("from", s.from).field("until", s.until).field("by", s.by).text_if("via", s.via);
    json.field("why", s.why).field("breaches", s.breaches);
    json.field("state", s.ended ? "ended" : "active").field("held", s.held);
    json.key("holding").array();
    for (auto const& [incident, held] : s.holding) {
        json.object().text_if("incident", incident).key("events").object();
        for (auto const& [name, n] : held.events) json.field(name, std::uint64_t{n});
        json.end().key("receivers").array();
        for (auto const& receiver : held.receivers) json.value(receiver);
        json.end().end();
    }
    json.end().end();
}

void put_drill(JsonWriter& json, Drill const& d) {
    json.object().field("incident", d.incident).field("brand", d.brand).field("stream", d.stream);
    json.field("platform", d.platform).field("ratio", d.ratio).field("drill", true);
    json.field("from", d.from).field("until", d.until).text_if("by", d.by).end();
}

}  // namespace

std::string silence_json(Silence const& silence) {
    JsonWriter json;
    put_silence(json, silence);
    return json.take();
}

std::string silences_json(Engine const& engine, std::string_view state) {
    JsonWriter json;
    json.object().key("items").array();
    for (Silence const& s : engine.silences().all())
        if (state == "all" || s.ended == (state == "ended")) put_silence(json, s);
    json.end().end();
    return json.take();
}

std::string drill_json(Drill const& drill) {
    JsonWriter json;
    put_drill(json, drill);
    return json.take();
}

std::string drills_json(Engine const& engine) {
    JsonWriter json;
    json.object().key("items").array();
    for (Drill const& d : engine.drills()) put_drill(json, d);
    json.end().end();
    return json.take();
}

}  // namespace surged::daemon
