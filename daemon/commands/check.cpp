#include "daemon/commands/check.h"

#include "daemon/settings.h"

#include <ostream>

namespace surged::daemon {

int check(std::string const& path, bool explain, std::ostream& out, std::ostream& err) {
    auto const loaded = load_settings(path);
    for (auto const& problem : loaded.problems->list) err << config::to_string(problem) << '\n';
    if (loaded.problems->fatal()) return 2;
    if (explain) explain_settings(loaded.settings, out);
    auto const warnings = loaded.problems->warnings();
    out << path << ": valid, " << warnings << (warnings == 1 ? " warning" : " warnings") << '\n';
    return 0;
}

}  // namespace surged::daemon
