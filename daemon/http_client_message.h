// One answer off the wire: Beast's parser fed by hand, so that its templates are built once and no
// stream type multiplies them.
#pragma once

#include "daemon/http.h"
#include "daemon/net_stream.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace surged::daemon {

inline constexpr std::size_t kResponseHeaderMax = 64 * 1024;  // also what Beast allows one field

// What became of an exchange on one connection.
struct Exchange {
    Exchange() = default;
    bool complete = false;  // `response` is whole, its body as it was sent
    bool keep = false;      // the connection is in step and the peer keeps it open
    bool any_byte = false;  // of an answer had come when it failed
    HttpResponse response;
    Failure failure{Fault::transient, ""};
};

// Header names are the same in any case.
[[nodiscard]] bool same_header(std::string_view a, std::string_view b);

// The head of a request as it goes out, with its empty line. `target` is the path or, for a proxy,
// the absolute URL. Malformed when a header would break the line.
[[nodiscard]] Result<std::string> request_head(HttpRequest const& request,
                                               std::string const& target,
                                               std::string const& authority,
                                               std::string const& user_agent);

// Sends and reads one answer under the stream's deadline. `method` decides whether an answer may
// have a body (HEAD, CONNECT: none).
boost::asio::awaitable<Exchange> exchange(NetStream& stream, std::string head, std::string body,
                                          std::string method, std::size_t body_max);

}  // namespace surged::daemon
