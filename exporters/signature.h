// What signs and what is signed: SHA-256, HMAC, base64, and the Standard Webhooks signature.
// OpenSSL is in signature.cpp; every hook and receiver that needs a digest asks here.
#pragma once

#include "detectors/time.h"

#include <optional>
#include <string>
#include <string_view>

namespace surged::exporters {

// 32 raw bytes.
[[nodiscard]] std::string sha256(std::string_view data);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data);

// Lower case.
[[nodiscard]] std::string hex(std::string_view bytes);
// RFC 4648 section 4, with padding. Decoding accepts missing padding and nothing else that is off:
// a foreign character, a wrong length, bits left over give nothing.
[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

// Takes the same time wherever the two differ; unequal lengths are unequal.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);

// Standard Webhooks 1.0.0 (https://www.standardwebhooks.com). The key inside a secret: the decoded
// part behind "whsec_"; a secret that has no such prefix, or no base64 behind it, is taken as raw
// bytes.
[[nodiscard]] std::string webhook_key(std::string_view secret);
// "v1,<base64>" over `id.timestamp.body`, the timestamp in whole Unix seconds of the attempt.
[[nodiscard]] std::string webhook_signature(std::string_view key, std::string_view id,
                                            detectors::WallTime timestamp, std::string_view body);
// The value of webhook-timestamp.
[[nodiscard]] std::string unix_seconds(detectors::WallTime t);

}  // namespace surged::exporters
