// The same intake, detection, desk and clocks over recorded data, in virtual time.
#pragma once

#include "daemon/forecast.h"
#include "daemon/settings.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct BacktestOptions {
    std::string stream;  // --stream: "" = by the rows, or the only stream
    enum class Format { automatic, counts, ndjson } format = Format::automatic;
    std::function<void(std::string_view json)> event;  // each event, one line of JSON, in order
    // --scores: one call per input row (counts) or closed minute (ndjson). Empty: not wanted.
    std::function<void(std::string_view timestamp, std::string_view value, double score)> score;
    bool forecast = false;  // pages under other budgets, into the result
    // For reports, empty when not wanted: each event before its JSON, each interval that a stream
    // judged for good, and how many of the rows are done (at each closed minute or row of counts).
    std::function<void(detectors::Event const&)> told;
    std::function<void(StreamSettings const&, detectors::Judged const&)> judged;
    std::function<void(std::uint64_t rows, std::uint64_t of)> progress;
};

struct BacktestSummary {
    std::uint64_t rows = 0, mentions = 0, duplicates = 0, late = 0, excluded = 0, own = 0;
    std::uint64_t stream_minutes = 0, surges = 0, incidents = 0;
    WallTime from = detectors::kNoTime, until = detectors::kNoTime;
};

// Reads `data` whole (the caller owns it; at least 64 readable bytes follow its end). Nothing is
// sent, no directory is touched. On unusable input: `error` says what is wrong with which row
// (1-based, a CSV's header is row 1), exit 2.
struct BacktestResult {
    std::optional<std::string> error;
    BacktestSummary summary;
    std::vector<Forecast::Stream> forecast;
};
BacktestResult run_backtest(Settings settings, std::string_view data,
                            BacktestOptions const& options);

}  // namespace surged::daemon
