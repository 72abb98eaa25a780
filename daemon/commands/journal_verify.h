// `surged journal verify`: is the record of what happened still the record of what happened?
#pragma once

#include <ostream>
#include <string>

namespace surged::daemon {

// Returns the exit code: 0 intact, 1 broken (with the entry), 2 no journal in `directory` that this
// program can read. Reads only, takes no lock: also beside a running daemon. A directory that
// cannot be written (a backup) is read as it lies there.
int journal_verify(std::string const& directory, std::ostream& out, std::ostream& err);

}  // namespace surged::daemon
