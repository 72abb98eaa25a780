// `surged init`: a first configuration, written by asking or by flags.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace surged::daemon {

struct InitArguments {
    std::string brand, output, storage, listen;
    std::vector<std::string> platforms;  // "x", "x:counts"
    std::vector<std::string> receivers;  // "pagerduty"
    std::vector<std::string> set;        // "x.query=acme", "pagerduty.routing_key_file=FILE"
    bool force = false;                  // overwrite `output`
    bool test_page = false;
    bool offline = false;  // ask no platform
};

// Asks `in` for what the flags leave open; null: nobody can be asked, what is missing is told.
// The file is written only when the real loader takes it; then the credentials are tried, the test
// page is sent, and `out` ends with what to do next. 0; 2: nothing was written, `err` says why.
int init(InitArguments const& arguments, std::istream* in, std::ostream& out, std::ostream& err);

}  // namespace surged::daemon
