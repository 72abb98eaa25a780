// One request to X's stand-in while it is being answered. Internal to x_stand_in.cpp and x_ask.cpp.
#pragma once

#include "daemon/demo/x_query.h"
#include "daemon/demo/x_stand_in.h"

#include <optional>
#include <string>

namespace surged::daemon::demo {

struct XStandIn::Call {
    Call(ServerRequest const& r, WallTime at) : request(r), params(r.query), now(at), listing(at) {}

    ServerRequest const& request;
    Params params;
    WallTime now;
    std::string argument;  // of the path: user id, user name, post id
    XFields fields;
    std::optional<XQuery> query;
    std::string tag;  // of a mapped query; "" when the query is evaluated
    Listing listing;
    std::uint64_t since_id = 0, until_id = 0;  // exclusive; 0: none
    std::size_t limit = 10;
    std::uint64_t anchor = 0;  // serial of the last post of the page before
    bool backward = false;     // the token of a previous page
    std::size_t items = 0;
};

// Opaque: says after which post the next page begins, and is good for the same question only.
[[nodiscard]] std::string x_token(std::string_view question, std::uint64_t anchor, bool backward);
// False: not a token of this question.
bool read_x_token(std::string_view token, std::string_view question, std::uint64_t& anchor,
                  bool& backward);
// What a token is bound to: path and query of the request, not its bounds.
[[nodiscard]] std::string x_question(ServerRequest const& request, Params const& params);

}  // namespace surged::daemon::demo
