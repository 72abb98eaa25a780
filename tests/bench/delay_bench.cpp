// Goal: how long the default detector takes to page, per shape of surge and rate of the stream, and
// how well it dates the beginning, beside a CUSUM that is told the truth: the stream's true
// expectation and the multiplier that suits the shape best, its threshold set on the same stream's
// surge-free minutes to as many false pages. Method: after 30 days of a simulated stream a surge is
// added every third day to a copy of the detector, for 24 h each; nothing is timed.
//
//   delay_bench [STREAMS per rate, 40] [SEED, 1] [DAYS per false page, 7]
#include "detectors/surge.h"
#include "tests/bench/stream_noise.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::WallTime;

constexpr int kDay = 1440, kLearn = 30 * kDay, kSurges = 8, kEvery = 3 * kDay;
constexpr WallTime kMonday{std::chrono::seconds{1'736'121'600}};  // 2025-01-06 00:00 UTC
constexpr std::array<double, 5> kRates{0.5 / 60, 5 / 60.0, 1, 30, 1000};
constexpr std::array<char const*, 5> kRateNames{"0.5/h", "5/h", "1/min", "30/min", "1000/min"};
constexpr std::array<double, 9> kRises{1.3, 1.5, 2, 3, 4, 6, 10, 16, 25};

struct Shape {
    char const* name;
    double step = 0, doubling = 0, ramp = 0;
    // Times the usual, `m` minutes after the onset; exponential ones begin with a quarter more.
    [[nodiscard]] double at(double m) const {
        if (step > 0) return step;
        if (doubling > 0) return 1 + std::min(30.0, 0.25 * std::exp2(m / doubling));
        return 1 + (ramp - 1) * std::min(1.0, m / 720);
    }
};
constexpr std::array<Shape, 8> kShapes{{{.name = "x2", .step = 2},
                                        {.name = "x3", .step = 3},
                                        {.name = "x5", .step = 5},
                                        {.name = "x10", .step = 10},
                                        {.name = "exp 5m", .doubling = 5},
                                        {.name = "exp 30m", .doubling = 30},
                                        {.name = "exp 2h", .doubling = 120},
                                        {.name = "slow 12h", .ramp = 4}}};

WallTime at(int minute) {
    return kMonday + 1min * minute;
}

// Of sorted numbers; those that never came count as the largest.
struct Sample {
    std::vector<double> values;
    std::size_t runs = 0;
    [[nodiscard]] std::optional<double> quantile(double part, std::size_t of) {
        std::sort(values.begin(), values.end());
        auto const i = std::size_t(part * double(of));
        return i < values.size() ? std::optional(values[i]) : std::nullopt;
    }
};

struct Cell {
    Sample delay, error, miss;  // minutes; error signed, miss its size
    std::size_t covered = 0;
    std::array<Sample, kRises.size()> truth;
};

double gain(double count, double expected, double rise) {
    return count * std::log(rise) - (rise - 1) * expected;
}

// The threshold at which a CUSUM that begins anew after each alarm gives `pages` of them.
double threshold_of(std::vector<StreamNoise::Minute> const& series, double rise, double pages) {
    double low = 0, high = 1;
    auto const alarms = [&](double threshold) {
        int n = 0;
        double sum = 0;
        for (auto const& m : series) {
            sum = std::max(0.0, sum + gain(m.count, m.expected, rise));
            if (sum < threshold) continue;
            sum = 0;
            ++n;
        }
        return n;
    };
    while (alarms(high) > pages) high *= 4;
    for (int i = 0; i < 12; ++i) {
        double const middle = (low + high) / 2;
        (alarms(middle) > pages ? low : high) = middle;
    }
    return high;
}

class Run {
public:
    Run(std::uint64_t seed, double rate, double days) : noise_(seed, rate), days_(days) {
        for (int m = 0; m < kLearn + kSurges * kEvery + kDay; ++m) series_.push_back(noise_.next());
        for (std::size_t k = 0; k < kRises.size(); ++k)
            threshold_[k] = threshold_of(series_, kRises[k], double(series_.size()) / kDay / days);
    }

    void into(std::array<Cell, kShapes.size()>& cells) {
        detectors::SurgeDetector detector{
            {.false_pages = 1, .per = std::chrono::seconds{std::int64_t(days_ * 86400)}}};
        bool surging = false;
        int m = 0;
        std::array<double, kRises.size()> sums{};
        for (int k = 0; k < kSurges; ++k) {
            int const onset = kLearn + k * kEvery + int(noise_.uniform(0, kDay));
            for (; m < onset; ++m) {
                auto const& minute = series_[std::size_t(m)];
                surging = detector.tick({at(m), 60s, minute.count, 1}).surging;
                for (std::size_t r = 0; r < kRises.size(); ++r) {
                    sums[r] =
                        std::max(0.0, sums[r] + gain(minute.count, minute.expected, kRises[r]));
                    if (sums[r] >= threshold_[r]) sums[r] = 0;
                }
            }
            if (surging) continue;  // a false page is open: nothing could be told apart
            for (std::size_t s = 0; s < kShapes.size(); ++s)
                surge(kShapes[s], onset, detector, sums, cells[s]);
        }
    }

private:
    void surge(Shape const& shape, int onset, detectors::SurgeDetector detector,
               std::array<double, kRises.size()> sums, Cell& cell) {
        bool found = false;
        std::array<bool, kRises.size()> told{};
        auto without = sums;  // the same without the surge: what it finds is a false alarm
        ++cell.delay.runs;
        for (int i = 0; i < kDay; ++i) {
            auto const& minute = series_[std::size_t(onset + i)];
            double const count =
                minute.count + noise_.poisson((shape.at(i + 0.5) - 1) * minute.expected);
            if (!found) {
                auto const v = detector.tick({at(onset + i), 60s, count, 1});
                found = v.transition == detectors::Transition::started;
                if (found) note(cell, v, onset, i);
            }
            for (std::size_t r = 0; r < kRises.size(); ++r) {
                sums[r] = std::max(0.0, sums[r] + gain(count, minute.expected, kRises[r]));
                without[r] =
                    std::max(0.0, without[r] + gain(minute.count, minute.expected, kRises[r]));
                if (told[r] || sums[r] < threshold_[r]) continue;
                told[r] = true;
                if (without[r] >= threshold_[r]) continue;
                cell.truth[r].values.push_back(i + 1);
            }
        }
    }
    static void note(Cell& cell, detectors::Verdict const& v, int onset, int i) {
        double const error = double((v.onset - at(onset)) / 1s) / 60;
        cell.delay.values.push_back(i + 1);
        cell.error.values.push_back(error);
        cell.miss.values.push_back(std::fabs(error));
        cell.covered += v.onset_from <= at(onset) && at(onset) <= v.onset_until;
    }

    StreamNoise noise_;
    double days_;
    std::vector<StreamNoise::Minute> series_;
    std::array<double, kRises.size()> threshold_{};
};

void print(std::optional<double> v, int width) {
    if (v)
        std::printf(" %*.0f", width, *v);
    else
        std::printf(" %*s", width, "-");
}

void print_row(char const* rate, char const* shape, Cell& cell) {
    std::size_t const runs = cell.delay.runs, found = cell.delay.values.size();
    std::optional<double> best;
    for (Sample& s : cell.truth) {
        auto const median = s.quantile(0.5, runs);
        if (median && (!best || *median < *best)) best = median;
    }
    std::printf("%-9s %-9s %5zu %4.0f%%", rate, shape, runs, 100.0 * double(found) / double(runs));
    print(cell.delay.quantile(0.5, runs), 6);
    print(cell.delay.quantile(0.9, runs), 6);
    print(best, 6);
    print(cell.error.quantile(0.25, found), 7);
    print(cell.error.quantile(0.5, found), 6);
    print(cell.error.quantile(0.75, found), 6);
    print(cell.miss.quantile(0.5, found), 6);
    std::printf(" %6.0f%%\n",
                100.0 * double(cell.covered) / double(std::max<std::size_t>(1, found)));
    std::fflush(stdout);
}

int bench(int streams, std::uint64_t seed, double days) {
    std::printf("%-9s %-9s %5s %5s %6s %6s %6s %7s %6s %6s %6s %7s\n", "rate", "shape", "runs",
                "found", "delay", "p90", "truth", "onset:", "error", "q75", "size", "inside");
    std::printf("%-34s%30s\n", "", "(median of all runs; CUSUM)   q25  median        median");
    for (std::size_t r = 0; r < kRates.size(); ++r) {
        std::array<Cell, kShapes.size()> cells;
        for (int i = 0; i < streams; ++i)
            Run(seed * 1'000'003 + std::uint64_t(i) * 7919 + r, kRates[r], days).into(cells);
        for (std::size_t s = 0; s < kShapes.size(); ++s)
            print_row(kRateNames[r], kShapes[s].name, cells[s]);
    }
    return 0;
}

}  // namespace
}  // namespace surged::tests

int main(int argc, char** argv) {
    int const streams = argc > 1 ? std::atoi(argv[1]) : 40;
    std::uint64_t const seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    double const days = argc > 3 ? std::atof(argv[3]) : 7;
    if (streams < 1 || !(days >= 1)) {
        std::fprintf(stderr, "usage: delay_bench [STREAMS] [SEED] [DAYS]\n");
        return 2;
    }
    return surged::tests::bench(streams, seed, days);
}
