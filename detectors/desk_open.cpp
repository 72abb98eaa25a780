// How incidents begin, grow and end: surges.
#include "detectors/desk.h"
#include "detectors/desk_parts.h"
#include "detectors/desk_text.h"
#include "detectors/likeness.h"

#include <algorithm>
#include <cmath>

namespace surged::detectors {
namespace {

// A closed incident that comes back within this is its second wave, later its long tail.
constexpr std::chrono::hours kSecondWave{7 * 24};

IncidentStream* find_stream(Incident& incident, std::string const& name) {
    auto const it = std::find_if(incident.streams.begin(), incident.streams.end(),
                                 [&](IncidentStream const& s) { return s.name == name; });
    return it == incident.streams.end() ? nullptr : &*it;
}

WallTime onset_of(Verdict const& v, WallTime now) {
    return v.onset == kNoTime ? now : std::min(v.onset, now);
}

// The figures of the surge; its onset stays as it was when it was told.
void take_figures(IncidentStream& s, Verdict const& v) {
    s.observed = v.surge_observed;
    s.expected = v.surge_expected;
    s.ratio = v.ratio;
    s.kind = v.kind;
    s.window = v.window;
}

// Everybody has been answered, and nobody has closed it yet.
bool has_its_answer(Incident const& incident) {
    return !incident.drill && (incident.state == IncidentState::responded ||
                               incident.state == IncidentState::resolved);
}

WallTime last_answer(Incident const& incident) {
    WallTime last = incident.opened;
    for (auto const& [platform, at] : incident.answered) last = std::max(last, at);
    return last;
}

bool shares_conversation(Incident const& incident, std::string const& platform,
                         std::vector<ConversationKey> const& conversations) {
    auto const known = incident.conversations.find(platform);
    return known != incident.conversations.end() &&
           std::any_of(conversations.begin(), conversations.end(),
                       [&](ConversationKey const& c) { return known->second.contains(c); });
}

// Links and copies are the same on every platform.
bool shares_marks(Incident const& incident, SurgeFacts const& facts) {
    auto const holds = [](std::vector<std::uint64_t> const& all, std::uint64_t one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    };
    for (std::uint64_t const link : facts.links)
        if (holds(incident.links, link)) return true;
    for (std::uint64_t const copy : facts.copies)
        for (std::uint64_t const known : incident.copies)
            if (near_copies(copy, known)) return true;
    return false;
}

void keep_marks(std::vector<std::uint64_t>& known, std::vector<std::uint64_t> const& fresh,
                std::vector<std::uint64_t> const& usual) {
    for (std::uint64_t const mark : fresh)
        if (known.size() < Incident::kMarks &&
            !std::binary_search(usual.begin(), usual.end(), mark) &&
            std::find(known.begin(), known.end(), mark) == known.end())
            known.push_back(mark);
}

}  // namespace

template <typename Surge>
void Desk::take_evidence(Incident& incident, Surge const& in, bool raise_word) const {
    if (in.composition) incident.composition = in.composition;
    if (in.facts) incident.facts = in.facts;
    if (in.doubling || in.facts) {  // one that grows no more has no doubling time
        incident.doubling = in.doubling;
        incident.doubling_error = in.doubling_error;
    }
    if (in.verdict.return_days > 0) incident.return_days = in.verdict.return_days;
    bool const flood = incident.composition && incident.composition->kind == "flood";
    if (raise_word || (in.verdict.critical && !(flood && rules_.flood_is_warning)))
        incident.severity = Severity::critical;
}

std::string Desk::new_id(bool drill, WallTime now) {
    std::string day = rfc3339(now).substr(0, 10);
    std::erase(day, '-');
    std::string name = rules_.name;
    std::replace(name.begin(), name.end(), ' ', '-');
    int& count = opened_on_[drill ? day + "-drill" : day];
    std::string id;
    do {
        id = name + "-" + day + "-" + std::to_string(++count) + (drill ? "-drill" : "");
    } while (find(id) != nullptr);
    while (opened_on_.size() > kDays) opened_on_.erase(opened_on_.begin());
    return id;
}

Incident& Desk::create(SurgeStarted const& in, WallTime now) {
    Incident incident;
    incident.id = new_id(in.drill, now);
    incident.brand = rules_.name;
    incident.drill = in.drill;
    incident.late = in.late;
    incident.opened = incident.acknowledge_from = incident.last_at = now;
    incident.onset = incident.answers_from = onset_of(in.verdict, now);
    incidents_.push_back(std::move(incident));
    find_open();
    return incidents_.back();
}

Incident* Desk::to_reopen(SurgeStarted const& in, WallTime now) {
    if (in.drill) return nullptr;
    std::string const& platform = role(in.stream).platform;
    auto const it = std::find_if(incidents_.rbegin(), incidents_.rend(), [&](Incident const& i) {
        return !i.drill && i.state == IncidentState::closed &&
               now - i.closed <= rules_.watch_after &&
               (shares_conversation(i, platform, in.conversations) ||
                (in.facts && shares_marks(i, *in.facts)));
    });
    return it == incidents_.rend() ? nullptr : &*it;
}

void Desk::reopen(Incident& incident, WallTime from, WallTime now) {
    incident.state = IncidentState::open;
    incident.closed = kNoTime;
    incident.verdict.clear();
    incident.owner.clear();
    incident.acknowledged_at = kNoTime;
    incident.run += 1;
    incident.reopened = now;
    incident.answers_from = from;
    incident.answered.clear();
    incident.asked.clear();
    // The new run must have room for its own.
    if (auto& posts = incident.own_posts; posts.size() > Incident::kOwnPosts / 2)
        posts.erase(posts.begin(), posts.end() - Incident::kOwnPosts / 2);
    find_open();
}

Event Desk::page(Incident const& incident, EventName name, IncidentStream const& s,
                 WallTime at) const {
    Event e = event(incident, name, at);
    e.stream = s.name;
    e.platform = s.platform;
    e.kind = s.kind;
    e.onset = s.onset;
    e.observed = s.observed;
    // A rule or a question has no expectation; a ratio to nothing says nothing.
    if (s.kind != SurgeKind::unanswered) e.expected = s.expected;
    if (s.expected > 0 && std::isfinite(s.ratio)) e.ratio = s.ratio;
    if (s.window.count() > 0) e.window = s.window;
    e.return_days = incident.return_days;
    e.doubling = incident.doubling;
    e.composition = incident.composition;
    e.origin = origin_link(incident, s.platform);
    return e;
}

// The page of an opening, reopening or joining: it carries what was past when its clocks were made.
void Desk::open_page(Incident& incident, EventName name, Event e, WallTime now,
                     std::vector<Notice>& out) {
    std::vector<Notice> const arrived = ring_on_arrival(incident, now);
    e.name = name;
    e.severity = incident.severity;
    e.clocks = views(incident);
    e.summary = summary_of(incident, e, !arrived.empty());
    std::vector<std::string> besides;
    if (!arrived.empty()) besides = receivers(Moment::breached);
    say(incident, std::move(e), out, besides);
    out.insert(out.end(), arrived.begin(), arrived.end());
}

void Desk::pause_promotion(Incident& incident, bool pause, WallTime at, std::vector<Notice>& out) {
    if (incident.drill || incident.paused == pause) return;
    if (pause && rules_.pause_promotion.empty()) return;
    incident.paused = pause;
    Event e = event(
        incident,
        pause ? EventName::incident_promotion_paused : EventName::incident_promotion_resumed, at);
    say(incident, std::move(e), out, rules_.pause_promotion);
}

void Desk::apply(SurgeStarted const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    WallTime const onset = onset_of(in.verdict, now);
    EventName name = EventName::incident_stream_joined;
    std::string reason;
    Incident* incident = open_incident(in.drill);
    bool const was_open = incident != nullptr;
    if (was_open) {
        IncidentStream const* const known = find_stream(*incident, in.stream);
        if (has_its_answer(*incident) && known != nullptr && !known->surging &&
            onset >= last_answer(*incident)) {
            name = EventName::incident_reopened;
            reason = "second_wave";
            reopen(*incident, onset, now);
        }
    } else {
        incident = to_reopen(in, now);
        if (incident != nullptr) {
            name = EventName::incident_reopened;
            reason = now - incident->closed <= kSecondWave ? "second_wave" : "long_tail";
            reopen(*incident, onset, now);
            for (IncidentStream& s : incident->streams) s.surging = false;
        } else {
            name = EventName::incident_opened;
            incident = &create(in, now);
        }
    }
    StreamRole const& its = role(in.stream);
    IncidentStream* stream = find_stream(*incident, in.stream);
    bool const surging = was_open && stream != nullptr && stream->surging;
    // One more question is no more than the one before, but a surge is more than a question.
    bool const question = in.verdict.kind == SurgeKind::unanswered;
    bool const already = surging && (question || stream->kind != SurgeKind::unanswered);
    if (stream == nullptr)
        stream = &incident->streams.emplace_back(IncidentStream{in.stream, its.platform, onset});
    IncidentStream const before = *stream;
    if (!already) stream->onset = onset;
    bool const anew = stream->since == WallTime{} || !was_open;
    stream->since = anew ? onset : std::min(stream->since, onset);
    stream->surging = true;
    take_figures(*stream, in.verdict);
    take_evidence(*incident, in, in.raise_word);
    incident->onset = std::min(incident->onset, onset);
    if (name == EventName::incident_stream_joined && onset < incident->answers_from)
        incident->answers_from = onset;

    if (!incident->origin.contains(its.platform))
        if (OwnPostSeen const* post = origin_among(its.platform, in.points_to, in.mentions)) {
            set_origin(*incident, *post);
            begun_[incident->id].told[its.platform] = post->id;  // by the page
        }
    Event e = page(*incident, EventName::surge_started, *stream, now);
    e.late = in.late;
    e.reason = reason;
    e.mention = in.mention;
    e.link = in.link;
    if (already && question) *stream = before;  // the figures are the surge's
    say(*incident, e, out);
    if (!already) {  // a surge that is told twice is one surge
        want_clocks(*incident, its.platform, its.policy, onset, now);
        if (reason == "second_wave") want_answers(*incident, onset, now);
        if (name != EventName::incident_stream_joined) add_rungs(*incident, now);
        open_page(*incident, name, std::move(e), now, out);
        pause_promotion(*incident, true, now, out);
        take_recent_posts(*incident, now, out);
    }
    advance(now, out);
}

void Desk::apply(SurgeGrown const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    Incident* incident = newest_with(in.stream, in.drill);
    if (incident == nullptr) return;
    IncidentStream& stream = *find_stream(*incident, in.stream);
    take_figures(stream, in.verdict);
    if (incident->state != IncidentState::closed) take_evidence(*incident, in, false);
    // What followed tells more of the beginning: shown here, while clocks and record keep the
    // first.
    Event e = page(*incident, EventName::surge_grown, stream, now);
    if (in.verdict.onset != kNoTime) e.onset = onset_of(in.verdict, now);
    say(*incident, std::move(e), out);
}

void Desk::apply(SurgeEnded const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    Incident* incident = newest_with(in.stream, in.drill);
    if (incident == nullptr) return;
    IncidentStream& stream = *find_stream(*incident, in.stream);
    if (!stream.surging) return;
    stream.surging = false;
    incident->last_surge_end = now;
    say(*incident, page(*incident, EventName::surge_ended, stream, now), out);
    advance(now, out);
}

// Wherever the incident still goes on, the public waits again.
void Desk::want_answers(Incident& incident, WallTime from, WallTime now) {
    for (IncidentStream const& s : incident.streams)
        if (s.surging) want_clocks(incident, s.platform, role(s.name).policy, from, now);
}

void Desk::apply(AnswerRejected const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    Incident* const incident = find_incident(in.incident);
    if (incident == nullptr || !has_its_answer(*incident) || in.from < last_answer(*incident))
        return;
    auto const surging = std::find_if(incident->streams.begin(), incident->streams.end(),
                                      [](IncidentStream const& s) { return s.surging; });
    if (surging == incident->streams.end()) return;
    WallTime const from = std::min(in.from, now);
    reopen(*incident, from, now);
    want_answers(*incident, from, now);
    add_rungs(*incident, now);
    Event e = page(*incident, EventName::incident_reopened, *surging, now);
    e.reason = "second_wave";
    e.note = in.why;
    open_page(*incident, EventName::incident_reopened, std::move(e), now, out);
    pause_promotion(*incident, true, now, out);
    advance(now, out);
}

Incident* Desk::find_incident(std::string_view id) {
    auto const it = std::find_if(incidents_.rbegin(), incidents_.rend(),
                                 [&](Incident const& i) { return i.id == id; });
    return it == incidents_.rend() ? nullptr : &*it;
}

void Desk::describe(std::string_view id, SurgeFacts facts,
                    std::vector<std::uint64_t> const& usual) {
    Incident* const incident = find_incident(id);
    if (incident == nullptr || !facts.told) return;
    keep_marks(incident->links, facts.links, usual);
    keep_marks(incident->copies, facts.copies, usual);
    incident->composition = facts.composition;
    incident->facts = std::move(facts);
}

}  // namespace surged::detectors
