// What the platforms' limits and our own budgets leave, per account, at scrape time.
#pragma once

#include "daemon/poll_loop.h"

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace surged::daemon {

// surged_rate_limit_remaining, surged_rate_limit_reset_timestamp_seconds (as the platform told
// last) and surged_budget_used_ratio (our own, as of the last request), labels account and kind.
// What was never told is absent. `paces` outlives it.
class AccountMetrics final : public prometheus::Collectable {
public:
    using Paces = std::map<std::string, std::unique_ptr<AccountPace>>;
    explicit AccountMetrics(Paces const& paces) : paces_(paces) {}

    void told(std::string const& account, std::vector<RateLimit> const& limits);
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    // A platform has a handful of limits; one that invents kinds does not grow this.
    static constexpr std::size_t kKinds = 16;
    Paces const& paces_;
    std::map<std::string, std::map<std::string, RateLimit>> limits_;  // account -> kind
};

}  // namespace surged::daemon
