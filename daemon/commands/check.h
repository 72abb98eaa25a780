// `surged check --config FILE [--explain]`: contract section 2.
#pragma once

#include <iosfwd>
#include <string>

namespace surged::daemon {

struct Settings;

// Every fault on `err`, one a line: "FILE:LINE:COL: error: text". When there is none that is fatal:
// the explanation, if asked for, and "FILE: valid, N warnings" on `out`. Returns 0 valid, 2 faults.
// Reads the file, its includes and the secrets they name; nothing else.
int check(std::string const& path, bool explain, std::ostream& out, std::ostream& err);

// What the rules mean, in a person's words: each brand's deadlines and escalation as a timeline,
// its false-page budgets, what reading will cost.
void explain_settings(Settings const& settings, std::ostream& out);

}  // namespace surged::daemon
