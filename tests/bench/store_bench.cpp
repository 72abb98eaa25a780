// Goal: the disk is not what limits: mentions per second by the size of a commit, and how long an
// incident's event and its page take to be safe. Method: the live store (write-ahead log, every
// commit synced) in a directory below the current one: TMPDIR may be memory. What a sync costs is
// the machine's; see fsync_alone, and compare nothing across machines without it.
#include "daemon/sqlite_store.h"
#include "tests/bench/bench_data.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <unistd.h>
#include <vector>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::Commit;

class Directory {
public:
    Directory() {
        std::string pattern = (std::filesystem::current_path() / "store_bench-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;
    ~Directory() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

// Commits until the time is over; what each took, sorted.
class Latencies {
public:
    template <typename Work>
    void time(benchmark::State& state, Work work) {
        auto const start = std::chrono::steady_clock::now();
        work();
        double const took =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        took_.push_back(took);
        state.SetIterationTime(took);
    }
    void report(benchmark::State& state) {
        std::sort(took_.begin(), took_.end());
        auto const at = [&](double share) {
            return took_[std::min(took_.size() - 1, std::size_t(share * double(took_.size())))];
        };
        state.counters["p50 s"] = at(0.5);
        state.counters["p99 s"] = at(0.99);
        state.counters["max s"] = took_.back();
    }

private:
    std::vector<double> took_;
};

std::unique_ptr<daemon::Store> open(benchmark::State& state, Directory const& directory) {
    auto opened = daemon::open_store(directory.path());
    if (opened) return std::move(*opened);
    state.SkipWithError(opened.error().detail.c_str());
    return nullptr;
}

// What every commit of a stream carries: cursor and the state of a detector.
void stream_state(daemon::StreamWrite& write, std::uint64_t serial) {
    write.name = "s0";
    write.cursor = "w=" + std::to_string(serial);
    write.state = std::string(10'000, char('a' + serial % 26));
}

// A page of so many mentions (argument) with a body of 400 bytes each.
void mentions_per_commit(benchmark::State& state) {
    Directory const directory;
    auto const store = open(state, directory);
    if (!store) return;
    BenchRandom random;
    std::uint64_t serial = 0;
    Latencies latencies;
    for (auto _ : state) {
        Commit commit;
        auto& write = commit.streams.emplace_back();
        stream_state(write, serial);
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            ++serial;
            WallTime const at = kBenchStart + 600ms * serial;
            std::string body = ndjson_row(random, serial, at);
            body.pop_back();
            write.mentions.push_back({1'000'000'000 + serial, at,
                                      std::to_string(1'000'000'000 + serial), std::move(body)});
        }
        latencies.time(state, [&] {
            if (!store->commit(commit)) state.SkipWithError("refused");
        });
    }
    latencies.report(state);
    state.SetItemsProcessed(std::int64_t(serial));
}
BENCHMARK(mentions_per_commit)->Arg(1)->Arg(100)->Arg(1000)->UseManualTime()->MinTime(3);

// An incident opens: its event, a page for each of two receivers, the stream and the desk.
void event_and_pages(benchmark::State& state) {
    Directory const directory;
    auto const store = open(state, directory);
    if (!store) return;
    std::int64_t event = 0, row = 0;
    Latencies latencies;
    for (auto _ : state) {
        Commit commit;
        stream_state(commit.streams.emplace_back(), std::uint64_t(event));
        ++event;
        WallTime const at = kBenchStart + 1s * event;
        std::string const json(900, 'e');
        commit.events.push_back({event, at, "incident.opened", "acme", "acme-20260301-1", json});
        for (char const* receiver : {"oncall", "hook"}) {
            daemon::OutboxRow page;
            page.id = ++row;
            page.receiver = receiver;
            page.brand = "acme";
            page.incident = "acme-20260301-1";
            page.event = event;
            page.key = "local-" + std::to_string(event);
            page.due = page.next_at = at;
            page.event_json = json;
            if (row > 2) commit.outbox_settle.push_back({row - 2, true, 1, at});
            commit.outbox_add.push_back(std::move(page));
        }
        commit.blobs["desk/acme"] = std::string(4'000, 'd');
        latencies.time(state, [&] {
            if (!store->commit(commit)) state.SkipWithError("refused");
        });
    }
    latencies.report(state);
}
BENCHMARK(event_and_pages)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(3);

// What the disk itself takes for 16 KiB written and synced.
void fsync_alone(benchmark::State& state) {
    Directory const directory;
    int const file = ::open((directory.path() + "/f").c_str(), O_CREAT | O_WRONLY, 0600);
    std::string const bytes(16 * 1024, 'x');
    Latencies latencies;
    for (auto _ : state)
        latencies.time(state, [&] {
            if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0)
                state.SkipWithError("cannot write");
        });
    ::close(file);
    latencies.report(state);
}
BENCHMARK(fsync_alone)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(2);

}  // namespace
}  // namespace surged::tests
