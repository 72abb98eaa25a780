// The events of contract section 5: one shape in backtest, journal, SSE and the webhook's body.
#pragma once

#include "detectors/detector.h"
#include "detectors/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

enum class EventName : std::uint8_t {
    surge_started,
    surge_grown,
    surge_ended,
    incident_opened,
    incident_stream_joined,
    incident_acknowledged,
    incident_unacknowledged,
    incident_responded,
    incident_resolved,
    incident_reopened,
    incident_closed,
    incident_note,
    incident_checked,
    incident_own_post,
    incident_wrong_account,
    incident_promotion_paused,
    incident_promotion_resumed,
    clock_warning,
    clock_breached,
    clock_met,
    clock_dropped,
    evidence_deleted,
    evidence_edited,
    stream_blind,
    stream_restored,
    stream_gap,
    stream_learning,
    stream_new_normal,
    budget_low,
    receiver_failed,
    silence_started,
    silence_ended,
    config_reloaded,
    drill_started,
    drill_ended,
};
[[nodiscard]] std::string_view to_string(EventName name);  // "incident.opened"
[[nodiscard]] std::optional<EventName> event_name(std::string_view word);

// The moments of `notify`: which event goes to whom (contract, Meaning).
enum class Moment : std::uint8_t {
    opened,
    warning,
    breached,
    acknowledged,
    responded,
    resolved,
    reopened,
    closed,
    grown,
    blind,
    deleted,
    wrong_account,
    none
};
[[nodiscard]] std::string_view to_string(Moment moment);
[[nodiscard]] std::optional<Moment> moment_named(std::string_view word);  // never `none`
[[nodiscard]] Moment moment_of(EventName name);

enum class Severity : std::uint8_t { warning, critical };
[[nodiscard]] std::string_view to_string(Severity severity);
enum class ClockKind : std::uint8_t { acknowledge, respond, resolve };
[[nodiscard]] std::string_view to_string(ClockKind kind);
enum class ClockState : std::uint8_t { running, breached, met, met_late, dropped };
[[nodiscard]] std::string_view to_string(ClockState state);

struct Composition {
    std::string kind;  // organic, amplified, flood
    std::int64_t authors = 0;
    double top_author = 0, reposts = 0, copies = 0, new_accounts = 0;  // shares, 0..1
};

struct ClockView {
    std::string platform;
    ClockKind kind = ClockKind::acknowledge;
    int run = 1;
    WallTime due = kNoTime;
    ClockState state = ClockState::running;
    WallTime at = kNoTime;  // when met, breached or dropped
    std::string by, link;
};

// A field that does not apply is left out of the JSON: empty text, empty optional, kNoTime, no
// clocks.
struct Event {
    std::int64_t id = 0;  // the journal's sequence number; 0: not yet written
    EventName name = EventName::incident_note;
    WallTime at = kNoTime;  // the instant of the decision
    std::string incident, brand;
    bool drill = false;
    std::string stream, platform;
    std::optional<SurgeKind> kind;
    WallTime onset = kNoTime;
    std::optional<double> observed, expected, ratio;
    std::optional<std::chrono::seconds> window;
    std::optional<Severity> severity;
    std::optional<double> return_days;
    std::optional<std::chrono::seconds> doubling;
    std::optional<Composition> composition;
    std::vector<ClockView>
        clocks;  // incident.opened, .reopened, .stream_joined, .acknowledged ...: all clocks now
    std::optional<ClockView> clock;            // clock.*
    std::string reason;                        // stream.*, incident.reopened, .closed
    WallTime covered_until = kNoTime;          // stream.*
    std::string by, via, note, link, verdict;  // operator events
    std::string item;                          // incident.checked
    std::optional<bool> done;                  // incident.checked
    std::string mention, whose;  // evidence.*, incident.own_post: id and "ours"/"theirs"
    std::string origin;          // link to our own post that it began from
    bool late = false;           // an outage hid it: judged at its own time afterwards
    bool on_arrival = false;     // the clock was past when it was created
    std::string summary;         // one line for people: what, where, how much, what is due
    std::string plan_url, url;
};

// One line, keys in the order of the contract's example; `"id"` left out when 0.
[[nodiscard]] std::string to_json(Event const& event);

// The parts of it, for whoever shows an incident in other ways.
class JsonWriter;
void write_json(JsonWriter& json, ClockView const& clock);
// As the contract writes durations: "10m", "1h30m", "7d".
[[nodiscard]] std::string duration_text(std::chrono::seconds span);
// As people read numbers: whole from 100 on, one decimal from 1 on, two digits below.
[[nodiscard]] double rounded(double value);

}  // namespace surged::detectors
