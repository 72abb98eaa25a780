// Which request goes wrong, and how: decided from a seed and the request's number alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace surged::daemon::demo {

enum class Trouble : std::uint8_t {
    none,
    rate_limited,    // 429 in the platform's dialect, though its limit was not reached
    server_error,    // 500, 502, 503 or 504
    cut,             // the connection closes in the middle of the body
    slow,            // the body drips
    stall,           // no answer ever
    html,            // 200 with a page for people: a proxy's
    truncated,       // 200 with the first half of the body, well framed
    malformed,       // 200 with a body that is not JSON and not UTF-8
    duplicates,      // a page gives posts of the page before once more
    expired_cursor,  // the platform no longer knows where the walk was
    token_expired,   // the credential is refused, this once
};
inline constexpr std::size_t kTroubles = 12;
[[nodiscard]] std::string_view to_string(Trouble trouble);

// Shares of requests in [0, 1], together at most 1: one request suffers one trouble. Late posts are
// PostBook::lag's.
struct Faults {
    std::uint64_t seed = 1;
    double server_error = 0, cut = 0, slow = 0, stall = 0;
    double html = 0, truncated = 0, malformed = 0;
    double duplicates = 0;      // of the requests that go on with a walk; on others it is none
    double expired_cursor = 0;  // likewise
    double token_expired = 0;
    // A storm: of every `storm_every` requests, `storm_length` in a row are refused as too many,
    // beginning where the seed says. 0: never.
    std::uint64_t storm_every = 0, storm_length = 0;
    std::size_t repeats = 3;  // posts given once more by `duplicates`

    // Every kind at once, `share` of all requests in trouble.
    static Faults everything(std::uint64_t seed, double share);
};

// Pure. `number` counts from 1.
[[nodiscard]] Trouble decide(Faults const& plan, std::uint64_t number);

}  // namespace surged::daemon::demo
