// One request to the Graph stand-in while it is being answered. Internal to graph_*.cpp.
#pragma once

#include "daemon/demo/graph_stand_in.h"

#include <string>
#include <vector>

namespace surged::daemon::demo {

struct GraphStandIn::Call {
    Call(ServerRequest const& r, WallTime at) : request(r), params(r.query), now(at) {}
    ServerRequest const& request;
    Params params;
    WallTime now;
    std::string version;             // that answers
    std::vector<std::string> parts;  // of the path, without the version
    std::string token, base_url;
    std::size_t items = 0;
};

struct GraphStandIn::Edge {
    std::string name;  // feed, posts, ..., comments
    std::vector<GraphField> fields;
    std::size_t limit = 25;
    WallTime since = WallTime::min(), until = WallTime::max();
    std::uint64_t anchor = 0;
    bool before = false;  // the anchor is a `before` cursor
    bool oldest = false;  // comments: chronological
    bool stream = false;  // comments: all levels
    bool summary = false;
    std::size_t repeat = 0;
};

// The error envelope.
[[nodiscard]] ServerResponse graph_error(int status, int code, int subcode,
                                         std::string_view message,
                                         std::string_view type = "OAuthException");
// "2026-11-20T14:05:41+0000", or Unix seconds for date_format=U.
void write_graph_time(detectors::JsonWriter& json, WallTime t, Params const& params);

[[nodiscard]] std::string graph_cursor(std::uint64_t serial);
[[nodiscard]] std::uint64_t read_graph_cursor(std::string_view cursor);  // 0: none of ours

// Is it a field of posts, or of comments, that Graph knows?
[[nodiscard]] bool graph_field_known(std::string_view name, bool comment);

}  // namespace surged::daemon::demo
