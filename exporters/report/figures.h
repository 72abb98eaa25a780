// Figures as a person reads them. For exporters/report*.cpp.
#pragma once

#include "detectors/time.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace surged::exporters {

[[nodiscard]] std::string figure(double value);              // "1,240", "31.5", "0.25"
[[nodiscard]] std::string percent(double share);             // "6 %", "under 1 %", "0 %"
[[nodiscard]] std::string times(double ratio);               // "13 times", "2.5 times"
[[nodiscard]] std::string date_time(detectors::WallTime t);  // "1 Mar 2026, 12:01 UTC"
[[nodiscard]] std::string day(detectors::WallTime t);        // "1 Mar 2026"
// "45s", "5m 30s", "2h 05m"
[[nodiscard]] std::string lasting(std::chrono::milliseconds span);
// "largest", "second largest", "12th largest"
[[nodiscard]] std::string largest(std::size_t place);
[[nodiscard]] std::string plural(std::uint64_t n, std::string_view one, std::string_view many);

}  // namespace surged::exporters
