#include "detectors/silences.h"

#include "detectors/archive.h"
#include "detectors/desk_parts.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 1;

Heard refuse(Refusal refusal, std::string detail) {
    return {refusal, std::move(detail)};
}

bool never_held(EventName name) {
    switch (name) {
        case EventName::silence_started:
        case EventName::silence_ended:
        case EventName::config_reloaded:
        case EventName::incident_promotion_paused:
        case EventName::incident_promotion_resumed: return true;
        default: return false;
    }
}

// A page that tells of a breach: its own, or the one that was past when the incident opened.
bool tells_breach(Event const& e) {
    switch (e.name) {
        case EventName::clock_breached: return true;
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::incident_stream_joined:
            return std::any_of(e.clocks.begin(), e.clocks.end(),
                               [](ClockView const& c) { return c.state == ClockState::breached; });
        default: return false;
    }
}

// The streams that must all be silenced for this page to be held; none: only a silence of the
// whole brand holds it.
std::vector<std::string> concerned(Event const& e, Incident const* incident) {
    if (!e.stream.empty()) return {e.stream};
    std::vector<std::string> out;
    if (incident == nullptr) return out;
    for (IncidentStream const& s : incident->streams)
        if (!e.clock || s.platform == e.clock->platform) out.push_back(s.name);
    return out;
}

void add_held(HeldBack& to, HeldBack const& from) {
    for (auto const& [name, n] : from.events) to.events[name] += n;
    add_each_once(to.receivers, from.receivers);
}

// Under its incident, or under "" when there are too many to tell apart.
HeldBack& slot(Silence& silence, std::string const& incident) {
    bool const room =
        silence.holding.size() < Silences::kIncidents || silence.holding.contains(incident);
    return silence.holding[room ? incident : std::string{}];
}

}  // namespace

template <typename A>
void archive(A& a, HeldBack& h) {
    a(h.events, h.receivers);
}

template <typename A>
void archive(A& a, Silence& s) {
    a(s.id, s.brand, s.stream, s.from, s.until, s.by, s.via, s.why, s.breaches, s.ended, s.held,
      s.holding);
}

Heard Silences::add(SilenceWanted const& in, WallTime now, std::string& id) {
    auto const missing = [](char const* what) {
        return refuse(Refusal::unprocessable, std::string("`") + what);
    };
    if (in.brand.empty()) return missing("brand` is required: whose pages?");
    if (in.by.empty()) return missing("by` is required: who says so?");
    if (in.why.empty()) return missing("why` is required: whoever is not paged will ask");
    if (in.by.size() > kText || in.why.size() > kText)
        return refuse(Refusal::unprocessable, "`by` or `why` is too long");
    if (in.span.count() <= 0 || in.span > kLongest)
        return missing("for` must be a duration such as 2h, of at most a year");
    auto const active =
        std::count_if(silences_.begin(), silences_.end(), [](auto const& s) { return !s.ended; });
    if (std::size_t(active) >= kActive)
        return refuse(Refusal::conflict,
                      std::to_string(kActive) + " silences are active: let some of them end");
    Silence& s = silences_.emplace_back();
    s.id = "silence-" + std::to_string(next_++);
    s.brand = in.brand;
    s.stream = in.stream;
    s.from = now;
    s.until = now + in.span;
    s.by = in.by;
    s.via = in.via;
    s.why = in.why;
    s.breaches = in.breaches;
    id = s.id;
    return {};
}

Heard Silences::expire(std::string_view id, WallTime now) {
    for (Silence& s : silences_) {
        if (s.id != id) continue;
        if (!s.ended) s.until = std::min(s.until, now);
        return {};
    }
    return refuse(Refusal::not_found, "there is no silence '" + std::string(id) + "'");
}

// Every one of the streams (none: the brand as a whole) is under a silence that holds breaches, if
// that is asked. The one that ends last, or null.
Silence const* Silences::covering(std::string const& brand, std::vector<std::string> const& streams,
                                  bool breach) const {
    auto const speaks = [&](Silence const& s) {
        return !s.ended && s.brand == brand && (!breach || s.breaches);
    };
    Silence const* last = nullptr;
    auto const later = [&](Silence const& s) {
        if (last == nullptr || s.until > last->until) last = &s;
    };
    for (Silence const& s : silences_)
        if (speaks(s) && s.stream.empty()) later(s);
    if (last != nullptr || streams.empty()) return last;
    for (std::string const& stream : streams) {
        bool covered = false;
        for (Silence const& s : silences_) {
            if (!speaks(s) || s.stream != stream) continue;
            covered = true;
            later(s);
        }
        if (!covered) return nullptr;
    }
    return last;
}

Silence const* Silences::holder(Event const& event, Incident const* incident) const {
    if (silences_.empty() || event.brand.empty() || never_held(event.name)) return nullptr;
    return covering(event.brand, concerned(event, incident), tells_breach(event));
}

bool Silences::hushed(Incident const& incident) const {
    if (silences_.empty()) return false;
    std::vector<std::string> streams;
    for (IncidentStream const& s : incident.streams) streams.push_back(s.name);
    bool const breach =
        std::any_of(incident.clocks.begin(), incident.clocks.end(), [](Clock const& c) {
            return c.state == ClockState::breached || c.state == ClockState::met_late;
        });
    Silence const* const s = covering(incident.brand, streams, breach);
    return s != nullptr && std::max(incident.opened, incident.reopened) >= s->from;
}

void Silences::hold(Silence const& silence, Event const& event,
                    std::vector<std::string> const& receivers) {
    for (Silence& s : silences_) {
        if (s.id != silence.id) continue;
        ++s.held;
        HeldBack& held = slot(s, event.incident);
        ++held.events[std::string(to_string(event.name))];
        add_each_once(held.receivers, receivers);
    }
}

std::vector<Silence> Silences::take_ended(WallTime now, FindIncident const& find) {
    std::vector<Silence> out;
    for (Silence& s : silences_) {
        if (s.ended || s.until > now) continue;
        s.ended = true;
        out.push_back(s);
        s.holding.clear();
    }
    for (Silence& over : out) {
        for (auto it = over.holding.begin(); it != over.holding.end();) {
            std::vector<std::string> streams;
            if (!over.stream.empty()) streams = {over.stream};
            if (Incident const* incident = it->first.empty() ? nullptr : find(it->first)) {
                streams.clear();
                for (IncidentStream const& s : incident->streams) streams.push_back(s.name);
            }
            Silence const* const still = covering(over.brand, streams, false);
            if (still == nullptr) {
                ++it;
                continue;
            }
            for (Silence& s : silences_)
                if (s.id == still->id) add_held(slot(s, it->first), it->second);
            it = over.holding.erase(it);
        }
    }
    for (auto ended = std::count_if(silences_.begin(), silences_.end(),
                                    [](Silence const& s) { return s.ended; });
         std::size_t(ended) > kEnded; --ended)
        silences_.erase(std::find_if(silences_.begin(), silences_.end(),
                                     [](Silence const& s) { return s.ended; }));
    return out;
}

WallTime Silences::next_due() const {
    WallTime due = kNoTime;
    for (Silence const& s : silences_)
        if (!s.ended && (due == kNoTime || s.until < due)) due = s.until;
    return due;
}

Silence const* Silences::find(std::string_view id) const {
    for (Silence const& s : silences_)
        if (s.id == id) return &s;
    return nullptr;
}

std::string Silences::save() const {
    Silences copy = *this;  // the archive takes what it could also read into
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    w(version, copy.silences_, copy.next_);
    return w.take();
}

bool Silences::restore(std::string_view blob) {
    std::uint32_t version = 0;
    std::vector<Silence> silences;
    std::uint64_t next = 1;
    ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(silences, next);
    if (!r.done()) return false;
    silences_ = std::move(silences);
    next_ = next;
    return true;
}

std::string held_words(HeldBack const& held) {
    std::uint64_t all = 0;
    std::string names;
    for (auto const& [name, n] : held.events) {
        all += n;
        names += (names.empty() ? "" : ", ") + (n == 1 ? "" : std::to_string(n) + " ") + name;
    }
    return std::to_string(all) + (all == 1 ? " page held: " : " pages held: ") + names;
}

}  // namespace surged::detectors
