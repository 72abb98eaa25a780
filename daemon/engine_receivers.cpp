// What the engine knows of receivers besides their pages: what they asked to have remembered, and
// what pagers do by themselves.
#include "daemon/engine.h"
#include "detectors/archive.h"
#include "exporters/receivers/words.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMemories = 500;  // incidents a receiver; forgotten ones go first
constexpr std::string_view kPrefix = "memory/";

bool clock_open(detectors::Clock const& c) {
    return c.state == ClockState::running || c.state == ClockState::breached;
}

}  // namespace

void Engine::load_memories() {
    for (auto const& [name, blob] : restored_blobs_) {
        if (!name.starts_with(kPrefix)) continue;
        ArchiveReader reader(blob);
        std::uint32_t version = 0;
        std::map<std::string, std::string> memories;
        reader(version, memories);
        std::string const receiver = name.substr(kPrefix.size());
        if (reader.done() && version == kVersion)
            memories_[receiver] = std::move(memories);
        else
            hooks_.log("warning", "receiver '" + receiver + "': its messages cannot be read back");
    }
}

std::string Engine::memory(std::string const& receiver, std::string const& incident) const {
    auto const all = memories_.find(receiver);
    if (all == memories_.end()) return {};
    auto const one = all->second.find(incident);
    return one == all->second.end() ? std::string{} : one->second;
}

void Engine::remember(std::string const& receiver, std::string const& incident, std::string text) {
    if (incident.empty() || text.size() > exporters::Answer::kMemory) return;
    if (memory(receiver, incident) == text) return;
    auto& all = memories_[receiver];
    if (text.empty())
        all.erase(incident);
    else
        all[incident] = std::move(text);
    if (all.size() > kMemories) {
        std::erase_if(all, [&](auto const& m) { return this->incident(m.first) == nullptr; });
        while (all.size() > kMemories) all.erase(all.begin());
    }
    ArchiveWriter writer;
    writer(kVersion, all);
    keep(std::string(kPrefix) + receiver, writer.take());
}

// The record says what the pager did; the page goes again, because nobody said that it is over.
void Engine::ended_by_pager(std::string const& receiver, std::string const& id,
                            std::string const& key, std::string const& by, std::string const& note,
                            std::string const& via, WallTime now) {
    OperatorWord word;
    word.action = Action::note;
    word.incident = id;
    word.by = by;
    word.via = via;
    word.note = note;
    operator_word(word, now);
    Incident const* const found = incident(id);
    if (found == nullptr || found->state == IncidentState::closed) return;
    auto event = exporters::state_page(*found, {}, {}).event;
    event.at = now;
    for (auto const& clock : found->clocks) event.clocks.push_back(view(clock));
    bool running = false;
    for (auto const& clock : found->clocks) {
        if (key.empty()) {
            running = running || clock_open(clock);
        } else if (clock.platform + "/" + std::string(to_string(clock.kind)) + "/" +
                       std::to_string(clock.run) ==
                   key) {
            running = clock.state == ClockState::breached;
            event.name = EventName::clock_breached;
            event.platform = clock.platform;
            event.clock = view(clock);
            event.clocks.clear();
        }
    }
    if (!running) return;
    Notice again;
    again.event = std::move(event);
    again.to = {receiver};
    again.journal = false;
    std::vector<Notice> notices;
    notices.push_back(std::move(again));
    handle_all(notices);
    flush(now);
}

}  // namespace surged::daemon
