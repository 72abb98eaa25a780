#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace surged::config {
namespace {

constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits{
    {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t kLongest = std::int64_t{1000} * 366 * 86400;

bool digit(char c) {
    return c >= '0' && c <= '9';
}

// The words between single or several blanks.
std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        auto const end = std::min(text.find(' '), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return out;
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    while (!text.empty()) {
        std::int64_t value = 0;
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (ec != std::errc{} || !digit(text[0]) || end == text.data() + text.size())
            return std::nullopt;
        while (next_unit < kUnits.size() && kUnits.at(next_unit).first != *end) ++next_unit;
        if (next_unit == kUnits.size() || value > kLongest / kUnits.at(next_unit).second)
            return std::nullopt;
        total += value * kUnits.at(next_unit).second;
        if (total > kLongest) return std::nullopt;
        ++next_unit;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    }
    return std::chrono::seconds{total};
}

std::string format_duration(std::chrono::seconds span) {
    auto left = std::int64_t{span.count()};
    if (left < 0) return "-" + format_duration(-span);
    if (left < 120) return std::to_string(left) + "s";
    std::string out;
    for (auto const& [unit, seconds] : kUnits) {
        if (left >= seconds) out += std::to_string(left / seconds) + unit;
        left %= seconds;
    }
    return out;
}

std::optional<double> parse_number(std::string_view text) {
    auto const digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || !digit(digits[0])) return std::nullopt;  // .inf, .nan, .5
    if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return std::nullopt;  // octal
    double value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string format_number(double value) {
    std::array<char, 400> out{};  // the longest double in plain digits has 327
    auto const [end, ec] =
        std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed);
    return ec == std::errc{} ? std::string(out.data(), end) : std::string("?");
}

std::optional<double> parse_percent(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    auto const value = parse_number(text.substr(0, text.size() - 1));
    if (!value || *value < 0 || *value > 100) return std::nullopt;
    return *value / 100;
}

std::optional<Rate> parse_rate(std::string_view text) {
    auto const parts = words(text);
    if (parts.size() != 3 || parts[1] != "per") return std::nullopt;
    auto const amount = parse_number(parts[0]);
    auto const per = parse_duration(parts[2]);
    if (!amount || !(*amount > 0) || !per || per->count() <= 0) return std::nullopt;
    return Rate{*amount, *per};
}

std::string format_rate(Rate const& rate) {
    return format_number(rate.amount) + " per " + format_duration(rate.per);
}

std::optional<Cost> parse_cost(std::string_view text) {
    auto const parts = words(text);
    if (parts.size() != 4 || parts[2] != "per" || parts[3] != "read") return std::nullopt;
    auto const amount = parse_number(parts[0]);
    auto const capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (!amount || *amount < 0 || parts[1].size() != 3 ||
        !std::all_of(parts[1].begin(), parts[1].end(), capital))
        return std::nullopt;
    return Cost{*amount, std::string(parts[1])};
}

}  // namespace surged::config
