#include "exporters/report/figures.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace surged::exporters {

using detectors::WallTime;

std::string figure(double value) {
    if (!std::isfinite(value)) return "?";
    double const size = std::abs(value);
    int const digits = size >= 100 || value == std::floor(value) ? 0 : size >= 1 ? 1 : 2;
    std::array<char, 400> text{};
    auto const [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value,
                                         std::chars_format::fixed, digits);
    if (ec != std::errc{}) return "?";
    std::string out(text.data(), end);
    std::size_t const whole = std::min(out.find('.'), out.size());
    std::size_t const first = out.starts_with('-') ? 1 : 0;
    for (std::size_t at = whole; at > first + 3; at -= 3) out.insert(at - 3, ",");
    return out;
}

std::string percent(double share) {
    if (share > 0 && share < 0.005) return "under 1 %";
    return figure(std::round(share * 100)) + " %";
}

std::string times(double ratio) {
    return figure(ratio >= 10 ? std::round(ratio) : ratio) + " times";
}

std::string day(WallTime t) {
    constexpr std::array<char const*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::chrono::year_month_day const date{std::chrono::floor<std::chrono::days>(t)};
    return std::to_string(unsigned(date.day())) + " " + kMonths.at(unsigned(date.month()) - 1) +
           " " + std::to_string(int(date.year()));
}

std::string date_time(WallTime t) {
    return day(t) + ", " + detectors::rfc3339(t).substr(11, 5) + " UTC";
}

std::string lasting(std::chrono::milliseconds span) {
    return detectors::human_duration(std::chrono::round<std::chrono::seconds>(span));
}

std::string largest(std::size_t place) {
    constexpr std::array<char const*, 11> kWords{"",       "",      "second", "third",
                                                 "fourth", "fifth", "sixth",  "seventh",
                                                 "eighth", "ninth", "tenth"};
    if (place <= 1) return "largest";
    if (place < kWords.size()) return std::string(kWords.at(place)) + " largest";
    std::size_t const last = place % 10;
    bool const teen = place % 100 >= 11 && place % 100 <= 13;
    return std::to_string(place) +
           (teen || last > 3 || last == 0 ? "th"
            : last == 1                   ? "st"
            : last == 2                   ? "nd"
                                          : "rd") +
           " largest";
}

std::string plural(std::uint64_t n, std::string_view one, std::string_view many) {
    return figure(double(n)) + " " + std::string(n == 1 ? one : many);
}

}  // namespace surged::exporters
