#include "daemon/commands/completions.h"

#include <map>
#include <string_view>

namespace surged::daemon {
namespace {

// 'text' for any of the three shells: a quote inside ends the quoting, stands escaped, begins anew.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (char const c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string joined(std::vector<std::string> const& parts, std::string_view between) {
    std::string out;
    for (auto const& part : parts) out += (out.empty() ? "" : std::string(between)) + part;
    return out;
}

// "surged run --config": where a value is asked for. A shell's loop over the words keeps the path
// of the commands in `at` and asks these lists what a word is.
struct Lists {
    std::vector<std::string> commands;  // every path but the root's
    std::vector<std::string> valued;    // every option that takes a value
    std::vector<std::string> files, directories;
    std::map<std::string, std::string> words;  // the value is one of these
};

Lists lists_of(CommandText const& root) {
    Lists out;
    for (auto const* command : flattened(root)) {
        if (command->path != root.path) out.commands.push_back(quoted(command->path));
        for (auto const& option : command->options) {
            if (option.value.empty()) continue;
            for (auto const& name : option.names) {
                auto const asked = quoted(command->path + " " + name);
                out.valued.push_back(asked);
                if (option.value == "FILE") out.files.push_back(asked);
                if (option.value == "DIRECTORY") out.directories.push_back(asked);
                if (!option.choices.empty()) out.words[asked] = joined(option.choices, " ");
            }
        }
    }
    return out;
}

std::vector<std::string> option_names(CommandText const& command) {
    std::vector<std::string> out;
    for (auto const& option : command.options)
        if (!option.positional) out.insert(out.end(), option.names.begin(), option.names.end());
    return out;
}

std::vector<std::string> command_names(CommandText const& command) {
    std::vector<std::string> out;
    for (auto const& below : command.commands) out.push_back(below.name);
    return out;
}

// bash and zsh have the same `case`. A label without patterns would be a syntax error.
std::string arm(std::string const& patterns, std::string const& act) {
    return patterns.empty() ? std::string{} : "        " + patterns + ") " + act + " ;;\n";
}

// The word under the cursor's command, from `words` before it: bash and zsh.
std::string walk(Lists const& lists) {
    return "        [[ $word == '=' ]] && continue\n"
           "        if [[ -n $pending ]]; then\n            pending=\n            continue\n"
           "        fi\n        case \"$at $word\" in\n    " +
           arm(joined(lists.valued, "|"), "pending=$word") + "    " +
           arm(joined(lists.commands, "|"), "at=\"$at $word\"") + "        esac\n    done\n";
}

// "'name:help'" of zsh's _describe: a colon in the name would end it, one in the help does not.
std::string described(std::string const& name, std::string const& help) {
    return quoted(name + ":" + help);
}

}  // namespace

std::string bash_completion(CommandText const& root) {
    auto const lists = lists_of(root);
    std::string out =
        "# bash completion of surged; printed by `surged manual bash`.\n_surged() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} at=surged pending= word i commands= options=\n"
        "    COMPREPLY=()\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n" +
        walk(lists) + "    [[ $cur == '=' ]] && cur=\n    case \"$at $pending\" in\n";
    out +=
        arm(joined(lists.files, "|"),
            "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
    out +=
        arm(joined(lists.directories, "|"),
            "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
    for (auto const& [asked, words] : lists.words)
        out += arm(asked, "mapfile -t COMPREPLY < <(compgen -W " + quoted(words) + " -- \"$cur\")");
    out += "    esac\n    [[ -n $pending ]] && return\n    case $at in\n";
    for (auto const* command : flattened(root))
        out += arm(quoted(command->path),
                   "commands=" + quoted(joined(command_names(*command), " ")) +
                       " options=" + quoted(joined(option_names(*command), " ")));
    return out +
           "    esac\n    [[ $cur == -* || -z $commands ]] || options=\n"
           "    [[ $cur == -* ]] && commands=\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$commands $options\" -- \"$cur\")\n}\n"
           "complete -F _surged surged\n";
}

std::string zsh_completion(CommandText const& root) {
    auto const lists = lists_of(root);
    std::string out =
        "#compdef surged\n# zsh completion of surged; printed by `surged manual zsh`.\n_surged() "
        "{\n"
        "    local at=surged pending= word i\n    local -a commands options\n"
        "    for ((i = 2; i < CURRENT; i++)); do\n        word=${words[i]}\n" +
        walk(lists) + "    case \"$at $pending\" in\n";
    out += arm(joined(lists.files, "|"), "_files");
    out += arm(joined(lists.directories, "|"), "_files -/");
    for (auto const& [asked, words] : lists.words) out += arm(asked, "compadd -- " + words);
    out += "    esac\n    [[ -n $pending ]] && return\n    case $at in\n";
    for (auto const* command : flattened(root)) {
        std::vector<std::string> commands, options;
        for (auto const& below : command->commands)
            commands.push_back(described(below.name, below.help));
        for (auto const& option : command->options)
            if (!option.positional)
                for (auto const& name : option.names)
                    options.push_back(described(name, option.help));
        out += arm(quoted(command->path), "commands=(" + joined(commands, " ") + ") options=(" +
                                              joined(options, " ") + ")");
    }
    return out +
           "    esac\n    (( $#commands )) && _describe -t commands command commands\n"
           "    [[ $PREFIX == -* || $#commands == 0 ]] && _describe -o -t options option options\n"
           "}\n_surged \"$@\"\n";
}

std::string fish_completion(CommandText const& root) {
    auto const lists = lists_of(root);
    std::string out =
        "# fish completion of surged; printed by `surged manual fish`.\nfunction __surged_at\n"
        "    set -l at surged\n    set -l pending\n    for word in (commandline -opc)[2..]\n"
        "        if test -n \"$pending\"\n            set pending\n            continue\n        "
        "end\n"
        "        switch \"$at $word\"\n            case " +
        joined(lists.valued, " ") + "\n                set pending $word\n            case " +
        joined(lists.commands, " ") +
        "\n                set at \"$at $word\"\n        end\n    end\n"
        "    test \"$at\" = \"$argv[1]\"\nend\ncomplete -c surged -f\n";
    for (auto const* command : flattened(root)) {
        auto const here = "complete -c surged -n \"__surged_at " + quoted(command->path) + "\"";
        for (auto const& below : command->commands)
            out += here + " -a " + quoted(below.name) + " -d " + quoted(below.help) + "\n";
        for (auto const& option : command->options) {
            if (option.positional) continue;
            out += here;
            for (auto const& name : option.names)
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (option.value == "FILE")
                out += " -r -F";
            else if (option.value == "DIRECTORY")
                out += " -x -a '(__fish_complete_directories)'";
            else if (!option.choices.empty())
                out += " -x -a " + quoted(joined(option.choices, " "));
            else if (!option.value.empty())
                out += " -x";
            out += " -d " + quoted(option.help) + "\n";
        }
    }
    return out;
}

}  // namespace surged::daemon
