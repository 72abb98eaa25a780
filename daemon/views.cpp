#include "daemon/views.h"

#include "daemon/history.h"
#include "daemon/recurrence.h"
#include "daemon/views_composition.h"
#include "daemon/views_people.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <cmath>

namespace surged::daemon {

using namespace detectors;

namespace {

// Charts and terminals need no more than four significant decimals.
double rounded(double v) {
    return std::round(v * 10'000) / 10'000;
}

void put_stream(JsonWriter& json, StreamState const& s) {
    StreamSettings const& settings = s.settings;
    json.object().field("name", settings.name).field("brand", settings.brand);
    json.field("platform", settings.platform).field("kind", settings.kind);
    json.field("state", stream_state_word(s));
    json.text_if("reason", s.reason.empty() && not_read_yet(s) ? "not read yet" : s.reason);
    json.field("mentions_total", s.mentions);
    if (s.intake.committed_until() != kNoTime || s.judge.surging()) {
        Verdict const& v = s.judge.last();
        json.field("observed", rounded(v.observed)).field("expected", rounded(v.expected));
        json.field("upper", rounded(v.upper)).field("score", rounded(v.score));
    }
    json.time_if("covered_until", s.intake.covered_until()).time_if("last_success", s.last_success);
    json.field("interval", (s.interval.count() != 0 ? s.interval : settings.every).count());
    json.end();
}

void put_clock(JsonWriter& json, detectors::Clock const& c) {
    json.object()
        .field("platform", c.platform)
        .field("kind", to_string(c.kind))
        .field("run", c.run);
    json.field("due", c.due).field("state", to_string(c.state)).time_if("at", c.at);
    json.text_if("by", c.by).text_if("link", c.link).end();
}

// Where the onset may lie by what is known now; the stream's `onset` is what the clocks count from.
void put_onset(JsonWriter& json, Engine const& engine, IncidentStream const& s) {
    StreamState const* const stream = engine.stream(s.name);
    if (!s.surging || stream == nullptr || !stream->judge.surging()) return;
    Verdict const& v = stream->judge.last();
    if (!v.surging || v.onset_from == kNoTime) return;
    json.time_if("onset_from", v.onset_from).time_if("onset_until", v.onset_until);
}

void put_streams(JsonWriter& json, Engine const& engine, Incident const& incident) {
    json.key("streams").array();
    for (auto const& s : incident.streams) {
        json.object().field("name", s.name).field("platform", s.platform).field("onset", s.onset);
        json.field("observed", rounded(s.observed)).field("expected", rounded(s.expected));
        if (s.ratio > 0)
            json.field("ratio", rounded(s.ratio));  // nothing was expected: there is none
        json.field("state", s.surging ? "surge" : "calm");
        put_onset(json, engine, s);
        json.end();
    }
    json.end();
}

// Our own posts that it began from, by platform.
void put_origin(JsonWriter& json, Engine const& engine, Incident const& i) {
    json.key("origin").array();
    auto const desk = engine.desks().find(i.brand);
    for (auto const& [platform, id] : i.origin) {
        json.object().field("platform", platform).field("id", id);
        if (desk != engine.desks().end())
            json.text_if("url", desk->second.origin_link(i, platform));
        json.end();
    }
    json.end();
}

// Of a post of theirs the book has no address that names its author: the kept mention has.
std::string address_of(Engine const& engine, Exhibit const& e) {
    if (!e.url.empty() || e.ours) return e.url;
    VisiblePost post;
    post.key = key_of(e.id);
    post.at = e.since;  // watched from its own time on
    for (std::string const& stream : {e.stream, "evidence/" + e.stream}) {
        post.stream = stream;
        if (std::string link = engine.kept_link(post); !link.empty()) return link;
    }
    return {};
}

// What is looked at again while it is open, and what became of it.
void put_evidence(JsonWriter& json, Engine const& engine, Incident const& i) {
    json.key("evidence").array();
    if (auto const* watched = engine.evidence().of(i.id))
        for (Exhibit const& e : *watched) {
            json.object().field("platform", e.platform).field("id", e.id);
            json.text_if("url", address_of(engine, e));
            json.field("whose", e.ours ? "ours" : "theirs").text_if("stream", e.stream);
            bool const edited = e.ours && e.edited != kNoTime;
            json.field("state", e.deleted != kNoTime ? "deleted" : edited ? "edited" : "there");
            if (e.reach >= 0) json.field("reach", e.reach);
            json.time_if("at", e.deleted != kNoTime ? e.deleted : edited ? e.edited : kNoTime);
            json.time_if("last_seen", e.seen).end();
        }
    json.end();
}

void put_similar(JsonWriter& json, Engine const& engine, Incident const& incident) {
    json.key("similar").array();
    for (Similar const& s : similar_to(engine, incident)) {
        json.object().field("id", s.id).key("why").array();
        for (auto const& reason : s.why) json.value(reason);
        json.end().end();
    }
    json.end();
}

// The events of the journal are JSON already: they go into the timeline as they stand.
constexpr std::size_t kTimeline = 2000;

void put_timeline(JsonWriter& json, Engine const& engine, std::string const& id) {
    json.key("timeline").array();
    if (engine.store() != nullptr)
        for (auto const& event : engine.store()->events(0, kTimeline, id)) json.raw(event.json);
    json.end();
}

void put_incident(JsonWriter& json, Engine const& engine, Incident const& i, bool whole) {
    json.object().field("id", i.id).field("brand", i.brand).field("state", to_string(i.state));
    json.field("severity", to_string(i.severity)).field("drill", i.drill).field("opened", i.opened);
    json.time_if("closed", i.closed).time_if("onset", i.onset).text_if("owner", i.owner);
    json.text_if("verdict", i.verdict);
    put_streams(json, engine, i);
    json.key("clocks").array();
    for (auto const& c : i.clocks) put_clock(json, c);
    json.end();
    put_composition(json, engine, i, whole);
    put_origin(json, engine, i);
    if (whole) put_evidence(json, engine, i);
    json.key("own_posts").array();
    for (auto const& p : i.own_posts) {
        json.object().field("platform", p.platform).field("id", p.id).text_if("url", p.url);
        json.field("at", p.at).field("answers", p.answers).end();
    }
    json.end();
    put_people(json, engine, i, whole);
    put_visible(json, engine, i, whole);
    json.key("checklist").array();
    BrandSettings const* const brand = engine.settings().brand(i.brand);
    if (brand != nullptr)
        for (std::size_t n = 0; n < brand->rules.checklist.size(); ++n) {
            json.object().field("item", brand->rules.checklist[n]);
            if (auto const done = i.checked.find(int(n) + 1); done != i.checked.end())
                json.field("by", done->second.first).field("at", done->second.second);
            json.end();
        }
    json.end();
    if (whole) put_similar(json, engine, i);
    json.field("url", engine.settings().server.external_url + "incidents/" + i.id);
    if (whole) put_timeline(json, engine, i.id);
    json.end();
}

struct Step {
    double observed = 0, expected = 0, upper = 0;
    std::int64_t covered = 0;
};

}  // namespace

bool not_read_yet(StreamState const& s) {
    return s.last_success == kNoTime && s.intake.covered_until() == kNoTime && s.mentions == 0;
}

std::string_view stream_state_word(StreamState const& s) {
    if (s.blind) return "blind";
    if (s.judge.surging()) return "surge";
    if (not_read_yet(s)) return "learning";
    return s.judge.learning() ? "learning" : "calm";
}

std::string stream_json(StreamState const& s) {
    JsonWriter json;
    put_stream(json, s);
    return json.take();
}

std::string streams_json(Engine const& engine) {
    JsonWriter json;
    json.object().key("items").array();
    for (auto const& [name, s] : engine.streams()) put_stream(json, *s);
    json.end().end();
    return json.take();
}

std::string incident_json(Engine const& engine, Incident const& incident) {
    JsonWriter json;
    put_incident(json, engine, incident, true);
    return json.take();
}

std::string incidents_json(Engine const& engine, HistoryQuery const& query) {
    History const found = history(engine, query);
    JsonWriter json;
    json.object().key("items").array();
    for (auto const* i : found.items) put_incident(json, engine, *i, false);
    json.end().text_if("next", found.next).end();
    return json.take();
}

std::string series_json(Engine const& engine, StreamState const& stream, WallTime from, WallTime to,
                        std::chrono::seconds step) {
    std::int64_t const width = std::max<std::int64_t>(1, step.count() / 60);
    std::int64_t const first = minute_index(from);
    std::int64_t const last = minute_index(to + kMinute - std::chrono::milliseconds{1});
    std::vector<Step> steps(
        std::size_t(std::max<std::int64_t>(0, (last - first + width - 1) / width)));
    for (std::int64_t hour = first / 60; hour * 60 < last; ++hour) {
        auto const points = engine.series_hour(stream, hour);
        for (std::int64_t m = std::max(first, hour * 60); m < std::min(last, hour * 60 + 60); ++m) {
            SeriesPoint const& p = points[std::size_t(m - hour * 60)];
            if (!p.covered) continue;
            Step& s = steps[std::size_t((m - first) / width)];
            s.observed += double(p.observed);
            s.expected += double(p.expected);
            s.upper += double(p.upper);
            ++s.covered;
        }
    }
    JsonWriter json;
    json.object().field("from", minute_start(first)).field("step", width * 60);
    auto const column = [&](char const* name, double Step::*member) {
        json.key(name).array();
        for (Step const& s : steps) s.covered > 0 ? json.value(rounded(s.*member)) : json.null();
        json.end();
    };
    column("observed", &Step::observed);
    column("expected", &Step::expected);
    column("upper", &Step::upper);
    json.key("covered").array();
    for (Step const& s : steps) json.value(s.covered == width);
    json.end().end();
    return json.take();
}

std::string status_json(Engine const& engine, WallTime started, WallTime now, Token const* token,
                        bool session) {
    JsonWriter json;
    json.object().field("version", SURGED_VERSION).field("started", started).field("now", now);
    std::map<std::string_view, int> streams{
        {"calm", 0}, {"surge", 0}, {"learning", 0}, {"blind", 0}};
    for (auto const& [name, s] : engine.streams()) ++streams[stream_state_word(*s)];
    json.key("streams").object();
    for (auto const& [word, n] : streams) json.field(word, n);
    json.end();
    int open = 0, drills = 0, silences = 0;
    for (auto const& [name, desk] : engine.desks())
        for (auto const& i : desk.incidents())
            (i.drill ? drills : open) += i.state == IncidentState::closed ? 0 : 1;
    for (auto const& s : engine.silences().all()) silences += s.ended ? 0 : 1;
    json.field("open_incidents", open).field("drills", drills).field("silences", silences);
    json.key("receivers").array();
    for (auto const& [name, receiver] : engine.settings().receivers) {
        json.object().field("name", name).field("type", receiver.type);
        json.field("waiting", std::uint64_t(engine.outbox().waiting(name)));
        json.field("failing", engine.receiver_fails(name)).end();
    }
    json.end();
    json.field("storage",
               engine.disk_trouble().empty() ? std::string("ok") : engine.disk_trouble());
    json.key("you").object();
    if (token != nullptr) json.field("name", token->name);
    constexpr std::array kRoles{"viewer", "operator", "push"};
    json.field("role", token == nullptr ? "operator" : kRoles[std::size_t(token->role)]);
    json.field("session", session).end();
    json.end();
    return json.take();
}

}  // namespace surged::daemon
