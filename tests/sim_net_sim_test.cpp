// The simulated network keeps its word: deadlines, determinism, faults that happen.
#include "daemon/loop_lag.h"
#include "daemon/supervisor.h"
#include "tests/sim_net.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surged {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using daemon::Fault, daemon::HttpRequest, daemon::HttpResponse, daemon::Instant;

struct World {
    explicit World(std::uint64_t seed, tests::SimFaults faults) : http(clock, seed, faults) {
        http.host("x.test", [this](HttpRequest const&, daemon::WallTime) {
            ++served;
            HttpResponse response;
            response.status = 200;
            response.body = "ok";
            return response;
        });
    }
    boost::asio::io_context io{1};
    tests::SimClock clock{io};
    tests::SimHttpClient http;
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
    int served = 0;
    std::vector<std::string> log;
};

awaitable<void> ask(World& world, std::string url, int times) {
    for (int i = 0; i < times; ++i) {
        HttpRequest request;
        request.url = url;
        Instant const started = world.clock.now();
        auto const result = co_await world.http.fetch(std::move(request), started + 10s);
        EXPECT_LE(world.clock.now(), started + 10s);
        auto const took = (world.clock.now() - started) / 1ms;
        world.log.push_back((result ? result->body : result.error().detail) + " " +
                            std::to_string(took));
        co_await world.clock.sleep_until(started + 15s);
    }
}

tests::SimFaults unkind() {
    tests::SimFaults faults;
    faults.transient = faults.cut = faults.timeout = faults.slow = 0.1;
    return faults;
}

std::vector<std::string> run(std::uint64_t seed, int& served) {
    World world(seed, unkind());
    world.supervisor.start("a", ask(world, "https://x.test/", 500));
    world.supervisor.start("b", ask(world, "https://x.test/", 500));
    world.clock.run_for(24h);
    EXPECT_EQ(world.http.requests(), 1000u);
    // 1000 draws at 0.1: 100 expected, deviation 9.5; 50 is beyond five deviations.
    for (auto const fault : {tests::SimFault::transient, tests::SimFault::cut,
                             tests::SimFault::timeout, tests::SimFault::slow})
        EXPECT_GT(world.http.count(fault), 50u);
    EXPECT_EQ(static_cast<std::uint64_t>(world.served),
              1000 - world.http.count(tests::SimFault::transient))
        << "a lost answer was still served";
    served = world.served;
    return world.log;
}

TEST(SimHttpClient, IsTheSameEveryRunOfASeed) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        int first = 0;
        int second = 0;
        EXPECT_EQ(run(seed, first), run(seed, second));
        EXPECT_EQ(first, second);
    }
    int served = 0;
    EXPECT_NE(run(1, served), run(2, served));
}

TEST(SimHttpClient, KnowsOutagesAndUnknownHosts) {
    World world(1, {});
    world.http.down("x.test", true);
    world.supervisor.start("a", ask(world, "https://x.test/", 2));
    world.supervisor.start("b", ask(world, "https://y.test/", 1));
    world.clock.run_for(14s);
    world.http.down("x.test", false);
    world.clock.run_for(1h);
    EXPECT_EQ(world.served, 1);
    EXPECT_EQ(world.http.count(tests::SimFault::down), 1u);
    EXPECT_EQ(world.http.count(tests::SimFault::no_host), 1u);
    EXPECT_EQ(world.http.faults_happened(), 0u);
}

TEST(SimHttpClient, ADeadlineIsOwed) {
    World world(1, {});
    EXPECT_NONFATAL_FAILURE(
        {
            world.supervisor.start("late", [](World& w) -> awaitable<void> {
                HttpRequest request;
                request.url = "https://x.test/";
                auto const result = co_await w.http.fetch(std::move(request), w.clock.now());
                EXPECT_EQ(result.error().fault, Fault::timeout);
            }(world));
            world.clock.run_for(1s);
        },
        "a deadline is owed");
}

TEST(LoopLag, ReportsTheExcessOverASecond) {
    World world(1, {});
    std::vector<std::chrono::nanoseconds> lags;
    world.supervisor.start(
        "lag", daemon::watch_loop_lag(world.clock,
                                      [&](std::chrono::nanoseconds lag) { lags.push_back(lag); }));
    world.clock.run_for(3s);
    EXPECT_EQ(lags, (std::vector<std::chrono::nanoseconds>{0ns, 0ns, 0ns}));
    world.supervisor.stop();
    world.clock.settle();
    EXPECT_EQ(world.supervisor.running(), 0u);
}

}  // namespace
}  // namespace surged
