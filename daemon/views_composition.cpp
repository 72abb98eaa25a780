#include "daemon/views_composition.h"

#include "daemon/kept_texts.h"
#include "daemon/views_people.h"
#include "detectors/json_writer.h"
#include "detectors/terms.h"

#include <algorithm>
#include <cmath>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kTerms = 10;
constexpr std::size_t kTermStreams = 20;  // of an incident: a view must not read the whole store

double share(double v) {
    return std::round(v * 1000) / 1000;
}

void put_terms(JsonWriter& json, Engine const& engine, Incident const& incident) {
    json.key("terms").array();
    if (engine.store() != nullptr)
        for (RisingTerm const& t : kept_terms(engine, incident, kTermStreams, kTermTexts, kTerms))
            json.object()
                .field("term", t.term)
                .field("share", share(t.share))
                .field("usual", share(t.usual))
                .end();
    json.end();
}

void put_figures(JsonWriter& json, Composition const& c) {
    json.text_if("kind", c.kind);
    if (c.authors > 0) json.field("authors", c.authors).field("top_author", share(c.top_author));
    json.field("reposts", share(c.reposts)).field("copies", share(c.copies));
    json.field("new_accounts", share(c.new_accounts));
}

void put_facts(JsonWriter& json, Engine const& engine, Incident const& i, SurgeFacts const& f) {
    put_figures(json, f.composition);
    json.field("organic", share(f.organic)).field("mentions", f.mentions);
    json.field("error", share(f.error));
    json.key("languages").array();
    for (auto const& [language, part] : f.languages)
        json.object().field("lang", language).field("share", share(part)).end();
    json.end();
    if (i.doubling) {
        json.field("doubling", duration_text(*i.doubling));
        json.field("doubling_error",
                   duration_text(std::chrono::seconds{std::llround(std::ceil(i.doubling_error))}));
    }
    put_terms(json, engine, i);
}

void put_post(JsonWriter& json, Engine const& engine, VisiblePost const& post) {
    StreamState const* const state = engine.stream(post.stream);
    json.object();
    put_kept(json, engine, state != nullptr ? state->settings.platform : std::string{}, post.stream,
             post.key, post.at);
    if (post.audience > 0)
        json.field(post.reach ? "reach" : "followers", std::int64_t{post.audience});
    if (post.echoes > 0) json.field("echoes", std::int64_t{post.echoes});
    json.end();
}

}  // namespace

void put_composition(JsonWriter& json, Engine const& engine, Incident const& incident, bool whole) {
    if (!whole) {
        if (!incident.composition) return;
        put_figures(json.key("composition").object(), *incident.composition);
        json.end();
        return;
    }
    auto const facts = engine.facts_of(incident);
    if (!facts) return;
    json.key("composition").object();
    put_facts(json, engine, incident, *facts);
    json.end();
}

void put_visible(JsonWriter& json, Engine const& engine, Incident const& incident, bool whole) {
    json.key("visible").array();
    if (whole)
        if (auto const facts = engine.facts_of(incident))
            for (VisiblePost const& post : facts->visible) put_post(json, engine, post);
    json.end();
}

}  // namespace surged::daemon
