// Who speaks well of a brand, day by day, while nothing is wrong: whom to turn to when something
// is.
#pragma once

#include "detectors/digest.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace surged::detectors {

// Of one brand, on all platforms: no text, no names, hashes of authors only. Bounded: kAuthors;
// when more are known, the half that spoke well least goes. A friend who has been silent for
// kMemory is one no more. Cost: note() O(1) amortised; about 24 bytes an author.
class Advocates {
public:
    static constexpr std::size_t kAuthors = 5000;  // 120 KiB a brand
    static constexpr std::chrono::hours kMemory{180 * 24};
    // An advocate spoke well on so many different days, and so many times as often as badly: one
    // outburst of praise is a mood.
    static constexpr std::uint32_t kDays = 3, kTimes = 3;

    // A mention outside of any incident of the brand. Of those whose tone is not known nothing is
    // learned.
    void note(MentionDigest const& mention);
    // On how many days the author spoke well before `at`; 0: no advocate.
    [[nodiscard]] std::uint32_t spoke_well(std::uint64_t author, WallTime at) const;
    // Erased: true when it was known.
    bool forget(std::uint64_t author);

    [[nodiscard]] std::size_t size() const { return known_.size(); }
    [[nodiscard]] bool dirty() const { return dirty_; }  // changed since save()
    [[nodiscard]] std::string save();
    [[nodiscard]] bool restore(std::string_view blob);

    struct Known {
        std::uint16_t days = 0, badly = 0;  // days with a friendly mention; angry mentions
        std::int32_t last = 0;              // day of the newest friendly one, since 1970
    };

private:
    void make_room(std::int32_t today);

    boost::unordered_flat_map<std::uint64_t, Known> known_;
    bool dirty_ = false;
};

}  // namespace surged::detectors
