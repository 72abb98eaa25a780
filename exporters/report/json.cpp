// The same for programs: figures and times as they are, in the names of the API.
#include "detectors/json_writer.h"
#include "exporters/report/facts.h"

#include <cmath>

namespace surged::exporters {
namespace {

using namespace detectors;

double share(double v) {
    return std::round(v * 1000) / 1000;
}
// Seconds that something took; left out when it has not happened.
void span_if(JsonWriter& json, std::string_view name, WallTime from, WallTime to) {
    if (from != kNoTime && to != kNoTime)
        json.field(name, std::chrono::duration<double>(to - from).count());
}

void put_post(JsonWriter& json, ReportPost const& p) {
    json.object().text_if("platform", p.platform).text_if("stream", p.stream).text_if("id", p.id);
    json.text_if("url", p.url).text_if("author", p.author).text_if("text", p.text);
    json.time_if("at", p.at);
    if (p.audience > 0) json.field(p.reach ? "reach" : "followers", p.audience);
    if (p.echoes > 0) json.field("echoes", p.echoes);
    json.field("erased", p.erased).end();
}
void put_posts(JsonWriter& json, std::string_view name, std::vector<ReportPost> const& posts) {
    json.key(name).array();
    for (ReportPost const& p : posts) put_post(json, p);
    json.end();
}

void put_head(JsonWriter& json, ReportInput const& in) {
    Incident const& i = in.incident;
    json.key("incident").object().field("id", i.id).field("brand", i.brand);
    json.field("drill", i.drill).field("state", to_string(i.state));
    json.field("severity", to_string(i.severity)).time_if("onset", i.onset);
    json.field("opened", i.opened).time_if("closed", i.closed).text_if("owner", i.owner);
    json.text_if("verdict", i.verdict);
    if (!in.external_url.empty()) json.field("url", in.external_url + "incidents/" + i.id);
    json.key("streams").array();
    for (IncidentStream const& s : i.streams)
        json.object()
            .field("name", s.name)
            .field("platform", s.platform)
            .field("kind", to_string(s.kind))
            .time_if("onset", s.onset)
            .field("observed", rounded(s.observed))
            .field("expected", rounded(s.expected))
            .end();
    json.end();
    for (Event const& e : in.events)
        if (!e.origin.empty()) {
            json.field("origin", e.origin);
            break;
        }
    json.end();
}

void put_runs(JsonWriter& json, ReportInput const& in) {
    auto const runs = runs_of(in);
    json.key("runs").array();
    for (ReportRun const& r : runs) {
        json.object().field("run", r.number).text_if("reason", r.reason).time_if("onset", r.onset);
        json.time_if("told", r.told).time_if("closed", r.closed);
        span_if(json, "detected_after", r.onset, r.told);
        json.end();
    }
    json.end().key("clocks").array();
    for (ReportClock const& rc : clocks_of(in, runs)) {
        Clock const& c = *rc.clock;
        json.object()
            .field("platform", c.platform)
            .field("kind", to_string(c.kind))
            .field("run", c.run);
        json.field("start", c.start).field("due", c.due).field("state", to_string(c.state));
        json.time_if("at", c.at).text_if("by", c.by).text_if("link", c.link);
        if (c.state == ClockState::met || c.state == ClockState::met_late)
            span_if(json, "took", c.start, c.at);
        span_if(json, "allowed", c.start, c.due);
        json.end();
    }
    json.end();
}

void put_curves(JsonWriter& json, ReportInput const& in) {
    json.key("curves").array();
    for (ReportCurve const& c : in.curves) {
        json.object().field("stream", c.stream).field("platform", c.platform);
        json.field("from", c.from).field("step", c.step.count());
        auto const column = [&](char const* name, std::vector<double> const& values) {
            json.key(name).array();
            for (double const v : values)
                json.value(std::round(v * 100) / 100);  // not finite: null
            json.end();
        };
        column("observed", c.observed);
        column("expected", c.expected);
        column("upper", c.upper);
        json.end();
    }
    json.end();
}

void put_size(JsonWriter& json, ReportInput const& in) {
    json.key("size").object().field("known", in.size.known);
    if (in.size.known)
        json.field("excess_mentions", std::round(in.size.excess * 10) / 10)
            .field("minutes_seen", in.size.seen)
            .field("minutes_unseen", in.size.unseen);
    if (in.size.peak > 0) json.field("peak_ratio", rounded(in.size.peak));
    json.end().key("rank").object();
    auto const rank = [&](char const* name, ReportRank const& r) {
        if (r.of > 0)
            json.key(name)
                .object()
                .field("place", std::uint64_t(r.place))
                .field("of", std::uint64_t(r.of))
                .end();
    };
    rank("by_excess", in.by_excess);
    rank("by_peak", in.by_peak);
    json.time_if("since", in.ranked_since).end();
}

void put_composition(JsonWriter& json, ReportInput const& in) {
    auto const& c = in.facts ? std::optional(in.facts->composition) : in.incident.composition;
    if (!c || c->kind.empty()) return;
    json.key("composition").object().field("kind", c->kind);
    if (c->authors > 0) json.field("authors", c->authors).field("top_author", share(c->top_author));
    json.field("reposts", share(c->reposts)).field("copies", share(c->copies));
    json.field("new_accounts", share(c->new_accounts));
    if (in.facts) {
        json.field("organic", share(in.facts->organic)).field("mentions", in.facts->mentions);
        json.field("error", share(in.facts->error)).key("languages").array();
        for (auto const& [language, part] : in.facts->languages)
            json.object().field("lang", language).field("share", share(part)).end();
        json.end();
    }
    json.end();
}

void put_themes(JsonWriter& json, ReportInput const& in) {
    ReportThemes const& t = in.themes;
    json.key("themes").object().field("texts_read", std::uint64_t(t.read)).field("cut", t.cut);
    json.field("erased", t.erased).key("terms").array();
    for (auto const& term : t.terms)
        json.object()
            .field("term", term.term)
            .field("share", share(term.share))
            .field("usual", share(term.usual))
            .end();
    json.end().key("copies").array();
    for (ReportTheme const& g : t.groups) {
        json.object()
            .field("texts", std::uint64_t(g.copies))
            .field("share", share(g.share))
            .key("first");
        put_post(json, g.first);
        json.end();
    }
    json.end().end();
}

void put_tone(JsonWriter& json, char const* name, ReportTone const& t) {
    json.key(name).object().field("judged", t.judged).field("negative", t.negative);
    json.field("positive", t.positive).end();
}

void put_persons(JsonWriter& json, char const* name, std::vector<ReportPerson> const& list) {
    json.key(name).array();
    for (ReportPerson const& p : list) {
        json.object()
            .field("mentions", std::int64_t{p.mentions})
            .field("questions", std::int64_t{p.questions});
        json.field("angry", std::int64_t{p.angry}).field("echoes", std::int64_t{p.echoes});
        json.field("spoke_well", std::int64_t{p.spoke_well}).key("first");
        put_post(json, p.first);
        json.end();
    }
    json.end();
}

void put_people(JsonWriter& json, ReportInput const& in) {
    ReportPeople const& p = in.people;
    if (!p.known) return;
    json.key("tone").object().time_if("answer", p.answer);
    put_tone(json, "before", p.before);
    put_tone(json, "after", p.after);
    if (auto const turn = tone_turn(p.before, p.after); turn && p.answer != kNoTime)
        json.field("turn", *turn < 0 ? "fell" : *turn > 0 ? "rose" : "unchanged");
    json.end().key("questions").object().field("asked", p.questions).field("answered", p.answered);
    json.field("waiting", p.waiting).key("median_wait").array();
    for (ReportWait const& w : p.waits)
        json.object()
            .text_if("platform", w.platform)
            .field("seconds", std::chrono::duration<double>(w.median).count())
            .end();
    json.end().end();
    put_posts(json, "unanswered", p.unanswered);
    put_persons(json, "affected", p.affected);
    put_persons(json, "advocates", p.advocates);
}

void put_lists(JsonWriter& json, ReportInput const& in) {
    json.key("answers").array();
    for (ReportAnswer const& a : answers_of(in))
        json.object()
            .field("platform", a.platform)
            .field("at", a.at)
            .field("full", a.full)
            .text_if("by", a.by)
            .text_if("link", a.link)
            .end();
    json.end().key("checklist").array();
    for (ReportCheck const& c : checks_of(in))
        json.object().field("item", c.item).text_if("by", c.by).time_if("at", c.at).end();
    json.end().key("similar").array();
    for (Similar const& s : in.similar) {
        json.object().field("id", s.id).key("why").array();
        for (auto const& reason : s.why) json.value(reason);
        json.end().end();
    }
    json.end().key("timeline").array();
    for (Event const& e : in.events) json.raw(to_json(e));
    json.end().key("limits").array();
    for (auto const& limit : in.limits) json.value(limit);
    json.end();
}

}  // namespace

std::string report_json(ReportInput const& in) {
    JsonWriter json;
    json.object().field("made", in.made);
    put_head(json, in);
    put_runs(json, in);
    put_curves(json, in);
    put_size(json, in);
    put_composition(json, in);
    put_themes(json, in);
    put_posts(json, "visible", in.visible);
    put_people(json, in);
    put_posts(json, "changed", in.changed);
    put_lists(json, in);
    json.end();
    return json.take() + "\n";
}

}  // namespace surged::exporters
