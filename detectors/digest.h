// A mention without its text: what the composition and the people of a surge need of it, in 64
// bytes; and the
// newest of a stream, so that the composition from the onset is at hand when a surge is found.
#pragma once

#include "detectors/mention.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace surged::detectors {

// An account younger than this when it posted is a new one: what is made for an occasion is days
// old, not months.
inline constexpr std::chrono::hours kNewAccount{30 * 24};

struct MentionDigest {
    static constexpr std::uint8_t kRepost = 1;      // says itself that it is one
    static constexpr std::uint8_t kForwarded = 2;   // a repost made by hand: "RT @kim: ..."
    static constexpr std::uint8_t kNew = 4;         // by a new account
    static constexpr std::uint8_t kAgeTold = 8;     // the age of the account is known
    static constexpr std::uint8_t kReachTold = 16;  // `audience` is a reach, not followers
    static constexpr std::uint8_t kAsks = 32;       // unanswered.h, asks()
    // How it sounds (tone.h): neither where nothing is known, both where it is neutral.
    static constexpr std::uint8_t kAngry = 64, kFriendly = 128;

    WallTime at{};
    MentionKey key = 0;
    MentionKey conversation = 0;  // its root, else what it answers, else itself; 0: none
    MentionKey target = 0;        // what it reposts, else quotes, else answers; 0: nothing
    std::uint64_t author = 0;     // hash of the id, else of the handle; 0: not told
    std::uint64_t likeness = 0;   // of its text (likeness.h)
    std::uint64_t link = 0;
    std::uint32_t audience = 0;  // reach, else followers; 0: not told. Saturates
    std::uint16_t language = 0;  // primary subtag, three letters of five bits; 0: not told
    std::uint8_t flags = 0;

    [[nodiscard]] bool is(std::uint8_t flag) const { return (flags & flag) != 0; }
    // tone_of(); absent where nothing is known.
    [[nodiscard]] std::optional<int> tone() const {
        if (!is(kAngry) && !is(kFriendly)) return std::nullopt;
        return int{is(kFriendly)} - int{is(kAngry)};
    }
};
static_assert(sizeof(MentionDigest) == 64);

// The conversation a mention belongs to: its root, else what it answers, else its own id.
[[nodiscard]] std::string_view conversation_of(Mention const& m);
// By the id, else the handle; 0: not told.
[[nodiscard]] std::uint64_t author_hash(std::string_view author);
// `at`: its event time. Cost: O(text), see likeness.h; allocates nothing.
[[nodiscard]] MentionDigest digest_of(Mention const& m, WallTime at);
// The mark of the first link in a text, as MentionDigest::link has it: the same for all addresses
// of a post of X, else as likeness.h normalises it; 0: none. Of one of our own posts: of its
// address.
[[nodiscard]] std::uint64_t link_mark(std::string_view text);

// The posts a mention points to, each once, never itself: its conversation, what it reposts, quotes
// or answers, and, where it does neither of these, the post it links (by its mark).
class Targets {
public:
    void add(MentionKey key);
    [[nodiscard]] ConversationKey const* begin() const { return keys_.data(); }
    [[nodiscard]] ConversationKey const* end() const { return keys_.data() + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] ConversationKey const* data() const { return keys_.data(); }

private:
    std::array<ConversationKey, 3> keys_{};
    std::size_t size_ = 0;
};
[[nodiscard]] Targets targets_of(MentionDigest const& digest);

// "en", "" for 0.
[[nodiscard]] std::string language_name(std::uint16_t language);

// The newest digests in order of arrival. An empty one has no heap; it grows by doubling as
// mentions come, to kMost (256 KiB). What is kMemory older than what comes in is forgotten: no
// onset lies so far back.
class RecentMentions {
public:
    static constexpr std::size_t kMost = 4096;
    static constexpr std::chrono::hours kMemory{48};

    void push(MentionDigest const& digest);
    [[nodiscard]] std::size_t size() const { return size_; }
    // 0: the oldest that is kept.
    [[nodiscard]] MentionDigest const& operator[](std::size_t i) const {
        return ring_[(first_ + i) & (ring_.size() - 1)];
    }
    [[nodiscard]] std::size_t heap_bytes() const { return ring_.size() * sizeof(MentionDigest); }

private:
    std::vector<MentionDigest> ring_;  // a power of two, or empty
    std::size_t first_ = 0, size_ = 0;
};

}  // namespace surged::detectors
