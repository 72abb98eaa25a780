#include "daemon/pollers/reddit_page.h"

#include "daemon/pollers/answer.h"

#include <algorithm>
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

constexpr std::uint64_t kItemsMax = 1000;  // we ask for 100
constexpr auto kBlockedWait = 10min;       // a network block: whoever insists stays blocked longer

std::string_view joined(std::string_view a, std::string_view b, MentionBatch& out) {
    if (a.empty() || b.empty()) return a.empty() ? b : a;
    char* const whole = out.reserve(a.size() + b.size());
    std::memcpy(whole, a.data(), a.size());
    std::memcpy(whole + a.size(), b.data(), b.size());
    return out.commit(a.size() + b.size());
}

bool is_html(HttpResponse const& response) {
    auto const type = exporters::header(response.headers, "Content-Type");
    auto const first = response.body.find_first_not_of(" \t\r\n");
    return type.find("html") != std::string_view::npos ||
           (first != std::string::npos && response.body[first] == '<');
}

// {"message":"Too Many Requests","error":429}: the status that was meant; 0 when none is told.
int inner_status(std::string const& body) {
    if (body.size() > 4096) return 0;  // a listing is longer, an error body never
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    std::int64_t status = 0;
    if (parser.parse(body).get(root) != simdjson::SUCCESS) return 0;
    if (root["error"].get(status) != simdjson::SUCCESS) return 0;
    return status >= 400 && status < 600 ? static_cast<int>(status) : 0;
}

}  // namespace

std::optional<Failure> reddit_refusal(HttpResponse const& response, WallTime now) {
    if (response.status >= 200 && response.status < 300) {
        int const meant = inner_status(response.body);
        if (meant == 0) return std::nullopt;
        HttpResponse plain = response;
        plain.status = meant;
        return refused(plain, now);
    }
    auto failure = refused(response, now);
    if (!failure) return failure;
    bool const redirect = response.status == 301 || response.status == 302;
    if (redirect &&
        exporters::header(response.headers, "Location").find("search") != std::string_view::npos) {
        failure->fault = Fault::not_found;
        failure->detail += ": no such subreddit";
    }
    if (failure->fault == Fault::forbidden && is_html(response)) {
        failure->detail = "HTTP 403: blocked by network security; is `user_agent` unique?";
        if (!failure->retry_after) failure->retry_after = kBlockedWait;
    } else if (failure->fault == Fault::forbidden || failure->fault == Fault::not_found) {
        for (std::string_view const reason : {"private", "quarantined", "gated", "banned"})
            if (response.body.find("\"reason\":\"" + std::string(reason)) != std::string::npos ||
                response.body.find("\"reason\": \"" + std::string(reason)) != std::string::npos)
                failure->detail += ": the subreddit is " + std::string(reason);
    }
    return failure;
}

error_code RedditPageReader::read_child(ondemand::value child, RedditPage& page,
                                        QueryWords const& words, MentionBatch& out) {
    if (++page.items > kItemsMax) return simdjson::CAPACITY;
    ItemReader in(out);
    Mention m;
    std::string_view kind, short_id, title, text, permalink;
    auto const member = [&](std::string_view key, ondemand::value value) {
        if (key == "name") m.id = in.id(value);
        if (key == "id") short_id = in.id(value);
        if (key == "created_utc") m.created_at = in.time(value);
        if (key == "author") m.author.handle = in.text(value, kIdMax);
        if (key == "author_fullname") m.author.id = in.id(value);
        if (key == "title") title = in.text(value);
        if (key == "selftext" || key == "body") text = in.text(value);
        if (key == "permalink") permalink = in.text(value, kIdMax);
        if (key == "parent_id") m.in_reply_to = in.id(value);
        if (key == "link_id") m.conversation = in.id(value);
        if (key == "crosspost_parent") m.quotes = in.id(value);
        if (key == "score") m.reach = in.count(value);
        return SUCCESS;
    };
    auto const error = each_field(child, [&](std::string_view key, ondemand::value value) {
        if (key == "kind") kind = in.text(value, kIdMax);
        return key == "data" ? each_field(value, member) : SUCCESS;
    });
    if (error) return error;
    if (m.created_at != kNoTime) {
        page.newest = std::max(page.newest, m.created_at);
        page.oldest = page.oldest == kNoTime ? m.created_at : std::min(page.oldest, m.created_at);
    }
    if (m.id.empty() && !short_id.empty() && !kind.empty())
        m.id = joined(out.keep(std::string(kind) + "_"), short_id, out);
    if (!in.ok() || m.id.empty()) {
        ++page.malformed;
        return SUCCESS;
    }
    if (m.author.handle == "[deleted]") m.author.handle = {};
    m.text = title.empty() || text.empty() ? joined(title, text, out)
                                           : joined(joined(title, "\n", out), text, out);
    m.text = cut_text(m.text, kTextMax);
    if (!words.held_by(m.text)) return SUCCESS;
    bool const comment = kind == "t1" || !m.in_reply_to.empty();
    m.kind = comment            ? MentionKind::comment
             : m.quotes.empty() ? MentionKind::post
                                : MentionKind::quote;
    if (m.conversation.empty() && !comment) m.conversation = m.id;
    if (permalink.starts_with('/')) m.url = joined("https://www.reddit.com", permalink, out);
    out.items.push_back(m);
    return SUCCESS;
}

error_code RedditPageReader::read_listing(ondemand::value data, RedditPage& page,
                                          QueryWords const& words, MentionBatch& out) {
    return each_field(data, [&](std::string_view key, ondemand::value value) {
        if (key == "after") page.after = ItemReader(out).id(value);
        if (key != "children") return SUCCESS;
        has_list_ = is_list(value);
        return each_item(
            value, [&](ondemand::value child) { return read_child(child, page, words, out); });
    });
}

Result<RedditPage> RedditPageReader::read(HttpResponse const& response, QueryWords const& words,
                                          MentionBatch& out) {
    Appended appended(out);
    RedditPage page;
    has_list_ = false;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    page.repaired = document_.repaired();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        return key == "data" ? read_listing(value, page, words, out) : SUCCESS;
    });
    if (auto failure = document_.conclude(error, has_list_, "listing", response.body))
        return std::move(*failure);
    appended.keep();
    return page;
}

}  // namespace surged::daemon
