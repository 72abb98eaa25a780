// A plain paged JSON API, as a customer's CRM has: what the `json` platform reads.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <string>

namespace surged::daemon::demo {

struct JsonOptions {
    std::string token;  // "" asks for none; else Authorization: Bearer
    std::string path = "/items";
    bool oldest_first = false;  // order of the items
    std::size_t limit_default = 50, limit_max = 100;
    std::uint64_t limit_per_minute = 120;
};

// GET PATH?since=&cursor=&limit= -> {"data":[item...],"meta":{"next":CURSOR}}; `next` is absent on
// the last page. `since`: RFC 3339 or Unix seconds, inclusive, or the id of an item (with or
// without "id:" in front), exclusive. An item: id, created_at, kind, text, lang, url, user{id,
// handle, followers, created_at}, in_reply_to, conversation. Errors are problem+json; 429 carries
// Retry-After.
class JsonStandIn final : public StandIn {
public:
    JsonStandIn(PostBook const& book, JsonOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void page_size(std::size_t items) { options_.limit_default = items; }  // from now on

private:
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse too_many(WallTime now) const;

    PostBook const& book_;
    JsonOptions options_;
    FixedWindow window_;
};

}  // namespace surged::daemon::demo
