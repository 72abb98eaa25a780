// Goal: what comes back is believed only when it is signed, fresh and whole, and then says who did
// what to which incident. The signatures are vectors of the tools' own documentation.
#include "daemon/back_desk.h"
#include "exporters/receivers/alertmanager.h"
#include "exporters/receivers/ntfy.h"
#include "exporters/receivers/pagerduty.h"
#include "exporters/receivers/slack.h"
#include "exporters/receivers/telegram.h"
#include "exporters/signature.h"
#include "tests/sample_page.h"
#include "tests/staged_crisis.h"

#include <gtest/gtest.h>

namespace surged::tests {
namespace {

using exporters::hmac_sha256;
using exporters::HookRequest;
using exporters::Said;

constexpr auto kNow = "2026-03-01T12:07:30Z";

HookRequest posted(std::string body, exporters::HttpHeaders headers = {}) {
    HookRequest request;
    request.method = "POST";
    request.body = std::move(body);
    request.headers = std::move(headers);
    return request;
}

// --- PagerDuty

exporters::PagerDutyBackChannel pagerduty() {
    return exporters::PagerDutyBackChannel(secret_value("webhook_secret_file", "samplesecret"));
}
HookRequest from_pagerduty(std::string const& body) {
    return posted(body, {{"X-PagerDuty-Signature",
                          "v1=" + exporters::hex(hmac_sha256("samplesecret", body))}});
}
std::string pagerduty_event(std::string const& type, std::string const& agent,
                            std::string const& key = "surged/acme-20260301-1",
                            std::string const& when = "2026-03-01T12:07:29.169Z") {
    return R"({"event":{"id":"01CH754SM17TWPE2V2H4VPBRO7","event_type":")" + type +
           R"(","resource_type":"incident","occurred_at":")" + when + R"(","agent":)" + agent +
           R"(,"client":null,"data":{"id":"PGR0VU2","type":"incident","status":"x","incident_key":")" +
           key + R"(","title":"t"}}})";
}
std::string const kPerson =
    R"({"id":"PLH1HKV","type":"user_reference","summary":"Tenex Engineer","html_url":"x"})";

TEST(PagerDutyHook, BelievesWhatItsVectorSigned) {
    std::string const body = R"({"event":{"id":"x"}})";
    std::string const good = "v1=1c30a949af97502436ba4fe3d414f993cfdd932c495bc7147379feb3909129c2";
    auto const status = [&](std::string const& signature, std::string const& text) {
        return pagerduty()
            .hook(posted(text, {{"x-pagerduty-signature", signature}}), at(kNow))
            .status;
    };
    EXPECT_EQ(status(good, body), 202);
    EXPECT_EQ(status("v1=00,v2=1,  " + good + ",v1=ff", body), 202) << "a secret is being changed";
    EXPECT_EQ(status("", body), 401);
    EXPECT_EQ(status("v0" + good.substr(2), body), 401);
    EXPECT_EQ(status(good.substr(3), body), 401);
    EXPECT_EQ(status(good.substr(0, 60), body), 401);
    EXPECT_EQ(status(good, body + " "), 401);
    std::string upper = good;
    upper[3] = '2';
    EXPECT_EQ(status(upper, body), 401);
    EXPECT_EQ(exporters::PagerDutyBackChannel({}).hook(posted(body), at(kNow)).status, 404);
}

TEST(PagerDutyHook, TellsAPersonFromThePager) {
    auto const heard = [&](std::string const& body) {
        auto const answer = pagerduty().hook(from_pagerduty(body), at(kNow));
        EXPECT_EQ(answer.status, 202) << "anything authentic: three refusals switch the hook off";
        return answer.heard;
    };
    auto said = heard(pagerduty_event("incident.acknowledged", kPerson));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].what, Said::What::acknowledged);
    EXPECT_EQ(said[0].incident, "acme-20260301-1");
    EXPECT_EQ(said[0].by, "Tenex Engineer");
    EXPECT_EQ(said[0].id, "01CH754SM17TWPE2V2H4VPBRO7");
    EXPECT_EQ(said[0].at, at("2026-03-01T12:07:29.169Z"));
    EXPECT_EQ(said[0].key, "");
    said = heard(
        pagerduty_event("incident.resolved", kPerson, "surged/my brand-20260301-2/x/respond/1"));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].what, Said::What::resolved);
    EXPECT_EQ(said[0].incident, "my brand-20260301-2");
    EXPECT_EQ(said[0].key, "x/respond/1");
    said = heard(pagerduty_event("incident.resolved", "null"));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].what, Said::What::ended) << "its auto-resolve after four hours";
    EXPECT_EQ(said[0].by, "PagerDuty");
    // What our own integration key resolved, what it acknowledged, and what we do not know.
    EXPECT_TRUE(heard(pagerduty_event("incident.resolved",
                                      R"({"id":"P1","type":"inbound_integration_reference"})"))
                    .empty());
    EXPECT_TRUE(heard(pagerduty_event("incident.acknowledged", "null")).empty());
    EXPECT_TRUE(heard(pagerduty_event("incident.escalated", kPerson)).empty());
    EXPECT_TRUE(heard(pagerduty_event("pagey.ping", "null")).empty());
    EXPECT_TRUE(heard(pagerduty_event("incident.acknowledged", kPerson, "other/1")).empty());
    EXPECT_TRUE(heard(pagerduty_event("incident.acknowledged", kPerson, "surged/")).empty());
    EXPECT_TRUE(heard(pagerduty_event("incident.acknowledged", kPerson, "surged/a-1",
                                      "2026-02-26T12:00:00Z"))
                    .empty())
        << "older than any retry";
    EXPECT_TRUE(
        heard(pagerduty_event("incident.acknowledged", kPerson, "surged/a-1", "now")).empty());
    EXPECT_TRUE(heard("not json").empty());
    EXPECT_TRUE(heard("[]").empty());
}

// --- Slack

std::string const kSigning = "8f742231b10e8888abcd99yyyzzz85a5";
std::string const kSlackSample =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c";

exporters::SlackBackChannel slack() {
    return exporters::SlackBackChannel(secret_value("signing_secret_file", kSigning));
}
HookRequest from_slack(std::string const& body, std::string const& timestamp) {
    return posted(
        body, {{"X-Slack-Request-Timestamp", timestamp},
               {"X-Slack-Signature",
                "v0=" + exporters::hex(hmac_sha256(kSigning, "v0:" + timestamp + ":" + body))}});
}

TEST(SlackHook, BelievesItsDocumentedSampleForFiveMinutes) {
    exporters::HttpHeaders const headers{
        {"X-Slack-Request-Timestamp", "1531420618"},
        {"X-Slack-Signature",
         "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}};
    auto const status = [&](std::int64_t now, std::string const& body) {
        return slack()
            .hook(posted(body, headers), detectors::WallTime{std::chrono::seconds{now}})
            .status;
    };
    EXPECT_EQ(status(1531420618, kSlackSample), 200);
    EXPECT_EQ(status(1531420618 + 300, kSlackSample), 200);
    EXPECT_EQ(status(1531420618 + 301, kSlackSample), 401);
    EXPECT_EQ(status(1531420618 - 301, kSlackSample), 401);
    EXPECT_EQ(status(1531420618, kSlackSample + "&x"), 401);
    EXPECT_EQ(exporters::SlackBackChannel({}).hook(posted("", headers), at(kNow)).status, 404);
}

TEST(SlackHook, HearsTheButtonAndAnswersThePerson) {
    std::string const payload =
        R"({"type":"block_actions","user":{"id":"U2CERLKJA","username":"kim"},)"
        R"("actions":[{"action_id":"surged_open"},{"action_id":"surged_ack","value":"acme-20260301-1"}],)"
        R"("response_url":"https://hooks.slack.com/actions/T1/2/3"})";
    auto const stamp = std::to_string(at(kNow).time_since_epoch().count() / 1000);
    auto const answer =
        slack().hook(from_slack("payload=" + exporters::url_encode(payload), stamp), at(kNow));
    EXPECT_EQ(answer.status, 200);
    ASSERT_EQ(answer.heard.size(), 1u);
    auto const& said = answer.heard[0];
    EXPECT_EQ(said.what, Said::What::acknowledged);
    EXPECT_EQ(said.incident, "acme-20260301-1");
    EXPECT_EQ(said.by, "kim (U2CERLKJA)");
    auto const reply = slack().reply(said, "a<b>");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->url, "https://hooks.slack.com/actions/T1/2/3");
    EXPECT_EQ(reply->body,
              R"({"response_type":"ephemeral","replace_original":false,"text":"a&lt;b&gt;"})");
    // An answer goes to Slack and nowhere else, whatever the payload says.
    auto const elsewhere = std::string(payload).replace(payload.find("https://hooks.slack.com"), 23,
                                                        "http://169.254.169.254");
    auto const other =
        slack().hook(from_slack("payload=" + exporters::url_encode(elsewhere), stamp), at(kNow));
    ASSERT_EQ(other.heard.size(), 1u);
    EXPECT_FALSE(slack().reply(other.heard[0], "x"));
    for (std::string const body :
         {"", "payload=", "payload=%7B", "payload=%ZZ", "payload={}", "payload=%5B%5D", "x=1"}) {
        auto const none = slack().hook(from_slack(body, stamp), at(kNow));
        EXPECT_EQ(none.status, 200) << body;
        EXPECT_TRUE(none.heard.empty()) << body;
    }
}

// --- Telegram

exporters::TelegramBackChannel telegram(bool limited = true) {
    auto kind = make_kind("telegram");
    if (!limited) kind.values.lists.clear();
    return exporters::TelegramBackChannel(kind.values);
}
std::string pressed(int update, std::string const& user, std::string const& chat = "-100123",
                    std::string const& data = "ack:acme-20260301-1") {
    return R"({"update_id":)" + std::to_string(update) + R"(,"callback_query":{"id":"4382bfdwdsb)" +
           std::to_string(update) + R"(","from":{"id":)" + user +
           R"(,"is_bot":false,"first_name":"Kim","username":"kim_x"},"message":{"message_id":5,)" +
           R"("date":1,"chat":{"id":)" + chat + R"(}},"data":")" + data + "\"}}";
}

TEST(TelegramUpdates, AreAskedForFromTheNextOneOn) {
    auto const first = telegram().listen("");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->requests.at(0).url, "https://api.telegram.org/bot123:abc/getUpdates");
    EXPECT_EQ(first->requests.at(0).body, R"({"timeout":25,"allowed_updates":["callback_query"]})");
    EXPECT_GT(first->patience, std::chrono::seconds{25});
    auto const heard =
        telegram().overhear(answered(200, R"({"ok":true,"result":[)" + pressed(41, "7") + "," +
                                              R"({"update_id":43,"message":{"text":"hi"}})" + "]}"),
                            "", at(kNow));
    EXPECT_TRUE(heard.ok);
    EXPECT_EQ(heard.state, "44");
    ASSERT_EQ(heard.heard.size(), 1u);
    EXPECT_EQ(heard.heard[0].incident, "acme-20260301-1");
    EXPECT_EQ(heard.heard[0].by, "kim_x (7)");
    EXPECT_EQ(telegram().listen("44")->requests.at(0).body,
              R"({"offset":44,"timeout":25,"allowed_updates":["callback_query"]})");
    auto const reply = telegram().reply(heard.heard[0], "acknowledged");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->url, "https://api.telegram.org/bot123:abc/answerCallbackQuery");
    EXPECT_EQ(reply->body, R"({"callback_query_id":"4382bfdwdsb41","text":"acknowledged"})");
    auto const limit = telegram().overhear(
        answered(429, R"({"ok":false,"description":"x","parameters":{"retry_after":9}})"), "44",
        at(kNow));
    EXPECT_FALSE(limit.ok);
    EXPECT_EQ(limit.state, "44");
    EXPECT_EQ(limit.retry_after, std::chrono::seconds{9});
    EXPECT_FALSE(telegram().overhear(answered(409, R"({"ok":false})"), "1", at(kNow)).ok);
    EXPECT_FALSE(telegram().overhear(answered(200, "portal"), "1", at(kNow)).ok);
}

TEST(TelegramUpdates, ObeyOnlyThoseWhoMay) {
    auto const who = [](bool limited, std::string const& user, std::string const& chat) {
        auto const heard = telegram(limited).overhear(
            answered(200, R"({"ok":true,"result":[)" + pressed(1, user, chat) + "]}"), "",
            at(kNow));
        EXPECT_EQ(heard.heard.size(), 1u);
        return !heard.heard.at(0).incident.empty();
    };
    EXPECT_TRUE(who(true, "7", "-100123"));
    EXPECT_FALSE(who(true, "8", "-100123"));
    EXPECT_FALSE(who(true, "77", "-100123"));
    EXPECT_TRUE(who(false, "8", "-100123")) << "nobody is named: those of the chat may";
    EXPECT_FALSE(who(false, "7", "-100999"));
}

TEST(TelegramUpdates, AlsoComeByAHookWithItsSecret) {
    auto const channel = telegram();
    // printf surged-hook | openssl dgst -sha256 -hmac 123:abc
    EXPECT_EQ(channel.hook_secret(),
              "a35d297e6aa4703c7c79f207471c36773422d36bc9a9c62365bdd64a304f6e3d");
    auto const with = [&](std::string const& secret) {
        return channel.hook(posted(pressed(1, "7"), {{"X-Telegram-Bot-Api-Secret-Token", secret}}),
                            at(kNow));
    };
    EXPECT_EQ(with("").status, 401);
    EXPECT_EQ(with("x").status, 401);
    EXPECT_EQ(with(channel.hook_secret()).status, 200);
    EXPECT_EQ(with(channel.hook_secret()).heard.size(), 1u);
}

TEST(TelegramButtons, FitIntoSixtyFourBytes) {
    EXPECT_EQ(exporters::callback_data("acme-20260301-1"), "ack:acme-20260301-1");
    std::string const longest = std::string(64, 'b') + "-20260301-1-drill";
    EXPECT_EQ(exporters::callback_data(longest).size(), 44u);
    EXPECT_NE(exporters::callback_data(longest), exporters::callback_data(longest + "x"));
}

// --- ntfy

TEST(NtfyLinks, AreOursAndNotTooOld) {
    auto kind = make_kind("ntfy");
    exporters::NtfyBackChannel const channel("my phone", kind.values);
    auto incident = sample_incident();
    auto const link = exporters::acknowledge_link("https://s.example/", "my phone", incident,
                                                  "link-key", at(kNow));
    EXPECT_TRUE(
        link.starts_with("https://s.example/hooks/ntfy/"
                         "my%20phone?incident=acme-20260301-1&run=1.1&until=1772971650&mac="))
        << link;
    auto const open = [&](std::string const& url, std::string const& now) {
        HookRequest request = posted("");
        request.query = url.substr(url.find('?') + 1);
        return channel.hook(request, at(now));
    };
    auto const answer = open(link, kNow);
    EXPECT_EQ(answer.status, 200);
    ASSERT_EQ(answer.heard.size(), 1u);
    EXPECT_EQ(answer.heard[0].incident, "acme-20260301-1");
    EXPECT_EQ(answer.heard[0].run, "1.1");
    EXPECT_EQ(answer.heard[0].by, "my phone");
    EXPECT_EQ(open(link, "2026-03-08T12:07:30Z").status, 200);
    EXPECT_EQ(open(link, "2026-03-08T12:07:31Z").status, 410);
    for (auto const& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"20260301-1", "20260301-2"},
                                                          {"run=1.1", "run=1.2"},
                                                          {"until=1", "until=2"},
                                                          {"&mac=", "&mac=0"},
                                                          {"&mac=", "&x="},
                                                          {"incident=", "i="}}) {
        auto changed = link;
        changed.replace(changed.find(from), from.size(), to);
        EXPECT_EQ(open(changed, kNow).status, 401) << to;
    }
    // A link of one receiver is none of another's.
    EXPECT_EQ(exporters::NtfyBackChannel("other", kind.values)
                  .hook(
                      [&] {
                          HookRequest r = posted("");
                          r.query = link.substr(link.find('?') + 1);
                          return r;
                      }(),
                      at(kNow))
                  .status,
              401);
    EXPECT_EQ(exporters::acknowledge_link("https://s/", "a", incident, "", at(kNow)), "");
}

// --- Alertmanager

TEST(Silences, AcknowledgeWhenTheyNameAnIncidentAndSaySo) {
    exporters::AlertmanagerBackChannel const channel(make_kind("alertmanager").values);
    auto const round = channel.listen("");
    ASSERT_TRUE(round);
    EXPECT_EQ(round->requests.at(0).url, "http://am.example/api/v2/silences");
    EXPECT_TRUE(round->only_while_open);
    EXPECT_EQ(round->pause, std::chrono::seconds{15});
    auto const silence = [](std::string const& state, std::string const& comment,
                            std::string const& matcher) {
        return R"({"id":"efb02de0-8c76-4939-a0f0-153998dde95b","status":{"state":")" + state +
               R"("},"comment":")" + comment +
               R"(","createdBy":"alice","startsAt":"2026-03-01T12:07:00.000Z","matchers":[)" +
               R"({"isEqual":true,"isRegex":false,"name":"brand","value":"acme"},)" + matcher +
               "]}";
    };
    std::string const ours =
        R"({"isEqual":true,"isRegex":false,"name":"incident","value":"acme-20260301-1"})";
    auto const heard = [&](std::string const& one) {
        auto const what = channel.overhear(answered(200, "[" + one + "]"), "", at(kNow));
        EXPECT_TRUE(what.ok);
        return what.heard;
    };
    auto const said = heard(silence("active", "ACK: on it", ours));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].incident, "acme-20260301-1");
    EXPECT_EQ(said[0].by, "alice");
    EXPECT_EQ(said[0].note, "ACK: on it");
    EXPECT_EQ(said[0].id, "efb02de0-8c76-4939-a0f0-153998dde95b");
    EXPECT_EQ(
        heard(silence("active", "ack", R"({"isRegex":false,"name":"incident","value":"a-1"})"))
            .size(),
        0u + 1u)
        << "isEqual is true when it is not said";
    EXPECT_TRUE(heard(silence("expired", "ack", ours)).empty());
    EXPECT_TRUE(heard(silence("pending", "ack", ours)).empty());
    EXPECT_TRUE(heard(silence("active", "maintenance", ours)).empty());
    EXPECT_TRUE(heard(silence("active", "ac", ours)).empty());
    EXPECT_TRUE(
        heard(silence("active", "ack", R"({"isRegex":true,"name":"incident","value":"acme.*"})"))
            .empty());
    EXPECT_TRUE(
        heard(silence("active", "ack",
                      R"({"isEqual":false,"isRegex":false,"name":"incident","value":"a-1"})"))
            .empty());
    EXPECT_TRUE(heard(silence("active", "ack",
                              R"({"isRegex":false,"name":"alertname","value":"SurgedIncident"})"))
                    .empty());
    EXPECT_FALSE(channel.overhear(answered(503, ""), "", at(kNow)).ok);
    EXPECT_FALSE(channel.overhear(answered(200, "{}"), "", at(kNow)).ok);
}

// --- replay

TEST(HeardBefore, StaysSafeWhenItIsFull) {
    daemon::HeardBefore heard;
    auto const time = [](int i) { return at(kNow) + std::chrono::seconds{i}; };
    constexpr int kIds = daemon::HeardBefore::kIds;
    for (int i = 0; i < 2 * kIds; ++i) {
        EXPECT_FALSE(heard.contains("id" + std::to_string(i), time(i)));
        heard.add("id" + std::to_string(i), time(i));
        EXPECT_TRUE(heard.contains("id" + std::to_string(i), time(i)));
    }
    daemon::HeardBefore restored;
    ASSERT_TRUE(restored.restore(heard.save()));
    for (auto const* memory : {&heard, &restored}) {
        EXPECT_TRUE(memory->contains("id0", time(0))) << "forgotten, but too old to be news";
        EXPECT_TRUE(memory->contains("id1999", time(1999)));
        EXPECT_TRUE(memory->contains("new", time(kIds - 1)));
        EXPECT_FALSE(memory->contains("new", time(2 * kIds)));
    }
    EXPECT_LT(heard.save().size(), 60'000u);
    EXPECT_FALSE(restored.restore("damaged"));
    EXPECT_FALSE(restored.contains("id1999", time(1999)));
}

TEST(FormFields, AreDecodedOrAbsent) {
    using exporters::form_field;
    EXPECT_EQ(form_field("a=1&b=x%20y+z&c", "b"), "x y z");
    EXPECT_EQ(form_field("a=1&b=2", "c"), std::nullopt);
    EXPECT_EQ(form_field("a=%2", "a"), std::nullopt);
    EXPECT_EQ(form_field("a=%zz", "a"), std::nullopt);
    EXPECT_EQ(form_field("a", "a"), "");
    EXPECT_EQ(form_field("", "a"), std::nullopt);
}

}  // namespace
}  // namespace surged::tests
