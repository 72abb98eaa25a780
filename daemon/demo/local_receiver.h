// A webhook receiver on this machine: takes pages, checks their signatures, remembers what came.
#pragma once

#include "daemon/demo/platform.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace surged::daemon::demo {

struct ReceiverPlan {
    std::uint64_t seed = 1;
    double error = 0;      // share of deliveries answered 500
    double throttled = 0;  // 429 with Retry-After
    double slow = 0;       // answered 200, a few bytes a second
    double stall = 0;      // taken and never answered
    std::chrono::seconds retry_after{2};
};

struct Delivery {
    WallTime at{};
    std::string id, timestamp;  // webhook-id, webhook-timestamp
    exporters::HttpHeaders headers;
    std::string body;
    bool signature_ok = false;  // always, when no secret is set
    int status = 0;             // answered; 0: never
    bool repeated = false;      // this webhook-id was accepted before
};

// Every POST, whatever its path. Answers 200 {"ok":true}; 401 when the signature does not fit or
// the timestamp is more than five minutes from now; 405 for another method; 413 over 1 MiB; else as
// the plan says. A delivery counts as accepted when it was answered 200, or taken and then stalled.
class LocalReceiver {
public:
    static constexpr std::size_t kKept = 1000;    // newest deliveries, whole
    static constexpr std::size_t kIds = 100'000;  // distinct ids remembered
    static constexpr std::size_t kBodyMax = 1U << 20U;
    static constexpr std::chrono::minutes kTolerance{5};

    explicit LocalReceiver(std::string secret = {}, ReceiverPlan plan = {})
        : secret_(std::move(secret)), plan_(plan) {}

    Reply handle(ServerRequest const& request, WallTime now);

    void plan(ReceiverPlan plan) { plan_ = plan; }
    [[nodiscard]] std::deque<Delivery> const& deliveries() const { return deliveries_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
    [[nodiscard]] std::size_t distinct() const { return ids_.size(); }       // webhook-ids accepted
    [[nodiscard]] std::uint64_t unsigned_ones() const { return unsigned_; }  // refused with 401

private:
    [[nodiscard]] bool signature_fits(ServerRequest const& request, WallTime now) const;
    Reply planned();

    std::string secret_;
    ReceiverPlan plan_;
    std::deque<Delivery> deliveries_;
    std::unordered_set<std::string> ids_;
    std::uint64_t requests_ = 0, accepted_ = 0, unsigned_ = 0;
};

}  // namespace surged::daemon::demo
