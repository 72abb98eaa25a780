#include "daemon/result.h"

#include <array>

namespace surged::daemon {

std::string_view to_string(Fault fault) {
    constexpr std::array<std::string_view, 11> kNames{
        "throttled",   "budget",    "auth",      "forbidden", "not_found", "bad_cursor",
        "bad_request", "transient", "malformed", "too_large", "timeout"};
    return kNames[static_cast<std::size_t>(fault)];
}

}  // namespace surged::daemon
