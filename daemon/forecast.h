// What other budgets of false pages would have brought on the same data: the choice, in numbers.
#pragma once

#include "daemon/settings.h"
#include "detectors/judge.h"

#include <map>
#include <string>
#include <vector>

namespace surged::daemon {

// Gathers the minutes (or coarser intervals) that a backtest judged and runs the stream's `surge`
// detector over them again, once per budget. Memory: 32 bytes a minute; time: half a microsecond
// per minute and budget. Pages here are surges told by that detector: what joins an open incident
// of the brand counts as well.
class Forecast {
public:
    // In order of time per stream. Minutes of streams without a `surge` detector are not kept.
    void add(StreamSettings const& stream, detectors::WallTime start, std::chrono::seconds length,
             double count, double multiplier);

    struct Line {
        std::chrono::seconds per{};  // the budget: one false page in so long
        int pages = 0;
        bool chosen = false;
    };
    struct Stream {
        std::string name;
        double weeks = 0;  // after its first day, in which it learns
        std::vector<Line> lines;
    };
    // The chosen budget among 1 per 1d, 3d, 7d, 14d, 30d, by stream name.
    [[nodiscard]] std::vector<Stream> run() const;

private:
    struct Recorded {
        detectors::DetectorSpec spec;
        std::vector<detectors::Tick> ticks;
    };
    std::map<std::string, Recorded, std::less<>> streams_;
};

// As a table for people; empty when there is nothing to say.
[[nodiscard]] std::string forecast_text(std::vector<Forecast::Stream> const& streams);

}  // namespace surged::daemon
