// Names: coalescing, cache, stale answers, a lookup that hangs. The threads are real, the names are
// not.
#include "daemon/resolver.h"
#include "tests/net_world.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace surged {
namespace {

using namespace std::chrono_literals;
using daemon::Addresses, daemon::Fault, daemon::HostLookup, daemon::Result;
using tests::awaitable;

// Live time that a test can push ahead, for a cache's minutes.
class ShiftedClock final : public daemon::Clock {
public:
    explicit ShiftedClock(daemon::Clock& live) : live_(live) {}
    [[nodiscard]] daemon::Instant now() const override { return live_.now() + shift; }
    [[nodiscard]] daemon::WallTime wall_now() const override { return live_.wall_now(); }
    awaitable<void> sleep_until(daemon::Instant when) override {
        return live_.sleep_until(when - shift);
    }
    std::chrono::nanoseconds shift{0};

private:
    daemon::Clock& live_;
};

// A name service whose answers, and silences, are the test's. Shared with threads that may outlive
// the test.
struct Names {
    std::mutex mutex;
    std::condition_variable changed;
    HostLookup answer;
    bool hang = false;
    std::atomic<int> asked{0};

    HostLookup look() {
        ++asked;
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !hang; });
        return answer;
    }
    void set(std::vector<std::string> const& addresses, std::string error = "") {
        std::lock_guard const lock(mutex);
        answer.addresses.clear();
        for (auto const& a : addresses)
            answer.addresses.push_back(boost::asio::ip::make_address(a));
        answer.error = std::move(error);
    }
    void hold(bool on) {
        std::lock_guard const lock(mutex);
        hang = on;
        changed.notify_all();
    }
};

class ResolverTest : public testing::Test {
protected:
    tests::NetWorld world;
    ShiftedClock clock{world.clock};
    std::shared_ptr<Names> names = std::make_shared<Names>();
    std::unique_ptr<daemon::Resolver> resolver = std::make_unique<daemon::Resolver>(
        world.io, clock, [n = names](std::string const&) { return n->look(); });

    ~ResolverTest() override { names->hold(false); }

    Result<Addresses> resolve(std::string host, std::chrono::milliseconds within = 10s) {
        return world.run(resolver->resolve(std::move(host), clock.now() + within));
    }
    static std::string first(Result<Addresses> const& result) {
        return result ? result->at(0).to_string() : result.error().detail;
    }
};

TEST_F(ResolverTest, LiteralsCostNothing) {
    EXPECT_EQ(first(resolve("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(first(resolve("2001:db8::1")), "2001:db8::1");
    EXPECT_EQ(names->asked, 0);
}

TEST_F(ResolverTest, RemembersForAMinute) {
    names->set({"192.0.2.1", "192.0.2.2"});
    EXPECT_EQ(resolve("a.test").value().size(), 2u);
    names->set({"192.0.2.9"});
    clock.shift += 59s;
    EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
    EXPECT_EQ(names->asked, 1);
    clock.shift += 2s;
    EXPECT_EQ(first(resolve("a.test")), "192.0.2.9");
    EXPECT_EQ(names->asked, 2);
    EXPECT_EQ(first(resolve("b.test")), "192.0.2.9");
    EXPECT_EQ(names->asked, 3);
}

TEST_F(ResolverTest, RemembersAFailureForSeconds) {
    names->set({}, "Name or service not known");
    auto const result = resolve("a.test");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_EQ(result.error().detail, "DNS: a.test: Name or service not known");
    EXPECT_FALSE(resolve("a.test"));
    EXPECT_EQ(names->asked, 1);
    names->set({"192.0.2.1"});
    clock.shift += 6s;
    EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
}

TEST_F(ResolverTest, GivesTheLastAddressesWhenTheNameServiceFails) {
    names->set({"192.0.2.1"});
    ASSERT_TRUE(resolve("a.test"));
    names->set({}, "Temporary failure in name resolution");
    clock.shift += 61s;
    EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
    EXPECT_EQ(names->asked, 2);
    clock.shift += 25h;
    EXPECT_FALSE(resolve("a.test")) << "a day old is too old";
}

TEST_F(ResolverTest, AsksOnceForManyWhoWait) {
    names->set({"192.0.2.1"});
    names->hold(true);
    int answered = 0;
    for (int i = 0; i < 10; ++i)
        boost::asio::co_spawn(
            world.io, resolver->resolve("a.test", clock.now() + 10s),
            [&](std::exception_ptr, Result<Addresses> result) { answered += result ? 1 : 0; });
    world.run_while([&] { return names->asked == 0; });
    names->hold(false);
    world.run_while([&] { return answered < 10; });
    EXPECT_EQ(names->asked, 1);
    EXPECT_EQ(resolver->lookups(), 1u);
}

TEST_F(ResolverTest, TheWaiterHasADeadlineAndTheLookupFillsTheCache) {
    names->set({"192.0.2.1"});
    names->hold(true);
    auto const started = clock.now();
    auto const result = resolve("slow.test", 100ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::timeout);
    EXPECT_LT(clock.now() - started, 5s);
    names->hold(false);
    EXPECT_EQ(first(resolve("slow.test")), "192.0.2.1");
    EXPECT_EQ(names->asked, 1);
}

TEST_F(ResolverTest, AnOldAddressIsGivenWhileTheNameServiceHangs) {
    names->set({"192.0.2.1"});
    ASSERT_TRUE(resolve("a.test"));
    names->hold(true);
    clock.shift += 61s;
    EXPECT_EQ(first(resolve("a.test", 20s)), "192.0.2.1") << "after two seconds of patience";
}

TEST_F(ResolverTest, ANameThatHangsDoesNotHoldUpTheOthers) {
    names->set({"192.0.2.1"});
    auto const n = names;
    resolver = std::make_unique<daemon::Resolver>(world.io, clock, [n](std::string const& host) {
        return host == "hangs.test" ? n->look() : HostLookup();
    });
    names->hold(true);
    EXPECT_FALSE(resolve("hangs.test", 50ms));
    auto const other = resolve("other.test", 10s);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().detail, "DNS: other.test: no address");
}

TEST_F(ResolverTest, GoesAwayWithoutWaitingForALookupThatHangs) {
    names->set({"192.0.2.1"});
    names->hold(true);
    EXPECT_FALSE(resolve("hangs.test", 50ms));
    resolver.reset();  // would hang here
    names->hold(false);
    // The thread ends on its own and posts nothing to the loop.
    world.io.restart();
    EXPECT_EQ(world.io.run_for(50ms), 0u);
}

TEST_F(ResolverTest, ACancelledWaiterLeavesNothingBehind) {
    names->set({"192.0.2.1"});
    names->hold(true);
    auto const wait = [](daemon::Resolver& r, daemon::Instant deadline) -> awaitable<void> {
        (void)co_await r.resolve("a.test", deadline);
        ADD_FAILURE() << "was to be cancelled";
    };
    world.supervisor.start("wait", wait(*resolver, clock.now() + 10s));
    world.run_while([&] { return names->asked == 0; });
    world.supervisor.stop();
    world.run_while([&] { return world.supervisor.running() > 0; });
    names->hold(false);
    EXPECT_EQ(first(resolve("a.test")), "192.0.2.1");
}

TEST(SystemLookup, KnowsThisMachine) {
    auto const found = daemon::system_lookup("localhost");
    ASSERT_FALSE(found.addresses.empty()) << found.error;
    EXPECT_TRUE(found.addresses[0].is_loopback());
    auto const none = daemon::system_lookup("no such name");
    EXPECT_TRUE(none.addresses.empty());
    EXPECT_FALSE(none.error.empty());
}

}  // namespace
}  // namespace surged
