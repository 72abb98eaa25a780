// Hacker News as Algolia's index shows it: search_by_date; and the site's own items.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <cstdint>
#include <string>

namespace surged::daemon::demo {

struct HackernewsOptions {
    std::uint64_t limit = 10'000;  // requests an hour; over it 429
    std::size_t reachable = 1000;  // hits of one question that can be paged
    std::size_t hits_max = 1000;   // of one page: what is asked beyond is cut
};

// GET /api/v1/search_by_date?query=&tags=&numericFilters=&hitsPerPage=&page=. A post matches when
// it holds every word of the query, or when its `place` is "typo": what a tolerant index adds. A
// tag author_NAME is matched letter for letter; restrictSearchableAttributes=author searches the
// names. GET /v0/item/ID.json: deleted ones say so, hidden ones are dead, unknown ones null. `book`
// outlives it.
class HackernewsStandIn final : public StandIn {
public:
    HackernewsStandIn(PostBook const& book, HackernewsOptions options)
        : book_(book), options_(options), window_(options.limit, std::chrono::hours{1}, true) {}

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void hits_max(std::size_t most) { options_.hits_max = most; }
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }

private:
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse item(std::string const& id, WallTime now, std::size_t& items) const;

    PostBook const& book_;
    HackernewsOptions options_;
    FixedWindow window_;
};

}  // namespace surged::daemon::demo
