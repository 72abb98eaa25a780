#include "daemon/supervisor.h"

#include "tests/sim_clock.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace surged {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using daemon::Instant;

class SupervisorTest : public testing::Test {
protected:
    boost::asio::io_context io{1};
    tests::SimClock clock{io};
    std::vector<std::string> deaths;
    daemon::Supervisor supervisor{io, [this](std::string const& name, std::exception_ptr error) {
                                      try {
                                          std::rethrow_exception(error);
                                      } catch (std::exception const& e) {
                                          deaths.push_back(name + ": " + e.what());
                                      }
                                  }};

    void TearDown() override {
        supervisor.stop();
        clock.settle();
    }
};

awaitable<void> sleep_for_ever(tests::SimClock& clock) {
    for (;;) co_await clock.sleep_until(clock.now() + 1h);
}
awaitable<void> fail_after(tests::SimClock& clock, std::chrono::seconds after) {
    co_await clock.sleep_until(clock.now() + after);
    throw std::runtime_error("it broke");
}
awaitable<void> abort_after(tests::SimClock& clock, std::chrono::seconds after) {
    co_await clock.sleep_until(clock.now() + after);
    throw boost::system::system_error(boost::asio::error::operation_aborted);
}

TEST_F(SupervisorTest, ReportsADeathWithItsNameAndKeepsTheOthers) {
    supervisor.start("poller", fail_after(clock, 5s));
    supervisor.start("other", sleep_for_ever(clock));
    clock.run_for(10s);
    EXPECT_EQ(deaths, (std::vector<std::string>{"poller: it broke"}));
    EXPECT_EQ(supervisor.running(), 1u);
    EXPECT_EQ(supervisor.running("other"), 1u);
    EXPECT_EQ(supervisor.running("poller"), 0u);
}

TEST_F(SupervisorTest, StoppingIsNoDeath) {
    supervisor.start("a", sleep_for_ever(clock));
    supervisor.start("b", sleep_for_ever(clock));
    clock.run_for(1s);
    supervisor.stop();
    supervisor.stop();
    clock.settle();
    EXPECT_EQ(supervisor.running(), 0u);
    EXPECT_TRUE(deaths.empty());
}

TEST_F(SupervisorTest, StopsByNameOnly) {
    supervisor.start("a", sleep_for_ever(clock));
    supervisor.start("b", sleep_for_ever(clock));
    supervisor.start("a", sleep_for_ever(clock));
    EXPECT_EQ(supervisor.running("a"), 2u);
    clock.run_for(1s);
    supervisor.stop("a");
    clock.settle();
    EXPECT_EQ(supervisor.running("a"), 0u);
    EXPECT_EQ(supervisor.running("b"), 1u);
}

TEST_F(SupervisorTest, ATaskStoppedBeforeItsFirstStepEndsToo) {
    supervisor.start("a", sleep_for_ever(clock));
    supervisor.stop();
    clock.settle();
    EXPECT_EQ(supervisor.running(), 0u);
    EXPECT_TRUE(deaths.empty());
}

// Stopped from outside the loop while its last completion is on the way: the emission must not
// reach for what the ending task frees.
TEST_F(SupervisorTest, ATaskMayEndByItselfWhileItIsStopped) {
    boost::asio::steady_timer bell(io, boost::asio::steady_timer::time_point::max());
    auto const wait = [](boost::asio::steady_timer& timer) -> awaitable<void> {
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    };
    supervisor.start("a", wait(bell));
    clock.settle();
    bell.cancel();
    supervisor.stop();
    clock.settle();
    EXPECT_EQ(supervisor.running(), 0u);
    EXPECT_TRUE(deaths.empty());
}

TEST_F(SupervisorTest, AnAbortThatNobodyAskedForIsADeath) {
    supervisor.start("http", abort_after(clock, 1s));
    clock.run_for(2s);
    EXPECT_EQ(deaths.size(), 1u);
}

TEST_F(SupervisorTest, AnEndWithoutExceptionIsNoDeath) {
    supervisor.start("short", clock.sleep_until(Instant{} + 1s));
    clock.run_for(2s);
    EXPECT_EQ(supervisor.running(), 0u);
    EXPECT_TRUE(deaths.empty());
}

}  // namespace
}  // namespace surged
