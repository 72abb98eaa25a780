// The first paragraph, and how long everything took against what was allowed.
#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"
#include "exporters/report/document.h"
#include "exporters/report/facts.h"
#include "exporters/report/figures.h"

#include <algorithm>

namespace surged::exporters {

using detectors::Clock;
using detectors::clock_time;
using detectors::ClockKind;
using detectors::ClockState;
using detectors::Event;
using detectors::EventName;
using detectors::kNoTime;
using detectors::SurgeKind;
using detectors::WallTime;

namespace {

bool met(Clock const& c) {
    return c.state == ClockState::met || c.state == ClockState::met_late;
}

// Platforms in the order in which the public noticed.
std::vector<std::pair<std::string, WallTime>> platforms(ReportInput const& in) {
    std::vector<std::pair<std::string, WallTime>> out;
    for (auto const& s : in.incident.streams) {
        WallTime const since = s.since == WallTime{} ? s.onset : s.since;
        auto const it = std::find_if(out.begin(), out.end(),
                                     [&](auto const& p) { return p.first == s.platform; });
        if (it == out.end())
            out.emplace_back(s.platform, since);
        else
            it->second = std::min(it->second, since);
    }
    // A reopening moves `since` of its streams: the first surge of each stands in the journal.
    for (auto& [platform, since] : out)
        for (Event const& e : in.events)
            if (e.name == EventName::surge_started && e.platform == platform && e.onset != kNoTime)
                since = std::min(since, e.onset);
    std::stable_sort(out.begin(), out.end(),
                     [](auto const& a, auto const& b) { return a.second < b.second; });
    return out;
}

void beginning(Text& text, ReportInput const& in) {
    auto const where = platforms(in);
    WallTime const onset = in.incident.onset;
    bool const question =
        !in.incident.streams.empty() &&
        std::all_of(in.incident.streams.begin(), in.incident.streams.end(),
                    [](auto const& s) { return s.kind == SurgeKind::unanswered; });
    std::string const first = where.empty() ? "" : platform_name(where.front().first);
    if (in.incident.drill) {
        text.say("A surge of ").foreign(in.incident.brand).say(" on ").foreign(first);
        text.say(" was rehearsed from " + date_time(onset) + " on.");
    } else if (question) {
        text.say("A question under our own post on ").foreign(first);
        text.say(" had had no answer since " + date_time(onset) + ".");
    } else {
        text.say("Around " + date_time(onset) + " the mentions of ").foreign(in.incident.brand);
        text.say(" began to rise");
        if (!first.empty()) text.say(" on ").foreign(first);
        for (std::size_t i = 1; i < where.size(); ++i) {
            text.say(i == 1 ? "; " : ", ").foreign(platform_name(where[i].first));
            text.say(" followed at " + clock_time(where[i].second, onset));
        }
        text.say(".");
        if (in.size.peak > 0)
            text.say(" At the most they stood at " + times(in.size.peak) + " the usual.");
    }
    for (Event const& e : in.events)
        if (!web_link(e.origin).empty()) {
            text.say(" It began from ").link("our own post", e.origin).say(".");
            break;
        }
}

void noticing(Text& text, ReportInput const& in) {
    auto const& i = in.incident;
    text.say(" We knew at " + clock_time(i.opened, i.onset) + ", " + lasting(i.opened - i.onset) +
             (in.incident.drill ? " later" : " after the public noticed"));
    Event const* taken = nullptr;
    for (Event const& e : in.events)
        if (e.name == EventName::incident_acknowledged && taken == nullptr) taken = &e;
    if (taken == nullptr) {
        text.say("; nobody acknowledged it.");
        return;
    }
    text.say("; ").foreign(taken->by.empty() ? "somebody" : brief(taken->by, 100));
    text.say(" had it at " + clock_time(taken->at, i.onset) + ".");
}

// "on X after 39m (met in time), on Facebook never"
void answer(Text& text, ReportInput const& in, ClockKind kind, char const* what) {
    bool any = false, first = true;
    for (Clock const& c : in.incident.clocks) any = any || (c.kind == kind && c.run == 1);
    if (!any) return;
    text.say(std::string(" ") + what);
    for (Clock const& c : in.incident.clocks) {
        if (c.kind != kind || c.run != 1) continue;
        text.say(first ? " on " : ", on ").foreign(platform_name(c.platform));
        first = false;
        if (met(c))
            text.say(" after " + lasting(c.at - c.start) + " (" + clock_result(c) + ")");
        else
            text.say(in.incident.closed == kNoTime ? " not yet" : " never");
    }
    text.say(".");
}

void ending(Text& text, ReportInput const& in) {
    auto const& i = in.incident;
    for (ReportRun const& run : runs_of(in)) {
        if (run.number == 1) continue;
        std::string const since = clock_time(run.onset, i.onset);
        text.strong(run.reason == "second_wave" ? " A second wave began at " + since + "."
                    : run.reason == "long_tail" ? " It came back at " + since + "."
                                                : " It was reopened by hand at " + since + ".");
    }
    if (in.size.known)
        text.say(" In all about " +
                 plural(std::uint64_t(in.size.excess + 0.5), "mention", "mentions") +
                 " more than usual were written.");
    if (i.closed == kNoTime) {
        text.strong(" It is not closed.");
        return;
    }
    text.say(" It was closed at " + clock_time(i.closed, i.onset));
    Event const* const closed = closing_of(in);
    if (closed != nullptr && !closed->by.empty())
        text.say(" by ").foreign(brief(closed->by, 100));
    else if (closed != nullptr && closed->reason == "quiet")
        text.say(" by itself, because it had been quiet");
    text.say(".");
}

std::string_view clock_name(ClockKind kind) {
    switch (kind) {
        case ClockKind::acknowledge: return "Acknowledge";
        case ClockKind::respond: return "First public answer";
        case ClockKind::resolve: break;
    }
    return "Full public answer";
}

// How long it took, or has lasted: an open deadline is not a short one.
std::string took(Clock const& c, WallTime now) {
    if (met(c)) return lasting(c.at - c.start);
    if (is_open(c)) return lasting(now - c.start) + " so far";
    return "\xE2\x80\x93";
}

Text done(Clock const& c, WallTime beside) {
    Text text;
    if (!met(c))
        return text.say((c.due < c.at || c.state == ClockState::breached ? "was due " : "due ") +
                        clock_time(c.due, beside));
    text.say(clock_time(c.at, beside));
    if (!c.by.empty()) text.say(", ").foreign(brief(c.by, 100));
    if (!web_link(c.link).empty()) text.say(", ").link("answer", c.link);
    return text;
}

Text result(Clock const& c) {
    Text text;
    std::string const words = clock_result(c);
    return c.state == ClockState::met || c.state == ClockState::running ? text.say(words)
                                                                        : text.strong(words);
}

}  // namespace

Section what_happened(ReportInput const& in) {
    Section out{"what", "What happened", {}};
    Text text;
    if (in.incident.drill) text.strong("This was a drill: nothing happened in public. ");
    beginning(text, in);
    noticing(text, in);
    bool const drill = in.incident.drill;
    answer(text, in, ClockKind::respond,
           drill ? "The first word was given" : "The public had a first word from us");
    answer(text, in, ClockKind::resolve,
           drill ? "The full answer was given" : "It had the full answer");
    ending(text, in);
    out.paragraph(std::move(text));
    if (auto const url = web_link(in.external_url); !url.empty())
        out.paragraph(
            Text().link("This incident in the console", url + "incidents/" + in.incident.id));
    return out;
}

Section deadlines(ReportInput const& in) {
    Section out{"deadlines", "How long it took", {}};
    auto const runs = runs_of(in);
    auto const clocks = clocks_of(in, runs);
    std::vector<std::vector<Text>> rows;
    std::size_t on_time = 0, late = 0, never = 0;
    for (ReportRun const& run : runs) {
        std::string const wave = run_name(run);
        rows.push_back({wave, "Detect", "all", lasting(run.told - run.onset), "\xE2\x80\x93",
                        "told", clock_time(run.told, in.incident.onset)});
        for (ReportClock const& rc : clocks) {
            if (rc.run != run.number) continue;
            Clock const& c = *rc.clock;
            rows.push_back({wave, clock_name(c.kind), Text().foreign(platform_name(c.platform)),
                            took(c, in.made), lasting(c.due - c.start), result(c),
                            done(c, in.incident.onset)});
            on_time += c.state == ClockState::met ? 1 : 0;
            late += c.state == ClockState::met_late ? 1 : 0;
            never += c.state == ClockState::breached ||
                             (c.state == ClockState::dropped && c.at != kNoTime && c.due < c.at)
                         ? 1
                         : 0;
        }
    }
    std::vector<std::string> head{"Wave",    "What",   "Platform",     "Took",
                                  "Allowed", "Result", "When, by whom"};
    if (runs.size() == 1) {  // of one wave nothing is told by its name
        head.erase(head.begin());
        for (auto& row : rows) row.erase(row.begin());
    }
    out.paragraph(plural(clocks.size(), "deadline", "deadlines") + ": " + std::to_string(on_time) +
                  " met in time, " + std::to_string(late) + " met late, " + std::to_string(never) +
                  " breached and never met. Answers count from when the public noticed (unless the "
                  "policy says otherwise), "
                  "the acknowledgement from when we were told.");
    out.table(std::move(head), std::move(rows));
    return out;
}

}  // namespace surged::exporters
