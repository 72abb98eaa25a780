#include "daemon/blocking.h"

#include "daemon/bell.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace surged::daemon {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Shared by the waiter and the thread; all but `stop` belongs to whoever holds it: the waiter until
// it is queued, the thread until the answer is posted, then the loop.
struct BlockingPool::Task {
    Job job;
    milliseconds time{};
    Stop stop{false};
    std::optional<Result<HttpResponse>> answer;
    ClockBell* waiting = nullptr;  // of the loop's thread alone, as is
    bool posted = false;           // the answer came
};

struct BlockingPool::Workers {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::shared_ptr<Task>> queue;
    std::vector<std::weak_ptr<Task>> running;
    std::function<void(std::shared_ptr<Task>)> done;  // posts to the loop; never once closed
    std::size_t threads = 0, idle = 0;
    bool closed = false;

    static void work(std::shared_ptr<Workers> const& self) {
        // Signals are the loop's; a pipe whose reader has gone is an error here, not a death.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        std::unique_lock lock(self->mutex);
        for (;;) {
            ++self->idle;
            self->wake.wait(lock, [&] { return self->closed || !self->queue.empty(); });
            --self->idle;
            if (self->closed) return;
            auto task = std::move(self->queue.front());
            self->queue.pop_front();
            std::erase_if(self->running, [](auto const& t) { return t.expired(); });
            self->running.push_back(task);
            lock.unlock();
            task->answer = task->stop ? Result<HttpResponse>(Failure(Fault::timeout, "given up"))
                                      : task->job(task->time, task->stop);
            lock.lock();
            if (self->closed) return;
            self->done(std::move(task));
        }
    }
};

BlockingPool::BlockingPool(asio::io_context& io, Clock& clock)
    : io_(io), clock_(clock), workers_(std::make_shared<Workers>()) {
    workers_->done = [&io](std::shared_ptr<Task> task) {
        asio::post(io, [task = std::move(task)] {
            task->posted = true;
            if (task->waiting != nullptr) task->waiting->ring();
        });
    };
}

BlockingPool::~BlockingPool() {
    std::lock_guard const lock(workers_->mutex);
    workers_->closed = true;  // from here on no thread touches the io_context
    for (auto const& weak : workers_->running)
        if (auto const task = weak.lock()) task->stop = true;
    workers_->queue.clear();
    workers_->wake.notify_all();
}

asio::awaitable<Result<HttpResponse>> BlockingPool::run(Job job, Instant deadline) {
    auto const task = std::make_shared<Task>();
    task->job = std::move(job);
    task->time = std::max(milliseconds{1},
                          std::chrono::duration_cast<milliseconds>(deadline - clock_.now()));
    ClockBell bell(clock_);
    {
        std::lock_guard const lock(workers_->mutex);
        if (workers_->queue.size() >= kQueue)
            co_return Failure(Fault::transient, "too many deliveries wait for a thread");
        workers_->queue.push_back(task);
        if (workers_->idle < workers_->queue.size() && workers_->threads < kThreads) {
            try {
                std::thread([w = workers_] { Workers::work(w); }).detach();
                ++workers_->threads;
            } catch (std::system_error const&) {
                if (workers_->threads == 0) {
                    workers_->queue.pop_back();
                    co_return Failure(Fault::transient, "no thread can be started");
                }
            }
        }
        workers_->wake.notify_one();
    }
    struct Waiting {  // the frame may go before the job ends
        Task& task;
        Waiting(Task& t, ClockBell& b) : task(t) { task.waiting = &b; }
        ~Waiting() {
            task.waiting = nullptr;
            task.stop = true;
        }
    } const waiting(*task, bell);
    co_await bell.wait_until(deadline);
    if (!task->posted) {
        task->stop = true;
        Instant const until = deadline + kGrace;
        co_await bell.wait_until(until);
    }
    if (!task->posted) co_return Failure(Fault::timeout, "no answer in time");
    co_return std::move(*task->answer);
}

}  // namespace surged::daemon
