// The arithmetic under a chart: axes, thinning, room for labels. For chart.cpp and its test.
#pragma once

#include "exporters/chart.h"

#include <string>
#include <vector>

namespace surged::exporters {

// 0 to `top` (> 0) by a step of 1, 2 or 5 times a power of ten; four steps at most.
struct ValueAxis {
    double top = 1;
    std::vector<double> ticks;
};
[[nodiscard]] ValueAxis value_axis(double highest);
[[nodiscard]] std::string value_text(double value);  // "0.5", "200", "1.5k", "3M"

// Round times between both ends, nine at most: "14:30", at midnight "1 Mar", over a year
// "1 Mar 2026".
struct TimeTick {
    WallTime at{};
    std::string text;
};
[[nodiscard]] std::vector<TimeTick> time_axis(WallTime from, WallTime to);

// At most `most` (>= 4) of the samples: all of them, or of each equal stretch of samples the lowest
// and the highest, in order of time. A stretch that holds a break (a value not finite) keeps one.
struct Sample {
    WallTime at{};
    double value = 0;
};
[[nodiscard]] std::vector<Sample> thinned(std::vector<Sample> const& samples, std::size_t most);

// Labels in three rows. Who finds no room at 320 pixels is shown on wide pages only, who finds none
// at 640 is not shown at all: its shape's own title still tells. Earlier ones choose first.
struct Label {
    double across = 0;  // of the width
    std::string text;
    ChartTone tone = ChartTone::surge;
};
struct PlacedLabel : Label {
    int row = 0;
    bool wide_only = false;
};
inline constexpr double kTurn = 0.6;  // labels right of this end at their place
[[nodiscard]] std::vector<PlacedLabel> placed(std::vector<Label> const& wanted);

}  // namespace surged::exporters
