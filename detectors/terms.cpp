#include "detectors/terms.h"

#include "detectors/text_walk.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace surged::detectors {
namespace {

constexpr std::size_t kLongest = 64;  // bytes of a term; longer ones are no words
constexpr std::size_t kShortest = 3;
constexpr std::size_t kLookedAt = 4096;

class Collector {
public:
    void letter(std::string_view bytes) {
        if (bytes.size() == 1)
            word_ += lower(bytes.front());
        else
            word_ += bytes;
        number_ = false;
    }
    void digit(char c) { word_ += c; }
    void end() {
        if (word_.size() >= kShortest && word_.size() <= kLongest && !number_) take(word_);
        word_.clear();
        number_ = true;
        last_.clear();
    }
    // A character that is a word of its own: it and the one before it.
    void whole(std::string_view bytes) {
        std::string before = std::exchange(last_, {});
        if (!word_.empty()) end();
        if (!before.empty()) take(before + std::string(bytes));
        last_ = bytes;
    }
    std::set<std::string> words;

private:
    void take(std::string word) {
        if (words.size() < TermCounts::kWords) words.insert(std::move(word));
    }
    std::string word_, last_;
    bool number_ = true;  // nothing but digits so far
};

}  // namespace

void TermCounts::add(std::string_view text) {
    text = text.substr(0, kLookedAt);
    Collector all;
    bool boundary = true;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t const skipped =
            boundary ? std::max(link_length(text, i), handle_length(text, i)) : 0;
        if (skipped > 0) {
            i += skipped;
            continue;
        }
        Step const s = step(text, i);
        std::string_view const bytes = text.substr(i, s.length);
        switch (s.sort) {
            case Sort::letter: all.letter(bytes); break;
            case Sort::digit: all.digit(text[i]); break;
            case Sort::whole_word: all.whole(bytes); break;
            case Sort::separator: all.end(); break;
            case Sort::nothing: break;
        }
        if (s.sort != Sort::nothing)
            boundary = s.sort == Sort::separator || s.sort == Sort::whole_word;
        i += s.length;
    }
    all.end();
    ++texts_;
    for (std::string const& word : all.words) {
        if (auto const it = counts_.find(word); it != counts_.end()) {
            ++it->second;
        } else if (counts_.size() < kTerms) {
            counts_.emplace(word, 1U);
        }
    }
}

std::size_t TermCounts::count(std::string_view term) const {
    auto const it = counts_.find(term);
    return it == counts_.end() ? 0 : it->second;
}

std::vector<RisingTerm> rising_terms(TermCounts const& surge, TermCounts const& usual,
                                     std::size_t most) {
    if (usual.texts() == 0 || surge.texts() == 0) return {};
    std::vector<std::pair<double, RisingTerm>> all;
    for (auto const& [term, n] : surge.counts()) {
        double const p = double(n) / double(surge.texts());
        if (n < kLeastTexts || p < kTermShare) continue;
        double const before = double(usual.count(term));
        double const q = (before + 0.5) / (double(usual.texts()) + 1);
        if (p < kRise * q) continue;
        all.push_back({p * std::log(p / q), {term, p, before / double(usual.texts())}});
    }
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) {
        return a.first != b.first ? a.first > b.first : a.second.term < b.second.term;
    });
    std::vector<RisingTerm> out;
    for (auto& [weight, term] : all)
        if (out.size() < most) out.push_back(std::move(term));
    return out;
}

}  // namespace surged::detectors
