// From a pushed mention to the page as Alertmanager shows it: both are the real programs.
#include "exporters/signature.h"
#include "tests/daemon_process.h"

#include <algorithm>
#include <set>

namespace surged::tests {
namespace {

char const* const kProgram = "/usr/bin/prometheus-alertmanager";
char const* const kAmtool = "/usr/bin/amtool";

char const* const kConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
receivers:
  am: { type: alertmanager, urls: ["http://127.0.0.1:{AM}"] }
  spare: { type: webhook, url: "http://127.0.0.1:9/page" }
response_policies:
  tight: { respond: 1m }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    plan_url: https://wiki.example/plan
    notify: { receivers: [am] }
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap{POLICY} }
)";

class Alertmanager {
    TempDir directory_;  // first: it outlives the process

public:
    unsigned short const port = free_port();

    Alertmanager() {
        spill(directory_.path() + "/am.yml",
              "route: {receiver: none}\nreceivers: [{name: none}]\n");
    }
    void start() {
        child_ = Child({kProgram, "--config.file=" + directory_.path() + "/am.yml",
                        "--storage.path=" + directory_.path() + "/data",
                        "--web.listen-address=127.0.0.1:" + std::to_string(port),
                        "--cluster.listen-address=", "--log.level=error"},
                       directory_.path() + "/out", directory_.path() + "/err");
        ASSERT_TRUE(eventually([&] { return ask(port, "GET", "/-/ready").status == 200; }))
            << slurp(directory_.path() + "/err");
    }
    // "active alertname=SurgedIncident brand=acme drill=false incident=...", sorted by line.
    [[nodiscard]] std::string alerts() const {
        Json const list(
            ask(port, "GET", "/api/v2/alerts", {}, {{"Accept", "application/json"}}).body);
        std::set<std::string> lines;
        for (std::size_t i = 0; i < list.size(""); ++i) {
            std::string const here = "/" + std::to_string(i);
            std::istringstream keys(list.keys(here + "/labels"));
            std::set<std::string> labels;
            for (std::string key; keys >> key;)
                labels.insert(" " + key + "=" + list.at(here + "/labels/" + key));
            std::string line = list.at(here + "/status/state");
            for (auto const& label : labels) line += label;
            lines.insert(line);
        }
        std::string out;
        for (auto const& line : lines) out += line + "\n";
        return out;
    }
    [[nodiscard]] std::string annotation(std::string const& name) const {
        return Json(ask(port, "GET", "/api/v2/alerts").body).at("/0/annotations/" + name);
    }

private:
    Child child_;
};

std::string config(Alertmanager const& am, std::string const& policy = {}) {
    return replaced(replaced(kConfig, "{AM}", std::to_string(am.port)), "{POLICY}", policy);
}
std::string incident(std::string const& id) {
    return "active alertname=SurgedIncident brand=acme drill=false incident=" + id + "\n";
}
std::string breach(std::string const& id) {
    return "active alertname=SurgedClockBreached brand=acme drill=false incident=" + id +
           " kind=respond platform=x\n";
}

TEST(PageNet, IsShownWhileTheIncidentLasts) {
    if (!std::filesystem::exists(kProgram)) GTEST_SKIP() << kProgram << " is not installed";
    Alertmanager am;
    am.start();
    Daemon const daemon(config(am));
    EXPECT_EQ(am.alerts(), "");
    std::string const id = daemon.open_incident();
    EXPECT_TRUE(eventually([&] { return am.alerts() == incident(id); })) << am.alerts();
    EXPECT_EQ(am.annotation("plan_url"), "https://wiki.example/plan");
    EXPECT_NE(am.annotation("summary"), "(none)");
    EXPECT_TRUE(detectors::parse_time(am.annotation("due")).has_value()) << am.annotation("due");
    EXPECT_EQ(daemon.client("incidents close " + id + " --by kim").code, 0);
    EXPECT_TRUE(eventually([&] { return am.alerts().empty(); })) << am.alerts();
    EXPECT_TRUE(contains(daemon.get("/metrics").body,
                         "surged_notifications_total{outcome=\"failed\",receiver=\"am\"} 0\n"));
}

// The public has waited three minutes where one is promised: the breach is on the opening page.
TEST(PageNet, ShowsABreachApartUntilThePublicIsAnswered) {
    if (!std::filesystem::exists(kProgram)) GTEST_SKIP() << kProgram << " is not installed";
    Alertmanager am;
    am.start();
    Daemon const daemon(config(am, ", policy: tight"));
    std::string const id = daemon.open_incident();
    EXPECT_TRUE(eventually([&] { return am.alerts() == breach(id) + incident(id); }, 40s))
        << am.alerts();
    EXPECT_EQ(
        daemon.client("incidents respond " + id + " --by kim --link https://x.com/acme/status/1")
            .code,
        0);
    EXPECT_TRUE(eventually([&] { return am.alerts() == incident(id); }, 40s)) << am.alerts();
}

TEST(PageNet, ReachesAnAlertmanagerThatWasDown) {
    if (!std::filesystem::exists(kProgram)) GTEST_SKIP() << kProgram << " is not installed";
    Alertmanager am;
    Daemon daemon(config(am));
    std::string const id = daemon.open_incident();
    ASSERT_TRUE(eventually([&] {
        return !contains(daemon.get("/metrics").body,
                         "surged_notifications_total{outcome=\"retried\",receiver=\"am\"} 0\n");
    })) << "the page was never tried";
    // Neither is the page lost with the process that owed it.
    EXPECT_EQ(daemon.stop(), 0) << daemon.log();
    daemon.start();
    am.start();
    EXPECT_TRUE(eventually([&] { return am.alerts() == incident(id); }, 60s)) << am.alerts();
    EXPECT_TRUE(eventually([&] {
        return contains(daemon.get("/metrics").body,
                        "surged_notification_queue{receiver=\"am\"} 0\n");
    }));
}

// Made with Alertmanager's own tool, as the people who live in it would.
TEST(PageNet, IsAcknowledgedByASilenceThatSaysSo) {
    if (!std::filesystem::exists(kProgram) || !std::filesystem::exists(kAmtool))
        GTEST_SKIP() << kProgram << " or " << kAmtool << " is not installed";
    Alertmanager am;
    am.start();
    Daemon const daemon(config(am));
    std::string const id = daemon.open_incident();
    auto const silence = [&](std::string const& matcher, std::string const& comment) {
        auto const ran =
            run_program({kAmtool, "--alertmanager.url=http://127.0.0.1:" + std::to_string(am.port),
                         "silence", "add", matcher, "-d", "10m", "-a", "bob", "-c", comment});
        EXPECT_EQ(ran.code, 0) << ran.err;
    };
    silence("incident=~" + id.substr(0, 6) + ".*", "ack, by pattern");
    silence("incident=" + id, "maintenance");
    auto const at = [&](std::string const& pointer) {
        return Json(daemon.get("/api/v1/incidents/" + id).body).at(pointer);
    };
    EXPECT_FALSE(eventually([&] { return at("/state") != "open"; }, 17s)) << "neither says so";
    silence("incident=" + id, "ACK on it");
    EXPECT_TRUE(eventually([&] { return at("/state") == "acknowledged"; }, 25s)) << at("/state");
    EXPECT_EQ(at("/owner"), "bob");
    EXPECT_TRUE(contains(daemon.get("/api/v1/incidents/" + id).body, R"("via":"alertmanager")"));
}

char const* const kHookConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
receivers:
  oncall: { type: pagerduty, routing_key_file: "{DIR}/key", url: "http://127.0.0.1:9/", webhook_secret_file: "{DIR}/hook" }
  phone: { type: ntfy, url: "http://127.0.0.1:9", topic: acme }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap }
)";

TEST(HookNet, ASignedWebhookAcknowledgesOverTheWire) {
    Daemon daemon(kHookConfig, false);
    daemon.secret("key", "0123456789abcdef0123456789abcdef");
    daemon.secret("hook", "samplesecret");
    daemon.start();
    std::string const id = daemon.open_incident();
    std::string const body =
        R"({"event":{"id":"e1","event_type":"incident.acknowledged","occurred_at":")" +
        detectors::rfc3339(wall_now()) +
        R"(","agent":{"type":"user_reference","summary":"Kim"},"data":{"incident_key":"surged/)" +
        id + "\"}}}";
    std::string const good = "v1=" + exporters::hex(exporters::hmac_sha256("samplesecret", body));
    auto const status = [&](std::string const& path, std::string const& signature) {
        return daemon
            .post(path, body,
                  {{"X-PagerDuty-Signature", signature}, {"Content-Type", "application/json"}})
            .status;
    };
    EXPECT_EQ(status("/hooks/pagerduty/oncall", "v1=00"), 401);
    EXPECT_EQ(status("/hooks/pagerduty/phone", good), 404);
    EXPECT_EQ(status("/hooks/ntfy/phone", good), 401);
    EXPECT_EQ(daemon.get("/hooks/pagerduty/oncall").status, 405);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents/" + id).body).at("/state"), "open");
    EXPECT_EQ(status("/hooks/pagerduty/oncall", good), 202);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents/" + id).body).at("/owner"), "Kim");
    EXPECT_EQ(status("/hooks/pagerduty/oncall", good), 202) << "again: nothing changes";
    // A page of ntfy's web app asks from its own origin.
    EXPECT_EQ(
        daemon.post("/hooks/ntfy/phone?incident=x", "", {{"Origin", "https://ntfy.sh"}}).status,
        401);
    EXPECT_TRUE(contains(daemon.get("/openapi.json").body, "/hooks/slack/{name}"));
}

// The example of deploy/alertmanager, as its own tool reads it.
TEST(PageNet, TheExampleRoutesByTheDeadline) {
    if (!std::filesystem::exists(kAmtool)) GTEST_SKIP() << kAmtool << " is not installed";
    std::string const file = TEST_DATA "/../../deploy/alertmanager/alertmanager.yml";
    auto const checked = run_program({kAmtool, "check-config", file});
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
    auto const route = [&](std::vector<std::string> labels) {
        std::vector<std::string> words{kAmtool, "config", "routes", "test",
                                       "--config.file=" + file};
        words.insert(words.end(), labels.begin(), labels.end());
        auto const ran = run_program(words);
        EXPECT_EQ(ran.code, 0) << ran.err;
        return ran.out;
    };
    EXPECT_EQ(route({"alertname=SurgedClockBreached", "brand=acme", "incident=a-1", "drill=false",
                     "platform=x", "kind=respond"}),
              "pager\n");
    EXPECT_EQ(route({"alertname=SurgedIncident", "brand=acme", "incident=a-1", "drill=false"}),
              "pager\n");
    EXPECT_EQ(route({"alertname=SurgedWatchdog", "service=surged", "severity=info"}), "dead-man\n");
    EXPECT_EQ(route({"alertname=SurgedDown", "service=surged", "severity=critical"}), "pager\n");
    EXPECT_EQ(route({"alertname=SurgedPollStale", "service=surged", "severity=warning"}), "team\n");
    // Minutes count: what pages a person does not wait for a group.
    std::string const text = slurp(file);
    for (std::string const name : {"SurgedClockBreached", "SurgedIncident"}) {
        std::size_t const at = text.find("matchers: [alertname=\"" + name + "\"]");
        ASSERT_NE(at, std::string::npos);
        EXPECT_LT(text.find("group_wait: 0s", at), text.find("matchers:", at + 10)) << name;
    }
}

}  // namespace
}  // namespace surged::tests
