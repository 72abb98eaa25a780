#include "daemon/demo/x_body.h"

#include "daemon/demo/words.h"

#include <chrono>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

bool wants(XNames const& names, std::string_view name) {
    return names.find(name) != names.end();
}

XUser user_of(PostAuthor const& author) {
    return {author.id, author.handle, author.name.empty() ? author.handle : author.name,
            author.followers, author.created_at};
}

void write_history(JsonWriter& json, Post const& post, bool post_names) {
    json.key(post_names ? "edit_history_post_ids" : "edit_history_tweet_ids").array();
    for (auto const& version : post.versions) json.value(version);
    json.value(post.id).end();
}

void write_references(JsonWriter& json, Post const& post, bool post_names) {
    if (post.in_reply_to.empty() && post.quotes.empty() && post.reposts.empty()) return;
    json.key(post_names ? "referenced_posts" : "referenced_tweets").array();
    auto const one = [&](std::string_view type, std::string const& id) {
        if (!id.empty()) json.object().field("type", type).field("id", id).end();
    };
    one("retweeted", post.reposts);
    one("quoted", post.quotes);
    one("replied_to", post.in_reply_to);
    json.end();
}

void write_metrics(JsonWriter& json, Post const& post, bool post_names) {
    json.key("public_metrics").object();
    json.field(post_names ? "repost_count" : "retweet_count", post.metrics.reposts);
    json.field("reply_count", post.metrics.replies).field("like_count", post.metrics.likes);
    json.field("quote_count", post.metrics.quotes).field("bookmark_count", 0);
    json.field("impression_count", post.author.followers / 10).end();
}

void write_entities_of(JsonWriter& json, std::vector<Entity> const& all, char sign,
                       std::string_view list, std::string_view name) {
    bool open = false;
    for (auto const& entity : all) {
        if (entity.sign != sign) continue;
        if (!open) json.key(list).array();
        open = true;
        json.object().field("start", std::uint64_t{entity.start});
        json.field("end", std::uint64_t{entity.end}).field(name, entity.text).end();
    }
    if (open) json.end();
}

void write_entities(JsonWriter& json, Post const& post) {
    auto const all = entities(post.text);
    if (all.empty()) return;  // empty values are left out, never null
    json.key("entities").object();
    write_entities_of(json, all, '@', "mentions", "username");
    write_entities_of(json, all, '#', "hashtags", "tag");
    write_entities_of(json, all, 'u', "urls", "url");
    json.end();
}

void write_edit_controls(JsonWriter& json, Post const& post) {
    json.key("edit_controls").object();
    json.field("edits_remaining",
               std::int64_t{5} - static_cast<std::int64_t>(post.versions.size()));
    json.field("is_edit_eligible", post.in_reply_to.empty());
    json.field("editable_until", x_timestamp(post.created_at + std::chrono::hours{1})).end();
}

void write_person_answered(JsonWriter& json, Post const& post, PostBook const& book) {
    if (post.in_reply_to.empty()) return;
    if (Post const* parent = book.find(post.in_reply_to))
        json.field("in_reply_to_user_id", parent->author.id);
}

}  // namespace

std::string x_timestamp(WallTime t) {
    std::string text = detectors::rfc3339(std::chrono::floor<std::chrono::seconds>(t));
    text.insert(text.size() - 1, ".000");
    return text;
}

void write_x_post(JsonWriter& json, Post const& post, XFields const& fields, PostBook const& book) {
    auto const asked = [&](std::string_view name) { return wants(fields.post, name); };
    bool const referenced =
        asked(fields.post_names ? "referenced_posts" : "referenced_tweets") ||
        wants(fields.expansions, fields.post_names ? "referenced_posts" : "referenced_tweets.id");
    json.object().field("id", post.id);
    write_history(json, post, fields.post_names);
    if (asked("created_at")) json.field("created_at", x_timestamp(post.created_at));
    if (asked("author_id") || wants(fields.expansions, "author_id"))
        json.text_if("author_id", post.author.id);
    if (asked("conversation_id"))
        json.field("conversation_id", post.conversation.empty() ? post.id : post.conversation);
    if (asked("in_reply_to_user_id")) write_person_answered(json, post, book);
    if (referenced) write_references(json, post, fields.post_names);
    json.field("text", post.text);
    if (asked("lang")) json.field("lang", post.lang.empty() ? "und" : post.lang);
    if (asked("possibly_sensitive")) json.field("possibly_sensitive", false);
    if (asked("reply_settings")) json.field("reply_settings", "everyone");
    if (asked("edit_controls")) write_edit_controls(json, post);
    if (asked("entities")) write_entities(json, post);
    if (asked("public_metrics")) write_metrics(json, post, fields.post_names);
    json.end();
}

void write_x_user(JsonWriter& json, XUser const& user, XFields const& fields) {
    auto const asked = [&](std::string_view name) { return wants(fields.user, name); };
    json.object().field("id", user.id).field("username", user.username).field("name", user.name);
    if (asked("verified")) json.field("verified", false);
    if (asked("protected")) json.field("protected", false);
    if (asked("created_at") && user.created_at != kNoTime)
        json.field("created_at", x_timestamp(user.created_at));
    if (asked("public_metrics")) {
        json.key("public_metrics").object().field("followers_count", user.followers);
        json.field("following_count", 100);
        json.field(fields.post_names ? "post_count" : "tweet_count", 1000);
        json.field("listed_count", 1).field("like_count", 10).end();
    }
    json.end();
}

std::vector<std::string> write_x_includes(JsonWriter& json, std::vector<Post const*> const& posts,
                                          XFields const& fields, PostBook const& book,
                                          WallTime now) {
    bool const users = wants(fields.expansions, "author_id");
    bool const references =
        wants(fields.expansions, fields.post_names ? "referenced_posts" : "referenced_tweets.id");
    std::vector<XUser> people;
    std::vector<Post const*> others;
    std::vector<std::string> missing;
    XNames seen;  // user and post ids do not meet: each has its prefix
    for (Post const* post : posts) {
        if (users && !post->author.id.empty() && seen.insert("u" + post->author.id).second)
            people.push_back(user_of(post->author));
        for (auto const& id : {post->in_reply_to, post->quotes, post->reposts}) {
            if (!references || id.empty() || !seen.insert("p" + id).second) continue;
            Post const* const other = book.find(id);
            if (other && other->visible(now)) {
                others.push_back(other);
            } else {
                missing.push_back(id);
            }
        }
    }
    if (people.empty() && others.empty()) return missing;
    json.key("includes").object();
    if (!people.empty()) {
        json.key("users").array();
        for (auto const& user : people) write_x_user(json, user, fields);
        json.end();
    }
    if (!others.empty()) {
        json.key(fields.post_names ? "posts" : "tweets").array();
        for (Post const* post : others) write_x_post(json, *post, fields, book);
        json.end();
    }
    json.end();
    return missing;
}

std::string x_problem(int status, std::string_view title, std::string_view detail,
                      std::string_view type) {
    JsonWriter json;
    json.object().field("title", title).field("detail", detail).field("type", type);
    json.field("status", status).end();
    return json.take();
}

std::string x_invalid(std::string_view parameter, std::string_view value,
                      std::string_view message) {
    JsonWriter json;
    json.object().key("errors").array().object();
    json.key("parameters").object().key(parameter).array().value(value).end().end();
    json.field("message", message).end().end();
    json.field("title", "Invalid Request");
    json.field("detail", "One or more parameters to your request was invalid.");
    json.field("type", "https://api.twitter.com/2/problems/invalid-request").end();
    return json.take();
}

void write_x_missing(JsonWriter& json, std::string_view resource, std::string_view parameter,
                     std::string_view value, bool hidden) {
    std::string const what = std::string(resource) + " with " + std::string(parameter) + ": [" +
                             std::string(value) + "].";
    json.object().field("value", value);
    json.field("detail",
               (hidden ? "Sorry, you are not authorized to see the " : "Could not find ") + what);
    json.field("title", hidden ? "Authorization Error" : "Not Found Error");
    json.field("resource_type", resource).field("parameter", parameter);
    json.field("resource_id", value);
    json.field("type", hidden ? "https://api.x.com/2/problems/not-authorized-for-resource"
                              : "https://api.x.com/2/problems/resource-not-found");
    json.end();
}

}  // namespace surged::daemon::demo
