#include "daemon/commands/backtest.h"

#include "daemon/backtest.h"
#include "daemon/exit_codes.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

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

}  // namespace

int backtest(BacktestArguments const& arguments) {
    LoadedSettings loaded = load_settings(arguments.config);
    if (loaded.problems->fatal()) {
        for (auto const& problem : loaded.problems->list) std::cerr << to_string(problem) << "\n";
        return kExitUsage;
    }
    if (!arguments.report.empty()) {
        std::cerr << "surged: --report is not in this release\n";
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
    File scores;
    if (!arguments.scores.empty()) {
        scores.reset(std::fopen(arguments.scores.c_str(), "wb"));
        if (!scores) {
            std::cerr << "surged: " << arguments.scores << ": cannot be written\n";
            return kExitUsage;
        }
        std::fputs("timestamp,value,anomaly_score\n", scores.get());
        options.score = [&](std::string_view timestamp, std::string_view value, double score) {
            // The shortest text that reads back the same: two scores that differ stay different.
            std::array<char, 32> text{};
            auto const [end, ec] = std::to_chars(text.data(), text.data() + text.size(), score);
            std::fprintf(scores.get(), "%.*s,%.*s,%.*s\n", int(timestamp.size()), timestamp.data(),
                         int(value.size()), value.data(), int(end - text.data()), text.data());
        };
    }
    BacktestResult const result = run_backtest(std::move(loaded.settings), data, options);
    std::fflush(stdout);
    if (result.error) {
        std::cerr << arguments.input << ": " << *result.error << "\n";
        return kExitUsage;
    }
    BacktestSummary const& s = result.summary;
    std::cerr << s.rows << " rows, " << s.mentions << " mentions counted";
    if (s.duplicates > 0) std::cerr << ", " << s.duplicates << " duplicates";
    if (s.late > 0) std::cerr << ", " << s.late << " late";
    if (s.excluded > 0) std::cerr << ", " << s.excluded << " excluded";
    if (s.own > 0) std::cerr << ", " << s.own << " of our own";
    std::cerr << "; " << s.surges << " surges, " << s.incidents << " incidents\n";
    std::cerr << forecast_text(result.forecast);
    return kExitOk;
}

}  // namespace surged::daemon
