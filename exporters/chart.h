// One stream over time as SVG text, for reports that need no script: what was observed, what was
// expected, from where it pages, with shaded times and marks.
#pragma once

#include "detectors/time.h"

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace surged::exporters {

using detectors::WallTime;

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// One value of each line; one that is not finite is not drawn, and its line is broken there.
struct ChartPoint {
    WallTime at{};
    double observed = kUnknown, expected = kUnknown, upper = kUnknown;
};

// How a shaded time or a mark looks; each is said in words by its label, too.
enum class ChartTone { surge, incident, unknown, good };

struct ChartSpan {
    WallTime from{}, to{};
    std::string label;
    ChartTone tone = ChartTone::surge;
};
struct ChartMark {
    WallTime at{};
    std::string label;
    ChartTone tone = ChartTone::incident;
};

struct Chart {
    std::string id;            // of the drawing in its page: letters, digits, "-", "_" are kept
    std::string title, about;  // for who cannot see it: its name; what it shows, in words
    std::string unit = "mentions";  // of the values, beside the topmost one
    // In order of time. Any number: what is drawn of each line is at most `most` points, chosen so
    // that no peak and no trough is lost.
    std::vector<ChartPoint> points;
    std::vector<ChartSpan> spans;  // earlier ones are labelled first where there is no room for all
    std::vector<ChartMark> marks;  // likewise
    // Points further apart are not joined: nothing is known of the time between.
    std::chrono::seconds gap{std::chrono::hours{1}};
    // The time shown; kNoTime: from the first point, to the last.
    WallTime from = detectors::kNoTime, to = detectors::kNoTime;
    std::size_t most = 600;
    int height = 260;  // CSS pixels; the width is its container's
};

// An <svg> element that fills its container's width, its letters the same size at every width
// (from 320 CSS pixels). The value axis begins at 0, has round values and holds the observed and
// expected lines whole; a threshold far above them leaves the picture. Times are UTC. Texts of
// strangers are escaped. Colours are the page's: chart_css() once. Cost: O(points); about 30 bytes
// of text for each point drawn.
[[nodiscard]] std::string chart_svg(Chart const& chart);

// The rules for all charts of a page, to be put into its <style>; the console's two schemes. A page
// that has the variables already (--ink, --soft, --line, --curve, --bad, --watch, --calm, --card)
// need not repeat chart_colours().
[[nodiscard]] std::string_view chart_css();
[[nodiscard]] std::string_view chart_colours();

}  // namespace surged::exporters
