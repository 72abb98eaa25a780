// One file that needs nothing else: a style of its own by its hash, charts as SVG inside, no
// script.
#include "exporters/html.h"

#include "exporters/chart.h"
#include "exporters/report/document.h"
#include "exporters/signature.h"

namespace surged::exporters {
namespace {

constexpr std::string_view kStyle = R"(* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
p, ul { margin: 0 0 .75rem; } ul { padding-left: 1.2rem; } li { margin: .35rem 0; }
p, li, td a, td:last-child { overflow-wrap: anywhere; }
a { color: var(--link); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem .2rem;
  margin: 0 0 1rem; }
#what { border-left: .4rem solid var(--bad); font-size: 1.08rem; }
.drill #what { border-left-color: var(--link); }
.lead { color: var(--soft); } .rehearsal { color: var(--link); font-weight: 700; }
.scroll { overflow-x: auto; margin: 0 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td { font-variant-numeric: tabular-nums; }
svg.chart { margin: 0 0 1rem; }
@media (max-width: 640px) {
  main { padding: .5rem; } section { padding: .7rem .7rem .1rem; }
  thead { display: none; }
  table, tbody { display: block; }
  tr { display: flex; flex-wrap: wrap; gap: 0 .9rem; padding: .45rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td { display: block; border: 0; padding: 0; max-width: 100%; overflow-wrap: anywhere; }
  td:empty { display: none; }
  td[data-head]::before { content: attr(data-head) " "; color: var(--soft); font-size: .85em; }
  td:first-child { font-weight: 600; } td:first-child::before { content: none; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000;
    --calm: #1c6b3f; --watch: #8a5200; --bad: #b3141f; --curve: #14304f; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: .6rem 0 0; }
  #what { border-left: 0; } h2, tr, li, svg { break-inside: avoid; } h2 { break-after: avoid; }
  thead { display: table-header-group; }
}
)";

std::string const& style() {
    static std::string const kAll =
        "\n" + std::string(chart_colours()) + std::string(kStyle) + std::string(chart_css());
    return kAll;
}

std::string inline_text(Text const& text) {
    std::string out;
    for (Span const& span : text.spans()) {
        std::string piece = html_escaped(span.text);
        // A stranger's direction of writing ends with his words.
        if (span.foreign) piece = "<bdi>" + piece + "</bdi>";
        if (span.strong) piece = "<strong>" + piece + "</strong>";
        if (!span.link.empty())
            piece = "<a href=\"" + html_escaped(span.link) +
                    "\" rel=\"noopener noreferrer nofollow\">" + piece + "</a>";
        out += piece;
    }
    return out;
}

void put_table(std::string& out, Block const& block) {
    out += "<div class=\"scroll\"><table>\n<thead><tr>";
    for (auto const& name : block.head) out += "<th scope=\"col\">" + html_escaped(name) + "</th>";
    out += "</tr></thead>\n<tbody>\n";
    for (auto const& row : block.rows) {
        out += "<tr>";
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (row[i].empty()) {
                out += "<td></td>";
                continue;
            }
            out += "<td data-head=\"" + html_escaped(block.head[i]) + "\">" + inline_text(row[i]) +
                   "</td>";
        }
        out += "</tr>\n";
    }
    out += "</tbody></table></div>\n";
}

void put_block(std::string& out, Block const& block) {
    switch (block.kind) {
        case Block::Kind::paragraph: out += "<p>" + inline_text(block.text) + "</p>\n"; break;
        case Block::Kind::list:
            out += "<ul>\n";
            for (Text const& item : block.items) out += "<li>" + inline_text(item) + "</li>\n";
            out += "</ul>\n";
            break;
        case Block::Kind::table: put_table(out, block); break;
        case Block::Kind::chart: out += chart_svg(block.chart); break;
    }
}

}  // namespace

std::string const& report_policy() {
    static std::string const kPolicy = "default-src 'none'; style-src 'sha256-" +
                                       base64(sha256(style())) +
                                       "'; base-uri 'none'; form-action 'none'";
    return kPolicy;
}

std::string report_html(ReportInput const& in) {
    Document const document = document_of(in);
    std::string const title = html_escaped(document.title);
    // The policy stands in the file, too: it is saved, sent by mail and opened from a disk.
    std::string out =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
        html_escaped(report_policy()) +
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
        title + "</title>\n<style>" + style() + "</style></head>\n<body" +
        (in.incident.drill ? " class=\"drill\"" : "") + "><main>\n<h1>" + title +
        "</h1>\n<p class=\"" + (in.incident.drill ? "rehearsal" : "lead") + "\">" +
        html_escaped(document.subtitle) + "</p>\n";
    for (Section const& section : document.sections) {
        out += "<section id=\"" + section.id + "\" aria-labelledby=\"" + section.id +
               "-h\">\n<h2 id=\"" + section.id + "-h\">" + html_escaped(section.title) + "</h2>\n";
        for (Block const& block : section.blocks) put_block(out, block);
        out += "</section>\n";
    }
    return out + "</main></body></html>\n";
}

}  // namespace surged::exporters
