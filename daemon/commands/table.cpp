#include "daemon/commands/table.h"

#include "daemon/commands/terminal.h"

#include <algorithm>

namespace surged::daemon {
namespace {

std::size_t width(std::string const& text) {
    return std::size_t(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

void Table::print(std::ostream& out, bool colour) const {
    std::vector<std::size_t> widths;
    for (auto const& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], width(row[i]));
        }
    for (auto const& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string cell = row[i];
            for (char& c : cell)
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
            bool const head = &row == &rows_.front();
            bool const state = i < rows_.front().size() &&
                               (rows_.front()[i] == "STATE" || rows_.front()[i] == "SEVERITY");
            line += toned(cell, head ? Tone::strong : state ? tone_of(cell) : Tone::plain, colour);
            if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
        }
        while (line.ends_with(' ')) line.pop_back();
        out << line << "\n";
    }
}

}  // namespace surged::daemon
