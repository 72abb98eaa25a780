// Small questions about an incident that the desk's files share.
#pragma once

#include "detectors/desk.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// Appends the names that are not there yet, in order.
void add_each_once(std::vector<std::string>& to, std::vector<std::string> const& names);

// Where the incident takes place, in order of arrival, each once.
[[nodiscard]] std::vector<std::string> platforms_of(Incident const& incident);
[[nodiscard]] bool is_platform_of(Incident const& incident, std::string const& platform);
// A clock of this kind runs or is breached and still open, on any platform.
[[nodiscard]] bool has_open(Incident const& incident, ClockKind kind);
[[nodiscard]] std::vector<ClockView> views(Incident const& incident);
// What is kept of a closed incident's conversations, to know it by when it comes back.
void keep_largest_conversations(Incident& incident);

}  // namespace surged::detectors
