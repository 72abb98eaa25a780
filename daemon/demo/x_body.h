// How X writes posts, users and problems.
#pragma once

#include "daemon/demo/params.h"
#include "daemon/demo/posts.h"
#include "detectors/json_writer.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

// An account that /2/users knows beside those who wrote posts.
struct XUser {
    std::string id, username, name;
    std::int64_t followers = 0;
    WallTime created_at = kNoTime;
};

using XNames = std::set<std::string, std::less<>>;

// What the request wants to see. `post_names`: the spelling of specification 2.167 (post.fields,
// repost_count, includes.posts); else the older one (tweet.fields, retweet_count, includes.tweets).
struct XFields {
    XNames post, user, expansions;
    bool post_names = false;
};

// "2026-03-01T12:00:03.000Z": X prints whole seconds; the milliseconds are in the id.
[[nodiscard]] std::string x_timestamp(WallTime t);

// One object of `data` or `includes`: id, text and edit history always, the rest as asked.
void write_x_post(detectors::JsonWriter& json, Post const& post, XFields const& fields,
                  PostBook const& book);
void write_x_user(detectors::JsonWriter& json, XUser const& user, XFields const& fields);
// `"includes":{...}` of a page; nothing when nothing was asked or found. Returns the ids of posts
// that are referred to and not to be seen: X names them in a partial error.
std::vector<std::string> write_x_includes(detectors::JsonWriter& json,
                                          std::vector<Post const*> const& posts,
                                          XFields const& fields, PostBook const& book,
                                          WallTime now);

// Problems as bodies.
[[nodiscard]] std::string x_problem(int status, std::string_view title, std::string_view detail,
                                    std::string_view type = "about:blank");
// 400: `parameter` had `value`, and `message` says why not.
[[nodiscard]] std::string x_invalid(std::string_view parameter, std::string_view value,
                                    std::string_view message);
// One partial error of a 200: what was asked for by `parameter` is not there (or not for us).
void write_x_missing(detectors::JsonWriter& json, std::string_view resource,
                     std::string_view parameter, std::string_view value, bool hidden);

}  // namespace surged::daemon::demo
