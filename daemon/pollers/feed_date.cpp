#include "daemon/pollers/feed_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace surged::daemon {
namespace {

using detectors::WallTime;

constexpr std::size_t kDateMax = 64;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    auto const first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> words(std::string_view text) {
    constexpr std::string_view kBetween = " \t\r\n,";
    std::vector<std::string_view> out;
    while (true) {
        auto const first = text.find_first_not_of(kBetween);
        if (first == std::string_view::npos) return out;
        text.remove_prefix(first);
        auto const end = std::min(text.find_first_of(kBetween), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

int month_of(std::string_view word) {
    constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
    std::string const begin = lower(word.substr(0, 3));
    auto const it = std::find(kMonths.begin(), kMonths.end(), begin);
    return it == kMonths.end() ? 0 : static_cast<int>(it - kMonths.begin()) + 1;
}

// "+0100", "GMT", "EST" as "+01:00", "Z", "-05:00"; "" when it is no zone.
std::string zone_of(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kZones{{
        {"gmt", "Z"},
        {"utc", "Z"},
        {"ut", "Z"},
        {"z", "Z"},
        {"cet", "+01:00"},
        {"cest", "+02:00"},
        {"est", "-05:00"},
        {"edt", "-04:00"},
        {"cst", "-06:00"},
        {"cdt", "-05:00"},
        {"mst", "-07:00"},
        {"mdt", "-06:00"},
        {"pst", "-08:00"},
        {"pdt", "-07:00"},
    }};
    std::string const name = lower(word);
    for (auto const& [zone, offset] : kZones)
        if (zone == name) return std::string(offset);
    bool const sign = !word.empty() && (word[0] == '+' || word[0] == '-');
    if (sign && word.size() == 5 && number(word.substr(1)))
        return std::string(word.substr(0, 3)) + ":" + std::string(word.substr(3));
    return sign && word.size() == 6 ? std::string(word) : std::string();
}

std::string two(int value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

std::optional<WallTime> parse_rfc822(std::string_view text) {
    auto parts = words(text);
    if (!parts.empty() && !number(parts.front())) parts.erase(parts.begin());  // the weekday
    if (parts.size() < 4) return std::nullopt;
    auto const day = number(parts[0]);
    int const month = month_of(parts[1]);
    auto year = number(parts[2]);
    if (!day || month == 0 || !year || *day > 31) return std::nullopt;
    if (*year < 100) *year += *year < 50 ? 2000 : 1900;
    if (*year < 1970 || *year > 9999) return std::nullopt;
    std::string time(parts[3]);
    if (time.find(':') == 1) time.insert(0, 1, '0');
    if (time.size() == 5) time += ":00";
    std::string const zone = parts.size() > 4 ? zone_of(parts[4]) : "Z";
    return detectors::parse_time(std::to_string(*year) + "-" + two(month) + "-" + two(*day) + "T" +
                                 time + (zone.empty() ? "Z" : zone));
}

}  // namespace

std::optional<WallTime> parse_feed_date(std::string_view text) {
    text = trimmed(text);
    if (text.empty() || text.size() > kDateMax) return std::nullopt;
    if (auto const time = detectors::parse_time(text)) return time;
    if (text.size() >= 10 && text[4] == '-' && text[7] == '-') {
        std::string whole(text);
        if (whole.size() == 10) return detectors::parse_time(whole + "T00:00:00Z");
        // Minutes without seconds, or no zone.
        if (whole.size() >= 16 && whole[13] == ':' && (whole.size() == 16 || whole[16] != ':'))
            whole.insert(16, ":00");
        if (auto const time = detectors::parse_time(whole)) return time;
        return detectors::parse_time(whole + "Z");
    }
    return parse_rfc822(text);
}

}  // namespace surged::daemon
