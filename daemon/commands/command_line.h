// The command line of contract section 2 as data: what main() parses, and what the manual page and
// the shell completions are printed from.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>

namespace surged::daemon {

// Each command adds its options and what it does; parse() of `app` leaves the act in `chosen`.
struct CommandLine {
    CLI::App app{
        "surged watches every platform for surges of mentions and pages the right person in time.",
        "surged"};
    std::function<int()> chosen;

    CLI::App* add(std::string const& name, std::string const& help, std::function<int()> act,
                  CLI::App* parent = nullptr) {
        CLI::App* const command = (parent != nullptr ? parent : &app)->add_subcommand(name, help);
        command->callback([this, act = std::move(act)] { chosen = act; });
        return command;
    }
};

// Every command and option. The values lie in statics of the process: one command line each.
void add_commands(CommandLine& line);

}  // namespace surged::daemon
