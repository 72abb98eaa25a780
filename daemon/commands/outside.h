// The doors of a command that speaks to the network: clock, resolver, HTTP, mail, programs, as the
// daemon has them.
#pragma once

#include "daemon/http_client.h"
#include "daemon/resolver.h"
#include "daemon/settings.h"
#include "daemon/steady_clock.h"
#include "daemon/transports.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace surged::daemon {

[[nodiscard]] HttpClientOptions http_options(Settings const& settings);

struct Outside {
    explicit Outside(Settings const& settings);
    boost::asio::io_context io{1};
    SteadyClock clock{io};
    Resolver resolver{io, clock};
    BeastHttpClient http;
    Transports deliveries;

    // Runs the io_context until the task is over. An exception of the task is dropped: what it had
    // to say it did not say.
    void run(boost::asio::awaitable<void> task);
};

}  // namespace surged::daemon
