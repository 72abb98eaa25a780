// CommonMark with GitHub's tables. No raw HTML comes out: `<` is escaped wherever it stands.
#include "exporters/receivers/text.h"
#include "exporters/report/document.h"
#include "exporters/report/figures.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace surged::exporters {
namespace {

// Everything that means something inside a line. Of strangers' text also what some readers make
// links and mentions of by themselves: "@name", "www.", "://".
std::string escaped(std::string_view text, bool foreign) {
    std::string const line = plain(text);
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char const c = line[i];
        bool const always = std::string_view("\\`*_[]<>|&~#!{}$").find(c) != std::string_view::npos;
        bool const link =
            foreign &&
            (c == '@' || (c == ':' && line.compare(i, 3, "://") == 0) ||
             (c == '.' && i >= 3 &&
              (line.compare(i - 3, 3, "www") == 0 || line.compare(i - 3, 3, "WWW") == 0)));
        if (always || link) out += '\\';
        out += c;
    }
    return out;
}

// "- x", "1. x", "= x" at the beginning of a line are lists and headings.
std::string harmless_start(std::string line) {
    std::size_t const first = line.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    line.erase(0, first);
    std::size_t digits = 0;
    while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9') ++digits;
    if (std::string_view("+-=").find(line[0]) != std::string_view::npos)
        line.insert(0, 1, '\\');
    else if (digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')'))
        line.insert(digits, 1, '\\');
    return line;
}

std::string inline_text(Text const& text) {
    std::string out;
    for (Span const& span : text.spans()) {
        std::string piece = escaped(span.text, span.foreign);
        if (span.strong) {
            // Emphasis takes no space at its inner ends.
            std::size_t const lead = span.text.find_first_not_of(' ');
            piece = std::string(lead, ' ') + "**" + piece.substr(lead);
            std::size_t const end = piece.find_last_not_of(' ');
            piece.insert(end + 1, "**");
        }
        if (!span.link.empty()) {
            std::string address = span.link;
            for (std::size_t at = 0; (at = address.find_first_of("()|", at)) != std::string::npos;)
                address.replace(at, 1,
                                address[at] == '('   ? "%28"
                                : address[at] == ')' ? "%29"
                                                     : "%7C");
            piece = "[" + piece + "](" + address + ")";
        }
        out += piece;
    }
    return out;
}

void put_table(std::string& out, Block const& block) {
    std::string rule = "|";
    out += "|";
    for (auto const& name : block.head) {
        out += " " + escaped(name, false) + " |";
        rule += " --- |";
    }
    out += "\n" + rule + "\n";
    for (auto const& row : block.rows) {
        out += "|";
        for (auto const& cell : row) out += " " + inline_text(cell) + " |";
        out += "\n";
    }
    out += "\n";
}

// The curve in one line of blocks, a second line with the marks under it.
constexpr std::size_t kColumns = 72;
constexpr std::array<char const*, 8> kBlocks{"\u2581", "\u2582", "\u2583", "\u2584",
                                             "\u2585", "\u2586", "\u2587", "\u2588"};

void put_chart(std::string& out, Chart const& chart) {
    std::size_t const n = chart.points.size();
    if (n == 0) return;
    std::size_t const each = (n + kColumns - 1) / kColumns;
    std::size_t const columns = (n + each - 1) / each;
    double top = 0;
    for (ChartPoint const& p : chart.points)
        if (std::isfinite(p.observed)) top = std::max(top, p.observed);
    std::string blocks;
    for (std::size_t c = 0; c < columns; ++c) {
        double most = -1;
        for (std::size_t i = c * each; i < std::min(n, (c + 1) * each); ++i)
            if (std::isfinite(chart.points[i].observed))
                most = std::max(most, chart.points[i].observed);
        if (most < 0)
            blocks += "\u00B7";
        else
            blocks += kBlocks.at(
                top == 0 ? 0 : std::size_t(std::min(7.0, std::floor(most / top * 7.999))));
    }
    std::string under(columns, ' '), legend;
    detectors::WallTime const from = chart.points.front().at;
    auto const width =
        (chart.points.back().at - from) / std::int64_t(std::max<std::size_t>(1, n - 1));
    char letter = 'a';
    auto marks = chart.marks;
    std::stable_sort(marks.begin(), marks.end(),
                     [](ChartMark const& a, ChartMark const& b) { return a.at < b.at; });
    for (ChartMark const& mark : marks) {
        if (mark.at < from || width.count() <= 0 || letter > 'z') continue;
        std::size_t at = std::size_t((mark.at - from) / width) / each;
        while (at < columns && under[at] != ' ')
            ++at;  // two marks in one column stand side by side
        if (at >= columns) continue;
        under[at] = letter;
        legend += std::string(legend.empty() ? "" : ", ") + letter + " " + plain(mark.label);
        ++letter;
    }
    while (!under.empty() && under.back() == ' ') under.pop_back();
    out += "```text\n" + blocks + "\n" + (under.empty() ? "" : under + "\n") + "```\n\n";
    out += escaped(chart.about, true) + "; one character is " +
           lasting(std::int64_t(each) * width) + ".";
    if (!legend.empty()) out += " Marks: " + escaped(legend, true) + ".";
    out += "\n\n";
}

void put_block(std::string& out, Block const& block) {
    switch (block.kind) {
        case Block::Kind::paragraph: out += harmless_start(inline_text(block.text)) + "\n\n"; break;
        case Block::Kind::list:
            for (Text const& item : block.items)
                out += "- " + harmless_start(inline_text(item)) + "\n";
            out += "\n";
            break;
        case Block::Kind::table: put_table(out, block); break;
        case Block::Kind::chart: put_chart(out, block.chart); break;
    }
}

}  // namespace

std::string report_md(ReportInput const& in) {
    Document const document = document_of(in);
    std::string out = "# " + escaped(document.title, true) + "\n\n" +
                      harmless_start(escaped(document.subtitle, true)) + "\n\n";
    for (Section const& section : document.sections) {
        out += "## " + escaped(section.title, false) + "\n\n";
        for (Block const& block : section.blocks) put_block(out, block);
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
}

}  // namespace surged::exporters
