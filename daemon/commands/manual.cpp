#include "daemon/commands/manual.h"

#include "config/units.h"
#include "daemon/commands/completions.h"
#include "daemon/exit_codes.h"
#include "daemon/pollers/pollers.h"
#include "exporters/receivers/receivers.h"

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>

namespace surged::daemon {
namespace {

using config::KeySpec;
using config::KeyType;

std::string bold(std::string_view text) {
    return "\\fB" + roff(text) + "\\fP";
}
std::string italic(std::string_view text) {
    return "\\fI" + roff(text) + "\\fP";
}

std::string joined(std::vector<std::string> const& parts) {
    std::string out;
    for (auto const& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

// ---- surged(8)

std::string option_entry(OptionText const& option) {
    std::vector<std::string> names;
    for (auto const& name : option.names)
        names.push_back(option.positional ? italic(name) : bold(name));
    std::string out = ".TP\n" + joined(names);
    if (!option.choices.empty()) {
        std::vector<std::string> words;
        for (auto const& word : option.choices) words.push_back(bold(word));
        out += " " + joined(words);
    } else if (!option.value.empty()) {
        out += " " + italic(option.value);
    }
    if (option.required && !option.positional) out += " (required)";
    out += "\n" + roff(option.help);
    if (!option.fallback.empty()) out += " (default: " + roff(option.fallback) + ")";
    return out + ".\n";
}

// The options that every command which asks a running daemon has: told once.
std::vector<OptionText> client_options(CommandText const& root) {
    std::vector<OptionText> common;
    bool first = true;
    for (auto const* command : flattened(root)) {
        auto const& options = command->options;
        if (std::none_of(options.begin(), options.end(),
                         [](auto const& o) { return o.names.back() == "--server"; }))
            continue;
        if (first) common = options;
        first = false;
        common.erase(std::remove_if(common.begin(), common.end(),
                                    [&](auto const& o) {
                                        return o.names.back() == "--help" ||
                                               std::find(options.begin(), options.end(), o) ==
                                                   options.end();
                                    }),
                     common.end());
    }
    return common;
}

std::string command_entry(CommandText const& command, std::vector<OptionText> const& common) {
    std::string out = ".SS " + roff(command.path);
    std::string options;
    bool client = false;
    for (auto const& option : command.options) {
        if (option.positional) out += " " + roff(option.names.front());
        if (option.names.back() == "--help") continue;
        if (std::find(common.begin(), common.end(), option) != common.end())
            client = true;
        else
            options += option_entry(option);
    }
    out += "\n" + roff(command.help) + ".\n";
    if (client) out += "Takes the client options.\n";
    return out + options;
}

std::string commands(CommandText const& root) {
    auto const common = client_options(root);
    std::string out;
    for (auto const* command : flattened(root))
        if (command != &root) out += command_entry(*command, common);
    return out;
}

std::string client_entries(CommandText const& root) {
    std::string out;
    for (auto const& option : client_options(root)) out += option_entry(option);
    return out;
}

// ---- surged.yaml(5)

std::string_view type_name(KeyType type) {
    switch (type) {
        case KeyType::text: return "text";
        case KeyType::url: return "URL";
        case KeyType::urls: return "list of URLs";
        case KeyType::secret: return "file with a secret";
        case KeyType::file: return "file";
        case KeyType::duration: return "duration";
        case KeyType::integer: return "integer";
        case KeyType::boolean: return "true or false";
        case KeyType::texts: return "list of texts";
        case KeyType::pairs: return "mapping";
    }
    return "text";
}

// A comment tells whoever compares the page with the readers where the keys below stand.
std::string key_entries(std::string const& where, std::span<KeySpec const> keys) {
    std::string out;
    if (!keys.empty()) out += ".\\\" keys: " + where + "\n";
    for (auto const& key : keys) {
        std::string choices(key.choices);
        std::replace(choices.begin(), choices.end(), '|', ',');
        out += ".TP\n" + bold(key.name) + " (" +
               (choices.empty() ? std::string(type_name(key.type)) : roff(choices)) +
               (key.required ? ", required" : "") + ")\n" + roff(key.help) + ".\n";
    }
    return out;
}

std::string account_entries() {
    std::string out;
    for (auto const& row : platforms()) {
        if (row.account_keys.empty()) continue;
        out += ".SS Accounts of " + roff(row.name) + "\n";
        out += row.base_url.empty()
                   ? "Needs " + bold("base_url") + ".\n"
                   : bold("base_url") + " is " + roff(row.base_url) + " when absent.\n";
        out += key_entries("accounts.*", row.account_keys);
    }
    return out;
}

std::string stream_entries() {
    std::string out;
    for (auto const& row : platforms()) {
        for (auto const& kind : row.kinds) {
            out += ".SS Streams of " + roff(row.name) + ": kind " + roff(kind.name) + "\n";
            out +=
                bold("every") + " is at least " + roff(config::format_duration(kind.floor)) + ".\n";
            if (!row.needs_account)
                out += "May say " + bold("platform") + " instead of " + bold("account") + ".\n";
            if (kind.counts) out += "Yields mentions per minute, not mentions.\n";
            out += key_entries("brands[].streams[]", kind.keys);
        }
    }
    return out;
}

std::string receiver_entries() {
    std::string out;
    for (auto const& row : exporters::receiver_rows())
        out +=
            ".SS Receivers of type " + roff(row.type) + "\n" + key_entries("receivers.*", row.keys);
    return out;
}

std::string with_version(std::string line) {
    constexpr std::string_view mark = "@VERSION@";
    if (auto const at = line.find(mark); at != std::string::npos)
        line.replace(at, mark.size(), SURGED_VERSION);
    return line;
}

int page(CommandText const& root, std::istream& in, std::ostream& out, std::ostream& err) {
    for (std::string line; std::getline(in, line);) {
        if (line == "@COMMANDS@") {
            out << commands(root);
        } else if (line == "@CLIENT_OPTIONS@") {
            out << client_entries(root);
        } else if (line == "@ACCOUNTS@") {
            out << account_entries();
        } else if (line == "@STREAMS@") {
            out << stream_entries();
        } else if (line == "@RECEIVERS@") {
            out << receiver_entries();
        } else if (line.starts_with('@')) {
            err << "surged: the page asks for " << line << ", which nothing here knows\n";
            return kExitUsage;
        } else {
            out << with_version(line) << '\n';
        }
    }
    return kExitOk;
}

}  // namespace

std::string roff(std::string_view text) {
    std::string out;
    bool code = false;
    if (text.starts_with('.')) out = "\\&";
    for (char const c : text) {
        switch (c) {
            case '\\': out += "\\e"; break;
            case '-': out += "\\-"; break;
            case '\'': out += "\\(aq"; break;
            case '`':
                code = !code;
                out += code ? "\\fB" : "\\fP";
                break;
            default: out += c;
        }
    }
    return out;
}

int manual(CommandText const& root, std::string const& what, std::istream& in, std::ostream& out,
           std::ostream& err) {
    if (what == "bash") {
        out << bash_completion(root);
    } else if (what == "zsh") {
        out << zsh_completion(root);
    } else if (what == "fish") {
        out << fish_completion(root);
    } else if (what == "page") {
        return page(root, in, out, err);
    } else {
        err << "surged: the manual has bash, zsh, fish and page, not '" << what << "'\n";
        return kExitUsage;
    }
    return kExitOk;
}

}  // namespace surged::daemon
