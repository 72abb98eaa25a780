// Goal: what a stream costs while nothing happens to it, in bytes and in time, and that a mention
// costs the same among a hundred thousand streams as alone (but for the caches). Method: the heap
// of this process before and after, from the allocator's own books; streams as the engine makes
// them.
#include "daemon/stream_state.h"
#include "detectors/composition.h"
#include "tests/bench/bench_data.h"

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <malloc.h>
#include <memory>
#include <vector>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::StreamState;
using detectors::Mention;
using detectors::MentionBatch;

std::size_t heap_bytes() {
    auto const info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

// One brand with so many streams, without the YAML of them.
daemon::Settings many_streams(std::size_t count) {
    daemon::Settings settings = bench_settings();
    auto& streams = settings.brands.front().streams;
    streams.resize(count, streams.front());
    for (std::size_t i = 0; i < count; ++i) streams[i].name = "s" + std::to_string(i);
    return settings;
}

// Two days of a stream with about a mention in ten minutes, as live: a watermark, a page a minute.
void live_quietly(StreamState& stream, BenchRandom& random, int minutes) {
    std::vector<detectors::Judgement> told;
    for (int i = 0; i < minutes; ++i) {
        WallTime const minute = kBenchStart + 1min * i;
        if (random.below(10) == 0) {
            (void)stream.seen.insert(random.next() >> 1, minute, {});
            (void)stream.intake.add(minute);
            ++stream.mentions;
        }
        (void)stream.intake.cover(minute, minute + 1min);
        stream.judge.advance(stream.intake, told, nullptr);
        if (i == 0) stream.judge.end_history(told);
    }
}

// Bytes of a quiet stream two days old. Argument: streams.
void quiet_stream_bytes(benchmark::State& state) {
    auto const count = std::size_t(state.range(0));
    daemon::StreamSettings const settings = bench_settings().brands.front().streams.front();
    double heap = 0, blob = 0;
    for (auto _ : state) {
        BenchRandom random;
        std::vector<std::unique_ptr<StreamState>> streams(count);
        std::size_t const before = heap_bytes();
        for (auto& stream : streams) {
            stream = std::make_unique<StreamState>(settings, nullptr, 600s);
            live_quietly(*stream, random, 2 * 1440 / int(count / 1000));
        }
        heap = double(heap_bytes() - before) / double(count);
        blob = double(daemon::save_stream(*streams.front()).size());
    }
    state.counters["heap B/stream"] = heap;  // StreamState itself is on it
    state.counters["sizeof"] = sizeof(StreamState);
    state.counters["blob B"] = blob;
}
BENCHMARK(quiet_stream_bytes)->Arg(1000)->Arg(10'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// What a mention costs for the makeup of surges: its digest (calm), and the digest added to a
// surge that is far beyond its sample. Argument: characters of text.
void mention_digest(benchmark::State& state, bool surging) {
    BenchRandom random;
    std::array<std::string, 64> texts, ids;
    for (auto& text : texts) text = bench_text(random, std::size_t(state.range(0)));
    std::uint64_t serial = 1'000'000'000;
    detectors::RecentMentions recent;
    detectors::SurgeSketch sketch;
    Mention m;
    m.author.followers = 100;
    std::string const stream = "s0";
    std::size_t i = 0;
    auto const one = [&] {
        std::string& id = ids[i % ids.size()];
        id = std::to_string(serial++);
        m.id = id;
        m.author.id = id;
        m.text = texts[i++ % texts.size()];
        auto const digest = detectors::digest_of(m, kBenchStart);
        recent.push(digest);
        if (surging) sketch.add(digest, stream, 1);
    };
    for (int n = 0; n < 50'000; ++n) one();
    for (auto _ : state) one();
    state.counters["recent B"] = double(recent.heap_bytes());
    state.counters["sketch B"] = double(sketch.heap_bytes());
    auto const begin = std::chrono::steady_clock::now();
    auto const facts = sketch.facts();
    state.counters["facts us"] =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    benchmark::DoNotOptimize(facts.mentions);
}
BENCHMARK_CAPTURE(mention_digest, calm, false)->Arg(0)->Arg(200);
BENCHMARK_CAPTURE(mention_digest, surge, true)->Arg(200);

// One tick of the default detector, on a stream of about twenty mentions a minute.
void detector_tick(benchmark::State& state) {
    auto const detector = detectors::make_detector(detectors::DetectorSpec{});
    BenchRandom random;
    std::array<double, 1024> counts{};
    for (double& c : counts) c = double(10 + random.below(20));
    WallTime minute = kBenchStart;
    for (std::size_t i = 0; i < 3 * 1440; ++i, minute += 1min)
        (void)detector->tick({minute, 60s, counts[i % counts.size()], 1});
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(detector->tick({minute, 60s, counts[i++ % counts.size()], 1}));
        minute += 1min;
    }
}
BENCHMARK(detector_tick)->Repetitions(5)->ReportAggregatesOnly();

constexpr std::size_t kBatch = 10;

// Parsed mentions into streams that take turns, ten a minute each, every minute covered and judged
// as live (ten provisional minutes besides). Argument: streams.
void mention_among_streams(benchmark::State& state) {
    auto const count = std::size_t(state.range(0));
    exporters::Metrics metrics;
    daemon::Engine engine(many_streams(count), nullptr, metrics, quiet_hooks());
    std::vector<StreamState*> streams;
    std::vector<detectors::Judgement> told;
    for (auto const& [name, stream] : engine.streams()) {
        streams.push_back(stream.get());
        stream->judge.end_history(told);
    }
    BenchRandom random;
    std::string const text = bench_text(random, 200);
    std::uint64_t serial = 1'000'000'000;
    std::array<std::string, kBatch> ids;
    MentionBatch batch;
    WallTime minute = kBenchStart;
    std::size_t at = 0, mentions = 0;
    // A first round outside the count: what every stream allocates once.
    std::size_t warm = std::max<std::size_t>(count, 20);
    auto const turn = [&] {
        batch.clear();
        for (auto& id : ids) {
            id = std::to_string(++serial);
            Mention m;
            m.id = id;
            m.created_at = minute + 1s;
            m.author = {"77", "kim", 1200, kBenchStart};
            m.text = text;
            m.lang = "en";
            batch.items.push_back(m);
        }
        StreamState& stream = *streams[at];
        (void)engine.absorb(stream, batch, minute + 1min);
        engine.cover(stream, minute, minute + 1min, minute + 1min);
        if (++at == count) {
            at = 0;
            minute += 1min;
        }
    };
    while (warm-- > 0) turn();
    for (auto _ : state) {
        turn();
        mentions += kBatch;
    }
    state.counters["s/mention"] = benchmark::Counter(
        double(mentions), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["heap B/stream"] = double(heap_bytes()) / double(count);
}
BENCHMARK(mention_among_streams)->Arg(1)->Arg(1000)->Arg(100'000)->MinTime(2);

}  // namespace
}  // namespace surged::tests
