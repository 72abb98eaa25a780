#include "daemon/backtest.h"

#include "daemon/engine.h"
#include "daemon/ndjson.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kErrorShown = 120;  // of a faulty row, in the message

// What both formats share: an engine without a store, virtual time, the sums.
class Bench {
public:
    Bench(Settings settings, BacktestOptions const& options, std::chrono::seconds watermark)
        : options_(options),
          engine_(std::move(settings), nullptr, metrics_, hooks(), EngineOptions{watermark}) {}

    Engine& engine() { return engine_; }
    BacktestSummary summary;
    Forecast forecast;

    // Clocks that come due before `now` are raised at their own instant.
    void advance(WallTime now) {
        for (WallTime due = engine_.next_due(); due != kNoTime && due < now;
             due = engine_.next_due())
            engine_.tick(due);
        engine_.tick(now);
    }

private:
    EngineHooks hooks() {
        EngineHooks h;
        h.published = [this](Event const& event, std::string const& json) {
            summary.surges += event.name == EventName::surge_started ? 1 : 0;
            summary.incidents += event.name == EventName::incident_opened ? 1 : 0;
            if (options_.told) options_.told(event);
            if (options_.event) options_.event(json);
        };
        h.log = [](std::string const&, std::string const&) {};
        if (options_.forecast || options_.judged)
            h.judged = [this](StreamState const& stream, Judged const& j) {
                if (options_.forecast)
                    forecast.add(stream.settings, j.start, j.length, j.observed,
                                 double(j.grounds.multiplier));
                if (options_.judged) options_.judged(stream.settings, j);
            };
        return h;
    }

    BacktestOptions const& options_;
    exporters::Metrics metrics_;
    Engine engine_;
};

std::string row_error(std::size_t row, std::string_view line, std::string const& what) {
    std::string text = "row " + std::to_string(row) + ": " + what;
    if (!line.empty()) text += ": " + std::string(line.substr(0, kErrorShown));
    return text;
}

// Calls `use(row number, line)` for each line that is not blank; stops when it returns false.
template <typename Use>
void lines_until(std::string_view data, Use use) {
    std::size_t row = 0;
    for (std::size_t at = 0; at < data.size();) {
        std::size_t const end = std::min(data.find('\n', at), data.size());
        std::string_view line = data.substr(at, end - at);
        at = end + 1;
        ++row;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        if (!use(row, line)) return;
    }
}

// --- counts
// ---------------------------------------------------------------------------------------------------------

struct CountRow {
    WallTime start{};
    double value = 0;
    std::string_view timestamp, text;
};

std::optional<std::string> read_counts(std::string_view data, std::vector<CountRow>& rows) {
    std::optional<std::string> error;
    bool header = true;
    lines_until(data, [&](std::size_t row, std::string_view line) {
        std::size_t const comma = line.find(',');
        std::string_view const first = line.substr(0, comma);
        std::string_view second =
            comma == std::string_view::npos ? std::string_view{} : line.substr(comma + 1);
        second = second.substr(0, second.find(','));
        if (header) {
            header = false;
            if (first == "timestamp" && second == "value") return true;
            error = row_error(row, line, "expected the header timestamp,value");
            return false;
        }
        CountRow out;
        auto const time = parse_time(first);
        auto const [end, ec] =
            std::from_chars(second.data(), second.data() + second.size(), out.value);
        if (!time) {
            error = row_error(row, line, "expected a time, YYYY-MM-DD HH:MM:SS or RFC 3339");
        } else if (ec != std::errc{} || end != second.data() + second.size() || !(out.value >= 0) ||
                   out.value > 1e12) {
            error = row_error(row, line, "expected a number of mentions, 0 or more");
        } else if (!rows.empty() && *time <= rows.back().start) {
            error = row_error(row, line, "the rows must be in order of time, each time once");
        } else {
            out.start = *time;
            out.timestamp = first;
            out.text = second;
            rows.push_back(out);
        }
        return !error.has_value();
    });
    if (!error && rows.size() < 2)
        error = "at least two rows of counts are needed: their spacing is the interval";
    return error;
}

// The spacing that most rows have; a wider one is a gap.
std::chrono::seconds spacing(std::vector<CountRow> const& rows) {
    std::map<std::int64_t, std::size_t> seen;
    for (std::size_t i = 1; i < rows.size(); ++i)
        ++seen[std::chrono::floor<std::chrono::seconds>(rows[i].start - rows[i - 1].start).count()];
    auto const most = std::max_element(
        seen.begin(), seen.end(), [](auto const& a, auto const& b) { return a.second < b.second; });
    return std::chrono::seconds{most->first};
}

StreamState* only_stream(Engine& engine, std::string const& name,
                         std::optional<std::string>& error) {
    if (!name.empty()) {
        StreamState* const s = engine.stream(name);
        if (s == nullptr) error = "there is no stream '" + name + "' in the configuration";
        return s;
    }
    if (engine.streams().size() == 1) return engine.stream(engine.streams().begin()->first);
    error = "counts belong to one stream: say which with --stream";
    return nullptr;
}

BacktestResult backtest_counts(Settings settings, std::string_view data,
                               BacktestOptions const& options) {
    BacktestResult result;
    std::vector<CountRow> rows;
    result.error = read_counts(data, rows);
    if (result.error) return result;
    std::chrono::seconds const step = spacing(rows);
    bool const usable = step.count() > 0 && (step.count() % 60 == 0 || 60 % step.count() == 0);
    if (!usable) {
        result.error = "the rows are " + std::to_string(step.count()) +
                       " s apart: expected whole minutes or a divisor of 60 s";
        return result;
    }
    Bench bench(std::move(settings), options, std::chrono::seconds{0});
    StreamState* const stream = only_stream(bench.engine(), options.stream, result.error);
    if (stream == nullptr) return result;
    bench.engine().end_history(*stream, rows.front().start);
    for (CountRow const& row : rows) {
        WallTime const end = row.start + step;
        if (WallTime const due = bench.engine().next_due(); due != kNoTime && due < end)
            bench.advance(due);
        bench.engine().count(*stream, {row.start, step, row.value}, end);
        bench.advance(end);
        if (options.score) options.score(row.timestamp, row.text, stream->judge.last_closed().news);
        bench.summary.mentions += static_cast<std::uint64_t>(row.value);
        if (options.progress) options.progress(++bench.summary.rows, rows.size());
    }
    bench.summary.rows = rows.size();
    bench.summary.stream_minutes =
        rows.size() * std::size_t(std::max<std::int64_t>(1, step.count() / 60));
    bench.summary.from = rows.front().start;
    bench.summary.until = rows.back().start + step;
    result.summary = bench.summary;
    result.forecast = bench.forecast.run();
    return result;
}

// --- mentions
// -------------------------------------------------------------------------------------------------------

struct Indexed {
    WallTime arrival{}, created{};
    std::uint32_t stream = 0;
    std::uint32_t length = 0;
    std::size_t offset = 0;
};

struct Lane {  // one stream's part of the file
    StreamState* state = nullptr;
    WallTime first = kNoTime, last = kNoTime;  // event times
    MentionBatch batch;                        // what arrived in the running minute
};

class MentionIndex {
public:
    MentionIndex(Engine& engine, BacktestOptions const& options)
        : engine_(engine), options_(options) {}

    std::vector<Indexed> rows;
    std::vector<Lane> lanes;
    bool any_seen_at = false;

    std::optional<std::string> read(std::string_view data) {
        std::optional<std::string> error;
        NdjsonReader reader;
        MentionBatch scratch;
        lines_until(data, [&](std::size_t row, std::string_view line) {
            scratch.clear();
            auto const parsed = reader.read_padded(line, scratch);
            if (!parsed) {
                error = row_error(row, line, parsed.error().detail);
                return false;
            }
            Lane* const lane = lane_of(*parsed, row, line, error);
            if (error) return false;
            if (lane == nullptr) return true;  // another stream's row
            Mention const& m = parsed->mention;
            bool const seen = m.seen_at != kNoTime;
            any_seen_at = any_seen_at || seen;
            WallTime const arrival = seen ? std::max(m.seen_at, m.created_at) : m.created_at;
            lane->first =
                lane->first == kNoTime ? m.created_at : std::min(lane->first, m.created_at);
            lane->last = std::max(lane->last, m.created_at);
            rows.push_back({arrival, m.created_at, std::uint32_t(lane - lanes.data()),
                            std::uint32_t(line.size()), std::size_t(line.data() - data.data())});
            return true;
        });
        if (error) return error;
        auto const before = [](Indexed const& a, Indexed const& b) {
            return std::tie(a.arrival, a.created) < std::tie(b.arrival, b.created);
        };
        if (!std::is_sorted(rows.begin(), rows.end(), before))
            std::stable_sort(rows.begin(), rows.end(), before);
        return std::nullopt;
    }

private:
    Lane* lane_of(NdjsonRow const& row, std::size_t number, std::string_view line,
                  std::optional<std::string>& error) {
        std::string_view name = row.stream;
        if (!options_.stream.empty()) {
            if (!name.empty() && name != options_.stream) return nullptr;
            name = options_.stream;
        }
        StreamState* state = nullptr;
        if (!name.empty()) {
            state = engine_.stream(name);
            if (state == nullptr)
                error = row_error(number, line,
                                  "stream '" + std::string(name) + "' is not in the configuration");
        } else {
            int found = 0;
            for (auto const& [key, s] : engine_.streams())
                if (s->settings.platform == row.platform) {
                    state = s.get();
                    ++found;
                }
            if (found != 1)
                error = row_error(
                    number, line,
                    found == 0 ? "no stream of its platform is in the configuration: use --stream"
                               : "several streams are of its platform: use --stream");
        }
        if (error) return nullptr;
        auto const it = index_.find(state);
        if (it != index_.end()) return &lanes[it->second];
        index_.emplace(state, lanes.size());
        lanes.emplace_back().state = state;
        return &lanes.back();
    }

    Engine& engine_;
    BacktestOptions const& options_;
    std::map<StreamState*, std::size_t> index_;
};

// Closes the running minute: what arrived in it is absorbed, each stream covered up to `now`, and
// judged.
void close_minute(Bench& bench, std::vector<Lane>& lanes, WallTime now,
                  BacktestOptions const& options) {
    Engine& engine = bench.engine();
    if (WallTime const due = engine.next_due(); due != kNoTime && due < now) bench.advance(due);
    for (Lane& lane : lanes) {
        if (!lane.batch.empty()) {
            Absorbed const sum = engine.absorb(*lane.state, lane.batch, now);
            lane.batch.clear();
            bench.summary.mentions += sum.counted;
            bench.summary.duplicates += sum.duplicate;
            bench.summary.late += sum.late;
            bench.summary.excluded += sum.excluded;
            bench.summary.own += sum.own;
        }
        WallTime const from = floor_minute(lane.first);
        WallTime const until = std::min(now, floor_minute(lane.last) + kMinute);
        if (from >= until) continue;
        WallTime const covered = lane.state->intake.covered_until();
        if (covered != kNoTime && covered >= until) {
            // The last row is covered; stragglers that are still to come are judged by the
            // watermark.
            continue;
        }
        engine.cover(*lane.state, covered == kNoTime ? from : covered, until, now);
        ++bench.summary.stream_minutes;
        if (lane.state->judge.in_history()) engine.end_history(*lane.state, now);
        if (options.score)
            options.score(rfc3339(until - kMinute),
                          std::to_string(std::int64_t(lane.state->judge.last().observed)),
                          lane.state->judge.last_closed().news);
    }
    bench.advance(now);
}

BacktestResult backtest_mentions(Settings settings, std::string_view data,
                                 BacktestOptions const& options) {
    BacktestResult result;
    Bench bench(std::move(settings), options, std::chrono::seconds{0});
    MentionIndex index(bench.engine(), options);
    result.error = index.read(data);
    if (result.error) return result;
    // Only rows that say when they were seen can come late: without them every minute is complete
    // when it closes.
    if (index.any_seen_at)
        for (Lane& lane : index.lanes) {
            lane.state->intake.set_watermark(EngineOptions{}.watermark);
            lane.state->intake.learn_watermark();
        }
    bench.summary.rows = index.rows.size();
    if (index.rows.empty()) return result;
    NdjsonReader reader;
    WallTime next = floor_minute(index.rows.front().arrival) + kMinute;
    for (Indexed const& row : index.rows) {
        while (row.arrival >= next) {
            close_minute(bench, index.lanes, next, options);
            if (options.progress)
                options.progress(std::uint64_t(&row - index.rows.data()), index.rows.size());
            next += kMinute;
        }
        Lane& lane = index.lanes[row.stream];
        auto const parsed = reader.read_padded(data.substr(row.offset, row.length), lane.batch);
        if (parsed) lane.batch.items.push_back(parsed->mention);
    }
    close_minute(bench, index.lanes, next, options);
    bench.summary.from = index.rows.front().created;
    bench.summary.until = next;
    result.summary = bench.summary;
    result.forecast = bench.forecast.run();
    return result;
}

}  // namespace

BacktestResult run_backtest(Settings settings, std::string_view data,
                            BacktestOptions const& options) {
    using Format = BacktestOptions::Format;
    Format format = options.format;
    if (data.starts_with("\xEF\xBB\xBF")) data.remove_prefix(3);
    if (format == Format::automatic) {
        std::size_t const first = data.find_first_not_of(" \t\r\n");
        format =
            first != std::string_view::npos && data[first] == '{' ? Format::ndjson : Format::counts;
    }
    return format == Format::counts ? backtest_counts(std::move(settings), data, options)
                                    : backtest_mentions(std::move(settings), data, options);
}

}  // namespace surged::daemon
