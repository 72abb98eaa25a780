// The signatures that platforms ask for and webhooks carry, computed apart from the code under
// test.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon::demo {

[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);  // 32 bytes
[[nodiscard]] std::string hex(std::string_view bytes);                     // lower case
[[nodiscard]] std::string base64(std::string_view bytes);                  // with padding
[[nodiscard]] std::optional<std::string> unbase64(std::string_view text);  // padding required
// In time that depends on the lengths only.
[[nodiscard]] bool same_bytes(std::string_view a, std::string_view b);

// Standard Webhooks 1.0.0: is one of the "v1," signatures in `header` that of `id`.`timestamp`.
// `body`? A secret "whsec_<base64>" is decoded; any other is the key as it is.
[[nodiscard]] bool webhook_signed(std::string_view secret, std::string_view id,
                                  std::string_view timestamp, std::string_view body,
                                  std::string_view header);

}  // namespace surged::daemon::demo
