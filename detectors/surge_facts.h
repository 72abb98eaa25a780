// What is known of the mentions of a surge or an incident: a value, computed by composition.h.
#pragma once

#include "detectors/event.h"
#include "detectors/mention.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace surged::detectors {

// A post of the surge that many may have seen. Its text stands in the store, beside the journal.
struct VisiblePost {
    std::string stream;
    MentionKey key = 0;
    WallTime at{};
    std::uint32_t audience = 0;  // reach, else followers; 0: not told
    std::uint32_t echoes = 0;    // reposts, quotes and replies in the surge that name it
    bool reach = false;          // `audience` is a reach
    friend bool operator==(VisiblePost const&, VisiblePost const&) = default;
};

// All shares are of the mentions, 0..1.
struct SurgeFacts {
    Composition composition;
    double mentions =
        0;  // distinct ones; beyond SurgeSketch::kSample an estimate (2.2 % standard error)
    double organic = 0;  // share that is none of: repost, copy, by a new account, an author's
                         // fourth or later mention
    double error = 0;    // standard error of a share of one half; 0: everything is exact
    std::vector<std::pair<std::string, double>> languages;  // at most five, largest first
    std::vector<VisiblePost> visible;                       // at most kVisible, most visible first
    // What it can be known by when it comes back: hashes of the links (and of the posts that are
    // reposted or quoted), and similarity hashes of the texts, each in two mentions and in one of a
    // hundred at the least; the most frequent first, at most kMarks each.
    std::vector<std::uint64_t> links, copies;
    static constexpr std::size_t kVisible = 10, kMarks = 50, kLanguages = 5;
    // Somebody told who wrote, or what was written: otherwise there is no composition to speak of.
    bool told = false;
};

}  // namespace surged::detectors
