// Who and what makes a surge: distinct authors, reposts, near copies, new accounts, languages, the
// most visible posts; and whether that is many people speaking.
#pragma once

#include "detectors/digest.h"
#include "detectors/surge_facts.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::detectors {

// The rule of the kind, first that fits:
//  flood      few authors: one wrote half of it; or the busiest did, one to kMentionsABusy
//             mentions and kBusiest at the most; or there is one author to kFewAuthors mentions;
//             or half is by new accounts; or half is near copies that are no reposts: many
//             mentions, not many people speaking.
//  amplified  half is reposts, reposts made by hand, or these and copies together: few posts, many
//             who carry them.
//  organic    else, and below kLeastMentions, where nothing can be said.
inline constexpr double kMostOfIt = 0.5;
inline constexpr double kFewAuthors = 4;
inline constexpr std::size_t kBusiest = 10, kMentionsABusy = 6;
inline constexpr double kLeastMentions = 5;
// `busiest`: share of those busiest authors; `forwarded`: share of reposts made by hand.
[[nodiscard]] std::string_view kind_of(Composition const& c, double mentions, double busiest,
                                       double forwarded);

// The mentions of one surge, from which its facts are computed. What it says depends on the set of
// mentions alone, not on their order, nor on how often one was added or by which streams it came.
//
// Up to kSample mentions everything is exact. Beyond, it holds the kSample mentions whose hashed
// identity is smallest, a uniform sample without repetition (E. Cohen, H. Kaplan, PODC 2007,
// bottom-k): the standard error of a share p is sqrt(p (1 - p) / kSample), at most 1.1 %; copies
// are found among the sample, so a text that stands in fewer than one of a few hundred mentions
// may be missed and `copies` is then too low. Distinct authors are counted by HyperLogLog of 4096
// registers (P. Flajolet and others, AofA 2007): 1.6 %. The most visible posts by audience are
// exact at any size; those known by echoes alone come from the sample.
//
// Memory: 72 bytes a mention up to 147 KiB, 4 KiB of registers, 32 posts. Cost: add() O(log
// kSample), no allocation once the sample is full; facts() some milliseconds at most.
class SurgeSketch {
public:
    static constexpr std::size_t kSample = 2048;
    static constexpr std::size_t kRegisters = 4096;

    // `platform`: identity is (platform, id). `stream`: told with the visible posts.
    void add(MentionDigest const& digest, std::string const& stream, std::uint64_t platform);
    void merge(SurgeSketch const& other);
    [[nodiscard]] SurgeFacts facts() const;
    [[nodiscard]] std::uint64_t added() const { return added_; }  // changes when facts() may
    [[nodiscard]] bool exact() const { return registers_.empty(); }
    [[nodiscard]] std::size_t heap_bytes() const;

private:
    struct Entry {
        std::uint64_t rank = 0;  // hash of its identity
        std::uint16_t stream = 0;
        MentionDigest digest;
    };
    struct Tally;
    struct Place {
        std::string stream;
        std::uint64_t platform = 0;
    };
    static bool more_visible(Entry const& a, Entry const& b);
    static bool lower_rank(Entry const& a, Entry const& b) { return a.rank < b.rank; }
    std::uint16_t place_of(std::string const& stream, std::uint64_t platform);
    void insert(Entry const& entry);
    void show(Entry const& entry);
    void count_author(std::uint64_t author);
    void overflow();
    [[nodiscard]] double distinct_authors() const;
    void choose_visible(Tally const& tally, SurgeFacts& facts) const;
    void choose_marks(Tally const& tally, SurgeFacts& facts) const;

    std::vector<Entry> sample_;            // a heap once it is full: the largest rank first
    std::vector<Entry> visible_;           // by audience, at most kShown
    std::vector<std::uint8_t> registers_;  // empty while everything is in the sample
    std::vector<Place> places_;
    std::uint64_t added_ = 0;
};

// Groups of texts that are near copies (kCopyDistance; a copy of a copy is one too). Exact;
// O(n log n) and the few pairs that share an eighth of their bits.
class CopyGroups {
public:
    // In any order, repeated as often as they were said; 0 is no text.
    explicit CopyGroups(std::vector<std::uint64_t> likenesses);
    // How many more mentions than distinct texts: the sizes of the groups, less one each.
    [[nodiscard]] std::size_t copies() const { return copies_; }
    // Of groups of two and more: their size, and the text that is said most in it.
    [[nodiscard]] std::vector<std::pair<std::size_t, std::uint64_t>> const& groups() const {
        return groups_;
    }
    // A number for the group of a text that was given; the same for near copies.
    [[nodiscard]] std::size_t group_of(std::uint64_t likeness) const;

private:
    std::vector<std::uint64_t> texts_;  // distinct, ascending
    std::vector<std::size_t> group_;    // of each
    std::vector<std::pair<std::size_t, std::uint64_t>> groups_;
    std::size_t copies_ = 0;
};

}  // namespace surged::detectors
