// The Graph API's nodes and edges: which posts a request lists.
#include "daemon/demo/graph_call.h"
#include "daemon/demo/random.h"

#include <algorithm>
#include <array>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::chrono::minutes kRankWanders{10};  // how far /feed strays from the order of time
constexpr std::size_t kLimitMax = 100;

ServerResponse missing(std::string const& id) {
    return graph_error(400, 100, 33,
                       "Unsupported get request. Object with ID '" + id +
                           "' does not exist, cannot be loaded due to missing permissions, or does "
                           "not support this operation.",
                       "GraphMethodException");
}

ServerResponse bad_parameter(std::string_view message) {
    return graph_error(400, 100, 0, message);
}

// Unix seconds, or a date or time as people write it.
std::optional<WallTime> read_time(std::string_view text) {
    if (auto const number = whole_number(text)) return WallTime{std::chrono::seconds{*number}};
    if (text.size() == 10) return detectors::parse_time(std::string(text) + "T00:00:00Z");
    return detectors::parse_time(text);
}

}  // namespace

// A post goes by its whole id and by the part behind the page's.
Post const* GraphStandIn::find(std::string const& id, WallTime now) const {
    Post const* post = book_.find(id);
    if (post == nullptr) post = book_.find(options_.page_id + "_" + id);
    return post != nullptr && post->visible(now) ? post : nullptr;
}

ServerResponse GraphStandIn::node(Call& call, std::string const& id) {
    JsonWriter json;
    if (id == options_.page_id) {
        json.object().field("name", options_.page_name).field("id", options_.page_id).end();
        return json_answer(200, json.take());
    }
    Post const* const post = find(id, call.now);
    if (post == nullptr) return missing(id);
    Edge asked;
    asked.name = post->place;
    if (auto bad = read_edge(call, asked)) return std::move(*bad);
    write(json, call, *post, asked.fields, post->place == "tagged");
    call.items = 1;
    return json_answer(200, json.take());
}

ServerResponse GraphStandIn::nodes(Call& call) {
    auto const ids = split_list(call.params.get("ids"));
    if (ids.empty() || ids.size() > 50)
        return bad_parameter("(#100) Param ids must hold 1 to 50 ids");
    JsonWriter json;
    json.object();
    for (auto const& id : ids) {
        Post const* const post = find(id, call.now);
        if (post == nullptr) return missing(id);
        Edge asked;
        asked.name = post->place;
        if (auto bad = read_edge(call, asked)) return std::move(*bad);
        json.key(id);
        write(json, call, *post, asked.fields, post->place == "tagged");
        ++call.items;
    }
    json.end();
    return json_answer(200, json.take());
}

std::optional<ServerResponse> GraphStandIn::read_edge(Call const& call, Edge& edge) const {
    Params const& params = call.params;
    bool const comments = edge.name == "comments";
    auto const fields = params.has("fields") ? params.get("fields")
                        : comments           ? std::string_view("created_time,from,message,id")
                                             : std::string_view("created_time,message,id");
    auto parsed = parse_graph_fields(fields);
    if (!parsed) return graph_error(400, 2500, 0, "Syntax error in the fields parameter");
    edge.fields = std::move(*parsed);
    for (auto const& field : edge.fields)
        if (!graph_field_known(field.name, comments))
            return bad_parameter("(#100) Tried accessing nonexisting field (" + field.name +
                                 ") on node type (" + (comments ? "Comment" : "Post") + ")");
    if (params.has("limit")) {
        auto const limit = params.number("limit");
        if (!limit || *limit < 0) return bad_parameter("(#100) Param limit must be a whole number");
        if (*limit > static_cast<std::int64_t>(kLimitMax))
            return bad_parameter("(#100) The limit must be at most 100");
        edge.limit = std::min(static_cast<std::size_t>(*limit), options_.page_max);
    }
    for (auto const* name : {"since", "until"}) {
        if (!params.has(name) || (comments && std::string_view(name) == "until")) continue;
        auto const time = read_time(params.get(name));
        if (!time) return bad_parameter("(#100) Param " + std::string(name) + " must be a time");
        (std::string_view(name) == "since" ? edge.since : edge.until) = *time;
    }
    if (params.has("after") && params.has("before"))
        return bad_parameter("(#100) Cannot specify both before and after cursors");
    edge.before = params.has("before");
    if (params.has("after") || edge.before) {
        edge.anchor = read_graph_cursor(params.get(edge.before ? "before" : "after"));
        if (edge.anchor == 0) return bad_parameter("(#100) Invalid cursors values");
    }
    edge.oldest = comments && params.get("order") != "reverse_chronological";
    edge.stream = params.get("filter") == "stream";
    edge.summary = !params.get("summary").empty() && params.get("summary") != "0";
    return std::nullopt;
}

Listing GraphStandIn::posts_of(Call const& call, Edge const& edge) const {
    Listing listing(call.now);
    listing.from = edge.since;
    listing.to = edge.until;
    std::string const place = edge.name == "published_posts" ? "posts" : edge.name;
    listing.match = [place](Post const& post) {
        return place == "feed" ? post.place != "comments" && !post.place.empty()
                               : post.place == place;
    };
    return listing;
}

Listing GraphStandIn::comments_of(Call const& call, Edge const& edge, Post const& parent) const {
    Listing listing(call.now);
    listing.from = std::max(edge.since, parent.created_at);
    std::string const id = parent.id;
    bool const all_levels = edge.stream && parent.place != "comments";
    listing.match = [id, all_levels](Post const& post) {
        return post.place == "comments" &&
               (all_levels ? post.conversation == id : post.in_reply_to == id);
    };
    return listing;
}

// /feed: at most the newest `feed_depth` posts of a year, in an order that strays from time's.
PostPage GraphStandIn::ranked(Listing const& listing, Edge const& edge) const {
    Listing year = listing;
    year.from = std::max(year.from, year.now - std::chrono::days{365});
    auto posts = book_.newest(year, 0, options_.feed_depth).posts;
    auto const rank = [&](Post const* post) {
        auto const wander = std::chrono::duration_cast<std::chrono::milliseconds>(kRankWanders);
        double const by = options_.ranked ? lot(23, post->serial) - 0.5 : 0.0;
        return static_cast<double>(post->created_at.time_since_epoch().count()) +
               by * static_cast<double>(wander.count());
    };
    std::stable_sort(posts.begin(), posts.end(),
                     [&](Post const* a, Post const* b) { return rank(a) > rank(b); });
    PostPage page;
    auto from = posts.begin();
    if (edge.anchor != 0) {
        from = std::find_if(posts.begin(), posts.end(),
                            [&](Post const* post) { return post->serial == edge.anchor; });
        page.lost = from == posts.end();
        if (page.lost) return page;
        ++from;
        from -= std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(edge.repeat),
                                         from - posts.begin());
    }
    auto const left = static_cast<std::size_t>(posts.end() - from);
    page.posts.assign(from, from + static_cast<std::ptrdiff_t>(std::min(left, edge.limit)));
    page.more = left > edge.limit;
    return page;
}

ServerResponse GraphStandIn::edge(Call& call, std::string const& id, std::string const& name) {
    constexpr std::array<std::string_view, 5> kEdges = {"feed", "posts", "published_posts",
                                                        "visitor_posts", "tagged"};
    bool const comments = name == "comments";
    Post const* const parent = comments ? find(id, call.now) : nullptr;
    if (comments ? parent == nullptr : id != options_.page_id) return missing(id);
    if (!comments && std::find(kEdges.begin(), kEdges.end(), name) == kEdges.end())
        return graph_error(400, 2500, 0, "Unknown path components: /" + name);
    Edge edge;
    edge.name = name;
    if (auto bad = read_edge(call, edge)) return std::move(*bad);
    if (edge.anchor != 0) edge.repeat = take_repeat();

    Listing listing = comments ? comments_of(call, edge, *parent) : posts_of(call, edge);
    listing.repeat = edge.repeat;
    PostPage page;
    if (name == "feed" && !edge.before) {
        page = ranked(listing, edge);
    } else if (edge.oldest != edge.before) {
        page = book_.oldest(listing, edge.anchor, edge.limit);
    } else {
        page = book_.newest(listing, edge.anchor, edge.limit);
    }
    if (edge.before) std::reverse(page.posts.begin(), page.posts.end());
    // A cursor dies with the post it points to.
    Post const* const anchor = book_.serial(edge.anchor);
    if (edge.anchor != 0 && (page.lost || anchor == nullptr || !anchor->visible(call.now)))
        return bad_parameter("(#100) Invalid cursors values");
    JsonWriter json;
    json.object();
    write_list(json, call, edge, page, id + "/" + name);
    if (edge.summary && comments) {
        Edge whole;
        whole.stream = true;
        write_summary(json, edge.oldest ? "chronological" : "reverse_chronological",
                      book_.count(comments_of(call, whole, *parent)));
    }
    json.end();
    call.items = page.posts.size();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
