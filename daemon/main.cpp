// Arguments -> one command. Contract section 2 is the list; wrong usage is exit 2.
#include "daemon/commands/command_line.h"
#include "daemon/commands/usage.h"
#include "daemon/exit_codes.h"

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
    std::signal(
        SIGPIPE,
        SIG_IGN);  // a peer that went away is an error of a write, not the end of the daemon
    surged::daemon::CommandLine line;
    surged::daemon::add_commands(line);
    try {
        line.app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return surged::daemon::explain_usage(line.app, error, std::cout, std::cerr);
    }
    return line.chosen ? line.chosen() : surged::daemon::kExitUsage;
}
