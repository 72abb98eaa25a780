// Goal: what `check` warns of beyond faults: rules that cannot work, names that nothing uses; and
// what it leaves in peace. Every expectation is a line of the file and a part of the sentence.
#include "daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> warnings(std::string const& text) {
    std::vector<std::string> out;
    auto const loaded = load_settings_text(text, "f.yaml");
    for (auto const& p : loaded.problems->list) {
        EXPECT_TRUE(p.warning) << to_string(p);
        out.push_back(to_string(p));
    }
    return out;
}

constexpr char kPlain[] = R"(receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/" }
  other: { type: webhook, url: "http://127.0.0.1:2/" }
brands:
  - name: acme
    streams:
      - { name: s, platform: x, kind: push }
)";

TEST(Lint, LeavesAPlainFileInPeace) {
    EXPECT_THAT(warnings(kPlain), IsEmpty());
}

TEST(Lint, NamesThatNothingUses) {
    EXPECT_THAT(warnings(R"(server: { metrics_auth: true }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/" }
  idle: { type: webhook, url: "http://127.0.0.1:2/" }
  feed: { type: webhook, url: "http://127.0.0.1:3/", all: true }
  beat: { type: webhook, url: "http://127.0.0.1:4/" }
heartbeat: { receivers: [beat], every: 1h }
accounts:
  crm: { platform: json, base_url: "http://127.0.0.1:5" }
response_policies:
  unused: { acknowledge: 1h }
detectors:
  unused: { type: threshold, at_least: 5 }
brands:
  - name: acme
    notify: { opened: [hook] }
    fallback: [feed]
    streams:
      - { name: s, platform: x, kind: push }
)"),
                ElementsAre(HasSubstr("f.yaml:1:25: warning: server.metrics_auth: has no effect"),
                            HasSubstr("f.yaml:4:"), HasSubstr("f.yaml:9:"), HasSubstr("f.yaml:11:"),
                            HasSubstr("f.yaml:13:")));
}

TEST(Lint, RulesThatCannotWork) {
    auto const all = warnings(R"(receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/" }
  lead: { type: webhook, url: "http://127.0.0.1:2/" }
response_policies:
  short: { respond: 10m, resolve: 1h, warn_at: [15m], acknowledge_expires: 1h }
  only: { acknowledge: 5m, clock_starts: opened }
  fast: { acknowledge: 1m, respond: 2m }
detectors:
  questions: { type: unanswered, within: 2h }
brands:
  - name: acme
    own: { json: [acme] }
    notify: { opened: [hook], breached: [hook, lead] }
    close_after: 1h
    escalation:
      - { after: 3h, notify: [lead] }
      - { at: 100% respond, notify: [lead] }
      - { before: 5m respond, notify: [hook] }
      - { before: 30m resolve, notify: [hook] }
    streams:
      - { name: a, platform: x, kind: push, policy: short }
      - { name: b, platform: facebook, kind: push, policy: only }
      - { name: c, platform: json, base_url: "http://127.0.0.1:3", kind: items, path: /, every: 5m,
          fields: { id: /id, created_at: /t }, policy: fast, detector: [questions] }
)");
    auto const has = [&](int line, std::string const& part) {
        EXPECT_THAT(all, testing::Contains(testing::AllOf(
                             HasSubstr("f.yaml:" + std::to_string(line) + ":"), HasSubstr(part))));
    };
    has(5, "never warns of 'respond', which is 10m long");
    has(5, "nothing rings again");
    has(6, "moves 'respond' and 'resolve' only");
    has(16, "closes by itself 2h after");
    has(17, "tells nobody new");
    has(17, "is never reached on facebook (policy only): it has no 'respond'");
    has(18, "its 'respond' is 2m long");
    has(24, "'respond' (2m) can be over before this stream shows a surge: it is asked each 5m");
    has(24, "'respond' (2m) is over when a question is told after 2h");
    for (auto const& line : all) EXPECT_THAT(line, testing::Not(HasSubstr("f.yaml:19:7"))) << line;
}

TEST(Lint, ClocksThatOutlastThePager) {
    std::string const path = testing::TempDir() + "/lint_pd_key";
    std::FILE* f = std::fopen(path.c_str(), "w");
    ASSERT_NE(f, nullptr);
    std::fputs("key", f);
    std::fclose(f);
    auto const with = [&](std::string const& policy) {
        auto const all = warnings(
            "receivers:\n  pd: { type: pagerduty, routing_key_file: " + path +
            " }\n  hook: { type: webhook, url: \"http://127.0.0.1:1/\" }\nbrands:\n  - name: acme\n"
            "    streams:\n      - { name: s, platform: x, kind: push, policy: " +
            policy + " }\n");
        return std::count_if(all.begin(), all.end(), [](std::string const& line) {
            return line.find("f.yaml:2:") == 0 &&
                   line.find("'resolve' of policy 'facebook' runs 12h") != std::string::npos;
        });
    };
    EXPECT_EQ(with("facebook"), 1);
    EXPECT_EQ(with("twitter"), 0);
}

TEST(Lint, MappingsOfAJsonStreamMayBeLeftOut) {
    auto const stream = [](std::string const& more) {
        return std::string(kPlain) +
               "      - { name: j, platform: json, base_url: \"http://127.0.0.1:3\", kind: items, "
               "path: /p, fields: { id: /id, created_at: /t }" +
               more + " }\n";
    };
    EXPECT_THAT(warnings(stream("")), IsEmpty());
    EXPECT_THAT(warnings(stream(", items: /data, next: { pointer: /next }")), IsEmpty());
    EXPECT_THAT(warnings(stream(", since: { param: since }, order: oldest")), IsEmpty());
    for (auto const* bad : {", next: { param: cursor }", ", since: { format: unix }"})
        EXPECT_TRUE(load_settings_text(stream(bad), "f.yaml").problems->fatal()) << bad;
}

}  // namespace
}  // namespace surged::daemon
