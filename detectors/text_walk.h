// Walks over the characters of a post's text: what is a word, a link, a handle. Bytes that are not
// UTF-8 are letters like others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace surged::detectors {

// What a character is to the words of a text. Emoji and punctuation separate; a character of a
// script that is written without spaces (Han, kana, Thai, Lao) is a word of its own; apostrophes,
// zero-width and direction marks are nothing.
enum class Sort : std::uint8_t { letter, digit, whole_word, separator, nothing };
struct Step {
    Sort sort;
    std::size_t length;  // bytes, 1 to 4, never beyond the text's end
};
// The character that begins at `i` < text.size().
[[nodiscard]] Step step(std::string_view text, std::size_t i);

[[nodiscard]] char lower(char c);  // ASCII
[[nodiscard]] bool is_blank(char c);
// Whether `word` (lower case) stands at `i`, in any case.
[[nodiscard]] bool begins(std::string_view text, std::size_t i, std::string_view word);
// The length of the link that begins at `i`; 0: none does.
[[nodiscard]] std::size_t link_length(std::string_view text, std::size_t i);
// The length of the handle ("@kim") that begins at `i`; 0: none does.
[[nodiscard]] std::size_t handle_length(std::string_view text, std::size_t i);

}  // namespace surged::detectors
