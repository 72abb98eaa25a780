// How platforms count requests: fixed windows and rolling ones.
#pragma once

#include "detectors/time.h"

#include <chrono>
#include <cstdint>
#include <deque>

namespace surged::daemon::demo {

using detectors::kNoTime;
using detectors::WallTime;

// `limit` requests a period. A window begins with its first request (X), or, `aligned`, at a
// multiple of the period since 1970 (Mastodon).
class FixedWindow {
public:
    FixedWindow(std::uint64_t limit, std::chrono::seconds period, bool aligned)
        : limit_(limit), period_(period), aligned_(aligned) {}

    // Counts one request. False, and nothing counted, when the window has none left.
    bool take(WallTime now);
    void roll(WallTime now);  // begins a new window when the last one is over
    [[nodiscard]] std::uint64_t limit() const { return limit_; }
    [[nodiscard]] std::uint64_t remaining() const { return limit_ - used_; }
    [[nodiscard]] WallTime reset() const { return start_ + period_; }  // after roll() or take()
    [[nodiscard]] std::uint64_t peak() const { return peak_; }  // most ever used in one window

private:
    std::uint64_t limit_;
    std::chrono::seconds period_;
    bool aligned_;
    WallTime start_ = kNoTime;
    std::uint64_t used_ = 0, peak_ = 0;
};

// Calls within the last `period`, and a block that lasts `block` beyond each refused call: calling
// while blocked prolongs it (Graph API).
class RollingWindow {
public:
    RollingWindow(std::uint64_t limit, std::chrono::seconds period, std::chrono::seconds block)
        : limit_(limit), period_(period), block_(block) {}

    bool take(WallTime now);
    [[nodiscard]] int percent() const;  // of the limit, as of the last take()
    // Until the block is over; 0 when there is none.
    [[nodiscard]] std::chrono::minutes blocked(WallTime now) const;
    [[nodiscard]] std::uint64_t peak() const { return peak_; }

private:
    std::uint64_t limit_;
    std::chrono::seconds period_, block_;
    std::deque<WallTime> calls_;  // at most `limit_`
    WallTime blocked_until_ = kNoTime;
    std::uint64_t peak_ = 0;
};

}  // namespace surged::daemon::demo
