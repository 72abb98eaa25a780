#include "exporters/receivers/mime.h"

#include "exporters/receivers/text.h"
#include "exporters/signature.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace surged::exporters {
namespace {

constexpr std::size_t kWordBytes = 42;  // base64 makes 56 of them, "=?UTF-8?B??=" adds 12: below 75
constexpr std::size_t kLine = 75;       // and the "=" of a soft line end

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// One line in its place: soft line ends, blanks at the end made visible.
void add_line(std::string& out, std::string_view line) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto const c = static_cast<unsigned char>(line[i]);
        bool const last = i + 1 == line.size();
        bool const first = column == 0;
        bool plain = c >= 0x20 && c < 0x7F && c != '=';
        if (c == ' ' && last) plain = false;
        if (first && (c == '.' || (c == 'F' && line.substr(i).starts_with("From ")))) plain = false;
        std::size_t const width = plain ? 1 : 3;
        if (column + width > kLine) {
            out += "=\r\n";
            column = 0;
            if (c == '.') plain = false;
        }
        if (plain) {
            out += static_cast<char>(c);
        } else {
            out += '=';
            out += kHex[c >> 4U];
            out += kHex[c & 15U];
        }
        column += plain ? 1 : 3;
    }
    out += "\r\n";
}

}  // namespace

std::string encoded_words(std::string_view text) {
    std::string const line = plain(text);
    bool const ascii =
        std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (ascii && line.find("=?") == std::string::npos && line.size() <= 900) return line;
    std::string out;
    for (std::size_t from = 0; from < line.size();) {
        std::size_t end = std::min(from + kWordBytes, line.size());
        while (end < line.size() && end > from && continues(line[end])) --end;
        if (!out.empty()) out += "\r\n ";
        out += "=?UTF-8?B?" + base64(std::string_view(line).substr(from, end - from)) + "?=";
        from = end;
    }
    return out;
}

std::string quoted_printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        add_line(out, line);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

std::string bare_address(std::string_view address) {
    auto const open = address.rfind('<');
    if (open != std::string_view::npos) {
        auto const close = address.find('>', open);
        if (close != std::string_view::npos) address = address.substr(open + 1, close - open - 1);
    }
    std::string out;
    for (char const c : address)
        if (static_cast<unsigned char>(c) > ' ' && c != '<' && c != '>' && c != 0x7F) out += c;
    return out;
}

std::string address_host(std::string_view address) {
    std::string const bare = bare_address(address);
    auto const at = bare.rfind('@');
    return at == std::string::npos || at + 1 == bare.size() ? "localhost" : bare.substr(at + 1);
}

std::string mail_date(detectors::WallTime at) {
    constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{std::chrono::floor<std::chrono::seconds>(at - day)};
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                  kDays[std::chrono::weekday{day}.c_encoding()], unsigned{date.day()},
                  kMonths[unsigned{date.month()} - 1], int{date.year()}, int(time.hours().count()),
                  int(time.minutes().count()), int(time.seconds().count()));
    return out.data();
}

}  // namespace surged::exporters
