// Goal: the running daemon forgets by itself what is over its time, down to the last byte, and goes
// on erasing what it was asked to erase when it died. Method: the whole daemon on virtual time, a
// search of every byte of its directory.
#include "tests/byte_search.h"
#include "tests/sim_world.h"

#include <gmock/gmock.h>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::Not;

constexpr char kConfig[] = R"(
storage: { directory: "{DIR}/state", keep_mentions: 3h, keep_incidents: 24h }
accounts:
  x-main: { platform: x, base_url: "http://x.sim", bearer_token_file: "{DIR}/token" }
receivers:
  hook: { type: webhook, url: "http://hook.sim/p", secret_file: "{DIR}/secret" }
brands:
  - name: acme
    notify: { receivers: [hook] }
    close_after: 1h
    streams:
      - { name: acme-x, account: x-main, kind: search, query: acme, every: 60s }
)";

class Retention : public testing::Test {
protected:
    Retention() : world_(3, kSimStart) {
        world_.configuration = kConfig;
        // Two hours of calm, a crisis of a quarter of an hour, and nothing.
        for (auto t = -12h + 0min; t < 135min; t += 1min)
            for (auto n = world_.poisson(t < 2h ? 1 : 30); n > 0; --n)
                world_.post_x(
                    kSimStart + t +
                        std::chrono::milliseconds(std::int64_t(60'000 * world_.uniform())),
                    5s);
    }
    void run_to(std::chrono::minutes at) { world_.clock.run_until(kSimStart + at); }
    [[nodiscard]] std::vector<std::string> words() const {
        return found_in(world_.dir.path() + "/state", {"what is going on", "\"handle\":\"user"});
    }

    SimWorld world_;
};

TEST_F(Retention, TextsAndThenIncidentsGoByThemselves) {
    world_.start();
    run_to(2h + 16min);
    ASSERT_THAT(world_.app->engine().desks().at("acme").incidents(), Not(IsEmpty())) << "no crisis";
    EXPECT_THAT(words(), Not(IsEmpty())) << "nothing was planted: this test shows nothing";
    run_to(4h + 59min);
    EXPECT_THAT(words(), Not(IsEmpty())) << "too early";
    auto const total = world_.app->engine().stream("acme-x")->mentions;
    run_to(6h + 20min);  // the last one is over its time at 5 h 15 min; looked at every hour
    EXPECT_THAT(words(), IsEmpty());
    EXPECT_THAT(world_.app->engine().desks().at("acme").incidents(), Not(IsEmpty()));
    EXPECT_EQ(world_.store->verify().signed_last, 0) << "its entries are kept with it";

    run_to(24h * 3);
    EXPECT_THAT(world_.app->engine().desks().at("acme").incidents(), IsEmpty());
    EXPECT_THAT(world_.store->events(0, 1, "acme-20260301-1"), IsEmpty());
    auto const check = world_.store->verify();
    EXPECT_TRUE(check.intact) << check.detail;
    EXPECT_GT(check.signed_last, 0);
    EXPECT_EQ(world_.app->engine().stream("acme-x")->mentions, total);
    world_.stop();
}

TEST_F(Retention, ADaemonThatIsRestartedEveryHalfHourForgetsToo) {
    for (int half = 1; half <= 14; ++half) {
        world_.start();
        if (HasFatalFailure()) return;
        run_to(half * 30min);
        if (half == 5) {
            ASSERT_THAT(words(), Not(IsEmpty()));
        }
        if (half < 14) world_.kill();
    }
    EXPECT_THAT(words(), IsEmpty());
    world_.stop();
}

}  // namespace
}  // namespace surged::tests
