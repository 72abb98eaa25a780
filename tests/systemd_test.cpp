#include "daemon/systemd.h"

#include "tests/datagram_end.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace surged {
namespace {

using namespace std::chrono_literals;
using tests::DatagramEnd;

std::string unique(std::string const& prefix) {
    return prefix + "surged-notify-" + std::to_string(::getpid());
}

TEST(ServiceManager, SpeaksTheProtocol) {
    std::string const path = unique(testing::TempDir() + "/");
    DatagramEnd manager(path);
    ASSERT_TRUE(manager.bound());
    daemon::ServiceManager service(path);
    EXPECT_TRUE(service.told());
    service.ready("12 streams");
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=12 streams");
    service.status("two\nlines");
    EXPECT_EQ(manager.next(), "STATUS=two lines") << "a line break would be an assignment";
    service.reloading(daemon::Instant{1'234'567'890ns});
    EXPECT_EQ(manager.next(), "RELOADING=1\nMONOTONIC_USEC=1234567");
    service.watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    service.extend_timeout(30s);
    EXPECT_EQ(manager.next(), "EXTEND_TIMEOUT_USEC=30000000");
    service.stopping("bye");
    EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=bye");
    EXPECT_EQ(manager.next(), "(nothing)");
}

TEST(ServiceManager, KnowsAbstractSockets) {
    std::string const path = unique("@");
    DatagramEnd manager(path);
    ASSERT_TRUE(manager.bound());
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    auto service = daemon::ServiceManager::from_environment();
    ::unsetenv("NOTIFY_SOCKET");
    service.watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
}

TEST(ServiceManager, SaysNothingWhereNobodyListens) {
    daemon::ServiceManager none("");
    EXPECT_FALSE(none.told());
    none.ready("x");
    daemon::ServiceManager odd("relative/path");
    EXPECT_FALSE(odd.told());
    daemon::ServiceManager too_long("/" + std::string(200, 'x'));
    EXPECT_FALSE(too_long.told());
    daemon::ServiceManager dead(testing::TempDir() + "/nobody-here");
    dead.ready("x");  // no manager: no effect, no exception
}

TEST(Watchdog, IsHalfOfWhatIsAskedAndOnlyForThisProcess) {
    EXPECT_FALSE(daemon::watchdog_interval());
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    EXPECT_EQ(daemon::watchdog_interval(), 15s);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_FALSE(daemon::watchdog_interval());
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(daemon::watchdog_interval(), 15s);
    ::setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_FALSE(daemon::watchdog_interval());
    ::setenv("WATCHDOG_USEC", "0", 1);
    EXPECT_FALSE(daemon::watchdog_interval());
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
}

}  // namespace
}  // namespace surged
