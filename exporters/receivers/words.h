// The words of a page, as they must read at three in the morning on a lock screen: what, where,
// since when, how much more than usual, what is due and how long is left.
#pragma once

#include "exporters/receivers/receiver.h"

#include <string>

namespace surged::exporters {

// One line of plain text, at most kHeadline bytes. "DRILL" stands first on a drill.
inline constexpr std::size_t kHeadline = 300;
[[nodiscard]] std::string headline(Page const& page, detectors::WallTime now);
// The same of one entry of the journal, as it stood then: without brand, marks and deadlines; what
// a timeline says of it. One line, at most 1000 bytes.
[[nodiscard]] std::string entry_words(detectors::Event const& event);
// Lines of plain text without markup: the figures, each clock, who said what, the plan, the link.
[[nodiscard]] std::string description(Page const& page, detectors::WallTime now);
// Where the incident can be seen: always a URL, or "" when there is no incident or no console.
[[nodiscard]] std::string incident_url(Page const& page);

// The present state of an incident as a page, for receivers that are told states (a lease). Keeps
// the pointer.
[[nodiscard]] Page state_page(detectors::Incident const& incident, std::string external_url,
                              std::string plan_url);

}  // namespace surged::exporters
