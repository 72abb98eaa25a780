#include "daemon/systemd.h"

#include "daemon/unix_datagram.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sys/un.h>
#include <unistd.h>

namespace surged::daemon {
namespace {

std::string environment(char const* name) {
    char const* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::optional<std::uint64_t> number(std::string const& text) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

bool for_this_process(char const* name) {
    std::string const pid = environment(name);
    return number(pid) == static_cast<std::uint64_t>(::getpid());
}

// A line break would start another assignment.
std::string one_line(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return out;
}

}  // namespace

ServiceManager::ServiceManager(std::string notify_socket) : socket_(std::move(notify_socket)) {
    bool const path = !socket_.empty() && (socket_[0] == '/' || socket_[0] == '@');
    if (!path || socket_.size() >= sizeof(sockaddr_un::sun_path)) socket_.clear();
}

ServiceManager ServiceManager::from_environment() {
    return ServiceManager(environment("NOTIFY_SOCKET"));
}

void ServiceManager::ready(std::string_view status) {
    send("READY=1\nSTATUS=" + one_line(status));
}
void ServiceManager::status(std::string_view text) {
    send("STATUS=" + one_line(text));
}

void ServiceManager::reloading(Instant now) {
    auto const micros =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
}

void ServiceManager::stopping(std::string_view status) {
    send("STOPPING=1\nSTATUS=" + one_line(status));
}
void ServiceManager::watchdog() {
    send("WATCHDOG=1");
}

void ServiceManager::extend_timeout(std::chrono::seconds by) {
    send("EXTEND_TIMEOUT_USEC=" + std::to_string(std::chrono::microseconds(by).count()));
}

void ServiceManager::send(std::string const& message) const {
    if (!socket_.empty()) (void)send_datagram(socket_, message);
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    auto const usec = number(environment("WATCHDOG_USEC"));
    bool const ours = environment("WATCHDOG_PID").empty() || for_this_process("WATCHDOG_PID");
    if (!usec || *usec < 2 || !ours) return {};
    return std::chrono::microseconds(static_cast<std::int64_t>(*usec / 2));
}

}  // namespace surged::daemon
