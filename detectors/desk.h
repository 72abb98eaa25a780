// The incident desk of one brand: (state, input, now) -> (state, events). Contract section
// "Meaning" is its law.
#pragma once

#include "detectors/event.h"
#include "detectors/policy.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace surged::detectors {

enum class IncidentState : std::uint8_t { open, acknowledged, responded, resolved, closed };
[[nodiscard]] std::string_view to_string(IncidentState state);

// One deadline of one incident on one platform. `due` is an absolute instant: it is stored, never
// counted down.
struct Clock {
    std::string platform;
    ClockKind kind = ClockKind::acknowledge;
    int run = 1;
    WallTime start{}, due{};
    ClockState state = ClockState::running;
    WallTime at = kNoTime;
    std::string by, link;
    std::uint32_t warned = 0;          // bit i: warn_at[i] was told or skipped
    WallTime next_repeat = kNoTime;    // while breached and repeat_every is on
    std::vector<WallTime> warn_times;  // absolute, ascending, parallel to the bits
    std::chrono::seconds repeat_every{0};
};
[[nodiscard]] ClockView view(Clock const& clock);

struct IncidentStream {
    std::string name, platform;
    WallTime onset{};
    double observed = 0, expected = 0, ratio = 0;
    bool surging = true;
};

struct OwnPostSeen {
    std::string platform, id, url;
    WallTime at{};
    bool answers = false;  // met `respond`
};

struct Incident {
    std::string id,
        brand;  // BRAND-YYYYMMDD-N (UTC day of opening), "-drill" at its end for a drill
    IncidentState state = IncidentState::open;
    Severity severity = Severity::warning;
    bool drill = false;
    WallTime opened{}, closed = kNoTime, onset{};
    WallTime acknowledged_at = kNoTime, acknowledge_expires = kNoTime;
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
    std::map<std::string, std::map<std::string, std::uint32_t>>
        conversations;                              // bounded: kConversations a platform
    std::map<std::string, std::uint64_t> mentions;  // per platform
    std::map<std::string, std::string> origin;      // platform -> own post it began from
    std::uint32_t escalated = 0;                    // bit i: rung i was climbed
    std::optional<Composition> composition;
    std::optional<double> return_days;
    std::optional<std::chrono::seconds> doubling;
    std::string verdict;  // of close: real, false, expected
    static constexpr std::size_t kOwnPosts = 200, kConversations = 2000;
};

// Inputs.
struct SurgeStarted {
    std::string stream;
    Verdict verdict;
    std::optional<Composition> composition;
    std::optional<std::chrono::seconds> doubling;
    bool raise_word = false;  // a `raise` word is in the evidence
    bool late = false;
    bool drill = false;
};
struct SurgeGrown {
    std::string stream;
    Verdict verdict;
    std::optional<Composition> composition;
    std::optional<std::chrono::seconds> doubling;
    bool drill = false;
};
struct SurgeEnded {
    std::string stream;
    Verdict verdict;
    bool drill = false;
};
// A mention of a stream that is in an open incident (or of the minutes from the onset to the page).
// Told once each.
struct IncidentMention {
    std::string_view stream,
        conversation;  // conversation: its root, else what it answers, else its own id
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
// and by the ladder.
struct Notice {
    Event event;
    std::vector<std::string> to;
    bool journal = true;    // false: a repeat, a delivery without an event of its own
    std::string repeat_of;  // "respond/x/1": which clock rings again
};

// A value: everything it knows is in its blob; it reads no clock. Cost of every input: O(open
// incidents).
class Desk {
public:
    explicit Desk(BrandRules rules);

    void apply(SurgeStarted const& in, WallTime now, std::vector<Notice>& out);
    void apply(SurgeGrown const& in, WallTime now, std::vector<Notice>& out);
    void apply(SurgeEnded const& in, WallTime now, std::vector<Notice>& out);
    void apply(IncidentMention const& in);
    void apply(OwnPost const& in, WallTime now, std::vector<Notice>& out);
    Heard apply(OperatorWord const& in, WallTime now, std::vector<Notice>& out);
    // Everything that came due up to `now`, each event with the true instant it fell due as far as
    // the contract says so.
    void tick(WallTime now, std::vector<Notice>& out);
    // When tick() has something to do next; kNoTime: nothing is pending.
    [[nodiscard]] WallTime next_due() const;

    [[nodiscard]] std::vector<Incident> const& incidents() const {
        return incidents_;
    }  // open, and closed ones kept
    [[nodiscard]] Incident const* find(std::string_view id) const;
    [[nodiscard]] Incident const* current(bool drill = false) const;  // the one not closed, if any
    // Forgets incidents closed before `t` (their journal stays in the store).
    void forget_closed_before(WallTime t);

    // A reload: running clocks stay as they were, new ones follow the new rules.
    void set_rules(BrandRules rules);
    [[nodiscard]] BrandRules const& rules() const { return rules_; }

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);

private:
    BrandRules rules_;
    std::vector<Incident> incidents_;
    std::map<std::string, int> opened_on_;  // "YYYYMMDD" or "YYYYMMDD-drill" -> incidents that day
};

}  // namespace surged::detectors
