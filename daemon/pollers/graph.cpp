#include "daemon/pollers/graph.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::Mention;
using detectors::MentionBatch;
using exporters::header;
using simdjson::error_code;
using simdjson::SUCCESS;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kItemsMax = 1000;  // we ask for 100
constexpr minutes kBlockedMin{5};          // asking while blocked prolongs the block
constexpr minutes kNearlyBlocked{15};
constexpr double kLow = 10;  // percent left at which we stop
constexpr std::int64_t kMinutesMax = 24 * 60;
constexpr std::size_t kUsageMax = 16 * 1024;

struct Usage {
    double percent = 0;
    std::int64_t regain_minutes = 0;
};

void read_usage(simdjson::dom::object object, Usage& usage) {
    for (auto const* key : {"call_count", "total_time", "total_cputime"}) {
        double value = 0;
        if (object[key].get(value) == SUCCESS) usage.percent = std::max(usage.percent, value);
    }
    std::int64_t regain = 0;
    if (object["estimated_time_to_regain_access"].get(regain) == SUCCESS)
        usage.regain_minutes =
            std::max(usage.regain_minutes, std::clamp<std::int64_t>(regain, 0, kMinutesMax));
}

// The largest share in the header's JSON text: one object, or id -> list of objects.
std::optional<Usage> usage_of(std::string_view text) {
    if (text.empty() || text.size() > kUsageMax) return std::nullopt;
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    if (parser.parse(simdjson::padded_string(text)).get(root) != SUCCESS) return std::nullopt;
    Usage usage;
    read_usage(root, usage);
    for (auto const field : root) {
        simdjson::dom::array list;
        if (field.value.get(list) != SUCCESS) continue;
        for (auto const entry : list) {
            simdjson::dom::object object;
            if (entry.get(object) == SUCCESS) read_usage(object, usage);
        }
    }
    return usage;
}

// The wait the headers ask of whoever was refused.
seconds blocked_for(HttpResponse const& response, WallTime now) {
    seconds wait = kBlockedMin;
    for (auto const* name : {"X-Business-Use-Case-Usage", "X-Page-Usage", "X-App-Usage"})
        if (auto const usage = usage_of(header(response.headers, name)))
            wait = std::max<seconds>(wait, minutes{usage->regain_minutes});
    return std::max(wait, retry_after(response, now).value_or(0s));
}

Fault fault_of(GraphError const& error, bool asked_after) {
    std::int64_t const code = error.code;
    switch (code) {
        case 1:
        case 2: return Fault::transient;
        case 4:
        case 17:
        case 32:
        case 341:
        case 613:
        case 80001:
        case 80002: return Fault::throttled;
        case 102: return Fault::auth;
        case 190: return error.subcode == 2069032 ? Fault::forbidden : Fault::auth;
        case 3:
        case 10:
        case 368: return Fault::forbidden;
        case 18: return Fault::budget;  // more than 30 hashtags in 7 days
        case 24:                        // no such hashtag
        case 803: return Fault::not_found;
        case 100:
            if (error.subcode == 33) return Fault::not_found;
            return asked_after ? Fault::bad_cursor : Fault::bad_request;
        default: break;
    }
    if (code >= 80000 && code <= 80014) return Fault::throttled;  // the other business use cases
    if (code >= 200 && code <= 299) return Fault::forbidden;
    return error.transient ? Fault::transient : Fault::bad_request;
}

}  // namespace

Failure graph_failure(GraphError const& error, HttpResponse const& response, WallTime now,
                      bool asked_after) {
    std::string words = "code " + std::to_string(error.code);
    if (error.subcode != 0) words += "/" + std::to_string(error.subcode);
    if (!error.message.empty()) words += ": " + error.message;
    Fault const fault = fault_of(error, asked_after);
    if (fault == Fault::throttled) return {fault, words, blocked_for(response, now)};
    // Blocked for breaking a rule: asking on makes it worse.
    if (error.code == 368) return {fault, words, std::chrono::hours{1}};
    return {fault, words, retry_after(response, now)};
}

Failure graph_unread(HttpResponse const& response, WallTime now, Failure why) {
    auto other = refused(response, now);
    if (!other) return why;
    if (other->fault == Fault::not_found) other->fault = Fault::malformed;
    return std::move(*other);
}

std::vector<RateLimit> graph_limits(HttpResponse const& response, WallTime now, std::string& note) {
    std::vector<RateLimit> out;
    for (auto const& [name, kind] :
         {std::pair{"X-App-Usage", "app"}, std::pair{"X-Page-Usage", "page"},
          std::pair{"X-Business-Use-Case-Usage", "page"}}) {
        std::string_view const text = header(response.headers, name);
        if (text.empty()) continue;  // sent only once enough calls were made
        auto const usage = usage_of(text);
        if (!usage) {
            note = std::string("unreadable header ") + name;
            continue;
        }
        RateLimit limit;
        limit.kind = kind;
        limit.of = 100;
        limit.low = kLow;
        limit.remaining = std::clamp(100 - usage->percent, 0.0, 100.0);
        if (usage->regain_minutes > 0) {
            limit.remaining = std::min(limit.remaining, kLow);
            limit.reset = now + minutes{usage->regain_minutes};
        } else if (limit.remaining <= 0) {
            limit.reset = now + kNearlyBlocked;
        } else if (limit.remaining <= kLow) {
            limit.reset = now + kNearlyBlocked;
        }
        auto const same = std::find_if(out.begin(), out.end(),
                                       [&](RateLimit const& l) { return l.kind == limit.kind; });
        if (same == out.end())
            out.push_back(std::move(limit));
        else if (limit.remaining < same->remaining)
            *same = std::move(limit);
    }
    return out;
}

std::string appsecret_proof(std::string_view app_secret, std::string_view access_token) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), app_secret.data(), static_cast<int>(app_secret.size()),
         reinterpret_cast<unsigned char const*>(access_token.data()), access_token.size(),
         digest.data(), &size);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += kHex[digest[i] >> 4U];
        out += kHex[digest[i] & 15U];
    }
    return out;
}

HttpRequest graph_request(AccountSettings const& account, config::Values const& values,
                          std::string const& path,
                          std::vector<std::pair<std::string, std::string>> params) {
    std::string const token = values.secret("access_token_file");
    if (std::string const secret = values.secret("app_secret_file"); !secret.empty())
        params.emplace_back("appsecret_proof", appsecret_proof(secret, token));
    HttpRequest request;
    request.url = exporters::with_query(
        (account.base_url.empty() ? "https://graph.facebook.com" : account.base_url) + path,
        params);
    request.headers.emplace_back("Authorization", "Bearer " + token);
    request.headers.emplace_back("Accept", "application/json");
    request.ca_file = account.ca_file;
    return request;
}

// Comments carry their answers inside; deeper nesting is not the platform's.
error_code GraphReader::read_replies(ondemand::value replies, MentionBatch& batch, GraphPage& page,
                                     int depth) {
    if (depth > 0) return SUCCESS;
    return each_field(replies, [&](std::string_view key, ondemand::value list) {
        if (key != "data") return SUCCESS;
        return each_item(
            list, [&](ondemand::value item) { return read_item(item, batch, page, depth + 1); });
    });
}

error_code GraphReader::read_item(ondemand::value value, MentionBatch& batch, GraphPage& page,
                                  int depth) {
    if (page.items.size() + page.malformed >= kItemsMax) return simdjson::CAPACITY;
    ItemReader in(batch);
    GraphItem item;
    Mention& m = item.mention;
    std::string_view story;
    bool published = true;
    std::size_t const first_reply = page.items.size();
    auto const error = each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") {
            m.id = in.id(field);
        } else if (key == "created_time" || key == "timestamp") {
            m.created_at = in.time(field);
        } else if (key == "updated_time") {
            item.updated_at = in.time(field);
        } else if (key == "message" || key == "caption" || key == "text") {
            m.text = in.text(field);
        } else if (key == "username") {
            m.author.handle = in.text(field);
        } else if (key == "comments_count") {
            item.comments = in.count(field);
        } else if (key == "replies") {
            return read_replies(field, batch, page, depth);
        } else if (key == "story") {
            story = in.text(field);
        } else if (key == "permalink_url" || key == "permalink") {
            m.url = in.text(field);
        } else if (key == "parent_id") {
            m.quotes = in.id(field);  // of a share: the post that was shared
        } else if (key == "is_published") {
            bool is = true;
            if (field.get_bool().get(is) == SUCCESS) published = is;
        } else if (key == "from" || key == "owner") {
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "id") m.author.id = in.id(inner);
                if (name == "name" || name == "username") m.author.handle = in.text(inner);
                return SUCCESS;
            });
        } else if (key == "parent") {
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "id") item.parent = in.id(inner);
                return SUCCESS;
            });
        }
        return SUCCESS;
    });
    if (error) return error;
    if (m.text.empty()) m.text = story;
    item.published = published;
    for (std::size_t i = first_reply; i < page.items.size(); ++i) page.items[i].parent = m.id;
    if (in.ok() && !m.id.empty())
        page.items.push_back(item);
    else
        ++page.malformed;
    return SUCCESS;
}

error_code GraphReader::read_paging(ondemand::value paging, GraphPage& page) {
    ItemReader in(scratch_);
    std::string next;
    std::string after;
    auto const error = each_field(paging, [&](std::string_view key, ondemand::value value) {
        if (key == "next") next = in.view(value);
        if (key != "cursors") return SUCCESS;
        return each_field(value, [&](std::string_view name, ondemand::value inner) {
            if (name == "after") after = in.view(inner);
            return SUCCESS;
        });
    });
    // The end is where `next` is absent, whatever the cursors say. The address itself holds the
    // access token and may lead anywhere, so it is never followed, only read.
    if (next.empty()) return error;
    page.after = after.empty() ? query_value(next, "after") : after;
    if (page.after.empty()) {
        page.until = query_value(next, "until");
        page.paging_token = query_value(next, "__paging_token");
    }
    return error;
}

error_code read_graph_error(ondemand::value value, MentionBatch& batch, GraphError& error) {
    ItemReader in(batch);
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "code") error.code = std::max<std::int64_t>(in.count(field), 0);
        if (key == "error_subcode") error.subcode = std::max<std::int64_t>(in.count(field), 0);
        if (key == "is_transient") error.transient = in.flag(field);
        if (key == "message") error.message = in.text(field, 200);
        return SUCCESS;
    });
}

std::optional<Failure> GraphReader::read(HttpResponse const& response, WallTime now,
                                         bool asked_after, MentionBatch& batch, GraphPage& page) {
    scratch_.clear();
    page.items.clear();
    page.after.clear();
    page.until.clear();
    page.paging_token.clear();
    page.root_id.clear();
    page.no_such_object = false;
    page.malformed = 0;
    bool const fine = response.status >= 200 && response.status < 300;
    auto const give_up = [&](Failure failure) { return fine ? failure : *refused(response, now); };
    auto opened = document_.open(response.body);
    if (!opened) return give_up(opened.error());
    page.repaired = document_.repaired();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return give_up(broken(error));
    std::optional<GraphError> refusal;
    bool has_data = false;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "error") {
            refusal.emplace();
            return read_graph_error(value, scratch_, *refusal);
        }
        if (key == "data") {
            has_data = is_list(value);
            return each_item(value,
                             [&](ondemand::value item) { return read_item(item, batch, page); });
        }
        if (key == "paging") return read_paging(value, page);
        if (key == "id") {
            ItemReader in(scratch_);
            page.root_id = in.id(value);
        }
        return SUCCESS;
    });
    if (refusal) {
        Failure failure = graph_failure(*refusal, response, now, asked_after);
        page.no_such_object = failure.fault == Fault::not_found;
        return failure;
    }
    if (error == simdjson::CAPACITY)
        return give_up(Failure(Fault::too_large, "more than 1000 items on a page"));
    if (error) return give_up(broken(error));
    if (!fine) return *refused(response, now);
    if (auto const trailing = document_.finish()) return *trailing;
    if (!has_data && page.root_id.empty())
        return Failure(Fault::malformed, "neither data nor error");
    return std::nullopt;
}

}  // namespace surged::daemon
