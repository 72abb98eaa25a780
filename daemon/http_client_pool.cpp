#include "daemon/http_client_pool.h"

#include <openssl/ssl.h>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;

void SessionFree::operator()(void* session) const {
    SSL_SESSION_free(static_cast<SSL_SESSION*>(session));
}

asio::awaitable<std::unique_ptr<ConnectionPool::Turn>> ConnectionPool::turn(std::string key,
                                                                            Instant deadline) {
    auto const self = shared_from_this();
    sweep();
    PooledHost& host = hosts_[key];
    if (host.busy >= per_host_ || !host.waiting.empty()) {
        ClockBell bell(clock_);
        struct Listed {
            std::list<ClockBell*>& list;
            std::list<ClockBell*>::iterator at;
            bool listed = true;
            Listed(std::list<ClockBell*>& l, ClockBell* b) : list(l), at(l.insert(l.end(), b)) {}
            ~Listed() {
                if (!listed) return;
                list.erase(at);
                if (!list.empty()) list.front()->ring();  // it may have been rung in vain
            }
        } listed(host.waiting, &bell);
        while (host.busy >= per_host_ || host.waiting.front() != &bell) {
            if (clock_.now() >= deadline) co_return nullptr;
            co_await bell.wait_until(deadline);
        }
        host.waiting.erase(listed.at);
        listed.listed = false;
        // Two may have finished before the first who waited came to run.
        if (!host.waiting.empty()) host.waiting.front()->ring();
    }
    ++host.busy;
    co_return std::make_unique<Turn>(self, host);
}

ConnectionPool::Turn::~Turn() {
    --host_->busy;
    if (!host_->waiting.empty()) host_->waiting.front()->ring();
}

std::unique_ptr<PooledConnection> ConnectionPool::Turn::kept() {
    while (!host_->idle.empty()) {
        auto connection = std::move(host_->idle.back());
        host_->idle.pop_back();
        if (connection->generation == pool_->generation_ && connection->stream.quiet())
            return connection;
    }
    return nullptr;
}

void ConnectionPool::Turn::keep(std::unique_ptr<PooledConnection> connection) {
    if (connection->generation != pool_->generation_) return;
    connection->idle_since = pool_->clock_.now();
    connection->stream.expires_at(connection->idle_since + pool_->idle_);
    host_->idle.push_back(std::move(connection));
}

void ConnectionPool::configure(std::size_t per_host, std::chrono::seconds idle) {
    per_host_ = per_host;
    idle_ = idle;
    ++generation_;
    for (auto& [key, host] : hosts_) {
        host.idle.clear();
        host.session.reset();
        if (!host.waiting.empty()) host.waiting.front()->ring();
    }
}

std::size_t ConnectionPool::idle_connections() const {
    std::size_t count = 0;
    for (auto const& [key, host] : hosts_)
        for (auto const& connection : host.idle) count += connection->stream.is_open() ? 1 : 0;
    return count;
}

// The stream's own deadline has closed what was idle too long; this frees it, and forgets hosts
// that nothing is known of any more.
void ConnectionPool::sweep() {
    for (auto it = hosts_.begin(); it != hosts_.end();) {
        auto& host = it->second;
        while (!host.idle.empty() && !host.idle.front()->stream.is_open()) host.idle.pop_front();
        bool const unused = host.idle.empty() && host.busy == 0 && host.waiting.empty();
        it = unused && hosts_.size() > 256 ? hosts_.erase(it) : std::next(it);
    }
}

}  // namespace surged::daemon
