// How an expected failure travels inside the daemon. Exceptions are for bugs and for cancellation
// only.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace surged::daemon {

// The closed set that is also the `outcome` label of surged_poll_requests_total (contract section
// 7).
enum class Fault : std::uint8_t {
    throttled,    // the peer told us to slow down (429 and its dialects)
    budget,       // our own or the platform's paid budget is used up (402, quota)
    auth,         // 401: credential missing, expired, wrong
    forbidden,    // 403
    not_found,    // 404, 410
    bad_cursor,   // the peer no longer knows where we were: start the walk anew
    bad_request,  // 400 and other 4xx: the same question gets the same answer
    transient,    // DNS, connect, TLS, a broken stream, 5xx
    malformed,    // answered 2xx with something we do not understand
    too_large,    // body or header beyond its limit
    timeout,      // the deadline passed
};
[[nodiscard]] std::string_view to_string(
    Fault fault);  // "throttled" ...; "ok" is the absence of one

struct Failure {
    Failure() = default;  // Result::error() of a success: never to be looked at
    Failure(Fault f, std::string d, std::optional<std::chrono::seconds> after = {})
        : fault(f), detail(std::move(d)), retry_after(after) {}
    Fault fault = Fault::transient;
    std::string detail;  // for the log and `reason`; never parsed, no secret in it
    std::optional<std::chrono::seconds> retry_after;  // not sooner than this
};

template <typename T>
using Result = boost::system::result<T, Failure>;

// Called by Result::value() on a failure: asking for a value that is not there is a bug in the
// caller.
[[noreturn]] inline void throw_exception_from_error(Failure const& f,
                                                    boost::source_location const&) {
    throw std::logic_error("Result::value() on a failure: " + f.detail);
}

}  // namespace surged::daemon
