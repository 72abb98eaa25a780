// YouTube's Data API: comment threads, replies, search, and the day's quota.
#pragma once

#include "daemon/demo/params.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"

#include <cstdint>
#include <string>

namespace surged::daemon::demo {

struct YoutubeOptions {
    std::string key = "demo-token";
    std::string channel = "UCacme";
    std::uint64_t units = 10'000;      // a day, Pacific time, for all but search
    std::uint64_t searches = 100;      // a day
    std::size_t replies_shown = 5;     // of a thread's, in its list
    std::size_t page_max = 100;        // of threads and replies
    std::size_t search_page_max = 50;  // of videos
};

// GET /youtube/v3/commentThreads, /comments?parentId= or ?id=, /videos?id=, /search. In the book a
// comment is a `comment` whose `place` is its video, a reply a `reply` to it, a video a `post`.
// Threads are listed by the time of their first comment. Page tokens are bound to the newest item
// of the first page. Each answered or refused request is charged. `book` outlives it.
class YoutubeStandIn final : public StandIn {
public:
    YoutubeStandIn(PostBook const& book, YoutubeOptions options)
        : book_(book), options_(std::move(options)) {}

    ServerResponse handle(ServerRequest const& request, WallTime now) override;
    ServerResponse refuse(Trouble trouble, ServerRequest const& request, WallTime now) override;
    [[nodiscard]] bool continues(ServerRequest const& request) const override;

    void page_max(std::size_t most) { options_.page_max = options_.search_page_max = most; }
    // Most units and searches of one day.
    [[nodiscard]] std::uint64_t units_peak() const { return units_.peak; }
    [[nodiscard]] std::uint64_t searches_peak() const { return searches_.peak; }
    [[nodiscard]] std::uint64_t over_quota() const { return over_quota_; }  // refused for it

private:
    struct Bucket {
        WallTime ends = kNoTime;
        std::uint64_t used = 0, peak = 0;
    };
    bool take(Bucket& bucket, std::uint64_t limit, WallTime now);
    ServerResponse answer(ServerRequest const& request, WallTime now, std::size_t& items);
    ServerResponse threads(Params const& params, WallTime now, std::size_t& items);
    ServerResponse replies(Params const& params, WallTime now, std::size_t& items);
    ServerResponse search(Params const& params, WallTime now, std::size_t& items);
    // Those of these ids that are there; `videos` or comments.
    ServerResponse by_id(Params const& params, WallTime now, bool videos, std::size_t& items) const;
    // The page that the token asks for. False: the token is none.
    bool page_of(Params const& params, Listing& listing, std::size_t limit, PostPage& page);

    PostBook const& book_;
    YoutubeOptions options_;
    Bucket units_, searches_;
    std::uint64_t over_quota_ = 0;
};

}  // namespace surged::daemon::demo
