// The platforms that `surged demo --platforms all` adds to its world: a row each, and what people
// write there.
#pragma once

#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"
#include "daemon/demo/random.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

// Adding one: a row in more_places.cpp, nothing else.
struct MorePlace {
    std::string_view platform;
    double rate;  // posts a minute over the day's mean
    // Its stand-in, which takes `token` as its credential; `book` outlives it.
    std::unique_ptr<StandIn> (*make)(PostBook const& book, std::string const& token);
    // Gives an everyday post the form of its platform: id (from `number`, which ascends), kind,
    // place, whom it answers (`before`: posts of the same place, oldest first; may be empty).
    void (*shape)(Post& post, Random& random, std::uint64_t number, std::deque<Post> const& before);
    // The value of an entry of `accounts:`; "" when the stream needs none. Then the name of an
    // entry of `streams:` is acme-PLATFORM, and this the rest of its keys; `account` is its own.
    std::string (*account)(std::string const& url, std::string const& token_file);
    std::string (*stream)(std::string const& url);
};
[[nodiscard]] std::vector<MorePlace> const& more_places();

// The books of these places. What is written follows from the seed and the time, minute by minute,
// as in Scenario: a daily curve and chance, never a surge.
class MorePosts {
public:
    MorePosts(WallTime now, std::uint64_t seed, std::chrono::hours history);

    // Writes everything up to the end of the minute that holds `now`.
    void advance(WallTime now);
    [[nodiscard]] PostBook& book(std::size_t place) { return *places_[place].book; }

private:
    struct Place {
        std::unique_ptr<PostBook> book;
        Random random;
        std::deque<Post> recent;  // the newest kRecent
    };
    static constexpr std::size_t kRecent = 20;

    void minute(WallTime start);

    std::vector<Place> places_;
    WallTime next_minute_;
    std::uint64_t number_ = 40'000'000;
};

}  // namespace surged::daemon::demo
