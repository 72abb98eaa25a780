// Instagram by the Graph API, for one professional account: tags, own media, comments, hashtags.
#pragma once

#include "daemon/demo/limits.h"
#include "daemon/demo/params.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"
#include "detectors/json_writer.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace surged::daemon::demo {

struct InstagramOptions {
    std::string user = "17841405309211844", username = "acme";
    std::string access_token;                    // "" accepts any
    std::string app_secret;                      // appsecret_proof is checked against it
    std::size_t page = 50;                       // the most a page gives, whatever is asked
    std::size_t hashtags = 30;                   // different ones ...
    std::chrono::hours hashtags_period{7 * 24};  // ... in so long
    std::chrono::hours hashtag_reach{24};
    std::uint64_t calls = 4800;
    std::chrono::seconds calls_period{86400};
    int usage_shown_from = 10;  // percent: below it the usage headers are absent
};

// GET /vN.M/{user}/{tags|media}, /{media}/comments, /ig_hashtag_search, /{hashtag}/recent_media,
// /{media or comment}, which has no `text`, or no `caption`.
// Posts are told apart by Post::place: `tagged`, `posts` (own media), `comments` (`conversation`:
// the medium; `in_reply_to`: the medium or the comment it answers); a hashtag's media are those
// whose text holds it. recent_media strays from the order of time and tells no author. `book`
// outlives it.
class InstagramStandIn final : public StandIn {
public:
    InstagramStandIn(PostBook const& book, InstagramOptions options);

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;
    [[nodiscard]] std::uint64_t peak() const { return window_.peak(); }
    void page_max(std::size_t most) { options_.page = most; }  // from now on

    // The id under which a hashtag is known.
    [[nodiscard]] static std::string hashtag_id(std::string_view name);

private:
    struct Ask;
    ServerResponse answer(Ask& ask);
    ServerResponse search(Ask& ask);
    ServerResponse object(Ask& ask) const;
    ServerResponse list(Ask& ask, Listing listing, bool comments, bool strays);
    void write(detectors::JsonWriter& json, Ask& ask, Post const& post, bool comment) const;

    PostBook const& book_;
    InstagramOptions options_;
    RollingWindow window_;
    std::map<std::string, WallTime> searched_;     // hashtag -> when its seven days began
    std::map<std::string, std::string> hashtags_;  // id -> name
};

}  // namespace surged::daemon::demo
