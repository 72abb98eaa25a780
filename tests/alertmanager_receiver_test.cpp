#include "exporters/receivers/alertmanager.h"
#include "tests/sample_page.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace surged::tests {
namespace {

using detectors::ClockState;
using detectors::EventName;
using detectors::IncidentState;
using exporters::AlertmanagerReceiver;
using exporters::Answer;

AlertmanagerReceiver receiver() {
    config::Values v;
    v.lists["urls"] = {"http://127.0.0.1:9093", "https://am2.example/prefix/"};
    return AlertmanagerReceiver(v);
}

// One alert in short: "SurgedIncident acme-20260301-1 2026-03-01T12:07:00Z..2026-03-01T12:11:30Z".
std::vector<std::string> alerts(std::vector<exporters::HttpRequest> const& requests) {
    std::vector<std::string> out;
    simdjson::dom::parser parser;
    auto const body = simdjson::padded_string(requests.at(0).body);
    auto const text = [](simdjson::dom::element alert, char const* path) {
        std::string_view value;
        auto const missing = alert.at_pointer(path).get(value);
        return missing ? std::string() : std::string(value);
    };
    auto const list = parser.parse(body).get_array().value();
    for (auto const alert : list) {
        std::string short_form = text(alert, "/labels/alertname");
        for (auto const* label : {"/labels/incident", "/labels/stream", "/labels/platform",
                                  "/labels/kind", "/startsAt"})
            if (auto const value = text(alert, label); !value.empty()) short_form += " " + value;
        out.push_back(short_form + ".." + text(alert, "/endsAt"));
    }
    return out;
}
std::vector<std::string> state(std::vector<detectors::Incident const*> const& open,
                               std::vector<detectors::Incident const*> const& just_closed,
                               std::string const& now) {
    return alerts(receiver().render_state(open, just_closed, "https://s.example/", "", at(now)));
}
using Alerts = std::vector<std::string>;

TEST(Alertmanager, PostsOneAlertPerIncidentToEveryPeer) {
    auto const incident = sample_incident();
    auto const requests = receiver().render(sample_page(incident), at("2026-03-01T12:07:30Z"));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].url, "http://127.0.0.1:9093/api/v2/alerts");
    EXPECT_EQ(requests[1].url, "https://am2.example/prefix/api/v2/alerts");
    for (auto const& request : requests) {
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(exporters::header(request.headers, "content-type"), "application/json");
        EXPECT_EQ(
            request.body,
            R"x([{"labels":{"alertname":"SurgedIncident","brand":"acme","incident":"acme-20260301-1","drill":"false"},)x"
            R"x("annotations":{"summary":"CRITICAL acme: 412 mentions on X, 13x the usual 31.5 since 12:01 UTC; nobody has it yet; acknowledgement on X due 12:17 UTC (9 min left)",)x"
            R"x("description":"Since 12:01 UTC (6 min ago) on X\n412 mentions on X, 13x the usual 31.5\nState: nobody has it yet\n)x"
            R"x(- acknowledgement on X due 12:17 UTC (9 min left)\n- first public answer on X due 13:01 UTC (54 min left)\n)x"
            R"x(Plan: https://wiki.example/acme-crisis\nIncident: https://127.0.0.1:9477/incidents/acme-20260301-1",)x"
            R"x("due":"2026-03-01T12:17:00Z","severity":"critical","plan_url":"https://wiki.example/acme-crisis"},)x"
            R"x("startsAt":"2026-03-01T12:07:00Z","endsAt":"2026-03-01T12:11:30Z",)x"
            R"x("generatorURL":"https://127.0.0.1:9477/incidents/acme-20260301-1"}])x");
    }
}

TEST(Alertmanager, IdentityNeverChangesWhileEverythingElseDoes) {
    auto incident = sample_incident();
    auto const labels = [&](std::string const& now) {
        auto const body = receiver().render(sample_page(incident), at(now)).at(0).body;
        return body.substr(0, body.find(",\"annotations\""));
    };
    auto const before = labels("2026-03-01T12:07:30Z");
    incident.severity = detectors::Severity::warning;
    incident.state = IncidentState::responded;
    incident.clocks[0].state = ClockState::met;
    incident.streams.push_back({"acme-fb", "facebook", incident.onset, 9, 1, 9, true});
    EXPECT_EQ(labels("2026-03-01T18:00:00Z"), before);
}

TEST(Alertmanager, RenewsTheLeaseOfAllThatIsOpen) {
    EXPECT_EQ(receiver().lease(), std::chrono::seconds{60});
    auto const a = sample_incident();
    auto b = sample_incident();
    b.id = "acme-20260301-2-drill";
    b.drill = true;
    EXPECT_EQ(state({&a, &b}, {}, "2026-03-01T12:30:00Z"),
              (Alerts{
                  "SurgedIncident acme-20260301-1 2026-03-01T12:07:00Z..2026-03-01T12:34:00Z",
                  "SurgedIncident acme-20260301-2-drill 2026-03-01T12:07:00Z..2026-03-01T12:34:00Z",
              }));
    EXPECT_EQ(receiver().render_state({}, {}, "", "", at("2026-03-01T12:30:00Z")).size(), 0u);
}

TEST(Alertmanager, ABreachIsAnAlertOfItsOwnUntilTheClockIsMet) {
    auto incident = sample_incident();
    auto& clock = incident.clocks[1];
    clock.state = ClockState::breached;
    clock.at = at("2026-03-01T13:01:31Z");
    auto const whole = "SurgedIncident acme-20260301-1 2026-03-01T12:07:00Z..";
    auto const breach = "SurgedClockBreached acme-20260301-1 x respond 2026-03-01T13:01:30Z..";
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T13:05:00Z"),
              (Alerts{whole + std::string("2026-03-01T13:09:00Z"),
                      breach + std::string("2026-03-01T13:09:00Z")}));
    clock.state = ClockState::met_late;
    clock.at = at("2026-03-01T13:20:00Z");
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T13:20:10Z"),
              (Alerts{whole + std::string("2026-03-01T13:24:10Z"),
                      breach + std::string("2026-03-01T13:20:00Z")}));
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T13:35:00Z").size(), 2u) << "said 15 min more";
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T13:35:01Z").size(), 1u);
    // Met in time: never an alert.
    clock.state = ClockState::met;
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T13:20:10Z").size(), 1u);
}

TEST(Alertmanager, TheBreachReadsAsABreach) {
    auto incident = sample_incident();
    incident.clocks[1].state = ClockState::breached;
    auto const body =
        receiver().render(sample_page(incident), at("2026-03-01T13:05:00Z")).at(0).body;
    EXPECT_NE(
        body.find(
            R"x({"labels":{"alertname":"SurgedClockBreached","brand":"acme","incident":"acme-20260301-1","drill":"false","platform":"x","kind":"respond"},)x"
            R"x("annotations":{"summary":"CRITICAL acme: OVERDUE: first public answer on X was due 13:01 UTC (3 min overdue)")x"),
        std::string::npos)
        << body;
    EXPECT_NE(body.find(R"("due":"2026-03-01T13:01:30Z","severity":"critical")"),
              std::string::npos);
}

TEST(Alertmanager, ClosingEndsTheAlertsAtTheTrueTime) {
    auto incident = sample_incident();
    incident.state = IncidentState::closed;
    incident.closed = at("2026-03-01T14:00:00Z");
    auto& clock = incident.clocks[1];  // in breach until the closing dropped it
    clock.state = ClockState::dropped;
    clock.at = incident.closed;
    incident.clocks[0].state = ClockState::met;
    Alerts const ended{
        "SurgedIncident acme-20260301-1 2026-03-01T12:07:00Z..2026-03-01T14:00:00Z",
        "SurgedClockBreached acme-20260301-1 x respond 2026-03-01T13:01:30Z..2026-03-01T14:00:00Z"};
    auto const page = sample_page(incident, EventName::incident_closed);
    EXPECT_EQ(alerts(receiver().render(page, at("2026-03-01T14:00:05Z"))), ended);
    EXPECT_EQ(state({}, {&incident}, "2026-03-01T14:10:00Z"), ended);
    // Told hours later, to a receiver that was away: still the true time.
    EXPECT_EQ(alerts(receiver().render(page, at("2026-03-01T20:00:00Z"))), Alerts{ended[0]});
}

TEST(Alertmanager, NeverSaysAStartInTheFutureOrAnEndBeforeTheStart) {
    auto incident = sample_incident();
    incident.clocks[1].state = ClockState::breached;
    // The wall clock was set back by hours after both.
    EXPECT_EQ(state({&incident}, {}, "2026-03-01T10:00:00Z"),
              (Alerts{"SurgedIncident acme-20260301-1 2026-03-01T10:00:00Z..2026-03-01T10:04:00Z",
                      "SurgedClockBreached acme-20260301-1 x respond "
                      "2026-03-01T10:00:00Z..2026-03-01T10:04:00Z"}));
    incident.state = IncidentState::closed;
    incident.closed = at("2026-03-01T11:00:00Z");
    EXPECT_EQ(state({}, {&incident}, "2026-03-01T12:30:00Z").at(0),
              "SurgedIncident acme-20260301-1 2026-03-01T12:07:00Z..2026-03-01T12:07:00Z");
}

TEST(Alertmanager, TellsWhatConcernsNoIncident) {
    exporters::Page page;
    page.event.brand = "acme";
    page.event.stream = "acme-x";
    page.event.at = at("2026-03-01T12:00:00Z");
    auto const of = [&](EventName name) {
        page.event.name = name;
        return alerts(receiver().render(page, at("2026-03-01T12:00:10Z"))).at(0);
    };
    EXPECT_EQ(of(EventName::stream_blind),
              "SurgedStreamBlind acme-x 2026-03-01T12:00:00Z..2026-03-02T12:00:10Z");
    EXPECT_EQ(of(EventName::stream_restored),
              "SurgedStreamBlind acme-x 2026-03-01T12:00:00Z..2026-03-01T12:00:00Z");
    EXPECT_EQ(of(EventName::budget_low),
              "SurgedBudgetLow acme-x 2026-03-01T12:00:00Z..2026-03-01T13:00:10Z");
    page.event.incident = "gone";
    EXPECT_EQ(receiver().render(page, page.event.at).size(), 0u);
}

TEST(Alertmanager, StrangersWordsStayInsideTheirStrings) {
    auto incident = sample_incident();
    incident.owner = kHostile;
    incident.state = IncidentState::acknowledged;
    incident.id = "my brand-20260301-1";
    auto page = sample_page(incident);
    page.event.note = std::string(100'000, 'n') + kHostile;
    page.plan_url = "https://wiki.example/" + kHostile;
    auto const requests = receiver().render(page, at("2026-03-01T12:10:00Z"));
    simdjson::dom::parser parser;
    auto const body = simdjson::padded_string(requests[0].body);
    auto const json = parser.parse(body);
    ASSERT_EQ(json.error(), simdjson::SUCCESS);
    auto const alert = json.at(0);
    EXPECT_EQ(alert["labels"].get_object().value().size(), 4u);
    EXPECT_EQ(std::string_view(alert["generatorURL"]),
              "https://127.0.0.1:9477/incidents/my%20brand-20260301-1");
    EXPECT_LE(std::string_view(alert["annotations"]["description"]).size(), 4000u);
}

TEST(Alertmanager, Judges) {
    auto const am = receiver();
    EXPECT_FALSE(am.needs_all());
    EXPECT_EQ(am.judge(answered(200)).kind, Answer::Kind::delivered);
    EXPECT_EQ(am.judge(answered(400, "\"start time must be before end time\\n\"\n")).kind,
              Answer::Kind::refused);
    EXPECT_EQ(am.judge(answered(415)).kind, Answer::Kind::refused);
    EXPECT_EQ(am.judge(answered(422)).kind, Answer::Kind::refused);
    EXPECT_EQ(am.judge(answered(429)).kind, Answer::Kind::retry);
    EXPECT_EQ(am.judge(answered(503)).kind, Answer::Kind::retry);
}

}  // namespace
}  // namespace surged::tests
