#include "detectors/time.h"

#include <array>
#include <cstdio>

namespace surged::detectors {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A cursor over fixed-width digits; `ok` goes false once and stays so.
struct Digits {
    std::string_view text;
    bool ok = true;

    int take(std::size_t width) {
        if (text.size() < width) return fail();
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            if (text[i] < '0' || text[i] > '9') return fail();
            value = value * 10 + (text[i] - '0');
        }
        text.remove_prefix(width);
        return value;
    }
    void expect(std::string_view any_of) {
        if (text.empty() || any_of.find(text[0]) == std::string_view::npos) {
            ok = false;
            return;
        }
        text.remove_prefix(1);
    }
    int fail() {
        ok = false;
        return 0;
    }
};

// Milliseconds of ".25", ".250123": further digits are read and dropped.
int fraction(Digits& in) {
    in.text.remove_prefix(1);
    int value = 0;
    int count = 0;
    while (!in.text.empty() && in.text[0] >= '0' && in.text[0] <= '9') {
        if (count < 3) value = value * 10 + (in.text[0] - '0');
        ++count;
        in.text.remove_prefix(1);
    }
    if (count == 0) in.ok = false;
    for (; count < 3; ++count) value *= 10;
    return value;
}

minutes offset(Digits& in) {
    if (in.text.empty()) return minutes{0};  // CSV: UTC
    char const sign = in.text[0];
    if (sign == 'Z' || sign == 'z') {
        in.text.remove_prefix(1);
        return minutes{0};
    }
    in.expect("+-");
    int const h = in.take(2);
    if (!in.text.empty() && in.text[0] == ':') in.text.remove_prefix(1);
    int const m = in.take(2);
    if (h > 23 || m > 59) in.ok = false;
    auto const value = hours{h} + minutes{m};
    return sign == '-' ? -value : value;
}

}  // namespace

std::string rfc3339(WallTime t) {
    auto const day = std::chrono::floor<days>(t);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const clock(t - day);
    std::array<char, 48> out{};
    int const n =
        std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                      unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                      int(clock.minutes().count()), int(clock.seconds().count()));
    std::string text(out.data(), static_cast<std::size_t>(n));
    if (clock.subseconds().count() != 0) {
        std::snprintf(out.data(), out.size(), ".%03d", int(clock.subseconds().count()));
        text += out.data();
    }
    return text + "Z";
}

std::optional<WallTime> parse_time(std::string_view text) {
    Digits in{text};
    int const year = in.take(4);
    in.expect("-");
    int const month = in.take(2);
    in.expect("-");
    int const day = in.take(2);
    in.expect("Tt ");
    int const h = in.take(2);
    in.expect(":");
    int const m = in.take(2);
    in.expect(":");
    int const s = in.take(2);
    if (!in.ok) return std::nullopt;
    int const ms = !in.text.empty() && in.text[0] == '.' ? fraction(in) : 0;
    minutes const zone = offset(in);
    std::chrono::year_month_day const date{std::chrono::year{year},
                                           std::chrono::month{unsigned(month)},
                                           std::chrono::day{unsigned(day)}};
    // 60: a leap second is the first instant of the next minute, as everywhere in POSIX.
    if (!in.ok || !in.text.empty() || !date.ok() || year < 1970 || h > 23 || m > 59 || s > 60)
        return std::nullopt;
    return std::chrono::sys_days{date} + hours{h} + minutes{m} + seconds{s} + milliseconds{ms} -
           zone;
}

std::string human_duration(seconds span) {
    if (span.count() < 0) return "-" + human_duration(-span);
    long long const total = span.count();
    std::array<char, 48> out{};
    if (total < 60) {
        std::snprintf(out.data(), out.size(), "%llds", total);
    } else if (total < 3600) {
        std::snprintf(out.data(), out.size(), total % 60 ? "%lldm %02llds" : "%lldm", total / 60,
                      total % 60);
    } else if (total < 86400) {
        std::snprintf(out.data(), out.size(), total % 3600 / 60 ? "%lldh %02lldm" : "%lldh",
                      total / 3600, total % 3600 / 60);
    } else {
        std::snprintf(out.data(), out.size(), total % 86400 / 3600 ? "%lldd %lldh" : "%lldd",
                      total / 86400, total % 86400 / 3600);
    }
    return out.data();
}

}  // namespace surged::detectors
