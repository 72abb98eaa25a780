// The door of a simulated platform: who came when, by the platform's own book, and every kind of
// trouble behind it at least once.
#pragma once

#include "daemon/demo/platform.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace surged::tests {

using detectors::WallTime;

// The platform's own book of what reached it, refused or not: budgets are measured here, not by us.
class Meter {
public:
    void add(WallTime now, double amount) { spent_.emplace_back(now, amount); }
    // The most that was spent in any window of this length.
    [[nodiscard]] double peak(std::chrono::milliseconds window) const {
        double most = 0, sum = 0;
        std::size_t first = 0;
        for (auto const& [at, amount] : spent_) {
            sum += amount;
            while (spent_[first].first <= at - window) sum -= spent_[first++].second;
            most = std::max(most, sum);
        }
        return most;
    }
    [[nodiscard]] std::size_t size() const { return spent_.size(); }

private:
    std::vector<std::pair<WallTime, double>> spent_;
};

// What happens to a request is drawn, as behind any FaultyStandIn, until `due`. From then on a kind
// of the plan that has not happened yet befalls the next request that it can befall: a month of
// looks with one page each would else pass without a doubled page or a forgotten cursor.
class Door {
public:
    using Trouble = daemon::demo::Trouble;
    using Faults = daemon::demo::Faults;

    // `inner` outlives it.
    Door(daemon::demo::StandIn& inner, Faults plan, WallTime due)
        : faulty_(inner, plan), plan_(plan), due_(due) {}

    daemon::demo::Reply handle(daemon::ServerRequest const& request, WallTime now) {
        Trouble const owed = now < due_ ? Trouble::none : missing(request);
        if (owed == Trouble::none) return faulty_.handle(request, now);
        faulty_.plan(only(owed));
        daemon::demo::Reply reply = faulty_.handle(request, now);
        faulty_.plan(plan_);
        return reply;
    }
    void plan(Faults plan) { faulty_.plan(plan_ = plan); }
    [[nodiscard]] std::uint64_t requests() const { return faulty_.requests(); }
    [[nodiscard]] std::uint64_t count(Trouble trouble) const { return faulty_.count(trouble); }

private:
    // Its share in a plan; null for what has none.
    static double* share(Faults& plan, Trouble trouble) {
        switch (trouble) {
            case Trouble::server_error: return &plan.server_error;
            case Trouble::cut: return &plan.cut;
            case Trouble::slow: return &plan.slow;
            case Trouble::stall: return &plan.stall;
            case Trouble::html: return &plan.html;
            case Trouble::truncated: return &plan.truncated;
            case Trouble::malformed: return &plan.malformed;
            case Trouble::duplicates: return &plan.duplicates;
            case Trouble::expired_cursor: return &plan.expired_cursor;
            case Trouble::token_expired: return &plan.token_expired;
            default: return nullptr;
        }
    }
    [[nodiscard]] Faults only(Trouble trouble) const {
        Faults plan;
        plan.repeats = plan_.repeats;
        if (double* const all = share(plan, trouble)) *all = 1;
        if (trouble == Trouble::rate_limited) plan.storm_every = plan.storm_length = 1;
        return plan;
    }
    [[nodiscard]] Trouble missing(daemon::ServerRequest const& request) {
        for (std::size_t i = 1; i < daemon::demo::kTroubles; ++i) {
            auto const trouble = static_cast<Trouble>(i);
            double const* const planned = share(plan_, trouble);
            bool const wanted = planned == nullptr ? plan_.storm_every > 0 : *planned > 0;
            bool const of_walks =
                trouble == Trouble::duplicates || trouble == Trouble::expired_cursor;
            if (count(trouble) == 0 && wanted && (!of_walks || faulty_.inner().continues(request)))
                return trouble;
        }
        return Trouble::none;
    }

    daemon::demo::FaultyStandIn faulty_;
    Faults plan_;
    WallTime due_;
};

}  // namespace surged::tests
