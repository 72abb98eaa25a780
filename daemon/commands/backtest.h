// `surged backtest`: what this configuration would have done with recorded data.
#pragma once

#include <string>

namespace surged::daemon {

struct BacktestArguments {
    std::string config, input, stream, format = "auto", scores, report;
};

// Events as NDJSON on standard output, a summary on standard error. 0; 2 unusable input or
// configuration.
int backtest(BacktestArguments const& arguments);

}  // namespace surged::daemon
