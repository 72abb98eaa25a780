// Report inputs of staged incidents: a crisis on two platforms with all there is to say of one, a
// drill, and an incident of which hardly anything is known.
#pragma once

#include "exporters/report.h"
#include "tests/sample_page.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace surged::tests {

inline detectors::Event entry_of(detectors::EventName name, std::string const& when,
                                 std::string const& id = "acme-20260301-1") {
    detectors::Event e;
    e.name = name;
    e.at = at("2026-03-01T" + when + "Z");
    e.incident = id;
    e.brand = "acme";
    e.drill = id.ends_with("-drill");
    return e;
}

inline detectors::Event surge_entry(detectors::EventName name, std::string const& when,
                                    std::string const& stream, std::string const& platform,
                                    std::string const& onset, double observed, double expected) {
    auto e = entry_of(name, when);
    e.stream = stream;
    e.platform = platform;
    e.kind = detectors::SurgeKind::volume;
    e.onset = at("2026-03-01T" + onset + "Z");
    e.observed = observed;
    e.expected = expected;
    e.ratio = observed / expected;
    e.window = std::chrono::minutes{10};
    return e;
}

inline detectors::Clock ended_clock(std::string const& platform, detectors::ClockKind kind, int run,
                                    std::string const& start, std::string const& due,
                                    detectors::ClockState state, std::string const& when,
                                    std::string by = "", std::string link = "") {
    detectors::Clock c;
    c.platform = platform;
    c.kind = kind;
    c.run = run;
    c.start = at("2026-03-01T" + start + "Z");
    c.due = at(due.size() == 8 ? "2026-03-01T" + due + "Z" : due);
    c.state = state;
    if (!when.empty()) c.at = at("2026-03-01T" + when + "Z");
    c.by = std::move(by);
    c.link = std::move(link);
    return c;
}

// A quiet stream, a steep first wave, a smaller second one; `unseen` minutes are not known.
inline exporters::ReportCurve staged_curve(std::string const& stream, std::string const& platform,
                                           double base, double first, double second, int unseen,
                                           double begins = 62) {
    exporters::ReportCurve c;
    c.stream = stream;
    c.platform = platform;
    c.from = at("2026-03-01T11:00:00Z");
    c.step = std::chrono::minutes{2};
    for (int i = 0; i < 210; ++i) {  // to 18:00
        double const minute = 2.0 * i;
        auto const wave = [&](double from, double height, double decay) {
            return minute < from ? 0 : height * std::exp(-(minute - from) / decay);
        };
        double const wobble = 0.2 * base * ((i * 37) % 7 - 3) / 3.0;
        double observed =
            std::round(2 * (base + wobble + wave(begins, first, 45) + wave(305, second, 30)));
        double expected = 2 * base, upper = 6 * base + 4;
        if (i >= 150 && i < 150 + unseen) observed = expected = upper = std::nan("");
        c.observed.push_back(observed);
        c.expected.push_back(expected);
        c.upper.push_back(upper);
    }
    return c;
}

inline exporters::ReportPost staged_post(std::string const& platform, std::string const& id,
                                         std::string const& when, std::string author,
                                         std::string text) {
    exporters::ReportPost p;
    p.platform = platform;
    p.stream = "acme-" + platform;
    p.id = id;
    p.url = "https://" + platform + ".example/p/" + id;
    p.author = std::move(author);
    p.text = std::move(text);
    p.at = at("2026-03-01T" + when + "Z");
    return p;
}

inline exporters::ReportPost erased_post(std::string const& platform, std::string const& id,
                                         std::string const& when) {
    auto p = staged_post(platform, id, when, "", "");
    p.url.clear();
    p.erased = true;
    return p;
}

inline std::vector<detectors::Event> staged_entries() {
    using detectors::EventName;
    std::vector<detectors::Event> out;
    auto const add = [&](detectors::Event e, auto const& change) {
        change(e);
        e.id = 4700 + std::int64_t(out.size());
        out.push_back(std::move(e));
    };
    auto const as_is = [](detectors::Event&) {};
    auto const by = [](std::string who, std::string via, std::string note = "",
                       std::string link = "") {
        return [=](detectors::Event& e) { e.by = who, e.via = via, e.note = note, e.link = link; };
    };
    auto const surge = [&](EventName n, std::string const& when, bool x, std::string const& onset,
                           double observed, double expected) {
        return surge_entry(n, when, x ? "acme-x" : "acme-facebook", x ? "x" : "facebook", onset,
                           observed, expected);
    };
    auto const opened = [](detectors::Event& e) {
        e.severity = detectors::Severity::critical;
        e.origin = "https://x.com/acme/status/1700";
        e.doubling = std::chrono::minutes{4};
        e.composition = detectors::Composition{"flood", 371, 0.08, 0.12, 0.31, 0.52};
    };
    add(surge(EventName::surge_started, "12:07:00", true, "12:01:30", 412, 31.5), opened);
    add(surge(EventName::incident_opened, "12:07:00", true, "12:01:30", 412, 31.5), opened);
    add(entry_of(EventName::incident_promotion_paused, "12:07:00"), as_is);
    add(entry_of(EventName::incident_acknowledged, "12:12:00"), by("kim", "slack"));
    add(surge(EventName::surge_grown, "12:18:00", true, "12:01:30", 1290, 31.5), as_is);
    add(surge(EventName::surge_started, "12:31:00", false, "12:20:00", 88, 9.5), as_is);
    add(surge(EventName::incident_stream_joined, "12:31:00", false, "12:20:00", 88, 9.5), as_is);
    add(entry_of(EventName::incident_note, "12:35:00"),
        by("kim", "cli", "the tap was open; lee writes"));
    add(entry_of(EventName::clock_met, "12:40:20"), [](detectors::Event& e) {
        e.platform = "x", e.by = "kim", e.via = "api", e.link = "https://x.com/acme/status/1799";
        e.clock = detectors::ClockView{"x",
                                       detectors::ClockKind::respond,
                                       1,
                                       at("2026-03-01T13:01:30Z"),
                                       detectors::ClockState::met,
                                       at("2026-03-01T12:40:20Z"),
                                       "kim",
                                       e.link};
    });
    add(entry_of(EventName::evidence_deleted, "13:05:00"), [](detectors::Event& e) {
        e.platform = "x", e.mention = "1750", e.whose = "theirs", e.stream = "acme-x";
    });
    add(entry_of(EventName::evidence_edited, "13:10:00"), [](detectors::Event& e) {
        e.platform = "x", e.mention = "1700", e.whose = "ours",
        e.link = "https://x.com/acme/status/1700";
    });
    add(entry_of(EventName::incident_checked, "13:20:00"),
        [](detectors::Event& e) { e.by = "kim", e.via = "api", e.item = "Fix it", e.done = true; });
    add(entry_of(EventName::clock_breached, "14:01:30"), [](detectors::Event& e) {
        e.clock = detectors::ClockView{"x",
                                       detectors::ClockKind::resolve,
                                       1,
                                       at("2026-03-01T14:01:30Z"),
                                       detectors::ClockState::breached,
                                       detectors::kNoTime,
                                       "",
                                       ""};
    });
    add(surge(EventName::surge_ended, "14:20:00", true, "12:01:30", 60, 31.5), as_is);
    add(surge(EventName::surge_ended, "14:40:00", false, "12:20:00", 12, 9.5), as_is);
    add(entry_of(EventName::incident_resolved, "15:00:00"),
        by("lee", "api", "", "https://acme.example/what-happened"));
    add(surge(EventName::surge_started, "16:11:00", true, "16:05:00", 240, 31.5), as_is);
    add(surge(EventName::incident_reopened, "16:11:00", true, "16:05:00", 240, 31.5),
        [](detectors::Event& e) { e.reason = "second_wave"; });
    add(surge(EventName::surge_ended, "17:20:00", true, "16:05:00", 50, 31.5), as_is);
    add(entry_of(EventName::incident_checked, "17:25:00"), [](detectors::Event& e) {
        e.by = "lee", e.via = "cli", e.item = "Pause campaigns", e.done = true;
    });
    add(entry_of(EventName::incident_closed, "17:40:00"), [](detectors::Event& e) {
        e.by = "lee", e.via = "cli", e.verdict = "real", e.note = "the supplier is named";
    });
    add(entry_of(EventName::incident_promotion_resumed, "17:40:00"), as_is);
    return out;
}

inline detectors::Incident staged_incident() {
    using detectors::ClockKind;
    using detectors::ClockState;
    detectors::Incident i;
    i.id = "acme-20260301-1";
    i.brand = "acme";
    i.severity = detectors::Severity::critical;
    i.state = detectors::IncidentState::closed;
    i.opened = at("2026-03-01T12:07:00Z");
    i.onset = at("2026-03-01T12:01:30Z");
    i.closed = at("2026-03-01T17:40:00Z");
    i.verdict = "real";
    i.owner = "kim";
    i.run = 2;
    i.streams.push_back({"acme-x", "x", at("2026-03-01T16:05:00Z"), 50, 31.5, 1.6, false});
    i.streams.push_back(
        {"acme-facebook", "facebook", at("2026-03-01T12:20:00Z"), 12, 9.5, 1.3, false});
    std::string const first = "https://x.com/acme/status/1799";
    std::string const full = "https://acme.example/what-happened";
    i.clocks = {
        ended_clock("x", ClockKind::acknowledge, 1, "12:07:00", "12:17:00", ClockState::met,
                    "12:12:00", "kim"),
        ended_clock("x", ClockKind::respond, 1, "12:01:30", "13:01:30", ClockState::met, "12:40:20",
                    "kim", first),
        ended_clock("x", ClockKind::resolve, 1, "12:01:30", "14:01:30", ClockState::met_late,
                    "15:00:00", "lee", full),
        ended_clock("facebook", ClockKind::acknowledge, 1, "12:31:00", "13:01:00", ClockState::met,
                    "12:31:00", "kim"),
        ended_clock("facebook", ClockKind::respond, 1, "12:20:00", "16:20:00", ClockState::met,
                    "15:00:00", "lee", full),
        ended_clock("facebook", ClockKind::resolve, 1, "12:20:00", "2026-03-02T00:20:00Z",
                    ClockState::met, "15:00:00", "lee", full),
        ended_clock("x", ClockKind::respond, 2, "16:05:00", "17:05:00", ClockState::dropped,
                    "17:40:00"),
        ended_clock("x", ClockKind::resolve, 2, "16:05:00", "18:05:00", ClockState::dropped,
                    "17:40:00"),
    };
    return i;
}

inline exporters::ReportInput staged_report() {
    exporters::ReportInput in;
    in.made = at("2026-03-02T09:00:00Z");
    in.external_url = "https://127.0.0.1:9477/";
    in.incident = staged_incident();
    in.events = staged_entries();
    in.checklist = {"Fix it", "Say so in public", "Answer those who asked", "Pause campaigns"};
    detectors::SurgeFacts facts;
    facts.composition = detectors::Composition{"flood", 2210, 0.06, 0.12, 0.31, 0.52};
    facts.mentions = 5400;
    facts.organic = 0.36;
    facts.error = 0.011;
    facts.languages = {{"en", 0.82}, {"de", 0.11}, {"fr", 0.02}};
    facts.told = true;
    in.facts = facts;
    in.curves = {staged_curve("acme-x", "x", 3, 160, 60, 12),
                 staged_curve("acme-facebook", "facebook", 1, 14, 0, 0, 80)};
    in.size = {true, 7342.6, 40.95, 318, 24};
    in.by_excess = {3, 14};
    in.by_peak = {1, 14};
    in.ranked_since = at("2024-02-20T08:00:00Z");
    in.themes.read = 4100;
    in.themes.cut = true;
    in.themes.terms = {{"tap", 0.41, 0.002}, {"recall", 0.22, 0}, {"refund", 0.09, 0.01}};
    in.themes.groups = {
        {940, 0.229,
         staged_post("x", "1711", "12:03:10", "ana",
                     "why is acme silent about the tap? my kitchen is under water")},
        {310, 0.076, erased_post("x", "1712", "12:04:00")}};
    auto loud = staged_post("x", "1750", "12:05:00", "bigvoice",
                            "acme just flooded a whole street & says nothing");
    loud.audience = 1'200'000;
    loud.reach = true;
    loud.echoes = 412;
    auto gone = erased_post("facebook", "88", "12:30:00");
    gone.audience = 5300;
    in.visible = {loud, gone};
    in.changed = {loud};
    auto& people = in.people;
    people.known = true;
    people.questions = 31;
    people.answered = 26;
    people.waiting = 7;
    auto asks = staged_post("x", "1733", "12:06:30", "rosa", "is it safe to use the old model?");
    asks.audience = 220;
    people.unanswered = {asks, erased_post("facebook", "91", "12:44:00")};
    people.waits = {{"x", std::chrono::minutes{17}},
                    {"facebook", std::chrono::minutes{121}},
                    {"", std::chrono::seconds{1475}}};
    people.affected.push_back(
        {staged_post("x", "1720", "12:02:40", "jo", "my flat is flooded, acme, answer me"), 9, 3, 6,
         44, 0});
    people.advocates.push_back({staged_post("facebook", "93", "12:50:00", "maria",
                                            "they always helped me, give them an hour"),
                                2, 0, 0, 5, 7});
    people.answer = at("2026-03-01T12:40:20Z");
    people.before = {420, 265, 30};
    people.after = {510, 309, 44};
    in.similar = {
        {"acme-20251104-1",
         {"2 texts were copied in both", "the same words rose: recall, refund, tap"}},
        {"acme-20250612-2", {"the same streams (acme-facebook, acme-x) and kind (volume, flood)"}}};
    return in;
}

// The same chain as a rehearsal: no mentions behind it.
inline exporters::ReportInput staged_drill() {
    auto in = staged_report();
    exporters::ReportInput out;
    out.made = in.made;
    out.external_url = in.external_url;
    out.checklist = in.checklist;
    out.incident = in.incident;
    out.incident.id = "acme-20260301-1-drill";
    out.incident.drill = true;
    out.incident.verdict = "expected";
    out.incident.clocks.resize(3);
    out.incident.streams.resize(1);
    out.incident.streams[0].onset = out.incident.onset;
    for (auto e : in.events) {
        using detectors::EventName;
        bool const kept =
            e.name == EventName::surge_started || e.name == EventName::incident_opened ||
            e.name == EventName::incident_acknowledged || e.name == EventName::incident_closed;
        if (!kept || e.at > at("2026-03-01T12:30:00Z")) {
            if (e.name != EventName::incident_closed) continue;
        }
        e.incident = out.incident.id;
        e.drill = true;
        e.composition.reset();
        e.origin.clear();
        out.events.push_back(std::move(e));
    }
    return out;
}

// Open, of a stream of counts, its journal and texts gone: what a report says when it knows little.
inline exporters::ReportInput bare_report() {
    exporters::ReportInput in;
    in.made = at("2026-03-01T12:30:00Z");
    in.incident.id = "acme-20260301-2";
    in.incident.brand = "acme";
    in.incident.opened = at("2026-03-01T12:07:00Z");
    in.incident.onset = at("2026-03-01T12:01:30Z");
    in.incident.streams.push_back({"acme-counts", "x", in.incident.onset, 412, 31.5, 13.1, true});
    in.incident.clocks = {sample_clock(detectors::ClockKind::respond, "2026-03-01T12:01:30Z",
                                       "2026-03-01T13:01:30Z")};
    in.limits = {"Of some streams no minute is kept any more: curves go after 90 days."};
    return in;
}

}  // namespace surged::tests
