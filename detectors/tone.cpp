#include "detectors/tone.h"

#include "detectors/mention.h"

#include <array>
#include <cstdint>
#include <vector>

namespace surged::detectors {
namespace {

struct Entry {
    std::string_view word;
    int value;  // tenths: -39 .. 34
};
// Lower case, one line a word; made by lexicon.awk. Empty when the build found no lexicon.
constexpr Entry kLexicon[] = {
#include "lexicon.inc"
    {"", 0}};
constexpr std::size_t kWords = std::size(kLexicon) - 1;

constexpr std::size_t kBytesMax = 2000;       // a longer text has said by then what it means
constexpr int kDeniedFor = 3;                 // words
constexpr int kDenied = -74;                  // percent: VADER's constant
constexpr int kNegative = -5, kPositive = 5;  // tenths: what one weak word reaches

// Word -> value, open addressing; a word is known by 48 bits of its hash (16 by its place).
class Lexicon {
public:
    Lexicon() : slots_(kSlots) {
        for (std::size_t i = 0; i < kWords; ++i) {
            std::uint64_t const h = hash(kLexicon[i].word);
            std::size_t at = h % kSlots;
            while (slots_[at].tag != 0) at = (at + 1) % kSlots;
            slots_[at] = {tag(h), std::int32_t(kLexicon[i].value)};
        }
    }
    [[nodiscard]] int value(std::uint64_t h) const {
        std::size_t at = h % kSlots;
        for (; slots_[at].tag != 0; at = (at + 1) % kSlots)
            if (slots_[at].tag == tag(h)) return slots_[at].value;
        return 0;
    }
    static std::uint64_t start() { return 0xcbf29ce484222325ULL; }
    static std::uint64_t next(std::uint64_t h, char c) {
        return (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    static std::uint64_t finish(std::uint64_t h) {
        h = (h ^ (h >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        return h ^ (h >> 27U);
    }
    static std::uint64_t hash(std::string_view word) {
        std::uint64_t h = start();
        for (char const c : word) h = next(h, c);
        return finish(h);
    }

private:
    static constexpr std::size_t kSlots = 1U << 14U;
    static_assert(kWords < kSlots * 3 / 4);
    struct Slot {
        std::uint32_t tag = 0;
        std::int32_t value = 0;
    };
    static std::uint32_t tag(std::uint64_t h) { return std::uint32_t(h >> 32U) | 1U; }
    std::vector<Slot> slots_;
};

Lexicon const& lexicon() {
    static Lexicon const the;
    return the;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c;
}
bool is_letter(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool denies(std::string_view word) {
    static constexpr std::array<std::string_view, 9> kWordsThatDeny{
        "not", "no", "never", "cannot", "without", "nothing", "nor", "neither", "nobody"};
    auto const same = [](std::string_view a, std::string_view b) {
        if (a.size() != b.size()) return false;
        for (std::size_t i = 0; i < a.size(); ++i)
            if (lower(a[i]) != b[i]) return false;
        return true;
    };
    if (word.size() >= 3 && same(word.substr(word.size() - 3), "n't")) return true;
    for (auto const denier : kWordsThatDeny)
        if (same(word, denier)) return true;
    return false;
}

bool speaks_english(std::string_view lang) {
    return lang.size() >= 2 && lower(lang[0]) == 'e' && lower(lang[1]) == 'n' &&
           (lang.size() == 2 || lang[2] == '-' || lang[2] == '_');
}

// Calls `use(word)` for each word: letters with apostrophes inside.
template <typename Use>
void words_of(std::string_view text, Use use) {
    for (std::size_t i = 0; i < text.size();) {
        bool const name = text[i] == '@';
        bool const link =
            text.substr(i).starts_with("http://") || text.substr(i).starts_with("https://");
        if (name || link) {
            while (i < text.size() && !is_space(text[i])) ++i;
            continue;
        }
        if (!is_letter(text[i])) {
            ++i;
            continue;
        }
        std::size_t const from = i;
        while (i < text.size() && (is_letter(text[i]) || (text[i] == '\'' && i + 1 < text.size() &&
                                                          is_letter(text[i + 1]))))
            ++i;
        use(text.substr(from, i - from));
    }
}

}  // namespace

std::size_t tone_words() {
    return kWords;
}

bool tone_is_known(std::string_view lang) {
    return kWords > 0 && speaks_english(lang);
}

int tone_of(std::string_view text, std::string_view lang) {
    if (!tone_is_known(lang)) return 0;
    Lexicon const& known = lexicon();
    int sum = 0, denied = 0;  // tenths of VADER's values; words for which a denial still holds
    words_of(text.substr(0, kBytesMax), [&](std::string_view word) {
        if (denies(word)) {
            denied = kDeniedFor;
            return;
        }
        std::uint64_t h = Lexicon::start();
        for (char const c : word) h = Lexicon::next(h, lower(c));
        int const value = known.value(Lexicon::finish(h));
        sum += denied > 0 ? value * kDenied / 100 : value;
        if (denied > 0) --denied;
    });
    return sum <= kNegative ? -1 : sum >= kPositive ? 1 : 0;
}

}  // namespace surged::detectors
