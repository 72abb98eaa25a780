// The command line of the real program: exit codes, words and files of section 2 of the contract.
#include "tests/daemon_process.h"

#include <sqlite3.h>

namespace surged::tests {
namespace {

char const* const kConfig = R"(server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
  other: { type: webhook, url: "http://127.0.0.1:9/other" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    checklist: ["Fix it", "Say so in public"]
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap }
)";

int run_to_its_end(Daemon const& daemon, std::string& err) {
    auto const ran = surged("run --config " + daemon.config());
    err = ran.err;
    return ran.code;
}

TEST(CliNet, WrongUsageIsTwo) {
    for (char const* const line : {"",
                                   "dance",
                                   "run",
                                   "run --config",
                                   "check",
                                   "streams --sever x",
                                   "incidents ack",
                                   "incidents dance",
                                   "incidents close x --verdict maybe",
                                   "silences add --brand acme",
                                   "silences expire",
                                   "drill",
                                   "init",
                                   "forget",
                                   "forget --platform x",
                                   "init --output /tmp/x.yaml",
                                   "init --output",
                                   "reload now",
                                   "version --yaml",
                                   "incidents report",
                                   "incidents report x --format pdf",
                                   "receivers",
                                   "receivers test",
                                   "journal",
                                   "journal verify",
                                   "explain",
                                   "backtest --config x",
                                   "demo --speed never"}) {
        auto const ran = surged(line);
        EXPECT_EQ(ran.code, 2) << line;
        EXPECT_EQ(ran.out, "") << line;
        EXPECT_NE(ran.err, "") << line;
    }
}

TEST(CliNet, EveryCommandHasHelp) {
    for (char const* const line : {"",
                                   "run",
                                   "check",
                                   "demo",
                                   "backtest",
                                   "streams",
                                   "explain",
                                   "reload",
                                   "receivers",
                                   "receivers list",
                                   "receivers test",
                                   "incidents",
                                   "incidents list",
                                   "incidents show",
                                   "incidents ack",
                                   "incidents respond",
                                   "incidents resolve",
                                   "incidents close",
                                   "incidents reopen",
                                   "incidents note",
                                   "incidents check",
                                   "incidents report",
                                   "silences",
                                   "silences list",
                                   "silences add",
                                   "silences expire",
                                   "drill",
                                   "init",
                                   "forget",
                                   "journal",
                                   "journal verify",
                                   "version"}) {
        auto const ran = surged(std::string(line) + " --help");
        EXPECT_EQ(ran.code, 0) << line;
        EXPECT_TRUE(contains(ran.out, "Usage")) << line << ran.out;
        EXPECT_TRUE(contains(ran.out, std::string("\nExamples:\n  surged ") + line)) << ran.out;
        EXPECT_EQ(ran.err, "") << line;
    }
}

TEST(CliNet, NamesTheNearerWord) {
    for (auto const& [line, nearer] :
         {std::pair{"incidens", "did you mean 'incidents'?"},
          std::pair{"incidents reslove x", "did you mean 'resolve'?"},
          std::pair{"check --confg x", "did you mean '--config'?"},
          std::pair{"streams --sever=http://x", "did you mean '--server'?"},
          std::pair{"journal verfy", "did you mean 'verify'?"}}) {
        auto const ran = surged(line);
        EXPECT_EQ(ran.code, 2) << line;
        EXPECT_TRUE(contains(ran.err, nearer)) << line << ": " << ran.err;
    }
    EXPECT_FALSE(contains(surged("zzzzzz").err, "did you mean")) << "nothing is near";
    EXPECT_TRUE(contains(surged("check").err, "--config is required")) << surged("check").err;
}

TEST(CliNet, InitWritesWhatCheckTakes) {
    tests::TempDir const directory;
    std::string const file = directory.path() + "/s.yaml";
    std::vector<std::string> const words{"init",
                                         "--brand",
                                         "acme",
                                         "--platform",
                                         "hackernews",
                                         "--set",
                                         "exec.command=/bin/true",
                                         "--receiver",
                                         "exec",
                                         "--offline",
                                         "--test-page",
                                         "--output",
                                         file};
    auto const ran = surged(words);
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_TRUE(contains(ran.out, "exec: took the test page")) << ran.out;
    auto const checked = surged({"check", "--config", file});
    EXPECT_EQ(checked.code, 0) << checked.err;
    EXPECT_EQ(surged(words).code, 2) << "the file is there";
}

TEST(CliNet, SaysWhichVersionItIs) {
    auto const ran = surged("version");
    EXPECT_EQ(ran.code, 0);
    EXPECT_TRUE(contains(ran.out, SURGED_VERSION)) << ran.out;
    for (char const* word : {"commit", "compiler", "boost", "openssl", "sqlite", "simdjson"})
        EXPECT_TRUE(contains(ran.out, word)) << word << " is not in: " << ran.out;
}

TEST(CliNet, CheckPrintsEveryFaultWithItsPlace) {
    Daemon const daemon(kConfig, false);
    auto const good = surged("check --config " + daemon.config());
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_TRUE(contains(good.out, "valid")) << good.out;
    auto const explained = surged("check --config " + daemon.config() + " --explain");
    EXPECT_EQ(explained.code, 0) << explained.err;
    for (char const* word : {"acme", "acknowledge", "respond", "resolve", "10m", "1h", "2h"})
        EXPECT_TRUE(contains(explained.out, word)) << word << " is not in:\n" << explained.out;

    daemon.write(std::string(kConfig) + "bogus: 1\nreceiver: {}\n");
    auto const bad = surged("check --config " + daemon.config());
    EXPECT_EQ(bad.code, 2);
    EXPECT_TRUE(contains(bad.err, daemon.config() + ":13:1: error: ")) << bad.err;
    EXPECT_TRUE(contains(bad.err, daemon.config() + ":14:1: error: ")) << bad.err;
    EXPECT_TRUE(contains(bad.err, "receivers")) << "the nearest known key: " << bad.err;
    EXPECT_EQ(surged("check --config " + daemon.path("none.yaml")).code, 2);
    EXPECT_EQ(surged("run --config " + daemon.config()).code, 2);
}

TEST(CliNet, RunRefusesAStateItMayNotHave) {
    Daemon first(kConfig);
    std::string err;
    // The same state from another port: in use.
    Daemon second(replaced(kConfig, "{DIR}", first.path("")), false);
    EXPECT_EQ(run_to_its_end(second, err), 3);
    EXPECT_TRUE(contains(err, "state")) << err;
    // The same port with another state: cannot listen.
    Daemon third(replaced(kConfig, "{PORT}", std::to_string(first.port)), false);
    EXPECT_EQ(run_to_its_end(third, err), 4);
    EXPECT_TRUE(contains(err, std::to_string(first.port))) << err;
    EXPECT_EQ(first.get("/healthz").status, 200) << "whoever was there first goes on";

    // Written by a program that is newer than this one.
    EXPECT_EQ(first.stop(), 0);
    sqlite3* db = nullptr;
    std::string database;
    for (auto const& entry : std::filesystem::directory_iterator(first.path("state")))
        if (contains(slurp(entry.path().string()).substr(0, 15), "SQLite format 3"))
            database = entry.path().string();
    ASSERT_EQ(sqlite3_open(database.c_str(), &db), SQLITE_OK) << database;
    EXPECT_EQ(sqlite3_exec(db, "PRAGMA user_version=9999", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    EXPECT_EQ(run_to_its_end(first, err), 3);
    EXPECT_TRUE(contains(err, "newer")) << err;

    // Not a directory at all.
    spill(third.path("state2"), "a file");
    third.write(replaced(kConfig, "/state", "/state2"));
    EXPECT_EQ(run_to_its_end(third, err), 3);
}

TEST(CliNet, StopsCleanlyWithinFiveSeconds) {
    for (int const signal : {SIGTERM, SIGINT}) {
        Daemon daemon(kConfig);
        (void)daemon.open_incident();
        Wire follower(daemon.port);  // an event stream must not hold the process
        follower.put("GET /api/v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
        (void)follower.read_until("surged\n\n");
        daemon.process.signal(signal);
        EXPECT_EQ(daemon.process.wait(5s), 0) << daemon.log();
        EXPECT_EQ(surged("journal verify --config " + daemon.config()).code, 0);
    }
}

TEST(CliNet, ReloadsAtHangUp) {
    Daemon daemon(kConfig);
    daemon.write(std::string(kConfig) +
                 "      - { name: second, platform: x, kind: push, detector: cap }\n");
    daemon.process.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
        return Json(daemon.get("/api/v1/streams").body).size("/items") == 2;
    })) << daemon.log();
    daemon.write("nonsense: [");
    daemon.process.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
        return contains(daemon.get("/metrics").body, "surged_config_last_reload_successful 0\n");
    }));
    EXPECT_EQ(Json(daemon.get("/api/v1/streams").body).size("/items"), 2u);
    auto const refused = daemon.client("reload");
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, "surged.yaml:")) << refused.err;
    daemon.write(kConfig);
    EXPECT_EQ(daemon.client("reload").code, 0);
    EXPECT_EQ(Json(daemon.get("/api/v1/streams").body).size("/items"), 1u);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(CliNet, NoDaemonIsFive) {
    std::string const nobody = "http://127.0.0.1:" + std::to_string(free_port());
    for (char const* const line :
         {"streams", "reload", "explain --stream x", "incidents list", "receivers list",
          "incidents ack x --by kim", "incidents", "incidents show x", "receivers test x",
          "silences", "silences add --brand b --for 1h --why w", "silences expire 1",
          "drill --stream x"}) {
        auto const ran = surged(std::string(line) + " --server " + nobody);
        EXPECT_EQ(ran.code, 5) << line;
        EXPECT_EQ(ran.out, "");
        EXPECT_TRUE(contains(ran.err, nobody)) << ran.err;
    }
}

TEST(CliNet, AnOperatorsDay) {
    Daemon const daemon(kConfig);
    EXPECT_EQ(daemon.client("incidents").code, 0) << "list is what it does by itself";
    std::string const id = daemon.open_incident();
    auto const says = [&](std::string const& line, int code, std::string const& part) {
        auto const ran = daemon.client(line);
        EXPECT_EQ(ran.code, code) << line << ran.out << ran.err;
        EXPECT_TRUE(contains(code == 0 ? ran.out : ran.err, part)) << line << ran.out << ran.err;
        EXPECT_EQ((code == 0 ? ran.err : ran.out), "") << line;
    };
    says("streams", 0, "acme-push");
    says("streams --json", 0, "{\"items\":[");
    says("explain --stream acme-push", 0, "acme-push at ");
    says("explain --stream ghost", 1, "ghost");
    says("explain --stream acme-push --at noon", 1, "at");
    says("receivers list", 0, "webhook");
    says("receivers test hook", 0, "hook");
    says("receivers test ghost", 1, "ghost");

    says("incidents list", 0, id);
    says("incidents list --state open --brand acme", 0, id);
    EXPECT_FALSE(contains(daemon.client("incidents list --state closed").out, id));
    says("incidents show " + id, 0, "acknowledge: running");
    EXPECT_EQ(Json(daemon.client("incidents show " + id + " --json").out).at("/id"), id);
    says("incidents show ghost", 1, "ghost");
    says("incidents ack " + id + " --by kim", 0, "with kim");
    says("incidents ack " + id + " --by lee", 0, "with kim");
    says("incidents respond " + id + " --by kim", 1, "link");
    says("incidents resolve " + id + " --by kim", 1, "link");
    says("incidents respond " + id + " --by kim --link https://x.com/acme/status/1", 0,
         "respond: met");
    says("incidents resolve " + id + " --by kim", 0, "resolved");
    says("incidents note " + id + " --by kim --note 'the tap was open'", 0, "the tap");
    says("incidents check " + id + " 1 --by kim", 0, "checked");
    says("incidents check " + id + " 'Say so in public' --by kim", 0, "checked");
    says("incidents check " + id + " 9 --by kim", 1, "9");
    says("incidents reopen " + id + " --by kim", 1, "not closed");
    says("incidents close " + id + " --by kim --verdict real", 0, "closed");
    says("incidents ack " + id + " --by kim", 1, "closed");
    says("incidents reopen " + id + " --by kim", 0, "open");
    // The journal says by which way the words came.
    EXPECT_TRUE(contains(daemon.get("/api/v1/incidents/" + id).body, R"("via":"cli")"));
}

TEST(CliNet, SilencesAndDrills) {
    Daemon const daemon(kConfig);
    auto ran = daemon.client("silences add --brand acme --for 2h --by kim --why launch");
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_TRUE(contains(ran.out, "silence-1")) << ran.out;
    for (char const* const line : {"silences", "silences list"}) {
        ran = daemon.client(line);
        EXPECT_EQ(ran.code, 0) << ran.err;
        for (char const* const word : {"silence-1", "acme", "kim", "launch", "pass"})
            EXPECT_TRUE(contains(ran.out, word)) << ran.out;
    }
    EXPECT_EQ(Json(daemon.client("silences list --json").out).at("/items/0/why"), "launch");
    EXPECT_EQ(daemon.client("silences expire silence-1").code, 0);
    EXPECT_EQ(daemon.client("silences expire silence-9").code, 1);
    EXPECT_EQ(daemon.client("silences add --brand ghost --for 2h --by kim --why x").code, 1);

    ran = daemon.client("drill --stream acme-push --ratio 12 --for 5m");
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_TRUE(contains(ran.out, "-drill")) << ran.out;
    EXPECT_TRUE(contains(ran.out, "12x")) << ran.out;
    ran = daemon.client("drill --stream acme-push");
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(contains(ran.err, "one at a time")) << ran.err;
    EXPECT_EQ(daemon.client("drill --stream ghost").code, 1);
    EXPECT_TRUE(contains(daemon.client("incidents list --json").out, "\"drill\":true"));
}

TEST(CliNet, ShowsItsTokenByFile) {
    Daemon daemon(
        replaced(kConfig, "{PORT}\" }",
                 "{PORT}\", tokens: [{ name: see, token_file: \"{DIR}/see\", role: viewer "
                 "}] }"),
        false);
    daemon.secret("see", "secret");
    daemon.secret("wrong", "guess");
    daemon.start();
    EXPECT_EQ(daemon.client("streams").code, 1);
    EXPECT_EQ(daemon.client("streams --token-file " + daemon.path("wrong")).code, 1);
    EXPECT_EQ(daemon.client("streams --token-file " + daemon.path("none")).code, 2);
    EXPECT_EQ(daemon.client("streams --token-file " + daemon.path("see")).code, 0);
    auto const refused = daemon.client("reload --token-file " + daemon.path("see"));
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, "403")) << refused.err;
}

TEST(CliNet, VerifiesTheJournalBesideTheDaemon) {
    Daemon daemon(kConfig);
    (void)daemon.open_incident();
    std::string const state = daemon.path("state");
    auto const beside = surged("journal verify --storage " + state);
    EXPECT_EQ(beside.code, 0) << beside.err;
    EXPECT_TRUE(contains(beside.out, "intact")) << beside.out;
    EXPECT_EQ(surged("journal verify --config " + daemon.config()).code, 0);
    EXPECT_EQ(surged("journal verify --storage " + daemon.path("none")).code, 2);
    EXPECT_EQ(daemon.stop(), 0);

    std::string database;
    for (auto const& entry : std::filesystem::directory_iterator(state))
        if (contains(slurp(entry.path().string()).substr(0, 15), "SQLite format 3"))
            database = entry.path().string();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database.c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    // Somebody makes the first event smaller than it was.
    EXPECT_EQ(sqlite3_exec(db,
                           "DROP TRIGGER journal_is_not_updated;"
                           "UPDATE journal SET json = replace(json, '\"acme\"', '\"akme\"') "
                           "WHERE id = 2",
                           nullptr, nullptr, &error),
              SQLITE_OK)
        << error;
    EXPECT_GT(sqlite3_changes(db), 0);
    sqlite3_close(db);
    auto const broken = surged("journal verify --storage " + state);
    EXPECT_EQ(broken.code, 1) << broken.out << broken.err;
    EXPECT_TRUE(contains(broken.out, "entry 2")) << broken.out;
}

TEST(CliNet, BacktestsMentionsAndCounts) {
    Daemon const daemon(kConfig, false);
    auto const test = [&](std::string const& input, std::vector<std::string> more = {}) {
        std::vector<std::string> words{"backtest", "--config", daemon.config(), "--input", input};
        words.insert(words.end(), more.begin(), more.end());
        return surged(words);
    };
    // 40 rows; 30 of them within the minute 12:30: one page.
    auto const rows = test(TEST_DATA "/cli_mentions.ndjson");
    EXPECT_EQ(rows.code, 0) << rows.err;
    EXPECT_TRUE(contains(rows.out, "\"event\":\"incident.opened\"")) << rows.out;
    EXPECT_TRUE(contains(rows.err, "40 rows, 40 mentions counted; 1 surges, 1 incidents"))
        << rows.err;
    std::istringstream lines(rows.out);
    for (std::string line; std::getline(lines, line);) EXPECT_TRUE(Json(line).ok()) << line;

    auto const scored =
        test(TEST_DATA "/cli_counts.csv",
             {"--stream", "acme-push", "--format", "counts", "--scores", daemon.path("s.csv")});
    EXPECT_EQ(scored.code, 0) << scored.err;
    EXPECT_TRUE(contains(scored.out, "\"at\":\"2026-03-01T12:35:00Z\""))
        << "the end of the row that made it: " << scored.out;
    std::istringstream scores(slurp(daemon.path("s.csv")));
    std::string line;
    std::getline(scores, line);
    EXPECT_EQ(line, "timestamp,value,anomaly_score");
    std::vector<double> values;
    while (std::getline(scores, line)) {
        EXPECT_TRUE(line.starts_with("2026-03-01 12:")) << line;
        values.push_back(std::stod(line.substr(line.rfind(',') + 1)));
        EXPECT_GE(values.back(), 0);
        EXPECT_LE(values.back(), 1);
    }
    ASSERT_EQ(values.size(), 12u) << "one row per input row";
    EXPECT_EQ(std::max_element(values.begin(), values.end()) - values.begin(), 6)
        << "the row of 90 mentions";

    spill(daemon.path("bad.ndjson"), mentions("a", 2) + "{\"id\":\"3\"}\n" + mentions("b", 1));
    auto const bad = test(daemon.path("bad.ndjson"), {"--stream", "acme-push"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_TRUE(contains(bad.err, "row 3")) << bad.err;
    spill(daemon.path("bad.csv"),
          "timestamp,value\n2026-03-01 12:00:00,1\n2026-03-01 12:05:00,x\n");
    auto const csv = test(daemon.path("bad.csv"), {"--stream", "acme-push"});
    EXPECT_EQ(csv.code, 2);
    EXPECT_TRUE(contains(csv.err, "row ")) << csv.err;
    EXPECT_EQ(test(daemon.path("none.csv")).code, 2);
    auto const reported =
        test(TEST_DATA "/cli_mentions.ndjson", {"--report", daemon.path("r.html")});
    EXPECT_EQ(reported.code, 0) << reported.err;
    EXPECT_EQ(reported.out, rows.out) << "a report changes no event";
    EXPECT_TRUE(contains(slurp(daemon.path("r.html")), "cli_mentions.ndjson: 40 rows"));
    EXPECT_EQ(reported.err.find('\x1b'), std::string::npos) << "no progress into a file";
    auto const nowhere = test(TEST_DATA "/cli_mentions.ndjson", {"--report", "/nowhere/r.html"});
    EXPECT_EQ(nowhere.code, 2);
    EXPECT_EQ(nowhere.out, "") << "told before the run, not after it";
    EXPECT_EQ(test(TEST_DATA "/cli_counts.csv", {"--stream", "ghost"}).code, 2);
    EXPECT_FALSE(std::filesystem::exists(daemon.path("state"))) << "no state directory is touched";
}

// Every line of a shell block of the README that calls the program.
std::vector<std::string> readme_lines() {
    std::istringstream in(slurp(TEST_DATA "/../../README.md"));
    std::vector<std::string> out;
    bool code = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("```")) {
            code = line == "```sh" || line == "```console";
            continue;
        }
        if (line.starts_with("$ ")) line.erase(0, 2);
        if (code && line.starts_with("surged ")) out.push_back(line.substr(0, line.find('#')));
    }
    return out;
}

TEST(CliNet, UnderstandsEveryLineOfTheReadme) {
    auto const lines = readme_lines();
    EXPECT_GE(lines.size(), 6u) << "the README shows the commands";
    for (auto const& line : lines) {
        // With --help everything is read as it stands, and nothing is done.
        std::istringstream in(line);
        std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
        words[0] = SURGED_BINARY;
        auto help = words;
        help.emplace_back("--help");
        EXPECT_EQ(run_program(help).code, 0) << line;
        help.back() = "--no-such-option";
        EXPECT_EQ(run_program(help).code, 2) << line;
    }
}

TEST(CliNet, TheConfigurationOfTheReadmeIsValid) {
    std::string const readme = slurp(TEST_DATA "/../../README.md");
    std::size_t const from = readme.find("```yaml\n");
    ASSERT_NE(from, std::string::npos);
    std::string const yaml = readme.substr(from + 8, readme.find("```", from + 8) - from - 8);
    TempDir directory;
    std::string const file = directory.path() + "/surged.yaml";
    spill(file, yaml);
    auto const ran = surged("check --config " + file);
    EXPECT_EQ(ran.code, 0) << ran.err;
}

}  // namespace
}  // namespace surged::tests
