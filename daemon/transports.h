// The door of deliveries: what a receiver asks goes out by the scheme of its URL.
#pragma once

#include "daemon/blocking.h"
#include "daemon/http.h"

#include <string>

namespace surged::daemon {

// http and https by the client it is given; smtp and smtps as a mail; exec: as a run of a program.
// One interface, so that one loop delivers to everything. Any other scheme is bad_request.
class Transports final : public HttpClient {
public:
    Transports(boost::asio::io_context& io, Clock& clock, HttpClient& http, std::string ca_file);
    boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest request,
                                                       Instant deadline) override;
    void set_ca_file(std::string ca_file) { ca_file_ = std::move(ca_file); }

private:
    HttpClient& http_;
    BlockingPool pool_;
    std::string ca_file_;  // `http.ca_file`
};

}  // namespace surged::daemon
