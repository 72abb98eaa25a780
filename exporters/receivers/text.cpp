#include "exporters/receivers/text.h"

#include <array>
#include <cstdint>
#include <utility>

namespace surged::exporters {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct Character {
    std::uint32_t code = 0;
    std::size_t length = 0;  // 0: not UTF-8
};

// RFC 3629: shortest form, no surrogates, nothing beyond U+10FFFF.
Character character(std::string_view s) {
    auto const lead = static_cast<unsigned char>(s[0]);
    if (lead < 0x80) return {lead, 1};
    std::size_t const n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || s.size() < n) return {};
    std::uint32_t code = lead & (0x7FU >> n);
    for (std::size_t i = 1; i < n; ++i) {
        auto const next = static_cast<unsigned char>(s[i]);
        if ((next & 0xC0U) != 0x80U) return {};
        code = code << 6U | (next & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> kShortest{0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < kShortest[n] || surrogate || code > 0x10FFFF ? Character{} : Character{code, n};
}

// C0 and C1 controls, DEL, line and paragraph separator.
bool breaks_line(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

// Marks, embeddings, overrides and isolates of direction; zero-width space and no-break space. The
// zero-width joiners stay: emoji and whole scripts are written with them.
bool invisible(std::uint32_t c) {
    return c == 0x061C || c == 0x200B || c == 0x200E || c == 0x200F ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

}  // namespace

std::string plain(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const c = character(text);
        if (c.length == 0) {
            out += kReplacement;
            text.remove_prefix(1);
            continue;
        }
        if (breaks_line(c.code)) {
            out += ' ';
        } else if (!invisible(c.code)) {
            out += text.substr(0, c.length);
        }
        text.remove_prefix(c.length);
    }
    return out;
}

std::string cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    std::size_t end = limit - kEllipsis.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string brief(std::string_view text, std::size_t limit) {
    // A character is four bytes at most: what is looked at fills the limit unless it is mostly
    // marks.
    return cut(plain(cut(text, 4 * limit)), limit);
}

std::string platform_name(std::string_view platform) {
    using Row = std::pair<std::string_view, std::string_view>;
    constexpr std::array<Row, 9> kNames{Row{"x", "X"},
                                        Row{"facebook", "Facebook"},
                                        Row{"instagram", "Instagram"},
                                        Row{"mastodon", "Mastodon"},
                                        Row{"bluesky", "Bluesky"},
                                        Row{"reddit", "Reddit"},
                                        Row{"youtube", "YouTube"},
                                        Row{"hackernews", "Hacker News"},
                                        Row{"feed", "the feeds"}};
    for (auto const& [key, name] : kNames)
        if (key == platform) return std::string(name);
    return brief(platform, 64);
}

}  // namespace surged::exporters
