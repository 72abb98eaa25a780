// A simulated internet behind the HTTP door: hosts are functions, faults come from a seed, time is
// virtual.
#pragma once

#include "daemon/http.h"
#include "daemon/url.h"
#include "tests/sim_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace surged::tests {

// How unkind the network is: the share of exchanges that each fault befalls, 0 to 1, and how long
// an exchange takes. All at once at most 1.
struct SimFaults {
    SimFaults() = default;
    double transient = 0;  // no connection: the peer never saw the request
    double cut = 0;        // the peer saw and did it, its answer was lost: transient for the caller
    double timeout = 0;    // the peer saw and did it, the answer came after the deadline
    double slow = 0;       // an answer just before the deadline
    std::chrono::milliseconds latency_min{20}, latency_max{400};
};

enum class SimFault { none, transient, cut, timeout, slow, no_host, down };

// Every exchange is over by its deadline, which must lie ahead. The handler of a host runs once per
// request that reached it, at the virtual time of arrival (half the latency after the start), even
// when its answer is lost: a test that counts what a peer did sees what a real one would.
// Deterministic: the same seed, requests and times give the same faults. `clock` outlives it.
class SimHttpClient final : public daemon::HttpClient {
public:
    using Handler =
        std::function<daemon::HttpResponse(daemon::HttpRequest const&, daemon::WallTime)>;

    SimHttpClient(SimClock& clock, std::uint64_t seed, SimFaults faults = {})
        : clock_(clock), random_(seed), faults_(faults) {}

    void host(std::string name, Handler handler) { hosts_[std::move(name)] = std::move(handler); }
    // An outage: every request to the host fails without reaching it.
    void down(std::string const& name, bool is_down) { down_[name] = is_down; }
    // A host that answers each request at the last moment.
    void slow(std::string const& name, bool is_slow) { slow_[name] = is_slow; }
    void faults(SimFaults faults) { faults_ = faults; }

    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t count(SimFault fault) const {
        return counts_[static_cast<std::size_t>(fault)];
    }
    // Of all kinds that the seed decides: assert that it is above 0, or the network was too kind.
    [[nodiscard]] std::uint64_t faults_happened() const {
        return count(SimFault::transient) + count(SimFault::cut) + count(SimFault::timeout) +
               count(SimFault::slow);
    }

    boost::asio::awaitable<daemon::Result<daemon::HttpResponse>> fetch(
        daemon::HttpRequest request, detectors::Instant deadline) override {
        EXPECT_GT(deadline, clock_.now()) << "a deadline is owed: " << request.url;
        ++requests_;
        detectors::Instant const started = clock_.now();
        // Drawn before anything waits, so that the order of the draws is that of the requests.
        double const fate = std::uniform_real_distribution<double>(0, 1)(random_);
        auto const latency = std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>(
            faults_.latency_min.count(), faults_.latency_max.count())(random_)};
        auto const url = daemon::parse_url(request.url);
        SimFault const fault = choose(fate, url ? url->host : "");
        ++counts_[static_cast<std::size_t>(fault)];
        if (fault == SimFault::no_host)
            co_return daemon::Failure{daemon::Fault::transient, "DNS: simulated: no such host"};
        detectors::Instant arrival = started + latency / 2;
        detectors::Instant answer = started + latency;
        if (fault == SimFault::slow)
            answer = std::max(answer, deadline - std::chrono::milliseconds{1});
        co_await clock_.sleep_until(std::min(arrival, deadline));
        if (fault == SimFault::transient || fault == SimFault::down)
            co_return daemon::Failure{daemon::Fault::transient, "connect: simulated: refused"};
        if (clock_.now() >= deadline) co_return late();
        daemon::HttpResponse response = hosts_.at(url->host)(request, clock_.wall_now());
        if (fault == SimFault::timeout) answer = deadline;
        co_await clock_.sleep_until(std::min(answer, deadline));
        if (fault == SimFault::cut)
            co_return daemon::Failure{daemon::Fault::transient, "simulated: stream cut"};
        if (clock_.now() >= deadline) co_return late();
        if (response.body.size() > request.body_max)
            co_return daemon::Failure{daemon::Fault::too_large, "simulated: body over the limit"};
        co_return response;
    }

private:
    static daemon::Failure late() {
        return {daemon::Fault::timeout, "simulated: no answer in time"};
    }

    SimFault choose(double fate, std::string const& host) const {
        if (hosts_.count(host) == 0) return SimFault::no_host;
        if (auto const it = down_.find(host); it != down_.end() && it->second)
            return SimFault::down;
        if (auto const it = slow_.find(host); it != slow_.end() && it->second)
            return SimFault::slow;
        for (auto const& [share, fault] :
             {std::pair(faults_.transient, SimFault::transient),
              std::pair(faults_.cut, SimFault::cut), std::pair(faults_.timeout, SimFault::timeout),
              std::pair(faults_.slow, SimFault::slow)}) {
            if (fate < share) return fault;
            fate -= share;
        }
        return SimFault::none;
    }

    SimClock& clock_;
    std::mt19937_64 random_;
    SimFaults faults_;
    std::map<std::string, Handler> hosts_;
    std::map<std::string, bool> down_, slow_;
    std::array<std::uint64_t, 7> counts_{};
    std::uint64_t requests_ = 0;
};

}  // namespace surged::tests
