#include "daemon/supervisor.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace surged::daemon {
namespace {

bool is_cancellation(std::exception_ptr const& error) {
    try {
        std::rethrow_exception(error);
    } catch (boost::system::system_error const& e) {
        return e.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& io,
                       std::function<void(std::string const&, std::exception_ptr)> on_death)
    : io_(io), on_death_(std::move(on_death)) {}

Supervisor::~Supervisor() {
    assert(tasks_.empty());
}

void Supervisor::start(std::string name, boost::asio::awaitable<void> task) {
    Task& entry = tasks_.emplace_back();
    entry.name = std::move(name);
    auto const self = std::prev(tasks_.end());
    // The only co_spawn of a task in the tree. asio::detached would drop the exception, and the
    // daemon would go on with one poller fewer without a word.
    boost::asio::co_spawn(io_, std::move(task),
                          boost::asio::bind_cancellation_slot(
                              entry.cancel.slot(), [this, self](std::exception_ptr const& error) {
                                  std::string const ended = std::move(self->name);
                                  bool const cancelled = self->cancelled;
                                  tasks_.erase(self);
                                  // operation_aborted that nobody asked for is a death as well: a
                                  // peer can cause it.
                                  if (error && !(cancelled && is_cancellation(error)))
                                      on_death_(ended, error);
                              }));
}

void Supervisor::stop(std::string const& name) {
    cancel([&](Task const& task) { return task.name == name; });
}

void Supervisor::stop() {
    cancel([](Task const&) { return true; });
}

// Asio 1.81 forwards an emission from outside the loop by a posted handler with a bare pointer into
// the task's signal: a task that ends before that handler runs frees it (chriskohlhoff/asio#1332).
// Emitting on the loop forwards at once.
void Supervisor::cancel(std::function<bool(Task const&)> const& chosen) {
    for (Task& task : tasks_) task.cancelled = task.cancelled || chosen(task);
    boost::asio::dispatch(io_, [this, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) emit();
    });
}

// A cancelled task ends on a later turn of the loop (Asio posts completions), so that emitting
// erases no entry under the iterator.
void Supervisor::emit() {
    for (auto it = tasks_.begin(); it != tasks_.end();) {
        auto const current = it++;
        if (!current->cancelled || current->emitted) continue;
        current->emitted = true;
        current->cancel.emit(boost::asio::cancellation_type::terminal);
    }
}

std::size_t Supervisor::running(std::string const& name) const {
    return static_cast<std::size_t>(std::count_if(
        tasks_.begin(), tasks_.end(), [&](Task const& task) { return task.name == name; }));
}

}  // namespace surged::daemon
