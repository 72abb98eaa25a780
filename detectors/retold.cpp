#include "detectors/retold.h"

#include <algorithm>

namespace surged::detectors {
namespace {

class Retelling {
public:
    void hear(Event const& e) {
        if (incident.id.empty() && e.name != EventName::incident_opened &&
            e.name != EventName::surge_started)
            return;
        if (incident.id.empty()) begin(e);
        incident.last_at = std::max(incident.last_at, e.at);
        if (e.severity) incident.severity = std::max(incident.severity, *e.severity);
        if (e.composition) incident.composition = e.composition;
        if (e.return_days) incident.return_days = e.return_days;
        if (e.doubling) incident.doubling = e.doubling;
        if (e.late) incident.late = true;
        happen(e);
        for (ClockView const& c : e.clocks) take_clock(c, e);
        if (e.clock) take_clock(*e.clock, e);
    }
    Incident incident;
    bool opened = false;

private:
    void begin(Event const& e) {
        incident.id = e.incident;
        incident.brand = e.brand;
        incident.drill = e.drill;
        incident.opened = e.at;
        incident.onset = run_onset_ = e.onset;
    }

    void happen(Event const& e) {
        switch (e.name) {
            case EventName::incident_opened:
                opened = true;
                surge(e);
                break;
            case EventName::incident_reopened:
                reopen(e);
                surge(e);
                break;
            case EventName::surge_started:
            case EventName::surge_grown:
            case EventName::incident_stream_joined: surge(e); break;
            case EventName::surge_ended:
                if (IncidentStream* s = stream(e.stream)) s->surging = false;
                incident.last_surge_end = e.at;
                break;
            case EventName::incident_acknowledged:
                incident.owner = e.by;
                incident.acknowledged_at = e.at;
                raise(IncidentState::acknowledged);
                break;
            case EventName::incident_unacknowledged:
                incident.owner.clear();
                incident.acknowledged_at = kNoTime;
                if (incident.state == IncidentState::acknowledged)
                    incident.state = IncidentState::open;
                break;
            case EventName::incident_responded:
                raise(IncidentState::responded);
                own_post(e, true);
                break;
            case EventName::incident_resolved: raise(IncidentState::resolved); break;
            case EventName::incident_own_post: own_post(e, false); break;
            case EventName::incident_closed:
                incident.state = IncidentState::closed;
                incident.closed = e.at;
                incident.verdict = e.verdict;
                for (auto& s : incident.streams) s.surging = false;
                break;
            case EventName::incident_promotion_paused: incident.paused = true; break;
            case EventName::incident_promotion_resumed: incident.paused = false; break;
            default: break;
        }
    }

    void reopen(Event const& e) {
        incident.state = IncidentState::open;
        incident.closed = incident.acknowledged_at = kNoTime;
        incident.reopened = e.at;
        incident.verdict.clear();
        incident.owner.clear();
        incident.run += 1;
        run_onset_ = e.by.empty() ? e.onset : e.at;
    }

    void surge(Event const& e) {
        if (e.stream.empty()) return;  // an operator reopened it
        IncidentStream* s = stream(e.stream);
        if (s == nullptr) {
            incident.streams.push_back({e.stream, e.platform, e.onset});
            s = &incident.streams.back();
            s->since = e.onset;
        }
        if (e.observed) s->observed = *e.observed;
        if (e.expected) s->expected = *e.expected;
        if (e.ratio) s->ratio = *e.ratio;
        if (e.kind) s->kind = *e.kind;
        if (e.window) s->window = *e.window;
        s->surging = true;
        if (e.name == EventName::surge_grown || e.onset == kNoTime) return;
        s->onset = e.onset;
        incident.onset = std::min(incident.onset, e.onset);
    }

    void own_post(Event const& e, bool answers) {
        if (e.mention.empty()) return;
        auto const known = std::find_if(
            incident.own_posts.begin(), incident.own_posts.end(),
            [&](auto const& p) { return p.platform == e.platform && p.id == e.mention; });
        if (known != incident.own_posts.end()) {
            known->answers = known->answers || answers;
        } else if (incident.own_posts.size() < Incident::kOwnPosts) {
            OwnPostSeen post;
            post.platform = e.platform;
            post.id = e.mention;
            post.url = e.link;
            post.at = e.at;
            post.answers = answers;
            incident.own_posts.push_back(std::move(post));
        }
    }

    void take_clock(ClockView const& c, Event const& e) {
        auto known =
            std::find_if(incident.clocks.begin(), incident.clocks.end(), [&](auto const& k) {
                return k.platform == c.platform && k.kind == c.kind && k.run == c.run;
            });
        if (known == incident.clocks.end()) {
            if (incident.clocks.size() >= Incident::kClocks) return;
            Clock fresh;
            fresh.platform = c.platform;
            fresh.kind = c.kind;
            fresh.run = c.run;
            bool const its_surge = e.platform == c.platform && e.onset != kNoTime &&
                                   e.name != EventName::incident_reopened;
            fresh.start = c.kind == ClockKind::acknowledge ? e.at
                          : its_surge                      ? e.onset
                                                           : run_onset_;
            known = incident.clocks.insert(incident.clocks.end(), std::move(fresh));
        }
        known->due = c.due;
        known->state = c.state;
        known->at = c.at;
        known->by = c.by;
        known->link = c.link;
    }

    void raise(IncidentState to) { incident.state = std::max(incident.state, to); }
    IncidentStream* stream(std::string const& name) {
        auto const it = std::find_if(incident.streams.begin(), incident.streams.end(),
                                     [&](IncidentStream const& s) { return s.name == name; });
        return it == incident.streams.end() ? nullptr : &*it;
    }

    WallTime run_onset_{};
};

}  // namespace

std::optional<Incident> incident_retold(std::vector<Event> const& events) {
    Retelling retelling;
    for (Event const& e : events) retelling.hear(e);
    if (!retelling.opened) return std::nullopt;
    return std::move(retelling.incident);
}

}  // namespace surged::detectors
