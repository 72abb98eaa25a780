// The engine's way of a silence: pages that are due are held, and told as a state when it ends.
#include "daemon/engine.h"
#include "detectors/desk_parts.h"
#include "detectors/json_writer.h"
#include "exporters/receivers/words.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// A pager rings until it is told that somebody has it or that it is over: that makes no noise, and
// a silence must not keep it ringing.
bool quietens(Event const& event) {
    switch (event.name) {
        case EventName::incident_acknowledged:
        case EventName::incident_responded:
        case EventName::incident_resolved:
        case EventName::incident_closed:
        case EventName::clock_met:
        case EventName::clock_dropped: return true;
        default: return false;
    }
}

std::string how_it_ended(Silence const& over) {
    return "the silence '" + over.why + "' by " + over.by + " has ended";
}

}  // namespace

void Engine::keep_silences() {
    if (store_ != nullptr) pending_.blobs["silences"] = silences_.save();
}

Heard Engine::silence(SilenceWanted const& wanted, WallTime now, std::string& id) {
    BrandSettings const* const brand = settings_.brand(wanted.brand);
    if (!wanted.brand.empty() && brand == nullptr)
        return {Refusal::unprocessable, "there is no brand '" + wanted.brand + "'"};
    if (!wanted.stream.empty() && brand != nullptr && !brand->rules.streams.contains(wanted.stream))
        return {Refusal::unprocessable,
                "brand '" + wanted.brand + "' has no stream '" + wanted.stream + "'"};
    Heard const heard = silences_.add(wanted, now, id);
    if (heard.refusal != Refusal::none) return heard;
    Silence const& made = *silences_.find(id);
    Event event;
    event.name = EventName::silence_started;
    event.at = now;
    event.brand = made.brand;
    event.stream = made.stream;
    event.by = made.by;
    event.via = made.via;
    event.note = made.why;
    event.reason = id + " until " + rfc3339(made.until) +
                   (made.breaches ? ", breaches are held too" : ", breaches pass");
    std::string json;
    journal(event, json);
    queue({}, event, json, instance_ + "-" + std::to_string(event.id), false);
    keep_silences();
    flush(now);
    return heard;
}

Heard Engine::expire_silence(std::string const& id, std::string const& by, std::string const& via,
                             WallTime now) {
    Silence const* const known = silences_.find(id);
    bool const active = known != nullptr && !known->ended;
    Heard const heard = silences_.expire(id, now);
    if (heard.refusal != Refusal::none || !active) return heard;
    hooks_.log("info", id + " is ended by " + (by.empty() ? "somebody" : by) + " (" + via + ")");
    end_silences(now);
    flush(now);
    return heard;
}

// Who is told now; the others are held, and entered as such in the same transaction.
std::vector<std::string> Engine::not_silenced(std::vector<std::string> receivers,
                                              Event const& event) {
    if (receivers.empty()) return receivers;
    Silence const* const holder =
        silences_.holder(event, event.incident.empty() ? nullptr : incident(event.incident));
    if (holder == nullptr) return receivers;
    std::vector<std::string> told, held;
    for (auto& receiver : receivers) {
        auto const it = settings_.receivers.find(receiver);
        bool const pager = it != settings_.receivers.end() && it->second.type == "pagerduty";
        (pager && quietens(event) ? told : held).push_back(std::move(receiver));
    }
    if (!held.empty()) {
        silences_.hold(*holder, event, held);
        keep_silences();
    }
    return told;
}

void Engine::end_silences(WallTime now) {
    auto const ended =
        silences_.take_ended(now, [this](std::string const& id) { return incident(id); });
    for (Silence const& over : ended) {
        HeldBack all;
        for (auto const& [id, held] : over.holding)
            for (auto const& [name, n] : held.events) all.events[name] += n;
        Event event;
        event.name = EventName::silence_ended;
        event.at = std::min(over.until, now);
        event.brand = over.brand;
        event.stream = over.stream;
        event.by = over.by;
        event.via = over.via;
        event.note = over.why;
        event.reason = over.id + ": " + (all.events.empty() ? "no page held" : held_words(all));
        std::string json;
        journal(event, json);
        queue({}, event, json, instance_ + "-" + std::to_string(event.id), false);
        tell_held(over, event);
    }
    if (!ended.empty()) keep_silences();
}

// The first page after a silence: what it held, and how things stand. A page for each incident that
// somebody should have heard of, and one for what concerns none.
void Engine::tell_held(Silence const& over, Event const& ended) {
    int page_number = 1;
    for (auto const& [id, held] : over.holding) {
        std::string const words = held_words(held);
        Event event = ended;
        if (Incident const* const found = id.empty() ? nullptr : incident(id)) {
            exporters::Page page = exporters::state_page(*found, settings_.server.external_url, {});
            event = page.event;
            event.name = EventName::silence_ended;
            event.id = ended.id;
            event.at = ended.at;
            event.by = ended.by;
            event.note = ended.note;
            event.reason = how_it_ended(over) + ", " + words;
            event.clocks = views(*found);
            event.url = settings_.server.external_url + "incidents/" + id;
            page.event = event;
            event.summary = exporters::headline(page, ended.at);
        } else {
            event.reason = words;
            event.summary = how_it_ended(over) + ", " + words;
            for (auto const& [name, s] : streams_)
                if (s->blind && s->settings.brand == over.brand)
                    event.summary += "; stream " + name + " is blind: " + s->reason;
        }
        std::string const json = to_json(event);
        std::string const key =
            instance_ + "-" + std::to_string(ended.id) + "-held" + std::to_string(page_number++);
        for (auto const& receiver : held.receivers)
            if (settings_.receivers.contains(receiver)) enqueue(receiver, event, json, key, false);
    }
}

}  // namespace surged::daemon
