#include "daemon/pollers/hooks.h"

#include "daemon/http.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/x_page.h"
#include "detectors/json_writer.h"
#include "exporters/signature.h"

#include <array>
#include <charconv>

namespace surged::daemon {
namespace {

using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;

// One entry's change of Meta's, with all names any of them uses.
struct Change {
    std::string_view item, verb, comment_id, post_id, media_id, parent_id, id, permalink;
    Mention mention;
};

error_code read_value(ondemand::value value, ItemReader& in, Change& change) {
    Mention& m = change.mention;
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "item") change.item = in.text(field);
        if (key == "verb") change.verb = in.text(field);
        if (key == "comment_id") change.comment_id = in.id(field);
        if (key == "post_id") change.post_id = in.id(field);
        if (key == "media_id") change.media_id = in.id(field);
        if (key == "parent_id") change.parent_id = in.id(field);
        if (key == "id") change.id = in.id(field);
        if (key == "message" || key == "text") m.text = in.text(field);
        if (key == "sender_name") m.author.handle = in.text(field);
        if (key == "created_time") m.created_at = in.time(field);
        if (key == "from")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "id") m.author.id = in.id(inner);
                if (name == "name" || name == "username") m.author.handle = in.text(inner);
                return SUCCESS;
            });
        if (key == "post" || key == "media")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "permalink_url") change.permalink = in.text(inner);
                if (name == "id" && key == "media") change.media_id = in.id(inner);
                return SUCCESS;
            });
        return SUCCESS;
    });
}

// False: not something that was said.
bool place_page(Change& change, std::string_view field) {
    Mention& m = change.mention;
    if (!change.verb.empty() && change.verb != "add") return false;
    if (change.item == "comment") {
        m.id = change.comment_id;
        bool const answer = !change.parent_id.empty() && change.parent_id != change.post_id;
        m.kind = answer ? MentionKind::reply : MentionKind::comment;
        m.in_reply_to = answer ? change.parent_id : change.post_id;
        m.conversation = change.post_id;
        m.url = change.permalink;
        return true;
    }
    bool const said = field == "mention" || change.item == "post" || change.item == "status" ||
                      change.item == "photo" || change.item == "video" || change.item == "share";
    if (!said) return false;
    m.id = change.comment_id.empty() ? change.post_id : change.comment_id;
    m.conversation = change.post_id;
    m.url = change.permalink;
    return true;
}

bool place_instagram(Change& change, std::string_view field, WallTime entry) {
    Mention& m = change.mention;
    if (m.created_at == kNoTime) m.created_at = entry;
    if (field == "mentions") {
        bool const comment = !change.comment_id.empty();
        m.id = comment ? change.comment_id : change.media_id;
        m.kind = comment ? MentionKind::comment : MentionKind::post;
        if (comment) m.in_reply_to = change.media_id;
        m.conversation = change.media_id;
        return true;
    }
    if (field != "comments" && field != "live_comments") return false;
    m.id = change.id;
    m.kind = change.parent_id.empty() ? MentionKind::comment : MentionKind::reply;
    m.in_reply_to = change.parent_id.empty() ? change.media_id : change.parent_id;
    m.conversation = change.media_id;
    return true;
}

struct Entry {
    std::string_view id;
    WallTime time = kNoTime;
    std::vector<std::pair<std::string_view, Change>> changes;
};

error_code read_entry(ondemand::value value, ItemReader& in, Entry& entry) {
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") entry.id = in.id(field);
        if (key == "time") entry.time = in.time(field);
        if (key != "changes") return SUCCESS;
        return each_item(field, [&](ondemand::value item) {
            if (entry.changes.size() >= kHookItems) return simdjson::CAPACITY;
            auto& [name, change] = entry.changes.emplace_back();
            auto& what = name;
            auto& where = change;
            return each_field(item, [&](std::string_view part, ondemand::value inner) {
                if (part == "field") what = in.text(inner);
                return part == "value" ? read_value(inner, in, where) : SUCCESS;
            });
        });
    });
}

// "Mon May 19 14:01:46 +0000 2025"
WallTime old_time(std::string_view text) {
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 30) return kNoTime;
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (text.substr(4, 3) != kMonths[i]) continue;
        std::string month = std::to_string(i + 1);
        if (month.size() < 2) month.insert(0, "0");
        auto const t = detectors::parse_time(std::string(text.substr(26, 4)) + "-" + month + "-" +
                                             std::string(text.substr(8, 2)) + "T" +
                                             std::string(text.substr(11, 8)) + "Z");
        return t.value_or(kNoTime);
    }
    return kNoTime;
}

error_code read_old_post(ondemand::value value, ItemReader& in, Mention& m) {
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id_str") m.id = in.id(field);
        if (key == "text" || key == "full_text") m.text = in.text(field);
        if (key == "lang") m.lang = in.text(field);
        if (key == "created_at") m.created_at = old_time(in.view(field));
        if (key == "in_reply_to_status_id_str") m.in_reply_to = in.id(field);
        if (key == "quoted_status_id_str") m.quotes = in.id(field);
        if (key == "retweeted_status")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "id_str") m.reposts = in.id(inner);
                return SUCCESS;
            });
        if (key == "user")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "id_str") m.author.id = in.id(inner);
                if (name == "screen_name") m.author.handle = in.text(inner);
                if (name == "followers_count") m.author.followers = in.count(inner);
                return SUCCESS;
            });
        return SUCCESS;
    });
}

struct XEnvelope {
    std::string payload, includes, user;  // raw JSON
    std::string type;
};

error_code read_envelope(ondemand::value value, ItemReader& in, XEnvelope& out) {
    auto const raw = [](ondemand::value v, std::string& to) {
        std::string_view text;
        auto const error = simdjson::to_json_string(v).get(text);
        if (!error) to = text;
        return error;
    };
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "event_type") out.type = in.view(field);
        if (key == "payload") return raw(field, out.payload);
        if (key == "includes") return raw(field, out.includes);
        if (key == "filter")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "user_id") out.user = in.id(inner);
                return SUCCESS;
            });
        return SUCCESS;
    });
}

void take_envelope(XEnvelope const& envelope, MentionBatch& batch, HookRead& out) {
    if (!envelope.type.starts_with("post.") || !envelope.type.ends_with("create")) {
        ++out.other;  // deletions, likes, follows
        return;
    }
    HttpResponse page;  // the same object as on a page of posts: the same reader
    page.status = 200;
    page.body = "{\"data\":[" + envelope.payload + "]" +
                (envelope.includes.empty() ? "" : ",\"includes\":" + envelope.includes) +
                ",\"meta\":{\"result_count\":1}}";
    XPageReader reader;
    std::size_t const before = batch.items.size();
    auto const read = reader.posts(page, batch);
    if (!read || batch.items.size() == before) {
        ++out.malformed;
        return;
    }
    for (std::size_t i = before; i < batch.items.size(); ++i)
        out.mentions.push_back({envelope.user, batch.items[i]});
    batch.items.resize(before);
}

}  // namespace

bool meta_signed(std::string_view signature, std::string_view app_secret, std::string_view body) {
    return !app_secret.empty() &&
           exporters::same_secret(
               signature, "sha256=" + exporters::hex(exporters::hmac_sha256(app_secret, body)));
}

bool x_signed(std::string_view signature, std::string_view consumer_secret, std::string_view body) {
    return !consumer_secret.empty() &&
           exporters::same_secret(signature, "sha256=" + exporters::base64(exporters::hmac_sha256(
                                                             consumer_secret, body)));
}

std::string x_challenge(std::string_view crc_token, std::string_view consumer_secret) {
    detectors::JsonWriter json;
    json.object()
        .field("response_token",
               "sha256=" + exporters::base64(exporters::hmac_sha256(consumer_secret, crc_token)))
        .end();
    return json.take();
}

Result<HookRead> read_meta_hook(std::string_view body, MentionBatch& batch) {
    JsonDocument document;
    auto opened = document.open(body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error, "webhook");
    ItemReader in(batch);
    std::string_view object;
    std::vector<Entry> entries;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "object") object = in.text(value);
        if (key != "entry") return SUCCESS;
        return each_item(value, [&](ondemand::value item) {
            if (entries.size() >= kHookItems) return simdjson::CAPACITY;
            return read_entry(item, in, entries.emplace_back());
        });
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 5000 changes in one delivery");
    if (error) return broken(error, "webhook");
    if (auto const trailing = document.finish()) return *trailing;
    HookRead out;
    for (Entry& entry : entries) {
        for (auto& [field, change] : entry.changes) {
            bool const said = object == "instagram" ? place_instagram(change, field, entry.time)
                              : object == "page"    ? place_page(change, field)
                                                    : false;
            if (!said)
                ++out.other;
            else if (change.mention.id.empty() || entry.id.empty())
                ++out.malformed;
            else
                out.mentions.push_back({std::string(entry.id), change.mention});
        }
    }
    return out;
}

Result<HookRead> read_x_hook(std::string_view body, MentionBatch& batch) {
    JsonDocument document;
    auto opened = document.open(body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error, "webhook");
    ItemReader in(batch);
    HookRead out;
    std::string user;
    std::vector<XEnvelope> envelopes;
    std::size_t const first = out.mentions.size();
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "for_user_id") user = in.id(value);
        if (key == "data") return read_envelope(value, in, envelopes.emplace_back());
        if (key == "tweet_create_events")
            return each_item(value, [&](ondemand::value item) {
                if (out.mentions.size() >= kHookItems) return simdjson::CAPACITY;
                HookMention one;
                Mention& m = one.mention;
                if (auto const inner = read_old_post(item, in, m)) return inner;
                m.kind = !m.reposts.empty()       ? MentionKind::repost
                         : !m.quotes.empty()      ? MentionKind::quote
                         : !m.in_reply_to.empty() ? MentionKind::reply
                                                  : MentionKind::post;
                if (m.id.empty())
                    ++out.malformed;
                else
                    out.mentions.push_back(std::move(one));
                return SUCCESS;
            });
        return SUCCESS;
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 5000 events in one delivery");
    if (error) return broken(error, "webhook");
    if (auto const trailing = document.finish()) return *trailing;
    for (std::size_t i = first; i < out.mentions.size(); ++i) out.mentions[i].target = user;
    for (auto const& envelope : envelopes) take_envelope(envelope, batch, out);
    if (out.mentions.empty() && out.malformed == 0 && envelopes.empty()) ++out.other;
    return out;
}

}  // namespace surged::daemon
