#include "detectors/second_wave.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace surged::detectors {
namespace {

constexpr std::array<std::size_t, 2> kWindows{3, 1};  // steps: a slow rise, or a loud one
constexpr double kRestless = 2;  // variance over mean of counts that follow each other's posts
constexpr double kLeast = 20;    // mentions in the newest window: fewer are no wave
constexpr std::chrono::hours kHeard{1};

double sum_at(std::span<MoodStep const> mood, std::size_t i, std::size_t window) {
    double sum = 0;
    for (std::size_t j = i; j < i + window; ++j) sum += double(mood[j].mentions);
    return sum;
}

std::optional<SecondWave> rises_again(AfterAnswer const& in, std::size_t window) {
    // Steps that have passed whole; those after the answer has been read.
    std::size_t end = 0;
    while (end < in.mood.size() && in.mood[end].at + in.mood[end].length <= in.covered) ++end;
    std::size_t first = 0;
    while (first < end && in.mood[first].at < in.answered + kSettles) ++first;
    if (end < first + 2 * window) return std::nullopt;
    double highest = 0, lowest = std::numeric_limits<double>::max();
    for (std::size_t i = 0; i + window <= end && in.mood[i].at < in.answered; ++i)
        highest = std::max(highest, sum_at(in.mood, i, window));
    std::size_t const newest = end - window;
    for (std::size_t i = first; i + window <= newest; ++i)
        lowest = std::min(lowest, sum_at(in.mood, i, window));
    double const now = sum_at(in.mood, newest, window);
    bool const risen = now >= std::max(2 * lowest, kLeast) && now >= highest / 4 &&
                       now - lowest >= kSurely * std::sqrt(kRestless * (now + lowest));
    if (!risen) return std::nullopt;
    return SecondWave{in.mood[newest].at, "the surge rises again after our answer"};
}

ToneShare tone_between(std::span<MoodStep const> mood, WallTime from, WallTime to) {
    ToneShare sum;
    for (MoodStep const& s : mood) {
        if (s.at < from || s.at + s.length > to) continue;
        sum.judged += s.tone.judged;
        sum.negative += s.tone.negative;
    }
    return sum;
}

std::optional<SecondWave> stays_angry(AfterAnswer const& in) {
    if (in.covered < in.answered + kHeard) return std::nullopt;
    ToneShare const before = tone_between(in.mood, WallTime::min(), in.answered);
    ToneShare const after = tone_between(in.mood, in.answered + kSettles, in.covered);
    if (before.judged < kJudged || after.judged < kJudged) return std::nullopt;
    if (before.negative_share() < kAngryShare || after.negative_share() < before.negative_share())
        return std::nullopt;
    return SecondWave{in.covered, "the share of negative mentions has not fallen since our answer"};
}

}  // namespace

std::optional<SecondWave> second_wave(AfterAnswer const& in) {
    if (!in.surging) return std::nullopt;
    for (std::size_t const window : kWindows)
        if (auto const wave = rises_again(in, window)) return wave;
    return stays_angry(in);
}

}  // namespace surged::detectors
