#include "daemon/pollers/youtube_page.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/html_text.h"
#include "daemon/pollers/youtube.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;
using std::chrono::seconds;

constexpr std::uint64_t kItemsMax = 1000;  // we ask for 50 or 100
constexpr auto kThrottledWait = 1min;      // nothing says how long

std::string_view join(std::initializer_list<std::string_view> parts, MentionBatch& out) {
    std::size_t size = 0;
    for (auto const part : parts) size += part.size();
    char* const whole = out.reserve(size);
    char* at = whole;
    for (auto const part : parts) {
        if (!part.empty()) std::memcpy(at, part.data(), part.size());
        at += part.size();
    }
    return out.commit(size);
}

// {"error":{"errors":[{"reason":"quotaExceeded"}]}}; newer services:
// {"error":{"details":[{"reason": "RATE_LIMIT_EXCEEDED"}]}}.
std::string reason_of(std::string const& body) {
    if (body.empty() || body.size() > 64 * 1024) return {};
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(body).get(root) != simdjson::SUCCESS) return {};
    std::string_view reason;
    for (auto const* pointer : {"/error/errors/0/reason", "/error/details/0/reason"})
        if (root.at_pointer(pointer).get(reason) == simdjson::SUCCESS) return std::string(reason);
    return {};
}

struct Meaning {
    std::string_view reason;
    Fault fault;
    std::string_view words = {};
};
constexpr std::array<Meaning, 19> kMeanings{{
    {"quotaExceeded", Fault::budget, "the day's quota is used up until midnight Pacific time"},
    {"dailyLimitExceeded", Fault::budget, "the day's quota is used up until midnight Pacific time"},
    {"rateLimitExceeded", Fault::throttled},
    {"RATE_LIMIT_EXCEEDED", Fault::throttled},
    {"userRateLimitExceeded", Fault::throttled},
    {"commentsDisabled", Fault::forbidden, "comments are turned off there"},
    {"forbidden", Fault::forbidden},
    {"accessNotConfigured", Fault::forbidden, "the API is not enabled for the key's project"},
    {"ipRefererBlocked", Fault::forbidden, "the key is restricted to other addresses"},
    {"videoNotFound", Fault::not_found, "no such video"},
    {"channelNotFound", Fault::not_found, "no such channel"},
    {"parentCommentNotFound", Fault::not_found},
    {"commentNotFound", Fault::not_found},
    {"keyInvalid", Fault::auth, "the API key is not valid"},
    {"badRequest", Fault::bad_request},
    {"API_KEY_INVALID", Fault::auth, "the API key is not valid"},
    {"keyExpired", Fault::auth, "the API key has expired"},
    {"processingFailure", Fault::transient},
    {"backendError", Fault::transient},
}};

}  // namespace

struct YoutubePageReader::Item {
    Mention mention;
    std::string_view video;    // as the comment itself says
    std::string_view display;  // textDisplay: when there is no original
    std::string_view parent;
    std::int64_t replies = 0;
};

std::optional<Failure> youtube_refusal(HttpResponse const& response, WallTime now, bool walking) {
    auto failure = refused(response, now);
    if (!failure) return failure;
    std::string const reason = reason_of(response.body);
    if (reason == "invalidPageToken" && walking) failure->fault = Fault::bad_cursor;
    // An invalid key is a plain "badRequest" in older answers.
    if (reason == "badRequest" && response.body.find("API key not valid") != std::string::npos)
        failure->fault = Fault::auth;
    for (Meaning const& meaning : kMeanings) {
        if (meaning.reason != reason || reason == "badRequest") continue;
        failure->fault = meaning.fault;
        if (!meaning.words.empty())
            failure->detail = "HTTP " + std::to_string(response.status) + ": " +
                              std::string(meaning.words) + " (" + reason + ")";
    }
    if (failure->fault == Fault::budget && response.status != 402)
        failure->retry_after =
            std::chrono::ceil<seconds>(next_pacific_midnight(now) - now) + seconds{30};
    if (failure->fault == Fault::throttled && !failure->retry_after)
        failure->retry_after = kThrottledWait;
    return failure;
}

error_code YoutubePageReader::read_comment_snippet(ondemand::value value, Item& item,
                                                   ItemReader& in) {
    Mention& m = item.mention;
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "videoId") item.video = in.id(field);
        if (key == "textOriginal") m.text = in.text(field);
        if (key == "textDisplay") item.display = in.text(field);
        if (key == "authorDisplayName") m.author.handle = in.text(field, kIdMax);
        if (key == "likeCount") m.reach = in.count(field);
        if (key == "publishedAt") m.created_at = in.time(field);
        if (key == "parentId") item.parent = in.id(field);
        if (key != "authorChannelId") return SUCCESS;
        return each_field(field, [&](std::string_view name, ondemand::value id) {
            if (name == "value") m.author.id = in.id(id);
            return SUCCESS;
        });
    });
}

error_code YoutubePageReader::read_comment(ondemand::value value, Item& item, ItemReader& in) {
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") item.mention.id = in.id(field);
        return key == "snippet" ? read_comment_snippet(field, item, in) : SUCCESS;
    });
}

error_code YoutubePageReader::read_thread_snippet(ondemand::value value, Item& item, Item& thread,
                                                  ItemReader& in) {
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "videoId") thread.video = in.id(field);
        if (key == "totalReplyCount") thread.replies = in.count(field);
        return key == "topLevelComment" ? read_comment(field, item, in) : SUCCESS;
    });
}

error_code YoutubePageReader::read_video(ondemand::value value, Item& item, ItemReader& in,
                                         MentionBatch& out) {
    Mention& m = item.mention;
    std::string_view title, description;
    auto const snippet = [&](std::string_view key, ondemand::value field) {
        if (key == "title") title = in.text(field);
        if (key == "description") description = in.text(field);
        if (key == "channelId") m.author.id = in.id(field);
        if (key == "channelTitle") m.author.handle = in.text(field, kIdMax);
        if (key == "publishedAt") m.created_at = in.time(field);
        return SUCCESS;
    };
    auto const error = each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "snippet") return each_field(field, snippet);
        if (key != "id") return SUCCESS;
        ondemand::json_type type{};
        if (auto const bad = field.type().get(type)) return bad;
        if (type != ondemand::json_type::object) {
            m.id = in.id(field);
            return SUCCESS;
        }
        return each_field(field, [&](std::string_view name, ondemand::value id) {
            if (name == "videoId") m.id = in.id(id);
            return SUCCESS;
        });
    });
    // Search escapes both; where it does not, there is nothing to decode.
    m.text =
        decode_entities(description.empty() ? title : join({title, "\n", description}, out), out);
    m.text = cut_text(m.text, kTextMax);
    return error;
}

void YoutubePageReader::keep(Item& item, bool reply, QueryWords const& words, MentionBatch& out) {
    Mention& m = item.mention;
    if (m.text.empty()) m.text = decode_entities(item.display, out);
    if (!words.held_by(m.text)) return;
    m.kind = reply ? MentionKind::reply : MentionKind::comment;
    m.conversation = item.video;
    if (reply)
        m.in_reply_to = !item.parent.empty() ? item.parent : m.id.substr(0, m.id.find('.'));
    else
        m.in_reply_to = item.video;
    if (!item.video.empty())
        m.url = join({"https://www.youtube.com/watch?v=", item.video, "&lc=", m.id}, out);
    out.items.push_back(m);
}

error_code YoutubePageReader::read_item(ondemand::value value, List list, std::string_view video,
                                        YoutubePage& page, QueryWords const& words,
                                        MentionBatch& out) {
    if (++page.items > kItemsMax) return simdjson::CAPACITY;
    ItemReader in(out);
    Item item, thread;
    std::vector<Item> replies;
    std::uint64_t shown = 0;  // replies of the thread on this page
    error_code error = SUCCESS;
    if (list == List::videos) {
        error = read_video(value, item, in, out);
    } else if (list == List::replies) {
        error = read_comment(value, item, in);
    } else {
        error = each_field(value, [&](std::string_view key, ondemand::value field) {
            if (key == "id") thread.mention.id = in.id(field);
            if (key == "snippet") return read_thread_snippet(field, item, thread, in);
            if (key != "replies") return SUCCESS;
            return each_field(field, [&](std::string_view name, ondemand::value comments) {
                if (name != "comments") return SUCCESS;
                return each_item(comments, [&](ondemand::value comment) {
                    if (++shown > kItemsMax) return simdjson::CAPACITY;
                    ItemReader inner(out);
                    Item reply;
                    auto const bad = read_comment(comment, reply, inner);
                    if (bad) return bad;
                    if (inner.ok() && !reply.mention.id.empty())
                        replies.push_back(reply);
                    else
                        ++page.malformed;
                    return SUCCESS;
                });
            });
        });
        if (item.mention.id.empty()) item.mention.id = thread.mention.id;
    }
    if (error) return error;
    WallTime const at = item.mention.created_at;
    if (at != kNoTime) {
        page.newest = std::max(page.newest, at);
        page.oldest = page.oldest == kNoTime ? at : std::min(page.oldest, at);
    }
    if (!in.ok() || item.mention.id.empty()) {
        ++page.malformed;
        return SUCCESS;
    }
    std::string_view const of_thread = !thread.video.empty() ? thread.video : video;
    if (list == List::videos) {
        Mention& m = item.mention;
        m.conversation = m.id;
        m.url = join({"https://www.youtube.com/watch?v=", m.id}, out);
        if (words.held_by(m.text)) out.items.push_back(m);
        return SUCCESS;
    }
    if (item.video.empty()) item.video = out.keep(of_thread);
    keep(item, list == List::replies, words, out);
    for (Item& reply : replies) {
        if (reply.video.empty()) reply.video = item.video;
        keep(reply, true, words, out);
    }
    if (thread.replies > static_cast<std::int64_t>(shown))
        page.short_threads.push_back(
            {std::string(item.mention.id), std::string(item.video), thread.replies});
    return SUCCESS;
}

Result<YoutubePage> YoutubePageReader::read(HttpResponse const& response, List list,
                                            std::string_view video, QueryWords const& words,
                                            MentionBatch& out) {
    Appended appended(out);
    YoutubePage page;
    bool has_list = false;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    page.repaired = document_.repaired();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "nextPageToken") page.next = ItemReader(out).id(value);
        if (key != "items") return SUCCESS;
        has_list = is_list(value);
        return each_item(value, [&](ondemand::value item) {
            return read_item(item, list, video, page, words, out);
        });
    });
    if (auto failure = document_.conclude(error, has_list, "items", response.body))
        return std::move(*failure);
    appended.keep();
    return page;
}

}  // namespace surged::daemon
