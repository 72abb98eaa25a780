#include "daemon/demo/signatures.h"

#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace surged::daemon::demo {
namespace {

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(message),
             message.size(), out.data(), &size) == nullptr)
        throw std::runtime_error("HMAC-SHA256 is not available");
    return {reinterpret_cast<char const*>(out.data()), size};
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (char const c : bytes) {
        auto const u = static_cast<unsigned char>(c);
        out += kDigits[u >> 4U];
        out += kDigits[u & 15U];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP writes a NUL behind it
    int const n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                  static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    return out;
}

std::optional<std::string> unbase64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    int const n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                                  static_cast<int>(text.size()));
    if (n < 0) return std::nullopt;
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    out.resize(static_cast<std::size_t>(n) - padding);
    return out;
}

bool same_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool webhook_signed(std::string_view secret, std::string_view id, std::string_view timestamp,
                    std::string_view body, std::string_view header) {
    std::string key(secret);
    if (secret.starts_with("whsec_")) {
        auto decoded = unbase64(secret.substr(6));
        if (!decoded) return false;
        key = *decoded;
    }
    std::string const content =
        std::string(id) + "." + std::string(timestamp) + "." + std::string(body);
    std::string const expected = "v1," + base64(hmac_sha256(key, content));
    while (!header.empty()) {
        auto const end = header.find(' ');
        if (same_bytes(header.substr(0, end), expected)) return true;
        if (end == std::string_view::npos) break;
        header.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace surged::daemon::demo
