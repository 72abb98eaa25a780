#include "daemon/bell.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>

namespace surged::daemon {

namespace asio = boost::asio;

// The sleep is a coroutine of its own, so that a ring can end it without ending the waiter.
struct ClockBell::Wait {
    explicit Wait(asio::any_io_executor const& executor)
        : over(executor, asio::steady_timer::time_point::max()) {}
    asio::cancellation_signal end_sleep;
    asio::steady_timer over;  // never fires: cancelled when the sleep has ended
    bool ended = false;
    std::exception_ptr error;

    void wake() { end_sleep.emit(asio::cancellation_type::terminal); }
};

asio::awaitable<void> ClockBell::wait_until(Instant when) {
    assert(waiting_.expired());
    auto const executor = co_await asio::this_coro::executor;
    if (rung_) {
        rung_ = false;
        co_await asio::post(executor, asio::use_awaitable);  // never inline: a loop must yield
        co_return;
    }
    // On the heap for the sleep's completion handler alone: when the io_context dies first, frames
    // go in any order.
    auto const wait = std::make_shared<Wait>(executor);
    asio::co_spawn(executor, clock_.sleep_until(when),
                   asio::bind_cancellation_slot(wait->end_sleep.slot(),
                                                [wait](std::exception_ptr const& error) {
                                                    wait->ended = true;
                                                    wait->error = error;
                                                    wait->over.cancel();
                                                }));
    // The waiter's own cancellation goes to the sleep, not to `over`: nothing outlives the wait.
    auto state = co_await asio::this_coro::cancellation_state;
    auto slot = state.slot();
    if (slot.is_connected())
        slot.assign([raw = wait.get()](asio::cancellation_type) { raw->wake(); });
    waiting_ = wait;
    while (!wait->ended) {
        auto unmoved = asio::bind_cancellation_slot(asio::cancellation_slot(),
                                                    asio::as_tuple(asio::use_awaitable));
        co_await wait->over.async_wait(std::move(unmoved));
    }
    waiting_.reset();
    if (slot.is_connected()) slot.clear();
    bool const rung = std::exchange(rung_, false);
    bool const cancelled = state.cancelled() != asio::cancellation_type::none;
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    if (wait->error && !rung) std::rethrow_exception(wait->error);
}

void ClockBell::ring() {
    rung_ = true;
    auto const wait = waiting_.lock();
    if (!wait) return;
    // On the loop, for the reason in Supervisor::cancel.
    asio::dispatch(wait->over.get_executor(), [wait] { wait->wake(); });
}

}  // namespace surged::daemon
