#include "detectors/text_walk.h"

namespace surged::detectors {
namespace {

unsigned char byte(std::string_view s, std::size_t i) {
    return i < s.size() ? static_cast<unsigned char>(s[i]) : 0;
}

Step beyond_ascii(std::string_view s, std::size_t i) {
    unsigned char const a = byte(s, i), b = byte(s, i + 1), c = byte(s, i + 2);
    if (a < 0xE0 || (b & 0xC0U) != 0x80U || (c & 0xC0U) != 0x80U) return {Sort::letter, 1};
    if (a >= 0xF0) {  // emoji and other pictures; rare Han characters among them
        bool const whole = (byte(s, i + 3) & 0xC0U) == 0x80U;
        bool const han = b >= 0xA0;
        return {!whole ? Sort::letter
                : han  ? Sort::whole_word
                       : Sort::separator,
                whole ? std::size_t{4} : 1};
    }
    if (a == 0xE2 &&
        b == 0x80)  // zero-width and direction marks and apostrophes split no word; dashes do
        return {(c >= 0x8B && c <= 0x8F) || (c >= 0xAA && c <= 0xAE) || c == 0x99 ? Sort::nothing
                                                                                  : Sort::separator,
                3};
    if (a == 0xE2 && b == 0x81 && c >= 0xA0) return {Sort::nothing, 3};  // word joiner, isolates
    if (a == 0xE2 && b < 0xBA) return {Sort::separator, 3};              // symbols, dingbats
    if (a == 0xE3 && b == 0x80) return {Sort::separator, 3};             // ideographic punctuation
    if (a == 0xEF && b == 0xB8 && c <= 0x8F) return {Sort::nothing, 3};  // variation selectors
    if (a == 0xEF && (b == 0xBC || b == 0xBD)) return {Sort::separator, 3};  // full-width marks
    bool const thai = a == 0xE0 && b >= 0xB8 && b <= 0xBB;
    bool const han = (a == 0xE2 && b >= 0xBA) || (a >= 0xE3 && a <= 0xE9);
    return {thai || han ? Sort::whole_word : Sort::letter, 3};
}

}  // namespace

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_blank(char c) {
    return static_cast<unsigned char>(c) <= ' ';
}

Step step(std::string_view s, std::size_t i) {
    unsigned char const c = byte(s, i);
    if (c >= 0x80) return beyond_ascii(s, i);
    if (c >= '0' && c <= '9') return {Sort::digit, 1};
    bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (c == '\'') return {Sort::nothing, 1};  // don't, dont
    return {letter ? Sort::letter : Sort::separator, 1};
}

bool begins(std::string_view text, std::size_t i, std::string_view word) {
    if (text.size() - i < word.size()) return false;
    for (std::size_t k = 0; k < word.size(); ++k)
        if (lower(text[i + k]) != word[k]) return false;
    return true;
}

std::size_t handle_length(std::string_view text, std::size_t i) {
    if (text[i] != '@') return 0;
    std::size_t end = i + 1;
    while (end < text.size() && !is_blank(text[end])) {
        Step const s = step(text, end);
        if (s.sort == Sort::separator && text[end] != '@' && text[end] != '.') break;
        end += s.length;
    }
    return end - i;
}

std::size_t link_length(std::string_view text, std::size_t i) {
    if (!begins(text, i, "http") && !begins(text, i, "www.")) return 0;
    if (!begins(text, i, "http://") && !begins(text, i, "https://") && !begins(text, i, "www."))
        return 0;
    std::size_t end = i;
    while (end < text.size() && !is_blank(text[end]) && text[end] != '<' && text[end] != '"') ++end;
    return end - i;
}

}  // namespace surged::detectors
