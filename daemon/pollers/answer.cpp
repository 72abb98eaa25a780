#include "daemon/pollers/answer.h"

#include "daemon/pollers/json_reading.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using exporters::header;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kDoubtfulReset{60};  // a reset that is past on a refusal: ask again a minute on
constexpr seconds kSkewMin{5};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<double> read_number(std::string_view text) {
    text = trimmed(text);
    double value = 0;
    char const* const last = text.data() + text.size();
    auto const [end, error] = std::from_chars(text.data(), last, value);
    if (text.empty() || error != std::errc{} || end != last || !std::isfinite(value))
        return std::nullopt;
    return value;
}

// "100;w=60" and "100, 100;window=60" begin with the number that counts.
std::optional<double> leading_number(std::string_view text) {
    return read_number(text.substr(0, text.find_first_of(",;")));
}

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return std::tolower(static_cast<unsigned char>(x)) ==
                      std::tolower(static_cast<unsigned char>(y));
           });
}

// The value of `name` in "limit=100, remaining=50, reset=5" and in "\"default\";r=50;t=5".
std::optional<double> parameter(std::string_view field, std::string_view name) {
    while (!field.empty()) {
        auto const end = std::min(field.find_first_of(",;"), field.size());
        std::string_view const part = trimmed(field.substr(0, end));
        auto const equals = part.find('=');
        if (equals != std::string_view::npos && part.substr(0, equals) == name)
            return read_number(part.substr(equals + 1));
        field.remove_prefix(std::min(end + 1, field.size()));
    }
    return std::nullopt;
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    text = trimmed(text);
    if (auto const comma = text.find(','); comma != std::string_view::npos)
        text = trimmed(text.substr(comma + 1));
    // "20 Nov 2026 14:05:27 GMT": rebuilt as RFC 3339, which checks every range.
    if (text.size() > 40) return std::nullopt;
    std::array<char, 4> month{};
    std::array<char, 8> zone{};
    int day = 0, year = 0, h = 0, m = 0, s = 0;
    std::string const copy(text);
    if (std::sscanf(copy.c_str(), "%2d %3s %4d %2d:%2d:%2d %7s", &day, month.data(), &year, &h, &m,
                    &s, zone.data()) != 7)
        return std::nullopt;
    auto const it = std::find(kMonths.begin(), kMonths.end(), std::string_view(month.data()));
    if (it == kMonths.end() || day < 0 || h < 0 || m < 0 || s < 0 || year < 1970)
        return std::nullopt;
    std::string_view offset(zone.data());
    if (offset == "GMT" || offset == "UTC") offset = "Z";
    std::array<char, 80> out{};  // six ints of any size: GCC at -O2 asks for them
    std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02d", year,
                  int(it - kMonths.begin()) + 1, day, h, m, s);
    return detectors::parse_time(std::string(out.data()).append(offset));
}

milliseconds clock_skew(HttpResponse const& response, WallTime now) {
    auto const date = parse_http_date(header(response.headers, "Date"));
    if (!date) return 0ms;
    milliseconds const skew = *date - now;
    return skew < kSkewMin && skew > -kSkewMin ? 0ms : skew;
}

std::optional<WallTime> read_reset(std::string_view text, WallTime now, milliseconds skew) {
    text = trimmed(text);
    auto const number = leading_number(text);
    if (!number) {
        auto const time = detectors::parse_time(text);
        if (!time) return std::nullopt;
        return *time - skew;
    }
    if (*number < 0) return std::nullopt;
    if (*number < 1e8)  // three years in seconds: a span, not an instant
        return now + milliseconds{std::llround(*number * 1000)};
    auto const time = read_time(text.substr(0, text.find_first_of(",;")));
    if (!time) return std::nullopt;
    return *time - skew;
}

std::optional<seconds> retry_after(HttpResponse const& response, WallTime now) {
    std::string_view const text = header(response.headers, "Retry-After");
    if (text.empty()) return std::nullopt;
    if (auto const number = read_number(text)) {
        if (*number < 0) return std::nullopt;
        return seconds{static_cast<std::int64_t>(
            std::ceil(std::min(*number, double(seconds{kRetryMax}.count()))))};
    }
    auto const date = parse_http_date(text);
    if (!date) return std::nullopt;
    auto const wait = std::chrono::ceil<seconds>(*date - clock_skew(response, now) - now);
    return std::clamp(wait, 0s, seconds{kRetryMax});
}

seconds wait_until(WallTime reset, WallTime now) {
    if (reset <= now) return kDoubtfulReset;
    return std::min(std::chrono::ceil<seconds>(reset - now), seconds{kRetryMax});
}

void add_limit(std::vector<RateLimit>& out, HttpResponse const& response, WallTime now,
               std::string_view kind, std::string_view prefix) {
    std::string const name(prefix);
    auto const remaining = leading_number(header(response.headers, name + "remaining"));
    if (!remaining || *remaining < 0) return;
    RateLimit limit;
    limit.kind = kind;
    limit.remaining = *remaining;
    limit.of = leading_number(header(response.headers, name + "limit")).value_or(0);
    limit.reset =
        read_reset(header(response.headers, name + "reset"), now, clock_skew(response, now))
            .value_or(RateLimit::kNever);
    out.push_back(std::move(limit));
}

std::vector<RateLimit> rate_limits(HttpResponse const& response, WallTime now,
                                   std::string_view kind) {
    std::vector<RateLimit> out;
    for (auto const* prefix : {"x-ratelimit-", "ratelimit-", "x-rate-limit-"}) {
        add_limit(out, response, now, kind, prefix);
        if (!out.empty()) return out;
    }
    std::string_view const field = header(response.headers, "RateLimit");
    auto remaining = parameter(field, "remaining");
    if (!remaining) remaining = parameter(field, "r");
    if (!remaining || *remaining < 0) return out;
    auto reset = parameter(field, "reset");
    if (!reset) reset = parameter(field, "t");
    RateLimit limit;
    limit.kind = kind;
    limit.remaining = *remaining;
    if (reset && *reset >= 0 && *reset < 1e8)
        limit.reset = now + milliseconds{std::llround(*reset * 1000)};
    out.push_back(std::move(limit));
    return out;
}

std::optional<seconds> throttle_wait(HttpResponse const& response, WallTime now,
                                     std::vector<RateLimit> const& limits) {
    if (auto const asked = retry_after(response, now)) return *asked;
    // The latest end among the windows that are used up; when none is, the limit that refused did
    // not name itself and the latest of all is the safe one.
    WallTime used_up = RateLimit::kNever;
    WallTime any = RateLimit::kNever;
    for (auto const& limit : limits) {
        any = std::max(any, limit.reset);
        if (limit.remaining < 1) used_up = std::max(used_up, limit.reset);
    }
    WallTime const reset = used_up != RateLimit::kNever ? used_up : any;
    if (reset == RateLimit::kNever || reset <= now) return std::nullopt;
    return wait_until(reset, now);
}

std::string answer_words(HttpResponse const& response) {
    std::string words = error_words(response.body);
    std::string detail = "HTTP " + std::to_string(response.status);
    return words.empty() ? detail : detail + ": " + words;
}

std::optional<Failure> refused(HttpResponse const& response, WallTime now) {
    int const status = response.status;
    if (status >= 200 && status < 300) return std::nullopt;
    auto const as = [&](Fault fault) {
        return Failure(fault, answer_words(response), retry_after(response, now));
    };
    switch (status) {
        case 401: return as(Fault::auth);
        case 402: return as(Fault::budget);
        case 403: return as(Fault::forbidden);
        case 404:
        case 410: return as(Fault::not_found);
        case 408:
        case 425: return as(Fault::transient);
        case 429: {
            auto const wait = throttle_wait(response, now, rate_limits(response, now));
            return Failure(Fault::throttled, answer_words(response), wait);
        }
        default: return as(status >= 500 ? Fault::transient : Fault::bad_request);
    }
}

std::string link_target(HttpResponse const& response, std::string_view rel) {
    std::string_view links = header(response.headers, "Link");
    while (!links.empty()) {
        auto const open = links.find('<');
        auto const close = links.find('>', open == std::string_view::npos ? 0 : open);
        if (open == std::string_view::npos || close == std::string_view::npos) return {};
        std::string_view const target = links.substr(open + 1, close - open - 1);
        links.remove_prefix(close + 1);
        auto const next = std::min(links.find('<'), links.size());
        std::string_view parameters = links.substr(0, next);
        links.remove_prefix(next);
        while (!parameters.empty()) {
            auto const end = std::min(parameters.find_first_of(";,"), parameters.size());
            std::string_view const part = trimmed(parameters.substr(0, end));
            parameters.remove_prefix(std::min(end + 1, parameters.size()));
            if (part.size() < 4 || !same_word(part.substr(0, 4), "rel=")) continue;
            std::string_view value = part.substr(4);
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
                value = value.substr(1, value.size() - 2);
            if (same_word(value, rel)) return std::string(target);
        }
    }
    return {};
}

std::string without_secret(std::string text, std::string_view secret) {
    if (secret.size() < 6) return text;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
        text.replace(at, secret.size(), "***");
    return text;
}

}  // namespace surged::daemon
