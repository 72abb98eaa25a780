// Goal: years of history in seconds: a backtest of counts walks stream-minutes, one of mentions
// rows; the aim is a million a second of either on one core. Method: run_backtest over data in
// memory, as the command calls it.
#include "daemon/backtest.h"
#include "tests/bench/bench_data.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cmath>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPadding = 64;  // what run_backtest reads behind its data

// Repeats the backtest; the best run counts.
void run(benchmark::State& state, std::string& data, char const* counter, bool scores,
         std::uint64_t daemon::BacktestSummary::*what) {
    data.reserve(data.size() + kPadding);
    double best = 1e9;
    std::uint64_t done = 0;
    std::size_t scored = 0;
    for (auto _ : state) {
        daemon::BacktestOptions options;
        options.event = [](std::string_view) {};
        if (scores) options.score = [&](std::string_view, std::string_view, double) { ++scored; };
        auto const start = std::chrono::steady_clock::now();
        auto const result = daemon::run_backtest(bench_settings(), data, options);
        double const took =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (result.error) {
            state.SkipWithError(result.error->c_str());
            return;
        }
        done = result.summary.*what;
        best = std::min(best, took);
        state.SetIterationTime(took);
    }
    state.counters[counter] = double(done) / best;
    state.counters["n"] = double(done);
    benchmark::DoNotOptimize(scored);
}

// 1-minute rows of one stream with a day's rhythm: argument minutes.
void counts(benchmark::State& state) {
    BenchRandom random;
    std::string data = "timestamp,value\n";
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        double const day = 6.283185307 * double(i % 1440) / 1440;
        double const mean = 20 * (1.2 + std::sin(day));
        auto const value = std::int64_t(mean * (0.6 + 0.8 * double(random.below(1000)) / 1000));
        std::string time = detectors::rfc3339(kBenchStart + 1min * i);
        data += time + "," + std::to_string(value) + "\n";
    }
    run(state, data, "minutes/s", true, &daemon::BacktestSummary::stream_minutes);
}
BENCHMARK(counts)->Arg(525'600)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(4);

// Rows of contract section 4 of one stream, as dense as the argument says: rows per minute.
void mentions(benchmark::State& state) {
    constexpr std::size_t kRows = 300'000;
    BenchRandom random;
    std::string data;
    data.reserve(kRows * 480);
    auto const gap = std::chrono::milliseconds{60'000 / state.range(0)};
    for (std::size_t i = 0; i < kRows; ++i) data += ndjson_row(random, i, kBenchStart + gap * i);
    run(state, data, "rows/s", false, &daemon::BacktestSummary::rows);
}
BENCHMARK(mentions)->Arg(1000)->Arg(10)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(4);

}  // namespace
}  // namespace surged::tests
