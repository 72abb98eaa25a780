// What a backtest found, as one HTML file for the person who chooses the settings.
#pragma once

#include "detectors/event.h"
#include "exporters/chart.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace surged::exporters {

struct BacktestReport {
    std::string config, input;  // as they were named
    WallTime from = detectors::kNoTime, until = detectors::kNoTime;
    std::uint64_t rows = 0, mentions = 0;
    double weeks = 0;  // after the first day, in which streams learn; below 1 no rate is told

    // One run of the whole with this budget of false pages for every `surge` detector; the first is
    // the file as it is written.
    struct Budget {
        std::string words;  // "1 per 7d", "as written"
        std::uint64_t pages = 0, surges = 0;
        bool chosen = false;
    };
    std::vector<Budget> budgets;

    struct Share {
        int met = 0, of = 0;
    };
    struct Reaction {
        detectors::ClockKind kind = detectors::ClockKind::acknowledge;
        std::chrono::seconds after{};
        std::vector<Share> by_platform;  // as `platforms`
    };
    std::vector<std::string> platforms;
    std::vector<Reaction> reactions;
    struct Needed {
        detectors::ClockKind kind = detectors::ClockKind::acknowledge;
        std::vector<std::optional<std::chrono::seconds>> by_platform;
    };
    std::vector<Needed> needed;

    struct Stream {
        std::string name, platform, brand, judged_by;  // "surge, 1 per 7d"
        std::uint64_t surges = 0;
        Chart chart;
    };
    std::vector<Stream> streams;

    struct Incident {
        std::string id, brand, severity;
        std::vector<std::string> streams;
        WallTime paged = detectors::kNoTime, onset = detectors::kNoTime,
                 ended = detectors::kNoTime;  // its last surge; kNoTime: still under way
        double ratio = 0;                     // as it was paged
        bool reopened = false;
        std::vector<Chart> charts;  // of the hours around it; none beyond the first few
    };
    std::vector<Incident> incidents;  // one per page, in order of time
};

// A whole document: no script, nothing fetched, light and dark, from 320 CSS pixels; what strangers
// wrote (names) is escaped. Cost: that of its charts.
[[nodiscard]] std::string backtest_html(BacktestReport const& report);

}  // namespace surged::exporters
