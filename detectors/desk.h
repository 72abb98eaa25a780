// The incident desk of one brand: (state, input, now) -> (state, events). Contract section
// "Meaning" is its law.
#pragma once

#include "detectors/clock.h"
#include "detectors/event.h"
#include "detectors/policy.h"
#include "detectors/surge_facts.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

enum class IncidentState : std::uint8_t { open, acknowledged, responded, resolved, closed };
[[nodiscard]] std::string_view to_string(IncidentState state);

struct IncidentStream {
    std::string name, platform;
    WallTime onset{};
    double observed = 0, expected = 0, ratio = 0;
    bool surging = true;
    SurgeKind kind = SurgeKind::volume;
    std::chrono::seconds window{0};
    WallTime since{};  // onset of its first surge in this run: its mentions count from here
};

struct OwnPostSeen {
    std::string platform, id, url;
    WallTime at{};
    bool answers = false;  // met `respond`
    std::string in_reply_to, quotes, conversation;
};

// One rung of the ladder as it stands in one incident: it keeps the rules it was made by.
struct Rung {
    EscalationStep step;
    std::uint32_t index = 0;  // in `escalation`, from 0
    std::string platform;     // of its clock; empty: an `after` rung
    int run = 1;              // of its clock
    WallTime next = kNoTime;  // when it notifies; kNoTime: done
    bool climbed = false;
};

struct Incident {
    std::string id,
        brand;  // BRAND-YYYYMMDD-N (UTC day of opening), "-drill" at its end for a drill
    IncidentState state = IncidentState::open;
    Severity severity = Severity::warning;
    bool drill = false;
    WallTime opened{}, closed = kNoTime, onset{};
    WallTime acknowledged_at = kNoTime;
    WallTime acknowledge_expires = kNoTime;  // when the acknowledgement is taken back
    WallTime last_surge_end = kNoTime;
    std::string owner;
    int run = 1;  // of respond and resolve
    std::vector<IncidentStream> streams;
    std::vector<Clock> clocks;
    std::vector<OwnPostSeen> own_posts;                       // at most kOwnPosts
    std::map<int, std::pair<std::string, WallTime>> checked;  // checklist item (from 1) -> by, at
    std::vector<std::string> told;                            // receivers that heard of it
    // Mentions since the onset, by platform and conversation: who answers where most of them are,
    // has answered.
    std::map<std::string, std::map<ConversationKey, std::uint32_t>>
        conversations;                              // bounded: kConversations a platform
    std::map<std::string, std::uint64_t> mentions;  // per platform
    std::map<std::string, std::string> origin;      // platform -> own post it began from
    std::vector<Rung> rungs;
    std::optional<Composition> composition;  // of all its streams together, when last told
    std::optional<SurgeFacts> facts;         // the same with more to it
    std::optional<double> return_days;
    std::optional<std::chrono::seconds> doubling;
    double doubling_error = 0;  // standard error, in seconds
    // What it is known by when it comes back: at most kMarks each, kept while it is kept.
    std::vector<std::uint64_t> links, copies;
    std::string verdict;  // of close: real, false, expected

    // What follows belongs to the desk.
    std::map<std::string, WallTime> asked;  // platform -> since when its public waits, this run
    WallTime answers_from{};      // an own post counts from here on: the onset of this run
    WallTime reopened = kNoTime;  // when this run began, from the second on
    WallTime last_at = kNoTime;   // of its newest event: events never go back in time
    int acknowledge_run = 1;      // of acknowledge, which rings again by itself
    WallTime acknowledge_from{};  // when that run began
    std::map<std::string, WallTime> answered;  // platform -> first public answer of this run
    std::map<std::string, WallTime> expires;   // platform -> acknowledged without an answer until
    bool recheck = false;  // conversations grew: an own post may answer where most mentions are
    bool paused = false;   // promotion
    bool late = false;     // an outage hid its first surge
    static constexpr std::size_t kOwnPosts = 200, kConversations = 2000, kMarks = 200;
    static constexpr std::size_t kConversationsKept = 50;  // a platform, once it is closed
    static constexpr std::size_t kClocks = 200;  // of all runs; the oldest ended ones go first
};

// How many mentions point to each post: its id, or detectors/links.h's link_target().
using TargetCounts = std::map<ConversationKey, std::uint32_t>;
void count_target(TargetCounts& table, ConversationKey target);  // bounded: kConversations

// Inputs.
struct SurgeStarted {
    std::string stream;
    Verdict verdict;
    std::optional<Composition> composition;
    std::optional<std::chrono::seconds> doubling;
    bool raise_word = false;  // a `raise` word is in the evidence
    bool late = false;
    bool drill = false;
    // Of its mentions since the onset, when they are known: a closed incident that shares one is
    // reopened (watch_after).
    std::vector<ConversationKey> conversations;
    // The same by its links and by what is copied in it (SurgeFacts::links, ::copies).
    std::optional<SurgeFacts> facts;
    double doubling_error = 0;
    std::string mention, link;  // of one mention that is the whole evidence: an unanswered question
    // What its mentions since the onset point to, and how many they are, when they are known: the
    // opening page names our own post that it began from.
    TargetCounts points_to;
    std::uint64_t mentions = 0;
};
struct SurgeGrown {
    std::string stream;
    Verdict verdict;
    std::optional<Composition> composition;
    std::optional<std::chrono::seconds> doubling;
    bool drill = false;
    std::optional<SurgeFacts> facts;
    double doubling_error = 0;
};
struct SurgeEnded {
    std::string stream;
    Verdict verdict;
    bool drill = false;
};
// The public did not take our answer (second_wave.h).
struct AnswerRejected {
    std::string incident, why;
    WallTime from{};  // a new run of `respond` counts from here
};
// A mention of a stream that is in an open incident (or of the minutes from the onset to the page).
// Told once each.
struct IncidentMention {
    std::string_view stream;
    ConversationKey conversation;  // its root, else what it answers, else its own id
    std::span<ConversationKey const> points_to = {};  // digest.h; empty: its conversation
};
// A post of an incident's evidence is gone, or (ours) says something else.
struct EvidenceChanged {
    std::string incident, platform, stream, id, url;
    bool ours = false, deleted = true;
};
// A post of the brand itself, seen on the platform.
struct OwnPost {
    std::string platform, id, url, in_reply_to, quotes, conversation;
    WallTime at{};
};
enum class Action : std::uint8_t { acknowledge, respond, resolve, close, reopen, note, check };
[[nodiscard]] std::string_view to_string(Action action);
[[nodiscard]] std::optional<Action> action_of(std::string_view word);
struct OperatorWord {
    Action action = Action::note;
    std::string incident;
    std::string by, via;  // who, and by which way (api, cli, pagerduty, ...)
    std::string note, link, platform, verdict, item;
    bool done = true;
};

// Why an operator's word was not taken.
enum class Refusal : std::uint8_t { none, not_found, conflict, unprocessable };
struct Heard {
    Refusal refusal = Refusal::none;
    std::string detail;  // for the problem+json and the terminal
};

// What the desk wants said. `to`: receivers, each once, routed by `notify`, by who was told before,
// and by the ladder. Receivers that take every event (`all: true`) are not the desk's business, nor
// are Event::id and Event::url.
struct Notice {
    Event event;
    std::vector<std::string> to;
    bool journal = true;  // false: a repeat, a delivery without an event of its own
    // Of those: "respond/x/1", the clock whose breach rings again; "escalation/0" (an `after` rung:
    // the opening page for others) or "escalation/1/respond/x/1" (a rung on that clock: its newest
    // warning or breach, or the opening page when it has none).
    std::string repeat_of;
};

// A value: everything it knows is in its blob; it reads no clock. Cost of every input: O(open
// incidents), of which there is one and a drill. Every input first raises what came due up to its
// `now`, so the events of an incident are in order of time as long as `now` never goes back; when
// it does, nothing is taken back.
//
// The desk says surge.*, incident.*, evidence.* and clock.*; stream.*, drill.* and the rest are
// said by those who see them.
class Desk {
public:
    explicit Desk(BrandRules rules);

    void apply(SurgeStarted const& in, WallTime now, std::vector<Notice>& out);
    void apply(SurgeGrown const& in, WallTime now, std::vector<Notice>& out);
    void apply(SurgeEnded const& in, WallTime now, std::vector<Notice>& out);
    // Of an open incident whose public had its answer, once a run; else it says nothing.
    void apply(AnswerRejected const& in, WallTime now, std::vector<Notice>& out);
    void apply(IncidentMention const& in);
    // What is known of the mentions of an incident, of all its streams, by now: says nothing. Links
    // and copies in `usual` (ascending) are the stream's everyday ones: the incident is not known
    // by them.
    void describe(std::string_view incident, SurgeFacts facts,
                  std::vector<std::uint64_t> const& usual);
    // Posts are told as they are found, also while no incident is open: the newest kRecent are
    // remembered, because the post it all began from is older than its incident.
    void apply(OwnPost const& in, WallTime now, std::vector<Notice>& out);
    void apply(EvidenceChanged const& in, WallTime now, std::vector<Notice>& out);
    // Our own post that an incident began from; "" when it is not known or has no address.
    [[nodiscard]] std::string origin_link(Incident const& incident,
                                          std::string const& platform) const;
    Heard apply(OperatorWord const& in, WallTime now, std::vector<Notice>& out);
    // Everything that came due up to `now`, in order of true time: a warning or breach carries the
    // instant it fell due, however long after it is raised. Own posts that have become answers,
    // because their conversation grew, are found here too.
    void tick(WallTime now, std::vector<Notice>& out);
    // When tick() has something to do next; kNoTime: nothing is pending. Never in the past after a
    // tick.
    [[nodiscard]] WallTime next_due() const;

    [[nodiscard]] std::vector<Incident> const& incidents() const {
        return incidents_;
    }  // open, and closed ones kept
    [[nodiscard]] Incident const* find(std::string_view id) const;
    [[nodiscard]] Incident const* current(bool drill = false) const;  // the one not closed, if any
    // Forgets incidents closed before `t`; their journal goes by Store::sign_off.
    void forget_closed_before(WallTime t);

    // A reload: running clocks stay as they were, new ones follow the new rules.
    void set_rules(BrandRules rules);
    [[nodiscard]] BrandRules const& rules() const { return rules_; }

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);

    // Own posts remembered without an incident: as many answers, and as many that are none.
    static constexpr std::size_t kRecent = 200;
    static constexpr std::size_t kDays = 16;  // of numbering

    // What is known of where an incident began, by platform. An implementation detail that is
    // archived.
    struct Begun {
        std::map<std::string, TargetCounts> targets;
        std::map<std::string, std::string> urls,
            told;  // of the origin post; its id once it was said
    };

private:
    // The one thing an incident does next by itself.
    struct Pending {
        enum class What : std::uint8_t { ring, expiry, rung, close } what = What::ring;
        std::size_t index = 0;  // of the clock or rung
        WallTime at = kNoTime;
    };

    // desk.cpp
    [[nodiscard]] Incident* open_incident(bool drill);
    [[nodiscard]] Incident* newest_with(std::string const& stream, bool drill);
    void find_open();
    [[nodiscard]] StreamRole const& role(std::string const& stream) const;
    [[nodiscard]] Event event(Incident const& incident, EventName name, WallTime at) const;
    void say(Incident& incident, Event event, std::vector<Notice>& out,
             std::vector<std::string> const& besides = {});
    [[nodiscard]] std::vector<std::string> receivers(Moment moment) const;
    void advance(WallTime now, std::vector<Notice>& out);

    // desk_open.cpp
    [[nodiscard]] std::string new_id(bool drill, WallTime now);
    Incident& create(SurgeStarted const& in, WallTime now);
    [[nodiscard]] Incident* to_reopen(SurgeStarted const& in, WallTime now);
    [[nodiscard]] Incident* find_incident(std::string_view id);
    void reopen(Incident& incident, WallTime from, WallTime now);
    void want_answers(Incident& incident, WallTime from, WallTime now);
    void open_page(Incident& incident, EventName name, Event page, WallTime now,
                   std::vector<Notice>& out);
    [[nodiscard]] Event page(Incident const& incident, EventName name, IncidentStream const& s,
                             WallTime at) const;
    void pause_promotion(Incident& incident, bool pause, WallTime at, std::vector<Notice>& out);
    template <typename Surge>
    void take_evidence(Incident& incident, Surge const& in, bool raise_word) const;

    // desk_clocks.cpp
    void want_clocks(Incident& incident, std::string const& platform, Policy const& policy,
                     WallTime onset, WallTime now);
    void want_clock(Incident& incident, std::string const& platform, ClockKind kind, int run,
                    WallTime start, Policy const& policy);
    [[nodiscard]] std::vector<Notice> ring_on_arrival(Incident& incident, WallTime now);
    [[nodiscard]] std::optional<Pending> pending(Incident const& incident) const;
    void happen(Incident& incident, Pending const& what, WallTime now, std::vector<Notice>& out);
    void ring_clock(Incident& incident, Clock& clock, WallTime now, std::vector<Notice>& out);
    void climb(Incident& incident, Rung& rung, WallTime now, std::vector<Notice>& out);
    void expire(Incident& incident, WallTime at, std::vector<Notice>& out);
    void add_rungs(Incident& incident, WallTime from);
    void acknowledge(Incident& incident, std::string const& by, WallTime now);
    void watch_acknowledgement(Incident& incident);
    [[nodiscard]] WallTime quiet_at(Incident const& incident) const;
    void close(Incident& incident, Event closed, std::vector<Notice>& out);
    // Meets the open clocks of `kind` on `platform` (empty: all); says clock.met for each.
    bool meet_clocks(Incident& incident, ClockKind kind, std::string const& platform,
                     Event const& word, WallTime when, std::vector<Notice>& out);

    // desk_posts.cpp
    bool answer(Incident& incident, std::string const& platform, Event const& word, WallTime when,
                std::vector<Notice>& out);
    void say_responded(Incident& incident, Event const& word, std::vector<Notice>& out);
    [[nodiscard]] bool answers(Incident const& incident, OwnPostSeen const& post) const;
    bool weigh(Incident& incident, OwnPostSeen& post, WallTime now, std::vector<Notice>& out);
    void propose(Incident& incident, OwnPostSeen post, WallTime now, std::vector<Notice>& out);
    void take_recent_posts(Incident& incident, WallTime now, std::vector<Notice>& out);
    void recheck(Incident& incident, WallTime now, std::vector<Notice>& out);

    // desk_origin.cpp
    void note_targets(Incident const& incident, std::string const& platform,
                      IncidentMention const& in);
    [[nodiscard]] OwnPostSeen const* origin_among(std::string const& platform,
                                                  TargetCounts const& table,
                                                  std::uint64_t mentions) const;
    void find_origin(Incident& incident, std::string const& platform);
    void set_origin(Incident& incident, OwnPostSeen const& post);
    void say_origin(Incident& incident, std::string const& platform, WallTime now,
                    std::vector<Notice>& out);
    void forget_begun();
    void remember(OwnPostSeen const& post);

    // desk_operator.cpp
    Heard hear(Incident& incident, OperatorWord const& in, WallTime now, std::vector<Notice>& out);
    Heard hear_acknowledge(Incident& incident, Event word, std::vector<Notice>& out);
    Heard hear_reopen(Incident& incident, Event word, std::vector<Notice>& out);
    void note_answer(Incident& incident, Event word, std::vector<Notice>& out);
    Heard hear_respond(Incident& incident, OperatorWord const& in, Event word,
                       std::vector<Notice>& out);
    Heard hear_resolve(Incident& incident, OperatorWord const& in, Event word,
                       std::vector<Notice>& out);
    Heard hear_check(Incident& incident, OperatorWord const& in, Event word,
                     std::vector<Notice>& out);

    BrandRules rules_;
    std::vector<Incident> incidents_;       // in order of opening
    std::map<std::string, int> opened_on_;  // "YYYYMMDD" or "YYYYMMDD-drill" -> incidents that day
    std::vector<OwnPostSeen> recent_;       // own posts, newest last
    std::map<std::string, Begun> begun_;    // by incident
    std::array<std::optional<std::size_t>, 2> open_;  // the open one, the open drill: derived
};

}  // namespace surged::detectors
