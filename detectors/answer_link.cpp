#include "detectors/answer_link.h"

#include <algorithm>
#include <array>
#include <utility>

namespace surged::detectors {
namespace {

constexpr std::size_t kLongest = 2048;  // what browsers and platforms take

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kHosts = {{
    {"x.com", "x"},
    {"twitter.com", "x"},
    {"facebook.com", "facebook"},
    {"fb.com", "facebook"},
    {"fb.watch", "facebook"},
    {"instagram.com", "instagram"},
    {"bsky.app", "bluesky"},
    {"reddit.com", "reddit"},
    {"redd.it", "reddit"},
    {"youtube.com", "youtube"},
    {"youtu.be", "youtube"},
    {"news.ycombinator.com", "hackernews"},
}};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The host in lower case without user, port and final dot; empty when there is none.
std::string host_of(std::string_view link) {
    std::string scheme;
    std::size_t const colon = link.find("://");
    if (colon == std::string_view::npos) return {};
    for (char c : link.substr(0, colon)) scheme += lower(c);
    if (scheme != "http" && scheme != "https") return {};
    std::string_view rest = link.substr(colon + 3);
    rest = rest.substr(0, rest.find_first_of("/?#\\"));
    if (std::size_t const at = rest.rfind('@'); at != std::string_view::npos)
        rest.remove_prefix(at + 1);
    rest = rest.substr(0, rest.find(':'));
    while (!rest.empty() && rest.back() == '.') rest.remove_suffix(1);
    std::string host;
    for (char c : rest) host += lower(c);
    return host;
}

}  // namespace

bool is_link(std::string_view link) {
    auto const odd = [](char c) {
        auto const u = static_cast<unsigned char>(c);
        return u <= 0x20 || u == 0x7F;
    };
    return link.size() <= kLongest && std::none_of(link.begin(), link.end(), odd) &&
           !host_of(link).empty();
}

std::string_view platform_of_link(std::string_view link) {
    std::string const host = host_of(link);
    for (auto const& [known, platform] : kHosts) {
        if (host == known) return platform;
        if (host.size() > known.size() && host.ends_with(known) &&
            host[host.size() - known.size() - 1] == '.')
            return platform;
    }
    return {};
}

}  // namespace surged::detectors
