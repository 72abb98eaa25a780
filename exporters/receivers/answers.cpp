#include "exporters/receivers/answers.h"

#include "exporters/json_reader.h"
#include "exporters/receivers/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace surged::exporters {
namespace {

using std::chrono::seconds;

constexpr std::size_t kDetail = 200;  // of the answer's body: enough for the reason, not for a page

std::optional<int> number(std::string_view text) {
    int value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

// IMF-fixdate, the only form that may be sent since 1999: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    auto const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
    auto const day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
    auto const h = number(text.substr(17, 2)), m = number(text.substr(20, 2)),
               s = number(text.substr(23, 2));
    if (month == kMonths.end() || !day || !year || !h || !m || !s) return std::nullopt;
    if (*h < 0 || *h > 23 || *m < 0 || *m > 59 || *s < 0 || *s > 60) return std::nullopt;
    std::chrono::year_month_day const date{
        std::chrono::year{*year},
        std::chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
        std::chrono::day{static_cast<unsigned>(std::max(*day, 0))}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{*h} + std::chrono::minutes{*m} +
           seconds{*s};
}

}  // namespace

std::optional<seconds> retry_after(HttpHeaders const& headers) {
    auto const text = header(headers, "retry-after");
    if (auto const value = number(text))
        return *value >= 0 ? std::optional(seconds{*value}) : std::nullopt;
    auto const until = http_date(text), from = http_date(header(headers, "date"));
    if (!until || !from || *until < *from) return std::nullopt;
    return std::chrono::duration_cast<seconds>(*until - *from);
}

std::optional<seconds> retry_after_in_body(HttpResponse const& response,
                                           std::initializer_list<std::string_view> path) {
    auto const json = Json::parse(response.body);
    if (!json) return std::nullopt;
    Json const* value = &*json;
    for (auto const key : path) value = &(*value)[key];
    auto const number = value->number();
    constexpr double kDay = 86400;
    if (!number || !(*number >= 0) || *number > kDay) return std::nullopt;
    return seconds{static_cast<std::int64_t>(std::ceil(*number))};
}

Answer judge_by_status(HttpResponse const& response) {
    int const status = response.status;
    Answer answer;
    if (status >= 200 && status < 300) return answer;
    answer.detail = "HTTP " + std::to_string(status);
    auto const body = brief(response.body, kDetail);
    if (!body.empty()) answer.detail += ": " + body;
    bool const again = status < 400 || status == 408 || status == 425 || status == 429 ||
                       (status >= 500 && status < 600);
    answer.kind = again ? Answer::Kind::retry : Answer::Kind::refused;
    if (again) answer.retry_after = retry_after(response.headers);
    return answer;
}

}  // namespace surged::exporters
