// Reddit: its token, its search, the listings of subreddits.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <cstdint>
#include <set>
#include <string>

namespace surged::daemon::demo {

struct RedditOptions {
    std::string client_id = "demo-client", client_secret = "demo-token";
    std::chrono::seconds token_life{86'400};
    std::uint64_t limit = 1000;      // requests in ten minutes
    std::size_t listing_cap = 1000;  // items that a listing holds, whatever is paged
    std::size_t page_max = 100;
    std::set<std::string> private_ones;  // subreddits that answer 403
};

// POST /api/v1/access_token; GET [/r/SUB]/search, /r/SUB/new, /r/SUB/comments, /user/NAME/overview
// with limit and `after`, /api/info. What was deleted is still told by its id, without its text. A
// post's `place` is its subreddit; its id a fullname (t3_.., t1_..). An anchor that is gone gives
// an empty listing. A missing or generic User-Agent is blocked with a page. 429 comes as a page, as
// JSON, or as JSON with status 200, in turn. `book` outlives it.
class RedditStandIn final : public StandIn {
public:
    RedditStandIn(PostBook const& book, RedditOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void page_max(std::size_t most) { options_.page_max = most; }
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }
    [[nodiscard]] std::uint64_t logins() const { return logins_; }

private:
    ServerResponse login(ServerRequest const& request, WallTime now);
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse listing(ServerRequest const& request, Listing const& listing,
                           std::size_t& items);
    ServerResponse info(ServerRequest const& request, WallTime now, std::size_t& items) const;
    ServerResponse too_many();
    void add_limit_headers(ServerResponse& response, WallTime now);

    PostBook const& book_;
    RedditOptions options_;
    FixedWindow window_;
    std::string token_;
    WallTime token_ends_ = kNoTime;
    std::uint64_t logins_ = 0, refusals_ = 0;
};

}  // namespace surged::daemon::demo
