// The desk to bytes and back.
#include "detectors/archive.h"
#include "detectors/desk.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 2;  // 1: without what is known of the beginnings

}  // namespace

template <typename A>
void archive(A& a, Clock& c) {
    a(c.platform, c.kind, c.run, c.start, c.due, c.state, c.at, c.by, c.link, c.warned,
      c.next_repeat, c.warn_times, c.repeat_every, c.on_arrival);
}

template <typename A>
void archive(A& a, IncidentStream& s) {
    a(s.name, s.platform, s.onset, s.observed, s.expected, s.ratio, s.surging, s.kind, s.window);
}

template <typename A>
void archive(A& a, OwnPostSeen& p) {
    a(p.platform, p.id, p.url, p.at, p.answers, p.in_reply_to, p.quotes, p.conversation);
}

template <typename A>
void archive(A& a, Desk::Begun& b) {
    a(b.targets, b.urls, b.told);
}

template <typename A>
void archive(A& a, EscalationStep& s) {
    a(s.after, s.at_share, s.before, s.clock, s.repeat, s.notify);
}

template <typename A>
void archive(A& a, Rung& r) {
    a(r.step, r.index, r.platform, r.run, r.next, r.climbed);
}

template <typename A>
void archive(A& a, Composition& c) {
    a(c.kind, c.authors, c.top_author, c.reposts, c.copies, c.new_accounts);
}

template <typename A>
void archive(A& a, std::pair<std::string, WallTime>& p) {
    a(p.first, p.second);
}

template <typename A>
void archive(A& a, Incident& i) {
    a(i.id, i.brand, i.state, i.severity, i.drill, i.opened, i.closed, i.onset);
    a(i.acknowledged_at, i.acknowledge_expires, i.last_surge_end, i.owner, i.run);
    a(i.streams, i.clocks, i.own_posts, i.checked, i.told);
    a(i.conversations, i.mentions, i.origin, i.rungs);
    a(i.composition, i.return_days, i.doubling, i.verdict);
    a(i.asked, i.answers_from, i.reopened, i.last_at, i.acknowledge_run, i.acknowledge_from);
    a(i.answered, i.expires, i.recheck, i.paused, i.late);
}

namespace {

// What a blob of this version can hold: enumerations in range, one open incident of each sort.
bool sane(std::vector<Incident> const& incidents) {
    int open[2] = {0, 0};
    for (Incident const& i : incidents) {
        if (i.state > IncidentState::closed || i.severity > Severity::critical) return false;
        if (i.streams.empty()) return false;
        for (Clock const& c : i.clocks)
            if (c.kind > ClockKind::resolve || c.state > ClockState::dropped) return false;
        for (IncidentStream const& s : i.streams)
            if (s.kind > SurgeKind::unanswered) return false;
        if (i.state != IncidentState::closed) ++open[i.drill ? 1 : 0];
    }
    return open[0] <= 1 && open[1] <= 1;
}

}  // namespace

std::string Desk::save() const {
    Desk copy = *this;  // the archive takes what it could also read into
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    w(version, copy.incidents_, copy.opened_on_, copy.recent_, copy.begun_);
    return w.take();
}

bool Desk::restore(std::string_view blob) {
    std::uint32_t version = 0;
    std::vector<Incident> incidents;
    std::map<std::string, int> opened_on;
    std::vector<OwnPostSeen> recent;
    ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version < 1 || version > kVersion) return false;
    r(incidents, opened_on, recent);
    std::map<std::string, Begun> begun;
    if (version >= 2) r(begun);
    if (!r.done() || !sane(incidents)) return false;
    incidents_ = std::move(incidents);
    opened_on_ = std::move(opened_on);
    recent_ = std::move(recent);
    begun_ = std::move(begun);
    find_open();
    return true;
}

}  // namespace surged::detectors
