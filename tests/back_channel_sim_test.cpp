// Goal: whichever way somebody acknowledges, the incident is acknowledged once, by that person and
// that way, also after a restart; and what a pager does by itself ends nothing. Method: the whole
// daemon on virtual time, the tools of fake_receivers.h around it.
#include "daemon/app.h"
#include "daemon/sqlite_store.h"
#include "exporters/signature.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/staged_crisis.h"
#include "tests/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::IncidentState;

class World : public testing::Test {
protected:
    World() {
        for (auto const& name : kind_names()) {
            auto kind = make_kind(name);
            net_.host(kind.host,
                      [tool = kind.tool, this](HttpRequest const& request, daemon::WallTime) {
                          EXPECT_EQ(request.url.find("\n"), std::string::npos);
                          return tool->handle(request);
                      });
            tools_[name] = kind.tool;
            for (auto const& [key, secret] : kind.values.secrets)
                std::ofstream(dir_.path() + "/" + name + "." + key) << secret.value << "\n";
        }
        std::ofstream(dir_.path() + "/pagerduty.webhook") << "samplesecret\n";
        SimFaults calm;
        calm.latency_min = calm.latency_max = 50ms;
        net_.faults(calm);
        start();
    }
    ~World() override { stop(); }

    void start() {
        auto opened = daemon::open_store(dir_.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store_ = std::move(*opened);
        auto loaded = daemon::load_settings_text(config(), "sim.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        ASSERT_TRUE(loaded.unbuilt.empty());
        daemon::AppDoors doors(io_, clock_, net_, *store_, log_);
        doors.listen = false;
        doors.fresh_secret = "sixteen secret bytes" + std::to_string(starts_++);
        app_ = std::make_unique<daemon::App>(std::move(doors), std::move(loaded.settings));
        ASSERT_TRUE(app_->start().has_value());
    }
    void stop() {
        app_->stop();
        for (int i = 0; i < 100 && !app_->stopped(); ++i) clock_.settle();
        ASSERT_TRUE(app_->stopped());
        ASSERT_EQ(app_->fatal(), "");
        app_.reset();
        store_.reset();
    }
    void restart() {
        clock_.run_for(1s);
        stop();
        start();
    }

    // A surge; told to every receiver.
    void open() {
        clock_.run_for(2min);
        detectors::MentionBatch batch;
        for (int i = 0; i < 30; ++i) {
            detectors::Mention m;
            m.id = batch.keep("m" + std::to_string(++mentions_));
            m.created_at = clock_.wall_now() - 60s + std::chrono::seconds{i};
            m.author.id = batch.keep("a" + std::to_string(i));
            m.text = "it broke";
            batch.items.push_back(m);
        }
        app_->engine().push("acme-push", batch, 0, clock_.wall_now());
        clock_.run_for(1min);
        ASSERT_EQ(app_->engine().desks().at("acme").incidents().size(), 1u);
        id_ = incident().id;
    }
    [[nodiscard]] detectors::Incident const& incident() {
        return app_->engine().desks().at("acme").incidents().back();
    }
    template <typename Tool>
    Tool& tool(std::string const& name) {
        return dynamic_cast<Tool&>(*tools_.at(name));
    }
    // "incident.acknowledged by Kim via telegram", in the order of the journal.
    std::vector<std::string> words() {
        std::vector<std::string> out;
        for (auto const& stored : store_->events(0, 1000)) {
            FakeBody const event(stored.json);
            if (event.text("/by").empty() || stored.name.starts_with("clock.")) continue;
            out.push_back(stored.name + " by " + event.text("/by") + " via " + event.text("/via"));
        }
        return out;
    }
    using Words = std::vector<std::string>;

    int hook(std::string const& type, std::string const& name, std::string body,
             exporters::HttpHeaders headers, std::string query = {}) {
        daemon::ServerRequest request;
        request.method = "POST";
        request.path = "/hooks/" + type + "/" + name;
        request.query = std::move(query);
        request.body = std::move(body);
        request.headers = std::move(headers);
        return app_->back_desk().hook(type, name, request, clock_.wall_now()).status;
    }
    int pagerduty(std::string const& event_id, std::string const& type, std::string const& agent,
                  std::string const& key) {
        auto const body = R"({"event":{"id":")" + event_id + R"(","event_type":")" + type +
                          R"(","occurred_at":")" + detectors::rfc3339(clock_.wall_now()) +
                          R"(","agent":)" + agent + R"(,"data":{"incident_key":"surged/)" + key +
                          "\"}}}";
        return hook("pagerduty", "pd", body,
                    {{"X-PagerDuty-Signature",
                      "v1=" + exporters::hex(exporters::hmac_sha256("samplesecret", body))}});
    }
    int slack(std::string const& value) {
        auto const body =
            "payload=" +
            exporters::url_encode(
                R"({"type":"block_actions","user":{"id":"U1","username":"kim"},"actions":[)"
                R"({"action_id":"surged_ack","value":")" +
                value + R"("}],"response_url":"https://hooks.slack.com/actions/1"})");
        auto const stamp = exporters::unix_seconds(clock_.wall_now());
        return hook("slack", "bot", body,
                    {{"X-Slack-Request-Timestamp", stamp},
                     {"X-Slack-Signature", "v0=" + exporters::hex(exporters::hmac_sha256(
                                                       "8f742231b10e8888abcd99yyyzzz85a5",
                                                       "v0:" + stamp + ":" + body))}});
    }
    void press_telegram(int update, std::string const& user) {
        tool<FakeTelegram>("telegram")
            .updates.push_back(R"({"update_id":)" + std::to_string(update) +
                               R"(,"callback_query":{"id":"q)" + std::to_string(update) +
                               R"(","from":{"id":)" + user +
                               R"(,"first_name":"Kim"},"data":"ack:)" + id_ + "\"}}");
        clock_.run_for(5s);
    }
    int press_ntfy(std::string const& link) {
        return hook("ntfy", "phone", "", {}, link.substr(link.find('?') + 1));
    }
    void silence(std::string const& uuid) {
        tool<FakeAlertmanager>("alertmanager").silences =
            R"([{"id":")" + uuid +
            R"(","status":{"state":"active"},"comment":"ack, on it","createdBy":"alice",)" +
            R"("startsAt":")" + detectors::rfc3339(clock_.wall_now()) +
            R"(","matchers":[{"isRegex":false,"name":"incident","value":")" + id_ + "\"}]}]";
        clock_.run_for(20s);
    }

    std::string config() {
        std::string const d = dir_.path() + "/";
        return "server: { external_url: \"https://surged.example/\" }\n"
               "storage: { directory: " +
               d +
               "state }\n"
               "receivers:\n"
               "  pd: { type: pagerduty, routing_key_file: " +
               d + "pagerduty.routing_key_file, webhook_secret_file: " + d +
               "pagerduty.webhook }\n"
               "  am: { type: alertmanager, urls: [\"http://am.example\"] }\n"
               "  bot: { type: slack, channel: \"#crisis\", bot_token_file: " +
               d + "slack-bot.bot_token_file, signing_secret_file: " + d +
               "slack-bot.signing_secret_file }\n"
               "  hook: { type: slack, url_file: " +
               d +
               "slack.url_file }\n"
               "  teams: { type: teams, url_file: " +
               d +
               "teams.url_file }\n"
               "  discord: { type: discord, url_file: " +
               d +
               "discord.url_file }\n"
               "  tg: { type: telegram, chat_id: \"-100123\", allowed_users: [7], "
               "bot_token_file: " +
               d +
               "telegram.bot_token_file }\n"
               "  phone: { type: ntfy, topic: acme }\n"
               "detectors: { cap: { type: threshold, window: 5m, at_least: 20 } }\n"
               "response_policies: { quick: { acknowledge: 10m, respond: 4h, resolve: 8h, "
               "acknowledge_expires: 2h } }\n"
               "brands:\n"
               "  - name: acme\n"
               "    streams:\n"
               "      - { name: acme-push, platform: x, kind: push, detector: cap, policy: quick "
               "}\n";
    }

    boost::asio::io_context io_{1};
    SimClock clock_{io_};
    SimHttpClient net_{clock_, 1};
    TempDir dir_;
    daemon::Log log_{clock_, daemon::LogLevel::error, daemon::LogFormat::text, stderr};
    std::map<std::string, std::shared_ptr<FakeTool>> tools_;
    std::unique_ptr<daemon::Store> store_;
    std::unique_ptr<daemon::App> app_;
    std::string id_;
    int mentions_ = 0, starts_ = 0;
};

TEST_F(World, EveryReceiverIsToldOfTheOpening) {
    open();
    for (auto const& [name, tool] : tools_) {
        EXPECT_EQ(tool->refused, 0) << name;
        if (name != "webhook") {
            EXPECT_GE(tool->shown.size(), 1u) << name;
        }
    }
}

TEST_F(World, ATestPageReachesEachReceiver) {
    clock_.run_for(10s);
    for (auto const& name : {"pd", "am", "bot", "hook", "teams", "discord", "tg", "phone"})
        EXPECT_TRUE(app_->engine().test_page(name, clock_.wall_now()));
    clock_.run_for(10s);
    for (auto const& [name, tool] : tools_) {
        if (name == "webhook") continue;
        EXPECT_EQ(tool->refused, 0) << name;
        ASSERT_EQ(tool->shown.size(), 1u) << name;
        EXPECT_NE(tool->shown[0].find("TEST from surged"), std::string::npos) << tool->shown[0];
    }
}

TEST_F(World, PagerDutyAcknowledgesOnce) {
    open();
    std::string const kim = R"({"type":"user_reference","summary":"Kim"})";
    EXPECT_EQ(pagerduty("e1", "incident.acknowledged", kim, id_), 202);
    EXPECT_EQ(incident().state, IncidentState::acknowledged);
    EXPECT_EQ(incident().owner, "Kim");
    EXPECT_EQ(pagerduty("e1", "incident.acknowledged", kim, id_), 202) << "its retry";
    EXPECT_EQ(pagerduty("e2", "incident.acknowledged", kim, "gone-20200101-1"), 202);
    EXPECT_EQ(words(), (Words{"incident.acknowledged by Kim via pagerduty"}));
    // Taken back after two hours; a replay of the old event, before or after a restart, is none.
    clock_.run_for(2h + 1min);
    EXPECT_EQ(incident().state, IncidentState::open);
    EXPECT_EQ(pagerduty("e1", "incident.acknowledged", kim, id_), 202);
    restart();
    EXPECT_EQ(pagerduty("e1", "incident.acknowledged", kim, id_), 202);
    EXPECT_EQ(incident().state, IncidentState::open);
    EXPECT_EQ(pagerduty("e3", "incident.acknowledged", kim, id_), 202);
    EXPECT_EQ(incident().state, IncidentState::acknowledged);
}

TEST_F(World, APersonsResolveIsAnAcknowledgementUntilThePublicWasAnswered) {
    open();
    std::string const kim = R"({"type":"user_reference","summary":"Kim"})";
    EXPECT_EQ(pagerduty("e1", "incident.resolved", kim, id_), 202);
    EXPECT_EQ(incident().state, IncidentState::acknowledged);
    detectors::OperatorWord word;
    word.action = detectors::Action::respond;
    word.incident = id_;
    word.by = "lee";
    word.link = "https://x.com/acme/status/1";
    app_->engine().operator_word(word, clock_.wall_now());
    EXPECT_EQ(incident().state, IncidentState::responded);
    EXPECT_EQ(pagerduty("e2", "incident.resolved", kim, id_), 202);
    EXPECT_EQ(incident().state, IncidentState::resolved);
    EXPECT_EQ(words().back(), "incident.resolved by Kim via pagerduty");
}

// Four hours on, PagerDuty resolves what nobody touched: the page rings again while a clock runs.
TEST_F(World, WhatThePagerEndsByItselfIsRecordedAndRaisedAgain) {
    open();
    auto& pager = tool<FakePagerDuty>("pagerduty");
    auto const key = "surged/" + id_;
    ASSERT_TRUE(pager.open.contains(key));
    clock_.run_for(15min);  // the acknowledgement is overdue: a key of its own
    auto const breach = key + "/x/acknowledge/1";
    ASSERT_TRUE(pager.open.contains(breach));
    auto rang = pager.rang;
    pager.open.clear();
    EXPECT_EQ(pagerduty("e1", "incident.resolved", "null", id_), 202);
    EXPECT_EQ(pagerduty("e2", "incident.resolved", "null", id_ + "/x/acknowledge/1"), 202);
    clock_.run_for(10s);
    EXPECT_EQ(pager.rang, rang + 2);
    EXPECT_TRUE(pager.open.contains(key));
    EXPECT_TRUE(pager.open.contains(breach));
    EXPECT_EQ(incident().state, IncidentState::open);
    EXPECT_EQ(words(), (Words{"incident.note by PagerDuty via pagerduty",
                              "incident.note by PagerDuty via pagerduty"}));
    // Once no clock is open there is nothing to ring for.
    detectors::OperatorWord word;
    word.incident = id_;
    word.by = "kim";
    word.link = "https://x.com/acme/status/1";
    word.action = detectors::Action::acknowledge;
    app_->engine().operator_word(word, clock_.wall_now());
    word.action = detectors::Action::resolve;
    app_->engine().operator_word(word, clock_.wall_now());
    clock_.run_for(10s);
    rang = pager.rang;
    EXPECT_FALSE(pager.open.contains(key));
    EXPECT_EQ(pagerduty("e3", "incident.resolved", "null", id_), 202);
    EXPECT_EQ(pagerduty("e4", "incident.resolved", "null", id_ + "/x/acknowledge/1"), 202);
    clock_.run_for(10s);
    EXPECT_EQ(pager.rang, rang);
}

TEST_F(World, SlacksButtonAcknowledgesAndSaysSo) {
    open();
    EXPECT_EQ(slack(id_), 200);
    EXPECT_EQ(incident().owner, "kim (U1)");
    EXPECT_EQ(slack(id_), 200) << "the same bytes again";
    clock_.run_for(10s);
    EXPECT_EQ(slack(id_), 200) << "pressed again";
    EXPECT_EQ(words(), (Words{"incident.acknowledged by kim (U1) via slack"}));
    // One message for the incident, up to date, and two in its thread.
    auto const& slack_api = tool<FakeSlackApi>("slack-bot");
    int first = 0, edits = 0;
    for (auto const& [ts, message] : slack_api.messages) {
        first += message.thread.empty() ? 1 : 0;
        edits += message.edits;
    }
    EXPECT_EQ(first, 1);
    EXPECT_GE(edits, 1);
    EXPECT_NE(slack_api.messages.begin()->second.text.find("acknowledged by kim"),
              std::string::npos);
    // It is remembered across a restart.
    restart();
    detectors::OperatorWord word;
    word.action = detectors::Action::close;
    word.incident = id_;
    word.by = "kim";
    app_->engine().operator_word(word, clock_.wall_now());
    clock_.run_for(10s);
    EXPECT_EQ(slack("nothing-20200101-1"), 200);
    EXPECT_NE(slack_api.messages.begin()->second.text.find("closed"), std::string::npos);
}

TEST_F(World, TelegramsButtonAcknowledgesForThoseWhoMay) {
    open();
    auto& telegram = tool<FakeTelegram>("telegram");
    press_telegram(1, "8");
    EXPECT_EQ(incident().state, IncidentState::open);
    ASSERT_EQ(telegram.answers.size(), 1u);
    EXPECT_EQ(telegram.answers[0], "q1: you are not among those who may acknowledge here");
    press_telegram(2, "7");
    EXPECT_EQ(incident().owner, "Kim (7)");
    ASSERT_EQ(telegram.answers.size(), 2u);
    EXPECT_EQ(telegram.answers[1], "q2: acknowledged: " + id_ + " is yours");
    press_telegram(3, "7");
    ASSERT_EQ(telegram.answers.size(), 3u);
    EXPECT_EQ(telegram.answers[2], "q3: Kim (7) has it already");
    EXPECT_EQ(words(), (Words{"incident.acknowledged by Kim (7) via telegram"}));
    EXPECT_TRUE(telegram.updates.empty() || telegram.updates.size() == 1) << "they are confirmed";
    EXPECT_EQ(telegram.replies.at(0), 0);
    EXPECT_EQ(telegram.replies.back(), 100) << "what follows answers the first message";
}

TEST_F(World, TelegramIsHeardAgainAfterAnOutage) {
    open();
    net_.down("api.telegram.org", true);
    clock_.run_for(1h);
    auto const asked = net_.requests();
    clock_.run_for(1h);
    EXPECT_LT(net_.requests() - asked, 1200u) << "who is down is not hammered";
    net_.down("api.telegram.org", false);
    press_telegram(2, "7");
    clock_.run_for(6min);
    EXPECT_EQ(incident().owner, "Kim (7)");
}

TEST_F(World, TheLinkOfAPushWorksOnce) {
    open();
    auto& phone = tool<FakeNtfy>("ntfy");
    ASSERT_FALSE(phone.links.empty());
    auto const link = phone.links[0];
    EXPECT_TRUE(link.starts_with("https://surged.example/hooks/ntfy/phone?incident=")) << link;
    auto forged = link;
    forged.back() = forged.back() == '0' ? '1' : '0';
    EXPECT_EQ(press_ntfy(forged), 401);
    EXPECT_EQ(incident().state, IncidentState::open);
    EXPECT_EQ(press_ntfy(link), 200);
    EXPECT_EQ(incident().owner, "phone");
    EXPECT_EQ(press_ntfy(link), 200) << "the phone's retry";
    EXPECT_EQ(words(), (Words{"incident.acknowledged by phone via ntfy"}));
    clock_.run_for(2h + 1min);
    ASSERT_EQ(incident().state, IncidentState::open) << "taken back";
    EXPECT_EQ(press_ntfy(link), 200);
    EXPECT_EQ(incident().state, IncidentState::open) << "it was of the page before";
    restart();
    EXPECT_EQ(press_ntfy(link), 200);
    EXPECT_EQ(incident().state, IncidentState::open);
    ASSERT_NE(phone.links.back(), link);
    EXPECT_EQ(press_ntfy(phone.links.back()), 200) << "the key outlives a restart";
    EXPECT_EQ(incident().state, IncidentState::acknowledged);
}

TEST_F(World, ASilenceThatSaysAckAcknowledges) {
    open();
    silence("efb02de0-8c76-4939-a0f0-153998dde95b");
    EXPECT_EQ(incident().owner, "alice");
    EXPECT_EQ(words(), (Words{"incident.acknowledged by alice via alertmanager"}));
    clock_.run_for(2h + 1min);
    EXPECT_EQ(incident().state, IncidentState::open)
        << "the silence is still there, but it was heard";
    restart();
    clock_.run_for(1min);
    EXPECT_EQ(incident().state, IncidentState::open);
    silence("00000000-8c76-4939-a0f0-153998dde95b");
    EXPECT_EQ(incident().state, IncidentState::acknowledged);
}

TEST_F(World, HooksAreRefusedByTheirNames) {
    open();
    EXPECT_EQ(hook("slack", "pd", "", {}), 404) << "another type";
    EXPECT_EQ(hook("teams", "teams", "", {}), 404);
    EXPECT_EQ(hook("pagerduty", "nobody", "", {}), 404);
    EXPECT_EQ(hook("slack", "hook", "", {}), 404) << "no signing secret";
    EXPECT_EQ(hook("pagerduty", "pd", "", {}), 401);
    EXPECT_EQ(hook("pagerduty", "pd", std::string(300'000, 'x'), {}), 413);
    EXPECT_EQ(incident().state, IncidentState::open);
}

}  // namespace
}  // namespace surged::tests
