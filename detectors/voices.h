// Who speaks, minute by minute: how many people or posts a stream's mentions come from, and how
// many of them are angry. What the breadth and tone channels count.
#pragma once

#include "detectors/intake.h"
#include "detectors/mention.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// A *voice* is a mention of which neither the author nor the root post (the post it reposts or
// quotes, else its conversation's root, else what it answers, else itself) was in this stream
// before: in an earlier minute of the last six to eight hours. The voices of a minute are counted
// as the smaller of their distinct authors and distinct roots: a thousand people who repost one
// post are one voice, and so is one who posts a thousand times. A mention of which no author is
// told has one of its own, so a stream without authors and roots is as broad as it is loud.
//
// Counted when a minute is committed, from that minute's mentions as a set and from the minutes
// before: the order of arrival cannot matter. A mention added to the newest minute never lowers
// its count; one added to an earlier minute may take a voice from a later one (it spoke before).
//
// Memory: 12 bytes for each mention that is not committed, kPending at most: beyond that the oldest
// minutes lose their voices (they are not known there, and volume decides alone). Keys are 32-bit
// hashes in kGenerations sets of two hours of event time or kKeys keys, whichever ends first: above
// about 35 mentions a minute the window is shorter, never the count wrong but for a collision (a
// new key meets one of 32768 others in 1 of 130 000 cases). Nothing here can be turned back into
// a name.
class Voices {
public:
    static constexpr std::size_t kPending = 1U << 16U;
    static constexpr std::size_t kKeys = 8192, kGenerations = 4;
    static constexpr std::int64_t kEpoch = 120;  // minutes

    // A mention that was counted in its minute (never a late one). O(1), amortised; about 40 ns.
    void add(WallTime event_time, Mention const& mention, bool negative);
    void add(std::int64_t minute, std::uint32_t author, std::uint32_t root, bool negative);

    // Fills `voices` and `negative` of minutes that were committed, in order, and forgets their
    // mentions. A minute whose mentions are not all known (a revision of counts, kPending) keeps
    // kUnknown. O(mentions log mentions).
    void commit(std::span<Bucket> buckets);
    // The same for minutes that are not final, forgetting nothing.
    void provisional(std::span<Bucket> buckets);

    [[nodiscard]] std::size_t pending() const { return notes_.size(); }
    [[nodiscard]] std::size_t keys() const;
    [[nodiscard]] std::size_t state_bytes() const;  // without *this
    [[nodiscard]] std::string save();               // canonical: equal states, equal bytes
    [[nodiscard]] bool restore(std::string_view blob);

private:
    using Keys = boost::unordered_flat_set<std::uint32_t>;
    struct Note {
        std::uint32_t minute = 0;  // since 1970, doubled; the lowest bit says negative
        std::uint32_t author = 0, root = 0;
        friend auto operator<=>(Note const&, Note const&) = default;
        template <typename A>
        friend void archive(A& a, Note& n) {
            a(n.minute, n.author, n.root);
        }
    };
    using Notes = std::span<Note const>;

    void sort();
    void drop_oldest();
    [[nodiscard]] Notes notes_of(std::int64_t minute) const;
    [[nodiscard]] bool known(std::uint32_t key) const;
    void turn(std::int64_t times);            // to an empty set, so many times
    void forget_before(std::int64_t minute);  // what the window of this minute does not hold
    void remember(Notes notes);
    static void fill(Bucket& bucket, Notes notes, auto const& known);

    std::vector<Note> notes_;
    std::size_t sorted_ = 0;               // so many of them, from the front, are in order
    std::int64_t dropped_ = -1;            // minutes up to here lost their mentions
    std::array<Keys, kGenerations> keys_;  // newest first
    std::int64_t epoch_ = 0;               // of keys_[0]
};

// The keys of a mention; roots and authors share no key.
[[nodiscard]] std::uint32_t author_key(Mention const& mention);
[[nodiscard]] std::uint32_t root_key(Mention const& mention);

}  // namespace surged::detectors
