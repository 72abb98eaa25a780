#include "daemon/journal_chain.h"

#include <openssl/sha.h>

namespace surged::daemon {
namespace {

template <typename Unsigned>
void append_big_endian(std::string& out, Unsigned value) {
    for (std::size_t shift = sizeof value * 8; shift > 0;) {
        shift -= 8;
        out += static_cast<char>(value >> shift & 0xFFU);
    }
}

void append_text(std::string& out, std::string_view text) {
    append_big_endian(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

}  // namespace

JournalHash chained(JournalHash const& previous, ChainedEntry const& entry) {
    std::string message;
    message.reserve(96 + entry.name.size() + entry.brand.size() + entry.incident.size() +
                    entry.json.size());
    message += bytes_of(previous);
    append_big_endian(message, static_cast<std::uint64_t>(entry.id));
    append_big_endian(message, static_cast<std::uint64_t>(entry.at.time_since_epoch().count()));
    for (std::string_view const text : {entry.name, entry.brand, entry.incident, entry.json})
        append_text(message, text);
    JournalHash hash{};
    SHA256(reinterpret_cast<unsigned char const*>(message.data()), message.size(), hash.data());
    return hash;
}

std::string hex(JournalHash const& hash) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (unsigned char const byte : hash) {
        out += kHex[byte >> 4U];
        out += kHex[byte & 15U];
    }
    return out;
}

std::string_view bytes_of(JournalHash const& hash) {
    return {reinterpret_cast<char const*>(hash.data()), hash.size()};
}

}  // namespace surged::daemon
