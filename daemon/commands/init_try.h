// Does it work? One look at a platform and one page to a receiver, by the daemon's own code, told
// in words.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"
#include "daemon/settings.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace surged::daemon {

struct Tried {
    bool ok = false;
    std::string words;  // one line for a person; no secret in it
};

// Asks for the first page of the stream's first walk with its account's credential: one request,
// or as many as the platform's login takes (at most four). Nothing is kept. `out` outlives it.
boost::asio::awaitable<void> try_stream(HttpClient& http, Clock& clock,
                                        AccountSettings const& account,
                                        StreamSettings const& stream, std::chrono::seconds timeout,
                                        Tried& out);

// Sends the test page through the receiver and the delivery loop, once.
boost::asio::awaitable<void> try_receiver(HttpClient& deliveries, Clock& clock,
                                          ReceiverSettings const& receiver,
                                          std::string const& external_url,
                                          std::chrono::seconds timeout, Tried& out);

}  // namespace surged::daemon
