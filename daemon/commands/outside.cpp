#include "daemon/commands/outside.h"

#include "daemon/supervisor.h"

namespace surged::daemon {

HttpClientOptions http_options(Settings const& settings) {
    HttpClientOptions options;
    options.proxy = settings.http.proxy;
    options.ca_file = settings.http.ca_file;
    return options;
}

Outside::Outside(Settings const& settings)
    : http(io, clock, resolver, http_options(settings)),
      deliveries(io, clock, http, settings.http.ca_file) {}

void Outside::run(boost::asio::awaitable<void> task) {
    Supervisor supervisor(io, [](std::string const&, std::exception_ptr) {});
    io.restart();  // the task before it left nothing to do
    supervisor.start("command", std::move(task));
    while (supervisor.running() != 0) io.run_one();
}

}  // namespace surged::daemon
