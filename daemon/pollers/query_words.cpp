#include "daemon/pollers/query_words.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower(c);
    return out;
}

// Bytes of a character beyond ASCII belong to words.
bool in_word(char c) {
    auto const u = static_cast<unsigned char>(c);
    return u >= 0x80 || (u >= '0' && u <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || u == '_';
}

}  // namespace

QueryWords::QueryWords(std::string_view query, Edges edges) : edges_(edges) {
    std::vector<Term> all;
    std::size_t terms = 0;
    auto const close = [&] {
        if (!all.empty()) alternatives_.push_back(std::exchange(all, {}));
    };
    while (!query.empty() && terms < kTerms) {
        if (query[0] == ' ' || query[0] == '\t' || query[0] == '(' || query[0] == ')') {
            query.remove_prefix(1);
            continue;
        }
        if (query[0] == '|') {
            close();
            query.remove_prefix(1);
            continue;
        }
        Term term;
        if (query[0] == '-' && query.size() > 1 && query[1] != ' ') {
            term.absent = true;
            query.remove_prefix(1);
        }
        bool const quoted = query[0] == '"';
        if (quoted) query.remove_prefix(1);
        auto const end = std::min(query.find_first_of(quoted ? "\"" : " \t()|"), query.size());
        term.text = lower(query.substr(0, end));
        query.remove_prefix(std::min(end + (quoted ? 1 : 0), query.size()));
        if (!quoted && term.text == "or" && !term.absent) {
            close();
        } else if (!term.text.empty() && (quoted || term.text != "and")) {
            all.push_back(std::move(term));
            ++terms;
        }
    }
    close();
}

QueryWords::QueryWords(std::vector<std::string> const& any) {
    for (std::string const& word : any)
        if (!word.empty() && alternatives_.size() < kTerms)
            alternatives_.push_back({Term{lower(word), false}});
}

bool QueryWords::holds(std::string_view text, std::string_view term) const {
    for (auto it = text.begin();;) {
        it = std::search(it, text.end(), term.begin(), term.end(),
                         [](char x, char y) { return lower(x) == y; });
        if (it == text.end()) return false;
        if (edges_ == Edges::anywhere) return true;
        auto const end = it + static_cast<std::ptrdiff_t>(term.size());
        bool const begins = it == text.begin() || !in_word(*it) || !in_word(*(it - 1));
        bool const ends = end == text.end() || !in_word(*(end - 1)) || !in_word(*end);
        if (begins && ends) return true;
        ++it;
    }
}

bool QueryWords::held_by(std::string_view text) const {
    if (alternatives_.empty()) return true;
    return std::any_of(alternatives_.begin(), alternatives_.end(), [&](auto const& all) {
        return std::all_of(all.begin(), all.end(),
                           [&](Term const& term) { return holds(text, term.text) != term.absent; });
    });
}

}  // namespace surged::daemon
