// Why a tick was judged as it was: what `explain` shows of it, small enough to be kept per minute.
#pragma once

#include <array>
#include <cstdint>

namespace surged::detectors {

// What came of a tick.
enum class Outcome : std::uint8_t {
    calm,         // nothing was due
    started,      // it paged
    grown,        // told again: the burst score has doubled since
    ended,        // the surge is over
    new_normal,   // it has become the usual
    under_way,    // a surge that was told goes on
    told_lately,  // a page was due by the evidence; what was told lately is not told again
    too_few,      // a page was due by the evidence, but not by `min_mentions`
};

// Of one tick of a detector of type `surge`. Rarities are ln of the return period in days; the
// channel that is the more severe decides.
struct Grounds {
    static constexpr std::size_t kWindows = 5;  // 5 min, 15 min, 1 h, 6 h, 24 h

    bool stated = false;  // false: of another type of detector, or kept before this was kept
    bool learning = false, warm = false;  // less than a day of history; the burst channel speaks
    bool by_burst = false;                // the more severe channel, and the one of `observed`
    bool history = false;                 // read at the first start: taught, never told
    Outcome outcome = Outcome::calm;
    float level = 0;                        // mentions per minute, without season
    float multiplier = 1;                   // announced
    float burst = 0, sustained = 0;         // rarities, share of the budget included
    float due = 0;                          // the rarity at which a page is due
    float observed = 0, expected = 0;       // in the strongest window or block
    float minutes = 0;                      // its length
    std::array<float, kWindows> windows{};  // spreads above the usual, 0 where below
};

// The same in 28 bytes: rarities to 0.02 days' worth, everything else to 0.1 %.
using PackedGrounds = std::array<std::uint16_t, 14>;
[[nodiscard]] PackedGrounds pack(Grounds const& grounds);
[[nodiscard]] Grounds unpack(PackedGrounds const& packed);

}  // namespace surged::detectors
