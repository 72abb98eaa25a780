// Whether the public took our answer: a crisis that rises again after it, or stays as angry as it
// was, has a second wave.
#pragma once

#include "detectors/people.h"

#include <optional>
#include <span>
#include <string_view>

namespace surged::detectors {

// What is known of an incident that has had its answer on every platform.
struct AfterAnswer {
    std::span<MoodStep const> mood;  // ascending, of equal length, from the onset on
    WallTime answered{};             // the last of the answers of this run
    WallTime covered{};              // what came before this is known of all its streams
    bool surging = false;            // a stream of it still is in surge
};

struct SecondWave {
    WallTime from{};       // since when it rises; of a tone that did not fall: `covered`
    std::string_view why;  // for people: "the surge rises again after our answer"
};

// An answer takes time to be read: nothing that is said in the first kSettles after it counts.
inline constexpr std::chrono::minutes kSettles{30};

// While a stream of it is in surge (else nothing is abnormal, whatever the hour of the day does):
//
// The surge rises again: after the answer the newest step (or the newest three) holds at least
// twice the mentions of the lowest before it, and a quarter of the highest of before the answer,
// and the difference is kSurely standard errors of counts that are twice as restless as chance.
inline constexpr double kSurely = 4;
// The tone did not fall: an hour after the answer, with kJudged judged mentions before and after it
// at the least, the negative share is as high as before. Where fewer
// than a fifth were negative there was no anger to soothe.
inline constexpr std::uint64_t kJudged = 50;
inline constexpr double kAngryShare = 0.2;

// A pure function; O(steps).
[[nodiscard]] std::optional<SecondWave> second_wave(AfterAnswer const& in);

}  // namespace surged::detectors
