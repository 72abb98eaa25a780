// Undoes a Content-Encoding, with a hard bound: what a peer compressed must not decide how much
// memory we use.
#pragma once

#include "daemon/result.h"

#include <string>
#include <string_view>

namespace surged::daemon {

// `encoding` is the header's value: "gzip", "x-gzip" (members are joined), "deflate" (zlib, or raw
// as some servers send it), "identity" or empty (the body as it is). Failures: too_large when more
// than `limit` bytes come out (memory stays within the limit), malformed for anything else. Linear.
[[nodiscard]] Result<std::string> inflate_body(std::string_view encoding, std::string body,
                                               std::size_t limit);

}  // namespace surged::daemon
