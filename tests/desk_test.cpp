// The sentences of the contract's "Meaning" about clocks, states and moments, one test each.
#include "detectors/desk.h"

#include "tests/sim_desk.h"

#include <gtest/gtest.h>

namespace surged::tests {
namespace {

TEST(Desk, ASurgeOpensAnIncident) {
    SimDesk d;
    d.now = kNoon + 7min;
    auto const said = d.start("acme-x", kNoon + 90s);
    EXPECT_EQ(names(said), "surge.started incident.opened");
    Event const& e = said[1].event;
    EXPECT_EQ(e.incident, "acme-20260301-1");
    EXPECT_EQ(e.brand, "acme");
    EXPECT_EQ(e.at, d.now);
    EXPECT_EQ(e.stream, "acme-x");
    EXPECT_EQ(e.platform, "x");
    EXPECT_EQ(e.onset, kNoon + 90s);
    EXPECT_EQ(e.observed, 412);
    EXPECT_EQ(e.expected, 31.5);
    EXPECT_EQ(e.window, std::chrono::seconds(10min));
    EXPECT_EQ(e.severity, Severity::warning);
    EXPECT_EQ(e.plan_url, "https://wiki.example/acme-crisis");
    EXPECT_EQ(e.clocks.size(), 3U);
    EXPECT_EQ(to(said, EventName::incident_opened), "am chat oncall");
    EXPECT_EQ(to(said, EventName::surge_started), "");
    EXPECT_EQ(e.summary,
              "acme on x, warning: 412 mentions in 10m, 31.5 expected (13.1x), since 12:01 UTC; "
              "acknowledge by 12:17 UTC (in 10m), first public answer on x by 13:01 UTC "
              "(in 54m 30s), full answer on x by 14:01 UTC (in 1h 54m)");
}

TEST(Desk, RespondAndResolveCountFromTheOnsetAcknowledgeFromTheOpening) {
    SimDesk d;
    d.now = kNoon + 5min;
    d.start("acme-x", kNoon);
    EXPECT_EQ(d.clock(ClockKind::acknowledge).due, kNoon + 15min);
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 60min);
    EXPECT_EQ(d.clock(ClockKind::resolve).due, kNoon + 120min);
}

TEST(Desk, ClockStartsOpenedMovesRespondAndResolveOnly) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.from_onset = false;
    SimDesk d(rules);
    d.now = kNoon + 5min;
    d.start("acme-x", kNoon);
    EXPECT_EQ(d.clock(ClockKind::acknowledge).due, kNoon + 15min);
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 65min);
    EXPECT_EQ(d.clock(ClockKind::resolve).due, kNoon + 125min);
}

TEST(Desk, AnyOfTheThreeClocksMayBeLeftOut) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.acknowledge.reset();
    rules.streams["acme-x"].policy.resolve.reset();
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    ASSERT_EQ(d.incident().clocks.size(), 1U);
    EXPECT_EQ(d.incident().clocks[0].kind, ClockKind::respond);
}

TEST(Desk, ClocksRingAtTheirInstants) {
    SimDesk d;
    d.start("acme-x", kNoon);
    EXPECT_EQ(d.desk.next_due(), kNoon + 5min);
    EXPECT_EQ(names(d.tick_at(kNoon + 5min - 1s)), "");
    auto said = d.tick_at(kNoon + 5min);
    EXPECT_EQ(names(said), "clock.warning");
    EXPECT_EQ(to(said, EventName::clock_warning), "chat oncall");
    EXPECT_EQ(said[0].event.summary,
              "acme on x, warning: acknowledge due by 12:10 UTC (in 5m); acknowledge by 12:10 UTC "
              "(in 5m), first public answer on x by 13:00 UTC (in 55m), full answer on x by "
              "14:00 UTC (in 1h 55m)");
    EXPECT_EQ(names(d.tick_at(kNoon + 8min)), "clock.warning");
    EXPECT_EQ(names(d.tick_at(kNoon + 10min - 1s)), "");
    said = d.tick_at(kNoon + 10min);
    EXPECT_EQ(names(said), "clock.breached");
    EXPECT_EQ(to(said, EventName::clock_breached), "chat lead mail oncall");
    EXPECT_EQ(said[0].event.clock->state, ClockState::breached);
    EXPECT_EQ(said[0].event.severity, Severity::critical);  // a clock is breached
    EXPECT_EQ(names(d.tick_at(kNoon + 10min)), "");
    EXPECT_EQ(d.desk.next_due(), kNoon + 30min);
}

TEST(Desk, AfterAGapEverythingDueIsRaisedWithItsTrueTimeInOrder) {
    SimDesk d;
    d.start("acme-x", kNoon);
    auto const said = d.tick_at(kNoon + 3h);
    std::vector<std::pair<WallTime, std::string>> got;
    for (Notice const& n : said)
        got.emplace_back(n.event.at, std::string(to_string(n.event.clock->kind)) + " " +
                                         std::string(to_string(n.event.clock->state)));
    std::vector<std::pair<WallTime, std::string>> const expected = {
        {kNoon + 5min, "acknowledge running"},   {kNoon + 8min, "acknowledge running"},
        {kNoon + 10min, "acknowledge breached"}, {kNoon + 30min, "respond running"},
        {kNoon + 48min, "respond running"},      {kNoon + 60min, "respond breached"},
        {kNoon + 60min, "resolve running"},      {kNoon + 96min, "resolve running"},
        {kNoon + 120min, "resolve breached"}};
    EXPECT_EQ(got, expected);
    EXPECT_EQ(said.back().event.clock->at, kNoon + 2h);
}

TEST(Desk, AClockPastOnArrivalIsJournalledAndTheOpeningPageCarriesIt) {
    SimDesk d;
    d.now = kNoon + 65min;
    auto const said = d.start("acme-x", kNoon);
    // Two warnings and the breach of respond, one warning of resolve: recorded, sent to nobody.
    EXPECT_EQ(names(said),
              "surge.started incident.opened clock.warning clock.warning clock.breached "
              "clock.warning");
    for (std::size_t i = 2; i < said.size(); ++i) {
        EXPECT_TRUE(said[i].event.on_arrival);
        EXPECT_TRUE(said[i].journal);
        EXPECT_TRUE(said[i].to.empty());
        EXPECT_EQ(said[i].event.at, d.now);
    }
    EXPECT_EQ(said[4].event.clock->at, kNoon + 60min);
    EXPECT_EQ(to(said, EventName::incident_opened), "am chat lead mail oncall");
    EXPECT_EQ(said[1].event.severity, Severity::critical);
    EXPECT_NE(said[1].event.summary.find("late: the public noticed 65 minutes ago"),
              std::string::npos)
        << said[1].event.summary;
    EXPECT_EQ(names(d.tick()), "");
}

TEST(Desk, WhatIsDueAtTheVeryInstantOfOpeningIsOnArrivalAndASecondLaterIsNot) {
    SimDesk a;
    a.now = kNoon + 60min;
    EXPECT_NE(find(a.start("acme-x", kNoon), EventName::clock_breached), nullptr);
    SimDesk b;
    b.now = kNoon + 60min - 1s;
    EXPECT_EQ(find(b.start("acme-x", kNoon), EventName::clock_breached), nullptr);
    auto const said = b.tick_at(kNoon + 60min);
    ASSERT_NE(find(said, EventName::clock_breached), nullptr);
    EXPECT_FALSE(find(said, EventName::clock_breached)->event.on_arrival);
    EXPECT_EQ(to(said, EventName::clock_breached), "chat lead mail oncall");
}

TEST(Desk, OneSetOfClocksPerPlatform) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.now = kNoon + 3min;
    auto const said = d.start("acme-facebook", kNoon + 1min);
    EXPECT_EQ(names(said), "surge.started incident.stream_joined");
    EXPECT_EQ(said[1].event.incident, "acme-20260301-1");
    EXPECT_EQ(to(said, EventName::incident_stream_joined), "chat");
    EXPECT_EQ(d.incident().clocks.size(), 6U);
    EXPECT_EQ(d.clock(ClockKind::acknowledge, "facebook").due, kNoon + 30min);  // from the opening
    EXPECT_EQ(d.clock(ClockKind::respond, "facebook").due, kNoon + 1min + 4h);
    d.start("acme-x2", kNoon + 2min);
    EXPECT_EQ(d.incident().clocks.size(), 6U);
}

TEST(Desk, AJoiningStreamBringsADueTimeEarlierNeverLater) {
    SimDesk d;
    d.now = kNoon + 20min;
    d.start("acme-x", kNoon + 15min);
    d.start("acme-x2", kNoon + 18min);
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 75min);
    BrandRules rules = acme_rules();
    rules.streams["acme-x3"] = rules.streams["acme-x"];
    d.desk.set_rules(rules);
    d.start("acme-x3", kNoon + 5min);
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 65min);
    EXPECT_EQ(d.clock(ClockKind::acknowledge).due, kNoon + 30min);
    EXPECT_EQ(d.incident().onset, kNoon + 5min);
}

TEST(Desk, AStreamThatJoinsLateRingsInItsOwnPage) {
    SimDesk d;
    d.now = kNoon + 70min;
    d.start("acme-x", kNoon + 60min);
    auto const said = d.start("acme-x2", kNoon);
    EXPECT_EQ(to(said, EventName::incident_stream_joined), "chat lead mail oncall");
    ASSERT_NE(find(said, EventName::clock_breached), nullptr);
    EXPECT_TRUE(find(said, EventName::clock_breached)->event.on_arrival);
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::breached);
}

TEST(Desk, ASurgeToldTwiceIsOneAndAStreamThatSurgesAgainJoinsAgain) {
    SimDesk d;
    d.start("acme-x", kNoon);
    EXPECT_EQ(names(d.start("acme-x", kNoon)), "surge.started");
    EXPECT_EQ(names(d.end("acme-x")), "surge.ended");
    EXPECT_EQ(names(d.end("acme-x")), "");
    EXPECT_EQ(names(d.start("acme-x", kNoon)), "surge.started incident.stream_joined");
    EXPECT_EQ(d.desk.incidents().size(), 1U);
}

TEST(Desk, AcknowledgeConcernsAllPlatformsAtOnceAndNeverStopsRespond) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.start("acme-facebook", kNoon);
    d.now = kNoon + 4min;
    auto const said = d.word(Action::acknowledge);
    EXPECT_EQ(names(said), "clock.met clock.met incident.acknowledged");
    EXPECT_EQ(d.clock(ClockKind::acknowledge).state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::acknowledge, "facebook").state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
    EXPECT_EQ(d.incident().state, IncidentState::acknowledged);
    EXPECT_EQ(d.incident().owner, "kim");
    EXPECT_EQ(said[2].event.by, "kim");
    EXPECT_EQ(said[2].event.via, "cli");
    // Whoever was told of it is told of its acknowledgement without being named.
    EXPECT_EQ(to(said, EventName::incident_acknowledged), "am chat oncall");
    EXPECT_EQ(names(d.word(Action::acknowledge)), "");  // twice changes nothing
    EXPECT_EQ(d.heard.refusal, Refusal::none);
}

TEST(Desk, AcknowledgeAtItsDueInstantIsLate) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.now = kNoon + 10min;
    EXPECT_EQ(names(d.word(Action::acknowledge)),
              "clock.warning clock.warning clock.breached clock.met incident.acknowledged");
    EXPECT_EQ(d.clock(ClockKind::acknowledge).state, ClockState::met_late);
}

TEST(Desk, AnAcknowledgementWithoutAPublicAnswerIsTakenBackAndRingsAgain) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.acknowledge_expires = 30min;
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.now = kNoon + 4min;
    d.word(Action::acknowledge);
    EXPECT_EQ(find(d.tick_at(kNoon + 34min - 1s), EventName::incident_unacknowledged), nullptr);
    auto const said = d.tick_at(kNoon + 34min);
    EXPECT_EQ(names(said), "incident.unacknowledged");
    EXPECT_EQ(to(said, EventName::incident_unacknowledged), "am chat oncall");
    EXPECT_EQ(d.incident().state, IncidentState::open);
    EXPECT_EQ(d.incident().owner, "");
    Clock const& again = d.clock(ClockKind::acknowledge, "x", 2);
    EXPECT_EQ(again.state, ClockState::running);
    EXPECT_EQ(again.due, kNoon + 44min);
    EXPECT_EQ(names(d.tick_at(kNoon + 39min)), "clock.warning");
    auto const taken = d.word(Action::acknowledge);
    EXPECT_EQ(names(taken), "clock.met incident.acknowledged");
    EXPECT_EQ(taken[0].event.clock->run, 2);
}

TEST(Desk, AnAnswerEndsTheWaitForOne) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.acknowledge_expires = 30min;
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.word(Action::acknowledge);
    d.word(Action::respond, "https://x.com/acme/status/1");
    EXPECT_EQ(find(d.tick_at(kNoon + 2h), EventName::incident_unacknowledged), nullptr);
}

TEST(Desk, TheAnswerOnOnePlatformDoesNotEndTheWaitOnTheOther) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.acknowledge_expires = 30min;
    rules.streams["acme-facebook"].policy.acknowledge_expires = 2h;
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.start("acme-facebook", kNoon);
    d.word(Action::acknowledge);
    d.word(Action::respond, "https://x.com/acme/status/1");
    EXPECT_EQ(find(d.tick_at(kNoon + 2h - 1s), EventName::incident_unacknowledged), nullptr);
    EXPECT_NE(find(d.tick_at(kNoon + 2h), EventName::incident_unacknowledged), nullptr);
    for (Clock const& c : d.incident().clocks) EXPECT_FALSE(c.platform == "x" && c.run == 2);
    EXPECT_EQ(d.clock(ClockKind::acknowledge, "facebook", 2).due, kNoon + 2h + 30min);
}

TEST(Desk, ABreachedClockRepeatsUntilItIsMet) {
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.repeat_every = 15min;
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.tick_at(kNoon + 10min);
    EXPECT_EQ(names(d.tick_at(kNoon + 25min - 1s)), "");
    auto said = d.tick_at(kNoon + 25min);
    EXPECT_EQ(names(said), "(clock.breached)");  // a delivery, no journal event
    EXPECT_EQ(to(said, EventName::clock_breached), "chat lead mail oncall");
    EXPECT_EQ(said[0].repeat_of, "acknowledge/x/1");
    d.tick_at(kNoon + 61min);
    // Acknowledging ends the repeats of acknowledge only.
    d.word(Action::acknowledge);
    said = d.tick_at(kNoon + 75min);
    EXPECT_EQ(names(said), "(clock.breached)");
    EXPECT_EQ(said[0].repeat_of, "respond/x/1");
    d.word(Action::respond, "https://x.com/acme/status/1");
    EXPECT_EQ(names(d.tick_at(kNoon + 95min)), "");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::met_late);
}

TEST(Desk, TheLadderIsClimbedWhileNobodyAcknowledges) {
    BrandRules rules = acme_rules();
    EscalationStep step;
    step.after = 20min;
    step.repeat = 15min;
    step.notify = {"boss", "boss"};
    rules.escalation = {step};
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.tick_at(kNoon + 20min - 1s);
    auto said = d.tick_at(kNoon + 20min);
    EXPECT_EQ(names(said), "(incident.opened)");
    EXPECT_EQ(to(said, EventName::incident_opened), "boss");
    EXPECT_EQ(said[0].repeat_of, "escalation/0");
    EXPECT_EQ(said[0].event.clocks.size(), 3U);
    EXPECT_EQ(names(d.tick_at(kNoon + 35min)), "clock.warning (incident.opened)");
    auto const acknowledged = d.word(Action::acknowledge);
    EXPECT_EQ(to(acknowledged, EventName::incident_acknowledged), "am boss chat lead mail oncall");
    EXPECT_EQ(names(d.tick_at(kNoon + 50min)), "clock.warning");
}

TEST(Desk, ARungOnAClockIsClimbedWhileItIsNotMet) {
    BrandRules rules = acme_rules();
    EscalationStep share;
    share.at_share = 0.8;
    share.clock = ClockKind::respond;
    share.notify = {"lead"};
    EscalationStep before;
    before.before = 10min;
    before.clock = ClockKind::respond;
    before.repeat = 30min;
    before.notify = {"boss"};
    rules.escalation = {share, before};
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.word(Action::acknowledge);  // acknowledging stops no rung of respond
    EXPECT_EQ(names(d.tick_at(kNoon + 48min)), "clock.warning clock.warning (clock.warning)");
    auto said = d.tick_at(kNoon + 50min);
    EXPECT_EQ(names(said), "(clock.warning)");
    EXPECT_EQ(to(said, EventName::clock_warning), "boss");
    EXPECT_EQ(said[0].repeat_of, "escalation/1/respond/x/1");
    said = d.tick_at(kNoon + 80min);
    EXPECT_EQ(names(said), "clock.breached clock.warning (clock.breached)");
    d.word(Action::respond, "https://x.com/acme/status/1");
    said = d.tick_at(kNoon + 110min);
    EXPECT_EQ(names(said), "clock.warning");
}

TEST(Desk, SurgeEndedChangesNoState) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::acknowledge);
    EXPECT_EQ(names(d.end("acme-x")), "surge.ended");
    EXPECT_EQ(d.incident().state, IncidentState::acknowledged);
}

TEST(Desk, ClosesByItselfWhenItHasBeenQuiet) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.now = kNoon + 30min;
    d.end("acme-x");
    // The last clock (resolve) came due at 14:00; a day later it is over.
    EXPECT_EQ(find(d.tick_at(kNoon + 26h - 1s), EventName::incident_closed), nullptr);
    auto const said = d.tick_at(kNoon + 26h);
    EXPECT_EQ(names(said), "clock.dropped clock.dropped clock.dropped incident.closed");
    EXPECT_EQ(said.back().event.reason, "quiet");
    EXPECT_EQ(said.back().event.at, kNoon + 26h);
    EXPECT_EQ(to(said, EventName::incident_closed), "am chat lead mail oncall");
    EXPECT_EQ(d.incident().state, IncidentState::closed);
    EXPECT_EQ(d.desk.next_due(), kNoTime);
    EXPECT_EQ(d.desk.current(), nullptr);
}

TEST(Desk, DoesNotCloseWhileASurgeGoesOnAndCountsFromItsEnd) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::respond, "https://x.com/acme/status/1");
    d.tick_at(kNoon + 72h);
    EXPECT_EQ(d.incident().state, IncidentState::responded);
    d.end("acme-x");
    EXPECT_EQ(d.desk.next_due(), kNoon + 96h);
    EXPECT_NE(find(d.tick_at(kNoon + 96h), EventName::incident_closed), nullptr);
}

TEST(Desk, AStreamThatAReloadTookAwayDoesNotHoldItOpen) {
    SimDesk d;
    d.start("acme-x", kNoon);
    BrandRules rules = acme_rules();
    rules.streams.erase("acme-x");
    d.desk.set_rules(rules);
    EXPECT_NE(find(d.tick_at(kNoon + 26h), EventName::incident_closed), nullptr);
}

TEST(Desk, AfterClosingANewSurgeOpensANewIncident) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::close);
    EXPECT_EQ(names(d.start("acme-facebook", kNoon)), "surge.started incident.opened");
    EXPECT_EQ(d.incident().id, "acme-20260301-2");
    d.word(Action::close);
    d.now = kNoon + 12h;
    d.start("acme-x", d.now);
    EXPECT_EQ(d.incident().id, "acme-20260302-1");  // the UTC day of opening
}

TEST(Desk, ASurgeThatSharesAConversationReopensAClosedIncident) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.mentions("acme-x", "1750", 3);
    d.word(Action::acknowledge);
    d.word(Action::close);
    d.now = kNoon + 59 * 24h;
    SurgeStarted in;
    in.stream = "acme-x";
    in.verdict = surge_since(d.now - 10min);
    in.conversations = {"9", "1750"};
    auto const said = d.start(in);
    EXPECT_EQ(names(said), "surge.started incident.reopened");
    EXPECT_EQ(said[1].event.reason, "long_tail");
    EXPECT_EQ(to(said, EventName::incident_reopened), "chat oncall");
    EXPECT_EQ(d.desk.incidents().size(), 1U);
    EXPECT_EQ(d.incident().state, IncidentState::open);
    EXPECT_EQ(d.clock(ClockKind::respond, "x", 2).due, d.now + 50min);
    EXPECT_EQ(d.clock(ClockKind::resolve, "x", 2).state, ClockState::running);
    for (Clock const& c : d.incident().clocks)
        EXPECT_FALSE(c.kind == ClockKind::acknowledge && c.run == 2);
    d.word(Action::close);
    d.now += 2h;
    in.verdict = surge_since(d.now);
    EXPECT_EQ(find(d.start(in), EventName::incident_reopened)->event.reason, "second_wave");
    d.word(Action::close);
    d.now += 61 * 24h;  // beyond watch_after
    in.verdict = surge_since(d.now);
    EXPECT_EQ(names(d.start(in)), "surge.started incident.opened");
}

TEST(Desk, SeverityIsRaisedNeverLowered) {
    SimDesk d;
    d.start("acme-x", kNoon);
    EXPECT_EQ(d.incident().severity, Severity::warning);
    auto const said = d.grow("acme-x", 900, true);
    EXPECT_EQ(names(said), "surge.grown");
    EXPECT_EQ(said[0].event.observed, 900);
    EXPECT_EQ(said[0].event.severity, Severity::critical);
    EXPECT_EQ(to(said, EventName::surge_grown), "chat");
    d.grow("acme-x", 1800, false);
    EXPECT_EQ(d.incident().severity, Severity::critical);
    SimDesk raised;
    SurgeStarted in;
    in.stream = "acme-x";
    in.verdict = surge_since(kNoon);
    in.raise_word = true;
    EXPECT_EQ(raised.start(in)[1].event.severity, Severity::critical);
    SimDesk rare;
    in.raise_word = false;
    in.verdict.critical = true;
    EXPECT_EQ(rare.start(in)[1].event.severity, Severity::critical);
}

TEST(Desk, AFloodMayStayAWarning) {
    for (bool const policy : {false, true})
        for (bool const word : {false, true}) {
            BrandRules rules = acme_rules();
            rules.flood_is_warning = policy;
            SimDesk d(rules);
            SurgeStarted in;
            in.stream = "acme-x";
            in.verdict = surge_since(kNoon);
            in.verdict.critical = true;
            in.raise_word = word;
            in.composition = Composition{"flood", 3, 0.6, 0, 0.5, 0.9};
            bool const critical = !policy || word;
            EXPECT_EQ(d.start(in)[1].event.severity,
                      critical ? Severity::critical : Severity::warning);
        }
}

TEST(Desk, AnAnswerThatIsRejectedIsAskedForAgain) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.mentions("acme-x", "big", 20);
    auto const rejected = [&] {
        SimDesk::Said said;
        d.desk.apply(AnswerRejected{d.incident().id, "the surge rises again", d.now - 5min}, d.now,
                     said);
        return said;
    };
    d.now += 20min;
    EXPECT_EQ(find(rejected(), EventName::incident_reopened), nullptr) << "no answer yet";
    d.post({"x", "own1", "", "big", "", "big"});
    ASSERT_EQ(d.incident().state, IncidentState::responded);
    WallTime const owed = d.clock(ClockKind::resolve, "x", 1).due;
    d.now += 50min;
    auto const said = rejected();
    Notice const* const again = find(said, EventName::incident_reopened);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->event.reason, "second_wave");
    EXPECT_EQ(again->event.note, "the surge rises again");
    EXPECT_EQ(to(said, EventName::incident_reopened), "chat oncall");
    EXPECT_EQ(d.clock(ClockKind::respond, "x", 2).due, d.now - 5min + 1h);
    EXPECT_EQ(d.clock(ClockKind::resolve, "x", 1).due, owed) << "still owed, as it was";
    EXPECT_EQ(d.clock(ClockKind::resolve, "x", 1).state, ClockState::running);
    EXPECT_EQ(find(rejected(), EventName::incident_reopened), nullptr) << "once a run";
    d.post({"x", "own2", "", "big", "", "big"});
    EXPECT_EQ(d.clock(ClockKind::respond, "x", 2).state, ClockState::met);
    d.end("acme-x");
    d.now += 1h;
    EXPECT_EQ(find(rejected(), EventName::incident_reopened), nullptr) << "nothing surges";
}

TEST(Desk, WhoHoldsCampaignsHearsOfNothingElse) {
    BrandRules rules = acme_rules();
    rules.pause_promotion = {"scheduler"};
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    EXPECT_EQ(to(d.word(Action::acknowledge), EventName::incident_acknowledged).find("scheduler"),
              std::string::npos);
    EXPECT_EQ(to(d.word(Action::close), EventName::incident_closed).find("scheduler"),
              std::string::npos);
}

TEST(Desk, ADrillHasItsOwnIncidentAndJoinsAndHidesNothing) {
    BrandRules rules = acme_rules();
    rules.pause_promotion = {"scheduler"};
    SimDesk d(rules);
    auto said = d.start("acme-x", kNoon, true);
    EXPECT_EQ(names(said), "surge.started incident.opened");  // and promotion is not paused
    EXPECT_EQ(said[1].event.incident, "acme-20260301-1-drill");
    EXPECT_TRUE(said[1].event.drill);
    EXPECT_EQ(said[1].event.summary.substr(0, 11), "DRILL acme ");
    said = d.start("acme-x", kNoon);
    EXPECT_EQ(names(said), "surge.started incident.opened incident.promotion_paused");
    EXPECT_EQ(said[1].event.incident, "acme-20260301-1");
    EXPECT_EQ(to(said, EventName::incident_promotion_paused), "scheduler");
    EXPECT_EQ(d.desk.current(true)->streams.size(), 1U);
    d.end("acme-x", true);
    EXPECT_TRUE(d.desk.current()->streams[0].surging);
    d.mentions("acme-x", "1", 5);
    EXPECT_TRUE(d.desk.current(true)->mentions.empty());
    said = d.tick_at(kNoon + 5min);
    EXPECT_EQ(names(said), "clock.warning clock.warning");  // its clocks are real
    said = d.word(Action::close);
    EXPECT_NE(find(said, EventName::incident_promotion_resumed), nullptr);
    EXPECT_EQ(to(said, EventName::incident_promotion_resumed), "scheduler");
    EXPECT_NE(d.desk.current(true), nullptr);
}

TEST(Desk, AReloadLeavesRunningClocksAsTheyWere) {
    SimDesk d;
    d.start("acme-x", kNoon);
    BrandRules rules = acme_rules();
    rules.streams["acme-x"].policy.respond = 5min;
    rules.streams["acme-x2"].policy.respond = 5min;
    d.desk.set_rules(rules);
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 1h);
    d.start("acme-x2", kNoon);  // new ones follow the new rules
    EXPECT_EQ(d.clock(ClockKind::respond).due, kNoon + 5min);
}

TEST(Desk, AReopeningWithoutAListOfItsOwnGoesToThoseOfTheOpening) {
    BrandRules rules = acme_rules();
    rules.notify.erase(Moment::reopened);
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.word(Action::close);
    EXPECT_EQ(to(d.word(Action::reopen), EventName::incident_reopened), "am chat oncall");
}

TEST(Desk, BrandsWithBlanksHaveIdsWithoutAndLateSurgesSaySo) {
    BrandRules rules = acme_rules();
    rules.name = "acme corp";
    SimDesk d(rules);
    SurgeStarted in;
    in.stream = "acme-x";
    in.verdict = surge_since(kNoon - 6h);
    in.late = true;
    auto const said = d.start(in);
    EXPECT_EQ(said[1].event.incident, "acme-corp-20260301-1");
    EXPECT_TRUE(said[1].event.late);
    EXPECT_NE(said[1].event.summary.find("late: the public noticed 360 minutes ago"),
              std::string::npos);
}

TEST(Desk, ForgetsWhatClosedLongAgo) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::close);
    d.now = kNoon + 1h;
    d.start("acme-x", d.now);
    d.desk.forget_closed_before(kNoon);
    EXPECT_EQ(d.desk.incidents().size(), 2U);
    d.desk.forget_closed_before(kNoon + 1s);
    ASSERT_EQ(d.desk.incidents().size(), 1U);
    ASSERT_NE(d.desk.current(), nullptr);
    EXPECT_EQ(d.desk.current()->id, "acme-20260301-2");
    EXPECT_EQ(d.desk.find("acme-20260301-1"), nullptr);
}

TEST(Desk, GoesToBytesAndBackAndRefusesDamage) {
    BrandRules rules = acme_rules();
    rules.escalation.resize(1);
    rules.escalation[0].after = 20min;
    rules.escalation[0].notify = {"boss"};
    SimDesk d(rules);
    d.start("acme-x", kNoon);
    d.mentions("acme-x", "1", 3);
    d.post({"x", "77", "https://x.com/acme/77", "", "", "", {}});
    d.word(Action::acknowledge);
    d.start("acme-x", kNoon, true);
    std::string const blob = d.desk.save();
    Desk other(rules);
    ASSERT_TRUE(other.restore(blob));
    EXPECT_EQ(other.save(), blob);
    EXPECT_EQ(other.next_due(), d.desk.next_due());
    std::vector<Notice> a, b;
    d.desk.tick(kNoon + 30h, a);
    other.tick(kNoon + 30h, b);
    EXPECT_EQ(names(a), names(b));
    std::string const before = other.save();
    for (std::size_t cut = 0; cut < blob.size(); cut += 7)
        EXPECT_FALSE(other.restore(std::string_view(blob).substr(0, cut))) << cut;
    EXPECT_FALSE(other.restore(blob + "x"));
    EXPECT_EQ(other.save(), before);  // a damaged blob changes nothing
}

TEST(Desk, ASurgeThatOutlivesItsIncidentIsStillTold) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::close);
    auto const said = d.grow("acme-x", 900, true);
    EXPECT_EQ(names(said), "surge.grown");
    EXPECT_EQ(said[0].event.incident, "acme-20260301-1");
    EXPECT_EQ(d.incident().state, IncidentState::closed);
    EXPECT_EQ(names(d.end("acme-x")), "surge.ended");
    EXPECT_EQ(names(d.grow("acme-facebook", 5)), "");  // nobody ever heard of it
}

}  // namespace
}  // namespace surged::tests
