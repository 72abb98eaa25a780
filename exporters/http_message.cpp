#include "exporters/http_message.h"

#include <algorithm>
#include <cctype>

namespace surged::exporters {

std::string_view header(HttpHeaders const& headers, std::string_view name) {
    auto const same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (auto const& [key, value] : headers)
        if (key.size() == name.size() && std::equal(key.begin(), key.end(), name.begin(), same))
            return value;
    return {};
}

std::string url_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (char const c : text) {
        auto const u = static_cast<unsigned char>(c);
        if (std::isalnum(u) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            out += '%';
            out += kHex[u >> 4U];
            out += kHex[u & 15U];
        }
    }
    return out;
}

std::string with_query(std::string base,
                       std::vector<std::pair<std::string, std::string>> const& params) {
    char separator = base.find('?') == std::string::npos ? '?' : '&';
    for (auto const& [key, value] : params) {
        base += separator;
        base += url_encode(key) + "=" + url_encode(value);
        separator = '&';
    }
    return base;
}

}  // namespace surged::exporters
