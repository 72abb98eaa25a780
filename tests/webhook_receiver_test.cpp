#include "daemon/event_json.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/webhook.h"
#include "exporters/signature.h"
#include "tests/sample_page.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace surged::tests {
namespace {

using exporters::Answer;
using exporters::header;
using exporters::WebhookReceiver;
using std::chrono::seconds;
using Kind = Answer::Kind;

config::Values values(std::string secret = {}) {
    config::Values v;
    v.text["url"] = "https://publish.example/hold";
    v.text["ca_file"] = "/etc/ssl/own.pem";
    if (!secret.empty()) v.secrets["secret_file"].value = std::move(secret);
    return v;
}

TEST(Webhook, SendsTheEventObjectItselfAndNothingElse) {
    auto const incident = sample_incident();
    auto const requests =
        WebhookReceiver(values()).render(sample_page(incident), at("2026-03-01T12:07:01.900Z"));
    ASSERT_EQ(requests.size(), 1u);
    auto const& request = requests[0];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://publish.example/hold");
    EXPECT_EQ(request.ca_file, "/etc/ssl/own.pem");
    EXPECT_EQ(
        request.body,
        R"({"id":4711,"event":"incident.opened","at":"2026-03-01T12:07:00Z","incident":"acme-20260301-1","brand":"acme","drill":false,)"
        R"("stream":"acme-x","platform":"x","kind":"volume","onset":"2026-03-01T12:01:30Z","observed":412,"expected":31.5,"ratio":13.1,"window":"10m",)"
        R"("severity":"critical","return_days":92,"doubling":"4m",)"
        R"("composition":{"kind":"organic","authors":371,"top_author":0.01,"reposts":0,"copies":0.05,"new_accounts":0.02},)"
        R"("clocks":[{"platform":"x","kind":"acknowledge","run":1,"due":"2026-03-01T12:17:00Z","state":"running"},{"platform":"x","kind":"respond","run":1,"due":"2026-03-01T13:01:30Z","state":"running"}],)"
        R"("plan_url":"https://wiki.example/acme-crisis","url":"https://127.0.0.1:9477/incidents/acme-20260301-1"})");
    EXPECT_EQ(header(request.headers, "content-type"), "application/json");
    EXPECT_EQ(header(request.headers, "webhook-id"), "3f9c2a7e-4711");
    EXPECT_EQ(header(request.headers, "webhook-timestamp"), "1772366821");
    EXPECT_EQ(header(request.headers, "webhook-signature"), "");
}

TEST(Webhook, SignsEachAttemptAnewUnderOneId) {
    auto const incident = sample_incident();
    auto page = sample_page(incident);
    WebhookReceiver const receiver(values("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    auto const first = receiver.render(page, at("2026-03-01T12:07:01Z"));
    page.attempt = 7;
    auto const later = receiver.render(page, at("2026-03-01T18:07:01Z"));
    EXPECT_EQ(first[0].body, later[0].body);
    EXPECT_EQ(header(first[0].headers, "webhook-id"), header(later[0].headers, "webhook-id"));
    EXPECT_EQ(header(later[0].headers, "webhook-timestamp"), "1772388421");
    // As a receiver checks it.
    for (auto const& request : {first[0], later[0]}) {
        auto const id = std::string(header(request.headers, "webhook-id"));
        auto const time = std::string(header(request.headers, "webhook-timestamp"));
        auto const key = exporters::base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
        EXPECT_EQ(header(request.headers, "webhook-signature"),
                  "v1," + exporters::base64(
                              exporters::hmac_sha256(key, id + "." + time + "." + request.body)));
    }
}

TEST(Webhook, TellsEventsWithoutAnIncidentAndKeepsARepeatOfAMetClockToItself) {
    exporters::Page page;
    page.event.name = detectors::EventName::config_reloaded;
    page.event.at = at("2026-03-01T12:07:00Z");
    page.key = "i-1";
    WebhookReceiver const receiver(values());
    EXPECT_EQ(receiver.render(page, page.event.at)[0].body,
              R"({"event":"config.reloaded","at":"2026-03-01T12:07:00Z"})");

    auto incident = sample_incident();
    incident.clocks[1].state = detectors::ClockState::breached;
    auto repeat = clock_page(incident, detectors::EventName::clock_breached, 1);
    repeat.repeat = true;
    EXPECT_EQ(receiver.render(repeat, page.event.at).size(), 1u);
    incident.clocks[1].state = detectors::ClockState::met_late;
    EXPECT_EQ(receiver.render(repeat, page.event.at).size(), 0u);
    repeat.repeat = false;  // the breach itself is news all the same
    EXPECT_EQ(receiver.render(repeat, page.event.at).size(), 1u);
}

TEST(Webhook, AStrangersTextStaysInsideItsJsonString) {
    auto const incident = sample_incident();
    auto page = sample_page(incident, detectors::EventName::incident_note);
    page.event.note = kHostile;
    auto const request = WebhookReceiver(values("s")).render(page, page.event.at)[0];
    for (auto const& [name, value] : request.headers)
        EXPECT_EQ((name + value).find_first_of("\r\n"), std::string::npos);
    simdjson::dom::parser parser;
    auto const body = simdjson::padded_string(request.body);
    auto const parsed = parser.parse(body);
    ASSERT_EQ(parsed.error(), simdjson::SUCCESS);
    EXPECT_EQ(std::string_view(parsed["note"]).substr(0, 17), "\"}]\r\nwebhook-id: ");
    EXPECT_EQ(std::int64_t(parsed["id"]), 4711);
}

TEST(Webhook, JudgesEachAnswer) {
    WebhookReceiver const receiver(values());
    struct Row {
        int status;
        Kind kind;
    };
    for (auto const& row :
         {Row{200, Kind::delivered}, Row{201, Kind::delivered}, Row{202, Kind::delivered},
          Row{204, Kind::delivered}, Row{299, Kind::delivered}, Row{301, Kind::retry},
          Row{302, Kind::retry},     Row{400, Kind::refused},   Row{401, Kind::refused},
          Row{403, Kind::refused},   Row{404, Kind::refused},   Row{408, Kind::retry},
          Row{410, Kind::refused},   Row{413, Kind::refused},   Row{422, Kind::refused},
          Row{425, Kind::retry},     Row{429, Kind::retry},     Row{500, Kind::retry},
          Row{502, Kind::retry},     Row{503, Kind::retry},     Row{504, Kind::retry},
          Row{599, Kind::retry},     Row{600, Kind::refused},   Row{0, Kind::retry}})
        EXPECT_EQ(receiver.judge(answered(row.status)).kind, row.kind) << row.status;
}

TEST(Webhook, HonoursRetryAfterInBothForms) {
    WebhookReceiver const receiver(values());
    auto const wait = [&](exporters::HttpHeaders headers) {
        return receiver.judge(answered(503, "", std::move(headers))).retry_after;
    };
    EXPECT_EQ(wait({{"Retry-After", "120"}}), seconds{120});
    EXPECT_EQ(wait({{"retry-after", "0"}}), seconds{0});
    EXPECT_EQ(wait({{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"},
                    {"Date", "Sun, 06 Nov 1994 08:47:30 GMT"}}),
              seconds{127});
    EXPECT_EQ(wait({}), std::nullopt);
    for (auto const* bad :
         {"-5", "soon", "1.5", "12 ", "99999999999", "Sun, 06 Nov 1994 08:49:37 GMT",
          "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", ""})
        EXPECT_EQ(wait({{"Retry-After", bad}}), std::nullopt) << bad;
    // A date that is past already, by the peer's own clock.
    EXPECT_EQ(wait({{"Retry-After", "Sun, 06 Nov 1994 08:47:00 GMT"},
                    {"Date", "Sun, 06 Nov 1994 08:47:30 GMT"}}),
              std::nullopt);
    EXPECT_EQ(receiver.judge(answered(400, "", {{"Retry-After", "120"}})).retry_after,
              std::nullopt);
}

TEST(Webhook, QuotesTheReasonAsOneShortLine) {
    WebhookReceiver const receiver(values());
    EXPECT_EQ(receiver.judge(answered(410)).detail, "HTTP 410");
    EXPECT_EQ(receiver.judge(answered(422, "bad\r\nthing")).detail, "HTTP 422: bad  thing");
    auto const detail = receiver.judge(answered(500, std::string(100'000, 'x'))).detail;
    EXPECT_EQ(detail, "HTTP 500: " + std::string(197, 'x') + "\xE2\x80\xA6");
}

// What waits in the outbox is the journal's JSON: read and written again it must not change.
TEST(EventJson, GoesThereAndBack) {
    auto const incident = sample_incident();
    auto full = sample_page(incident).event;
    full.clock = view(incident.clocks[0]);
    full.clock->state = detectors::ClockState::met_late;
    full.clock->at = at("2026-03-01T12:18:00.250Z");
    full.clock->by = "kim";
    full.clock->link = "https://x.example/1";
    full.drill = true;
    full.reason = "second_wave";
    full.covered_until = full.at;
    full.by = "kim", full.via = "api", full.note = kHostile, full.link = "l", full.verdict = "real";
    full.item = "Fix it", full.done = false, full.mention = "99", full.whose = "theirs";
    full.late = full.on_arrival = true;
    full.summary = "one line";
    full.window = std::chrono::seconds{93784};  // 1d2h3m4s
    full.expected = 0.047;
    auto const json = to_json(full);
    auto const again = daemon::event_from_json(json);
    ASSERT_TRUE(again);
    EXPECT_EQ(to_json(*again), json);
    EXPECT_NE(json.find("\"window\":\"1d2h3m4s\""), std::string::npos);
    EXPECT_EQ(again->window, full.window);
    EXPECT_EQ(again->clocks.size(), 2u);
}

}  // namespace
}  // namespace surged::tests
