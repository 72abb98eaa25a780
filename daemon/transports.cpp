#include "daemon/transports.h"

#include "daemon/child.h"
#include "daemon/smtp.h"

#include <string_view>
#include <utility>

namespace surged::daemon {

namespace asio = boost::asio;

Transports::Transports(asio::io_context& io, Clock& clock, HttpClient& http, std::string ca_file)
    : http_(http), pool_(io, clock), ca_file_(std::move(ca_file)) {}

asio::awaitable<Result<HttpResponse>> Transports::fetch(HttpRequest request, Instant deadline) {
    std::string const scheme = request.url.substr(0, request.url.find(':'));
    if (scheme == "http" || scheme == "https")
        co_return co_await http_.fetch(std::move(request), deadline);
    auto const shared = std::make_shared<HttpRequest const>(std::move(request));
    BlockingPool::Job job;
    if (scheme == "smtp" || scheme == "smtps")
        job = [shared, ca_file = ca_file_](std::chrono::milliseconds time,
                                           BlockingPool::Stop const& stop) {
            return send_mail(*shared, ca_file, time, stop);
        };
    else if (scheme == "exec")
        job = [shared](std::chrono::milliseconds, BlockingPool::Stop const& stop) {
            return run_child(*shared, stop);
        };
    else
        co_return Failure(Fault::bad_request, "no way of delivery is called '" + scheme + "'");
    co_return co_await pool_.run(std::move(job), deadline);
}

}  // namespace surged::daemon
