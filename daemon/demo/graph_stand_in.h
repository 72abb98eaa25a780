// Facebook's Graph API for one Page: its edges, comments, usage headers and error envelopes.
#pragma once

#include "daemon/demo/graph_fields.h"
#include "daemon/demo/limits.h"
#include "daemon/demo/params.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"
#include "detectors/json_writer.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

struct GraphOptions {
    std::string page_id = "1234567", page_name = "Acme";
    std::string access_token;       // "" accepts any
    std::string app_secret;         // appsecret_proof is checked against it
    bool require_proof = false;     // calls without a proof are refused
    std::string base_url;           // of paging links; "" takes the request's Host
    std::string version = "v26.0";  // the newest; the oldest alive is v21.0
    bool ranked = true;             // /feed is only roughly newest first
    std::size_t feed_depth = 600;
    std::size_t page_max = 100;
    double private_share = 0;    // of posts that are taken out of pages after they were cut
    std::uint64_t calls = 4800;  // of this app on this Page ...
    std::chrono::seconds calls_period{86400};
    int usage_shown_from = 10;  // percent: below it the usage headers are absent
};

// GET /[vN.M/]{page}/{feed|posts|published_posts|visitor_posts|tagged}, /{post or
// comment}/comments,
// /{page, post or comment}, /?ids= (which fails whole for one that is not there), /me,
// /debug_token. Posts are told apart by Post::place; a comment's `conversation` is the post, its
// `in_reply_to` the post or the comment it answers. `book` outlives it.
class GraphStandIn final : public StandIn {
public:
    GraphStandIn(PostBook const& book, GraphOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void set_base_url(std::string url) { options_.base_url = std::move(url); }
    void set_access_token(std::string token) { options_.access_token = std::move(token); }
    void page_max(std::size_t most) { options_.page_max = most; }  // from now on
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }

private:
    struct Call;
    struct Edge;  // what a list asks for

    std::optional<ServerResponse> unauthorised(Call const& call) const;
    ServerResponse answer(Call& call);
    ServerResponse node(Call& call, std::string const& id);
    ServerResponse nodes(Call& call);
    ServerResponse edge(Call& call, std::string const& id, std::string const& name);
    ServerResponse debug_token(Call const& call) const;

    std::optional<ServerResponse> read_edge(Call const& call, Edge& edge) const;
    Listing posts_of(Call const& call, Edge const& edge) const;
    Listing comments_of(Call const& call, Edge const& edge, Post const& parent) const;
    PostPage ranked(Listing const& listing, Edge const& edge) const;
    [[nodiscard]] Post const* find(std::string const& id, WallTime now) const;

    void write_list(detectors::JsonWriter& json, Call const& call, Edge const& edge,
                    PostPage const& page, std::string const& path) const;
    void write_summary(detectors::JsonWriter& json, std::string_view order,
                       std::size_t total) const;
    void write(detectors::JsonWriter& json, Call const& call, Post const& post,
               std::vector<GraphField> const& fields, bool anonymous) const;
    bool write_field(detectors::JsonWriter& json, Call const& call, Post const& post,
                     GraphField const& field, bool anonymous) const;
    void write_comments(detectors::JsonWriter& json, Call const& call, Post const& post,
                        GraphField const& field) const;
    void add_usage(ServerResponse& response, WallTime now) const;

    PostBook const& book_;
    GraphOptions options_;
    RollingWindow window_;
};

}  // namespace surged::daemon::demo
