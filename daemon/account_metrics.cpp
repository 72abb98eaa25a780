#include "daemon/account_metrics.h"

#include "exporters/metrics.h"

namespace surged::daemon {

void AccountMetrics::told(std::string const& account, std::vector<RateLimit> const& limits) {
    auto& known = limits_[account];
    for (RateLimit const& limit : limits)
        if (known.contains(limit.kind) || known.size() < kKinds) known[limit.kind] = limit;
}

std::vector<prometheus::MetricFamily> AccountMetrics::Collect() const {
    exporters::FamilyBuilder out;
    constexpr auto kGauge = prometheus::MetricType::Gauge;
    out.begin("surged_rate_limit_remaining", "What the platform last said is left of its limit.",
              kGauge);
    for (auto const& [account, kinds] : limits_)
        for (auto const& [kind, limit] : kinds)
            out.add({{"account", account}, {"kind", kind}}, limit.remaining);
    out.begin("surged_rate_limit_reset_timestamp_seconds", "When that limit begins anew.", kGauge);
    for (auto const& [account, kinds] : limits_)
        for (auto const& [kind, limit] : kinds)
            if (limit.reset != RateLimit::kNever)
                out.add({{"account", account}, {"kind", kind}},
                        std::chrono::duration<double>(limit.reset.time_since_epoch()).count());
    out.begin("surged_budget_used_ratio", "Share of our own budget used in its window.", kGauge);
    for (auto const& [account, pace] : paces_) {
        // Several windows of one kind ("450 per 15m", "10000 per 1d"): the dearest is the one that
        // binds.
        std::map<std::string, double> dearest;
        for (auto const& window : pace->windows()) {
            double const used = window.rate.amount > 0 ? window.used / window.rate.amount : 0;
            auto const [it, fresh] = dearest.emplace(window.kind, used);
            if (!fresh && used > it->second) it->second = used;
        }
        for (auto const& [kind, used] : dearest)
            out.add({{"account", account}, {"kind", kind}}, used);
    }
    return out.take();
}

}  // namespace surged::daemon
