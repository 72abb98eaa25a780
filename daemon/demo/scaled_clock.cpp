#include "daemon/demo/scaled_clock.h"

#include <utility>

namespace surged::daemon::demo {

boost::asio::awaitable<void> ScaledClock::sleep_until(Instant when) {
    auto const wait =
        std::chrono::nanoseconds{std::int64_t(double((when - now()).count()) / speed_)};
    Instant const until = real_.now() + wait;
    co_await real_.sleep_until(until);
}

boost::asio::awaitable<Result<HttpResponse>> RealTimeHttp::fetch(HttpRequest request,
                                                                 detectors::Instant deadline) {
    Instant const real_deadline = real_.now() + (deadline - scaled_.now());
    co_return co_await http_.fetch(std::move(request), real_deadline);
}

}  // namespace surged::daemon::demo
