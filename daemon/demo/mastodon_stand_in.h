// One Mastodon instance: tag timelines, notifications, search, look-ups.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/params.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

struct MastodonOptions {
    enum class Access : std::uint8_t { open, authenticated, disabled };

    std::string token;     // of the brand's account; "" accepts any
    std::string base_url;  // for links; "" takes the request's Host
    std::string handle = "acme", account_id = "109300000000000007";
    Access tags = Access::open;       // who may read tag timelines
    bool filter_new_accounts = true;  // notifications by accounts younger than 30 days are
                                      // withheld unless include_filtered=true
    std::uint64_t limit = 300;        // per 5 minutes
    std::size_t page_max = 80;        // what a page gives at most, whatever is asked
    std::uint64_t paged_limit = 300;  // per 15 minutes: with page, min_id, max_id or since_id
};

// GET /api/v1/timelines/tag/:tag, /api/v1/notifications, /api/v2/search, /api/v1/statuses/:id,
// /api/v1/statuses?id[]=, /api/v1/accounts/:id/statuses, /api/v1/accounts/lookup,
// /api/v1/accounts/verify_credentials, /api/v2/instance. Posts are listed by id, which is their
// ordered_at; what was fetched late has the id of its old created_at and shows up below what was
// read already. `book` outlives it.
class MastodonStandIn final : public StandIn {
public:
    MastodonStandIn(PostBook const& book, MastodonOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void set_base_url(std::string url) { options_.base_url = std::move(url); }
    // Of a connection to /api/v1/streaming/hashtag?tag=: whether it is let in, and what it is told
    // of the tag's statuses that show after `after` and until `until`: server-sent events, oldest
    // first; "" when there are none. At most 100.
    [[nodiscard]] bool may_stream(ServerRequest const& request) const {
        return caller(request) == Caller::known;
    }
    [[nodiscard]] std::string events(ServerRequest const& request, WallTime after,
                                     WallTime until) const;
    void page_max(std::size_t most) { options_.page_max = most; }  // from now on
    // Most requests in one of the windows: plain, and paged.
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }
    [[nodiscard]] std::uint64_t paged_peak() const { return paged_.peak(); }

private:
    enum class Caller : std::uint8_t { nobody, known, wrong };
    struct Ids;  // max_id, since_id, min_id and limit of a request

    [[nodiscard]] Caller caller(ServerRequest const& request) const;
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse tag(ServerRequest const& request, Params const& params, WallTime now,
                       std::size_t& items);
    ServerResponse account_statuses(ServerRequest const& request, Params const& params,
                                    WallTime now, std::size_t& items);
    ServerResponse notifications(ServerRequest const& request, Params const& params, WallTime now,
                                 std::size_t& items);
    ServerResponse search(Params const& params, WallTime now, std::size_t& items);
    ServerResponse statuses(Params const& params, WallTime now, std::size_t& items);
    ServerResponse status(std::string const& id, WallTime now, std::size_t& items);
    [[nodiscard]] std::string instance() const;
    PostPage list(Listing const& listing, Ids const& ids);
    void add_limit_headers(ServerResponse& response, WallTime now, bool paged);
    void add_link(ServerResponse& response, ServerRequest const& request, Params const& params,
                  std::vector<std::string_view> const& kept, std::string const& newest,
                  std::string const& oldest) const;

    PostBook const& book_;
    MastodonOptions options_;
    FixedWindow window_, paged_;
};

}  // namespace surged::daemon::demo
