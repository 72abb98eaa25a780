#include "detectors/desk_parts.h"

#include <algorithm>
#include <functional>

namespace surged::detectors {

void add_each_once(std::vector<std::string>& to, std::vector<std::string> const& names) {
    for (std::string const& name : names)
        if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
}

std::vector<std::string> platforms_of(Incident const& incident) {
    std::vector<std::string> platforms;
    for (IncidentStream const& s : incident.streams) add_each_once(platforms, {s.platform});
    return platforms;
}

bool is_platform_of(Incident const& incident, std::string const& platform) {
    return std::any_of(incident.streams.begin(), incident.streams.end(),
                       [&](IncidentStream const& s) { return s.platform == platform; });
}

bool has_open(Incident const& incident, ClockKind kind) {
    return std::any_of(incident.clocks.begin(), incident.clocks.end(),
                       [&](Clock const& c) { return c.kind == kind && is_open(c); });
}

std::vector<ClockView> views(Incident const& incident) {
    std::vector<ClockView> all;
    all.reserve(incident.clocks.size());
    for (Clock const& c : incident.clocks) all.push_back(view(c));
    return all;
}

void keep_largest_conversations(Incident& incident) {
    for (auto& [platform, table] : incident.conversations) {
        if (table.size() <= Incident::kConversationsKept) continue;
        std::vector<std::pair<std::uint32_t, ConversationKey>> by_size;
        for (auto const& [id, n] : table) by_size.emplace_back(n, id);
        std::nth_element(by_size.begin(), by_size.begin() + Incident::kConversationsKept,
                         by_size.end(), std::greater<>());
        by_size.resize(Incident::kConversationsKept);
        table.clear();
        for (auto& [n, id] : by_size) table.emplace(id, n);
    }
}

}  // namespace surged::detectors
