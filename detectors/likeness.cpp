#include "detectors/likeness.h"

#include "detectors/text_walk.h"

#include <array>
#include <bit>

namespace surged::detectors {
namespace {

constexpr std::uint64_t kBasis = 0xcbf29ce484222325ULL, kPrime = 0x100000001b3ULL;

std::uint64_t mixed(std::uint64_t h) {
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
    return h ^ (h >> 31);
}

// How often each of 64 bits was set, in twelve 64-bit words that hold the counts' digits: adding a
// feature is a few word operations, not sixty-four. Exact up to 4095 features; a text of kLooked
// bytes has fewer (two a word, a word is a byte and a blank at the least).
class BitCounts {
public:
    void add(std::uint64_t feature) {
        ++n_;
        for (auto& digit : digits_) {
            std::uint64_t const carry = digit & feature;
            digit ^= feature;
            feature = carry;
            if (feature == 0) return;
        }
    }
    // The bits that more than half of the features have.
    [[nodiscard]] std::uint64_t majority() const {
        std::uint64_t above = 0, equal = ~0ULL;
        unsigned const half = n_ / 2;
        for (std::size_t i = digits_.size(); i-- > 0;) {
            if ((half >> i & 1U) != 0) {
                equal &= digits_[i];
            } else {
                above |= equal & digits_[i];
                equal &= ~digits_[i];
            }
        }
        return above;
    }

private:
    std::array<std::uint64_t, 12> digits_{};
    unsigned n_ = 0;
};
static_assert(kLooked <= 2048, "BitCounts is exact up to 4095 features");

bool tracks(std::string_view parameter) {
    std::string_view const name = parameter.substr(0, parameter.find('='));
    return name.starts_with("utm_") || name == "fbclid" || name == "gclid" || name == "ref" ||
           name == "s" || name == "t";
}

std::uint64_t link_hash(std::string_view link) {
    if (std::size_t const scheme = link.find("://"); scheme != std::string_view::npos)
        link.remove_prefix(scheme + 3);
    link = link.substr(0, link.find('#'));
    constexpr std::string_view kTail = ".,;:!?)]}'*/\xE2\x80\xA6\x9D\x99";
    while (!link.empty() && kTail.find(link.back()) != std::string_view::npos)
        link.remove_suffix(1);
    if (begins(link, 0, "www.")) link.remove_prefix(4);
    std::size_t const query = std::min(link.find('?'), link.size());
    std::string_view path = link.substr(0, query);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty()) return 0;
    std::size_t const host = std::min(path.find('/'), path.size());
    std::uint64_t h = kBasis;
    auto const eat = [&](char c) { h = (h ^ static_cast<unsigned char>(c)) * kPrime; };
    for (std::size_t i = 0; i < path.size(); ++i) eat(i < host ? lower(path[i]) : path[i]);
    std::string_view rest = query < link.size() ? link.substr(query + 1) : std::string_view{};
    while (!rest.empty()) {
        std::string_view const one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (one.empty() || tracks(one)) continue;
        eat('?');
        for (char const c : one) eat(c);
    }
    return mixed(h) | 1U;  // never 0
}

// Words into features: each word, and each with its neighbour.
class Words {
public:
    void letter(char c) {
        word_ = (word_ ^ static_cast<unsigned char>(lower(c))) * kPrime;
        open_ = true;
        digits_ = false;
    }
    void digit() {
        if (digits_) return;
        letter('0');
        digits_ = true;
    }
    void end() {
        if (!open_) return;
        std::uint64_t const h = mixed(word_);
        counts_.add(h);
        if (words_ > 0) counts_.add(mixed(last_ * 0x9e3779b97f4a7c15ULL + h));
        last_ = h;
        ++words_;
        word_ = kBasis;
        open_ = digits_ = false;
    }
    [[nodiscard]] std::uint64_t likeness() const {
        return words_ < kLeastWords ? 0 : counts_.majority();
    }

private:
    BitCounts counts_;
    std::uint64_t word_ = kBasis, last_ = 0;
    int words_ = 0;
    bool open_ = false, digits_ = false;
};

// "RT @kim: ..." is a repost made by hand: its mark and whom it names are no words of the text.
std::size_t forward_mark(std::string_view text) {
    return begins(text, 0, "rt @") ? 3 : 0;
}

}  // namespace

int distance(std::uint64_t a, std::uint64_t b) {
    return std::popcount(a ^ b);
}

TextMarks text_marks(std::string_view text) {
    text = text.substr(0, kLooked);
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    TextMarks marks;
    std::size_t i = forward_mark(text);
    marks.forwarded = i > 0;
    Words words;
    bool boundary = true;  // a link or a handle begins only where a word could
    while (i < text.size()) {
        char const c = text[i];
        if (boundary && (lower(c) == 'h' || lower(c) == 'w')) {
            if (std::size_t const length = link_length(text, i); length > 0) {
                if (marks.link == 0) marks.link = link_hash(text.substr(i, length));
                i += length;
                continue;
            }
        }
        if (boundary && c == '@') {
            i += handle_length(text, i);
            continue;
        }
        Step const s = step(text, i);
        switch (s.sort) {
            case Sort::letter: words.letter(c); break;
            case Sort::digit: words.digit(); break;
            case Sort::whole_word:
                words.end();
                for (std::size_t k = 0; k < s.length; ++k) words.letter(text[i + k]);
                words.end();
                break;
            case Sort::separator: words.end(); break;
            case Sort::nothing: break;
        }
        if (s.sort != Sort::nothing)
            boundary = s.sort == Sort::separator || s.sort == Sort::whole_word;
        i += s.length;
    }
    words.end();
    marks.likeness = words.likeness();
    return marks;
}

}  // namespace surged::detectors
