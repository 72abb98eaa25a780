#include "daemon/report_input.h"

#include "daemon/history.h"
#include "daemon/incident_size.h"
#include "daemon/kept_texts.h"
#include "daemon/recurrence.h"
#include "daemon/report_people.h"
#include "daemon/report_themes.h"
#include "detectors/retold.h"
#include "exporters/report/facts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace surged::daemon {

using namespace detectors;
using exporters::ReportCurve;
using exporters::ReportInput;
using exporters::ReportSize;

namespace {

constexpr std::chrono::hours kAround{1};       // of a curve, before and after
constexpr std::chrono::hours kDrawn{14 * 24};  // of a curve at most

std::string number(std::size_t n) {
    return std::to_string(n);
}

// The step that draws `span` in kReportPoints at most, of those that people use.
std::chrono::minutes step_of(std::chrono::milliseconds span) {
    std::chrono::minutes step{1};
    for (int const m : {1, 2, 5, 10, 15, 30, 60}) {
        step = std::chrono::minutes{m};
        if (span / step < std::int64_t(kReportPoints)) break;
    }
    return step;
}

ReportCurve curve_of(Engine const& engine, SurgeSpan const& span) {
    ReportCurve curve;
    curve.stream = span.stream;
    curve.platform = span.platform;
    auto const step = step_of(span.to - span.from);
    curve.step = step;
    std::int64_t const width = step.count();
    std::int64_t const first = minute_index(span.from) / width * width;
    std::int64_t const last = minute_index(span.to) + 1;
    curve.from = minute_start(first);
    std::int64_t read = -1;
    std::vector<SeriesPoint> points;
    for (std::int64_t start = first; start < last; start += width) {
        double observed = 0, expected = 0, upper = 0;
        std::int64_t seen = 0;
        for (std::int64_t m = start; m < start + width; ++m) {
            if (m / 60 != read) points = points_of(engine, span.stream, read = m / 60);
            SeriesPoint const& p = points[std::size_t(m % 60)];
            if (!p.covered) continue;
            ++seen;
            observed += double(p.observed);
            expected += double(p.expected);
            upper += double(p.upper);
        }
        // A step that was seen by half stands for itself; of less nothing is said.
        double const scale = 2 * seen >= width ? double(width) / double(seen) : std::nan("");
        curve.observed.push_back(observed * scale);
        curve.expected.push_back(expected * scale);
        curve.upper.push_back(upper * scale);
    }
    return curve;
}

// From an hour before its first surge to an hour after its last, and to its end if that is near.
void put_curves(ReportInput& in, Engine const& engine, WallTime now) {
    std::vector<SurgeSpan> whole;
    for (SurgeSpan const& s : surge_spans(in.events, now)) {
        auto const it = std::find_if(whole.begin(), whole.end(),
                                     [&](SurgeSpan const& w) { return w.stream == s.stream; });
        if (it == whole.end())
            whole.push_back(s);
        else
            it->to = std::max(it->to, s.to);
    }
    bool gone = false, cut = false;
    for (SurgeSpan& span : whole) {
        WallTime const closed = in.incident.closed;
        span.from -= kAround;
        span.to = std::min(span.to + kAround, now);
        if (closed != kNoTime && closed > span.to && closed - span.to < std::chrono::hours{24})
            span.to = std::min(closed + kAround / 4, now);
        cut = cut || span.to - span.from > kDrawn;
        span.to = std::min<WallTime>(span.to, span.from + kDrawn);
        ReportCurve curve = curve_of(engine, span);
        if (std::any_of(curve.observed.begin(), curve.observed.end(),
                        [](double v) { return std::isfinite(v); }))
            in.curves.push_back(std::move(curve));
        else
            gone = true;
    }
    auto const most = [](ReportCurve const& c) {
        double sum = 0;
        for (double const v : c.observed) sum += std::isfinite(v) ? v : 0;
        return sum;
    };
    std::stable_sort(in.curves.begin(), in.curves.end(),
                     [&](ReportCurve const& a, ReportCurve const& b) { return most(a) > most(b); });
    if (in.curves.size() > kReportCurves) {
        in.limits.push_back("Curves of " + number(in.curves.size() - kReportCurves) +
                            " further streams are not drawn.");
        in.curves.resize(kReportCurves);
    }
    if (gone && !in.incident.drill)
        in.limits.emplace_back(
            "Of some streams no minute is kept any more: curves go after 90 days.");
    if (cut) in.limits.emplace_back("Curves show its first two weeks.");
}

ReportSize size_of(Engine const& engine, Incident const& i, std::vector<Event> const& events,
                   WallTime now) {
    if (i.state == IncidentState::closed)
        if (auto kept = load_size(engine.blob(size_name(i.id)))) return *kept;
    return incident_size(engine, events, now);
}

void rank(ReportInput& in, Engine const& engine, WallTime now) {
    in.ranked_since = in.incident.opened;
    if (in.size.known) in.by_excess = {1, 1};
    if (in.size.peak > 0) in.by_peak = {1, 1};
    HistoryQuery query;
    query.brand = in.incident.brand;
    query.limit = kReportRanked;
    auto const past = history(engine, query);
    for (Incident const* i : past.items) {
        if (i->drill || i->id == in.incident.id) continue;
        auto const kept = load_size(engine.blob(size_name(i->id)));
        ReportSize const size =
            kept ? *kept : incident_size(engine, entries_of(engine, i->id).events, now);
        if (size.known || size.peak > 0) in.ranked_since = std::min(in.ranked_since, i->opened);
        if (size.known && in.size.known) {
            ++in.by_excess.of;
            in.by_excess.place += size.excess > in.size.excess ? 1 : 0;
        }
        if (size.peak > 0 && in.size.peak > 0) {
            ++in.by_peak.of;
            in.by_peak.place += size.peak > in.size.peak ? 1 : 0;
        }
    }
    if (!past.next.empty())
        in.limits.push_back("It is ranked among the newest " + number(kReportRanked) +
                            " incidents.");
}

void put_people(ReportInput& in, Engine const& engine) {
    if (People const* const book = engine.people(in.incident.id))
        in.people = report_people(engine, *book, in.incident, exporters::first_answer(in));
}

}  // namespace

std::optional<ReportInput> report_input(Engine const& engine, std::string const& id, WallTime now) {
    ReportInput in;
    Entries entries = entries_of(engine, id);
    in.events = std::move(entries.events);
    in.events_left_out = entries.left_out;
    Incident const* const known = engine.incident(id);
    if (known != nullptr) {
        in.incident = *known;
    } else {
        auto told = incident_retold(in.events);
        if (!told) return std::nullopt;
        in.incident = std::move(*told);
        in.limits.emplace_back(
            "The desk has forgotten it (keep_incidents): this is what the journal "
            "tells. Who made it and what it is like is known in part.");
    }
    in.made = now;
    in.external_url = engine.settings().server.external_url;
    if (BrandSettings const* const brand = engine.settings().brand(in.incident.brand))
        in.checklist = brand->rules.checklist;
    in.facts = engine.facts_of(in.incident);
    if (!in.incident.drill) {
        put_curves(in, engine, now);
        in.size = size_of(engine, in.incident, in.events, now);
        rank(in, engine, now);
        put_themes(in, engine);
        in.similar = similar_to(engine, in.incident);
    }
    if (in.facts)
        for (VisiblePost const& post : in.facts->visible) {
            auto shown = kept_post(engine, "", post.stream, post.key, post.at);
            shown.audience = post.audience;
            shown.reach = post.reach;
            shown.echoes = post.echoes;
            in.visible.push_back(std::move(shown));
        }
    put_people(in, engine);
    return in;
}

}  // namespace surged::daemon
