// How the Graph API writes posts, comments, cursors and errors.
#include "daemon/demo/graph_call.h"
#include "daemon/demo/random.h"
#include "daemon/demo/signatures.h"
#include "daemon/demo/snowflake.h"

#include <algorithm>
#include <array>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::array<std::string_view, 24> kPostFields = {
    "id",          "created_time",  "updated_time", "message",      "story",        "from",
    "status_type", "permalink_url", "parent_id",    "is_published", "is_hidden",    "shares",
    "reactions",   "comments",      "message_tags", "attachments",  "full_picture", "is_expired",
    "to",          "type",          "likes",        "properties",   "place",        "privacy"};
constexpr std::array<std::string_view, 17> kCommentFields = {
    "id",           "created_time", "message",
    "from",         "parent",       "comment_count",
    "like_count",   "is_hidden",    "permalink_url",
    "message_tags", "attachment",   "comments",
    "reactions",    "can_comment",  "can_reply_privately",
    "object",       "is_private"};

void write_person(JsonWriter& json, Post const& post, GraphField const& field) {
    json.object();
    auto const asked = [&](std::string_view name) {
        return field.fields.empty() ||
               std::any_of(field.fields.begin(), field.fields.end(),
                           [&](GraphField const& one) { return one.name == name; });
    };
    if (asked("id")) json.field("id", post.author.id);
    if (asked("name"))
        json.field("name", post.author.name.empty() ? post.author.handle : post.author.name);
    json.end();
}

void write_total(JsonWriter& json, GraphField const& field, std::int64_t total) {
    json.key(field.name).object().key("data").array().end();
    if (field.modifiers.contains("summary"))
        json.key("summary").object().field("total_count", total).end();
    json.end();
}

}  // namespace

ServerResponse graph_error(int status, int code, int subcode, std::string_view message,
                           std::string_view type) {
    JsonWriter json;
    json.object().key("error").object().field("message", message).field("type", type);
    json.field("code", code);
    if (subcode != 0) json.field("error_subcode", subcode);
    if (code == 1 || code == 2) json.field("is_transient", true);
    json.field("fbtrace_id", "AmFGcW_3hwDB7qFbl_QdebZ").end().end();
    auto response = json_answer(status, json.take());
    if (code == 190 || code == 104)
        response.headers.emplace_back(
            "WWW-Authenticate",
            "OAuth \"Facebook Platform\" \"invalid_token\" \"" + std::string(message) + "\"");
    return response;
}

void write_graph_time(JsonWriter& json, WallTime t, Params const& params) {
    auto const whole = std::chrono::floor<std::chrono::seconds>(t);
    if (params.get("date_format") == "U") {
        json.value(std::int64_t{whole.time_since_epoch().count()});
        return;
    }
    std::string text = detectors::rfc3339(whole);
    text.pop_back();
    json.value(text + "+0000");
}

std::string graph_cursor(std::uint64_t serial) {
    return base64("AQH" + std::to_string(serial) + "." +
                  std::to_string(scramble(31, serial) % 100'000));
}

std::uint64_t read_graph_cursor(std::string_view cursor) {
    auto const text = unbase64(cursor);
    if (!text || !text->starts_with("AQH")) return 0;
    auto const dot = text->find('.');
    if (dot == std::string::npos) return 0;
    std::uint64_t const serial = id_number(std::string_view(*text).substr(3, dot - 3));
    return serial != 0 && graph_cursor(serial) == cursor ? serial : 0;
}

bool graph_field_known(std::string_view name, bool comment) {
    if (comment)
        return std::find(kCommentFields.begin(), kCommentFields.end(), name) !=
               kCommentFields.end();
    return std::find(kPostFields.begin(), kPostFields.end(), name) != kPostFields.end();
}

void GraphStandIn::write(JsonWriter& json, Call const& call, Post const& post,
                         std::vector<GraphField> const& fields, bool anonymous) const {
    json.object();
    bool const with_id = std::any_of(fields.begin(), fields.end(),
                                     [](GraphField const& f) { return f.name == "id"; });
    for (auto const& field : fields) (void)write_field(json, call, post, field, anonymous);
    if (!with_id) json.field("id", post.id);  // comes unasked
    json.end();
}

// False: it has no such field, which is left out.
bool GraphStandIn::write_field(JsonWriter& json, Call const& call, Post const& post,
                               GraphField const& field, bool anonymous) const {
    auto const& name = field.name;
    bool const comment = post.place == "comments";
    if (name == "id") {
        json.field("id", post.id);
    } else if (name == "message") {
        json.field("message", post.text);
    } else if (name == "created_time" || name == "updated_time") {
        json.key(name);
        write_graph_time(json, post.created_at, call.params);
    } else if (name == "from") {
        if (anonymous || post.author.id.empty()) return false;  // withheld: absent, not null
        json.key("from");
        write_person(json, post, field);
    } else if (name == "permalink_url") {
        json.field(name, "https://www.facebook.com/" + (comment ? post.conversation : post.id));
    } else if (name == "status_type") {
        json.field(name, "mobile_status_update");
    } else if (name == "is_published") {
        json.field(name, true);
    } else if (name == "is_hidden") {
        json.field(name, false);
    } else if (name == "shares") {
        if (post.metrics.reposts == 0) return false;
        json.key(name).object().field("count", post.metrics.reposts).end();
    } else if (name == "reactions" || name == "likes") {
        write_total(json, field, post.metrics.likes);
    } else if (name == "like_count") {
        json.field(name, post.metrics.likes);
    } else if (name == "comment_count") {
        json.field(name, post.metrics.replies);
    } else if (name == "comments") {
        write_comments(json, call, post, field);
    } else if (name == "parent" && comment && post.in_reply_to != post.conversation) {
        json.key(name).object().field("id", post.in_reply_to).end();
    } else {
        return false;
    }
    return true;
}

void GraphStandIn::write_comments(JsonWriter& json, Call const& call, Post const& post,
                                  GraphField const& field) const {
    auto const modifier = [&](std::string_view name) {
        auto const it = field.modifiers.find(name);
        return it == field.modifiers.end() ? std::string_view{} : std::string_view(it->second);
    };
    Edge edge;
    edge.name = "comments";
    edge.fields = field.fields;
    if (edge.fields.empty()) edge.fields = *parse_graph_fields("created_time,from,message,id");
    auto const limit = whole_number(modifier("limit")).value_or(25);
    edge.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 0, 100));
    edge.oldest = modifier("order") != "reverse_chronological";
    edge.stream = modifier("filter") == "stream";
    if (auto const since = whole_number(modifier("since")))
        edge.since = WallTime{std::chrono::seconds{*since}};
    edge.summary = field.modifiers.contains("summary");
    Listing const listing = comments_of(call, edge, post);
    PostPage page;
    if (edge.limit > 0)
        page = edge.oldest ? book_.oldest(listing, 0, edge.limit)
                           : book_.newest(listing, 0, edge.limit);
    json.key(field.name).object();
    write_list(json, call, edge, page, post.id + "/comments");
    if (edge.summary) {
        Edge whole;
        whole.stream = true;
        write_summary(json, edge.oldest ? "chronological" : "reverse_chronological",
                      book_.count(comments_of(call, whole, post)));
    }
    json.end();
}

void GraphStandIn::write_summary(JsonWriter& json, std::string_view order,
                                 std::size_t total) const {
    json.key("summary").object().field("order", order);
    json.field("total_count", std::uint64_t{total}).field("can_comment", true).end();
}

// `data` and `paging` into the object that is open. Posts that this app may not see are taken out
// after the page was cut: it may be short, or empty, and go on all the same.
void GraphStandIn::write_list(JsonWriter& json, Call const& call, Edge const& edge,
                              PostPage const& page, std::string const& path) const {
    json.key("data").array();
    for (Post const* post : page.posts) {
        if (lot(11, post->serial) < options_.private_share) continue;
        // Who tags a Page stays unnamed unless it is he who asks.
        write(json, call, *post, edge.fields, post->place == "tagged");
    }
    json.end();
    if (page.posts.empty()) return;
    auto const after = graph_cursor(page.posts.back()->serial);
    auto const before = graph_cursor(page.posts.front()->serial);
    json.key("paging").object().key("cursors").object();
    json.field("before", before).field("after", after).end();
    std::string url = call.base_url + "/" + call.version + "/" + path + "?";
    url += "access_token=" + exporters::url_encode(call.token);
    for (auto const& [name, value] : call.params.pairs())
        if (name != "access_token" && name != "after" && name != "before")
            url += "&" + exporters::url_encode(name) + "=" + exporters::url_encode(value);
    if (page.more || edge.before)
        json.field("next", url + "&after=" + exporters::url_encode(after));
    if (edge.anchor != 0 && !edge.before)
        json.field("previous", url + "&before=" + exporters::url_encode(before));
    json.end();
}

}  // namespace surged::daemon::demo
