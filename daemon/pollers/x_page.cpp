#include "daemon/pollers/x_page.h"

#include "daemon/pollers/walk_cursor.h"

#include <algorithm>
#include <cstring>

namespace surged::daemon {
namespace {

using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;

// A page asks for 100; three times that is somebody else's page.
constexpr std::uint64_t kPostsMax = 1000;
constexpr std::size_t kProblemsMax = 20;  // that are read; the rest say the same
// Seven days of minutes, twice.
constexpr std::size_t kCountsMax = 20'160;

// Language codes of X that are none in BCP 47, and two that were renamed.
std::string_view language(std::string_view code) {
    if (code == "iw") return "he";
    if (code == "in") return "id";
    if (code == "und" || code == "zxx" || code == "art") return {};
    if (code.size() == 3 && code[0] == 'q') return {};  // qme, qht, ...: media, hashtags only
    return code;
}

bool ends_with(std::string_view text, std::string_view suffix) {
    return text.ends_with(suffix);
}

}  // namespace

error_code XPageReader::read_post(ondemand::value item, ItemReader& in, Post& post) {
    Mention& m = post.mention;
    std::string_view note;
    auto const read_reference = [&](ondemand::value reference) {
        std::string_view type;
        std::string_view id;
        auto const error = each_field(reference, [&](std::string_view key, ondemand::value value) {
            if (key == "type") type = in.text(value);
            if (key == "id") id = in.id(value);
            return SUCCESS;
        });
        if (type == "replied_to") m.in_reply_to = id;
        if (type == "quoted") m.quotes = id;
        if (type == "retweeted" || type == "reposted") m.reposts = id;
        return error;
    };
    auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
        if (key == "id") {
            post.post_id = in.id(value);
        } else if (key == "text") {
            m.text = in.text(value);
        } else if (key == "created_at") {
            m.created_at = in.time(value);
        } else if (key == "author_id") {
            m.author.id = in.id(value);
        } else if (key == "conversation_id") {
            m.conversation = in.id(value);
        } else if (key == "lang") {
            m.lang = language(in.text(value));
        } else if (key == "in_reply_to_user_id") {
            post.to_user = !in.id(value).empty();
        } else if (key == "referenced_tweets" || key == "referenced_posts") {
            return each_item(value, read_reference);
        } else if (key == "edit_history_tweet_ids" || key == "edit_history_post_ids") {
            // An edited post has a new id; it is the same mention, known by its first version.
            return each_item(value, [&](ondemand::value id) {
                if (m.id.empty()) m.id = in.id(id);
                return SUCCESS;
            });
        } else if (key == "note_tweet" || key == "note_post") {
            // Of a long post `text` is only the beginning.
            return each_field(value, [&](std::string_view name, ondemand::value inner) {
                if (name == "text") note = in.text(inner);
                return SUCCESS;
            });
        } else if (key == "public_metrics") {
            return each_field(value, [&](std::string_view name, ondemand::value inner) {
                if (name == "impression_count") post.impressions = in.count(inner);
                return SUCCESS;
            });
        }
        return SUCCESS;
    });
    if (!note.empty()) m.text = note;
    if (m.id.empty()) m.id = post.post_id;
    return error;
}

error_code XPageReader::read_users(ondemand::value includes, MentionBatch& batch) {
    ItemReader in(batch);
    return each_field(includes, [&](std::string_view name, ondemand::value list) {
        if (name != "users") return SUCCESS;
        return each_item(list, [&](ondemand::value item) {
            User user;
            auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
                if (key == "id") user.id = in.id(value);
                if (key == "username") user.handle = in.text(value);
                if (key == "created_at") user.created_at = in.time(value);
                if (key == "public_metrics")
                    return each_field(value, [&](std::string_view metric, ondemand::value inner) {
                        if (metric == "followers_count") user.followers = in.count(inner);
                        return SUCCESS;
                    });
                return SUCCESS;
            });
            if (!user.id.empty()) users_.push_back(user);
            return error;
        });
    });
}

error_code XPageReader::read_meta(ondemand::value meta, XPage& page) {
    ItemReader in(scratch_);
    return each_field(meta, [&](std::string_view key, ondemand::value value) {
        if (key == "newest_id") page.newest_id = in.id(value);
        if (key == "next_token") page.next_token = in.id(value);
        return SUCCESS;
    });
}

error_code XPageReader::read_problem(std::string_view key, ondemand::value value,
                                     Problem& problem) {
    ItemReader in(scratch_);
    if (key == "title") problem.title = in.text(value, 200);
    if (key == "type") problem.type = in.text(value, 200);
    if (key == "detail" || key == "message") problem.detail = in.text(value, 200);
    return SUCCESS;
}

error_code XPageReader::read_problems(ondemand::value errors) {
    return each_item(errors, [&](ondemand::value item) {
        Problem problem;
        auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
            return read_problem(key, value, problem);
        });
        if (problems_.size() < kProblemsMax) problems_.push_back(std::move(problem));
        return error;
    });
}

void XPageReader::finish(Post& post, MentionBatch& batch) {
    Mention& m = post.mention;
    auto const user =
        std::lower_bound(users_.begin(), users_.end(), m.author.id,
                         [](User const& u, std::string_view id) { return id_less(u.id, id); });
    if (user != users_.end() && user->id == m.author.id) {
        m.author.handle = user->handle;
        m.author.followers = user->followers;
        m.author.created_at = user->created_at;
    }
    // Impressions of a post that is seconds old count who saw it; the followers are who may have.
    m.reach = std::max(post.impressions, m.author.followers);
    if (!m.reposts.empty())
        m.kind = MentionKind::repost;
    else if (!m.in_reply_to.empty() ||
             (post.to_user && !m.conversation.empty() && m.conversation != m.id))
        m.kind = MentionKind::reply;
    else if (!m.quotes.empty())
        m.kind = MentionKind::quote;
    constexpr std::string_view kHost = "https://x.com/";
    constexpr std::string_view kStatus = "/status/";
    std::string_view const handle = m.author.handle.empty() ? "i" : m.author.handle;
    char* const begin =
        batch.reserve(kHost.size() + handle.size() + kStatus.size() + post.post_id.size());
    char* end = begin;
    for (std::string_view const part : {kHost, handle, kStatus, post.post_id}) {
        std::memcpy(end, part.data(), part.size());
        end += part.size();
    }
    m.url = batch.commit(static_cast<std::size_t>(end - begin));
}

std::optional<Failure> XPageReader::only_errors(bool answered, XPage& page) const {
    if (problems_.empty()) {
        if (answered) return std::nullopt;
        return Failure(Fault::malformed, "neither data nor meta nor errors");
    }
    Problem const& first = problems_.front();
    std::string words = first.title;
    if (!first.detail.empty()) words += (words.empty() ? "" : ": ") + first.detail;
    if (answered) {
        page.note = "partial answer: " + words;
        return std::nullopt;
    }
    std::string_view const type = first.type;
    if (ends_with(type, "/resource-not-found")) return Failure(Fault::not_found, words);
    if (ends_with(type, "/not-authorized-for-resource") || ends_with(type, "/client-forbidden"))
        return Failure(Fault::forbidden, words);
    if (ends_with(type, "/usage-capped") || words.find("CreditsDepleted") != std::string::npos)
        return Failure(Fault::budget, words);
    if (ends_with(type, "/operational-disconnect") || ends_with(type, "/server-error"))
        return Failure(Fault::transient, words);
    return Failure(Fault::malformed, "answered 200 with an error: " + words);
}

Result<XPage> XPageReader::posts(HttpResponse const& response, MentionBatch& out) {
    scratch_.clear();
    users_.clear();
    posts_.clear();
    problems_.clear();
    XPage page;
    bool answered = false;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    ItemReader in(out);
    Problem top;
    auto const read_item = [&](ondemand::value item) {
        if (++page.posts > kPostsMax) return simdjson::CAPACITY;
        in.reset();
        Post post;
        auto const error = read_post(item, in, post);
        if (error) return error;
        if (in.ok() && !post.post_id.empty())
            posts_.push_back(post);
        else
            ++page.malformed;
        return SUCCESS;
    };
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "data") {
            answered = answered || is_list(value);
            return each_item(value, read_item);
        }
        if (key == "includes") return read_users(value, out);
        if (key == "meta") {
            answered = true;
            return read_meta(value, page);
        }
        if (key == "errors") return read_problems(value);
        return read_problem(key, value, top);
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 1000 posts on a page");
    if (error) return broken(error);
    if (auto const trailing = document_.finish()) return *trailing;
    if (problems_.empty() && !top.title.empty()) problems_.push_back(std::move(top));
    if (auto failure = only_errors(answered, page)) return *failure;

    std::sort(users_.begin(), users_.end(),
              [](User const& a, User const& b) { return id_less(a.id, b.id); });
    std::string_view largest;
    for (Post& post : posts_) {
        finish(post, out);
        if (id_less(largest, post.post_id)) largest = post.post_id;
        WallTime const at = post.mention.created_at;
        if (at != detectors::kNoTime && (page.oldest == detectors::kNoTime || at < page.oldest))
            page.oldest = at;
        out.items.push_back(post.mention);
    }
    if (page.newest_id.empty()) page.newest_id = largest;
    return page;
}

Result<XPage> XPageReader::counts(HttpResponse const& response,
                                  std::vector<detectors::Bucket>& out) {
    scratch_.clear();
    problems_.clear();
    XPage page;
    bool answered = false;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    ItemReader in(scratch_);
    Problem top;
    std::size_t const before = out.size();
    auto const read_item = [&](ondemand::value item) {
        if (++page.posts > kCountsMax) return simdjson::CAPACITY;
        WallTime start = detectors::kNoTime, end = detectors::kNoTime;
        std::int64_t count = -1;
        auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
            if (key == "start") start = in.time(value);
            if (key == "end") end = in.time(value);
            if (key == "tweet_count" || key == "post_count") count = in.count(value);
            return SUCCESS;
        });
        if (error) return error;
        if (start == detectors::kNoTime || end == detectors::kNoTime || end < start || count < 0) {
            ++page.malformed;
        } else if (end - start == detectors::kMinute && detectors::floor_minute(start) == start) {
            out.push_back({start, detectors::kMinute, double(count)});
        }
        return SUCCESS;
    };
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "data") {
            answered = answered || is_list(value);
            return each_item(value, read_item);
        }
        if (key == "meta") {
            answered = true;
            return read_meta(value, page);
        }
        if (key == "errors") return read_problems(value);
        return read_problem(key, value, top);
    });
    std::optional<Failure> failure;
    if (error == simdjson::CAPACITY)
        failure = Failure(Fault::too_large, "more than two weeks of minutes");
    else if (error)
        failure = broken(error);
    else if (auto trailing = document_.finish())
        failure = trailing;
    else {
        if (problems_.empty() && !top.title.empty()) problems_.push_back(std::move(top));
        failure = only_errors(answered, page);
    }
    if (failure) {
        out.resize(before);
        return *failure;
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
              [](auto const& a, auto const& b) { return a.start < b.start; });
    return page;
}

Result<std::string> XPageReader::user_id(HttpResponse const& response) {
    scratch_.clear();
    problems_.clear();
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    ItemReader in(scratch_);
    Problem top;
    std::string_view id;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "data")
            return each_field(value, [&](std::string_view name, ondemand::value inner) {
                if (name == "id") id = in.id(inner);
                return SUCCESS;
            });
        if (key == "errors") return read_problems(value);
        return read_problem(key, value, top);
    });
    if (error) return broken(error);
    if (auto const trailing = document_.finish()) return *trailing;
    if (!id.empty()) return std::string(id);
    if (problems_.empty() && !top.title.empty()) problems_.push_back(std::move(top));
    XPage page;
    if (auto failure = only_errors(false, page)) return *failure;
    return Failure(Fault::malformed, "a user without an id");
}

Failure x_refusal(HttpResponse const& response, WallTime now, bool asked_since) {
    using std::chrono::hours;
    std::string_view const body(response.body);
    auto const says = [&](std::string_view word) {
        return body.substr(0, 64 * 1024).find(word) != std::string_view::npos;
    };
    auto const words = [&] { return answer_words(response); };
    // 429 is two different things: the window, which ends by itself, and the cap of the plan, which
    // asking again never lifts.
    if (says("UsageCapExceeded") || says("/usage-capped") || says("CreditsDepleted"))
        return {Fault::budget, words(), hours{1}};
    if (response.status == 402) return {Fault::budget, words(), hours{1}};
    if (response.status == 429)
        return {Fault::throttled, words(),
                throttle_wait(response, now, x_limits(response, now, "requests"))};
    if (response.status == 400 && asked_since)
        for (auto const* name : {"since_id", "start_time", "next_token", "pagination_token"})
            if (says(name)) return {Fault::bad_cursor, words()};
    return *refused(response, now);
}

bool x_wants_other_spelling(HttpResponse const& response) {
    std::string_view const body(response.body);
    return response.status == 400 && body.size() < 64 * 1024 &&
           (body.find("tweet.fields") != std::string_view::npos ||
            body.find("post.fields") != std::string_view::npos);
}

std::vector<RateLimit> x_limits(HttpResponse const& response, WallTime now, std::string_view kind) {
    std::vector<RateLimit> out;
    add_limit(out, response, now, kind, "x-rate-limit-");
    add_limit(out, response, now, "day", "x-app-limit-24hour-");
    if (out.empty() || out.back().kind != "day")
        add_limit(out, response, now, "day", "x-user-limit-24hour-");
    return out;
}

namespace {
constexpr std::int64_t kSnowflakeEpoch = 1'288'834'974'657;  // 2010-11-04T01:42:54.657Z
}

std::optional<WallTime> x_id_time(std::string_view id) {
    if (id.size() < 10 || id.size() > 19) return std::nullopt;  // ids of before 2010 are no times
    std::int64_t const value = read_count(id);
    if (value <= 0) return std::nullopt;
    return WallTime{std::chrono::milliseconds{(value >> 22) + kSnowflakeEpoch}};
}

std::string x_id_at(WallTime time) {
    std::int64_t const ms = time.time_since_epoch().count() - kSnowflakeEpoch;
    return std::to_string(std::max<std::int64_t>(ms, 0) << 22);
}

}  // namespace surged::daemon
