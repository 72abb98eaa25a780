#include "daemon/commands/command_line.h"

#include "daemon/commands/backtest.h"
#include "daemon/commands/check.h"
#include "daemon/commands/client.h"
#include "daemon/commands/demo.h"
#include "daemon/commands/init.h"
#include "daemon/commands/journal_verify.h"
#include "daemon/commands/manual.h"
#include "daemon/commands/run.h"
#include "daemon/commands/usage.h"
#include "daemon/commands/version.h"
#include "daemon/exit_codes.h"
#include "daemon/settings.h"

#include <iostream>
#include <map>
#include <string_view>
#include <unistd.h>

namespace surged::daemon {

namespace {

void client_options(CLI::App* command, ClientOptions& options) {
    command->add_option("--server", options.server, "URL of the daemon")->capture_default_str();
    command->add_option("--token-file", options.token_file, "file that holds the API token");
    command->add_option("--ca-file", options.ca_file, "authorities to trust (PEM)");
    command->add_flag("--json", options.json, "print the answer as JSON");
}

void add_init(CommandLine& line) {
    static InitArguments arguments;
    auto& a = arguments;
    auto* const command =
        line.add("init", "Write a first configuration, by asking or by flags", [] {
            std::istream* const in = isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr;
            return init(arguments, in, std::cout, std::cerr);
        });
    command->add_option("--output", a.output, "the file to write")->required();
    command->add_option("--brand", a.brand, "the name that is watched");
    command->add_option("--platform", a.platforms, "PLATFORM or PLATFORM:KIND; several times");
    command->add_option("--receiver", a.receivers, "who is paged: its type; several times");
    command->add_option("--set", a.set,
                        "NAME.KEY=VALUE of a platform or receiver, or KEY=VALUE of all of them; "
                        "secrets by file: x.bearer_token_file=FILE");
    command->add_option("--storage", a.storage, "the state directory");
    command->add_option("--listen", a.listen, "ADDRESS:PORT of the console");
    command->add_flag("--test-page", a.test_page, "send one test page to each receiver");
    command->add_flag("--offline", a.offline, "do not try the credentials");
    command->add_flag("--force", a.force, "overwrite the file");
}

void add_offline(CommandLine& line) {
    static std::string config;
    static bool explain = false;
    auto* const run_command =
        line.add("run", "Run the daemon in the foreground; SIGHUP reloads, SIGTERM stops",
                 [] { return run(config); });
    run_command->add_option("--config", config, "configuration file")->required();
    auto* const check_command = line.add("check", "Check a configuration: every fault at once", [] {
        return check(config, explain, std::cout, std::cerr);
    });
    check_command->add_option("--config", config, "configuration file")->required();
    check_command->add_flag("--explain", explain, "print deadlines, escalation, budgets and costs");

    static BacktestArguments backtest_arguments;
    auto& b = backtest_arguments;
    auto* const backtest_command =
        line.add("backtest", "Replay recorded mentions or counts in virtual time",
                 [] { return backtest(backtest_arguments); });
    backtest_command->add_option("--config", b.config, "configuration file")->required();
    backtest_command
        ->add_option("--input", b.input, "NDJSON of mentions or CSV of counts; - is standard input")
        ->required();
    backtest_command->add_option("--stream", b.stream, "the stream that the rows belong to");
    backtest_command->add_option("--format", b.format, "auto, counts or ndjson")
        ->check(CLI::IsMember({"auto", "counts", "ndjson"}))
        ->capture_default_str();
    backtest_command->add_option("--scores", b.scores,
                                 "write timestamp,value,anomaly_score per row to this file");
    backtest_command->add_option("--report", b.report, "write an HTML report to this file");

    static DemoArguments demo_arguments;
    auto& d = demo_arguments;
    auto* const demo_command =
        line.add("demo", "A crisis on this machine: no credential, no network",
                 [] { return run_demo(demo_arguments); });
    demo_command->add_option("--listen", d.listen, "ADDRESS:PORT of the console")
        ->capture_default_str();
    demo_command->add_option("--seed", d.seed, "of the staged world")->capture_default_str();
    demo_command->add_option("--for", d.span, "stop after this long, such as 90s");
    demo_command
        ->add_option("--platforms", d.platforms,
                     "all: every platform of this release, not only the four of the story")
        ->check(CLI::IsMember({"all"}));
    demo_command->add_option("--speed", d.speed, "compress time by this factor")
        ->capture_default_str()
        ->check(CLI::Range(1.0, 10'000.0));

    add_init(line);

    auto* const journal =
        line.app.add_subcommand("journal", "The record of what happened")->require_subcommand(1);
    static std::string storage;
    auto* const verify = line.add(
        "verify", "Check the hash chain, also beside a running daemon",
        [] {
            if (storage.empty() && config.empty()) {
                std::cerr << "surged: say which with --storage or --config\n";
                return kExitUsage;
            }
            if (storage.empty()) storage = load_settings(config).settings.storage.directory;
            return journal_verify(storage, std::cout, std::cerr);
        },
        journal);
    verify->add_option("--storage", storage, "the state directory");
    verify->add_option("--config", config, "the configuration that names it");
    line.add("version", "Version, commit, compiler, libraries", [] { return version(std::cout); });
}

void add_quiet(CommandLine& line, ClientOptions& options) {
    static SilenceArguments s;
    auto* const silences = line.app.add_subcommand("silences", "Hold pages back for a while")
                               ->require_subcommand(0, 1);
    silences->callback([&line, &options, silences] {
        if (!silences->get_subcommands().empty()) return;
        s.action = "list";
        line.chosen = [&options] { return client_silences(options, s); };
    });
    client_options(silences, options);
    auto const add = [&](char const* name, char const* help) {
        auto* const command = line.add(
            name, help,
            [&options, name] {
                s.action = name;
                return client_silences(options, s);
            },
            silences);
        client_options(command, options);
        return command;
    };
    add("list", "The active ones");
    auto* const fresh = add("add", "Hold a brand's pages; breaches pass unless --breaches");
    fresh->add_option("--brand", s.brand, "whose pages")->required();
    fresh->add_option("--stream", s.stream, "only those of this stream");
    fresh->add_option("--for", s.span, "how long, such as 2h")->required();
    fresh->add_option("--by", s.by, "who says so (default: the login name)");
    fresh->add_option("--why", s.why, "why, for who is not paged")->required();
    fresh->add_flag("--breaches", s.breaches, "hold breaches, too");
    add("expire", "End a silence now")->add_option("id", s.id, "the silence")->required();

    static DrillArguments d;
    auto* const drill = line.add("drill", "Rehearse a surge through the whole chain",
                                 [&options] { return client_drill(options, d); });
    drill->add_option("--stream", d.stream, "the stream that is to surge")->required();
    drill->add_option("--ratio", d.ratio, "how many times its usual (default: 8)");
    drill->add_option("--for", d.span, "how long, such as 10m (the default)");
    drill->add_option("--by", d.by, "who says so (default: the login name)");
    client_options(drill, options);

    static ForgetArguments f;
    auto* const forget =
        line.add("forget", "Erase stored text and names; counts, hashes and the chain stay",
                 [&options] { return client_forget(options, f); });
    forget->add_option("--author", f.author, "whose: the id or handle, as the platform has it");
    forget->add_option("--mention", f.mention, "one mention, by its id");
    forget->add_option("--platform", f.platform, "ids belong to platforms (default: any)");
    forget->add_option("--by", f.by, "who says so (default: the login name)");
    client_options(forget, options);
}

void add_client(CommandLine& line) {
    static ClientOptions options;
    client_options(line.add("streams", "The streams of a running daemon",
                            [] { return client_streams(options); }),
                   options);
    static std::string stream, at;
    auto* const explain = line.add("explain", "Why a stream did or did not page",
                                   [] { return client_explain(options, stream, at); });
    explain->add_option("--stream", stream, "name of the stream")->required();
    explain->add_option("--at", at, "the minute, RFC 3339; default: the last closed one");
    client_options(explain, options);
    client_options(
        line.add("reload", "Read the configuration again", [] { return client_reload(options); }),
        options);

    static IncidentArguments a;
    auto* const incidents =
        line.app.add_subcommand("incidents", "See and act on incidents")->require_subcommand(0, 1);
    incidents->callback([&line, incidents] {
        if (incidents->get_subcommands().empty()) {
            a.action = "list";
            line.chosen = [] { return client_incidents(options, a); };
        }
    });
    client_options(incidents, options);
    struct Row {
        char const *name, *help;
        bool id;
    };
    for (Row const row :
         {Row{"list", "Incidents of all years: --search, --from, --to", false},
          Row{"show", "One incident with its timeline", true},
          Row{"ack", "Somebody here has it", true},
          Row{"respond", "The public has had a first word: --link", true},
          Row{"resolve", "The public has had the full answer", true},
          Row{"close", "It is over: --verdict", true}, Row{"reopen", "It is not over", true},
          Row{"note", "Write into the record: --note", true},
          Row{"check", "Tick a checklist item", true},
          Row{"report", "The report: --format", true}}) {
        auto* const command = line.add(
            row.name, row.help,
            [name = std::string(row.name)] {
                a.action = name;
                return client_incidents(options, a);
            },
            incidents);
        if (row.id) command->add_option("id", a.id, "the incident")->required();
        if (std::string_view(row.name) == "check")
            command->add_option("item", a.item, "its number or text")->required();
        command->add_option("--by", a.by, "who says so (default: the login name)");
        command->add_option("--note", a.note, "a note for the record");
        command->add_option("--link", a.link, "URL of the public answer");
        command->add_option("--platform", a.platform, "the platform it concerns");
        command->add_option("--verdict", a.verdict, "real, false or expected")
            ->check(CLI::IsMember({"real", "false", "expected"}));
        command->add_option("--format", a.format, "md, html or json")
            ->check(CLI::IsMember({"md", "html", "json"}));
        command->add_option("--state", a.state, "only incidents in this state");
        command->add_option("--brand", a.brand, "only incidents of this brand");
        if (std::string_view(row.name) == "list") {
            command->add_option("--search", a.search,
                                "only those that hold this: id, brand, notes, links, checklist");
            command->add_option("--from", a.from, "opened on this day or later (2026-03-01)");
            command->add_option("--to", a.to, "opened before this day");
        }
        client_options(command, options);
    }

    add_quiet(line, options);

    static std::string receiver;
    auto* const receivers =
        line.app.add_subcommand("receivers", "See and try receivers")->require_subcommand(1);
    client_options(line.add(
                       "list", "All receivers",
                       [] { return client_receivers(options, "list", {}); }, receivers),
                   options);
    auto* const test = line.add(
        "test", "Send a test page", [] { return client_receivers(options, "test", receiver); },
        receivers);
    test->add_option("name", receiver, "the receiver")->required();
    client_options(test, options);
}

// Not for a person in a hurry: what packages are made with.
void add_manual(CommandLine& line) {
    static std::string what;
    auto* const command = line.add(
        "manual", "Print a completion, or fill in a page of the manual",
        [&line] { return manual(command_tree(line.app), what, std::cin, std::cout, std::cerr); });
    command->add_option("what", what, "bash, zsh, fish or page")->required();
    command->group("");
}

// What a value is: for the reader of the help, and for the shells, which complete files and
// directories.
void name_values(CLI::App& app) {
    static std::map<std::string_view, char const*> const names{
        {"config", "FILE"},    {"input", "FILE"},        {"scores", "FILE"},
        {"report", "FILE"},    {"token-file", "FILE"},   {"output", "FILE"},
        {"ca-file", "FILE"},   {"storage", "DIRECTORY"}, {"server", "URL"},
        {"link", "URL"},       {"for", "DURATION"},      {"at", "TIME"},
        {"listen", "ADDRESS"}, {"stream", "NAME"},       {"brand", "NAME"},
        {"by", "NAME"},        {"platform", "NAME"},     {"state", "STATE"},
        {"ratio", "NUMBER"},   {"seed", "NUMBER"},       {"speed", "NUMBER"},
        {"format", "FORMAT"},  {"receiver", "NAME"},
    };
    for (auto* option : app.get_options([](CLI::Option const* o) { return o->nonpositional(); }))
        for (auto const& name : option->get_lnames())
            if (auto const it = names.find(name);
                it != names.end() && option->get_items_expected_max() > 0)
                option->type_name(it->second);
    for (auto* command : app.get_subcommands([](CLI::App const*) { return true; }))
        name_values(*command);
}

}  // namespace

void add_commands(CommandLine& line) {
    line.app.require_subcommand(1);
    line.app.set_version_flag("--version", "surged " SURGED_VERSION);
    add_offline(line);
    add_client(line);
    add_manual(line);
    add_examples(line.app);
    name_values(line.app);
}

}  // namespace surged::daemon
