// `surged run`: the daemon in the foreground.
#pragma once

#include <string>

namespace surged::daemon {

// Until SIGTERM or SIGINT (clean stop, 0); SIGHUP reloads; a second signal exits at once. Exit
// codes 0, 2, 3, 4 as in exit_codes.h; 1 when a task died by a bug (systemd restarts the service).
int run(std::string const& config);

}  // namespace surged::daemon
