// What a text is like, in 64 bits: near copies have near hashes; and the link it carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace surged::detectors {

struct TextMarks {
    std::uint64_t likeness = 0;  // 0: too few words to say that two people copied
    std::uint64_t link = 0;      // hash of the first link; 0: none
    bool forwarded = false;      // begins with "RT @": a repost made by hand
};

// Similarity hash (M. Charikar, STOC 2002; its use on near copies: G. Manku, A. Jain, A. Das Sarma,
// WWW 2007) of the words and pairs of neighbouring words of the normalised text: links and handles
// are left out, a run of digits is one digit, ASCII is lower case, punctuation and emoji separate.
// A character of a script that is written without spaces (Han, kana, Thai, Lao) is a word of its
// own. Bytes that are not UTF-8 are letters like others: nothing can fail.
//
// The link is normalised too: without scheme, "www.", fragment, tracking parameters (utm_*, fbclid,
// gclid, ref, s, t) and trailing punctuation; the host in lower case. A shortener that makes a link
// of its own for every post hides that they are the same: it is not followed.
//
// Only the first kLooked bytes are looked at. Cost: about 3 ns a byte; allocates nothing. Stable:
// hashes are kept with incidents for as long as they may come back.
[[nodiscard]] TextMarks text_marks(std::string_view text);

inline constexpr std::size_t kLooked = 2048;
// "thank you so much" is no copy: people say so by themselves. Words after normalisation.
inline constexpr int kLeastWords = 5;
// Two texts are near copies when at most so many of the 64 bits differ: one changed word in about
// fifteen. Unrelated texts are 32 +- 4 apart. Measured on the recorded airline mentions (see
// tests/composition_test.cpp).
inline constexpr int kCopyDistance = 7;
[[nodiscard]] int distance(std::uint64_t a, std::uint64_t b);
[[nodiscard]] inline bool near_copies(std::uint64_t a, std::uint64_t b) {
    return a != 0 && b != 0 && distance(a, b) <= kCopyDistance;
}

}  // namespace surged::detectors
