// How X reads a request: parameters, times, ids, tokens, and what it refuses.
#include "daemon/demo/random.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/words.h"
#include "daemon/demo/x_call.h"

#include <algorithm>
#include <charconv>

namespace surged::daemon::demo {
namespace {

constexpr std::string_view kNextMark = "7140w";
constexpr std::string_view kPreviousMark = "77qp8";
constexpr std::size_t kDigits = 13;  // of a 64-bit number in base 36

constexpr std::string_view kPostFields =
    "attachments,author_id,context_annotations,conversation_id,created_at,edit_controls,entities,"
    "geo,id,in_reply_to_user_id,lang,public_metrics,possibly_sensitive,referenced_tweets,"
    "referenced_posts,reply_settings,source,text,withheld,note_tweet,note_post,"
    "edit_history_tweet_ids,edit_history_post_ids,article,card_uri,community_id,display_text_range,"
    "scopes,media_metadata,suggested_source_links";
constexpr std::string_view kUserFields =
    "created_at,description,entities,id,location,most_recent_tweet_id,name,pinned_tweet_id,"
    "profile_image_url,protected,public_metrics,url,username,verified,verified_type,withheld,"
    "affiliation,connection_status,most_recent_post_id,pinned_post_id,parody,subscription_type";
constexpr std::string_view kExpansions =
    "author_id,referenced_tweets.id,referenced_tweets.id.author_id,referenced_posts,"
    "referenced_posts.author_id,edit_history_tweet_ids,in_reply_to_user_id,"
    "entities.mentions.username,attachments.media_keys,attachments.poll_ids,geo.place_id";

std::string in_base36(std::uint64_t value) {
    std::string out(kDigits, '0');
    for (std::size_t i = kDigits; i > 0; value /= 36)
        out[--i] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
    return out;
}

std::uint64_t hash_of(std::string_view text) {
    return detectors::stable_hash(text);
}

// "2026-11-13T14:05Z", as X writes times in messages.
std::string minute_text(WallTime t) {
    return detectors::rfc3339(detectors::floor_minute(t)).substr(0, 16) + "Z";
}

std::string not_one_of(std::string_view parameter, std::string_view value, std::string_view known) {
    return "The `" + std::string(parameter) + "` query parameter value [" + std::string(value) +
           "] is not one of [" + std::string(known) + "]";
}

// A list parameter whose every value must be known.
std::optional<std::string> read_list(Params const& params, std::string_view name,
                                     std::string_view known, XNames& out) {
    auto const allowed = split_list(known);
    for (auto const& value : split_list(params.get(name))) {
        if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
            return x_invalid(name, value, not_one_of(name, value, known));
        out.insert(value);
    }
    return std::nullopt;
}

bool is_an_id(std::string_view text) {
    return !text.empty() && text.size() <= 19 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string x_token(std::string_view question, std::uint64_t anchor, bool backward) {
    std::uint64_t const key = hash_of(question);
    std::string token(backward ? kPreviousMark : kNextMark);
    token += in_base36(anchor ^ key);
    return token + in_base36(scramble(key, anchor)).substr(kDigits - 6);
}

bool read_x_token(std::string_view token, std::string_view question, std::uint64_t& anchor,
                  bool& backward) {
    backward = token.starts_with(kPreviousMark);
    std::uint64_t const key = hash_of(question);
    if (token.size() != kNextMark.size() + kDigits + 6) return false;
    auto const digits = token.substr(kNextMark.size(), kDigits);
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, value, 36);
    if (error != std::errc{} || end != digits.data() + kDigits) return false;
    anchor = value ^ key;
    return x_token(question, anchor, backward) == token;
}

std::string x_question(ServerRequest const& request, Params const& params) {
    return request.path + "?" + std::string(params.get("query"));
}

// Every parameter must be known, in the spelling this server speaks.
std::optional<std::string> XStandIn::read_names(Call& call,
                                                std::vector<std::string_view> known) const {
    using Spelling = XOptions::Spelling;
    known.insert(known.end(),
                 {"expansions", "user.fields", "media.fields", "poll.fields", "place.fields"});
    if (options_.spelling != Spelling::post) known.emplace_back("tweet.fields");
    if (options_.spelling != Spelling::tweet) known.emplace_back("post.fields");
    for (auto const& [name, value] : call.params.pairs()) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string all;
        for (auto const one : known) all += (all.empty() ? "" : ",") + std::string(one);
        return x_invalid(name, value,
                         "The query parameter [" + name + "] is not one of [" + all + "]");
    }
    XFields& fields = call.fields;
    fields.post_names = options_.spelling == Spelling::post || call.params.has("post.fields") ||
                        call.params.get("expansions").find("referenced_posts") != std::string::npos;
    for (auto const* name : {"tweet.fields", "post.fields"})
        if (auto bad = read_list(call.params, name, kPostFields, fields.post)) return bad;
    if (auto bad = read_list(call.params, "user.fields", kUserFields, fields.user)) return bad;
    return read_list(call.params, "expansions", kExpansions, fields.expansions);
}

std::optional<std::string> XStandIn::read_query(Call& call) const {
    auto const text = call.params.get("query");
    if (text.empty()) return x_invalid("query", "", "query: must not be empty");
    if (text.size() > options_.query_max)
        return x_invalid("query", text,
                         "The `query` query parameter length must be at most " +
                             std::to_string(options_.query_max));
    auto const tag = options_.tags.find(text);
    if (tag != options_.tags.end()) {
        call.tag = tag->second;
        return std::nullopt;
    }
    std::string error;
    call.query = XQuery::parse(text, error);
    if (!call.query) return x_invalid("query", text, error);
    return std::nullopt;
}

std::optional<std::string> XStandIn::read_limit(Call& call, std::int64_t least) const {
    if (!call.params.has("max_results")) return std::nullopt;
    auto const value = call.params.number("max_results");
    if (!value || *value < least || *value > 100)
        return x_invalid("max_results", call.params.get("max_results"),
                         "The `max_results` query parameter value [" +
                             std::string(call.params.get("max_results")) + "] is not between " +
                             std::to_string(least) + " and 100");
    call.limit = std::min(static_cast<std::size_t>(*value), options_.page_max);
    return std::nullopt;
}

std::optional<std::string> XStandIn::read_token(Call& call) const {
    for (auto const* name : {"next_token", "pagination_token"}) {
        if (!call.params.has(name)) continue;
        auto const token = call.params.get(name);
        if (!read_x_token(token, x_question(call.request, call.params), call.anchor, call.backward))
            return x_invalid(name, token,
                             "The `" + std::string(name) + "` query parameter value [" +
                                 std::string(token) + "] is not valid");
    }
    return std::nullopt;
}

// since_id, until_id, start_time, end_time; and the reach, which binds search and counts.
std::optional<std::string> XStandIn::read_bounds(Call& call, bool of_search) const {
    Params const& params = call.params;
    WallTime const floor = call.now - options_.reach;
    WallTime const id_floor = std::chrono::ceil<std::chrono::minutes>(floor);
    for (auto const* name : {"since_id", "until_id"}) {
        if (!params.has(name)) continue;
        auto const text = params.get(name);
        if (!is_an_id(text))
            return x_invalid(name, text,
                             "The `" + std::string(name) + "` query parameter value [" +
                                 std::string(text) + "] does not match ^[0-9]{1,19}$");
        std::uint64_t const id = id_number(text);
        if (of_search && id < x_id(id_floor, 0))
            return x_invalid(name, text,
                             "'" + std::string(name) + "' must be a tweet id created after " +
                                 minute_text(id_floor) + ". Please use a '" + name +
                                 "' that is larger than " + std::to_string(x_id(id_floor, 0)));
        (std::string_view(name) == "since_id" ? call.since_id : call.until_id) = id;
    }
    bool const timed = params.has("start_time") || params.has("end_time");
    if (of_search && call.since_id != 0 && timed)
        return x_invalid(
            "since_id", params.get("since_id"),
            "Invalid use of 'since_id' in conjunction with 'start_time' or 'end_time'.");
    if (of_search) {
        call.listing.from = floor;
        call.listing.to = call.now - options_.end_before_now;
    }
    for (auto const* name : {"start_time", "end_time"}) {
        if (!params.has(name)) continue;
        auto const text = std::string(params.get(name));
        auto const time = detectors::parse_time(text);
        auto const says =
            "Invalid '" + std::string(name) + "':'" + text + "'. '" + name + "' must be ";
        if (!time) return x_invalid(name, text, says + "a time like YYYY-MM-DDTHH:mm:ssZ.");
        if (*time > call.now - options_.end_at_least)
            return x_invalid(name, text,
                             says + "a minimum of 10 seconds prior to the request time.");
        if (of_search && *time < floor)
            return x_invalid(name, text, says + "on or after " + minute_text(floor) + ".");
        auto const whole = std::chrono::floor<std::chrono::seconds>(*time);
        (std::string_view(name) == "start_time" ? call.listing.from : call.listing.to) = whole;
    }
    if (call.listing.from >= call.listing.to)
        return x_invalid("end_time", params.get("end_time"),
                         "Invalid 'end_time'. 'end_time' must be after 'start_time'.");
    // The ids' times bound the walk through the book; the ids themselves decide.
    if (call.since_id != 0) call.listing.from = std::max(call.listing.from, x_time(call.since_id));
    return std::nullopt;
}

}  // namespace surged::daemon::demo
