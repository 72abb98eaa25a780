#include "daemon/commands/backtest.h"

#include "daemon/backtest.h"
#include "daemon/backtest_report.h"
#include "daemon/commands/terminal.h"
#include "daemon/exit_codes.h"
#include "daemon/steady_clock.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace surged::daemon {
namespace {

constexpr std::size_t kPadding = 64;            // simdjson reads this far behind a row
constexpr std::size_t kInputMax = 8ULL << 30U;  // the file is held in memory whole

struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

// "-" is standard input.
bool read_whole(std::string const& path, std::string& data, std::string& error) {
    bool const standard = path == "-";
    File file(standard ? nullptr : std::fopen(path.c_str(), "rb"));
    std::FILE* const in = standard ? stdin : file.get();
    if (in == nullptr) {
        error = path + ": cannot be opened";
        return false;
    }
    std::array<char, 1U << 16U> chunk{};
    for (;;) {
        std::size_t const n = std::fread(chunk.data(), 1, chunk.size(), in);
        data.append(chunk.data(), n);
        if (data.size() > kInputMax) {
            error = path + ": larger than 8 GiB";
            return false;
        }
        if (n < chunk.size()) break;
    }
    if (std::ferror(in) != 0) {
        error = path + ": cannot be read";
        return false;
    }
    data.reserve(data.size() + kPadding);
    return true;
}

std::string base_name(std::string const& path) {
    return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

// Opened before the run: a path that cannot be written is told at once, not after minutes.
bool open_output(std::string const& path, File& file) {
    if (path.empty()) return true;
    file.reset(std::fopen(path.c_str(), "wb"));
    if (!file) std::cerr << "surged: " << path << ": cannot be written\n";
    return file != nullptr;
}

// The other runs, and all of it as one file. False: it could not be written.
bool write_report(BacktestArguments const& arguments, Settings const& settings,
                  std::string_view data, BacktestOptions const& options,
                  BacktestRecording const& recording, BacktestSummary const& summary,
                  Progress& progress, std::FILE* out) {
    exporters::BacktestReport report = recording.report(summary);
    report.config = base_name(arguments.config);
    report.input = base_name(arguments.input);
    report.budgets =
        budget_runs(settings, data, options, {{}, report.incidents.size(), summary.surges, true},
                    [&](std::string const& run, std::uint64_t rows, std::uint64_t of) {
                        progress.update(run, rows, of);
                    });
    std::string const html = exporters::backtest_html(report);
    return std::fwrite(html.data(), 1, html.size(), out) == html.size() && std::fflush(out) == 0;
}

void print_summary(BacktestSummary const& s) {
    std::cerr << s.rows << " rows, " << s.mentions << " mentions counted";
    if (s.duplicates > 0) std::cerr << ", " << s.duplicates << " duplicates";
    if (s.late > 0) std::cerr << ", " << s.late << " late";
    if (s.excluded > 0) std::cerr << ", " << s.excluded << " excluded";
    if (s.own > 0) std::cerr << ", " << s.own << " of our own";
    std::cerr << "; " << s.surges << " surges, " << s.incidents << " incidents\n";
}

}  // namespace

int backtest(BacktestArguments const& arguments) {
    LoadedSettings loaded = load_settings(arguments.config);
    if (loaded.problems->fatal()) {
        for (auto const& problem : loaded.problems->list) std::cerr << to_string(problem) << "\n";
        return kExitUsage;
    }
    std::string data, error;
    if (!read_whole(arguments.input, data, error)) {
        std::cerr << "surged: " << error << "\n";
        return kExitUsage;
    }
    BacktestOptions options;
    options.stream = arguments.stream;
    using Format = BacktestOptions::Format;
    options.format = arguments.format == "counts"   ? Format::counts
                     : arguments.format == "ndjson" ? Format::ndjson
                                                    : Format::automatic;
    options.forecast = true;
    options.event = [](std::string_view json) {
        std::fwrite(json.data(), 1, json.size(), stdout);
        std::fputc('\n', stdout);
    };
    File scores, report;
    if (!open_output(arguments.scores, scores) || !open_output(arguments.report, report))
        return kExitUsage;
    if (scores) {
        std::fputs("timestamp,value,anomaly_score\n", scores.get());
        options.score = [&](std::string_view timestamp, std::string_view value, double score) {
            // The shortest text that reads back the same: two scores that differ stay different.
            std::array<char, 32> text{};
            auto const [end, ec] = std::to_chars(text.data(), text.data() + text.size(), score);
            std::fprintf(scores.get(), "%.*s,%.*s,%.*s\n", int(timestamp.size()), timestamp.data(),
                         int(value.size()), value.data(), int(end - text.data()), text.data());
        };
    }
    boost::asio::io_context io;  // the clock's; nothing waits on it
    SteadyClock const clock(io);
    // Events on the same terminal tell enough.
    bool const shown = is_terminal(STDERR_FILENO) && isatty(STDOUT_FILENO) == 0;
    Progress progress([&] { return clock.now(); }, shown);
    options.progress = [&](std::uint64_t rows, std::uint64_t of) { progress.update({}, rows, of); };
    BacktestRecording recording(loaded.settings);
    if (report) recording.listen(options);
    BacktestResult const result = run_backtest(loaded.settings, data, options);
    std::fflush(stdout);
    if (!result.error && report &&
        !write_report(arguments, loaded.settings, data, options, recording, result.summary,
                      progress, report.get())) {
        std::cerr << "surged: " << arguments.report << ": cannot be written whole\n";
        return kExitUsage;
    }
    progress.finish();
    if (result.error) {
        std::cerr << arguments.input << ": " << *result.error << "\n";
        return kExitUsage;
    }
    print_summary(result.summary);
    if (report) {
        std::cerr << "the report is in " << arguments.report << "\n";
        return kExitOk;  // it holds the other budgets, each truly run
    }
    std::cerr << forecast_text(result.forecast);
    return kExitOk;
}

}  // namespace surged::daemon
