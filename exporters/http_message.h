// HTTP as values: what receivers and pollers ask, what they are answered. No socket knows of this
// file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::exporters {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, in any case; empty when absent.
[[nodiscard]] std::string_view header(HttpHeaders const& headers, std::string_view name);

// Not an aggregate: GCC 12 destroys aggregate temporaries twice in co_await expressions.
struct HttpRequest {
    HttpRequest() : method("GET") {}
    std::string method;
    std::string url;      // absolute, http or https; already encoded
    HttpHeaders headers;  // Host, Accept-Encoding, Content-Length and User-Agent are the client's
    std::string body;
    std::string ca_file;               // PEM; empty: `http.ca_file`, else the system's
    std::size_t body_max = 8U << 20U;  // of the answer, after inflating: over it is too_large
    bool idempotent =
        true;  // may be sent again on a fresh connection when a kept one was already dead
};

struct HttpResponse {
    HttpResponse() = default;
    int status = 0;
    HttpHeaders headers;
    std::string body;  // inflated; at least 64 spare bytes behind it are NOT promised
};

// "a b&c" -> "a%20b%26c": RFC 3986 unreserved characters stay.
[[nodiscard]] std::string url_encode(std::string_view text);
// base?k=v&k2=v2 with values encoded; `base` may have a query already.
[[nodiscard]] std::string with_query(
    std::string base, std::vector<std::pair<std::string, std::string>> const& params);

}  // namespace surged::exporters
