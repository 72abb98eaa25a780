#include "daemon/pollers/bluesky_page.h"

#include <algorithm>
#include <cstring>

namespace surged::daemon {
namespace {

using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::uint64_t kItemsMax = 1000;  // we ask for 100
constexpr std::string_view kPostPath = "/app.bsky.feed.post/";
constexpr std::size_t kFacetsMax = 100;

// {"uri": ..., "cid": ...}
error_code read_uri(ondemand::value ref, ItemReader& in, std::string_view& out) {
    return each_field(ref, [&](std::string_view key, ondemand::value value) {
        if (key == "uri") out = in.id(value);
        return SUCCESS;
    });
}

// A quoted post; a list, a feed or a labeler that is embedded is no quote.
error_code read_embed(ondemand::value embed, ItemReader& in, std::string_view& quoted) {
    std::string_view uri;
    auto const error = each_field(embed, [&](std::string_view key, ondemand::value value) {
        if (key != "record") return SUCCESS;
        return each_field(value, [&](std::string_view name, ondemand::value inner) {
            if (name == "uri") uri = in.id(inner);
            if (name == "record") return read_uri(inner, in, uri);  // recordWithMedia
            return SUCCESS;
        });
    });
    if (uri.find(kPostPath) != std::string_view::npos) quoted = uri;
    return error;
}

error_code read_facets(ondemand::value facets, ItemReader& in,
                       std::vector<std::string_view>& mentioned) {
    return each_item(facets, [&](ondemand::value facet) {
        return each_field(facet, [&](std::string_view key, ondemand::value value) {
            if (key != "features") return SUCCESS;
            return each_item(value, [&](ondemand::value feature) {
                return each_field(feature, [&](std::string_view name, ondemand::value did) {
                    if (name == "did" && mentioned.size() < kFacetsMax)
                        mentioned.push_back(in.id(did));
                    return SUCCESS;
                });
            });
        });
    });
}

error_code read_author(ondemand::value value, ItemReader& in, detectors::Author& author) {
    return each_field(value, [&](std::string_view key, ondemand::value inner) {
        if (key == "did") author.id = in.id(inner);
        if (key == "handle") author.handle = in.text(inner, kIdMax);
        if (key == "createdAt") author.created_at = in.time(inner);
        if (key == "followersCount") author.followers = in.count(inner);
        return SUCCESS;
    });
}

}  // namespace

std::string_view did_of(std::string_view uri) {
    if (!uri.starts_with("at://")) return {};
    uri.remove_prefix(5);
    return uri.substr(0, uri.find('/'));
}

error_code read_bluesky_record(ondemand::value record, ItemReader& in, Mention& m,
                               std::vector<std::string_view>* mentioned) {
    return each_field(record, [&](std::string_view key, ondemand::value value) {
        if (key == "text") m.text = in.text(value);
        if (key == "createdAt") m.created_at = in.time(value);
        if (key == "embed") return read_embed(value, in, m.quotes);
        if (key == "facets" && mentioned != nullptr) return read_facets(value, in, *mentioned);
        if (key == "langs")
            return each_item(value, [&](ondemand::value lang) {
                if (m.lang.empty()) m.lang = in.text(lang, kIdMax);
                return SUCCESS;
            });
        if (key == "reply")
            return each_field(value, [&](std::string_view name, ondemand::value ref) {
                if (name == "root") return read_uri(ref, in, m.conversation);
                if (name == "parent") return read_uri(ref, in, m.in_reply_to);
                return SUCCESS;
            });
        return SUCCESS;
    });
}

void finish_bluesky(Mention& m, MentionBatch& batch) {
    if (m.author.id.empty()) m.author.id = did_of(m.id);
    if (m.author.handle == "handle.invalid") m.author.handle = {};
    m.reach = m.author.followers;
    if (!m.in_reply_to.empty())
        m.kind = MentionKind::reply;
    else if (!m.quotes.empty())
        m.kind = MentionKind::quote;
    auto const post = m.id.find(kPostPath);
    std::string_view const did = did_of(m.id);
    if (did.empty() || post == std::string_view::npos) return;
    std::string_view const rkey = m.id.substr(post + kPostPath.size());
    // The handle may change, the DID does not.
    std::string url = "https://bsky.app/profile/";
    url.append(did).append("/post/").append(rkey);
    char* const room = batch.reserve(url.size());
    std::memcpy(room, url.data(), url.size());
    m.url = batch.commit(url.size());
}

error_code BlueskyPageReader::read_item(ondemand::value item, bool notifications, BlueskyPage& page,
                                        MentionBatch& out) {
    if (++page.items > kItemsMax) return simdjson::CAPACITY;
    ItemReader in(out);
    Mention m;
    WallTime indexed = kNoTime;
    std::string_view reason;
    auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
        if (key == "uri") m.id = in.id(value);
        if (key == "indexedAt") indexed = in.time(value);
        if (key == "reason") reason = in.text(value, kIdMax);
        if (key == "author") return read_author(value, in, m.author);
        if (key == "record") return read_bluesky_record(value, in, m, nullptr);
        return SUCCESS;
    });
    if (error) return error;
    // Nobody posts after he was indexed: a createdAt from the future is a wrong clock.
    bool const future = indexed != kNoTime && m.created_at > indexed;
    if (m.created_at == kNoTime || future) m.created_at = indexed;
    WallTime const listed = notifications && indexed != kNoTime ? indexed : m.created_at;
    if (listed != kNoTime) {
        page.newest = page.newest == kNoTime ? listed : std::max(page.newest, listed);
        page.oldest = page.oldest == kNoTime ? listed : std::min(page.oldest, listed);
    }
    if (notifications && !reason.empty() && reason != "mention" && reason != "reply" &&
        reason != "quote")
        return SUCCESS;
    if (!in.ok() || m.id.empty()) {
        ++page.malformed;
        return SUCCESS;
    }
    finish_bluesky(m, out);
    out.items.push_back(m);
    return SUCCESS;
}

// {"post":{...},"reply":{...},"reason":{"$type":"...#reasonRepost","indexedAt":"..."}}: with any
// reason it stands in the list for something else than having been written.
error_code BlueskyPageReader::read_feed_item(ondemand::value item, BlueskyPage& page,
                                             MentionBatch& out) {
    std::size_t const before = out.items.size();
    BlueskyPage one;
    bool shared = false;
    WallTime shared_at = kNoTime;
    auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
        if (key == "post") return read_item(value, false, one, out);
        if (key != "reason") return SUCCESS;
        return each_field(value, [&](std::string_view name, ondemand::value inner) {
            ItemReader in(out);
            shared = true;
            if (name == "indexedAt") shared_at = in.time(inner);
            return SUCCESS;
        });
    });
    if (++page.items > kItemsMax) return simdjson::CAPACITY;
    if (error) return error;
    if (one.items == 0) one.malformed = 1;
    page.malformed += one.malformed;
    if (shared) {
        out.items.resize(before);
        one.newest = one.oldest = shared_at;
    }
    if (one.oldest == kNoTime) return SUCCESS;
    page.newest = page.newest == kNoTime ? one.newest : std::max(page.newest, one.newest);
    page.oldest = page.oldest == kNoTime ? one.oldest : std::min(page.oldest, one.oldest);
    return SUCCESS;
}

Result<BlueskyPage> BlueskyPageReader::read(HttpResponse const& response, bool notifications,
                                            MentionBatch& out) {
    return read_list(response, notifications ? List::notifications : List::posts, out);
}

Result<BlueskyPage> BlueskyPageReader::read_feed(HttpResponse const& response, MentionBatch& out) {
    return read_list(response, List::feed, out);
}

Result<BlueskyPage> BlueskyPageReader::read_list(HttpResponse const& response, List list,
                                                 MentionBatch& out) {
    std::string_view const name = list == List::notifications ? "notifications"
                                  : list == List::feed        ? "feed"
                                                              : "posts";
    Appended appended(out);
    BlueskyPage page;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    page.repaired = document_.repaired();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    bool listed = false;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == name && is_list(value)) {
            listed = true;
            return each_item(value, [&](ondemand::value item) {
                return list == List::feed ? read_feed_item(item, page, out)
                                          : read_item(item, list == List::notifications, page, out);
            });
        }
        if (key == "cursor") {
            std::string_view text;
            if (value.get_string().get(text) == SUCCESS) page.cursor = text;
        }
        return SUCCESS;
    });
    if (auto failure = document_.conclude(error, listed, "list of posts", response.body))
        return std::move(*failure);
    // Nothing of a page that holds no post we can name is to be believed.
    if (page.items > 0 && page.items == page.malformed)
        return Failure(Fault::malformed, "no item of the page has a uri");
    appended.keep();
    return page;
}

}  // namespace surged::daemon
