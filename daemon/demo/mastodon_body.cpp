#include "daemon/demo/mastodon_body.h"

#include "daemon/demo/words.h"

#include <array>
#include <cstdio>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::int64_t kNoticeEpoch =
    1'500'000'000'000;  // ms; keeps the ids of notifications short

std::string escaped(std::string_view text) {
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            case '\n': out += "<br />"; break;
            default: out += c;
        }
    }
    return out;
}

std::string linked(Entity const& entity, std::string_view base_url) {
    std::string const base(base_url);
    std::string const text = escaped(entity.text);
    if (entity.sign == '#')
        return "<a href=\"" + base + "/tags/" + text +
               "\" class=\"mention hashtag\" rel=\"tag\">#<span>" + text + "</span></a>";
    if (entity.sign == '@')
        return "<span class=\"h-card\"><a href=\"" + base + "/@" + text +
               "\" class=\"u-url mention\">@<span>" + text + "</span></a></span>";
    return "<a href=\"" + text + "\" rel=\"nofollow noopener\" target=\"_blank\">" + text + "</a>";
}

void write_tags(JsonWriter& json, std::vector<Entity> const& all, MastodonPlace const& place) {
    json.key("tags").array();
    for (auto const& entity : all) {
        if (entity.sign != '#') continue;
        json.object().field("name", fold(entity.text));
        json.field("url", place.base_url + "/tags/" + fold(entity.text)).end();
    }
    json.end();
}

void write_mentions(JsonWriter& json, std::vector<Entity> const& all, MastodonPlace const& place) {
    json.key("mentions").array();
    for (auto const& entity : all) {
        if (entity.sign != '@' || fold(entity.text) != fold(place.handle)) continue;
        json.object().field("id", place.account_id).field("username", place.handle);
        json.field("acct", place.handle).field("url", place.base_url + "/@" + place.handle).end();
    }
    json.end();
}

void write_quote(JsonWriter& json, Post const& post, MastodonPlace const& place,
                 PostBook const& book) {
    if (post.quotes.empty()) {
        json.key("quote").null();
        return;
    }
    Post const* const other = book.find(post.quotes);
    json.key("quote").object().field("state", other ? "accepted" : "deleted").key("quoted_status");
    if (other) {
        json.object().field("id", other->id);
        json.field("uri",
                   place.base_url + "/users/" + other->author.handle + "/statuses/" + other->id);
        json.end();
    } else {
        json.null();
    }
    json.end();
}

void write_answered(JsonWriter& json, Post const& post, PostBook const& book) {
    Post const* const parent = post.in_reply_to.empty() ? nullptr : book.find(post.in_reply_to);
    auto const one = [&](std::string_view name, std::string_view value) {
        json.key(name);
        value.empty() ? json.null() : json.value(value);
    };
    one("in_reply_to_id", post.in_reply_to);
    one("in_reply_to_account_id", parent ? parent->author.id : std::string_view{});
}

}  // namespace

std::string mastodon_timestamp(WallTime t) {
    std::string text = detectors::rfc3339(t);
    if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
    return text;
}

std::string mastodon_html(std::string_view text, std::string_view base_url) {
    std::string out = "<p>";
    std::size_t from = 0;
    for (auto const& entity : entities(text)) {
        std::string const raw =
            (entity.sign == 'u' ? "" : std::string(1, entity.sign)) + entity.text;
        auto const at = text.find(raw, from);
        if (at == std::string_view::npos) continue;
        out += escaped(text.substr(from, at - from)) + linked(entity, base_url);
        from = at + raw.size();
    }
    return out + escaped(text.substr(from)) + "</p>";
}

void write_mastodon_account(JsonWriter& json, PostAuthor const& author,
                            MastodonPlace const& place) {
    auto const name = author.handle.substr(0, author.handle.find('@'));
    json.object().field("id", author.id).field("username", name).field("acct", author.handle);
    json.field("display_name", author.name.empty() ? name : author.name);
    json.field("bot", false).field("locked", false);
    json.key("created_at");
    author.created_at == kNoTime ? json.null() : json.value(mastodon_timestamp(author.created_at));
    json.field("url", place.base_url + "/@" + author.handle);
    json.field("followers_count", author.followers).field("following_count", 100);
    json.field("statuses_count", 1000).end();
}

void write_mastodon_status(JsonWriter& json, Post const& post, MastodonPlace const& place,
                           PostBook const& book) {
    Post const* const original = post.reposts.empty() ? nullptr : book.find(post.reposts);
    auto const all = entities(post.text);
    std::string const uri =
        place.base_url + "/users/" + post.author.handle + "/statuses/" + post.id;
    json.object().field("id", post.id).field("created_at", mastodon_timestamp(post.created_at));
    json.key("edited_at").null();
    write_answered(json, post, book);
    json.field("sensitive", false).field("spoiler_text", "");
    json.field("visibility", post.visibility.empty() ? "public" : post.visibility);
    json.key("language");
    post.lang.empty() ? json.null() : json.value(post.lang);
    json.field("uri", uri).field("url", place.base_url + "/@" + post.author.handle + "/" + post.id);
    json.field("replies_count", post.metrics.replies).field("reblogs_count", post.metrics.reposts);
    json.field("favourites_count", post.metrics.likes).field("quotes_count", post.metrics.quotes);
    json.field("content", original ? "" : mastodon_html(post.text, place.base_url));
    json.key("reblog");
    original ? write_mastodon_status(json, *original, place, book) : void(json.null());
    write_quote(json, post, place, book);
    json.key("poll").null().key("card").null().key("account");
    write_mastodon_account(json, post.author, place);
    json.key("media_attachments").array().end().key("emojis").array().end();
    write_mentions(json, all, place);
    write_tags(json, all, place);
    json.end();
}

std::string_view mastodon_notice(Post const& post, std::string_view handle) {
    if (post.own) return "";
    if (post.kind == MentionKind::repost) return "reblog";
    if (has_signed(fold(post.text), '@', fold(handle))) return "mention";
    return post.kind == MentionKind::quote ? "quote" : "";
}

std::uint64_t mastodon_notice_id(Post const& post) {
    auto const ms = post.visible_at.time_since_epoch().count() - kNoticeEpoch;
    return static_cast<std::uint64_t>(ms > 0 ? ms : 0) * 1000 + post.serial % 1000;
}

}  // namespace surged::daemon::demo
