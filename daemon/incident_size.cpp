#include "daemon/incident_size.h"

#include "detectors/archive.h"

#include <algorithm>
#include <map>

namespace surged::daemon {

using namespace detectors;
using exporters::ReportSize;

namespace {
constexpr std::uint8_t kSizeVersion = 1;
}  // namespace

std::vector<SurgeSpan> surge_spans(std::vector<Event> const& events, WallTime now) {
    std::vector<SurgeSpan> out;
    std::map<std::string, std::size_t> run;  // of this run: stream -> its span
    std::map<std::string, bool> surging;
    for (Event const& e : events) {
        if (e.name == EventName::incident_closed) {
            for (auto const& [stream, i] : run)
                if (surging[stream]) out[i].to = e.at;
            run.clear();
            surging.clear();
        } else if (e.name == EventName::surge_started && e.kind != SurgeKind::unanswered) {
            WallTime const onset = e.onset == kNoTime ? e.at : e.onset;
            auto const [it, fresh] = run.emplace(e.stream, out.size());
            if (fresh) out.push_back({e.stream, e.platform, onset, now});
            out[it->second].from = std::min(out[it->second].from, onset);
            surging[e.stream] = true;
        } else if (e.name == EventName::surge_ended && run.contains(e.stream)) {
            out[run[e.stream]].to = e.at;
            surging[e.stream] = false;
        }
    }
    for (auto const& [stream, i] : run)
        if (surging[stream]) out[i].to = now;
    return out;
}

std::vector<SeriesPoint> points_of(Engine const& engine, std::string const& stream,
                                   std::int64_t hour) {
    if (StreamState const* const state = engine.stream(stream))
        return engine.series_hour(*state, hour);
    if (engine.store() != nullptr) {
        auto const stored = engine.store()->series(stream, hour, hour + 1);
        if (!stored.empty()) return series_points(stored.front().blob);
    }
    return series_points({});
}

ReportSize incident_size(Engine const& engine, std::vector<Event> const& events, WallTime now) {
    ReportSize size;
    for (Event const& e : events)
        if (e.ratio) size.peak = std::max(size.peak, *e.ratio);
    for (SurgeSpan const& span : surge_spans(events, now)) {
        std::int64_t const first = minute_index(span.from);
        std::int64_t const last =
            std::min(minute_index(span.to + kMinute - std::chrono::milliseconds{1}),
                     first + kSizeHours * 60);
        for (std::int64_t hour = first / 60; hour * 60 < last; ++hour) {
            auto const points = points_of(engine, span.stream, hour);
            for (std::int64_t m = std::max(first, hour * 60); m < std::min(last, hour * 60 + 60);
                 ++m) {
                SeriesPoint const& p = points[std::size_t(m - hour * 60)];
                ++(p.covered ? size.seen : size.unseen);
                if (p.covered) size.excess += double(p.observed) - double(p.expected);
            }
        }
    }
    size.excess = std::max(0.0, size.excess);
    size.known = size.seen > 0;
    return size;
}

std::string size_name(std::string const& incident) {
    return "size/" + incident;
}

std::string save_size(ReportSize const& size) {
    ReportSize s = size;
    ArchiveWriter w;
    std::uint8_t version = kSizeVersion;
    w(version, s.known, s.excess, s.peak, s.seen, s.unseen);
    return w.take();
}

std::optional<ReportSize> load_size(std::string_view blob) {
    ReportSize s;
    std::uint8_t version = 0;
    ArchiveReader r(blob);
    r(version, s.known, s.excess, s.peak, s.seen, s.unseen);
    if (version != kSizeVersion || !r.done()) return std::nullopt;
    return s;
}

}  // namespace surged::daemon
