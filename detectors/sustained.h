// The sustained channel's score: a rise that lasts, however modest, against the stream's own week.
#pragma once

#include "detectors/tail.h"

#include <array>
#include <cstdint>

namespace surged::detectors {

// Distance of a count n from its expectation e, in standard deviations of a negative binomial with
// relative variance f: 2/sqrt(f) [asinh sqrt(f (n + 3/8)) - asinh sqrt(f (e + 3/8))]. Like a square
// root for small counts, like a logarithm for large ones, so heavy-tailed cascades get exponential
// tails. (F. J. Anscombe, Biometrika 35, 1948, 246-254.)
[[nodiscard]] double nb_score(double n, double e, double f);

// Eight block lengths, 4 to 512 minutes, each with two clipped CUSUMs of its block scores:
// W = min(400, max(0, W + min(z, 4) - drift)), drift 0.75 and 2. Clipping is the point: a cascade
// that is over in ten minutes adds little however big it is, a rise that persists keeps adding.
// Each of the sixteen sums is read against the tail of its own past; the largest of them, read
// against the tail of that, is the channel's rarity. Evaluated every minute with the blocks as far
// as they have come.
//
// A value of fixed size; minute() is O(1), about 0.3 us.
class Sustained {
public:
    static constexpr std::size_t kScales = 8, kDrifts = 2, kShortest = 4;  // minutes

    Sustained();

    // One more minute that starts at unix second `t`: `expected` and `unknown` are the baseline's;
    // `announced`: an announced surge was expected, so the minute teaches no dispersion and no
    // tail. Returns the rarity: e^R days is the return period.
    double minute(std::int64_t t, double count, double expected, double unknown, bool announced);

    // While a page is open the tails learn nothing.
    void pause(bool on) { paused_ = on; }
    // This channel raised the page: its running maxima become right-censored.
    void page();
    // A copy that saw further raised it.
    void adopt_page(Sustained const& ahead);
    void forget_page();
    // After a page: every sum starts again.
    void reset();

    // The accumulator that is most extreme.
    struct Excursion {
        double observed, expected;  // of its running block and, if it began before, of the last one
        double minutes;             // that they cover
        std::int64_t onset;         // unix second at which its present excursion began
    };
    [[nodiscard]] Excursion strongest() const;

    [[nodiscard]] Tail<540> const& tail() const { return all_; }
    // Learned relative variance of counts in blocks of 4 << scale minutes, within its limits.
    [[nodiscard]] double dispersion(std::size_t scale) const;

    template <typename A>
    friend void archive(A& a, Sustained& s) {
        a(s.scale_, s.all_, s.minutes_, s.score_, s.winner_, s.paused_, s.last_minute_,
          s.announced_minute_);
        if constexpr (A::kReading) s.winner_ %= kScales * kDrifts;
    }

private:
    struct Accumulator {
        double sum = 0;
        std::int64_t since = 0;  // unix second
        Tail<90> tail;

        template <typename A>
        friend void archive(A& a, Accumulator& x) {
            a(x.sum, x.since, x.tail);
        }
    };
    struct Scale {
        double n = 0, e = 0;            // of the running block
        double last_n = 0, last_e = 0;  // of the finished one
        double dispersion_num = 3, dispersion_den = 20;
        std::array<Accumulator, kDrifts> drift;

        template <typename A>
        friend void archive(A& a, Scale& x) {
            a(x.n, x.e, x.last_n, x.last_e, x.dispersion_num, x.dispersion_den, x.drift);
        }
    };
    void end_block(std::size_t scale, double dispersion);

    std::array<Scale, kScales> scale_;
    Tail<540> all_;
    std::uint32_t minutes_ = 0;
    std::uint32_t announced_minute_ = 0;  // the last one announced; 0: none yet
    double score_ = 0;
    std::uint32_t winner_ = 0;  // scale * kDrifts + drift
    bool paused_ = false;
    std::int64_t last_minute_ = 0;  // unix second
};

}  // namespace surged::detectors
