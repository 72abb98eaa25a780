// What an HTTP answer means to most receivers: delivered, again later, or never.
#pragma once

#include "exporters/receivers/receiver.h"

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace surged::exporters {

// Retry-After (RFC 9110 section 10.2.3) as a span from now: whole seconds, or an HTTP date less the
// answer's own Date, so that the peer's clock is compared with itself. Absent, negative,
// unreadable, or a date without Date beside it: none. An absurd length is the outbox's to bound.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(HttpHeaders const& headers);

// The seconds that a JSON body asks for under this path of keys ({"parameters", "retry_after"}),
// rounded up: Discord and Telegram say there what others say in the header. None when absent,
// negative, or beyond a day.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after_in_body(
    HttpResponse const& response, std::initializer_list<std::string_view> path);

// 2xx delivered; 408, 425, 429 and 5xx again; every other 4xx refused, since the same page would be
// refused again; anything else (a redirect: they are not followed) again, because somebody is about
// to mend it. The detail is "HTTP 400: " and the start of the body as one plain line.
[[nodiscard]] Answer judge_by_status(HttpResponse const& response);

}  // namespace surged::exporters
