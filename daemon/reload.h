// What a reload does to the streams that are running: contract section 3, "Reload".
#pragma once

#include "daemon/settings.h"

#include <string>
#include <vector>

namespace surged::daemon {

// Names of streams, in the order of the file (`removed`: of the old one).
struct SettingsChange {
    std::vector<std::string> kept;     // the same source: state stays, rules and pace may differ
    std::vector<std::string> changed;  // the same name, another account, kind or query: state anew
    std::vector<std::string> added, removed;
    std::vector<std::string> warnings;  // what is not applied: server.listen, storage.directory
};

// Pure: neither side is touched. Cost: O(streams log streams).
[[nodiscard]] SettingsChange compare(Settings const& old, Settings const& next);

// The same account, kind and query: what one of them counted, the other counts on.
[[nodiscard]] bool same_source(StreamSettings const& a, StreamSettings const& b);

}  // namespace surged::daemon
