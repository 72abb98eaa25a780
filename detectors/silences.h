// Pages that are held back for a while: which, until when, and what was held meanwhile.
#pragma once

#include "detectors/desk.h"
#include "detectors/event.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// What was held of one incident, or (under "") of everything that concerns none.
struct HeldBack {
    std::map<std::string, std::uint32_t> events;  // name of the event -> how often
    std::vector<std::string> receivers;           // that would have heard, each once
};

struct Silence {
    std::string id, brand, stream;  // stream empty: the whole brand
    WallTime from{}, until{};
    std::string by, via, why;
    bool breaches = false;  // breaches are held, too
    bool ended = false;
    std::uint64_t held = 0;  // pages, each counted once whoever would have heard it
    std::map<std::string, HeldBack> holding;  // by incident; at most kIncidents
};

struct SilenceWanted {
    std::string brand, stream, by, via, why;
    std::chrono::seconds span{0};
    bool breaches = false;
};

// A value: no clock, no I/O. A silence holds deliveries; detection, clocks and journal never hear
// of it. One of a stream holds the pages of that stream, and those of an incident (of a clock: of
// its platform) whose every stream is silenced. Never held: silence.*, and the orders to pause and
// to resume promotion, which are for machines and must come in pairs. A breach passes (also one
// that the opening page carries) unless every silence that would hold it says `breaches`.
class Silences {
public:
    static constexpr std::size_t kActive = 100;     // more is a script gone wild
    static constexpr std::size_t kEnded = 100;      // remembered for who asks; the oldest go
    static constexpr std::size_t kIncidents = 100;  // told apart; further ones count under ""
    static constexpr std::chrono::seconds kLongest{366 * 86400};  // as any rule of the file
    static constexpr std::size_t kText = 1000;                    // a person typed it

    // Refused: what is missing or out of range (unprocessable), one too many (conflict).
    Heard add(SilenceWanted const& wanted, WallTime now, std::string& id);
    // Lets it end now: take_ended() gives it. Twice is once. not_found: there is none.
    Heard expire(std::string_view id, WallTime now);

    // The silence that holds this event's page: of several, the one that ends last. Null: it goes
    // out. `incident`: the event's, as it stands; null when it has none. Cost: O(active silences).
    [[nodiscard]] Silence const* holder(Event const& event, Incident const* incident) const;
    // The same for the present state of an incident that opened (or reopened) inside the silence:
    // nobody was told of it yet.
    [[nodiscard]] bool hushed(Incident const& incident) const;
    // `silence`: as holder() gave it.
    void hold(Silence const& silence, Event const& event,
              std::vector<std::string> const& receivers);

    // Those that are over by `now`, each once, with `until` at the instant they ended and with what
    // they hold. What another silence would still hold goes over to that one.
    using FindIncident = std::function<Incident const*(std::string const& id)>;
    [[nodiscard]] std::vector<Silence> take_ended(WallTime now, FindIncident const& find);
    [[nodiscard]] WallTime next_due() const;  // kNoTime: none is active

    [[nodiscard]] std::vector<Silence> const& all() const { return silences_; }  // oldest first
    [[nodiscard]] Silence const* find(std::string_view id) const;

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);  // false: not ours; nothing changed

private:
    [[nodiscard]] Silence const* covering(std::string const& brand,
                                          std::vector<std::string> const& streams,
                                          bool breach) const;

    std::vector<Silence> silences_;
    std::uint64_t next_ = 1;
};

// "3 pages held: incident.opened, 2 clock.warning"
[[nodiscard]] std::string held_words(HeldBack const& held);

}  // namespace surged::detectors
