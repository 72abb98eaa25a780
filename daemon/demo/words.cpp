#include "daemon/demo/words.h"

namespace surged::daemon::demo {
namespace {

// Base letters of U+00C0..U+017F in order; '*' where there is none.
constexpr std::string_view kBase =
    "aaaaaaaceeeeiiiidnooooo*ouuuuyts"   // U+00C0..U+00DF
    "aaaaaaaceeeeiiiidnooooo*ouuuuyty"   // U+00E0..U+00FF
    "aaaaaaccccccccddddeeeeeeeeeegggg"   // U+0100..U+011F
    "gggghhhhiiiiiiiiiiiijjkkklllllll"   // U+0120..U+013F
    "lllnnnnnnnnnoooooooorrrrrrssssss"   // U+0140..U+015F
    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";  // U+0160..U+017F
static_assert(kBase.size() == 0x180 - 0xC0);

// Bytes beyond ASCII count as letters: a word in another script stays whole.
bool is_word(char c) {
    auto const u = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           u >= 0x80;
}

bool bounded(std::string_view text, std::size_t from, std::size_t to) {
    return (from == 0 || !is_word(text[from - 1])) && (to == text.size() || !is_word(text[to]));
}

std::size_t end_of_word(std::string_view text, std::size_t from) {
    while (from < text.size() && is_word(text[from])) ++from;
    return from;
}

std::size_t end_of_link(std::string_view text, std::size_t from) {
    auto const end = text.find_first_of(" \n\t\"<>", from);
    return end == std::string_view::npos ? text.size() : end;
}

std::size_t code_points(std::string_view text) {
    std::size_t n = 0;
    for (char const c : text) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return n;
}

}  // namespace

std::string fold(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c >= 'A' && c <= 'Z') {
            out += static_cast<char>(c + 32);
            continue;
        }
        if (c >= 0xC3 && c <= 0xC5 && i + 1 < text.size()) {
            auto const next = static_cast<unsigned char>(text[i + 1]);
            std::size_t const at = (c & 0x1FU) * 64U + (next & 0x3FU) - 0xC0U;
            if ((next & 0xC0U) == 0x80U && at < kBase.size() && kBase[at] != '*') {
                out += kBase[at];
                ++i;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

bool has_phrase(std::string_view text, std::string_view phrase) {
    if (phrase.empty()) return false;
    for (auto at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1))
        if (bounded(text, at, at + phrase.size())) return true;
    return false;
}

bool has_signed(std::string_view text, char sign, std::string_view name) {
    if (name.empty()) return false;
    for (auto at = text.find(sign); at != std::string_view::npos; at = text.find(sign, at + 1)) {
        if (at > 0 && is_word(text[at - 1])) continue;  // an address: kim@acme.example
        auto const end = end_of_word(text, at + 1);
        if (text.substr(at + 1, end - at - 1) == name) return true;
    }
    return false;
}

std::vector<Entity> entities(std::string_view text) {
    std::vector<Entity> out;
    for (std::size_t at = 0; at < text.size();) {
        char const sign = text[at];
        bool const fresh = at == 0 || !is_word(text[at - 1]);
        auto const rest = text.substr(at);
        bool const link = rest.starts_with("http://") || rest.starts_with("https://");
        bool const marked = sign == '#' || sign == '@';
        if (!fresh || (!marked && !link)) {
            ++at;
            continue;
        }
        auto const end = link ? end_of_link(text, at) : end_of_word(text, at + 1);
        if (link || end > at + 1) {
            Entity entity;
            entity.sign = link ? 'u' : sign;
            entity.text = text.substr(link ? at : at + 1, end - at - (link ? 0 : 1));
            entity.start = code_points(text.substr(0, at));
            entity.end = entity.start + code_points(text.substr(at, end - at));
            out.push_back(std::move(entity));
        }
        at = end > at ? end : at + 1;
    }
    return out;
}

}  // namespace surged::daemon::demo
