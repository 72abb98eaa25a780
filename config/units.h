// What a person writes for a time, a share, a rate: text -> number. No fault is reported here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace surged::config {

// "90s", "15m", "1h30m", "7d": whole numbers with d, h, m, s, the larger unit first, each at most
// once. Up to 1000 years; "0s" is a duration.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);
// The way back, for messages: "90s" below two minutes, else "1h30m", "7d".
[[nodiscard]] std::string format_duration(std::chrono::seconds span);

// A plain decimal number: "12", "-0.5", "1e6". No octal, hexadecimal, "_", ".inf", ".nan".
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::string format_number(double value);  // "0.005", "100000"

// "20%" -> 0.2, from 0 % to 100 %.
[[nodiscard]] std::optional<double> parse_percent(std::string_view text);

// "450 per 15m", "1 per 7d": both positive.
struct Rate {
    double amount = 0;
    std::chrono::seconds per{0};
    friend bool operator==(Rate const&, Rate const&) = default;
};
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);
[[nodiscard]] std::string format_rate(Rate const& rate);

// "0.005 USD per read": not negative, a currency of three capital letters.
struct Cost {
    double amount = 0;
    std::string currency;
};
[[nodiscard]] std::optional<Cost> parse_cost(std::string_view text);

// What such a text must look like, for messages.
inline constexpr std::string_view kDurationForm = "a duration such as 90s, 15m, 1h30m or 7d";
inline constexpr std::string_view kPercentForm = "a percentage such as 20%";
inline constexpr std::string_view kRateForm = "a rate such as 450 per 15m or 1 per 7d";
inline constexpr std::string_view kCostForm = "a price such as 0.005 USD per read";

}  // namespace surged::config
