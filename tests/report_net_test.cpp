// Goal: the report and the history through the real daemon and the real command: what section 2 and
// 6 of the contract promise of them, before and after a restart.
#include "tests/daemon_process.h"

namespace surged::tests {
namespace {

char const* const kConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    checklist: ["Fix it", "Say so in public"]
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap }
)";

TEST(ReportNet, IsGivenInThreeFormatsWhoseTypesAreTold) {
    Daemon const daemon(kConfig);
    std::string const id = daemon.open_incident();
    std::string const target = "/api/v1/incidents/" + id + "/report";
    auto const md = daemon.get(target);
    EXPECT_EQ(md.status, 200) << md.body;
    EXPECT_EQ(md.headers.at("content-type"), "text/markdown; charset=utf-8");
    EXPECT_TRUE(md.body.starts_with("# Report of " + id)) << md.body;
    EXPECT_TRUE(contains(md.body, "**It is not closed.**"));
    auto const html = daemon.get(target + "?format=html");
    EXPECT_EQ(html.headers.at("content-type"), "text/html; charset=utf-8");
    std::string const policy = html.headers.at("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; style-src 'sha256-")) << policy;
    EXPECT_TRUE(contains(policy, "frame-ancestors 'none'")) << policy;
    EXPECT_FALSE(contains(policy, "unsafe")) << policy;
    EXPECT_TRUE(contains(html.body, "<svg class=\"chart\""));
    auto const json = daemon.get(target + "?format=json");
    EXPECT_EQ(json.headers.at("content-type"), "application/json");
    EXPECT_EQ(Json(json.body).at("/incident/id"), id);
    EXPECT_EQ(Json(json.body).at("/size/known"), "true");
    EXPECT_EQ(Json(json.body).at("/checklist/1/item"), "Say so in public");

    EXPECT_EQ(daemon.get(target + "?format=pdf").status, 422);
    EXPECT_EQ(daemon.get("/api/v1/incidents/ghost/report").status, 404);
    EXPECT_TRUE(contains(daemon.get("/openapi.json").body, "/api/v1/incidents/{name}/report"));
}

TEST(ReportNet, ComesFromTheCommandToo) {
    Daemon const daemon(kConfig);
    std::string const id = daemon.open_incident();
    EXPECT_EQ(daemon.client("incidents close " + id + " --by kim --verdict real --note gone").code,
              0);
    auto const md = daemon.client("incidents report " + id);
    EXPECT_EQ(md.code, 0) << md.out;
    EXPECT_TRUE(md.out.starts_with("# Report of " + id)) << md.out;
    EXPECT_TRUE(contains(md.out, "Real: a crisis."));
    EXPECT_TRUE(contains(daemon.client("incidents report " + id + " --format html").out,
                         "<!doctype html>"));
    EXPECT_TRUE(Json(daemon.client("incidents report " + id + " --format json").out).ok());
    EXPECT_EQ(daemon.client("incidents report ghost").code, 1);

    auto const list = daemon.client("incidents list --brand acme --state closed");
    EXPECT_TRUE(contains(list.out, id)) << list.out;
    EXPECT_FALSE(contains(daemon.client("incidents list --state open").out, id));
    EXPECT_TRUE(contains(daemon.client("incidents list --search GONE").out, id));
    EXPECT_FALSE(contains(daemon.client("incidents list --search nowhere").out, id));
    EXPECT_TRUE(contains(daemon.client("incidents list --from 2020-01-01").out, id));
    EXPECT_FALSE(contains(daemon.client("incidents list --to 2020-01-01").out, id));
    EXPECT_EQ(daemon.client("incidents list --from yesterday").code, 1);
}

TEST(ReportNet, HistoryIsSearchedAndPaged) {
    Daemon const daemon(kConfig);
    std::string const id = daemon.open_incident();
    auto const items = [&](std::string const& query) {
        return Json(daemon.get("/api/v1/incidents?" + query).body).size("/items");
    };
    EXPECT_EQ(items("q=fix"), 0u);
    EXPECT_EQ(daemon.post("/api/v1/incidents/" + id + "/check", R"({"by":"kim","item":1})").status,
              200);
    EXPECT_EQ(items("q=fix"), 1u);
    EXPECT_EQ(items("q=fix&state=closed"), 0u);
    EXPECT_EQ(items("from=2020-01-01&to=2099-01-01T00:00:00Z"), 1u);
    EXPECT_EQ(items("limit=1"), 1u);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents?limit=1").body).keys(""), "items") << "no next";
    EXPECT_EQ(items("after=" + id), 0u);
    for (char const* wrong : {"limit=0", "limit=1001", "limit=x", "from=noon", "to=1"})
        EXPECT_EQ(daemon.get(std::string("/api/v1/incidents?") + wrong).status, 422) << wrong;
    Json const one(daemon.get("/api/v1/incidents/" + id).body);
    EXPECT_EQ(one.size("/similar"), 0u);
    EXPECT_NE(one.at("/similar"), "(none)");
}

}  // namespace
}  // namespace surged::tests
