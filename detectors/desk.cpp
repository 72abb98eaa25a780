#include "detectors/desk.h"

#include "detectors/desk_parts.h"
#include "detectors/desk_text.h"

#include <algorithm>
#include <array>

namespace surged::detectors {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"open", "acknowledged", "responded",
                                                     "resolved", "closed"};

// Whoever was told of an incident is told of these without being named.
bool goes_to_all_told(EventName name) {
    return name == EventName::incident_acknowledged || name == EventName::incident_unacknowledged ||
           name == EventName::incident_resolved || name == EventName::incident_closed;
}

}  // namespace

std::string_view to_string(IncidentState state) {
    return kStates.at(std::size_t(state));
}

Desk::Desk(BrandRules rules) : rules_(std::move(rules)) {}

Incident const* Desk::find(std::string_view id) const {
    auto const it = std::find_if(incidents_.rbegin(), incidents_.rend(),
                                 [&](Incident const& i) { return i.id == id; });
    return it == incidents_.rend() ? nullptr : &*it;
}

Incident const* Desk::current(bool drill) const {
    auto const& at = open_.at(drill ? 1 : 0);
    return at ? &incidents_.at(*at) : nullptr;
}

Incident* Desk::open_incident(bool drill) {
    auto const& at = open_.at(drill ? 1 : 0);
    return at ? &incidents_.at(*at) : nullptr;
}

// The open incident or the newest closed one that has this stream: a surge may outlive both.
Incident* Desk::newest_with(std::string const& stream, bool drill) {
    auto const has = [&](Incident const& i) {
        return i.drill == drill &&
               std::any_of(i.streams.begin(), i.streams.end(),
                           [&](IncidentStream const& s) { return s.name == stream; });
    };
    if (Incident* open = open_incident(drill); open != nullptr && has(*open)) return open;
    auto const it = std::find_if(incidents_.rbegin(), incidents_.rend(), has);
    return it == incidents_.rend() ? nullptr : &*it;
}

void Desk::find_open() {
    open_ = {};
    for (std::size_t i = 0; i < incidents_.size(); ++i)
        if (incidents_[i].state != IncidentState::closed) open_.at(incidents_[i].drill ? 1 : 0) = i;
}

void Desk::forget_closed_before(WallTime t) {
    std::erase_if(incidents_, [&](Incident const& i) {
        return i.state == IncidentState::closed && i.closed < t;
    });
    find_open();
    forget_begun();
}

void Desk::set_rules(BrandRules rules) {
    rules_ = std::move(rules);
}

// A stream that a reload took away while its surge was on its way has no deadlines any more.
StreamRole const& Desk::role(std::string const& stream) const {
    static StreamRole const gone{};
    auto const it = rules_.streams.find(stream);
    return it == rules_.streams.end() ? gone : it->second;
}

Event Desk::event(Incident const& incident, EventName name, WallTime at) const {
    Event e;
    e.name = name;
    e.at = at;
    e.incident = incident.id;
    e.brand = rules_.name;
    e.drill = incident.drill;
    e.onset = incident.onset;
    e.severity = incident.severity;
    e.plan_url = rules_.plan_url;
    return e;
}

std::vector<std::string> Desk::receivers(Moment moment) const {
    if (moment == Moment::none) return {};
    auto it = rules_.notify.find(moment);
    // A reopening is a page: a list that forgets it must not make the second wave a silent one.
    if (it == rules_.notify.end() && moment == Moment::reopened)
        it = rules_.notify.find(Moment::opened);
    return it == rules_.notify.end() ? std::vector<std::string>{} : it->second;
}

void Desk::say(Incident& incident, Event e, std::vector<Notice>& out,
               std::vector<std::string> const& besides) {
    Notice notice;
    add_each_once(notice.to, receivers(moment_of(e.name)));
    add_each_once(notice.to, besides);
    if (goes_to_all_told(e.name)) add_each_once(notice.to, incident.told);
    // Who only holds campaigns back is told of nothing else.
    bool const to_people = e.name != EventName::incident_promotion_paused &&
                           e.name != EventName::incident_promotion_resumed;
    if (to_people) add_each_once(incident.told, notice.to);
    if (e.summary.empty()) e.summary = summary_of(incident, e);
    incident.last_at = std::max(incident.last_at, e.at);
    notice.event = std::move(e);
    out.push_back(std::move(notice));
}

void Desk::tick(WallTime now, std::vector<Notice>& out) {
    advance(now, out);
}

void Desk::advance(WallTime now, std::vector<Notice>& out) {
    for (;;) {
        Incident* first = nullptr;
        std::optional<Pending> what;
        for (bool const drill : {false, true}) {
            Incident* incident = open_incident(drill);
            if (incident == nullptr) continue;
            if (incident->recheck) {
                auto const p = pending(*incident);
                WallTime const before = p && p->at < now ? std::max(p->at, incident->last_at) : now;
                recheck(*incident, std::min(before, now), out);
            }
            auto const p = pending(*incident);
            if (p && p->at <= now && (!what || p->at < what->at)) {
                first = incident;
                what = p;
            }
        }
        if (first == nullptr) return;
        happen(*first, *what, now, out);
    }
}

WallTime Desk::next_due() const {
    WallTime next = kNoTime;
    for (bool const drill : {false, true}) {
        Incident const* incident = current(drill);
        if (incident == nullptr) continue;
        auto const p = pending(*incident);
        if (p && (next == kNoTime || p->at < next)) next = p->at;
    }
    return next;
}

}  // namespace surged::detectors
