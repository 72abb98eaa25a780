// Virtual time on a real io_context: an hour of polling in a millisecond, the same way every run.
#pragma once

#include "daemon/clock.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace surged::tests {

// 2026-03-01T12:00:00Z, where simulations begin unless they say otherwise.
inline constexpr daemon::WallTime kSimStart{std::chrono::seconds{1'772'366'400}};

// Instants begin at Instant{} (0). Wall time is `start` plus what has passed plus every jump.
// Declare it after the io_context and before whatever sleeps on it.
class SimClock final : public daemon::Clock {
public:
    explicit SimClock(boost::asio::io_context& io, daemon::WallTime start = kSimStart)
        : io_(io), wall_start_(start) {}

    [[nodiscard]] daemon::Instant now() const override { return now_; }
    [[nodiscard]] daemon::WallTime wall_now() const override {
        return wall_start_ + std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch());
    }

    boost::asio::awaitable<void> sleep_until(daemon::Instant when) override {
        // Never fires by itself: a condition variable that run_until() notifies by cancelling it.
        boost::asio::steady_timer bell(io_, boost::asio::steady_timer::time_point::max());
        auto const key = std::pair(std::max(when, now_), next_serial_++);
        sleepers_.emplace(key, &bell);
        co_await bell.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        bool const still_listed = sleepers_.erase(key) != 0;  // run_until() delists before it wakes
        if (still_listed) throw boost::system::system_error(boost::asio::error::operation_aborted);
    }

    // Sets the wall clock forward or back, as an administrator or NTP does. Sleepers do not notice.
    void jump_wall(std::chrono::milliseconds by) { wall_start_ += by; }

    // Runs what is ready now; time stands still. Sleepers that are due now count as ready.
    void settle() { run_until(now_); }

    // Runs everything that is due, then moves time to the next sleeper, until `end`.
    void run_until(daemon::Instant end) {
        run_until(end, [] { return false; });
    }
    void run_until(daemon::WallTime end) { run_until(now_ + (end - wall_now())); }
    void run_for(std::chrono::nanoseconds span) { run_until(now_ + span); }

    // The same, but stops as soon as `done` says so after a step; true when it did.
    bool run_until(daemon::Instant end, std::function<bool()> const& done) {
        for (;;) {
            io_.restart();
            while (io_.poll() != 0) {
            }
            if (done()) return true;
            if (sleepers_.empty() || sleepers_.begin()->first.first > end) break;
            auto const first = sleepers_.extract(sleepers_.begin());
            now_ = first.key().first;
            ++steps_;
            first.mapped()->cancel();
        }
        now_ = std::max(now_, end);
        return false;
    }

    // How often time moved: for assertions that something was simulated, and for runaway loops.
    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] std::size_t sleepers() const { return sleepers_.size(); }

private:
    boost::asio::io_context& io_;
    daemon::WallTime wall_start_;
    daemon::Instant now_{};
    std::uint64_t steps_ = 0;
    std::uint64_t next_serial_ = 0;  // equal instants wake in the order they went to sleep
    std::map<std::pair<daemon::Instant, std::uint64_t>, boost::asio::steady_timer*> sleepers_;
};

}  // namespace surged::tests
