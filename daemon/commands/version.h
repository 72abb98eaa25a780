// `surged version`.
#pragma once

#include <ostream>

namespace surged::daemon {

// Version, commit, compiler, libraries; 0.
int version(std::ostream& out);

}  // namespace surged::daemon
