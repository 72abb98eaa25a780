#include "exporters/receivers/pagerduty.h"
#include "tests/sample_page.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace surged::tests {
namespace {

using detectors::ClockState;
using detectors::EventName;
using detectors::IncidentState;
using exporters::Answer;
using exporters::PagerDutyReceiver;

constexpr auto kNow = "2026-03-01T12:07:30Z";

PagerDutyReceiver receiver() {
    config::Values v;
    v.secrets["routing_key_file"].value = "0123456789abcdef0123456789abcdef";
    return PagerDutyReceiver(v);
}

// "trigger surged/acme-20260301-1 critical" for each request, in order.
std::vector<std::string> actions(exporters::Page const& page, std::string const& now = kNow) {
    std::vector<std::string> out;
    simdjson::dom::parser parser;
    for (auto const& request : receiver().render(page, at(now))) {
        auto const body = simdjson::padded_string(request.body);
        auto const json = parser.parse(body);
        auto line = std::string(json["event_action"].get_string().value());
        line += " " + std::string(std::string_view(json["dedup_key"]));
        std::string_view severity;
        if (json["payload"]["severity"].get(severity) == simdjson::SUCCESS)
            line += " " + std::string(severity);
        out.push_back(line);
    }
    return out;
}
using Actions = std::vector<std::string>;

TEST(PagerDuty, TriggersWithAllThatIsKnown) {
    auto const incident = sample_incident();
    auto const requests = receiver().render(sample_page(incident), at(kNow));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(requests[0].url, "https://events.pagerduty.com/v2/enqueue");
    EXPECT_EQ(exporters::header(requests[0].headers, "Content-Type"), "application/json");
    EXPECT_EQ(
        requests[0].body,
        R"x({"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","dedup_key":"surged/acme-20260301-1",)x"
        R"x("payload":{"summary":"CRITICAL acme: 412 mentions on X in 10m, 13x the usual 31.5; acknowledgement on X due 12:17 UTC (9 min left)",)x"
        R"x("source":"127.0.0.1:9477","severity":"critical","timestamp":"2026-03-01T12:07:00Z","component":"x","group":"acme","class":"mention surge",)x"
        R"x("custom_details":{"incident":"acme-20260301-1","event":"incident.opened","stream":"acme-x","onset":"2026-03-01T12:01:30Z",)x"
        R"x("observed":412,"expected":31.5,"ratio":13.1,"window":"10m","doubling":"4m","authors":371,)x"
        R"x("clocks":["acknowledgement on X due 12:17 UTC (9 min left)","first public answer on X due 13:01 UTC (54 min left)"],)x"
        R"x("plan_url":"https://wiki.example/acme-crisis",)x"
        R"x("description":"Since 12:01 UTC (6 min ago) on X\n412 mentions on X in 10m, 13x the usual 31.5\nDoubling every 4m\n)x"
        R"x(As much as this comes about once in 92 days\n371 authors, the busiest 1%; 0% reposts, 5% copies, 2% by new accounts: many people speaking\n)x"
        R"x(State: nobody has it yet\n- acknowledgement on X due 12:17 UTC (9 min left)\n- first public answer on X due 13:01 UTC (54 min left)\n)x"
        R"x(Plan: https://wiki.example/acme-crisis\nIncident: https://127.0.0.1:9477/incidents/acme-20260301-1"}},)x"
        R"x("links":[{"href":"https://127.0.0.1:9477/incidents/acme-20260301-1","text":"Incident"},{"href":"https://wiki.example/acme-crisis","text":"Plan"}],)x"
        R"x("client":"surged","client_url":"https://127.0.0.1:9477/"})x");
}

TEST(PagerDuty, ChangesWithTheThreeFieldsThatAreAsked) {
    auto const incident = sample_incident();
    auto const page = sample_page(incident, EventName::incident_acknowledged);
    auto const requests = receiver().render(page, at(kNow));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].body,
              R"({"routing_key":"0123456789abcdef0123456789abcdef","event_action":"acknowledge",)"
              R"("dedup_key":"surged/acme-20260301-1"})");
}

TEST(PagerDuty, SpeaksToTheAddressItWasGiven) {
    config::Values v;
    v.text["url"] = "http://127.0.0.1:9/v2/enqueue";
    v.text["ca_file"] = "/ca.pem";
    auto const incident = sample_incident();
    auto const request = PagerDutyReceiver(v).render(sample_page(incident), at(kNow)).at(0);
    EXPECT_EQ(request.url, "http://127.0.0.1:9/v2/enqueue");
    EXPECT_EQ(request.ca_file, "/ca.pem");
}

TEST(PagerDuty, KeepsOneKeyForTheIncidentThroughItsLife) {
    auto const incident = sample_incident();
    auto const of = [&](EventName name) { return actions(sample_page(incident, name)); };
    Actions const trigger{"trigger surged/acme-20260301-1 critical"};
    EXPECT_EQ(of(EventName::incident_opened), trigger);
    EXPECT_EQ(of(EventName::incident_reopened), trigger);
    EXPECT_EQ(of(EventName::incident_stream_joined), trigger);
    EXPECT_EQ(of(EventName::surge_grown), trigger);
    EXPECT_EQ(actions(clock_page(incident, EventName::clock_warning, 1)), trigger);
    EXPECT_EQ(of(EventName::incident_acknowledged), Actions{"acknowledge surged/acme-20260301-1"});
    EXPECT_EQ(of(EventName::incident_resolved), Actions{"resolve surged/acme-20260301-1"});
    EXPECT_EQ(of(EventName::incident_closed), Actions{"resolve surged/acme-20260301-1"});
    EXPECT_EQ(of(EventName::evidence_deleted), Actions{"trigger surged/acme-20260301-1 info"});
    for (auto const quiet :
         {EventName::incident_note, EventName::incident_checked, EventName::incident_own_post,
          EventName::incident_responded, EventName::surge_ended})
        EXPECT_EQ(of(quiet), Actions{}) << to_string(quiet);
}

TEST(PagerDuty, RingsAnewWhenAnAcknowledgementIsTakenBack) {
    auto const incident = sample_incident();
    EXPECT_TRUE(receiver().needs_all());
    EXPECT_EQ(
        actions(sample_page(incident, EventName::incident_unacknowledged)),
        (Actions{"resolve surged/acme-20260301-1", "trigger surged/acme-20260301-1 critical"}));
}

TEST(PagerDuty, GivesEachBreachAKeyOfItsOwnUntilTheClockIsMet) {
    auto incident = sample_incident();
    incident.severity = detectors::Severity::warning;
    auto& clock = incident.clocks[1];
    clock.run = 2;
    clock.state = ClockState::breached;
    clock.at = clock.due;
    auto page = clock_page(incident, EventName::clock_breached, 1);
    Actions const ring{"trigger surged/acme-20260301-1/x/respond/2 critical"};
    EXPECT_EQ(actions(page, "2026-03-01T13:05:00Z"), ring);
    page.repeat = true;
    EXPECT_EQ(actions(page, "2026-03-01T13:20:00Z"), ring);

    clock.state = ClockState::met_late;
    clock.at = at("2026-03-01T13:21:00Z");
    EXPECT_EQ(actions(page), Actions{}) << "a repeat after the answer";
    Actions const quiet{"resolve surged/acme-20260301-1/x/respond/2"};
    EXPECT_EQ(actions(clock_page(incident, EventName::clock_met, 1)), quiet);
    EXPECT_EQ(actions(sample_page(incident, EventName::incident_responded)), quiet);
    EXPECT_EQ(actions(sample_page(incident, EventName::incident_closed)),
              (Actions{"resolve surged/acme-20260301-1", quiet[0]}));

    clock.state = ClockState::met;  // in time: nothing ever rang
    EXPECT_EQ(actions(clock_page(incident, EventName::clock_met, 1)), Actions{});
    EXPECT_EQ(actions(sample_page(incident, EventName::incident_responded)), Actions{});
}

TEST(PagerDuty, TellsTheStateToWhoeverWasAway) {
    auto incident = sample_incident();
    auto page = sample_page(incident);
    page.catch_up = true;
    EXPECT_EQ(actions(page), Actions{"trigger surged/acme-20260301-1 critical"});
    incident.state = IncidentState::acknowledged;
    EXPECT_EQ(actions(page), (Actions{"trigger surged/acme-20260301-1 critical",
                                      "acknowledge surged/acme-20260301-1"}));
    incident.state = IncidentState::closed;
    EXPECT_EQ(actions(page), Actions{"resolve surged/acme-20260301-1"});
}

TEST(PagerDuty, RaisesNoClosedIncidentForVanishedEvidence) {
    auto incident = sample_incident();
    incident.state = IncidentState::closed;
    EXPECT_EQ(actions(sample_page(incident, EventName::evidence_deleted)),
              Actions{"trigger surged/acme-20260301-1/evidence info"});
}

TEST(PagerDuty, KeysWhatConcernsNoIncident) {
    exporters::Page page;
    page.event.brand = "acme";
    page.event.stream = "acme x";
    page.event.at = at(kNow);
    auto const of = [&](EventName name) {
        page.event.name = name;
        return actions(page);
    };
    EXPECT_EQ(of(EventName::stream_blind), Actions{"trigger surged/stream/acme x warning"});
    EXPECT_EQ(of(EventName::stream_restored), Actions{"resolve surged/stream/acme x"});
    EXPECT_EQ(of(EventName::stream_gap), Actions{"trigger surged/stream.gap/acme x info"});
    page.event.stream.clear();
    EXPECT_EQ(of(EventName::budget_low), Actions{"trigger surged/budget.low/acme warning"});
    EXPECT_EQ(of(EventName::receiver_failed), Actions{"trigger surged/receiver.failed/acme error"});
}

TEST(PagerDuty, StaysInsideItsLimitsWhateverStrangersWrite) {
    auto incident = sample_incident();
    incident.id = std::string(300, 'n');
    incident.streams[0].name = kHostile;
    auto page = sample_page(incident, EventName::evidence_deleted);
    page.event.incident = incident.id;
    std::string flood;
    for (int i = 0; i < 50'000; ++i) flood += kHostile;
    for (auto* text : {&page.event.note, &page.event.by, &page.event.reason, &page.event.mention,
                       &page.event.stream, &page.event.brand, &page.plan_url})
        *text = flood;
    simdjson::dom::parser parser;
    auto const requests = receiver().render(page, at(kNow));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_LT(requests[0].body.size(), 512'000u);
    auto const body = simdjson::padded_string(requests[0].body);
    auto const json = parser.parse(body);
    ASSERT_EQ(json.error(), simdjson::SUCCESS);
    EXPECT_EQ(std::string_view(json["event_action"]), "trigger");
    EXPECT_LE(std::string_view(json["dedup_key"]).size(), 255u);
    auto const summary = std::string_view(json["payload"]["summary"]);
    EXPECT_LE(summary.size(), 1024u);
    EXPECT_EQ(summary.find_first_of("\r\n\x01\x1b"), std::string_view::npos);
    EXPECT_EQ(summary.find("\xE2\x80\xAE"), std::string_view::npos) << "a direction override";
}

TEST(PagerDuty, JudgesAsTheReferenceSays) {
    auto const pd = receiver();
    EXPECT_EQ(pd.judge(answered(202, R"({"status":"success","message":"Event processed"})")).kind,
              Answer::Kind::delivered);
    auto const bad = pd.judge(answered(
        400, R"({"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]})"));
    EXPECT_EQ(bad.kind, Answer::Kind::refused);
    EXPECT_NE(bad.detail.find("Length of 'routing_key' is incorrect"), std::string::npos);
    auto const slow = pd.judge(answered(429, "", {{"Retry-After", "30"}}));
    EXPECT_EQ(slow.kind, Answer::Kind::retry);
    EXPECT_EQ(slow.retry_after, std::chrono::seconds{30});
    for (int const status : {500, 502, 503, 504})
        EXPECT_EQ(pd.judge(answered(status)).kind, Answer::Kind::retry) << status;
}

}  // namespace
}  // namespace surged::tests
