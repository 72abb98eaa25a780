// Goal: JSON bytes to verdict costs little more than parsing the bytes: mentions per second of the
// whole way beside simdjson alone reading the same fields from the same bytes, in one run, and the
// time of the first as a multiple of the second (`ratio`). Method: both ways take turns over the
// same bodies, so that a busy machine slows both; the best turn of each counts.
#include "daemon/ndjson.h"
#include "daemon/pollers/x.h"
#include "tests/bench/bench_data.h"

#include <simdjson.h>

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
namespace ondemand = simdjson::ondemand;
using daemon::Engine;
using detectors::MentionBatch;

using Seconds = std::chrono::duration<double>;

template <typename Work>
double seconds_of(Work work) {
    auto const start = std::chrono::steady_clock::now();
    work();
    return Seconds(std::chrono::steady_clock::now() - start).count();
}

// Turns, and what they were worth.
template <typename Ours, typename Alone>
void take_turns(benchmark::State& state, std::size_t mentions, std::size_t bytes, Ours ours,
                Alone alone) {
    double best_ours = 1e9, best_alone = 1e9;
    for (auto _ : state) {
        best_alone = std::min(best_alone, alone());
        double const took = ours();
        best_ours = std::min(best_ours, took);
        state.SetIterationTime(took);
    }
    double const n = double(mentions);
    state.counters["ours/s"] = n / best_ours;
    state.counters["simdjson/s"] = n / best_alone;
    state.counters["ratio"] = best_ours / best_alone;
    state.counters["bytes/mention"] = double(bytes) / n;
}

// Every byte of text that is read, so that no reading is optimised away.
struct Sink {
    std::size_t bytes = 0;
    std::int64_t numbers = 0;
    void text(ondemand::value value) {
        std::string_view view;
        if (!value.get_string().get(view)) bytes += view.size();
    }
    void number(ondemand::value value) {
        std::int64_t n = 0;
        if (!value.get_int64().get(n)) numbers += n;
    }
};

template <typename Visit>
void fields(ondemand::object object, Visit visit) {
    for (auto field : object) {
        std::string_view key;
        if (field.unescaped_key().get(key)) return;
        visit(key, field.value().value_unsafe());
    }
}

void read_metric(ondemand::value value, std::string_view name, Sink& sink) {
    fields(value.get_object().value_unsafe(), [&](std::string_view key, ondemand::value v) {
        if (key == name) sink.number(v);
    });
}

void read_post(ondemand::value item, Sink& sink) {
    fields(item.get_object().value_unsafe(), [&](std::string_view key, ondemand::value value) {
        if (key == "id" || key == "text" || key == "created_at" || key == "author_id" ||
            key == "conversation_id" || key == "lang" || key == "in_reply_to_user_id") {
            sink.text(value);
        } else if (key == "referenced_tweets") {
            for (auto reference : value.get_array())
                fields(reference.get_object().value_unsafe(),
                       [&](std::string_view, ondemand::value v) { sink.text(v); });
        } else if (key == "edit_history_tweet_ids") {
            for (auto id : value.get_array()) sink.text(id.value_unsafe());
        } else if (key == "public_metrics") {
            read_metric(value, "impression_count", sink);
        }
    });
}

void read_user(ondemand::value item, Sink& sink) {
    fields(item.get_object().value_unsafe(), [&](std::string_view key, ondemand::value value) {
        if (key == "id" || key == "username" || key == "created_at") sink.text(value);
        if (key == "public_metrics") read_metric(value, "followers_count", sink);
    });
}

void read_x_page(ondemand::parser& parser, simdjson::padded_string const& body, Sink& sink) {
    auto document = parser.iterate(body);
    fields(document.get_object().value_unsafe(), [&](std::string_view key, ondemand::value value) {
        if (key == "data")
            for (auto item : value.get_array()) read_post(item.value_unsafe(), sink);
        if (key == "includes")
            for (auto item : value["users"].get_array()) read_user(item.value_unsafe(), sink);
    });
}

constexpr std::size_t kPages = 300, kPosts = 100;  // five hours at a page a minute

// Pages of X's search through the poller, the intake, the detectors and the desk: as live, but for
// the network and the disk.
void x_pages(benchmark::State& state) {
    BenchRandom random;
    std::uint64_t serial = 0;
    std::vector<daemon::HttpResponse> bodies;
    std::vector<simdjson::padded_string> padded;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kPages; ++i) {
        daemon::HttpResponse response;
        response.status = 200;
        response.body = x_page(random, serial, kBenchStart + 1min * i, kPosts);
        bytes += response.body.size();
        padded.emplace_back(response.body);
        bodies.push_back(std::move(response));
    }
    daemon::AccountSettings account;
    account.base_url = "https://api.x.com";
    account.values.secrets["bearer_token_file"].value = "AAAAtoken";
    daemon::StreamSettings settings;
    settings.platform = "x";
    settings.kind = "search";
    settings.values.text["query"] = "acme";
    auto const poller = daemon::make_x_search(account, settings);
    MentionBatch batch;
    std::string problem;
    auto const ours = [&] {
        BenchEngine bench;
        auto& stream = *bench.engine.stream("s0");
        std::string cursor;
        daemon::PollContext context;
        std::uint64_t counted = 0;
        double const took = seconds_of([&] {
            for (std::size_t i = 0; i < bodies.size(); ++i) {
                context.now = context.walk_started = kBenchStart + 1min * (i + 1) + 45s;
                context.covered_until = stream.intake.covered_until();
                batch.clear();
                auto page = poller->accept(bodies[i], cursor, context, batch);
                if (!page) {
                    problem = page.error().detail;
                    return;
                }
                cursor = page->cursor;
                counted += bench.engine.absorb(stream, batch, context.now).counted;
                WallTime const from = page->covered_from.value_or(context.covered_until);
                bench.engine.cover(stream, from, page->covered_until.value_or(from), context.now);
                if (stream.judge.in_history()) bench.engine.end_history(stream, context.now);
            }
        });
        if (counted != kPages * kPosts) problem = "counted " + std::to_string(counted);
        benchmark::DoNotOptimize(stream.judge.last().score);
        return took;
    };
    ondemand::parser parser;
    auto const alone = [&] {
        Sink sink;
        double const took = seconds_of([&] {
            for (auto const& body : padded) read_x_page(parser, body, sink);
        });
        benchmark::DoNotOptimize(sink);
        return took;
    };
    take_turns(state, kPages * kPosts, bytes, ours, alone);
    if (!problem.empty()) state.SkipWithError(problem.c_str());
}
BENCHMARK(x_pages)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(4);

void read_ndjson_row(ondemand::parser& parser, std::string_view line, Sink& sink) {
    auto document = parser.iterate(simdjson::padded_string_view(
        line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING));
    fields(document.get_object().value_unsafe(), [&](std::string_view key, ondemand::value value) {
        if (key == "author")
            fields(value.get_object().value_unsafe(),
                   [&](std::string_view name, ondemand::value v) {
                       if (name == "followers")
                           sink.number(v);
                       else
                           sink.text(v);
                   });
        else
            sink.text(value);
    });
}

constexpr std::size_t kMinutes = 300, kRows = 100;

// Rows of contract section 4, 200 characters of text each, a hundred a minute: the push API and the
// replay of a backtest.
void ndjson_rows(benchmark::State& state) {
    BenchRandom random;
    std::string data;
    for (std::size_t i = 0; i < kMinutes * kRows; ++i)
        data += ndjson_row(random, i, kBenchStart + std::chrono::milliseconds{60'000 / kRows * i});
    data.reserve(data.size() + daemon::NdjsonReader::kPadding);
    daemon::NdjsonReader reader;
    MentionBatch batch;
    std::string problem;
    auto const ours = [&] {
        BenchEngine bench;
        auto& stream = *bench.engine.stream("s0");
        WallTime minute = kBenchStart;
        std::uint64_t counted = 0;
        auto const close = [&] {
            WallTime const end = minute + 1min;
            counted += bench.engine.absorb(stream, batch, end).counted;
            batch.clear();
            bench.engine.cover(stream, minute, end, end);
            if (stream.judge.in_history()) bench.engine.end_history(stream, end);
            minute = end;
        };
        double const took = seconds_of([&] {
            daemon::each_line(data, [&](std::size_t, std::string_view line) {
                auto const row = reader.read_padded(line, batch);
                if (!row) {
                    problem = row.error().detail;
                    return;
                }
                batch.items.push_back(row->mention);
                if (batch.items.size() == kRows) close();
            });
        });
        if (counted != kMinutes * kRows) problem = "counted " + std::to_string(counted);
        benchmark::DoNotOptimize(stream.judge.last().score);
        return took;
    };
    ondemand::parser parser;
    auto const alone = [&] {
        Sink sink;
        double const took = seconds_of([&] {
            daemon::each_line(data, [&](std::size_t, std::string_view line) {
                read_ndjson_row(parser, line, sink);
            });
        });
        benchmark::DoNotOptimize(sink);
        return took;
    };
    take_turns(state, kMinutes * kRows, data.size(), ours, alone);
    if (!problem.empty()) state.SkipWithError(problem.c_str());
}
BENCHMARK(ndjson_rows)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(4);

}  // namespace
}  // namespace surged::tests
