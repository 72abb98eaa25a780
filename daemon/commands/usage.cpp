#include "daemon/commands/usage.h"

#include "config/section.h"
#include "daemon/exit_codes.h"

#include <CLI/Formatter.hpp>
#include <array>
#include <string_view>
#include <vector>

namespace surged::daemon {
namespace {

struct Example {
    std::string_view command, lines;  // the words after `surged`
};
constexpr std::array kExamples{
    Example{"",
            "  surged demo\n  surged init --output surged.yaml\n"
            "  surged run --config surged.yaml"},
    Example{"run",
            "  surged run --config /etc/surged/surged.yaml\n"
            "  kill -HUP $(pidof surged)    # read it again"},
    Example{"check",
            "  surged check --config surged.yaml\n"
            "  surged check --config surged.yaml --explain"},
    Example{"backtest",
            "  surged backtest --config surged.yaml --input mentions.ndjson\n"
            "  surged backtest --config surged.yaml --input counts.csv --stream acme-x "
            "--report out.html\n"
            "  zcat mentions.ndjson.gz | surged backtest --config surged.yaml --input -"},
    Example{"demo", "  surged demo\n  surged demo --platforms all --for 10m --speed 10"},
    Example{"init",
            "  surged init --output surged.yaml    # asks\n"
            "  surged init --brand acme --platform hackernews --receiver webhook \\\n"
            "    --set webhook.url=https://pages.example/surged --output surged.yaml --test-page\n"
            "  surged init --brand acme --platform x --platform x:counts --receiver pagerduty \\\n"
            "    --set x.bearer_token_file=/etc/surged/secrets/x --set 'query=\"acme corp\"' \\\n"
            "    --set pagerduty.routing_key_file=/etc/surged/secrets/pd --output surged.yaml"},
    Example{"journal", "  surged journal verify --config surged.yaml"},
    Example{"journal verify",
            "  surged journal verify --config surged.yaml\n"
            "  surged journal verify --storage /var/lib/surged"},
    Example{"version", "  surged version"},
    Example{"streams",
            "  surged streams\n"
            "  surged streams --server https://surged.example --token-file token --json"},
    Example{"explain",
            "  surged explain --stream acme-x\n"
            "  surged explain --stream acme-x --at 2026-03-01T12:07:00Z"},
    Example{"reload", "  surged reload"},
    Example{"incidents",
            "  surged incidents\n  surged incidents show acme-20260301-1\n"
            "  surged incidents ack acme-20260301-1 --by kim"},
    Example{"incidents list", "  surged incidents list --state open --brand acme"},
    Example{"incidents show", "  surged incidents show acme-20260301-1"},
    Example{"incidents ack", "  surged incidents ack acme-20260301-1 --by kim --note \"on it\""},
    Example{"incidents respond",
            "  surged incidents respond acme-20260301-1 "
            "--link https://x.com/acme/status/17"},
    Example{"incidents resolve",
            "  surged incidents resolve acme-20260301-1 "
            "--link https://acme.example/statement"},
    Example{"incidents close", "  surged incidents close acme-20260301-1 --verdict real"},
    Example{"incidents reopen", "  surged incidents reopen acme-20260301-1 --note \"again\""},
    Example{"incidents note", "  surged incidents note acme-20260301-1 --note \"called legal\""},
    Example{"incidents check",
            "  surged incidents check acme-20260301-1 2\n"
            "  surged incidents check acme-20260301-1 \"Say so in public\""},
    Example{"incidents report", "  surged incidents report acme-20260301-1 --format html"},
    Example{"silences",
            "  surged silences\n"
            "  surged silences add --brand acme --for 2h --why \"launch\""},
    Example{"silences list", "  surged silences list --json"},
    Example{"silences add",
            "  surged silences add --brand acme --stream acme-x --for 2h "
            "--why \"launch\" --by kim"},
    Example{"silences expire", "  surged silences expire 3"},
    Example{"forget",
            "  surged forget --platform x --author 2244994945 --by dpo\n"
            "  surged forget --platform x --mention 1750 --by dpo"},
    Example{"drill", "  surged drill --stream acme-x --ratio 8 --for 10m"},
    Example{"receivers", "  surged receivers list\n  surged receivers test oncall"},
    Example{"receivers list", "  surged receivers list"},
    Example{"receivers test", "  surged receivers test oncall"},
};

std::string path_of(CLI::App const& app) {
    std::string out;
    for (CLI::App const* a = &app; a->get_parent() != nullptr; a = a->get_parent())
        out = a->get_name() + (out.empty() ? "" : " " + out);
    return out;
}

// The command that the words had led to when they went wrong.
CLI::App const& reached(CLI::App const& app) {
    CLI::App const* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().back();
    return *at;
}

// The nearest of what could have stood there.
std::string nearer(CLI::App const& at, std::string const& word) {
    std::vector<std::string> known;
    if (word.starts_with('-')) {
        for (CLI::Option const* option : at.get_options(nullptr))
            for (auto const& name : option->get_lnames()) known.push_back("--" + name);
    } else {
        for (CLI::App const* command : at.get_subcommands(nullptr))
            known.push_back(command->get_name());
    }
    return config::did_you_mean(word, {known.begin(), known.end()});
}

}  // namespace

void add_examples(CLI::App& app) {
    std::string const path = path_of(app);
    for (Example const& example : kExamples)
        if (example.command == path)
            app.footer("\nExamples:\n" + std::string(example.lines) +
                       (path.empty() ? "\n\nsurged COMMAND --help tells more of each." : ""));
    for (CLI::App* const command : app.get_subcommands(nullptr)) add_examples(*command);
}

int explain_usage(CLI::App const& app, CLI::ParseError const& error, std::ostream& out,
                  std::ostream& err) {
    if (error.get_exit_code() == 0) {
        app.exit(error, out, err);
        return kExitOk;
    }
    CLI::App const& at = reached(app);
    std::string const path = path_of(at);
    auto const left = app.remaining(true);
    if (left.empty()) {
        err << "surged: " << error.what() << "\n";
    } else {
        std::string const word = left.front().substr(0, left.front().find('='));
        bool const option = word.starts_with('-');
        err << "surged: '" << word << "' is no "
            << (option                                ? "option"
                : at.get_subcommands(nullptr).empty() ? "argument"
                                                      : "command")
            << (path.empty() ? "" : " of `surged " + path + "`") << nearer(at, word) << "\n";
    }
    err << "`surged " << (path.empty() ? "" : path + " ") << "--help` tells how it is meant\n";
    return kExitUsage;
}

}  // namespace surged::daemon
