#include "daemon/pollers/mastodon_page.h"

#include "daemon/pollers/html_text.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace surged::daemon {
namespace {

using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::uint64_t kItemsMax = 1000;  // we ask for 40 or 80

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

}  // namespace

error_code MastodonPageReader::read_account(ondemand::value value, ItemReader& in,
                                            detectors::Author& author, MentionBatch& batch) {
    return each_field(value, [&](std::string_view key, ondemand::value inner) {
        if (key == "id") author.id = in.id(inner);
        if (key == "followers_count") author.followers = in.count(inner);
        if (key == "created_at") author.created_at = in.time(inner);
        if (key == "acct") {
            author.handle = in.text(inner, kIdMax);
            bool const local = author.handle.find('@') == std::string_view::npos;
            if (local && !author.handle.empty() && !bare_.contains(lower(author.handle))) {
                std::size_t const size = author.handle.size() + 1 + host_.size();
                char* const whole = batch.reserve(size);
                std::memcpy(whole, author.handle.data(), author.handle.size());
                whole[author.handle.size()] = '@';
                std::memcpy(whole + author.handle.size() + 1, host_.data(), host_.size());
                author.handle = batch.commit(size);
            }
        }
        return SUCCESS;
    });
}

error_code MastodonPageReader::read_status(ondemand::value value, ItemReader& in, Status& status,
                                           MentionBatch& batch, bool inner) {
    Mention& m = status.mention;
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") {
            m.id = in.id(field);
        } else if (key == "created_at") {
            m.created_at = in.time(field);
        } else if (key == "in_reply_to_id") {
            m.in_reply_to = in.id(field);
        } else if (key == "language") {
            m.lang = in.text(field);
        } else if (key == "url") {
            m.url = in.text(field);
        } else if (key == "uri") {
            status.uri = in.text(field);
        } else if (key == "content") {
            status.html = cut_text(in.view(field), kTextMax);
        } else if (key == "spoiler_text") {
            status.spoiler = cut_text(in.view(field), kTextMax);
        } else if (key == "visibility") {
            std::string_view const visibility = in.view(field);
            status.hidden = visibility == "private" || visibility == "direct";
        } else if (key == "account") {
            return read_account(field, in, m.author, batch);
        } else if (key == "reblog" && !inner) {
            Status original;
            auto const error = read_status(field, in, original, batch, true);
            if (original.mention.id.empty()) return error;  // null: no boost
            m.reposts = original.mention.id;
            m.conversation = original.mention.id;
            m.text = html_to_text(original.html, batch);
            m.lang = original.mention.lang;
            status.hidden = status.hidden || original.hidden;
            return error;
        } else if (key == "quote" && !inner) {
            // {"state":"accepted","quoted_status":{...}}, or the status itself on other servers.
            return each_field(field, [&](std::string_view name, ondemand::value quoted) {
                if (name == "id") m.quotes = in.id(quoted);
                if (name == "quoted_status_id" && m.quotes.empty()) m.quotes = in.id(quoted);
                if (name != "quoted_status") return SUCCESS;
                return each_field(quoted, [&](std::string_view member, ondemand::value id) {
                    if (member == "id") m.quotes = in.id(id);
                    return SUCCESS;
                });
            });
        }
        return SUCCESS;
    });
}

void MastodonPageReader::finish(Status& status, MentionBatch& batch) const {
    Mention& m = status.mention;
    if (status.hidden) {
        m.text = {};
        m.url = {};
    } else {
        if (m.reposts.empty()) m.text = html_to_text(status.html, batch);
        if (!status.spoiler.empty()) {
            std::size_t const size = status.spoiler.size() + 1 + m.text.size();
            char* const whole = batch.reserve(size);
            std::memcpy(whole, status.spoiler.data(), status.spoiler.size());
            whole[status.spoiler.size()] = '\n';
            if (!m.text.empty())
                std::memcpy(whole + status.spoiler.size() + 1, m.text.data(), m.text.size());
            m.text = batch.commit(size);
        }
        if (m.url.empty()) m.url = status.uri;
    }
    m.reach = m.author.followers;
    if (!m.reposts.empty())
        m.kind = MentionKind::repost;
    else if (!m.in_reply_to.empty())
        m.kind = MentionKind::reply;
    else if (!m.quotes.empty())
        m.kind = MentionKind::quote;
}

error_code MastodonPageReader::read_item(ondemand::value item, bool notifications,
                                         MastodonPage& page, MentionBatch& out) {
    if (++page.items > kItemsMax) return simdjson::CAPACITY;
    ItemReader in(out);
    Status status;
    std::string_view list_id;
    std::string_view type;
    WallTime listed_at = kNoTime;
    error_code error = SUCCESS;
    if (notifications) {
        error = each_field(item, [&](std::string_view key, ondemand::value value) {
            if (key == "id") list_id = in.id(value);
            if (key == "type") type = in.text(value);
            if (key == "created_at") listed_at = in.time(value);
            if (key == "status") return read_status(value, in, status, out, false);
            return SUCCESS;
        });
    } else {
        error = read_status(item, in, status, out, false);
        list_id = status.mention.id;
        listed_at = status.mention.created_at;
    }
    if (error) return error;
    // The place in the list counts even when the item itself cannot be read.
    if (!list_id.empty()) {
        page.descending = page.descending && (page.oldest.empty() || id_less(list_id, page.oldest));
        if (id_less(page.newest, list_id)) page.newest = list_id;
        if (page.oldest.empty() || id_less(list_id, page.oldest)) page.oldest = list_id;
    }
    if (listed_at != kNoTime) {
        page.newest_at = std::max(page.newest_at, listed_at);
        page.oldest_at =
            page.oldest_at == kNoTime ? listed_at : std::min(page.oldest_at, listed_at);
    }
    // Types that later releases add are not ours and no fault.
    if (notifications && !type.empty() && type != "mention" && type != "quote") return SUCCESS;
    if (!in.ok() || status.mention.id.empty()) {
        ++page.malformed;
        return SUCCESS;
    }
    finish(status, out);
    out.items.push_back(status.mention);
    return SUCCESS;
}

Result<MastodonPage> MastodonPageReader::read(HttpResponse const& response, bool notifications,
                                              MentionBatch& out) {
    Appended appended(out);
    MastodonPage page;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    page.repaired = document_.repaired();
    ondemand::value root;
    if (auto const error = (*opened)->get_value().get(root)) return broken(error);
    ondemand::json_type type{};
    if (auto const error = root.type().get(type)) return broken(error);
    if (type != ondemand::json_type::array) return no_page(response.body, "not a list");
    auto const error = each_item(
        root, [&](ondemand::value item) { return read_item(item, notifications, page, out); });
    return concluded(document_.conclude(error, true, "list", response.body), page, appended);
}

Result<MastodonPage> MastodonPageReader::concluded(std::optional<Failure> failure,
                                                   MastodonPage const& page, Appended& appended) {
    if (failure) return std::move(*failure);
    // A page from which no place can be learnt would be asked for again for ever.
    if (page.items > 0 && page.newest.empty())
        return Failure(Fault::malformed, "no item of the page has an id");
    appended.keep();
    return page;
}

Result<MastodonPage> MastodonPageReader::read_search(HttpResponse const& response,
                                                     MentionBatch& out) {
    Appended appended(out);
    MastodonPage page;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    page.repaired = document_.repaired();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    bool listed = false;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key != "statuses" || !is_list(value)) return SUCCESS;
        listed = true;
        return each_item(value,
                         [&](ondemand::value item) { return read_item(item, false, page, out); });
    });
    return concluded(document_.conclude(error, listed, "list of statuses", response.body), page,
                     appended);
}

bool MastodonPageReader::read_one(std::string_view json, bool notification, MentionBatch& out) {
    std::size_t const before = out.items.size();
    MastodonPage page;
    auto opened = document_.open(json);
    ondemand::value root;
    if (!opened || (*opened)->get_value().get(root)) return false;
    auto const error = read_item(root, notification, page, out);
    if (!error && !document_.finish() && page.malformed == 0) return true;
    out.items.resize(before);
    return false;
}

MastodonAccess read_mastodon_access(std::string_view instance) {
    MastodonAccess out;
    JsonDocument document;
    auto opened = document.open(instance);
    ondemand::object root;
    if (!opened || (*opened)->get_object().get(root)) return out;
    auto const under = [](ondemand::value value, std::string_view name, auto&& visit) {
        return each_field(value, [&](std::string_view key, ondemand::value inner) {
            return key == name ? visit(inner) : SUCCESS;
        });
    };
    auto const read = [&](ondemand::value feeds) {
        return each_field(feeds, [&](std::string_view key, ondemand::value value) {
            std::string_view text;
            if (value.get_string().get(text) != SUCCESS) return SUCCESS;
            if (key == "local") out.local = text;
            if (key == "remote") out.remote = text;
            return SUCCESS;
        });
    };
    (void)each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key != "configuration") return SUCCESS;
        return under(value, "timelines_access",
                     [&](ondemand::value access) { return under(access, "hashtag_feeds", read); });
    });
    return out;
}

std::string mastodon_host(std::string_view base) {
    auto const scheme = base.find("://");
    if (scheme != std::string_view::npos) base.remove_prefix(scheme + 3);
    return std::string(base.substr(0, base.find_first_of(":/?#")));
}

std::set<std::string> mastodon_bare_handles(StreamSettings const& stream) {
    std::set<std::string> out;
    for (auto const* list : {&stream.exclude.own, &stream.exclude.authors})
        for (std::string name : *list) {
            if (name.starts_with('@')) name.erase(0, 1);
            name = lower(name);
            if (name.find('@') == std::string::npos) out.insert(std::move(name));
        }
    return out;
}

Result<std::string> mastodon_account_id(HttpResponse const& response) {
    JsonDocument document;
    MentionBatch texts;
    auto opened = document.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    ItemReader in(texts);
    std::string_view id;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "id") id = in.id(value);
        return SUCCESS;
    });
    if (error) return broken(error);
    if (auto const trailing = document.finish()) return *trailing;
    if (id.empty()) return Failure(Fault::malformed, "an account without an id");
    return std::string(id);
}

std::optional<WallTime> mastodon_id_time(std::string_view id, WallTime now) {
    constexpr WallTime kFirst{std::chrono::seconds{1'451'606'400}};  // 2016
    if (id.size() < 17 || id.size() > 19) return std::nullopt;
    std::int64_t const value = read_count(id);
    if (value <= 0) return std::nullopt;
    WallTime const time{std::chrono::milliseconds{value >> 16}};
    if (time < kFirst || time > now + std::chrono::days{1}) return std::nullopt;
    return time;
}

std::string mastodon_id_at(WallTime time) {
    return std::to_string(time.time_since_epoch().count() << 16);
}

}  // namespace surged::daemon
