// An absolute http or https URL, taken apart: what a client must know of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

struct Url {
    bool tls = false;
    std::string host;  // lower case; an IPv6 literal without its brackets
    unsigned short port = 0;
    std::string target;  // "/path?query", never empty, without the fragment

    // "example.org", "example.org:8080", "[::1]:8080": the port only when it is not the scheme's.
    [[nodiscard]] std::string authority() const;
    // "https://example.org:8443": what may be shown, because paths and queries may hold secrets.
    [[nodiscard]] std::string origin() const;
};

// Nothing when it is not http(s), has no host, a bad port, a user part (secrets come by file), or a
// byte that has no place in a URL (space, control characters, beyond ASCII): those would let data
// write headers.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

// "%2F" -> "/"; with `plus`, "+" -> " " (queries). Nothing when a % is not followed by two hex
// digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus);

}  // namespace surged::daemon
