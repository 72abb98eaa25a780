#include "detectors/links.h"

#include <algorithm>
#include <array>

namespace surged::detectors {
namespace {

constexpr std::size_t kLongest = 2048;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool ends_link(char c) {
    auto const u = static_cast<unsigned char>(c);
    return u <= 0x20 || c == '"' || c == '<' || c == '>' || c == '`' || u == 0x7f;
}

// "https://x.com/acme/status/1)." is the link of somebody who wrote in brackets.
std::string_view without_marks(std::string_view link) {
    constexpr std::string_view kMarks = ".,;:!?'*_~)]}";
    while (!link.empty() && kMarks.find(link.back()) != std::string_view::npos) {
        // A bracket that the link itself opened belongs to it.
        if (link.back() == ')' && link.find('(') != std::string_view::npos) break;
        link.remove_suffix(1);
    }
    return link;
}

bool starts_with_word(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                    [](char a, char b) { return a == lower(b); });
}

std::string lowered(std::string_view text) {
    std::string out;
    for (char const c : text) out += lower(c);
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// "zo%c3%ab" is "zoë" in an address.
std::string unescaped(std::string const& lower_case) {
    std::string out;
    for (std::size_t i = 0; i < lower_case.size(); ++i) {
        bool const escape = lower_case[i] == '%' && i + 2 < lower_case.size();
        int const high = escape ? hex_digit(lower_case[i + 1]) : -1;
        int const low = escape ? hex_digit(lower_case[i + 2]) : -1;
        if (high < 0 || low < 0) {
            out += lower_case[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

// ".../comments/POST/words_of_its_title/COMMENT" by its ids alone.
std::string reddit_link(std::string_view path) {
    constexpr std::string_view kComments = "/comments/";
    std::size_t const at = path.find(kComments);
    if (at == std::string_view::npos) return {};
    std::string_view rest = path.substr(at + kComments.size());
    std::array<std::string_view, 3> parts{};
    for (auto& part : parts) {
        std::size_t const end = std::min(rest.find('/'), rest.size());
        part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::string link = "https://www.reddit.com/comments/" + std::string(parts[0]);
    return parts[2].empty() ? link : link + "/_/" + std::string(parts[2]);
}

}  // namespace

std::vector<std::string_view> links_in(std::string_view text, std::size_t most) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; out.size() < most;) {
        at = text.find("://", at);
        if (at == std::string_view::npos) break;
        std::size_t begin = at;
        while (begin > 0 && ((lower(text[begin - 1]) >= 'a' && lower(text[begin - 1]) <= 'z')))
            --begin;
        std::size_t end = at + 3;
        while (end < text.size() && !ends_link(text[end])) ++end;
        std::string_view const link = without_marks(text.substr(begin, end - begin));
        bool const known = starts_with_word(link, "http://") || starts_with_word(link, "https://");
        if (known && link.size() <= kLongest && link.size() > at + 3 - begin) out.push_back(link);
        at = end;
    }
    return out;
}

std::string link_key(std::string_view link) {
    if (starts_with_word(link, "https://"))
        link.remove_prefix(8);
    else if (starts_with_word(link, "http://"))
        link.remove_prefix(7);
    else
        return {};
    std::string host;
    for (char const c : link.substr(0, link.find_first_of("/?#"))) host += lower(c);
    for (std::string_view const prefix : {"www.", "m.", "mobile."})
        if (host.starts_with(prefix)) host.erase(0, prefix.size());
    std::size_t const slash = std::min(link.find('/'), link.find_first_of("?#"));
    std::string_view path = slash == std::string_view::npos ? "" : link.substr(slash);
    path = path.substr(0, path.find_first_of("?#"));
    while (path.ends_with('/')) path.remove_suffix(1);
    if (host == "twitter.com" || host == "x.com") {
        constexpr std::string_view kStatus = "/status/";
        host = "x.com";
        if (std::size_t const at = path.find(kStatus); at != std::string_view::npos) {
            std::string_view id = path.substr(at + kStatus.size());
            id = id.substr(0, id.find('/'));  // ".../status/1/photo/1"
            return host + std::string(kStatus) + std::string(id);
        }
    }
    return host.empty() ? std::string{} : host + std::string(path);
}

std::string nameless_link(Mention const& m) {
    std::string const key = link_key(m.url);
    if (key.empty()) return {};
    constexpr std::string_view kX = "x.com/status/", kReddit = "reddit.com/";
    if (key.starts_with(kX)) return "https://x.com/i/status/" + key.substr(kX.size());
    if (key.starts_with(kReddit)) return reddit_link(key.substr(kReddit.size() - 1));
    std::string_view handle = m.author.handle;
    if (handle.starts_with('@')) handle.remove_prefix(1);
    handle = handle.substr(0, handle.find('@'));  // "kim@example.social"
    bool const named =
        !handle.empty() && unescaped(lowered(m.url)).find(lowered(handle)) != std::string::npos;
    return named ? std::string{} : std::string(m.url);
}

}  // namespace surged::detectors
