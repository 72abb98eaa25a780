// Listens to a backtest and makes its report (exporters/backtest_report.h); runs it again under
// other budgets.
#pragma once

#include "daemon/backtest.h"
#include "detectors/reaction.h"
#include "exporters/backtest_report.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// What one stream's chart is drawn from. At most 2^20 intervals (16 MB; two years of minutes): then
// neighbours are merged, the busier one's values kept, and each stands for twice the time.
class Track {
public:
    void add(detectors::Judged const& judged);
    [[nodiscard]] std::vector<exporters::ChartPoint> points(WallTime from, WallTime to) const;
    [[nodiscard]] std::chrono::seconds length() const { return length_; }  // that a value is for
    [[nodiscard]] std::chrono::seconds spacing() const { return length_ * merged_; }

private:
    struct Point {
        std::int32_t minute = 0;  // since 1970
        float observed = 0, expected = 0, upper = 0;
    };
    void halve();
    std::vector<Point> points_;
    std::chrono::seconds length_{60};
    int merged_ = 1;
    int skipped_ = 0;
};

class BacktestRecording {
public:
    explicit BacktestRecording(Settings const& settings) : settings_(settings) {}
    // Sets `told` and `judged`; this must outlive the run.
    void listen(BacktestOptions& options);
    // Without budgets and names of files.
    [[nodiscard]] exporters::BacktestReport report(BacktestSummary const& summary) const;

private:
    struct Surge {
        std::string stream, incident;
        WallTime from{}, to = detectors::kNoTime;
    };
    void hear(detectors::Event const& event);
    void surge(detectors::Event const& event);
    [[nodiscard]] exporters::Chart chart(std::string const& stream, Track const& track,
                                         WallTime from, WallTime to) const;
    void add_closeups(exporters::BacktestReport& report) const;
    void add_reactions(exporters::BacktestReport& report) const;

    Settings settings_;
    std::map<std::string, Track, std::less<>> tracks_;
    std::vector<Surge> surges_;
    std::vector<exporters::BacktestReport::Incident> pages_;
    detectors::Reactions reactions_;
};

// The settings with this budget for every `surge` detector.
[[nodiscard]] Settings with_budget(Settings settings, std::chrono::seconds per);

// Runs the same data through the same code once for each neighbouring budget: 1 per 1d, 3d, 7d,
// 30d, 90d; what the file says stands among them as it is (its own counts are `written`). Cost: a
// backtest each. `progress` as in BacktestOptions, with the run's name.
[[nodiscard]] std::vector<exporters::BacktestReport::Budget> budget_runs(
    Settings const& settings, std::string_view data, BacktestOptions const& options,
    exporters::BacktestReport::Budget written,
    std::function<void(std::string const& run, std::uint64_t rows, std::uint64_t of)> const&
        progress);

}  // namespace surged::daemon
