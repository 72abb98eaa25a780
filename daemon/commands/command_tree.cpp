#include "daemon/commands/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace surged::daemon {
namespace {

std::string capitals(std::string text) {
    for (auto& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

// CLI11 shows "TEXT:{md,html,json}": the value's name, then its validators.
std::vector<std::string> choices_of(std::string const& type) {
    std::vector<std::string> out;
    auto const open = type.find('{');
    auto const close = type.find('}');
    if (open == std::string::npos || close == std::string::npos) return out;
    std::string word;
    for (auto const c : type.substr(open + 1, close - open - 1) + ",") {
        if (c != ',') {
            word += c;
            continue;
        }
        out.push_back(word);
        word.clear();
    }
    return out;
}

OptionText option_text(CLI::Option const& option) {
    OptionText out;
    out.positional = option.get_positional();
    if (out.positional) {
        out.names.push_back(capitals(option.get_name()));
    } else {
        for (auto const& name : option.get_snames()) out.names.push_back("-" + name);
        for (auto const& name : option.get_lnames()) out.names.push_back("--" + name);
        auto const type = option.get_type_name();
        if (option.get_items_expected_max() > 0) out.value = type.substr(0, type.find(':'));
        out.choices = choices_of(type);
    }
    out.help = option.get_description();
    out.fallback = option.get_default_str();
    out.required = option.get_required();
    return out;
}

CommandText command_text(CLI::App const& app, std::string const& above) {
    CommandText out;
    out.name = app.get_name();
    out.path = above.empty() ? out.name : above + " " + out.name;
    out.help = app.get_description();
    out.needs_command = app.get_require_subcommand_min() > 0;
    for (auto const* option : app.get_options()) out.options.push_back(option_text(*option));
    for (auto const* command : app.get_subcommands([](CLI::App const*) { return true; }))
        if (!command->get_group().empty()) out.commands.push_back(command_text(*command, out.path));
    return out;
}

void flatten(CommandText const& command, std::vector<CommandText const*>& out) {
    out.push_back(&command);
    for (auto const& below : command.commands) flatten(below, out);
}

}  // namespace

CommandText command_tree(CLI::App const& app) {
    return command_text(app, {});
}

std::vector<CommandText const*> flattened(CommandText const& root) {
    std::vector<CommandText const*> out;
    flatten(root, out);
    return out;
}

}  // namespace surged::daemon
