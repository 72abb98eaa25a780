// What operators say, by whichever way: taken, or refused with the reason.
#include "detectors/answer_link.h"
#include "detectors/desk.h"
#include "detectors/desk_parts.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace surged::detectors {
namespace {

constexpr std::array<std::string_view, 7> kActions = {"acknowledge", "respond", "resolve", "close",
                                                      "reopen",      "note",    "check"};
constexpr std::size_t kLongestName = 200, kLongestNote = 10'000;  // a person typed it

Heard refuse(Refusal refusal, std::string detail) {
    return {refusal, std::move(detail)};
}
Heard unprocessable(std::string detail) {
    return refuse(Refusal::unprocessable, std::move(detail));
}
Heard conflict(std::string detail) {
    return refuse(Refusal::conflict, std::move(detail));
}

// Faults of the word itself, whatever the incident's state.
Heard faults(OperatorWord const& in) {
    if (in.by.empty()) return unprocessable("`by` is required: who says so?");
    if (in.by.size() > kLongestName) return unprocessable("`by` is too long");
    if (in.note.size() > kLongestNote) return unprocessable("`note` is too long");
    if (!in.link.empty() && !is_link(in.link))
        return unprocessable("`link` must be an http or https URL");
    if (in.action == Action::respond && in.link.empty())
        return unprocessable("respond needs a `link` to the public answer");
    if (in.action == Action::note && in.note.empty() && in.link.empty())
        return unprocessable("a note needs a `note` or a `link`");
    if (in.action == Action::close && !in.verdict.empty() && in.verdict != "real" &&
        in.verdict != "false" && in.verdict != "expected")
        return unprocessable("`verdict` must be real, false or expected");
    return {};
}

struct Targets {
    Heard fault;
    std::vector<std::string> platforms;
};

// For the platform of the link's host or of `platform`; else for every platform of the incident.
Targets targets(Incident const& incident, OperatorWord const& in) {
    std::string const host(platform_of_link(in.link));
    if (!in.platform.empty() && !is_platform_of(incident, in.platform))
        return {unprocessable("the incident is not on '" + in.platform + "'"), {}};
    if (!host.empty() && is_platform_of(incident, host)) {
        if (!in.platform.empty() && in.platform != host)
            return {unprocessable("the link is on " + host + ", not on " + in.platform), {}};
        return {{}, {host}};
    }
    if (!in.platform.empty()) return {{}, {in.platform}};
    if (!host.empty())
        return {unprocessable("the link is on " + host +
                              ", where the incident is not: name the `platform` it answers"),
                {}};
    return {{}, platforms_of(incident)};
}

bool knows_link(Incident const& incident, std::string const& link) {
    return link.empty() || std::any_of(incident.clocks.begin(), incident.clocks.end(),
                                       [&](Clock const& c) { return c.link == link; });
}

}  // namespace

std::string_view to_string(Action action) {
    return kActions.at(std::size_t(action));
}

std::optional<Action> action_of(std::string_view word) {
    if (word == "ack") return Action::acknowledge;
    for (std::size_t i = 0; i < kActions.size(); ++i)
        if (kActions.at(i) == word) return Action(i);
    return std::nullopt;
}

Heard Desk::apply(OperatorWord const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    auto const it = std::find_if(incidents_.rbegin(), incidents_.rend(),
                                 [&](Incident const& i) { return i.id == in.incident; });
    if (it == incidents_.rend())
        return refuse(Refusal::not_found, "no incident '" + in.incident + "'");
    if (Heard fault = faults(in); fault.refusal != Refusal::none) return fault;
    bool const closed = it->state == IncidentState::closed;
    if (closed && in.action <= Action::close) return conflict(it->id + " is closed");
    if (!closed && in.action == Action::reopen) return conflict(it->id + " is not closed");
    Heard heard = hear(*it, in, now, out);
    advance(now, out);
    return heard;
}

Heard Desk::hear(Incident& incident, OperatorWord const& in, WallTime now,
                 std::vector<Notice>& out) {
    Event word = event(incident, EventName::incident_note, now);
    word.by = in.by;
    word.via = in.via;
    word.note = in.note;
    word.link = in.link;
    switch (in.action) {
        case Action::acknowledge: return hear_acknowledge(incident, std::move(word), out);
        case Action::respond: return hear_respond(incident, in, std::move(word), out);
        case Action::resolve: return hear_resolve(incident, in, std::move(word), out);
        case Action::close:
            word.name = EventName::incident_closed;
            word.verdict = in.verdict;
            close(incident, std::move(word), out);
            return {};
        case Action::reopen: return hear_reopen(incident, std::move(word), out);
        case Action::note: say(incident, std::move(word), out); return {};
        case Action::check: return hear_check(incident, in, std::move(word), out);
    }
    return {};
}

Heard Desk::hear_acknowledge(Incident& incident, Event word, std::vector<Notice>& out) {
    if (incident.acknowledged_at != kNoTime) return {};  // twice is once
    acknowledge(incident, word.by, word.at);
    meet_clocks(incident, ClockKind::acknowledge, "", word, word.at, out);
    word.name = EventName::incident_acknowledged;
    word.clocks = views(incident);
    say(incident, std::move(word), out);
    return {};
}

// An answer that changes no clock is still news if it is another one.
void Desk::note_answer(Incident& incident, Event word, std::vector<Notice>& out) {
    if (!knows_link(incident, word.link)) say(incident, std::move(word), out);
}

Heard Desk::hear_respond(Incident& incident, OperatorWord const& in, Event word,
                         std::vector<Notice>& out) {
    Targets const to = targets(incident, in);
    if (to.fault.refusal != Refusal::none) return to.fault;
    bool news = false;
    for (std::string const& platform : to.platforms) {
        news = news || !incident.answered.contains(platform);
        answer(incident, platform, word, word.at, out);
    }
    if (!news)
        note_answer(incident, std::move(word), out);
    else
        say_responded(incident, word, out);
    return {};
}

// With a link it is an answer too, for the platforms that the link answers. When no platform waits
// for its first word any more, the full answer holds for all of them, unless one was named.
Heard Desk::hear_resolve(Incident& incident, OperatorWord const& in, Event word,
                         std::vector<Notice>& out) {
    Targets to = targets(incident, in);
    if (to.fault.refusal != Refusal::none) return to.fault;
    if (in.link.empty() && has_open(incident, ClockKind::respond))
        return conflict("the public has had no answer yet: resolve needs a `link` to it");
    bool news = false;
    for (std::string const& platform : to.platforms) {
        news = news || !incident.answered.contains(platform);
        answer(incident, platform, word, word.at, out);
    }
    bool const waiting = has_open(incident, ClockKind::respond);
    if (!waiting && in.platform.empty()) to.platforms = platforms_of(incident);
    for (std::string const& platform : to.platforms)
        if (meet_clocks(incident, ClockKind::resolve, platform, word, word.at, out)) news = true;
    bool const whole = !waiting && !has_open(incident, ClockKind::resolve);
    if (whole && incident.state < IncidentState::resolved) {
        incident.state = IncidentState::resolved;
        word.name = EventName::incident_resolved;
        word.clocks = views(incident);
        say(incident, std::move(word), out);
    } else if (news) {
        say_responded(incident, word, out);
    } else {
        note_answer(incident, std::move(word), out);
    }
    return {};
}

Heard Desk::hear_reopen(Incident& incident, Event word, std::vector<Notice>& out) {
    if (Incident const* other = current(incident.drill); other != nullptr)
        return conflict(other->id + " is open: while it is, everything of the brand joins it");
    WallTime const now = word.at;
    reopen(incident, now, now);
    for (IncidentStream const& s : incident.streams)
        want_clocks(incident, s.platform, role(s.name).policy, now, now);
    add_rungs(incident, now);
    word.reason = "operator";
    open_page(incident, EventName::incident_reopened, std::move(word), now, out);
    pause_promotion(incident, true, now, out);
    return {};
}

// `item`: its number, from 1, or its text.
Heard Desk::hear_check(Incident& incident, OperatorWord const& in, Event word,
                       std::vector<Notice>& out) {
    auto const& list = rules_.checklist;
    int number = 0;
    auto const [end, ec] = std::from_chars(in.item.data(), in.item.data() + in.item.size(), number);
    if (ec != std::errc{} || end != in.item.data() + in.item.size())
        number = int(std::find(list.begin(), list.end(), in.item) - list.begin()) + 1;
    if (number < 1 || std::size_t(number) > list.size())
        return unprocessable("no item '" + in.item + "' in the checklist");
    if (incident.checked.contains(number) == in.done) return {};
    if (in.done)
        incident.checked[number] = {in.by, word.at};
    else
        incident.checked.erase(number);
    word.name = EventName::incident_checked;
    word.item = list[std::size_t(number) - 1];
    word.done = in.done;
    say(incident, std::move(word), out);
    return {};
}

}  // namespace surged::detectors
