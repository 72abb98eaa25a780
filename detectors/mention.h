// One post, reply, comment, quote or repost that names a brand: the input of everything.
#pragma once

#include "detectors/time.h"

#include <compare>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

enum class MentionKind : std::uint8_t { post, reply, comment, quote, repost };
[[nodiscard]] std::string_view to_string(MentionKind kind);
[[nodiscard]] MentionKind mention_kind(std::string_view word,
                                       MentionKind fallback = MentionKind::post);

struct Author {
    std::string_view id;
    std::string_view handle;
    std::int64_t followers = -1;    // -1: not told
    WallTime created_at = kNoTime;  // of the account
};

// Every string_view points into the MentionBatch that holds the mention (or into bytes the caller
// keeps alive); an empty one means "not told". Copying a Mention copies views, never text.
struct Mention {
    std::string_view
        id;  // as the platform writes it; ids beyond 2^53 and non-numeric ones are ordinary
    WallTime created_at = kNoTime;  // event time; kNoTime: the platform did not tell
    WallTime seen_at =
        kNoTime;  // when it reached us; kNoTime: now (only recorded data knows better)
    MentionKind kind = MentionKind::post;
    Author author;
    std::string_view text;
    std::string_view lang;  // BCP 47, "" when not told
    std::string_view url;
    std::string_view in_reply_to;  // id of the mention this answers
    std::string_view quotes;
    std::string_view reposts;
    std::string_view conversation;  // id of the root of the thread
    std::int64_t reach = -1;        // people who may have seen it; -1: not told
};

// Identity within one stream: the number itself for a canonical decimal id below 2^63 (no collision
// possible), else a 63-bit hash with the top bit set. Stable for ever: it is stored.
using MentionKey = std::uint64_t;
[[nodiscard]] MentionKey key_of(std::string_view id);

// A conversation by the identity of its root, whose text need not be kept. Made from an id as the
// platform writes it; 0: none.
struct ConversationKey {
    MentionKey value = 0;
    ConversationKey() = default;
    template <typename Text>
    requires std::convertible_to<Text const&, std::string_view> ConversationKey(
        Text const& id)  // NOLINT: an id is its key
        : value(std::string_view(id).empty() ? 0 : key_of(std::string_view(id))) {}
    static ConversationKey of(MentionKey key) {
        ConversationKey conversation;
        conversation.value = key;
        return conversation;
    }
    [[nodiscard]] bool empty() const { return value == 0; }
    friend auto operator<=>(ConversationKey const&, ConversationKey const&) = default;
};
template <typename A>
void archive(A& a, ConversationKey& c) {
    a(c.value);
}

// FNV-1a with an avalanche at the end; stable for ever, because it is stored. Not for secrets.
[[nodiscard]] std::uint64_t stable_hash(std::string_view bytes);

// Owns the text of the mentions of one page or push body. Reused from page to page: after the first
// pages nothing is allocated. Not thread-safe; moved, never copied.
class MentionBatch {
public:
    std::vector<Mention> items;

    // Copies `text` into the batch; the view lives until clear() or destruction. O(length).
    std::string_view keep(std::string_view text);
    // Uninitialised space for an unescaper that writes at most `size` bytes; commit with the view
    // it returned.
    char* reserve(std::size_t size);
    std::string_view commit(std::size_t used);

    void clear();  // forgets mentions and text, keeps the memory
    [[nodiscard]] bool empty() const { return items.empty(); }

private:
    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;  // the one being filled
    std::size_t used_ = 0;   // of that chunk
};

}  // namespace surged::detectors
