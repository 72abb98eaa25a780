// Which texts hold what an operator asked for, where the platform cannot be asked or answers
// loosely.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// `acme corp` asks for both words, `"acme corp"` for the phrase, `-word` for its absence; `OR` or
// `|` stands between alternatives. Case does not count (ASCII). At most kTerms terms, the rest is
// not asked for: no operator writes more, and each costs a search of the text.
class QueryWords {
public:
    static constexpr std::size_t kTerms = 64;
    enum class Edges { words, anywhere };  // "acme" in "acmeville": no, yes

    QueryWords() = default;
    explicit QueryWords(std::string_view query, Edges edges = Edges::words);
    // Any of these, each a word or a phrase as it stands.
    explicit QueryWords(std::vector<std::string> const& any);

    [[nodiscard]] bool empty() const { return alternatives_.empty(); }
    // An empty query is held by every text. O(text x terms), allocates nothing.
    [[nodiscard]] bool held_by(std::string_view text) const;

private:
    struct Term {
        std::string text;  // lower case
        bool absent = false;
    };
    [[nodiscard]] bool holds(std::string_view text, std::string_view term) const;

    std::vector<std::vector<Term>> alternatives_;
    Edges edges_ = Edges::words;
};

}  // namespace surged::daemon
