// Compressed time for demo and tests: a day of waiting in a minute, on the live loop and real
// sockets.
#pragma once

#include "daemon/clock.h"
#include "daemon/http.h"

namespace surged::daemon::demo {

// Both times of this clock run `speed` times as fast as those of `real`, beginning at `wall_start`.
// Speed 1 with the real wall time is the real clock.
class ScaledClock final : public Clock {
public:
    ScaledClock(Clock& real, double speed, WallTime wall_start)
        : real_(real), speed_(speed), began_(real.now()), wall_start_(wall_start) {}

    [[nodiscard]] Instant now() const override { return began_ + scaled(real_.now() - began_); }
    [[nodiscard]] WallTime wall_now() const override {
        return wall_start_ +
               std::chrono::floor<std::chrono::milliseconds>(scaled(real_.now() - began_));
    }
    boost::asio::awaitable<void> sleep_until(Instant when) override;

private:
    [[nodiscard]] std::chrono::nanoseconds scaled(std::chrono::nanoseconds span) const {
        return std::chrono::nanoseconds{std::int64_t(double(span.count()) * speed_)};
    }

    Clock& real_;
    double speed_;
    Instant began_;
    WallTime wall_start_;
};

// Sockets know nothing of compressed time: an exchange gets the seconds it was promised, in real
// time. At high speed its deadline on `scaled` may pass long before: pacing follows compressed
// time, patience does not.
class RealTimeHttp final : public HttpClient {
public:
    RealTimeHttp(HttpClient& http, Clock& real, Clock& scaled)
        : http_(http), real_(real), scaled_(scaled) {}
    boost::asio::awaitable<Result<HttpResponse>> fetch(HttpRequest request,
                                                       detectors::Instant deadline) override;

private:
    HttpClient& http_;
    Clock& real_;
    Clock& scaled_;
};

}  // namespace surged::daemon::demo
