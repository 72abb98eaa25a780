// Drawing: lines live in a nested <svg> of 1000 x 1000 units that is stretched to the plot, letters
// outside of it at percentages, so that no width distorts them.
#include "exporters/chart.h"

#include "exporters/chart_parts.h"
#include "exporters/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace surged::exporters {

using detectors::kNoTime;

namespace {

constexpr int kTop = 62;     // legend and three rows of labels
constexpr int kBottom = 22;  // labels of times
constexpr int kLabelRow = 15;
constexpr double kFar = 2;  // a threshold further above the rest than this leaves the picture

std::string_view tone_class(ChartTone tone) {
    switch (tone) {
        case ChartTone::surge: return "surge";
        case ChartTone::incident: return "incident";
        case ChartTone::unknown: return "unknown";
        case ChartTone::good: return "good";
    }
    return "surge";
}

template <typename... Args>
void put(std::string& out, char const* format, Args... args) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), format, args...);
    out += text.data();
}

class Drawing {
public:
    explicit Drawing(Chart const& chart) : chart_(chart) {
        from_ = chart.from;
        to_ = chart.to;
        if (!chart.points.empty()) {
            if (from_ == kNoTime) from_ = chart.points.front().at;
            if (to_ == kNoTime) to_ = chart.points.back().at;
        }
        if (from_ == kNoTime) from_ = WallTime{};  // an empty drawing
        if (to_ <= from_) to_ = from_ + detectors::kMinute;
        values_ = value_axis(highest());
        for (char const c : chart.id)
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') id_ += c;
    }

    std::string draw() {
        std::string const name = html_escaped(chart_.title);
        out_ = "<svg class=\"chart\" id=\"" + id_ + "\" role=\"img\" aria-labelledby=\"" + id_ +
               "-title " + id_ + "-about\" width=\"100%\" height=\"" +
               std::to_string(chart_.height) +
               "\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"" + id_ + "-title\">" + name +
               "</title><desc id=\"" + id_ + "-about\">" + html_escaped(chart_.about) + "</desc>\n";
        legend();
        out_ += "<svg x=\"0\" y=\"" + std::to_string(kTop) + "\" width=\"100%\" height=\"" +
                std::to_string(plot()) +
                "\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">\n";
        spans();
        grid();
        line("upper", &ChartPoint::upper);
        line("expected", &ChartPoint::expected);
        line("observed", &ChartPoint::observed);
        for (ChartMark const& mark : chart_.marks) stroke(mark);
        out_ += "</svg>\n";
        labels();
        value_labels();
        time_labels();
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    [[nodiscard]] int plot() const { return std::max(40, chart_.height - kTop - kBottom); }
    [[nodiscard]] bool inside(WallTime t) const { return t >= from_ && t <= to_; }
    // Of the width, 0 to 1, not cut.
    [[nodiscard]] double across(WallTime t) const {
        return double((t - from_).count()) / double((to_ - from_).count());
    }
    [[nodiscard]] double down(double value) const { return 1000 - 1000 * value / values_.top; }

    [[nodiscard]] double highest() const {
        double seen = 0, upper = 0;
        for (ChartPoint const& p : chart_.points) {
            if (!inside(p.at)) continue;
            for (double const v : {p.observed, p.expected})
                if (std::isfinite(v)) seen = std::max(seen, v);
            if (std::isfinite(p.upper)) upper = std::max(upper, p.upper);
        }
        return std::max(seen, std::min(upper, kFar * seen));
    }

    void legend() {
        struct Key {
            char const *line, *words;
            double ChartPoint::*value;
        };
        int x = 0;
        for (Key const& key : {Key{"observed", "observed", &ChartPoint::observed},
                               Key{"expected", "expected", &ChartPoint::expected},
                               Key{"upper", "pages above", &ChartPoint::upper}}) {
            bool const there =
                std::any_of(chart_.points.begin(), chart_.points.end(),
                            [&](ChartPoint const& p) { return std::isfinite(p.*key.value); });
            if (!there) continue;
            put(out_, "<path class=\"%s\" d=\"M%d 8h22\"/><text x=\"%d\" y=\"12\">%s</text>\n",
                key.line, x + 2, x + 29, key.words);
            x += 100;
        }
    }

    void spans() {
        for (ChartSpan const& span : chart_.spans) {
            double const left = 1000 * std::clamp(across(span.from), 0.0, 1.0);
            double const right = 1000 * std::clamp(across(span.to), 0.0, 1.0);
            if (span.to < from_ || span.from > to_) continue;
            // One thousandth at least: a surge of minutes in a chart of months is still seen.
            put(out_, "<rect class=\"%s\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"1000\">",
                tone_class(span.tone).data(), left, std::max(1.5, right - left));
            out_ += "<title>" + html_escaped(span.label) + "</title></rect>\n";
        }
    }

    void grid() {
        for (double const value : values_.ticks)
            put(out_, "<path class=\"grid\" d=\"M0 %.1fH1000\"/>", down(value));
        out_ += "\n";
    }

    void stroke(ChartMark const& mark) {
        if (!inside(mark.at)) return;
        put(out_, "<path class=\"mark %s\" d=\"M%.1f 0V1000\">", tone_class(mark.tone).data(),
            1000 * across(mark.at));
        out_ += "<title>" + html_escaped(mark.label) + "</title></path>\n";
    }

    void line(char const* name, double ChartPoint::*value) {
        std::vector<Sample> samples;
        for (ChartPoint const& p : chart_.points)
            if (inside(p.at)) samples.push_back({p.at, p.*value});
        std::string path;
        WallTime last = kNoTime;
        for (Sample const& s : thinned(samples, chart_.most)) {
            if (!std::isfinite(s.value)) {
                last = kNoTime;
                continue;
            }
            bool const joined = last != kNoTime && s.at - last <= reach(samples.size());
            put(path, "%s%.1f %.1f", joined ? "L" : "M", 1000 * across(s.at), down(s.value));
            if (!joined) path += "h.01";  // with round ends a lonely value is a dot
            last = s.at;
        }
        if (!path.empty())
            out_ += std::string("<path class=\"") + name + "\" d=\"" + path + "\"/>\n";
    }

    // How far apart two drawn points may be and still be neighbours: thinning spreads them.
    [[nodiscard]] std::chrono::milliseconds reach(std::size_t count) const {
        auto const spread = (to_ - from_) * (count > chart_.most ? 6 : 0) /
                            std::int64_t(std::max<std::size_t>(1, chart_.most));
        return std::max<std::chrono::milliseconds>(chart_.gap, spread);
    }

    void labels() {
        std::vector<Label> wanted;
        for (ChartMark const& mark : chart_.marks)
            if (inside(mark.at)) wanted.push_back({across(mark.at), mark.label, mark.tone});
        for (ChartSpan const& span : chart_.spans)
            if (span.to >= from_ && span.from <= to_)
                wanted.push_back({std::clamp(across(span.from), 0.0, 1.0), span.label, span.tone});
        for (PlacedLabel const& l : placed(wanted)) {
            bool const left = l.across > kTurn;
            put(out_, "<text class=\"label %s%s\" x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">",
                tone_class(l.tone).data(), l.wide_only ? " wide" : "", 100 * l.across,
                28 + kLabelRow * l.row, left ? "end" : "start");
            out_ += html_escaped(l.text) + "</text>\n";
        }
    }

    void value_labels() {
        bool top = true;
        for (auto it = values_.ticks.rbegin(); it != values_.ticks.rend(); ++it) {
            if (*it <= 0) continue;
            double const y = kTop + plot() * down(*it) / 1000;
            put(out_, "<text class=\"value\" x=\"2\" y=\"%.1f\">%s", y + 12,
                value_text(*it).c_str());
            if (top) out_ += " " + html_escaped(chart_.unit);
            top = false;
            out_ += "</text>\n";
        }
    }

    void time_labels() {
        int n = 0;
        for (TimeTick const& tick : time_axis(from_, to_)) {
            double const x = across(tick.at);
            // The ends have no room for the half of a text.
            char const* const anchor = x < 0.03 ? "start" : x > 0.97 ? "end" : "middle";
            put(out_, "<text class=\"time%s\" x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
                n++ % 2 == 1 ? " wide" : "", 100 * x, kTop + plot() + 15, anchor,
                tick.text.c_str());
        }
    }

    Chart const& chart_;
    WallTime from_{}, to_{};
    ValueAxis values_;
    std::string id_, out_;
};

}  // namespace

std::string chart_svg(Chart const& chart) {
    return Drawing(chart).draw();
}

std::string_view chart_css() {
    return R"(svg.chart { display: block; max-width: 100%; color: var(--soft);
  font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
svg.chart text { fill: var(--soft); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg.chart path { fill: none; vector-effect: non-scaling-stroke; stroke-linecap: round; stroke-linejoin: round; }
svg.chart .grid { stroke: var(--line); stroke-width: 1; }
svg.chart .observed { stroke: var(--curve); stroke-width: 1.6; }
svg.chart .expected { stroke: var(--calm); stroke-width: 1.6; stroke-dasharray: 6 4; }
svg.chart .upper { stroke: var(--bad); stroke-width: 1.4; stroke-dasharray: 1.5 4; }
svg.chart .mark { stroke-width: 1.5; stroke-dasharray: none; }
svg.chart .mark.incident { stroke: var(--bad); } svg.chart .mark.surge { stroke: var(--watch); }
svg.chart .mark.good { stroke: var(--calm); } svg.chart .mark.unknown { stroke: var(--soft); }
svg.chart rect.surge { fill: var(--watch); fill-opacity: .22; }
svg.chart rect.incident { fill: var(--bad); fill-opacity: .12; }
svg.chart rect.good { fill: var(--calm); fill-opacity: .14; }
svg.chart rect.unknown { fill: var(--soft); fill-opacity: .18; }
svg.chart text.label { font-weight: 600; }
svg.chart text.label.incident { fill: var(--bad); } svg.chart text.label.surge { fill: var(--watch); }
svg.chart text.label.good { fill: var(--calm); }
@media (max-width: 640px) { svg.chart .wide { display: none; } }
)";
}

std::string_view chart_colours() {
    return R"(:root { color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #53606f; --line: #d5dbe3; --link: #0b55a8;
  --calm: #1c6b3f; --watch: #8a5200; --bad: #b3141f; --bad-soft: #fdecec; --watch-soft: #fdf3e2; --curve: #14304f; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0e141b; --card: #17202a; --ink: #e8edf3; --soft: #a5b1bf; --line: #2c3947; --link: #86bbff;
  --calm: #7bd3a0; --watch: #ffc46b; --bad: #ff8f92; --bad-soft: #3a1a1e; --watch-soft: #35280f; --curve: #a9cbff; } }
)";
}

}  // namespace surged::exporters
