// Owns the lifetime of every coroutine: starts them, cancels them, waits for the last one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>

namespace surged::daemon {

class Supervisor {
public:
    // `on_death` hears of every task that ended with an exception other than its own cancellation.
    Supervisor(boost::asio::io_context& io,
               std::function<void(std::string const&, std::exception_ptr)> on_death);
    ~Supervisor();  // requires running() == 0: a frame that outlives its owner is a use after free
    Supervisor(Supervisor const&) = delete;
    Supervisor& operator=(Supervisor const&) = delete;

    void start(std::string name, boost::asio::awaitable<void> task);
    void stop(std::string const& name);  // every task of that name; they end as the loop runs
    void stop();                         // all; idempotent; returns at once
    [[nodiscard]] std::size_t running() const { return tasks_.size(); }
    [[nodiscard]] std::size_t running(std::string const& name) const;

private:
    struct Task {
        std::string name;
        boost::asio::cancellation_signal cancel;
        bool cancelled = false, emitted = false;
    };
    void cancel(std::function<bool(Task const&)> const& chosen);
    void emit();

    boost::asio::io_context& io_;
    std::function<void(std::string const&, std::exception_ptr)> on_death_;
    std::list<Task>
        tasks_;  // a list, because a signal must not move while a coroutine holds its slot
    std::shared_ptr<int> const alive_ = std::make_shared<int>();  // for what is posted to the loop
};

}  // namespace surged::daemon
