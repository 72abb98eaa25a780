// One run of a program of the operator's: input, bounded output, bounded time.
#pragma once

#include "daemon/blocking.h"

#include <string>

namespace surged::daemon {

// What a run is and what its answer means: exporters/receivers/exec.h. No shell; PATH is searched
// as execvp does. The child has a process group of its own, our standard streams replaced, no other
// descriptor of ours, signals as at birth, and an environment of PATH, LANG and what the request
// names. What it writes beyond kOutput is read and dropped. When `stop` is set its
// whole group is killed: timeout. A program that cannot be started: status 127. A child that
// leaves the group is not followed. Blocks; thread-safe.
inline constexpr std::size_t kOutput = 4 * 1024;
[[nodiscard]] Result<HttpResponse> run_child(HttpRequest const& run,
                                             BlockingPool::Stop const& stop);

}  // namespace surged::daemon
