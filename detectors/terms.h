// Which words rise: what a surge speaks of that its stream does not speak of otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

struct RisingTerm {
    std::string term;  // as it is normalised: ASCII in lower case; may hold bytes that are no UTF-8
    double share = 0;  // of the surge's texts that hold it
    double usual = 0;  // of the stream's texts before
};

// In how many texts each word stands: a text counts once for a word. Links, handles, numbers and
// words of fewer than three bytes are left out; of scripts without spaces each pair of neighbouring
// characters is a word. Exact up to kTerms distinct words and kWords of a text; beyond, new words
// are not counted.
class TermCounts {
public:
    static constexpr std::size_t kTerms = 50'000, kWords = 100;

    void add(std::string_view text);
    [[nodiscard]] std::size_t texts() const { return texts_; }
    [[nodiscard]] std::size_t count(std::string_view term) const;
    [[nodiscard]] std::map<std::string, std::uint32_t, std::less<>> const& counts() const {
        return counts_;
    }

private:
    std::map<std::string, std::uint32_t, std::less<>> counts_;
    std::size_t texts_ = 0;
};

// The terms that weigh most, heaviest first (ties: by name): weight = p log(p / q), what the term
// adds to the divergence of the surge (p: its share of texts) from the usual (q: likewise, half a
// text added so that a new word is not infinitely new). Only those in kLeastTexts texts, in two of
// a hundred, and kRise times as frequent as usually. Without usual texts nothing is known to rise.
inline constexpr std::size_t kLeastTexts = 3;
inline constexpr double kTermShare = 0.02, kRise = 2;
[[nodiscard]] std::vector<RisingTerm> rising_terms(TermCounts const& surge, TermCounts const& usual,
                                                   std::size_t most);

}  // namespace surged::detectors
