// The metrics page and the rules, as Prometheus itself reads them: the distribution's promtool and
// prometheus on the real daemon. The table of names is typed from section 7 of the contract.
#include "tests/daemon_process.h"

#include <algorithm>
#include <set>

namespace surged::tests {
namespace {

char const* const kPromtool = "/usr/bin/promtool";
char const* const kPrometheus = "/usr/bin/prometheus";
char const* const kDeploy = TEST_DATA "/../../deploy/prometheus/";

// A polled stream, two pushed ones, an account with a budget: whatever fills a metric. The platform
// is a port where nobody listens.
char const* const kConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
accounts:
  crm: { platform: json, base_url: "http://127.0.0.1:9/api" }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
  am: { type: alertmanager, urls: ["http://127.0.0.1:9"] }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap }
      - { name: side, platform: facebook, kind: push }
      - { name: items, account: crm, kind: items, path: /items, items: /data, fields: { id: /id, created_at: /created_at, text: /text } }
)";

struct Promise {
    std::string_view name, type, labels;  // label names in byte order
    bool from_start = true;               // false: a gauge of something that is not known yet
};

constexpr Promise kPromises[] = {
    {"surged_mentions_total", "counter", "brand platform stream"},
    {"surged_mentions_late_total", "counter", "stream"},
    {"surged_mentions_discarded_total", "counter", "reason stream"},
    {"surged_stream_observed_mentions", "gauge", "stream", false},
    {"surged_stream_expected_mentions", "gauge", "stream", false},
    {"surged_stream_upper_mentions", "gauge", "stream", false},
    {"surged_stream_score", "gauge", "stream", false},
    {"surged_stream_surging", "gauge", "brand platform stream"},
    {"surged_stream_up", "gauge", "stream"},
    {"surged_stream_learning", "gauge", "stream"},
    {"surged_streams_blind", "gauge", "brand platform"},
    {"surged_stream_covered_until_timestamp_seconds", "gauge", "stream", false},
    {"surged_stream_gap_seconds_total", "counter", "stream"},
    {"surged_poll_requests_total", "counter", "account outcome platform"},
    {"surged_poll_duration_seconds", "histogram", "platform"},
    {"surged_poll_last_success_timestamp_seconds", "gauge", "stream", false},
    {"surged_poll_interval_seconds", "gauge", "stream", false},
    {"surged_poll_backfill_pages_total", "counter", "stream"},
    {"surged_incidents", "gauge", "brand state"},
    {"surged_incidents_opened_total", "counter", "brand severity"},
    {"surged_clock_due_timestamp_seconds", "gauge", "brand kind platform", false},
    {"surged_clock_budget_used_ratio", "gauge", "brand kind platform", false},
    {"surged_clocks_total", "counter", "brand kind outcome platform"},
    {"surged_detection_delay_seconds", "histogram", "platform"},
    {"surged_time_to_acknowledge_seconds", "histogram", "platform"},
    {"surged_time_to_respond_seconds", "histogram", "platform"},
    {"surged_time_to_resolve_seconds", "histogram", "platform"},
    {"surged_notifications_total", "counter", "outcome receiver"},
    {"surged_notification_queue", "gauge", "receiver"},
    {"surged_notification_oldest_timestamp_seconds", "gauge", "receiver", false},
    {"surged_notification_delay_seconds", "histogram", "receiver"},
    {"surged_storage_bytes", "gauge", "kind"},
    {"surged_storage_errors_total", "counter", "kind"},
    {"surged_config_last_reload_successful", "gauge", ""},
    {"surged_config_last_reload_timestamp_seconds", "gauge", ""},
    {"surged_loop_lag_seconds", "histogram", ""},
    {"surged_task_deaths_total", "counter", "task"},
    {"surged_build_info", "gauge", "revision version"},
    {"process_cpu_seconds_total", "counter", ""},
    {"process_open_fds", "gauge", ""},
    {"process_max_fds", "gauge", ""},
    {"process_resident_memory_bytes", "gauge", ""},
    {"process_virtual_memory_bytes", "gauge", ""},
    {"process_start_time_seconds", "gauge", ""}};

// Of an account that has limits or a budget, as the daemon of these tests has none.
constexpr std::string_view kOfAccounts[] = {"surged_rate_limit_remaining",
                                            "surged_rate_limit_reset_timestamp_seconds",
                                            "surged_budget_used_ratio"};

// A page read without the product's help: per family its type, the sets of label names it has, and
// every sample's value.
struct Family {
    std::string type;
    std::set<std::string> labels;
    std::map<std::string, double> samples;  // "name{labels}" -> value
};

std::string label_names(std::string_view braces) {
    std::set<std::string> names;
    std::string name;
    bool quoted = false;
    for (std::size_t i = 0; i < braces.size(); ++i) {
        char const c = braces[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '=')
            names.insert(std::exchange(name, ""));
        else if (!quoted && c != ',' && c != '{' && c != '}')
            name += c;
    }
    names.erase("le");
    std::string out;
    for (auto const& n : names) out += (out.empty() ? "" : " ") + n;
    return out;
}

std::map<std::string, Family> read_page(std::string const& page) {
    std::map<std::string, Family> out;
    std::istringstream in(page);
    std::string family;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("# TYPE ")) {
            std::istringstream words(line.substr(7));
            std::string type;
            words >> family >> type;
            EXPECT_TRUE(out[family].type.empty()) << family << " is declared twice";
            out[family].type = type;
        }
        if (line.empty() || line[0] == '#') continue;
        std::size_t const space = line.rfind(' ');
        std::string const series = line.substr(0, space);
        std::size_t const brace = std::min(series.find('{'), series.size());
        EXPECT_TRUE(series.starts_with(family)) << line << " stands under " << family;
        Family& f = out[family];
        f.labels.insert(label_names(series.substr(brace)));
        EXPECT_TRUE(f.samples.emplace(series, std::stod(line.substr(space + 1))).second)
            << series << " is there twice";
    }
    return out;
}

void expect_promised(std::map<std::string, Family> const& page, bool all) {
    for (Promise const& p : kPromises) {
        auto const it = page.find(std::string(p.name));
        if (it == page.end()) {
            EXPECT_FALSE(all || p.from_start) << p.name << " is missing";
            continue;
        }
        EXPECT_EQ(it->second.type, p.type) << p.name;
        EXPECT_EQ(it->second.labels, std::set<std::string>{std::string(p.labels)}) << p.name;
    }
}

TEST(PrometheusNet, EveryPromisedMetricIsThereWithItsTypeAndLabels) {
    Daemon const daemon(kConfig);
    auto const fresh = read_page(daemon.get("/metrics").body);
    expect_promised(fresh, false);
    // Nothing happened yet: what counts mentions, incidents and clocks stands at 0, it is not
    // absent.
    for (char const* name :
         {"surged_mentions_total", "surged_mentions_late_total", "surged_mentions_discarded_total",
          "surged_incidents_opened_total", "surged_clocks_total", "surged_task_deaths_total",
          "surged_storage_errors_total", "surged_stream_gap_seconds_total"}) {
        ASSERT_TRUE(fresh.contains(name)) << name;
        EXPECT_FALSE(fresh.at(name).samples.empty()) << name;
        for (auto const& [series, value] : fresh.at(name).samples) EXPECT_EQ(value, 0) << series;
    }
    // One brand, three platforms, three clocks each, three outcomes; four reasons, three streams.
    EXPECT_EQ(fresh.at("surged_clocks_total").samples.size(), 27u);
    EXPECT_EQ(fresh.at("surged_mentions_discarded_total").samples.size(), 12u);
    EXPECT_EQ(fresh.at("surged_poll_requests_total").samples.size(), 12u) << "the outcomes";
    EXPECT_EQ(fresh.at("surged_notifications_total").samples.size(), 8u);
    EXPECT_FALSE(fresh.contains("surged_clock_due_timestamp_seconds")) << "no clock runs";

    (void)daemon.open_incident();
    // A minute closes once it has waited for its stragglers: these go back behind that.
    EXPECT_EQ(daemon.post("/api/v1/streams/side/mentions", mentions("s", 20, 1200s)).status, 202);
    std::map<std::string, Family> page;
    EXPECT_TRUE(eventually([&] {
        page = read_page(daemon.get("/metrics").body);
        return page.contains("surged_poll_interval_seconds");
    }));
    expect_promised(page, true);

    // The golden list: name, type, labels of everything there is, promised or not.
    std::string list;
    for (auto const& [name, family] : page)
        for (auto const& labels : family.labels)
            list += name + " " + family.type + " {" + labels + "}\n";
    EXPECT_EQ(list, slurp(TEST_DATA "/metrics.golden"));
    for (auto const& [name, family] : page)
        EXPECT_TRUE(std::any_of(std::begin(kPromises), std::end(kPromises),
                                [&name = name](auto const& p) { return p.name == name; }) ||
                    name.starts_with("process_"))
            << name << " is not in the contract";
}

TEST(PrometheusNet, PromtoolFindsNothingToSay) {
    if (!std::filesystem::exists(kPromtool)) GTEST_SKIP() << kPromtool << " is not installed";
    Daemon const daemon(kConfig);
    (void)daemon.open_incident();
    spill(daemon.path("page"), daemon.get("/metrics").body);
    auto const ran = run_program(
        {"/bin/sh", "-c", std::string(kPromtool) + " check metrics < " + daemon.path("page")});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out + ran.err, "");
}

TEST(PrometheusNet, TheRulesPassTheirLintAndTheirTests) {
    if (!std::filesystem::exists(kPromtool)) GTEST_SKIP() << kPromtool << " is not installed";
    std::string const rules = std::string(kDeploy) + "surged.rules.yml";
    auto const lint =
        run_program({kPromtool, "check", "rules", "--lint=all", "--lint-fatal", rules});
    EXPECT_EQ(lint.code, 0) << lint.out << lint.err;
    auto const tests = run_program({kPromtool, "test", "rules", "surged.rules.test.yml"}, kDeploy);
    EXPECT_EQ(tests.code, 0) << tests.out << tests.err;
    // No rule asks for a metric that nobody exports.
    std::string const text = slurp(rules);
    std::set<std::string> used;
    for (std::size_t at = text.find("surged_"); at != std::string::npos;
         at = text.find("surged_", at + 1)) {
        if (at > 0 &&
            (text[at - 1] == ':' || std::isalnum(static_cast<unsigned char>(text[at - 1]))))
            continue;  // the middle of a recorded name
        std::size_t end = at;
        while (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_') ++end;
        used.insert(text.substr(at, end - at));
    }
    EXPECT_GE(used.size(), 10u);
    for (std::string const& name : used)
        EXPECT_TRUE(std::any_of(std::begin(kPromises), std::end(kPromises),
                                [&](auto const& p) {
                                    return name == p.name ||
                                           (p.type == "histogram" &&
                                            name == std::string(p.name) + "_bucket");
                                }) ||
                    std::count(std::begin(kOfAccounts), std::end(kOfAccounts), name) > 0)
            << name;
}

TEST(PrometheusNet, PrometheusScrapesTheDaemonAndLoadsTheRules) {
    if (!std::filesystem::exists(kPrometheus)) GTEST_SKIP() << kPrometheus << " is not installed";
    Daemon const daemon(kConfig);
    (void)daemon.open_incident();
    unsigned short const port = free_port();
    spill(daemon.path("prometheus.yml"),
          "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
          "rule_files: ['" +
              std::filesystem::canonical(std::string(kDeploy) + "surged.rules.yml").string() +
              "']\nscrape_configs: [{job_name: surged, static_configs: [{targets: ['127.0.0.1:" +
              std::to_string(daemon.port) + "']}]}]\n");
    Child const prometheus(
        {kPrometheus, "--config.file=" + daemon.path("prometheus.yml"),
         "--storage.tsdb.path=" + daemon.path("tsdb"),
         "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=warn"},
        daemon.path("prom.out"), daemon.path("prom.err"));
    auto const value = [&](std::string const& query) {
        return Json(ask(port, "GET", "/api/v1/query?query=" + query).body)
            .at("/data/result/0/value/1");
    };
    EXPECT_TRUE(eventually([&] { return value("up{job=%22surged%22}") == "1"; }, 40s))
        << slurp(daemon.path("prom.err"));
    EXPECT_EQ(value("surged_mentions_total{stream=%22acme-push%22}"), "60");
    EXPECT_EQ(value("surged_stream_surging{stream=%22acme-push%22,brand=%22acme%22}"), "1");
    EXPECT_EQ(value("sum(surged_incidents{state=%22open%22})"), "1");

    Json rules("");
    auto const groups = [&] {
        rules = Json(ask(port, "GET", "/api/v1/rules").body);
        return rules.at("/data/groups/0/name") + " " + rules.at("/data/groups/1/name");
    };
    // Evaluated at least once, none with an error.
    EXPECT_TRUE(eventually(
        [&] {
            return groups() == "surged.alerts surged.recording" &&
                   !contains(rules.at(""), "\"health\":\"unknown\"");
        },
        40s))
        << rules.at("").substr(0, 400);
    EXPECT_EQ(rules.size("/data/groups"), 2u);
    EXPECT_FALSE(contains(rules.at(""), "\"health\":\"err\"")) << rules.at("");
    EXPECT_TRUE(
        eventually([&] { return value("ALERTS{alertname=%22SurgedWatchdog%22}") == "1"; }, 40s));
}

}  // namespace
}  // namespace surged::tests
