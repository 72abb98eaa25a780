#include "detectors/onset.h"

#include "detectors/packed.h"

#include <algorithm>
#include <cmath>

namespace surged::detectors {

namespace {

// Rates per minute in a byte: 2^-20 to 2^20.
constexpr float kOctaves = 40.0F / 255, kSmallest = -20;
std::uint8_t pack_rate(float rate) {
    float const step = (std::log2(std::max(rate, 1e-9F)) - kSmallest) / kOctaves;
    return std::uint8_t(std::clamp(step + 0.5F, 0.0F, 255.0F));
}
float unpack_rate(std::uint8_t code) {
    return std::exp2(float(code) * kOctaves + kSmallest);
}

std::size_t slot(std::int64_t block, std::int64_t size) {
    return std::size_t(block % size);
}

}  // namespace

void RecentCounts::push(float count, float expected, bool known) {
    if (next_ % 5 == 0) {
        five_sum_ = 0;
        five_known_ = 0;
    }
    if (next_ % 15 == 0) {
        quarter_sum_ = quarter_expected_ = 0;
        quarter_known_ = 0;
    }
    minute_[slot(next_, kMinutes)] = known ? pack16(count) : kUnknown16;
    if (known) {
        five_sum_ += count;
        quarter_sum_ += count;
        quarter_expected_ += expected;
        ++five_known_;
        ++quarter_known_;
    }
    std::int64_t const five = next_ / 5, quarter = next_ / 15;
    five_[slot(five, kFives)] = five_known_ == 5 ? pack16(five_sum_) : kUnknown16;
    quarter_[slot(quarter, kQuarters)] = quarter_known_ == 15 ? pack16(quarter_sum_) : kUnknown16;
    if (known)
        expected_[slot(quarter, kQuarters)] = pack_rate(quarter_expected_ / float(quarter_known_));
    ++next_;
}

void RecentCounts::add(std::int64_t t, double count, double expected) {
    std::int64_t const minute = t / 60;
    if (minute < next_ || minute - next_ > 15 * kQuarters || next_ == 0) {
        *this = RecentCounts();
        next_ = first_ = minute;
    }
    while (next_ < minute) push(0, 0, false);
    push(float(count), float(expected), true);
}

std::size_t RecentCounts::read(std::array<RecentPoint, kPoints>& out) const {
    std::size_t n = 0;
    auto const up = [](std::int64_t minute, std::int64_t to) {
        return (minute + to - 1) / to * to;
    };
    // What the slots hold: the newest kMinutes, and of blocks the running one and those before.
    std::int64_t const minutes_from = up(std::max(first_, next_ - kMinutes), 5);
    std::int64_t const fives_from = up(std::max(first_, up(next_, 5) - 5 * kFives), 15);
    std::int64_t const quarters_from = up(std::max(first_, up(next_, 15) - 15 * kQuarters), 15);
    auto const put = [&](std::int64_t from, std::int64_t length, std::uint16_t code) {
        if (code == kUnknown16 || n == out.size()) return;
        float const rate = unpack_rate(expected_[slot(from / 15, kQuarters)]);
        out[n++] = {from * 60, std::int32_t(length * 60), unpack16(code), rate * float(length)};
    };
    std::int64_t at = quarters_from;
    for (; at + 15 <= std::min(fives_from, next_); at += 15)
        put(at, 15, quarter_[slot(at / 15, kQuarters)]);
    for (at = std::max(at, fives_from); at + 5 <= std::min(minutes_from, next_); at += 5)
        put(at, 5, five_[slot(at / 5, kFives)]);
    // A stream younger than its first full block begins in the middle of one.
    at = n == 0 ? std::max(first_, next_ - kMinutes) : std::max(at, minutes_from);
    for (; at < next_; ++at) put(at, 1, minute_[slot(at, kMinutes)]);
    return n;
}

namespace {

// Correlated noise carries less evidence than its minutes have: wider than learned by so much.
// These are plateaus of simulated streams (errors of steps move by a minute or two within a factor
// of two); a smaller clip lets long weak rises outweigh what raised the page.
constexpr double kWiden = 4, kSpreadMin = 0.2;
constexpr double kClip = 10;             // of one point's evidence
constexpr double kStair = 8;             // a smaller rise before must be worth so much
constexpr double kStairFrom = 1;         // or so much to widen the interval
constexpr double kDrop = 4;              // of the profile likelihood, within which the truth is
constexpr double kBefore = 12 * 3600.0;  // seconds from which the level before is taken
constexpr double kLean = 30;             // mentions that its guess of 1 is worth
constexpr double kSmaller = 0.75;        // of the rise above: a stair's rise at most
// What lies hours back must have been a rise by itself: a day that is a little louder than its
// season adds up to more evidence than the minutes that raised the page, and is no beginning. An
// onset too early is worse than one too late: the public's clocks would be overdue on arrival.
constexpr double kOldRise = 2;
constexpr std::array<double, 12> kRise{1.4, 2, 2.8, 4, 5.6, 8, 12, 20, 40, 80, 200, 1000};

struct Search {
    RecentPoint const* points;
    std::size_t count;
    Spread spread;
    std::size_t first, last;  // candidates

    [[nodiscard]] double spread_of(RecentPoint const& p) const {
        return p.length >= 900 ? spread.quarter : spread.minute;
    }
};

struct Best {
    double sum = 0;
    std::size_t start = 0;
    double rise = 1;
};

// Evidence of point `p` for `b` times the expected against `a` times.
double evidence(RecentPoint const& p, double f, double a, double b) {
    double const e = double(p.expected);
    double const ratio = std::log((1 + f * b * e) / (1 + f * a * e));
    double const y = double(p.count);
    return std::clamp(y * (std::log(b / a) - ratio) - ratio / f, -kClip, kClip);
}

using Profile = std::array<float, RecentCounts::kPoints + 1>;

// The best start of a rise that lasts from it to `end`; the profile over starts, if wanted.
Best best_start(Search const& s, std::size_t end, double a, double rise_max, Profile* profile) {
    Best best;
    if (profile != nullptr) profile->fill(-1e9F);
    for (double const rise : kRise) {
        if (rise > rise_max) break;
        double sum = 0;
        for (std::size_t i = end; i-- > s.first;) {
            sum += evidence(s.points[i], s.spread_of(s.points[i]), a, a * rise);
            if (i > s.last || (s.points[i].length > 60 && rise < kOldRise)) continue;
            if (profile != nullptr) (*profile)[i] = std::max((*profile)[i], float(sum));
            if (sum > best.sum) best = {sum, i, rise};
        }
    }
    return best;
}

// What was seen before point `at`, as a multiple of what was expected.
double level_before(Search const& s, std::size_t at) {
    double count = kLean, expected = kLean;
    for (std::size_t i = at; i-- > 0;) {
        RecentPoint const& p = s.points[i];
        if (double(s.points[at].start - p.start) > kBefore) break;
        double const e = double(p.expected);
        // Winsor's cap, as the baseline has it.
        count += std::min(double(p.count), e + 3 * std::sqrt(e + 0.25 * e * e) + 1);
        expected += e;
    }
    return std::clamp(count / expected, 0.4, 2.5);
}

}  // namespace

Onset estimate_onset(RecentPoint const* points, std::size_t count, Spread spread,
                     std::int64_t not_before, std::int64_t not_after) {
    Search s{points, count, spread, 0, count};
    s.spread.minute = std::max(kSpreadMin, kWiden * spread.minute);
    s.spread.quarter = std::max(kSpreadMin, kWiden * spread.quarter);
    while (s.first < count && points[s.first].start < not_before) ++s.first;
    while (s.last > s.first && points[s.last - 1].start > not_after) --s.last;
    if (s.first == s.last) return {};
    --s.last;
    Best best = best_start(s, count, 1, kRise.back(), nullptr);
    if (best.sum <= 0) return {};
    double const a = level_before(s, best.start);
    Profile profile;
    Best const again = best_start(s, count, a, kRise.back(), &profile);
    if (again.sum > 0) best = again;

    Onset out{.found = true, .at = points[best.start].start, .from = 0, .until = 0};
    std::size_t from = best.start, until = best.start;
    for (std::size_t i = s.first; i <= s.last; ++i) {
        if (double(profile[i]) < best.sum - kDrop) continue;
        from = std::min(from, i);
        until = std::max(until, i);
    }
    out.until = points[until].start;
    // The stair: every step down is a smaller rise. One that is too slight to move the estimate
    // still widens the interval.
    for (Best step = best; step.start > s.first;) {
        step = best_start(s, step.start, a, step.rise * kSmaller, nullptr);
        if (step.sum < kStairFrom) break;
        from = std::min(from, step.start);
        if (step.sum >= kStair)
            out.at = points[step.start].start;
        else
            break;
    }
    out.from = points[from].start;
    return out;
}

}  // namespace surged::detectors
