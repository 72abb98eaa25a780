// What the service manager is told and asks for: the sd_notify protocol (man 3 sd_notify), spoken
// directly because it is a datagram.
#pragma once

#include "daemon/clock.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

// Where NOTIFY_SOCKET pointed when this was made. Without it every call does nothing: the daemon
// runs the same under systemd, in a container and by hand. Never blocks and never fails: a manager
// that does not listen is not a reason to stop.
class ServiceManager {
public:
    explicit ServiceManager(std::string notify_socket);  // "/run/...", "@abstract", "": none
    static ServiceManager from_environment();

    void ready(std::string_view status);     // READY=1: also ends a reload
    void status(std::string_view text);      // one line, for `systemctl status`
    void reloading(Instant now);             // RELOADING=1 with MONOTONIC_USEC
    void stopping(std::string_view status);  // STOPPING=1
    void watchdog();                         // WATCHDOG=1: the loop still turns
    void extend_timeout(
        std::chrono::seconds by);  // a long start or stop goes on: EXTEND_TIMEOUT_USEC
    [[nodiscard]] bool told() const { return !socket_.empty(); }

private:
    void send(std::string const& message) const;
    std::string socket_;
};

// How often watchdog() has to be called: half of WATCHDOG_USEC, if it is set for this process
// (WATCHDOG_PID) and above zero.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace surged::daemon
