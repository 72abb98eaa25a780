// What is written on a simulated platform: posts in the order of their ids, each with the moment
// from which the platform shows it and the moment from which it no longer does.
#pragma once

#include "detectors/mention.h"
#include "detectors/time.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace surged::daemon::demo {

using detectors::kNoTime;
using detectors::MentionKind;
using detectors::WallTime;

struct PostAuthor {
    std::string id, handle, name;
    std::int64_t followers = 0;
    WallTime created_at = kNoTime;  // of the account
};

struct PostMetrics {
    std::int64_t likes = 0, replies = 0, reposts = 0, quotes = 0;
};

enum class Gone : std::uint8_t { no, deleted, hidden };  // hidden: its author went private

struct Post {
    std::string id;  // in the platform's own form
    std::string platform;
    WallTime created_at{};
    // Where it stands in listings: the time inside its id. kNoTime: created_at. Mastodon gives a
    // pushed post the id of its arrival.
    WallTime ordered_at = kNoTime;
    WallTime visible_at = kNoTime;  // from then on listed; kNoTime: created_at
    WallTime gone_at = kNoTime;     // from then on no longer; kNoTime: never
    Gone gone = Gone::no;           // why, once `gone_at` has come
    MentionKind kind = MentionKind::post;
    PostAuthor author;
    std::string text;
    std::string lang;                                        // BCP 47; "" when not told
    std::string in_reply_to, quotes, reposts, conversation;  // ids; "" when none
    std::vector<std::string> versions;  // ids of earlier versions of an edited post, oldest first
    std::string place;   // Facebook: the edge that lists it: posts, visitor_posts, tagged, comments
    std::string stream;  // brand stream tag: what `stream:NAME` selects
    std::string visibility;  // Mastodon: "" is public
    bool own = false;        // the brand's
    PostMetrics metrics;
    std::uint64_t serial = 0;  // given by the book: which append it was, from 1

    [[nodiscard]] bool visible(WallTime now) const {
        return visible_at <= now && (gone_at == kNoTime || now < gone_at);
    }
};

// What a listing asks of the book.
struct Listing {
    explicit Listing(WallTime at) : now(at) {}
    WallTime now;                     // posts visible then, and no others
    WallTime from = WallTime::min();  // on ordered_at: from <= t < to
    WallTime to = WallTime::max();
    std::function<bool(Post const&)> match;  // null: all
    bool with_gone = false;  // also those deleted since (X counts what search no longer shows)
    std::size_t repeat = 0;  // posts of the page before that this one gives once more
};

struct PostPage {
    std::vector<Post const*> posts;  // valid until the book changes
    bool more = false;               // another match lies beyond the last
    bool lost = false;               // the anchor is not in the book (any more)
};

// Bounded: beyond `capacity` the oldest posts are forgotten and counted. Ids need not be unique: a
// recording that holds one twice is served twice. Not thread-safe.
class PostBook {
public:
    static constexpr std::size_t kCapacity = 400'000;  // 8 days at 34 a minute
    static constexpr std::size_t kTextMax = 8 * 1024;  // bytes; longer text is cut

    explicit PostBook(std::size_t capacity = kCapacity) : capacity_(capacity) {}
    PostBook(PostBook const&) = delete;
    PostBook& operator=(PostBook const&) = delete;

    // From now on this share of appended posts shows up to `most` later than they would (an index
    // that lags); which ones follows from the seed. Counted in late().
    void lag(std::uint64_t seed, double share, std::chrono::milliseconds most);

    // May lie in the future: it is not shown before its time. O(log n).
    Post const& append(Post post);
    // Every copy of this id is gone from `at` on. False: unknown.
    bool remove(std::string const& id, WallTime at, Gone why = Gone::deleted);
    // Every copy of this id says something else from now on; with `version`, under that id too, as
    // X gives each version one. False: unknown.
    bool edit(std::string const& id, std::string text, std::string const& version = {});
    // The last appended of this id, visible or not; null when unknown.
    [[nodiscard]] Post const* find(std::string const& id) const;

    [[nodiscard]] Post const* serial(std::uint64_t number) const;  // null when unknown

    // At most `limit` matches after the post with serial `anchor` (0: from the end of the book),
    // newest first or oldest first. O(posts walked over).
    [[nodiscard]] PostPage newest(Listing const& listing, std::uint64_t anchor,
                                  std::size_t limit) const;
    [[nodiscard]] PostPage oldest(Listing const& listing, std::uint64_t anchor,
                                  std::size_t limit) const;
    // How many match; no limit. O(posts in the window).
    [[nodiscard]] std::size_t count(Listing const& listing) const;

    [[nodiscard]] std::size_t size() const { return posts_.size(); }
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
    [[nodiscard]] std::uint64_t late() const { return late_; }

private:
    struct Key {
        WallTime at;
        std::string id;
    };
    struct Earlier {
        bool operator()(Key const& a, Key const& b) const;
    };
    using Posts = std::multimap<Key, Post, Earlier>;

    void forget_oldest();

    std::size_t capacity_;
    Posts posts_;
    std::unordered_multimap<std::string, Posts::iterator> by_id_;
    std::unordered_map<std::uint64_t, Posts::iterator> by_serial_;
    std::uint64_t last_serial_ = 0, forgotten_ = 0, late_ = 0;
    std::uint64_t lag_seed_ = 0;
    double lag_share_ = 0;
    std::chrono::milliseconds lag_most_{0};
};

}  // namespace surged::daemon::demo
