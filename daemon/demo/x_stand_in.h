// X's API v2, as a monitor of mentions meets it: recent search, recent counts, timelines, look-ups.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"
#include "daemon/demo/x_body.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace surged::daemon::demo {

struct XOptions {
    enum class Spelling : std::uint8_t { either, tweet, post };  // of parameters and keys

    std::string bearer_token;  // "" accepts any bearer
    std::vector<XUser> users;  // what /2/users knows
    // A query that is one of these keys, to the letter, selects the posts of that stream tag.
    std::map<std::string, std::string, std::less<>> tags;
    Spelling spelling = Spelling::either;
    std::chrono::seconds reach{7 * 86400};    // of search and counts
    std::chrono::seconds end_before_now{30};  // where a search without end_time ends
    std::chrono::seconds end_at_least{10};    // a time nearer to now is refused
    std::size_t query_max = 512;              // self-serve
    std::size_t page_max = 100;               // of search and timelines
    std::size_t timeline_depth = 800;         // mentions
    std::uint64_t search_limit = 450, counts_limit = 300, timeline_limit = 450;  // per 15 min
    std::uint64_t lookup_limit = 3500, users_limit = 300;
    std::int64_t credits = -1;      // posts that may still be read before 402; -1: no end
    std::int64_t monthly_cap = -1;  // posts before 429 UsageCapExceeded; -1: none
};

// GET /2/tweets/search/recent, /2/tweets/counts/recent, /2/tweets?ids=, /2/tweets/:id,
// /2/users/by/username/:u, /2/users/:id/mentions, /2/users/:id/tweets. Reposts are never found by
// search. `book` outlives it; its posts' ids are snowflakes of their created_at.
class XStandIn final : public StandIn {
public:
    XStandIn(PostBook const& book, XOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void set_bearer(std::string token) { options_.bearer_token = std::move(token); }
    void set_credits(std::int64_t credits) { options_.credits = credits; }
    void page_max(std::size_t most) { options_.page_max = most; }  // from now on
    // Posts returned, and posts charged for: one is charged once a UTC day.
    [[nodiscard]] std::uint64_t reads() const { return reads_; }
    [[nodiscard]] std::uint64_t charged() const { return charged_; }
    // Most requests to an endpoint ("search", "counts", "timeline", "lookup", "users") in one of
    // its windows.
    [[nodiscard]] std::uint64_t peak(std::string_view endpoint) const;

private:
    struct Call;  // one request being answered
    enum class Endpoint : std::uint8_t {
        search,
        counts,
        mentions,
        tweets,
        lookup,
        one,
        user,
        none
    };

    static Endpoint route(std::string_view path, std::string& argument);
    FixedWindow& window(Endpoint endpoint);
    ServerResponse answer(Endpoint endpoint, Call& call);
    [[nodiscard]] bool authorised(ServerRequest const& request) const;

    ServerResponse search(Call& call);
    ServerResponse timeline(Call& call, bool mentions);
    ServerResponse counts(Call& call);
    ServerResponse lookup(Call& call);
    ServerResponse lookup_one(Call& call);
    ServerResponse user(Call& call);

    // Each returns the refusal, or none when all is well.
    std::optional<std::string> read_names(Call& call, std::vector<std::string_view> known) const;
    std::optional<std::string> read_query(Call& call) const;
    std::optional<std::string> read_bounds(Call& call, bool of_search) const;
    std::optional<std::string> read_limit(Call& call, std::int64_t least) const;
    std::optional<std::string> read_token(Call& call) const;

    ServerResponse page(Call& call, PostPage found, bool timeline, bool backward);
    void charge(std::vector<Post const*> const& posts, WallTime now);
    [[nodiscard]] std::optional<ServerResponse> broke() const;

    PostBook const& book_;
    XOptions options_;
    std::map<std::string, FixedWindow, std::less<>> windows_;
    std::uint64_t reads_ = 0, charged_ = 0;
    std::int64_t charged_day_ = 0;
    std::unordered_set<std::uint64_t> charged_today_;  // serials: no more than the book holds
};

}  // namespace surged::daemon::demo
