#include "daemon/demo/snowflake.h"

#include <charconv>

namespace surged::daemon::demo {
namespace {

constexpr std::int64_t kXEpoch = 1'288'834'974'657;  // 2010-11-04T01:42:54.657Z
constexpr unsigned kXBits = 22;
constexpr unsigned kMastodonBits = 16;

std::uint64_t pack(std::int64_t ms, unsigned bits, std::uint64_t low) {
    std::uint64_t const mask = (1ULL << bits) - 1;
    return (ms < 0 ? 0 : static_cast<std::uint64_t>(ms) << bits) | (low & mask);
}

}  // namespace

std::uint64_t x_id(WallTime at, std::uint64_t low22) {
    return pack(at.time_since_epoch().count() - kXEpoch, kXBits, low22);
}

WallTime x_time(std::uint64_t id) {
    return WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(id >> kXBits) + kXEpoch}};
}

std::uint64_t mastodon_id(WallTime at, std::uint64_t tail) {
    return pack(at.time_since_epoch().count(), kMastodonBits, tail);
}

WallTime mastodon_time(std::uint64_t id) {
    return WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(id >> kMastodonBits)}};
}

std::uint64_t id_number(std::string_view id) {
    std::uint64_t value = 0;
    auto const* const end = id.data() + id.size();
    auto const [at, error] = std::from_chars(id.data(), end, value);
    return error == std::errc{} && at == end ? value : 0;
}

}  // namespace surged::daemon::demo
