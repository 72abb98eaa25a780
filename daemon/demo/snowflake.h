// Ids that carry their time: X's and Mastodon's.
#pragma once

#include "detectors/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace surged::daemon::demo {

using detectors::WallTime;

// X: ((ms - 1288834974657) << 22) | low22. Times before November 2010 have none: low22 alone.
[[nodiscard]] std::uint64_t x_id(WallTime at, std::uint64_t low22);
[[nodiscard]] WallTime x_time(std::uint64_t id);
// Mastodon: (ms << 16) | tail.
[[nodiscard]] std::uint64_t mastodon_id(WallTime at, std::uint64_t tail);
[[nodiscard]] WallTime mastodon_time(std::uint64_t id);

// The number a decimal id is; 0 when it is none.
[[nodiscard]] std::uint64_t id_number(std::string_view id);

// Mints X ids that are distinct within one process and ascend with time, whole milliseconds apart
// or not.
class Minter {
public:
    [[nodiscard]] std::string x(WallTime at) { return std::to_string(x_id(at, next_++)); }
    [[nodiscard]] std::string mastodon(WallTime at) {
        return std::to_string(mastodon_id(at, next_++));
    }
    [[nodiscard]] std::uint64_t plain() { return next_++; }

private:
    std::uint64_t next_ = 1;
};

}  // namespace surged::daemon::demo
