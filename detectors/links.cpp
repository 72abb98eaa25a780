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

void add_once(std::vector<std::string>& to, std::string_view one, std::string_view self) {
    if (one.empty() || one == self) return;
    if (std::find(to.begin(), to.end(), one) == to.end()) to.emplace_back(one);
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

std::string link_target(std::string_view link) {
    std::string const key = link_key(link);
    return key.empty() ? std::string{} : "link:" + key;
}

std::vector<std::string> points_to(Mention const& mention) {
    std::vector<std::string> out;
    for (std::string_view const id :
         {mention.conversation, mention.in_reply_to, mention.quotes, mention.reposts})
        add_once(out, id, mention.id);
    if (mention.quotes.empty() && mention.reposts.empty())
        for (std::string_view const link : links_in(mention.text))
            add_once(out, link_target(link), {});
    return out;
}

}  // namespace surged::detectors
