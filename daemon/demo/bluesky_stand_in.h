// One account's PDS on Bluesky, with the network's search behind it: sessions, search,
// notifications.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/params.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <map>
#include <string>
#include <string_view>

namespace surged::daemon::demo {

struct BlueskyOptions {
    std::string identifier = "acme.example", did = "did:plc:acme";
    std::string password;  // "" accepts any
    std::string pds;       // named in the DID document; "" leaves it out
    std::chrono::seconds access_lives{7200}, refresh_lives{90 * 86400};
    std::uint64_t logins = 30, logins_per_day = 100;  // per 5 minutes; the hosted entryway's
    std::uint64_t limit = 3000;                       // per 5 minutes
    std::size_t page_max = 100;      // what a page gives at most, whatever is asked
    std::size_t list_most = 10'000;  // posts that one search lists, page by page
    bool offset_cursors = true;      // production's; else time and post, as the open stack's
};

// POST com.atproto.server.createSession, .refreshSession; GET app.bsky.feed.searchPosts,
// app.bsky.notification.listNotifications, app.bsky.feed.getPosts, app.bsky.feed.getAuthorFeed. Ids
// of posts are AT URIs; their order is that of ordered_at. An access token that is over is refused
// with 400 ExpiredToken, a cursor that is none with 500. `book` outlives it.
class BlueskyStandIn final : public StandIn {
public:
    BlueskyStandIn(PostBook const& book, BlueskyOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void page_max(std::size_t most) { options_.page_max = most; }  // from now on
    void set_pds(std::string url) { options_.pds = std::move(url); }
    [[nodiscard]] std::uint64_t logins() const { return logins_; }  // asked for, refused ones too
    [[nodiscard]] std::uint64_t refreshes() const { return refreshes_; }
    [[nodiscard]] std::uint64_t expired() const { return expired_; }  // tokens refused as over
    // Most in one of the windows: of all requests, of logins in a day.
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }
    [[nodiscard]] std::uint64_t login_peak() const { return login_day_.peak(); }
    // Every token given so far is no good any more, as after a change of the password.
    void revoke();

private:
    ServerResponse login(ServerRequest const& request, WallTime now);
    ServerResponse refresh(ServerRequest const& request, WallTime now);
    ServerResponse session(WallTime now);
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse search(Params const& params, WallTime now, std::size_t& items);
    ServerResponse notifications(Params const& params, WallTime now, std::size_t& items);
    ServerResponse posts(Params const& params, WallTime now, std::size_t& items);
    ServerResponse author_feed(Params const& params, WallTime now, std::size_t& items);
    ServerResponse too_many(FixedWindow const& window, std::chrono::seconds period) const;
    std::string mint(std::string_view scope, WallTime now, std::chrono::seconds lives);
    [[nodiscard]] std::size_t page_size(Params const& params, std::int64_t plain) const;
    // Of one page: the posts at the cursor; false when the cursor is none.
    bool page(Listing listing, std::string_view cursor, std::size_t limit, PostPage& out,
              std::string& next);

    PostBook const& book_;
    BlueskyOptions options_;
    FixedWindow window_, login_window_, login_day_;
    std::map<std::string, WallTime> access_, refresh_;  // token -> its end; the oldest are dropped
    std::uint64_t minted_ = 0, logins_ = 0, refreshes_ = 0, expired_ = 0;
};

}  // namespace surged::daemon::demo
