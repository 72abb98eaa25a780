// What every platform's answer says in its status and headers: refusals, waits, rate limits, links,
// whatever the dialect.
#pragma once

#include "daemon/poller.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// "Fri, 20 Nov 2026 14:05:27 GMT" (RFC 9110; a numeric offset is read too).
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

// The peer's clock minus ours, from its Date header; 0 when there is none or it differs by less
// than 5 s, which may be latency. Whole seconds.
[[nodiscard]] std::chrono::milliseconds clock_skew(HttpResponse const& response, WallTime now);

// When a limit's window ends by our clock: seconds or milliseconds since 1970, ISO 8601 (Mastodon),
// or seconds from now (Reddit, RFC drafts). nullopt when it is none of these.
[[nodiscard]] std::optional<WallTime> read_reset(std::string_view text, WallTime now,
                                                 std::chrono::milliseconds skew);

// Retry-After, seconds or date, as seconds from now: at least 0, at most kRetryMax, so that a
// mistyped header cannot silence a stream for years.
inline constexpr std::chrono::hours kRetryMax{24};
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(HttpResponse const& response,
                                                              WallTime now);

// The wait until `reset`, rounded up; one that is past already is not believed: 60 s.
[[nodiscard]] std::chrono::seconds wait_until(WallTime reset, WallTime now);

// Adds the limit of one header pair: remaining as a number ("594.0" too), reset as above. Nothing
// is added when there is no remaining.
void add_limit(std::vector<RateLimit>& out, HttpResponse const& response, WallTime now,
               std::string_view kind, std::string_view prefix);

// The dialects in use: X-RateLimit-*, RateLimit-*, and the structured RateLimit field.
[[nodiscard]] std::vector<RateLimit> rate_limits(HttpResponse const& response, WallTime now,
                                                 std::string_view kind = "requests");

// When the peer takes requests again, from Retry-After or from the limits that are used up; nullopt
// when it does not say, or names a time that is past: whoever asks has to find out.
[[nodiscard]] std::optional<std::chrono::seconds> throttle_wait(
    HttpResponse const& response, WallTime now, std::vector<RateLimit> const& limits);

// The plain meaning of a status that is not 2xx; nullopt for 2xx. Redirects are not followed, so a
// 3xx is a wrong base_url: bad_request. The words of the body are in the detail.
[[nodiscard]] std::optional<Failure> refused(HttpResponse const& response, WallTime now);
// "HTTP 403: Client Forbidden"
[[nodiscard]] std::string answer_words(HttpResponse const& response);

// The target of `rel` in a Link header (RFC 8288); "" when absent.
[[nodiscard]] std::string link_target(HttpResponse const& response, std::string_view rel);

// `text` with every occurrence of `secret` (6 characters or more) replaced by "***".
[[nodiscard]] std::string without_secret(std::string text, std::string_view secret);

}  // namespace surged::daemon
