#include "detectors/event.h"

#include "detectors/desk.h"

#include <gtest/gtest.h>

#include <limits>

namespace surged::detectors {
namespace {

using namespace std::chrono_literals;

WallTime t(std::string_view text) {
    return parse_time(text).value();
}

TEST(Event, IsWrittenAsTheContractShowsIt) {
    Event e;
    e.id = 4711;
    e.name = EventName::incident_opened;
    e.at = t("2026-03-01T12:07:00Z");
    e.incident = "acme-20260301-1";
    e.brand = "acme";
    e.stream = "acme-x";
    e.platform = "x";
    e.kind = SurgeKind::volume;
    e.onset = t("2026-03-01T12:01:30Z");
    e.observed = 412;
    e.expected = 31.5;
    e.ratio = 412 / 31.5;
    e.window = 10min;
    e.severity = Severity::critical;
    e.return_days = 92.3;  // a number of days nobody reads to the hour
    e.doubling = 4min;
    e.composition = Composition{"organic", 371, 0.01, 0.0, 0.05, 0.02};
    ClockView clock;
    clock.platform = "x";
    clock.due = t("2026-03-01T12:17:00Z");
    e.clocks.push_back(clock);
    clock.kind = ClockKind::respond;
    clock.due = t("2026-03-01T13:01:30Z");
    e.clocks.push_back(clock);
    e.plan_url = "https://wiki.example/acme-crisis";
    e.url = "https://127.0.0.1:9477/incidents/acme-20260301-1";
    EXPECT_EQ(
        to_json(e),
        R"({"id":4711,"event":"incident.opened","at":"2026-03-01T12:07:00Z",)"
        R"("incident":"acme-20260301-1","brand":"acme","drill":false,)"
        R"("stream":"acme-x","platform":"x","kind":"volume","onset":"2026-03-01T12:01:30Z",)"
        R"("observed":412,"expected":31.5,"ratio":13.1,"window":"10m",)"
        R"("severity":"critical","return_days":92,"doubling":"4m",)"
        R"("composition":{"kind":"organic","authors":371,"top_author":0.01,"reposts":0,)"
        R"("copies":0.05,"new_accounts":0.02},)"
        R"("clocks":[{"platform":"x","kind":"acknowledge","run":1,"due":"2026-03-01T12:17:00Z",)"
        R"("state":"running"},{"platform":"x","kind":"respond","run":1,)"
        R"("due":"2026-03-01T13:01:30Z","state":"running"}],)"
        R"("plan_url":"https://wiki.example/acme-crisis",)"
        R"("url":"https://127.0.0.1:9477/incidents/acme-20260301-1"})");
}

TEST(Event, LeavesOutWhatDoesNotApply) {
    Event e;
    e.name = EventName::config_reloaded;
    e.at = t("2026-03-01T12:07:00Z");
    EXPECT_EQ(to_json(e), R"({"event":"config.reloaded","at":"2026-03-01T12:07:00Z"})");
    e.name = EventName::stream_blind;
    e.brand = "acme";
    e.stream = "acme-x";
    e.platform = "x";
    e.reason = "auth";
    e.covered_until = t("2026-03-01T12:00:00Z");
    EXPECT_EQ(to_json(e),
              R"({"event":"stream.blind","at":"2026-03-01T12:07:00Z","brand":"acme","drill":false,)"
              R"("stream":"acme-x","platform":"x","reason":"auth",)"
              R"("covered_until":"2026-03-01T12:00:00Z"})");
    e.ratio = std::numeric_limits<double>::infinity();  // never null
    EXPECT_EQ(to_json(e).find("ratio"), std::string::npos);
}

TEST(Event, ClocksAndOperatorsAndEvidence) {
    Event e;
    e.name = EventName::clock_met;
    e.at = t("2026-03-01T12:40:00Z");
    e.incident = "a-20260301-1-drill";
    e.brand = "a";
    e.drill = true;
    e.clock = ClockView{
        "x",   ClockKind::respond, 2, t("2026-03-01T13:00:00Z"), ClockState::met_late, e.at,
        "kim", "https://x.com/a/1"};
    e.by = "kim";
    e.via = "cli";
    e.note = "we said \"sorry\"";
    e.link = "https://x.com/a/1";
    e.on_arrival = true;
    e.late = true;
    e.item = "Fix it";
    e.done = false;
    e.mention = "17";
    e.whose = "ours";
    EXPECT_EQ(to_json(e),
              R"({"event":"clock.met","at":"2026-03-01T12:40:00Z","incident":"a-20260301-1-drill",)"
              R"("brand":"a","drill":true,"clock":{"platform":"x","kind":"respond","run":2,)"
              R"("due":"2026-03-01T13:00:00Z","state":"met_late","at":"2026-03-01T12:40:00Z",)"
              R"("by":"kim","link":"https://x.com/a/1"},"by":"kim","via":"cli",)"
              R"("note":"we said \"sorry\"","link":"https://x.com/a/1","item":"Fix it",)"
              R"("done":false,"mention":"17","whose":"ours","late":true,"on_arrival":true})");
}

TEST(Event, EveryNameOfTheContractAndItsMoment) {
    std::vector<std::pair<std::string, Moment>> const names = {
        {"surge.started", Moment::none},
        {"surge.grown", Moment::grown},
        {"surge.ended", Moment::none},
        {"incident.opened", Moment::opened},
        {"incident.stream_joined", Moment::grown},
        {"incident.acknowledged", Moment::acknowledged},
        {"incident.unacknowledged", Moment::acknowledged},
        {"incident.responded", Moment::responded},
        {"incident.resolved", Moment::resolved},
        {"incident.reopened", Moment::reopened},
        {"incident.closed", Moment::closed},
        {"incident.note", Moment::none},
        {"incident.checked", Moment::none},
        {"incident.own_post", Moment::none},
        {"incident.wrong_account", Moment::wrong_account},
        {"incident.promotion_paused", Moment::none},
        {"incident.promotion_resumed", Moment::none},
        {"clock.warning", Moment::warning},
        {"clock.breached", Moment::breached},
        {"clock.met", Moment::none},
        {"clock.dropped", Moment::none},
        {"evidence.deleted", Moment::deleted},
        {"evidence.edited", Moment::deleted},
        {"stream.blind", Moment::blind},
        {"stream.restored", Moment::blind},
        {"stream.gap", Moment::blind},
        {"stream.learning", Moment::none},
        {"stream.new_normal", Moment::none},
        {"budget.low", Moment::blind},
        {"receiver.failed", Moment::blind},
        {"silence.started", Moment::none},
        {"silence.ended", Moment::none},
        {"config.reloaded", Moment::none},
        {"drill.started", Moment::none},
        {"drill.ended", Moment::none}};
    for (auto const& [word, moment] : names) {
        auto const name = event_name(word);
        ASSERT_TRUE(name) << word;
        EXPECT_EQ(to_string(*name), word);
        EXPECT_EQ(moment_of(*name), moment) << word;
    }
    EXPECT_EQ(names.size(), std::size_t(EventName::drill_ended) + 1);
    EXPECT_EQ(event_name("incident.exploded"), std::nullopt);
    EXPECT_EQ(event_name(""), std::nullopt);
}

TEST(Event, WordsOfItsFields) {
    EXPECT_EQ(to_string(SurgeKind::volume), "volume");
    EXPECT_EQ(to_string(SurgeKind::breadth), "breadth");
    EXPECT_EQ(to_string(SurgeKind::tone), "tone");
    EXPECT_EQ(to_string(SurgeKind::rule), "rule");
    EXPECT_EQ(to_string(SurgeKind::unanswered), "unanswered");
    EXPECT_EQ(to_string(Severity::warning), "warning");
    EXPECT_EQ(to_string(Severity::critical), "critical");
    EXPECT_EQ(to_string(ClockKind::acknowledge), "acknowledge");
    EXPECT_EQ(to_string(ClockKind::respond), "respond");
    EXPECT_EQ(to_string(ClockKind::resolve), "resolve");
    EXPECT_EQ(to_string(ClockState::running), "running");
    EXPECT_EQ(to_string(ClockState::breached), "breached");
    EXPECT_EQ(to_string(ClockState::met), "met");
    EXPECT_EQ(to_string(ClockState::met_late), "met_late");
    EXPECT_EQ(to_string(ClockState::dropped), "dropped");
    EXPECT_EQ(to_string(IncidentState::open), "open");
    EXPECT_EQ(to_string(IncidentState::acknowledged), "acknowledged");
    EXPECT_EQ(to_string(IncidentState::responded), "responded");
    EXPECT_EQ(to_string(IncidentState::resolved), "resolved");
    EXPECT_EQ(to_string(IncidentState::closed), "closed");
    for (auto const* word :
         {"opened", "warning", "breached", "acknowledged", "responded", "resolved", "reopened",
          "closed", "grown", "blind", "deleted", "wrong_account"}) {
        auto const moment = moment_named(word);
        ASSERT_TRUE(moment) << word;
        EXPECT_EQ(to_string(*moment), word);
    }
    EXPECT_EQ(moment_named(""), std::nullopt);
    EXPECT_EQ(moment_named("none"), std::nullopt);
    for (auto const* word :
         {"acknowledge", "respond", "resolve", "close", "reopen", "note", "check"})
        EXPECT_EQ(to_string(action_of(word).value()), word);
    EXPECT_EQ(action_of("ack"), Action::acknowledge);  // as the command line says it
    EXPECT_EQ(action_of("explode"), std::nullopt);
}

TEST(Event, NumbersAndDurationsForPeople) {
    EXPECT_EQ(rounded(412.4), 412);
    EXPECT_EQ(rounded(31.46), 31.5);
    EXPECT_EQ(rounded(3.0), 3);
    EXPECT_EQ(rounded(0.04739), 0.047);
    EXPECT_EQ(rounded(0), 0);
    EXPECT_EQ(duration_text(10min), "10m");
    EXPECT_EQ(duration_text(90min), "1h30m");
    EXPECT_EQ(duration_text(90s), "1m30s");
    EXPECT_EQ(duration_text(7 * 24h), "7d");
    EXPECT_EQ(duration_text(0s), "0s");
}

}  // namespace
}  // namespace surged::detectors
