// Deadlines as receivers tell them: which are open, which one is the most urgent, in words.
#pragma once

#include "exporters/receivers/receiver.h"

#include <optional>
#include <string>
#include <vector>

namespace surged::exporters {

// "under a minute", "54 min", "3h 05m"
[[nodiscard]] std::string span_words(detectors::WallTime from, detectors::WallTime to);
// "first public answer on X due 13:01 UTC (54 min left)", "... was due 13:01 UTC (12 min overdue)",
// "... given 12:40 UTC by kim".
[[nodiscard]] std::string clock_words(detectors::ClockView const& clock, detectors::WallTime now);

// The clocks as they are now: of the incident when it is known, else those the event carried; of
// each platform and kind the latest run alone.
[[nodiscard]] std::vector<detectors::ClockView> present_clocks(Page const& page);
// The open clock that was or is due first; none: nothing is open.
[[nodiscard]] std::optional<detectors::ClockView> most_urgent(
    std::vector<detectors::ClockView> const& clocks);
[[nodiscard]] bool is_open(detectors::ClockView const& clock);  // running or breached
// Is this clock in breach, or was it when it ended? One that was met in time was not.
[[nodiscard]] bool was_breached(detectors::ClockView const& clock);
// The clock of a clock.* event as it is now; as the event told it when the incident is not known.
[[nodiscard]] std::optional<detectors::ClockView> present_clock(Page const& page);
// A repeat whose clock is no longer in breach: nobody should hear it.
[[nodiscard]] bool outdated(Page const& page);

}  // namespace surged::exporters
