#include "exporters/signature.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace surged::exporters {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

std::string text_of(std::array<unsigned char, EVP_MAX_MD_SIZE> const& bytes, unsigned length) {
    return {reinterpret_cast<char const*>(bytes.data()), length};
}

}  // namespace

std::string sha256(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned length = 0;
    // Fails only when the library cannot allocate or has no SHA-256: nothing we could go on with.
    if (EVP_Digest(data.data(), data.size(), out.data(), &length, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
    return text_of(out, length);
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned length = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
             out.data(), &length) == nullptr)
        throw std::runtime_error("HMAC-SHA-256 is not available");
    return text_of(out, length);
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (char const c : bytes) {
        auto const u = static_cast<unsigned char>(c);
        out += kHex[u >> 4U];
        out += kHex[u & 15U];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t const n = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8U | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out += k <= n ? kAlphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.ends_with('=') && text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    unsigned pending = 0, bits = 0;
    for (char const c : text) {
        auto const value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        pending = (pending << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(pending >> bits & 0xFFU);
    }
    if ((pending & ((1U << bits) - 1U)) != 0) return std::nullopt;  // two texts for one value
    return out;
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string webhook_key(std::string_view secret) {
    constexpr std::string_view kPrefix = "whsec_";
    if (secret.starts_with(kPrefix))
        if (auto key = base64_decode(secret.substr(kPrefix.size())); key && !key->empty())
            return *std::move(key);
    return std::string(secret);
}

std::string unix_seconds(detectors::WallTime t) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count());
}

std::string webhook_signature(std::string_view key, std::string_view id,
                              detectors::WallTime timestamp, std::string_view body) {
    std::string content(id);
    content += '.';
    content += unix_seconds(timestamp);
    content += '.';
    content += body;
    return "v1," + base64(hmac_sha256(key, content));
}

}  // namespace surged::exporters
