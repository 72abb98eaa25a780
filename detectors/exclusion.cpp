#include "detectors/intake.h"

#include <algorithm>

namespace surged::detectors {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c;
}

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_at(std::string_view name) {
    if (name.starts_with('@')) name.remove_prefix(1);
    return name;
}

bool names(std::set<std::string> const& who, Author const& author) {
    std::string_view const handle = without_at(author.handle);
    return std::any_of(who.begin(), who.end(), [&](std::string_view entry) {
        entry = without_at(entry);
        return !entry.empty() && (same(entry, author.id) || same(entry, handle));
    });
}

// Bytes of a character beyond ASCII belong to words: "straße" holds no word "e".
bool in_word(char c) {
    auto const u = static_cast<unsigned char>(c);
    return u >= 0x80 || (u >= '0' && u <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || u == '_';
}

bool holds_word(std::string_view text, std::string_view word) {
    if (word.empty()) return false;
    for (auto it = text.begin();;) {
        it = std::search(it, text.end(), word.begin(), word.end(),
                         [](char x, char y) { return lower(x) == lower(y); });
        if (it == text.end()) return false;
        auto const end = it + std::ptrdiff_t(word.size());
        // Only an edge that is a letter can be the middle of a longer word: "#acme" stands
        // anywhere.
        bool const begins = it == text.begin() || !in_word(*it) || !in_word(*(it - 1));
        bool const ends = end == text.end() || !in_word(*(end - 1)) || !in_word(*end);
        if (begins && ends) return true;
        ++it;
    }
}

bool speaks(std::string_view lang, std::string_view entry) {
    if (lang.empty() || entry.empty()) return false;
    bool const whole = entry.find_first_of("-_") != std::string_view::npos;
    return same(whole ? lang : lang.substr(0, lang.find_first_of("-_")), entry);
}

}  // namespace

Arrival classify(Mention const& mention, Exclusion const& exclusion) {
    if (names(exclusion.own, mention.author)) return Arrival::own;
    auto const any = [](std::set<std::string> const& entries, auto matches) {
        return std::any_of(entries.begin(), entries.end(), matches);
    };
    bool const excluded =
        names(exclusion.authors, mention.author) ||
        any(exclusion.languages, [&](auto& entry) { return speaks(mention.lang, entry); }) ||
        any(exclusion.words, [&](auto& entry) { return holds_word(mention.text, entry); });
    return excluded ? Arrival::excluded : Arrival::counted;
}

}  // namespace surged::detectors
