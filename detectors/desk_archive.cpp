// The desk to bytes and back.
#include "detectors/archive.h"
#include "detectors/desk.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 2;

// What version 2 added to an incident; version 1 had its conversations by name.
struct More {
    std::map<std::string, std::map<ConversationKey, std::uint32_t>> conversations;
    std::vector<WallTime> since;  // of each stream
    std::optional<SurgeFacts> facts;
    double doubling_error = 0;
    std::vector<std::uint64_t> links, copies;
};

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
void archive(A& a, std::pair<std::string, double>& p) {
    a(p.first, p.second);
}

template <typename A>
void archive(A& a, VisiblePost& v) {
    a(v.stream, v.key, v.at, v.audience, v.echoes, v.reach);
}

template <typename A>
void archive(A& a, SurgeFacts& f) {
    a(f.composition, f.mentions, f.organic, f.error, f.languages, f.visible, f.links, f.copies,
      f.told);
}

template <typename A>
void archive(A& a, More& m) {
    a(m.conversations, m.since, m.facts, m.doubling_error, m.links, m.copies);
}

template <typename A>
void archive(A& a, Incident& i) {
    a(i.id, i.brand, i.state, i.severity, i.drill, i.opened, i.closed, i.onset);
    a(i.acknowledged_at, i.acknowledge_expires, i.last_surge_end, i.owner, i.run);
    a(i.streams, i.clocks, i.own_posts, i.checked, i.told);
    std::map<std::string, std::map<std::string, std::uint32_t>> named;  // by version 1
    a(named, i.mentions, i.origin, i.rungs);
    for (auto const& [platform, table] : named)
        for (auto const& [id, n] : table) i.conversations[platform][id] += n;
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

bool take(std::vector<Incident>& incidents, std::vector<More>& more) {
    if (more.size() != incidents.size()) return false;
    for (std::size_t n = 0; n < more.size(); ++n) {
        Incident& i = incidents[n];
        More& m = more[n];
        if (m.since.size() != i.streams.size()) return false;
        for (std::size_t s = 0; s < m.since.size(); ++s) i.streams[s].since = m.since[s];
        i.conversations = std::move(m.conversations);
        i.facts = std::move(m.facts);
        i.doubling_error = m.doubling_error;
        i.links = std::move(m.links);
        i.copies = std::move(m.copies);
    }
    return true;
}

}  // namespace

std::string Desk::save() const {
    Desk copy = *this;  // the archive takes what it could also read into
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    std::vector<More> more;
    for (Incident& i : copy.incidents_) {
        More& m = more.emplace_back();
        m.conversations = std::move(i.conversations);
        for (IncidentStream const& s : i.streams) m.since.push_back(s.since);
        m.facts = std::move(i.facts);
        m.doubling_error = i.doubling_error;
        m.links = std::move(i.links);
        m.copies = std::move(i.copies);
    }
    w(version, copy.incidents_, copy.opened_on_, copy.recent_, more, copy.begun_);
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
    std::vector<More> more;
    std::map<std::string, Begun> begun;
    if (version > 1) r(more, begun);
    if (!r.done() || !sane(incidents) || (version > 1 && !take(incidents, more))) return false;
    incidents_ = std::move(incidents);
    opened_on_ = std::move(opened_on);
    recent_ = std::move(recent);
    begun_ = std::move(begun);
    find_open();
    return true;
}

}  // namespace surged::detectors
