// How the command line answers a person: examples under every help, a nearer word for a typo.
#pragma once

#include <CLI/App.hpp>
#include <ostream>
#include <string>

namespace surged::daemon {

// Puts examples under the help of every command of `app` that has some.
void add_examples(CLI::App& app);

// Ends a parse that threw: help to `out` and 0, or what was wrong to `err` with the nearest known
// command or option, and 2.
int explain_usage(CLI::App const& app, CLI::ParseError const& error, std::ostream& out,
                  std::ostream& err);

}  // namespace surged::daemon
