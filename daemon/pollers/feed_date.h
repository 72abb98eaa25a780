// The dates that feeds write: RFC 822 with its licences, and W3C dates.
#pragma once

#include "detectors/time.h"

#include <optional>
#include <string_view>

namespace surged::daemon {

// "Fri, 20 Nov 2026 14:03:27 +0000", without the weekday or the seconds, with a year of two digits
// (50 to 99: the last century), with GMT, UT, Z, an American zone or none (then UTC); RFC 3339;
// "2026-11-20", "2026-11-20T14:03Z". nullopt for anything else, and before 1970.
[[nodiscard]] std::optional<detectors::WallTime> parse_feed_date(std::string_view text);

}  // namespace surged::daemon
