// Names to addresses without holding up the loop: a few threads, a cache, one question at a time
// per name.
#pragma once

#include "daemon/clock.h"
#include "daemon/result.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace surged::daemon {

using Addresses = std::vector<boost::asio::ip::address>;

// What a lookup gave, on its own thread: addresses in the order to try them, or why there are none.
struct HostLookup {
    HostLookup() = default;
    Addresses addresses;
    std::string error;  // "Name or service not known"
};
using LookupFunction = std::function<HostLookup(std::string const& host)>;
[[nodiscard]] HostLookup system_lookup(std::string const& host);  // getaddrinfo; blocks

// Asio's own resolver asks one name after the other on one thread, cannot be interrupted, and makes
// the exit wait for it. Here the *waiter* has the deadline: the lookup itself runs on and fills the
// cache. The threads are the only ones of the daemon; they exchange values with the loop by post
// and never touch anything else. The destructor does not wait for a lookup that hangs.
//
// An IP literal costs no thread. An answer is fresh for 60 s (getaddrinfo tells no TTL), a failure
// for 5 s. A name that once resolved keeps its last addresses for a day: they are given when a new
// lookup fails, or takes longer than 2 s.
class Resolver {
public:
    static constexpr std::size_t kThreads = 4;   // this many names may hang before others wait
    static constexpr std::size_t kNames = 1024;  // remembered; far above any configuration's hosts
    static constexpr std::size_t kQueue = 256;   // lookups waiting for a thread; beyond: a failure
    static constexpr std::chrono::seconds kFresh{60}, kFailure{5}, kStale{86'400}, kPatience{2};

    Resolver(boost::asio::io_context& io, Clock& clock, LookupFunction lookup = system_lookup);
    ~Resolver();
    Resolver(Resolver const&) = delete;
    Resolver& operator=(Resolver const&) = delete;

    // Failures: transient ("DNS: name: why"), timeout.
    boost::asio::awaitable<Result<Addresses>> resolve(std::string host, Instant deadline);

    [[nodiscard]] std::uint64_t lookups() const;  // handed to a thread so far

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace surged::daemon
