// Incidents of all years: those the desk still has, and those that only the journal tells of.
#pragma once

#include "daemon/engine.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

// The journal's entries of one incident, ascending: the first kFirstEntries and the last
// kLastEntries of them. Entries that no version of ours wrote are skipped.
struct Entries {
    std::vector<detectors::Event> events;
    std::size_t left_out = 0;  // between the first and the last
};
inline constexpr std::size_t kFirstEntries = 4000, kLastEntries = 1000;
[[nodiscard]] Entries entries_of(Engine const& engine, std::string const& incident);

// The incident as the desk knows it, else as its entries tell it; none: there is none of this id.
[[nodiscard]] std::optional<detectors::Incident> known_incident(Engine const& engine,
                                                                std::string const& id);

struct HistoryQuery {
    std::string state, brand;  // "": any
    // Letters of any case in: id, brand, note, link, checklist item, verdict, reason, name of who
    // acted. "": any.
    std::string text;
    WallTime from = detectors::kNoTime, to = detectors::kNoTime;  // opened in [from, to)
    std::string after;         // the id that the page before ended with
    std::size_t limit = 1000;  // 1 to kHistoryPage
};
inline constexpr std::size_t kHistoryPage = 1000;
// A search looks through so many entries for one page; `next` then leads on, whatever was found.
inline constexpr std::size_t kSearchedEntries = 20'000;
// Of incidents that the desk has forgotten: the newest so many are listed.
inline constexpr std::size_t kForgotten = 5000;

struct History {
    std::vector<detectors::Incident const*> items;  // newest first
    std::string next;                      // `after` of the next page; "": this was the last
    std::deque<detectors::Incident> told;  // those of `items` that the journal told
};
// The pointers live until the engine's next change.
[[nodiscard]] History history(Engine const& engine, HistoryQuery const& query);

}  // namespace surged::daemon
