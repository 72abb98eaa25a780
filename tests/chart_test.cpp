#include "exporters/chart.h"

#include "exporters/chart_parts.h"
#include "exporters/html.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace surged::tests {
namespace {

using namespace exporters;
using namespace std::chrono_literals;
using detectors::parse_time;

WallTime at(char const* text) {
    return *parse_time(text);
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (auto i = text.find(what); i != std::string_view::npos; i = text.find(what, i + 1)) ++n;
    return n;
}

// The element that begins with `head`, to its end.
std::string element(std::string const& svg, std::string const& head) {
    auto const begin = svg.find(head);
    if (begin == std::string::npos) return {};
    return svg.substr(begin, svg.find("\n", begin) - begin);
}

Chart day() {
    Chart chart;
    chart.id = "acme x";
    chart.title = "acme-x";
    chart.about = "one day";
    for (int i = 0; i < 1440; ++i)
        chart.points.push_back(
            {at("2026-03-01T00:00:00Z") + i * 1min, i == 700 ? 412.0 : 10.0, 9.0, 60.0});
    return chart;
}

TEST(Html, LeavesNothingOfAStrangerThatIsMarkup) {
    EXPECT_EQ(html_escaped("<b a=\"1\">'&'\n</b>"),
              "&lt;b a=&quot;1&quot;&gt;&#39;&amp;&#39; &lt;/b&gt;");
    EXPECT_EQ(html_escaped("plain \xC3\xA4"), "plain \xC3\xA4");
}

TEST(ChartAxis, HasRoundValuesThatHoldTheHighest) {
    for (double const highest : {0.0, 0.3, 1.0, 3.0, 7.0, 10.0, 99.0, 101.0, 412.0, 5e6}) {
        ValueAxis const axis = value_axis(highest);
        EXPECT_GE(axis.top, highest);
        EXPECT_LE(axis.ticks.size(), 5U) << highest;
        EXPECT_EQ(axis.ticks.front(), 0);
        EXPECT_DOUBLE_EQ(axis.ticks.back(), axis.top);
        EXPECT_LE(axis.top, highest > 0 ? 2.5 * highest : 1) << highest;
    }
    EXPECT_DOUBLE_EQ(value_axis(412).ticks[1], 200);
    EXPECT_EQ(value_text(200), "200");
    EXPECT_EQ(value_text(1500), "1.5k");
    EXPECT_EQ(value_text(0.5), "0.5");
    EXPECT_EQ(value_text(3e6), "3M");
}

TEST(ChartAxis, HasRoundTimes) {
    auto const hours = time_axis(at("2026-02-28T21:07:00Z"), at("2026-03-01T04:00:00Z"));
    ASSERT_EQ(hours.size(), 7U);
    EXPECT_EQ(hours[0].text, "22:00");
    EXPECT_EQ(hours[2].text, "1 Mar");
    EXPECT_EQ(hours[6].text, "04:00");
    auto const years = time_axis(at("2015-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
    ASSERT_FALSE(years.empty());
    EXPECT_LE(years.size(), 9U);
    EXPECT_NE(years[0].text.find(" 201"), std::string::npos) << years[0].text;
    for (auto const span : {1min, 59min, 1441min, 40000min, 600000min})
        EXPECT_LE(time_axis(at("2026-03-01T00:00:03Z"), at("2026-03-01T00:00:03Z") + span).size(),
                  9U);
}

TEST(ChartThinning, KeepsEveryPeakAndTrough) {
    std::vector<Sample> samples;
    for (int i = 0; i < 100'000; ++i)
        samples.push_back({WallTime{i * 1min}, i == 70'001 ? 500.0 : i == 31'999 ? -3.0 : 10.0});
    auto const few = thinned(samples, 600);
    EXPECT_LE(few.size(), 600U);
    EXPECT_GE(few.size(), 200U);
    auto const holds = [&](int minute, double v) {
        return std::any_of(few.begin(), few.end(), [&](Sample const& s) {
            return s.at == WallTime{minute * 1min} && s.value == v;
        });
    };
    EXPECT_TRUE(holds(70'001, 500));
    EXPECT_TRUE(holds(31'999, -3));
    EXPECT_TRUE(std::is_sorted(few.begin(), few.end(),
                               [](auto const& a, auto const& b) { return a.at < b.at; }));
    EXPECT_EQ(thinned({{WallTime{}, 1}, {WallTime{1min}, 2}}, 4).size(), 2U);
    samples[500].value = kUnknown;
    auto const broken = thinned(samples, 600);
    EXPECT_LE(broken.size(), 600U);
    EXPECT_TRUE(std::any_of(broken.begin(), broken.end(),
                            [](Sample const& s) { return std::isnan(s.value); }));
}

TEST(ChartLabels, NeverLieOnEachOther) {
    std::vector<Label> wanted;
    for (int i = 0; i < 40; ++i) wanted.push_back({i / 40.0, "incident acme-" + std::to_string(i)});
    auto const shown = placed(wanted);
    ASSERT_FALSE(shown.empty());
    EXPECT_EQ(shown.front().text, "incident acme-0");
    EXPECT_TRUE(std::any_of(shown.begin(), shown.end(), [](auto const& l) { return l.wide_only; }));
    for (double const width : {320.0, 640.0, 1200.0})
        for (auto const& a : shown)
            for (auto const& b : shown) {
                if (&a == &b || a.row != b.row) continue;
                if (width < 640 && (a.wide_only || b.wide_only)) continue;
                auto const left = [&](PlacedLabel const& l) {
                    return l.across * width - (l.across > kTurn ? 6.0 * double(l.text.size()) : 0);
                };
                bool const apart = left(a) + 6.0 * double(a.text.size()) <= left(b) ||
                                   left(b) + 6.0 * double(b.text.size()) <= left(a);
                EXPECT_TRUE(apart) << a.text << " and " << b.text << " at " << width;
            }
}

TEST(Chart, DrawsThreeLinesAndNamesItself) {
    auto const svg = chart_svg(day());
    EXPECT_EQ(svg.rfind("<svg class=\"chart\" id=\"acmex\" role=\"img\"", 0), 0U);
    EXPECT_NE(svg.find("<title id=\"acmex-title\">acme-x</title>"), std::string::npos);
    EXPECT_NE(svg.find("<desc id=\"acmex-about\">one day</desc>"), std::string::npos);
    for (char const* key : {"observed", "expected", "upper"})
        EXPECT_EQ(count(svg, "<path class=\"" + std::string(key) + "\""), 2U) << key;
    // The lonely minute at 700 of 1440 reaches the same height as without thinning: 412 of 600.
    EXPECT_NE(svg.find("486.4 313.3"), std::string::npos);
    EXPECT_EQ(count(svg, "<svg"), count(svg, "</svg>"));
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_LT(svg.size(), 60'000U);
}

TEST(Chart, BreaksALineWhereNothingIsKnown) {
    Chart chart = day();
    auto const pieces = [](Chart const& c) {
        // Behind the legend's sample.
        auto const svg = chart_svg(c);
        auto const plot = svg.substr(svg.find("viewBox"));
        return count(element(plot, "<path class=\"observed\""), "M");
    };
    EXPECT_EQ(pieces(chart), 1U);
    chart.points.resize(500);
    EXPECT_EQ(pieces(chart), 1U);
    chart.points[250].observed = kUnknown;
    EXPECT_EQ(pieces(chart), 2U);
    for (std::size_t i = 300; i < 500; ++i) chart.points[i].at += 2h;
    EXPECT_EQ(pieces(chart), 3U);
}

TEST(Chart, ShadesAndMarksWithWords) {
    Chart chart = day();
    chart.spans.push_back(
        {at("2026-03-01T11:40:00Z"), at("2026-03-01T12:20:00Z"), "surge <1>", ChartTone::surge});
    chart.spans.push_back({at("2026-02-01T11:40:00Z"), at("2026-02-01T12:20:00Z"), "long ago"});
    chart.marks.push_back({at("2026-03-01T11:45:00Z"), "paged", ChartTone::incident});
    auto const svg = chart_svg(chart);
    EXPECT_EQ(count(svg, "<rect class=\"surge\" x=\"486.4\""), 1U);
    EXPECT_EQ(count(svg, "<title>surge &lt;1&gt;</title>"), 1U);
    EXPECT_EQ(svg.find("<1>"), std::string::npos);
    EXPECT_EQ(svg.find("long ago"), std::string::npos);
    EXPECT_EQ(count(svg, "<path class=\"mark incident\""), 1U);
    EXPECT_NE(svg.find(">paged</text>"), std::string::npos);
}

TEST(Chart, DrawsNothingButAxesWithoutPoints) {
    Chart chart;
    chart.from = at("2026-03-01T00:00:00Z");
    auto const svg = chart_svg(chart);
    EXPECT_NE(svg.find("class=\"grid\""), std::string::npos);
    EXPECT_EQ(svg.find("class=\"observed\""), std::string::npos);
    EXPECT_EQ(chart_svg(Chart{}).find("nan"), std::string::npos);
}

TEST(Chart, LetsAFarThresholdLeaveThePicture) {
    Chart chart = day();
    for (auto& p : chart.points) p.upper = 1e9;
    EXPECT_NE(chart_svg(chart).find(">1k mentions</text>"), std::string::npos) << chart_svg(chart);
    for (auto& p : chart.points) p.upper = std::numeric_limits<double>::infinity();
    EXPECT_EQ(chart_svg(chart).find("pages above"), std::string::npos);
}

}  // namespace
}  // namespace surged::tests
