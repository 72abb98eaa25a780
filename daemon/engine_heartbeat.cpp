// The heartbeat: a page at each interval that proves the way to a person, and says how all is.
#include "daemon/engine.h"
#include "detectors/archive.h"
#include "detectors/json_writer.h"

#include <algorithm>

namespace surged::daemon {

using namespace detectors;

namespace {

// A page that has waited this long is no hiccup of its receiver.
constexpr std::chrono::minutes kWaitsLong{5};

std::string listed(std::vector<std::string> const& names) {
    constexpr std::size_t kNamed = 5;  // a page is read on a telephone
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < kNamed; ++i)
        out += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamed) out += " and " + std::to_string(names.size() - kNamed) + " more";
    return out;
}

std::string counted(std::size_t n, char const* one, char const* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

}  // namespace

std::string Engine::how_all_is(WallTime now) const {
    std::vector<std::string> wrong, blind, failing;
    std::size_t learning = 0;
    for (auto const& [name, s] : streams_) {
        if (s->blind) blind.push_back(name + " (" + s->reason + ")");
        learning += s->judge.learning() ? 1 : 0;
    }
    for (auto const& [name, receiver] : settings_.receivers) {
        auto const it = failing_.find(name);
        WallTime const oldest = outbox_.oldest(name);
        bool const waits = oldest != kNoTime && now - oldest > kWaitsLong;
        if (it == failing_.end() && !waits) continue;
        failing.push_back(name + (waits ? " (" + counted(outbox_.waiting(name), "page", "pages") +
                                              " since " + rfc3339(oldest) + ")"
                                        : ""));
    }
    if (!blind.empty())
        wrong.push_back(std::to_string(blind.size()) + " of " +
                        counted(streams_.size(), "stream is blind: ", "streams are blind: ") +
                        listed(blind));
    if (!failing.empty()) wrong.push_back("receivers that fail: " + listed(failing));
    if (!disk_trouble_.empty()) wrong.push_back("the disk takes no writes: " + disk_trouble_);

    std::string out = wrong.empty() ? "all is well" : "NOT all is well";
    for (auto const& what : wrong) out += "; " + what;
    if (wrong.empty()) out += ": " + counted(streams_.size(), "stream is read", "streams are read");
    if (learning > 0) out += "; " + std::to_string(learning) + " learning";
    std::vector<std::string> open;
    for (auto const& [brand, desk] : desks_)
        if (Incident const* const i = desk.current())
            open.push_back(i->id + " (" + std::string(to_string(i->state)) + ")");
    out += open.empty() ? "; no incident is open" : "; open: " + listed(open);
    auto const& all = silences_.all();
    auto const silenced =
        std::count_if(all.begin(), all.end(), [](Silence const& s) { return !s.ended; });
    if (silenced > 0)
        out += "; " + counted(std::size_t(silenced), "silence holds pages", "silences hold pages");
    return out;
}

// The schedule is absolute: a restart goes on with it, a heartbeat that was missed is sent once,
// and a wall clock that was set back does not put it off by more than one interval.
void Engine::beat(WallTime now) {
    HeartbeatSettings const& wanted = settings_.heartbeat;
    if (store_ == nullptr || wanted.receivers.empty() || wanted.every.count() <= 0) return;
    Beat const before = beat_;
    if (beat_.next == kNoTime) beat_.next = now;  // the first proves the chain at once
    if (beat_.every != wanted.every || beat_.next > now + wanted.every)
        beat_.next = std::min(beat_.next, now + wanted.every);
    beat_.every = wanted.every;
    WallTime const slot = beat_.next;
    bool const due = slot <= now;
    if (due) beat_.next = slot + ((now - slot) / wanted.every + 1) * wanted.every;
    if (beat_.next != before.next || beat_.every != before.every) {
        ArchiveWriter writer;
        writer(beat_.next, beat_.every);
        pending_.blobs["heartbeat"] = writer.take();
    }
    if (!due) return;
    Event event;  // a delivery, as a repeat is: it decides nothing, so it is no journal entry
    event.name = EventName::incident_note;
    event.at = now;
    event.by = "surged";
    event.via = "heartbeat";
    event.window = wanted.every;
    event.note = how_all_is(now);
    event.summary = "heartbeat: " + event.note;
    auto const unix_slot =
        std::chrono::floor<std::chrono::seconds>(slot).time_since_epoch().count();
    std::string const key = instance_ + "-heartbeat-" + std::to_string(unix_slot);
    std::string const json = to_json(event);
    for (auto const& receiver : wanted.receivers)
        if (settings_.receivers.contains(receiver)) enqueue(receiver, event, json, key, false);
}

}  // namespace surged::daemon
