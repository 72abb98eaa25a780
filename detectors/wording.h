// Words in a text, by ASCII case: for the lists an operator writes.
#pragma once

#include <string_view>

namespace surged::detectors {

// `word` (lower case) stands anywhere in the text, also inside a longer word: "recall" is found in
// "Recalled". An empty word is nowhere. O(text x word), allocates nothing.
[[nodiscard]] bool contains_word(std::string_view text, std::string_view word);

// The same, but as a word of its own: what stands before and after it is no letter, digit or part
// of a character beyond ASCII. "acme" is in "@Acme!", not in "acmeology".
[[nodiscard]] bool names_word(std::string_view text, std::string_view word);

}  // namespace surged::detectors
