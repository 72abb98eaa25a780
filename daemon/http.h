// What the daemon needs from HTTP as a client, so that a test can be the internet.
#pragma once

#include "daemon/result.h"
#include "detectors/time.h"
#include "exporters/http_message.h"

#include <boost/asio/awaitable.hpp>

namespace surged::daemon {

using exporters::HttpRequest;
using exporters::HttpResponse;

class HttpClient {
public:
    virtual ~HttpClient() = default;

    // One exchange, DNS to last body byte, over by `deadline` whatever the peer, the resolver or
    // TLS do. Any status is a success here: what 429 means is the adapter's business. Redirects are
    // not followed. Failures: transient, timeout, too_large, malformed.
    virtual boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest request,
                                                               detectors::Instant deadline) = 0;
};

}  // namespace surged::daemon
