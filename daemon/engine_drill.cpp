// The engine's way of a drill: a made verdict, then everything that a real one sets going.
#include "daemon/engine.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

Event drill_event(Drill const& drill, EventName name, WallTime at) {
    Event event;
    event.name = name;
    event.at = at;
    event.brand = drill.brand;
    event.stream = drill.stream;
    event.platform = drill.platform;
    event.incident = drill.incident;
    event.drill = true;
    event.by = drill.by;
    event.via = drill.via;
    event.ratio = drill.ratio;
    event.window = std::chrono::duration_cast<std::chrono::seconds>(drill.until - drill.from);
    return event;
}

}  // namespace

void Engine::keep_drills() {
    if (store_ != nullptr) pending_.blobs["drills"] = save_drills(drills_);
}

Heard Engine::drill(Drill wanted, std::chrono::seconds span, WallTime now, std::string& incident) {
    StreamState const* const stream = this->stream(wanted.stream);
    if (stream == nullptr)
        return {Refusal::not_found, "there is no stream '" + wanted.stream + "'"};
    if (!(wanted.ratio > 1 && wanted.ratio <= kDrillRatioMax))
        return {Refusal::unprocessable, "`ratio` must be above 1 and at most 1000"};
    if (span.count() < 1 || span > kDrillSpanMax)
        return {Refusal::unprocessable, "`for` must be a duration such as 10m, of at most a day"};
    wanted.brand = stream->settings.brand;
    wanted.platform = stream->settings.platform;
    for (Drill const& other : drills_)
        if (other.brand == wanted.brand)
            return {Refusal::conflict, "the drill " + other.incident + " goes on until " +
                                           rfc3339(other.until) + ": one at a time"};
    Desk& desk = desk_of(*stream);
    if (Incident const* const open = desk.current(true))
        return {Refusal::conflict, open->id + " is still open: close it first"};
    wanted.from = now;
    wanted.until = now + span;

    SurgeStarted in;
    in.stream = wanted.stream;
    in.verdict = rehearsed(stream->judge.last().expected, wanted.ratio, now);
    in.drill = true;
    std::vector<Notice> notices;
    desk.apply(in, now, notices);
    Incident const* const opened = desk.current(true);
    if (opened == nullptr) return {Refusal::conflict, "the drill opened no incident"};
    incident = wanted.incident = opened->id;
    Event event = drill_event(wanted, EventName::drill_started, now);
    std::string json;
    journal(event, json);
    queue({}, event, json, instance_ + "-" + std::to_string(event.id), false);
    drills_.push_back(std::move(wanted));
    keep_drills();
    touch(stream->settings.brand);
    handle_all(notices);
    flush(now);
    return {};
}

// The surge of a drill is over by its time, or when its incident was closed; the incident lives on
// until people close it or it falls quiet, as a real one does.
void Engine::end_drills(WallTime now) {
    std::vector<Drill> over;
    std::erase_if(drills_, [&](Drill const& drill) {
        Incident const* const of = incident(drill.incident);
        bool const closed = of == nullptr || of->state == IncidentState::closed;
        if (!closed && drill.until > now) return false;
        over.push_back(drill);
        return true;
    });
    for (Drill const& drill : over) {
        std::vector<Notice> notices;
        auto const desk = desks_.find(drill.brand);
        bool const by_time = drill.until <= now;
        if (desk != desks_.end()) {
            SurgeEnded in;
            in.stream = drill.stream;
            in.drill = true;
            desk->second.apply(in, now, notices);
            touch(drill.brand);
        }
        handle_all(notices);
        Event event = drill_event(drill, EventName::drill_ended, now);
        event.reason = by_time ? "its time is over" : "its incident is closed";
        std::string json;
        journal(event, json);
        queue({}, event, json, instance_ + "-" + std::to_string(event.id), false);
    }
    if (!over.empty()) keep_drills();
}

}  // namespace surged::daemon
