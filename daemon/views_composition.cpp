#include "daemon/views_composition.h"

#include "daemon/ndjson.h"
#include "detectors/json_writer.h"
#include "detectors/terms.h"
#include "exporters/receivers/text.h"

#include <algorithm>
#include <cmath>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kTerms = 10;
constexpr std::size_t kTermStreams = 20;  // of an incident: a view must not read the whole store
constexpr std::chrono::hours kUsualTime{7 * 24};

double share(double v) {
    return std::round(v * 1000) / 1000;
}

void read_texts(Engine const& engine, std::string const& stream, WallTime from, WallTime to,
                TermCounts& terms) {
    StreamState const* const state = engine.stream(stream);
    NdjsonReader reader;
    MentionBatch batch;
    for (MentionRow const& row : engine.store()->mentions(stream, from, to, kTermTexts)) {
        batch.clear();
        auto const parsed = reader.read(row.body, batch);
        if (!parsed || parsed->mention.text.empty()) continue;
        if (state != nullptr &&
            classify(parsed->mention, state->settings.exclude) != Arrival::counted)
            continue;
        terms.add(parsed->mention.text);
    }
}

void put_terms(JsonWriter& json, Engine const& engine, Incident const& incident) {
    json.key("terms").array();
    if (engine.store() != nullptr) {
        TermCounts surge, usual;
        std::size_t left = kTermStreams;
        for (auto const& s : incident.streams) {
            if (left-- == 0) break;
            WallTime const since = s.since == WallTime{} ? s.onset : s.since;
            WallTime const until = incident.closed == kNoTime ? WallTime::max() : incident.closed;
            read_texts(engine, s.name, since, until, surge);
            read_texts(engine, s.name, since - kUsualTime, since, usual);
        }
        for (RisingTerm const& t : rising_terms(surge, usual, kTerms))
            json.object()
                .field("term", t.term)
                .field("share", share(t.share))
                .field("usual", share(t.usual))
                .end();
    }
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
    auto const row = engine.kept(post);
    json.object();
    if (state != nullptr) json.field("platform", state->settings.platform);
    json.field("stream", post.stream);
    // An id that was a number can be told from its key; any other is gone with its row.
    if (row) {
        json.text_if("id", row->id);
    } else if (post.key < 1ULL << 63U) {
        json.field("id", std::to_string(post.key));
    }
    NdjsonReader reader;
    MentionBatch batch;
    if (row)
        if (auto const parsed = reader.read(row->body, batch)) {
            Mention const& m = parsed->mention;
            json.text_if("url", m.url);
            json.text_if("author", m.author.handle.empty() ? m.author.id : m.author.handle);
            json.text_if("text", exporters::brief(m.text, kExcerpt));
            json.text_if("lang", m.lang);
        }
    // keep_mentions is over, or somebody asked: said, so that nobody takes it for an empty post.
    if (!row) json.field("erased", true);
    json.field("at", post.at);
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
