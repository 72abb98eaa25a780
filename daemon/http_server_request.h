// One request off the wire, within limits, or what to answer instead.
#pragma once

#include "daemon/http_server.h"
#include "daemon/net_stream.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace surged::daemon {

struct RequestRead {
    RequestRead() = default;
    bool gone = false;  // the peer left, stayed silent or was too slow: nothing to answer
    int refuse = 0;     // answer this status and close; 0: `request` is whole
    std::string why;
    ServerRequest request;
    bool keep_alive = false;
    bool http10 = false;
};

// `pending` holds what was read beyond the last request and gets what is read beyond this one.
// Sends "100 Continue" when the client waits for it. The deadlines of `limits` are set on the way.
boost::asio::awaitable<RequestRead> read_request(NetStream& stream, Clock& clock,
                                                 ServerLimits const& limits, std::string& pending);

// Fills path and query from `target` ("/a%20b?q", "http://host/a"). False: 400.
[[nodiscard]] bool split_target(ServerRequest& request);

}  // namespace surged::daemon
