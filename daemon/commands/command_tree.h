// The command line as plain values: what the manual page and the completions are printed from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace surged::daemon {

struct OptionText {
    std::vector<std::string> names;    // "-h", "--help"; of a positional its name in capitals
    std::string value;                 // "FILE", "URL"; empty: a flag or a positional
    std::vector<std::string> choices;  // empty: any value
    std::string help, fallback;        // fallback: the default as typed, or empty
    bool required = false, positional = false;

    bool operator==(OptionText const&) const = default;
};

struct CommandText {
    std::string path;  // "surged incidents ack"
    std::string name, help;
    bool needs_command = false;  // it does nothing by itself
    std::vector<OptionText> options;
    std::vector<CommandText> commands;
};

// What `app` parses, in the order of its making; hidden commands are left out.
[[nodiscard]] CommandText command_tree(CLI::App const& app);

// `root` and every command below it, parents first.
[[nodiscard]] std::vector<CommandText const*> flattened(CommandText const& root);
std::vector<CommandText const*> flattened(CommandText&&) = delete;  // they point into it

}  // namespace surged::daemon
