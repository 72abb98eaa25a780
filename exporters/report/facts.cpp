#include "exporters/report/facts.h"

#include "exporters/report/figures.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace surged::exporters {

using detectors::ClockKind;
using detectors::ClockState;
using detectors::Event;
using detectors::EventName;
using detectors::kNoTime;
using detectors::WallTime;

std::vector<ReportRun> runs_of(ReportInput const& in) {
    std::vector<ReportRun> runs{{1, in.incident.onset, in.incident.opened, "", kNoTime}};
    for (Event const& e : in.events) {
        if (e.name == EventName::incident_opened) {
            runs.back().told = e.at;
        } else if (e.name == EventName::incident_closed) {
            runs.back().closed = e.at;
        } else if (e.name == EventName::incident_reopened) {
            ReportRun run;
            run.number = runs.back().number + 1;
            // Who reopens by hand has no surge: the public's clock begins then.
            run.onset = e.by.empty() && e.onset != kNoTime ? e.onset : e.at;
            run.told = e.at;
            run.reason = e.by.empty() ? e.reason : "operator";
            runs.push_back(std::move(run));
        }
    }
    return runs;
}

std::string run_name(ReportRun const& run) {
    if (run.number == 1) return "First wave";
    if (run.reason == "second_wave") return run.number == 2 ? "Second wave" : "A further wave";
    if (run.reason == "long_tail") return "The long tail";
    return "Reopened by hand";
}

std::vector<ReportClock> clocks_of(ReportInput const& in, std::vector<ReportRun> const& runs) {
    std::vector<ReportClock> out;
    for (detectors::Clock const& c : in.incident.clocks) {
        int run = c.run;
        if (c.kind == ClockKind::acknowledge) {
            run = runs.front().number;
            for (ReportRun const& r : runs)
                if (c.start >= r.told) run = r.number;
        }
        out.push_back({&c, run});
    }
    std::stable_sort(out.begin(), out.end(), [](ReportClock const& a, ReportClock const& b) {
        return std::tuple(a.run, a.clock->kind, a.clock->start) <
               std::tuple(b.run, b.clock->kind, b.clock->start);
    });
    return out;
}

std::string clock_result(detectors::Clock const& c) {
    switch (c.state) {
        case ClockState::running: return "still running";
        case ClockState::breached: return "BREACHED: still open";
        case ClockState::met: return "met in time";
        case ClockState::met_late: return "met " + lasting(c.at - c.due) + " LATE";
        case ClockState::dropped: break;
    }
    bool const missed = c.at != kNoTime && c.due < c.at;
    return missed ? "BREACHED, never met" : "dropped: closed before it was due";
}

WallTime first_answer(ReportInput const& in) {
    WallTime first = kNoTime;
    for (detectors::Clock const& c : in.incident.clocks)
        if (c.kind == ClockKind::respond && c.run == 1 && c.at != kNoTime &&
            (c.state == ClockState::met || c.state == ClockState::met_late))
            if (first == kNoTime || c.at < first) first = c.at;
    if (first != kNoTime) return first;
    for (Event const& e : in.events)
        if (e.name == EventName::incident_responded || e.name == EventName::incident_resolved)
            return e.at;
    return kNoTime;
}

std::vector<ReportCheck> checks_of(ReportInput const& in) {
    std::vector<ReportCheck> out;
    for (std::string const& item : in.checklist) out.push_back({item, "", kNoTime, false});
    for (Event const& e : in.events) {
        if (e.name != EventName::incident_checked || e.item.empty()) continue;
        auto it = std::find_if(out.begin(), out.end(),
                               [&](ReportCheck const& c) { return c.item == e.item; });
        if (it == out.end()) it = out.insert(out.end(), {e.item, "", kNoTime, true});
        bool const done = e.done.value_or(true);
        it->by = done ? (e.by.empty() ? "somebody" : e.by) : "";
        it->at = done ? e.at : kNoTime;
    }
    // Taken back and in no list any more: nobody misses it.
    std::erase_if(out, [](ReportCheck const& c) { return c.retired && c.by.empty(); });
    return out;
}

std::vector<ReportAnswer> answers_of(ReportInput const& in) {
    std::vector<ReportAnswer> out;
    std::set<std::tuple<std::string, std::string, bool>> known;
    auto const add = [&](ReportAnswer answer) {
        if (known.insert({answer.platform, answer.link, answer.full}).second)
            out.push_back(std::move(answer));
    };
    for (detectors::Clock const& c : in.incident.clocks) {
        bool const met = c.state == ClockState::met || c.state == ClockState::met_late;
        if (met && c.kind != ClockKind::acknowledge)
            add({c.platform, c.link, c.by, c.at, c.kind == ClockKind::resolve});
    }
    for (auto const& post : in.incident.own_posts)
        if (post.answers) add({post.platform, post.url, "", post.at, false});
    std::stable_sort(out.begin(), out.end(),
                     [](ReportAnswer const& a, ReportAnswer const& b) { return a.at < b.at; });
    return out;
}

std::vector<Event const*> timeline_of(ReportInput const& in) {
    std::vector<Event const*> out;
    for (std::size_t i = 0; i < in.events.size(); ++i) {
        Event const& e = in.events[i];
        Event const* const next = i + 1 < in.events.size() ? &in.events[i + 1] : nullptr;
        bool const told_again = e.name == EventName::surge_started && next != nullptr &&
                                next->at == e.at && next->stream == e.stream &&
                                (next->name == EventName::incident_opened ||
                                 next->name == EventName::incident_reopened ||
                                 next->name == EventName::incident_stream_joined);
        if (!told_again) out.push_back(&e);
    }
    return out;
}

std::string source_of(Event const& e) {
    std::string const via = e.via.empty() ? "" : ", by " + e.via;
    switch (e.name) {
        case EventName::clock_warning:
        case EventName::clock_breached:
        case EventName::clock_dropped: return "deadline";
        case EventName::evidence_deleted:
        case EventName::evidence_edited: return "watch on posts";
        case EventName::incident_promotion_paused:
        case EventName::incident_promotion_resumed: return "surged";
        case EventName::incident_own_post: return "our account";
        default: break;
    }
    if (!e.by.empty()) return e.by + via;
    if (!e.via.empty()) return e.via;
    if (e.whose == "ours") return "our account";
    if (!e.stream.empty()) return "stream " + e.stream;
    return e.clock ? "deadline" : "surged";
}

Event const* closing_of(ReportInput const& in) {
    if (in.incident.state != detectors::IncidentState::closed) return nullptr;
    for (auto it = in.events.rbegin(); it != in.events.rend(); ++it)
        if (it->name == EventName::incident_closed) return &*it;
    return nullptr;
}

std::optional<int> tone_turn(ReportTone const& before, ReportTone const& after) {
    if (before.judged < kToneEnough || after.judged < kToneEnough) return std::nullopt;
    auto const share = [](ReportTone const& t) { return double(t.negative) / double(t.judged); };
    double const p = share(before), q = share(after);
    double const all =
        double(before.negative + after.negative) / double(before.judged + after.judged);
    double const error =
        std::sqrt(all * (1 - all) * (1 / double(before.judged) + 1 / double(after.judged)));
    if (std::abs(q - p) <= 2 * error) return 0;
    return q < p ? -1 : 1;
}

}  // namespace surged::exporters
