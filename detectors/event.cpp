#include "detectors/event.h"

#include <array>
#include <utility>

namespace surged::detectors {
namespace {

struct Row {
    EventName name;
    std::string_view word;
    Moment moment;
};

// In the order of the enumeration: row i is the event of value i.
constexpr std::array kEvents = {
    Row{EventName::surge_started, "surge.started", Moment::none},
    Row{EventName::surge_grown, "surge.grown", Moment::grown},
    Row{EventName::surge_ended, "surge.ended", Moment::none},
    Row{EventName::incident_opened, "incident.opened", Moment::opened},
    Row{EventName::incident_stream_joined, "incident.stream_joined", Moment::grown},
    Row{EventName::incident_acknowledged, "incident.acknowledged", Moment::acknowledged},
    Row{EventName::incident_unacknowledged, "incident.unacknowledged", Moment::acknowledged},
    Row{EventName::incident_responded, "incident.responded", Moment::responded},
    Row{EventName::incident_resolved, "incident.resolved", Moment::resolved},
    Row{EventName::incident_reopened, "incident.reopened", Moment::reopened},
    Row{EventName::incident_closed, "incident.closed", Moment::closed},
    Row{EventName::incident_note, "incident.note", Moment::none},
    Row{EventName::incident_checked, "incident.checked", Moment::none},
    Row{EventName::incident_own_post, "incident.own_post", Moment::none},
    Row{EventName::incident_wrong_account, "incident.wrong_account", Moment::wrong_account},
    Row{EventName::incident_promotion_paused, "incident.promotion_paused", Moment::none},
    Row{EventName::incident_promotion_resumed, "incident.promotion_resumed", Moment::none},
    Row{EventName::clock_warning, "clock.warning", Moment::warning},
    Row{EventName::clock_breached, "clock.breached", Moment::breached},
    Row{EventName::clock_met, "clock.met", Moment::none},
    Row{EventName::clock_dropped, "clock.dropped", Moment::none},
    Row{EventName::evidence_deleted, "evidence.deleted", Moment::deleted},
    Row{EventName::evidence_edited, "evidence.edited", Moment::deleted},
    Row{EventName::stream_blind, "stream.blind", Moment::blind},
    Row{EventName::stream_restored, "stream.restored", Moment::blind},
    Row{EventName::stream_gap, "stream.gap", Moment::blind},
    Row{EventName::stream_learning, "stream.learning", Moment::none},
    Row{EventName::stream_new_normal, "stream.new_normal", Moment::none},
    Row{EventName::budget_low, "budget.low", Moment::blind},
    Row{EventName::receiver_failed, "receiver.failed", Moment::blind},
    Row{EventName::silence_started, "silence.started", Moment::none},
    Row{EventName::silence_ended, "silence.ended", Moment::none},
    Row{EventName::config_reloaded, "config.reloaded", Moment::none},
    Row{EventName::drill_started, "drill.started", Moment::none},
    Row{EventName::drill_ended, "drill.ended", Moment::none},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kEvents.size(); ++i)
        if (std::size_t(kEvents[i].name) != i) return false;
    return kEvents.size() == std::size_t(EventName::drill_ended) + 1;
}
static_assert(in_order());

constexpr std::array<std::string_view, 13> kMoments = {
    "opened", "warning", "breached", "acknowledged", "responded",     "resolved", "reopened",
    "closed", "grown",   "blind",    "deleted",      "wrong_account", ""};
static_assert(kMoments.size() == std::size_t(Moment::none) + 1);

}  // namespace

std::string_view to_string(EventName name) {
    return kEvents.at(std::size_t(name)).word;
}

std::optional<EventName> event_name(std::string_view word) {
    for (Row const& row : kEvents)
        if (row.word == word) return row.name;
    return std::nullopt;
}

std::string_view to_string(Moment moment) {
    return kMoments.at(std::size_t(moment));
}

std::optional<Moment> moment_named(std::string_view word) {
    for (std::size_t i = 0; i < std::size_t(Moment::none); ++i)
        if (kMoments.at(i) == word) return Moment(i);
    return std::nullopt;
}

Moment moment_of(EventName name) {
    return kEvents.at(std::size_t(name)).moment;
}

std::string_view to_string(SurgeKind kind) {
    switch (kind) {
        case SurgeKind::volume: return "volume";
        case SurgeKind::breadth: return "breadth";
        case SurgeKind::tone: return "tone";
        case SurgeKind::rule: return "rule";
        case SurgeKind::unanswered: return "unanswered";
    }
    return "";
}

std::string_view to_string(Severity severity) {
    return severity == Severity::critical ? "critical" : "warning";
}

std::string_view to_string(ClockKind kind) {
    switch (kind) {
        case ClockKind::acknowledge: return "acknowledge";
        case ClockKind::respond: return "respond";
        case ClockKind::resolve: return "resolve";
    }
    return "";
}

std::string_view to_string(ClockState state) {
    switch (state) {
        case ClockState::running: return "running";
        case ClockState::breached: return "breached";
        case ClockState::met: return "met";
        case ClockState::met_late: return "met_late";
        case ClockState::dropped: return "dropped";
    }
    return "";
}

}  // namespace surged::detectors
