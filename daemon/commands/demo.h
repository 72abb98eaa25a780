// `surged demo`: everything on one machine, no credential, no network.
#pragma once

#include <string>

namespace surged::daemon {

struct DemoArguments {
    std::string listen = "127.0.0.1:9477";
    unsigned long seed = 1;
    std::string span;       // "90s"; empty: until a signal
    std::string platforms;  // "all": every platform of this release; empty: the story's four
    double speed = 1;       // compresses time; the staged world runs with it
};

// Stand-ins of the platforms, history through the real pollers, a crisis that began a few minutes
// ago; pages arrive at a local receiver; says as it happens what a person should look at. State in
// a temporary directory, removed at the end. 0; 2 usage; 4 cannot listen.
int run_demo(DemoArguments const& arguments);

}  // namespace surged::daemon
