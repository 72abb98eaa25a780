#include "detectors/desk_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace surged::detectors {
namespace {

using std::chrono::floor;
using std::chrono::seconds;

std::string number(double v) {
    std::array<char, 40> text{};
    auto const [end, ec] =
        std::to_chars(text.data(), text.data() + text.size(), rounded(v), std::chars_format::fixed);
    return ec == std::errc{} ? std::string(text.data(), end) : "many";
}

std::string what(ClockKind kind, std::string const& platform) {
    switch (kind) {
        case ClockKind::acknowledge: return "acknowledge";
        case ClockKind::respond: return "first public answer on " + platform;
        case ClockKind::resolve: return "full answer on " + platform;
    }
    return "";
}

// What nobody has done about a breached clock.
std::string lack(ClockView const& c) {
    switch (c.kind) {
        case ClockKind::acknowledge: return "nobody has acknowledged";
        case ClockKind::respond: return "no public answer on " + c.platform;
        case ClockKind::resolve: return "no full answer on " + c.platform;
    }
    return "";
}

std::string by_when(WallTime due, WallTime at) {
    return "by " + clock_time(due, at) + " (in " + human_duration(floor<seconds>(due - at)) + ")";
}

// The overdue ones, then the earliest deadline of each kind that still runs.
std::string next(Incident const& incident, WallTime at) {
    std::vector<Clock const*> overdue;
    std::array<Clock const*, 3> running{};
    for (Clock const& c : incident.clocks) {
        if (c.state == ClockState::breached) overdue.push_back(&c);
        if (c.state != ClockState::running) continue;
        Clock const*& first = running.at(std::size_t(c.kind));
        if (first == nullptr || c.due < first->due) first = &c;
    }
    std::stable_sort(running.begin(), running.end(), [](Clock const* a, Clock const* b) {
        return a != nullptr && (b == nullptr || a->due < b->due);
    });
    std::string text;
    auto const add = [&](std::string const& part) { text += (text.empty() ? "" : ", ") + part; };
    for (Clock const* c : overdue)
        add(what(c->kind, c->platform) + " overdue since " + clock_time(c->due, at));
    for (Clock const* c : running)
        if (c != nullptr) add(what(c->kind, c->platform) + " " + by_when(c->due, at));
    return text;
}

// Who and what, when it is no ordinary crowd.
std::string makeup(Event const& e) {
    if (!e.composition || e.composition->kind.empty() || e.composition->kind == "organic")
        return "";
    return e.composition->kind == "flood" ? ", looks like a flood"
                                          : ", mostly carried on by reposts";
}

std::string surge(Event const& e) {
    if (e.kind == SurgeKind::unanswered)
        return "a question under our own post has had no answer since " + clock_time(e.onset, e.at);
    // What was counted: each channel's own (judge.h).
    std::string text =
        number(e.observed.value_or(0)) + (e.kind == SurgeKind::breadth ? " people or posts"
                                          : e.kind == SurgeKind::tone  ? " negative mentions"
                                                                       : " mentions");
    if (e.window) text += " in " + duration_text(*e.window);
    if (e.expected) text += ", " + number(*e.expected) + " expected";
    if (e.ratio) text += " (" + number(*e.ratio) + "x)";
    text += ", since " + clock_time(e.onset, e.at);
    if (e.doubling) text += ", doubling every " + human_duration(*e.doubling);
    text += makeup(e);
    return e.origin.empty() ? text : text + "; it began with our own post " + e.origin;
}

std::string by(Event const& e) {
    return e.by.empty() ? "" : " by " + e.by;
}

std::string closing(Event const& e) {
    if (e.reason == "quiet") return "closed: it has been quiet, and no deadline is running";
    return "closed" + by(e) + (e.verdict.empty() ? "" : ", verdict " + e.verdict);
}

std::string met(ClockView const& c, Event const& e) {
    bool const late = c.state == ClockState::met_late;
    std::string text =
        what(c.kind, c.platform) + ": done" + by(e) + " at " + clock_time(c.at, e.at);
    return text +
           (late ? ", " + human_duration(floor<seconds>(c.at - c.due)) + " late" : ", in time");
}

std::string clock_text(Event const& e) {
    ClockView const& c = *e.clock;
    switch (e.name) {
        case EventName::clock_warning:
            if (c.due <= e.at) return what(c.kind, c.platform) + ": its warning came late";
            return what(c.kind, c.platform) + " due " + by_when(c.due, e.at);
        case EventName::clock_breached:
            return lack(c) + ": it was due at " + clock_time(c.due, e.at);
        case EventName::clock_met: return met(c, e);
        default: return what(c.kind, c.platform) + ": dropped, the incident closed first";
    }
}

// The middle of the line: what happened, without the next deadline.
std::string body(Event const& e) {
    switch (e.name) {
        case EventName::surge_started:
        case EventName::incident_opened: return surge(e);
        case EventName::surge_grown: return "grown: " + surge(e);
        case EventName::surge_ended: return "the surge of " + e.stream + " has ended";
        case EventName::incident_stream_joined: return e.stream + " joined: " + surge(e);
        case EventName::incident_reopened:
            if (!e.by.empty()) return "reopened" + by(e);
            return "reopened (" + (e.note.empty() ? e.reason : e.note) + "): " + surge(e);
        case EventName::incident_acknowledged: return "acknowledged" + by(e);
        case EventName::incident_unacknowledged:
            return "the acknowledgement" + by(e) + " ran out without a public answer";
        case EventName::incident_responded: return "the public has had a first answer" + by(e);
        case EventName::incident_resolved: return "the public has had the full answer" + by(e);
        case EventName::incident_closed: return closing(e);
        case EventName::incident_note: return "note" + by(e) + ": " + e.note;
        case EventName::incident_checked:
            return std::string(e.done.value_or(true) ? "done" : "not done") + by(e) + ": " + e.item;
        case EventName::incident_own_post: return "we posted on " + e.platform + ": an answer?";
        case EventName::evidence_deleted:
        case EventName::evidence_edited:
            return std::string(e.whose == "ours" ? "one of our posts" : "a post of theirs") +
                   " was " + (e.name == EventName::evidence_deleted ? "deleted" : "edited") + ": " +
                   (e.link.empty() ? e.mention : e.link);
        case EventName::incident_promotion_paused: return "pause promotion";
        case EventName::incident_promotion_resumed: return "promotion may go on";
        default: return e.clock ? clock_text(e) : std::string(to_string(e.name));
    }
}

}  // namespace

std::string clock_time(WallTime t, WallTime beside) {
    std::string const text = rfc3339(t);  // 2026-03-01T12:17:00Z
    std::string const time = text.substr(11, 5) + " UTC";
    bool const same_day = floor<std::chrono::days>(t) == floor<std::chrono::days>(beside);
    return same_day ? time : text.substr(0, 10) + " " + time;
}

std::string summary_of(Incident const& incident, Event const& e, bool late_page) {
    std::string line = incident.drill ? "DRILL " : "";
    line += incident.brand;
    std::string const& platform = e.clock ? e.clock->platform : e.platform;
    if (!platform.empty()) line += " on " + platform;
    line += ", " + std::string(to_string(incident.severity)) + ": ";
    if (late_page) {
        auto const ago = floor<std::chrono::minutes>(e.at - e.onset).count();
        line += "late: the public noticed " + std::to_string(ago) + " minutes ago; ";
    }
    line += body(e);
    if (incident.state == IncidentState::closed) return line;
    // A surge is told before its clocks are made: it has nothing to say of deadlines then.
    std::string const deadlines = next(incident, e.at);
    if (!deadlines.empty()) return line + "; " + deadlines;
    bool const surge_begins = e.name == EventName::surge_started && incident.clocks.empty();
    return surge_begins ? line : line + "; no deadline is running";
}

}  // namespace surged::detectors
