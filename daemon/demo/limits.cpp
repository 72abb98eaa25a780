#include "daemon/demo/limits.h"

#include <algorithm>

namespace surged::daemon::demo {

void FixedWindow::roll(WallTime now) {
    if (start_ != kNoTime && now < start_ + period_) return;
    used_ = 0;
    start_ = now;
    if (aligned_) {
        auto const since = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
        start_ = WallTime{since - since % period_};
    }
}

bool FixedWindow::take(WallTime now) {
    roll(now);
    if (used_ >= limit_) return false;
    ++used_;
    peak_ = std::max(peak_, used_);
    return true;
}

bool RollingWindow::take(WallTime now) {
    while (!calls_.empty() && calls_.front() <= now - period_) calls_.pop_front();
    bool const blocked = blocked_until_ != kNoTime && now < blocked_until_;
    if (blocked || calls_.size() >= limit_) {
        blocked_until_ = std::max(blocked_until_, now + block_);
        return false;
    }
    calls_.push_back(now);
    peak_ = std::max<std::uint64_t>(peak_, calls_.size());
    return true;
}

int RollingWindow::percent() const {
    if (limit_ == 0) return 100;
    return static_cast<int>(100 * calls_.size() / limit_);
}

std::chrono::minutes RollingWindow::blocked(WallTime now) const {
    if (blocked_until_ == kNoTime || now >= blocked_until_) return std::chrono::minutes{0};
    return std::chrono::ceil<std::chrono::minutes>(blocked_until_ - now);
}

}  // namespace surged::daemon::demo
