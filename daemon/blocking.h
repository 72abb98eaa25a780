// Work that can only be done by blocking a thread (libcurl's SMTP, a child process), kept off the
// loop.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

namespace surged::daemon {

// A few threads that take jobs in order and exchange nothing with the loop but values, by post. A
// job is told how long it has, and ends soon after `stop` is set: at the deadline, when the waiter
// is cancelled, when the pool goes. The waiter gives up kGrace after the deadline whatever the job
// does; its thread goes on until the job ends. The destructor does not wait for a job that hangs.
class BlockingPool {
public:
    static constexpr std::size_t kThreads = 4;  // this many slow mail servers before others wait
    static constexpr std::size_t kQueue = 64;   // deliveries waiting for a thread; beyond: again
    static constexpr std::chrono::seconds kGrace{2};

    using Stop = std::atomic<bool>;
    using Job = std::function<Result<HttpResponse>(std::chrono::milliseconds time, Stop const&)>;

    BlockingPool(boost::asio::io_context& io, Clock& clock);
    ~BlockingPool();
    BlockingPool(BlockingPool const&) = delete;
    BlockingPool& operator=(BlockingPool const&) = delete;

    // Failures beside the job's own: timeout; transient when too much waits. Cancelled: the job is
    // told to stop.
    boost::asio::awaitable<Result<HttpResponse>> run(Job job, Instant deadline);

private:
    struct Task;
    struct Workers;
    boost::asio::io_context& io_;
    Clock& clock_;
    std::shared_ptr<Workers> workers_;
};

}  // namespace surged::daemon
