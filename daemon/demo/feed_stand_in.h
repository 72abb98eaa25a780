// A news site's feed, in four dialects.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <cstdint>
#include <string>

namespace surged::daemon::demo {

struct FeedOptions {
    std::size_t window = 40;       // newest items that the document holds
    std::uint64_t limit = 60;      // requests an hour; over it 429 with Retry-After
    std::uint64_t guid_every = 5;  // every so many-th item has no guid; 0: all have one
};

// GET /feed.rss, /feed.atom, /feed.rdf, /feed.json; /moved redirects to /feed.rss. Conditional
// requests are answered 304. `book` outlives it.
class FeedStandIn final : public StandIn {
public:
    FeedStandIn(PostBook const& book, FeedOptions options)
        : book_(book), options_(options), window_(options.limit, std::chrono::hours{1}, true) {}

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& /*request*/) const override { return false; }

    void window(std::size_t items) { options_.window = items; }
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }
    [[nodiscard]] std::uint64_t unchanged() const { return unchanged_; }

private:
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    [[nodiscard]] bool has_guid(Post const& post) const;
    [[nodiscard]] std::string rss(std::vector<Post const*> const& posts, bool rdf) const;
    [[nodiscard]] std::string atom(std::vector<Post const*> const& posts) const;
    [[nodiscard]] std::string json(std::vector<Post const*> const& posts) const;

    PostBook const& book_;
    FeedOptions options_;
    FixedWindow window_;
    std::uint64_t unchanged_ = 0;
};

// "Fri, 20 Nov 2026 14:03:27 +0000"
[[nodiscard]] std::string rfc822(WallTime t);

}  // namespace surged::daemon::demo
