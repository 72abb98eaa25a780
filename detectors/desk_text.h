// What a person reads of an event at three in the morning: one line, facts and the next deadline.
#pragma once

#include "detectors/desk.h"

#include <string>

namespace surged::detectors {

// "acme on x, critical: 412 mentions in 10m, 31.5 expected (13.1x), since 12:01 UTC; acknowledge by
// 12:17 UTC (in 10m), first public answer on x by 13:01 UTC (in 54m)". A drill begins with "DRILL".
// A page that came after a deadline (`late_page`) says how long ago the public noticed. Times on
// another day than the event's carry their date; deadlines are cut to the minute, never rounded up.
[[nodiscard]] std::string summary_of(Incident const& incident, Event const& event,
                                     bool late_page = false);

// "12:17 UTC", or "2026-03-02 12:17 UTC" on another UTC day than `beside`.
[[nodiscard]] std::string clock_time(WallTime t, WallTime beside);

}  // namespace surged::detectors
