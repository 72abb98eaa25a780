// Whether a text is angry: the sum of the words' values in a lexicon, no more.
#pragma once

#include <cstddef>
#include <string_view>

namespace surged::detectors {

// -1 negative, 0 neutral or not known, 1 positive. Words and values come from the lexicon of VADER
// (C. J. Hutto, E. Gilbert, ICWSM 2014; MIT, package vaderSentiment of PyPI), taken at build time;
// a word is turned round and weakened when one of the three before it denies it ("not good").
// Names (@...), addresses and emoticons say nothing. Only English (`lang` "en", "en-GB", ...):
// of any other language, and of text whose language is not told, nothing is known. Allocates
// nothing; reads at most the first 2000 bytes; about 0.5 us for a post.
//
// One text is judged badly (see README for figures); shares of many are what this is for.
[[nodiscard]] int tone_of(std::string_view text, std::string_view lang);

// Whether tone_of() knows anything of texts in this language: else its 0 means nothing.
[[nodiscard]] bool tone_is_known(std::string_view lang);

// Entries of the lexicon; 0: the program was built without one, and every tone is neutral.
[[nodiscard]] std::size_t tone_words();

}  // namespace surged::detectors
