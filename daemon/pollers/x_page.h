// What X answers, read: a page of posts, a list of counts, a user, an error. Both spellings of
// every key: `tweet` and, since the renaming of August 2026, `post`.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/answer.h"
#include "daemon/pollers/json_reading.h"
#include "detectors/mention.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// The facts of one page that are not mentions.
struct XPage {
    std::string newest_id;   // meta.newest_id, else the largest id of the page; "" when empty
    std::string next_token;  // "" at the end of the walk
    WallTime oldest = detectors::kNoTime;  // created_at of the oldest post read
    std::uint64_t posts = 0;               // returned, also unreadable ones: X charges for them
    std::uint64_t malformed = 0;
    std::string note;  // "partial answer: ..." when some of what was asked is missing
};

// Reads pages of posts; keeps its memory from page to page. Needed once per poller.
class XPageReader {
public:
    // Appends the posts of a 2xx answer to `out`. On a Failure nothing was appended. A body that
    // holds only errors is the failure those errors mean.
    Result<XPage> posts(HttpResponse const& response, detectors::MentionBatch& out);
    // Appends whole minutes of a counts answer, oldest first; parts of a minute at either end are
    // left out. next_token as above.
    Result<XPage> counts(HttpResponse const& response, std::vector<detectors::Bucket>& out);
    // The id of users/by/username.
    Result<std::string> user_id(HttpResponse const& response);

private:
    struct User {
        std::string_view id, handle;
        std::int64_t followers = -1;
        WallTime created_at = detectors::kNoTime;
    };
    struct Problem {
        std::string title, type, detail;
    };
    struct Post {
        detectors::Mention mention;
        std::string_view post_id;  // of this version; mention.id is that of the first
        std::int64_t impressions = -1;
        bool to_user = false;  // in_reply_to_user_id was there
    };

    simdjson::error_code read_post(ondemand::value item, ItemReader& in, Post& post);
    simdjson::error_code read_users(ondemand::value includes, detectors::MentionBatch& batch);
    simdjson::error_code read_meta(ondemand::value meta, XPage& page);
    simdjson::error_code read_problem(std::string_view key, ondemand::value value,
                                      Problem& problem);
    simdjson::error_code read_problems(ondemand::value errors);
    void finish(Post& post, detectors::MentionBatch& batch);
    [[nodiscard]] std::optional<Failure> only_errors(bool answered, XPage& page) const;

    JsonDocument document_;
    detectors::MentionBatch scratch_;  // texts that are not part of a mention
    std::vector<User> users_;
    std::vector<Post> posts_;
    std::vector<Problem> problems_;
};

// Maps a refusal (any status but 2xx). `asked_since`: the request held a cursor of ours, so a 400
// that names it is Fault::bad_cursor.
[[nodiscard]] Failure x_refusal(HttpResponse const& response, WallTime now, bool asked_since);
// True for a 400 that does not know the spelling `tweet.fields` (or `post.fields`).
[[nodiscard]] bool x_wants_other_spelling(HttpResponse const& response);
// The 15-minute window of this endpoint as `kind`, and the 24-hour windows as "day".
[[nodiscard]] std::vector<RateLimit> x_limits(HttpResponse const& response, WallTime now,
                                              std::string_view kind);

// Snowflake ids: ((ms - 1288834974657) << 22) | sequence.
[[nodiscard]] std::optional<WallTime> x_id_time(std::string_view id);
[[nodiscard]] std::string x_id_at(WallTime time);  // the lowest id of that millisecond

}  // namespace surged::daemon
