#include "exporters/backtest_report.h"

#include "exporters/html.h"
#include "exporters/receivers/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace surged::exporters {

using detectors::ClockKind;
using detectors::human_duration;
using detectors::kNoTime;

namespace {

constexpr double kShortest = 1;  // weeks: a rate from less says nothing

constexpr std::string_view kCss = R"(* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 75rem; margin: 0 auto; padding: .75rem 1rem; }
h1 { font-size: 1.3rem; margin: .25rem 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; } p { margin: .35rem 0; max-width: 46rem; }
.soft { color: var(--soft); } .bad { color: var(--bad); font-weight: 600; } .calm { color: var(--calm); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem;
  margin: 0 0 1rem; min-width: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: normal; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.chosen td { font-weight: 700; background: var(--watch-soft); }
.bar { width: 8rem; height: .8rem; display: block; } .bar rect { fill: var(--curve); }
details { margin: .5rem 0 0; } summary { cursor: pointer; color: var(--link); padding: .35rem 0; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem .75rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 480px) { th, td { padding-right: .5rem; font-size: .9rem; } .bar { width: 3.5rem; } }
@media print { .card { break-inside: avoid; } details > summary { display: none; } }
)";

std::string number(double value, char const* format = "%.2f") {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

// "2026-03-01 12:07"; the page says that times are UTC.
std::string when(WallTime at) {
    if (at == kNoTime) return "";
    std::string text = detectors::rfc3339(at).substr(0, 16);
    text[10] = ' ';
    return text;
}

char const* promise(ClockKind kind) {
    switch (kind) {
        case ClockKind::acknowledge: return "Acknowledged";
        case ClockKind::respond: return "First public answer";
        case ClockKind::resolve: return "Full public answer";
    }
    return "";
}

class Document {
public:
    explicit Document(BacktestReport const& report) : r_(report) {}

    std::string write() {
        head();
        budgets();
        reactions();
        streams();
        incidents();
        out_ += "</main>\n</html>\n";
        return std::move(out_);
    }

private:
    void head() {
        out_ =
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'\">\n<title>Backtest of " +
            html_escaped(r_.input) + "</title>\n<style>\n";
        out_ += chart_colours();
        out_ += kCss;
        out_ += chart_css();
        out_ += "</style>\n</head>\n<body>\n<header>\n<h1>What " + html_escaped(r_.config) +
                " would have paged</h1>\n<dl>";
        item("Data", html_escaped(r_.input) + ": " + std::to_string(r_.rows) + " rows, " +
                         std::to_string(r_.mentions) + " mentions counted");
        item("Time", when(r_.from) + " to " + when(r_.until) + " UTC");
        auto const pages = r_.incidents.size();
        item("Pages", std::to_string(pages) +
                          (r_.weeks >= kShortest
                               ? ": " + number(double(pages) / r_.weeks) + " per week over " +
                                     number(r_.weeks, "%.1f") + " weeks after the first day"
                               : std::string(": less than a week of data tells no rate")));
        out_ +=
            "</dl>\n<p class=\"soft\">The same intake, detectors, incidents and clocks as in the "
            "daemon, over recorded data in virtual time, with nobody answering. A page is an "
            "incident that opened or reopened.</p>\n</header>\n<main>\n";
    }

    void item(char const* term, std::string const& text) {
        out_ += "<dt>" + std::string(term) + "</dt><dd>" + text + "</dd>\n";
    }

    void budgets() {
        if (r_.budgets.empty()) return;
        out_ +=
            "<h2>The budget of false pages</h2>\n<div class=\"card\"><p>Each line is a whole run "
            "with that budget for every <code>surge</code> detector. A smaller budget is quieter "
            "and later; a larger one hears weaker surges and costs sleep. Pages that were right "
            "count here too: look at the incidents below before judging.</p>\n<div "
            "class=\"scroll\"><table>\n<tr><th>false_pages</th><th class=\"n\">pages</th>"
            "<th class=\"n\">a week</th><th></th><th class=\"n\">surges</th></tr>\n";
        std::uint64_t most = 1;
        for (auto const& b : r_.budgets) most = std::max(most, b.pages);
        for (auto const& b : r_.budgets) {
            out_ += b.chosen ? "<tr class=\"chosen\">" : "<tr>";
            out_ += "<td>" + html_escaped(b.words) + (b.chosen ? " (this file)" : "") +
                    "</td><td class=\"n\">" + std::to_string(b.pages) + "</td><td class=\"n\">" +
                    (r_.weeks >= kShortest ? number(double(b.pages) / r_.weeks) : "") +
                    "</td><td><svg class=\"bar\" aria-hidden=\"true\"><rect width=\"" +
                    number(100 * double(b.pages) / double(most), "%.0f") +
                    "%\" height=\"100%\"/></svg></td><td class=\"n\">" + std::to_string(b.surges) +
                    "</td></tr>\n";
        }
        out_ += "</table></div></div>\n";
    }

    void reactions() {
        if (r_.reactions.empty()) return;
        out_ +=
            "<h2>Deadlines at your pace</h2>\n<div class=\"card\"><p>How many of the deadlines of "
            "these pages would have been met, had somebody always acted so long after the page. "
            "Public deadlines count from the onset, so what the detector needed is already "
            "spent.</p>\n<div class=\"scroll\"><table>\n<tr><th>if always</th>";
        for (auto const& p : r_.platforms)
            out_ += "<th class=\"n\">" + html_escaped(platform_name(p)) + "</th>";
        out_ += "</tr>\n";
        for (auto const& reaction : r_.reactions) {
            out_ += "<tr><td>" + std::string(promise(reaction.kind)) + " after " +
                    human_duration(reaction.after) + "</td>";
            for (auto const& share : reaction.by_platform) cell(share);
            out_ += "</tr>\n";
        }
        for (auto const& needed : r_.needed) {
            out_ += "<tr><td class=\"soft\">" + std::string(promise(needed.kind)) +
                    ": all that can be met, if sooner than</td>";
            for (auto const& n : needed.by_platform)
                out_ += "<td class=\"n\">" + (n ? human_duration(*n) : std::string("")) + "</td>";
            out_ += "</tr>\n";
        }
        out_ += "</table></div></div>\n";
    }

    void cell(BacktestReport::Share const& share) {
        if (share.of == 0) {
            out_ += "<td></td>";
            return;
        }
        char const* const tone = share.met == share.of      ? "calm"
                                 : share.met * 2 < share.of ? "bad"
                                                            : "";
        out_ += "<td class=\"n\"><span class=\"" + std::string(tone) + "\">" +
                std::to_string(share.met) + " of " + std::to_string(share.of) + "</span></td>";
    }

    void streams() {
        out_ += "<h2>Streams</h2>\n";
        for (auto const& s : r_.streams) {
            out_ += "<section class=\"card\"><h3>" + html_escaped(s.name) +
                    "</h3><p class=\"soft\">" + html_escaped(platform_name(s.platform)) +
                    ", brand " + html_escaped(s.brand) + "; " + html_escaped(s.judged_by) + "; " +
                    std::to_string(s.surges) + (s.surges == 1 ? " surge" : " surges") + "</p>\n" +
                    chart_svg(s.chart) + "</section>\n";
        }
    }

    void incidents() {
        out_ += "<h2>Pages</h2>\n";
        if (r_.incidents.empty()) {
            out_ += "<p>None: nothing in this data was rare enough for the budget.</p>\n";
            return;
        }
        for (auto const& i : r_.incidents) incident(i);
    }

    void incident(BacktestReport::Incident const& i) {
        out_ += "<section class=\"card\"><h3>" + html_escaped(i.id) +
                (i.reopened ? " (reopened)" : "") + "</h3>\n<p>Paged " + when(i.paged);
        if (i.onset != kNoTime && i.onset < i.paged)
            out_ += ", " +
                    human_duration(std::chrono::floor<std::chrono::seconds>(i.paged - i.onset)) +
                    " after its onset";
        out_ += "; " + html_escaped(i.severity);
        if (i.ratio > 0) out_ += "; " + number(i.ratio, "%.1f") + " times the expected";
        if (i.ended != kNoTime) out_ += "; last surge over " + when(i.ended);
        out_ += ". Streams: ";
        for (std::size_t k = 0; k < i.streams.size(); ++k)
            out_ += (k > 0 ? ", " : "") + html_escaped(i.streams[k]);
        out_ += ".</p>\n";
        if (!i.charts.empty()) {
            out_ += "<details><summary>The hours around it</summary>\n";
            for (Chart const& c : i.charts)
                out_ += "<p class=\"soft\">" + html_escaped(c.title) + "</p>\n" + chart_svg(c);
            out_ += "</details>\n";
        }
        out_ += "</section>\n";
    }

    BacktestReport const& r_;
    std::string out_;
};

}  // namespace

std::string backtest_html(BacktestReport const& report) {
    return Document(report).write();
}

}  // namespace surged::exporters
