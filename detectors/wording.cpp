#include "detectors/wording.h"

#include <algorithm>
#include <cstddef>

namespace surged::detectors {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    auto const at = std::search(text.begin() + std::ptrdiff_t(from), text.end(), word.begin(),
                                word.end(), [](char a, char b) { return lower(a) == b; });
    return at == text.end() ? std::string_view::npos : std::size_t(at - text.begin());
}

bool in_a_word(char c) {
    char const l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

}  // namespace

bool contains_word(std::string_view text, std::string_view word) {
    return !word.empty() && find_word(text, word, 0) != std::string_view::npos;
}

bool names_word(std::string_view text, std::string_view word) {
    if (word.empty()) return false;
    for (std::size_t at = 0; (at = find_word(text, word, at)) != std::string_view::npos; ++at) {
        std::size_t const end = at + word.size();
        bool const begins = at == 0 || !in_a_word(text[at - 1]) || !in_a_word(word.front());
        bool const ends = end == text.size() || !in_a_word(text[end]) || !in_a_word(word.back());
        if (begins && ends) return true;
    }
    return false;
}

}  // namespace surged::detectors
