#include "daemon/pollers/html_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <utility>

namespace surged::daemon {
namespace {

constexpr std::size_t kEntityMax = 10;  // "&#x10FFFF;"

// Appends `code` as UTF-8; what is no character becomes U+FFFD.
char* put_utf8(char* out, std::uint32_t code) {
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
    auto const byte = [](std::uint32_t v) { return static_cast<char>(v); };
    if (code < 0x80) {
        *out++ = byte(code);
    } else if (code < 0x800) {
        *out++ = byte(0xC0U | (code >> 6U));
        *out++ = byte(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        *out++ = byte(0xE0U | (code >> 12U));
        *out++ = byte(0x80U | ((code >> 6U) & 0x3FU));
        *out++ = byte(0x80U | (code & 0x3FU));
    } else {
        *out++ = byte(0xF0U | (code >> 18U));
        *out++ = byte(0x80U | ((code >> 12U) & 0x3FU));
        *out++ = byte(0x80U | ((code >> 6U) & 0x3FU));
        *out++ = byte(0x80U | (code & 0x3FU));
    }
    return out;
}

// Reads the entity at the beginning of `html`; its length, 0 when it is none that we know.
std::size_t put_entity(std::string_view html, char*& out) {
    auto const end = html.substr(0, kEntityMax).find(';');
    std::uint32_t const code =
        end == std::string_view::npos ? 0 : html_entity(html.substr(1, end - 1));
    if (code == 0) return 0;
    out = put_utf8(out, code);
    return end + 1;
}

bool breaks_line(std::string_view tag) {
    std::string_view const name = tag.substr(0, tag.find_first_of(" \t\r\n/", 1));
    auto const is = [&](std::string_view word) {
        return name.size() == word.size() &&
               std::equal(name.begin(), name.end(), word.begin(), [](char a, char b) {
                   return std::tolower(static_cast<unsigned char>(a)) == b;
               });
    };
    return is("br") || is("/p") || is("/li") || is("/blockquote");
}

}  // namespace

// Every known form is at least as long as its UTF-8, so the text never outgrows its source.
std::uint32_t html_entity(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 46> kNamed{
        {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
         {"apos", '\''},    {"nbsp", ' '},     {"copy", 0xA9},    {"reg", 0xAE},
         {"laquo", 0xAB},   {"raquo", 0xBB},   {"middot", 0xB7},  {"hellip", 0x2026},
         {"mdash", 0x2014}, {"ndash", 0x2013}, {"lsquo", 0x2018}, {"rsquo", 0x2019},
         {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"bdquo", 0x201E}, {"bull", 0x2022},
         {"euro", 0x20AC},  {"pound", 0xA3},   {"trade", 0x2122}, {"shy", 0xAD},
         {"deg", 0xB0},     {"sect", 0xA7},    {"agrave", 0xE0},  {"aacute", 0xE1},
         {"acirc", 0xE2},   {"auml", 0xE4},    {"ccedil", 0xE7},  {"egrave", 0xE8},
         {"eacute", 0xE9},  {"ecirc", 0xEA},   {"iacute", 0xED},  {"ntilde", 0xF1},
         {"oacute", 0xF3},  {"ocirc", 0xF4},   {"ouml", 0xF6},    {"uacute", 0xFA},
         {"uuml", 0xFC},    {"szlig", 0xDF},   {"Auml", 0xC4},    {"Ouml", 0xD6},
         {"Uuml", 0xDC},    {"Eacute", 0xC9}}};
    for (auto const& [word, code] : kNamed)
        if (word == name) return code;
    if (name.size() < 2 || name[0] != '#') return 0;
    bool const hex = name[1] == 'x' || name[1] == 'X';
    std::string_view const digits = name.substr(hex ? 2 : 1);
    std::uint32_t code = 0;
    char const* const last = digits.data() + digits.size();
    auto const [end, error] = std::from_chars(digits.data(), last, code, hex ? 16 : 10);
    if (digits.empty() || error != std::errc{} || end != last) return 0;
    // U+FFFD is three bytes: "&#0;" has four, so even a bad number fits.
    return code == 0 ? 0xFFFD : code;
}

std::string_view html_to_text(std::string_view html, detectors::MentionBatch& batch) {
    if (html.empty()) return {};
    char* const begin = batch.reserve(html.size());
    char* out = begin;
    while (!html.empty()) {
        if (html[0] == '<') {
            auto const close = html.find('>');
            if (close == std::string_view::npos) break;  // cut in the middle of a tag
            if (breaks_line(html.substr(1, close - 1))) *out++ = '\n';
            html.remove_prefix(close + 1);
            continue;
        }
        if (html[0] == '&') {
            std::size_t const used = put_entity(html, out);
            html.remove_prefix(used);
            if (used > 0) continue;
        }
        *out++ = html[0];
        html.remove_prefix(1);
    }
    while (out > begin && (out[-1] == '\n' || out[-1] == ' ')) --out;
    return batch.commit(static_cast<std::size_t>(out - begin));
}

std::string_view decode_entities(std::string_view text, detectors::MentionBatch& batch) {
    if (text.empty()) return {};
    char* const begin = batch.reserve(text.size());
    char* out = begin;
    while (!text.empty()) {
        std::size_t const used = text[0] == '&' ? put_entity(text, out) : 0;
        if (used == 0) *out++ = text[0];
        text.remove_prefix(std::max<std::size_t>(used, 1));
    }
    return batch.commit(static_cast<std::size_t>(out - begin));
}

}  // namespace surged::daemon
