#include "daemon/demo/params.h"

#include <charconv>

namespace surged::daemon::demo {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string percent_decode(std::string_view text, bool form) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            int const high = hex_value(text[i + 1]);
            int const low = hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high * 16 + low);
                i += 2;
                continue;
            }
        }
        out += form && text[i] == '+' ? ' ' : text[i];
    }
    return out;
}

Params::Params(std::string_view query) {
    while (!query.empty() && pairs_.size() < kMost) {
        auto const end = query.find('&');
        auto const pair = query.substr(0, end);
        auto const equals = pair.find('=');
        if (!pair.empty()) {
            auto const name = percent_decode(pair.substr(0, equals), true);
            auto const value =
                equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
            pairs_.emplace_back(name, percent_decode(value, true));
        }
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
}

bool Params::has(std::string_view name) const {
    for (auto const& [key, value] : pairs_)
        if (key == name) return true;
    return false;
}

std::string_view Params::get(std::string_view name) const {
    for (auto const& [key, value] : pairs_)
        if (key == name) return value;
    return {};
}

std::vector<std::string_view> Params::all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (auto const& [key, value] : pairs_)
        if (key == name) out.emplace_back(value);
    return out;
}

std::optional<std::int64_t> Params::number(std::string_view name) const {
    return has(name) ? whole_number(get(name)) : std::nullopt;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    auto const* const end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || at != end) return std::nullopt;
    return value;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = text.find(separator);
        auto part = text.substr(0, end);
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        if (!part.empty()) out.emplace_back(part);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace surged::daemon::demo
