// The world that `surged demo` and drills show: a brand that is talked about as brands are, and one
// crisis that began a few minutes ago.
#pragma once

#include "daemon/demo/posts.h"
#include "daemon/demo/random.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_body.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

struct ScenarioOptions {
    explicit ScenarioOptions(WallTime at) : now(at) {}
    WallTime now;  // when the world is built: history lies before it
    std::uint64_t seed = 1;
    std::chrono::hours history{8 * 24};
    bool crisis = true;
    std::chrono::minutes crisis_age{6};     // how long ago it began, at `now`
    std::chrono::seconds doubling{3 * 60};  // of the crisis' rate
    double crisis_first = 4.0;              // posts a minute at its beginning
    double crisis_most = 150.0;             // posts a minute at its height, held for half an hour
    // So long after its beginning it reaches Mastodon, at a twentieth of the rate; 0: never.
    std::chrono::minutes spill_after{40};
    // Posts a minute over the day's mean.
    double x = 2.0, facebook = 0.35, mastodon = 0.4, json = 0.5, bluesky = 0.4;
};

// One book a platform.
struct ScenarioBooks {
    PostBook x, facebook, mastodon, json, bluesky;
};

// What was posted follows from the seed and the options alone, minute by minute, however often
// advance() is called. Each platform's chatter follows a daily curve, wanders by tens of percent
// over hours, is over-dispersed (variance about twice the mean) and has bursts of a few dozen
// posts, except in the last three hours before `now` and after it: of those the crisis is the only
// one.
class Scenario {
public:
    explicit Scenario(ScenarioOptions options);

    // Writes everything up to the end of the minute that holds `now`; each post has its own time
    // and is not shown before it. Going backward does nothing.
    void advance(WallTime now);
    // The brand answers in public under its origin post; from then on the crisis ebbs, halving
    // every ten minutes. Once; later calls, and calls without a crisis, return "". Else the id.
    std::string answer(WallTime now);

    [[nodiscard]] ScenarioBooks& books() { return books_; }
    [[nodiscard]] ScenarioBooks const& books() const { return books_; }
    [[nodiscard]] WallTime crisis_began() const { return crisis_began_; }  // kNoTime: none
    [[nodiscard]] std::string const& origin() const { return origin_; }    // id of the own post
    [[nodiscard]] std::uint64_t crisis_posts() const { return crisis_posts_; }
    // Of the crisis on X, posts a minute; what the generator aims at.
    [[nodiscard]] double crisis_rate(WallTime at) const;

    // What a configuration and the stand-ins need to know of this world.
    static constexpr std::string_view kBrand = "acme", kHandle = "acme", kHelp = "acmehelp";
    static constexpr std::string_view kPage = "1234567", kTag = "acme";
    static constexpr std::string_view kBlueskyHandle = "acme.example", kBlueskyDid = "did:plc:acme";
    static constexpr std::string_view kXQuery =
        "(\"acme corp\" OR acme OR @acmehelp OR from:acme OR from:acmehelp) -is:retweet";
    [[nodiscard]] static std::vector<XUser> x_users();

private:
    enum Place : std::size_t { kX, kFacebook, kMastodon, kJson, kBluesky, kPlaces };
    struct Chatter {  // of one platform
        explicit Chatter(std::uint64_t seed) : random(seed) {}
        Random random;
        double mean = 0;
        double slow = 0, fast = 0;  // logarithms of wandering factors
        double burst = 0;           // posts a minute on top, ebbing
    };

    void minute(WallTime start);
    std::uint64_t chatter_count(Chatter& chatter, WallTime start);
    void chat(Place place, WallTime start);
    void crisis_minute(WallTime start);
    void own_posts(WallTime start);
    void begin_crisis();

    Post draft(Random& random, Place place, WallTime at);
    PostAuthor author(Random& random, Place place, bool fresh);
    PostAuthor own_author(Place place, bool help) const;
    void crisis_post(WallTime at);
    void spill(WallTime at);
    void finish(Place place, Random& random, Post post);
    PostBook& book(Place place);

    ScenarioOptions options_;
    ScenarioBooks books_;
    Minter minter_;
    std::vector<Chatter> chatter_;
    Random crisis_random_;
    WallTime next_minute_;
    WallTime crisis_began_ = kNoTime, answered_at_ = kNoTime;
    std::string origin_;
    PostAuthor origin_author_;
    std::array<std::vector<std::string>, kPlaces> threads_;  // newest own posts, at most three
    std::uint64_t crisis_posts_ = 0;
};

}  // namespace surged::daemon::demo
