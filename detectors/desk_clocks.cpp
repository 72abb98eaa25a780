// What happens by itself: clocks, the ladder, the end of an acknowledgement, the quiet end.
#include "detectors/desk.h"
#include "detectors/desk_parts.h"
#include "detectors/desk_text.h"

#include <algorithm>

namespace surged::detectors {
namespace {

Clock* find_clock(Incident& incident, std::string const& platform, ClockKind kind, int run) {
    auto const it = std::find_if(
        incident.clocks.begin(), incident.clocks.end(),
        [&](Clock const& c) { return c.platform == platform && c.kind == kind && c.run == run; });
    return it == incident.clocks.end() ? nullptr : &*it;
}

Clock const* clock_of(Incident const& incident, Rung const& rung) {
    for (Clock const& c : incident.clocks)
        if (c.platform == rung.platform && c.kind == rung.step.clock && c.run == rung.run)
            return &c;
    return nullptr;
}

// A rung notifies while what it waits for has not happened.
bool stands(Incident const& incident, Rung const& rung) {
    if (rung.next == kNoTime) return false;
    if (rung.platform.empty()) return incident.acknowledged_at == kNoTime;
    Clock const* c = clock_of(incident, rung);
    return c != nullptr && is_open(*c);
}

WallTime instant_of(EscalationStep const& step, Clock const& c) {
    if (step.before) return c.due - *step.before;
    auto const span = std::chrono::duration<double, std::milli>(c.due - c.start);
    return c.start +
           std::chrono::round<std::chrono::milliseconds>(span * step.at_share.value_or(1));
}

void limit_clocks(Incident& incident) {
    while (incident.clocks.size() > Incident::kClocks) {
        auto const it = std::find_if(incident.clocks.begin(), incident.clocks.end(),
                                     [](Clock const& c) { return !is_open(c); });
        if (it == incident.clocks.end()) return;
        incident.clocks.erase(it);
    }
}

}  // namespace

void Desk::want_clocks(Incident& incident, std::string const& platform, Policy const& policy,
                       WallTime onset, WallTime now) {
    WallTime const public_start = policy.from_onset ? onset : now;
    auto const [asked, first] = incident.asked.emplace(platform, onset);
    if (!first) asked->second = std::min(asked->second, onset);
    if (incident.acknowledged_at == kNoTime) {
        // A reopening starts no new run of it: nobody took the first one back.
        if (incident.reopened == kNoTime || incident.acknowledge_from >= incident.reopened)
            want_clock(incident, platform, ClockKind::acknowledge, incident.acknowledge_run,
                       incident.acknowledge_from, policy);
    } else if (policy.acknowledge_expires) {
        incident.expires.emplace(platform, now + *policy.acknowledge_expires);
        watch_acknowledgement(incident);
    }
    if (!incident.answered.contains(platform))
        want_clock(incident, platform, ClockKind::respond, incident.run, public_start, policy);
    // A full answer that is still owed stays due when it was.
    bool const owed =
        std::any_of(incident.clocks.begin(), incident.clocks.end(), [&](Clock const& c) {
            return c.platform == platform && c.kind == ClockKind::resolve && c.run < incident.run &&
                   is_open(c);
        });
    if (!owed)
        want_clock(incident, platform, ClockKind::resolve, incident.run, public_start, policy);
    limit_clocks(incident);
}

void Desk::want_clock(Incident& incident, std::string const& platform, ClockKind kind, int run,
                      WallTime start, Policy const& policy) {
    auto const limit = policy.limit(kind);
    if (!limit) return;
    Clock* clock = find_clock(incident, platform, kind, run);
    if (clock == nullptr)
        clock =
            &incident.clocks.emplace_back(start_clock(platform, kind, run, start, *limit, policy));
    else if (!bring_forward(*clock, start, *limit, policy))
        return;
    for (std::uint32_t i = 0; i < rules_.escalation.size(); ++i) {
        EscalationStep const& step = rules_.escalation[i];
        if (step.clock != kind) continue;
        auto const known = std::find_if(
            incident.rungs.begin(), incident.rungs.end(),
            [&](Rung const& r) { return r.index == i && r.platform == platform && r.run == run; });
        WallTime const at = instant_of(step, *clock);
        if (known == incident.rungs.end())
            incident.rungs.push_back({step, i, platform, run, at, false});
        else if (!known->climbed)
            known->next = std::min(known->next, at);
    }
}

// The `after` rungs of the ladder, from its foot.
void Desk::add_rungs(Incident& incident, WallTime from) {
    std::erase_if(incident.rungs,
                  [&](Rung const& r) { return r.platform.empty() || !stands(incident, r); });
    for (std::uint32_t i = 0; i < rules_.escalation.size(); ++i) {
        EscalationStep const& step = rules_.escalation[i];
        if (step.after) incident.rungs.push_back({step, i, "", 1, from + *step.after, false});
    }
}

// What was past already when its clock was made: in the journal, not sent apart.
std::vector<Notice> Desk::ring_on_arrival(Incident& incident, WallTime now) {
    std::vector<Notice> arrived;
    // A question is told late by its nature: what was over when it was told is no crisis yet.
    bool const questions =
        std::all_of(incident.streams.begin(), incident.streams.end(),
                    [](IncidentStream const& s) { return s.kind == SurgeKind::unanswered; });
    for (Clock& clock : incident.clocks) {
        if (clock.state != ClockState::running) continue;
        while (auto const rang = ring(clock, now)) {
            bool const breach = rang->what == Ring::What::breach;
            if (breach && !questions) incident.severity = Severity::critical;
            clock.on_arrival = breach;
            Notice notice;
            notice.event =
                event(incident, breach ? EventName::clock_breached : EventName::clock_warning, now);
            notice.event.platform = clock.platform;
            notice.event.clock = view(clock);
            notice.event.on_arrival = true;
            notice.event.summary = summary_of(incident, notice.event);
            arrived.push_back(std::move(notice));
        }
    }
    return arrived;
}

std::optional<Desk::Pending> Desk::pending(Incident const& incident) const {
    Pending first;
    auto const offer = [&](Pending::What what, std::size_t index, WallTime at) {
        // At one instant: clocks, then the ladder that speaks of them, the quiet end last.
        if (at != kNoTime && (first.at == kNoTime || at < first.at)) first = {what, index, at};
    };
    for (std::size_t i = 0; i < incident.clocks.size(); ++i)
        offer(Pending::What::ring, i, next_ring(incident.clocks[i]));
    offer(Pending::What::expiry, 0, incident.acknowledge_expires);
    for (std::size_t i = 0; i < incident.rungs.size(); ++i)
        if (stands(incident, incident.rungs[i]))
            offer(Pending::What::rung, i, incident.rungs[i].next);
    offer(Pending::What::close, 0, quiet_at(incident));
    return first.at == kNoTime ? std::nullopt : std::optional(first);
}

void Desk::happen(Incident& incident, Pending const& what, WallTime now, std::vector<Notice>& out) {
    WallTime const at = std::min(now, std::max(what.at, incident.last_at));
    switch (what.what) {
        case Pending::What::ring:
            ring_clock(incident, incident.clocks[what.index], now, out);
            break;
        case Pending::What::rung: climb(incident, incident.rungs[what.index], now, out); break;
        case Pending::What::expiry: expire(incident, at, out); break;
        case Pending::What::close: {
            Event closed = event(incident, EventName::incident_closed, at);
            closed.reason = "quiet";
            close(incident, std::move(closed), out);
            break;
        }
    }
}

void Desk::ring_clock(Incident& incident, Clock& clock, WallTime now, std::vector<Notice>& out) {
    auto const rang = ring(clock, now);
    if (!rang) return;
    bool const warning = rang->what == Ring::What::warning;
    if (rang->what == Ring::What::breach) incident.severity = Severity::critical;
    WallTime const at = std::min(now, std::max(rang->at, incident.last_at));
    Event e = event(incident, warning ? EventName::clock_warning : EventName::clock_breached, at);
    e.platform = clock.platform;
    e.clock = view(clock);
    if (rang->what != Ring::What::repeat) {
        say(incident, std::move(e), out);
        return;
    }
    // The page of the breach again, with what is due by now.
    e.on_arrival = clock.on_arrival;
    e.summary = summary_of(incident, e);
    Notice notice;
    add_each_once(notice.to, receivers(Moment::breached));
    notice.event = std::move(e);
    notice.journal = false;
    notice.repeat_of = clock_key(clock);
    out.push_back(std::move(notice));
}

void Desk::climb(Incident& incident, Rung& rung, WallTime now, std::vector<Notice>& out) {
    WallTime const due = rung.next;
    rung.climbed = true;
    rung.next = kNoTime;
    if (rung.step.repeat && rung.step.repeat->count() > 0)
        rung.next = due + ((now - due) / *rung.step.repeat + 1) * *rung.step.repeat;
    Notice notice;
    notice.journal = false;
    notice.repeat_of = "escalation/" + std::to_string(rung.index);
    WallTime const at = std::min(now, std::max(due, incident.last_at));
    Clock const* clock = rung.platform.empty() ? nullptr : clock_of(incident, rung);
    if (clock != nullptr) notice.repeat_of += "/" + clock_key(*clock);
    if (clock != nullptr && (clock->warned != 0 || clock->state == ClockState::breached)) {
        bool const breached = clock->state == ClockState::breached;
        notice.event =
            event(incident, breached ? EventName::clock_breached : EventName::clock_warning, at);
        notice.event.platform = clock->platform;
        notice.event.clock = view(*clock);
        notice.event.on_arrival = breached && clock->on_arrival;
    } else {
        bool const again = incident.reopened != kNoTime;
        notice.event =
            page(incident, again ? EventName::incident_reopened : EventName::incident_opened,
                 incident.streams.front(), at);
        notice.event.clocks = views(incident);
    }
    notice.event.summary = summary_of(incident, notice.event);
    add_each_once(notice.to, rung.step.notify);
    add_each_once(incident.told, notice.to);
    out.push_back(std::move(notice));
}

// The instant the acknowledgement is taken back: the earliest of the platforms whose public still
// waits.
void Desk::watch_acknowledgement(Incident& incident) {
    incident.acknowledge_expires = kNoTime;
    if (incident.acknowledged_at == kNoTime) return;
    for (auto const& [platform, at] : incident.expires) {
        if (incident.answered.contains(platform)) continue;
        if (incident.acknowledge_expires == kNoTime || at < incident.acknowledge_expires)
            incident.acknowledge_expires = at;
    }
}

void Desk::acknowledge(Incident& incident, std::string const& by, WallTime now) {
    incident.acknowledged_at = now;
    incident.owner = by;
    incident.state = std::max(incident.state, IncidentState::acknowledged);
    for (IncidentStream const& s : incident.streams) {
        auto const after = role(s.name).policy.acknowledge_expires;
        if (!after) continue;
        auto const [it, fresh] = incident.expires.emplace(s.platform, now + *after);
        if (!fresh) it->second = std::min(it->second, now + *after);
    }
    watch_acknowledgement(incident);
}

void Desk::expire(Incident& incident, WallTime at, std::vector<Notice>& out) {
    Event e = event(incident, EventName::incident_unacknowledged, at);
    e.by = incident.owner;
    incident.owner.clear();
    incident.acknowledged_at = incident.acknowledge_expires = kNoTime;
    incident.expires.clear();
    if (incident.state == IncidentState::acknowledged) incident.state = IncidentState::open;
    incident.acknowledge_run += 1;
    incident.acknowledge_from = at;
    for (IncidentStream const& s : incident.streams)
        if (!incident.answered.contains(s.platform))
            want_clock(incident, s.platform, ClockKind::acknowledge, incident.acknowledge_run, at,
                       role(s.name).policy);
    limit_clocks(incident);
    add_rungs(incident, at);
    e.clocks = views(incident);
    say(incident, std::move(e), out);
}

// When it closes by itself; kNoTime while a surge goes on. A running clock will come due at `due`
// at the latest.
WallTime Desk::quiet_at(Incident const& incident) const {
    WallTime last = std::max({incident.opened, incident.reopened, incident.last_surge_end});
    for (IncidentStream const& s : incident.streams)
        if (s.surging && rules_.streams.contains(s.name)) return kNoTime;
    for (Clock const& c : incident.clocks) {
        bool const ended = c.state != ClockState::running && c.state != ClockState::breached;
        last = std::max(last, ended ? c.at : c.due);
    }
    return last + rules_.close_after;
}

void Desk::close(Incident& incident, Event closed, std::vector<Notice>& out) {
    for (Clock& c : incident.clocks) {
        if (!is_open(c)) continue;
        drop(c, closed.at);
        Event e = event(incident, EventName::clock_dropped, closed.at);
        e.platform = c.platform;
        e.clock = view(c);
        say(incident, std::move(e), out);
    }
    pause_promotion(incident, false, closed.at, out);
    incident.state = IncidentState::closed;
    incident.closed = closed.at;
    incident.verdict = closed.verdict;
    incident.rungs.clear();
    incident.expires.clear();
    incident.acknowledge_expires = kNoTime;
    incident.recheck = false;
    keep_largest_conversations(incident);
    find_open();
    closed.clocks = views(incident);
    say(incident, std::move(closed), out);
}

bool Desk::meet_clocks(Incident& incident, ClockKind kind, std::string const& platform,
                       Event const& word, WallTime when, std::vector<Notice>& out) {
    bool any = false;
    for (Clock& c : incident.clocks) {
        if (c.kind != kind || !is_open(c)) continue;
        if (!platform.empty() && c.platform != platform) continue;
        meet(c, when, word.by, word.link);
        Event e = word;
        e.name = EventName::clock_met;
        e.platform = c.platform;
        e.clock = view(c);
        // Who was told that it was over is told that it was met: a pager keeps the breach open.
        bool const late = c.state == ClockState::met_late;
        say(incident, std::move(e), out,
            late ? receivers(Moment::breached) : std::vector<std::string>{});
        any = true;
    }
    return any;
}

}  // namespace surged::detectors
