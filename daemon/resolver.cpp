#include "daemon/resolver.h"

#include "daemon/bell.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>

namespace surged::daemon {

namespace asio = boost::asio;

HostLookup system_lookup(std::string const& host) {
    HostLookup out;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (code == EAI_NONAME || code == EAI_ADDRFAMILY || code == EAI_NODATA) {
        // A machine without any address but loopback: AI_ADDRCONFIG would hide even localhost.
        hints.ai_flags = 0;
        code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    }
    if (code != 0) {
        out.error = ::gai_strerror(code);
        return out;
    }
    for (addrinfo const* a = found; a != nullptr; a = a->ai_next) {
        if (a->ai_family == AF_INET) {
            asio::ip::address_v4::bytes_type bytes;
            std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in*>(a->ai_addr)->sin_addr, 4);
            out.addresses.emplace_back(asio::ip::address_v4(bytes));
        } else if (a->ai_family == AF_INET6) {
            auto const* const v6 = reinterpret_cast<sockaddr_in6*>(a->ai_addr);
            asio::ip::address_v6::bytes_type bytes;
            std::memcpy(bytes.data(), &v6->sin6_addr, 16);
            out.addresses.emplace_back(asio::ip::address_v6(bytes, v6->sin6_scope_id));
        }
    }
    ::freeaddrinfo(found);
    if (out.addresses.empty()) out.error = "no address";
    return out;
}

namespace {

// The threads' side. Shared with them, because one that hangs in getaddrinfo outlives the resolver.
struct Workers {
    using Done = std::function<void(std::string, HostLookup)>;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::string> queue;
    LookupFunction lookup;
    Done done;  // posts to the loop; called with the mutex held, and never once closed
    std::size_t threads = 0, idle = 0;
    bool closed = false;

    static void work(std::shared_ptr<Workers> const& self) {
        std::unique_lock lock(self->mutex);
        for (;;) {
            ++self->idle;
            self->wake.wait(lock, [&] { return self->closed || !self->queue.empty(); });
            --self->idle;
            if (self->closed) return;
            std::string host = std::move(self->queue.front());
            self->queue.pop_front();
            auto const function = self->lookup;
            lock.unlock();
            HostLookup answer = function(host);
            lock.lock();
            if (self->closed) return;
            self->done(std::move(host), std::move(answer));
        }
    }
};

}  // namespace

struct Resolver::Impl {
    struct Name {
        Addresses addresses;  // the last that were found
        Instant found{};
        std::string error;      // of the last lookup; empty: it succeeded
        Instant asked_until{};  // no new lookup before
        bool in_flight = false;
        std::list<ClockBell*> waiting;
    };
    Impl(asio::io_context& i, Clock& c) : io(i), clock(c), workers(std::make_shared<Workers>()) {}

    asio::io_context& io;
    Clock& clock;
    std::shared_ptr<Workers> workers;
    std::map<std::string, Name> names;
    std::uint64_t lookups = 0;

    [[nodiscard]] bool usable(Name const& name) const {
        return !name.addresses.empty() && clock.now() - name.found < kStale;
    }
    bool ask(std::string const& host, Name& name);
    void answered(std::string const& host, HostLookup lookup);
    void make_room();
};

// False: too many wait already, or nobody can be found to ask.
bool Resolver::Impl::ask(std::string const& host, Name& name) {
    std::lock_guard const lock(workers->mutex);
    if (workers->queue.size() >= kQueue) return false;
    workers->queue.push_back(host);
    if (workers->idle < workers->queue.size() && workers->threads < kThreads) {
        try {
            std::thread([w = workers] { Workers::work(w); }).detach();
            ++workers->threads;
        } catch (std::system_error const&) {  // no thread left: those we have will do, if any
            if (workers->threads == 0) {
                workers->queue.pop_back();
                return false;
            }
        }
    }
    name.in_flight = true;
    ++lookups;
    workers->wake.notify_one();
    return true;
}

void Resolver::Impl::answered(std::string const& host, HostLookup lookup) {
    Name& name = names[host];
    name.in_flight = false;
    name.error = std::move(lookup.error);
    if (!lookup.addresses.empty()) {
        name.addresses = std::move(lookup.addresses);
        name.found = clock.now();
    } else if (name.error.empty()) {
        name.error = "no address";
    }
    name.asked_until = clock.now() + (name.error.empty() ? kFresh : kFailure);
    for (ClockBell* bell : name.waiting) bell->ring();
}

// Forgets the name whose knowledge is oldest and that nobody waits for.
void Resolver::Impl::make_room() {
    if (names.size() < kNames) return;
    auto oldest = names.end();
    for (auto it = names.begin(); it != names.end(); ++it)
        if (!it->second.in_flight && it->second.waiting.empty() &&
            (oldest == names.end() || it->second.asked_until < oldest->second.asked_until))
            oldest = it;
    if (oldest != names.end()) names.erase(oldest);
}

Resolver::Resolver(asio::io_context& io, Clock& clock, LookupFunction lookup)
    : impl_(std::make_shared<Impl>(io, clock)) {
    impl_->workers->lookup = std::move(lookup);
    std::weak_ptr<Impl> const weak = impl_;
    impl_->workers->done = [&io, weak](std::string host, HostLookup answer) {
        asio::post(io, [weak, host = std::move(host), answer = std::move(answer)]() mutable {
            if (auto const impl = weak.lock()) impl->answered(host, std::move(answer));
        });
    };
}

Resolver::~Resolver() {
    std::lock_guard const lock(impl_->workers->mutex);
    impl_->workers->closed = true;  // from here on no thread touches the io_context
    impl_->workers->queue.clear();
    impl_->workers->wake.notify_all();
}

std::uint64_t Resolver::lookups() const {
    return impl_->lookups;
}

asio::awaitable<Result<Addresses>> Resolver::resolve(std::string host, Instant deadline) {
    boost::system::error_code not_a_literal;
    auto const literal = asio::ip::make_address(host, not_a_literal);
    if (!not_a_literal) co_return Addresses{literal};

    auto const impl = impl_;  // a frame may be destroyed after the resolver
    if (impl->names.count(host) == 0) impl->make_room();
    auto& name = impl->names[host];  // stays: names with waiters are not forgotten
    Instant const now = impl->clock.now();
    if (!name.in_flight && now >= name.asked_until && !impl->ask(host, name))
        co_return Failure{Fault::transient, "DNS: " + host + ": no lookup possible now"};
    if (name.in_flight) {
        Instant const until = impl->usable(name) ? std::min(deadline, now + kPatience) : deadline;
        ClockBell bell(impl->clock);
        struct Listed {  // leaves the list even when the waiter is cancelled
            std::list<ClockBell*>& list;
            std::list<ClockBell*>::iterator at;
            Listed(std::list<ClockBell*>& l, ClockBell* b) : list(l), at(l.insert(l.end(), b)) {}
            ~Listed() { list.erase(at); }
        } const listed(name.waiting, &bell);
        co_await bell.wait_until(until);
    }
    if (impl->usable(name)) co_return name.addresses;
    if (name.in_flight) co_return Failure{Fault::timeout, "DNS: " + host + ": no answer in time"};
    co_return Failure{Fault::transient, "DNS: " + host + ": " + name.error};
}

}  // namespace surged::daemon
