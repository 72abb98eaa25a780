#include "exporters/receivers/words.h"

#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "tests/sample_page.h"

#include <gtest/gtest.h>

namespace surged::tests {
namespace {

using detectors::ClockState;
using detectors::EventName;
using exporters::clock_words;
using exporters::cut;
using exporters::headline;
using exporters::plain;

TEST(Text, CutsBetweenCharacters) {
    EXPECT_EQ(cut("abcdef", 6), "abcdef");
    EXPECT_EQ(cut("abcdefg", 6), "abc\xE2\x80\xA6");
    // Two bytes each: a cut at 4 bytes of text would halve the third.
    EXPECT_EQ(cut("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F", 6), "\xC3\xA4\xE2\x80\xA6");
    EXPECT_EQ(cut("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5", 7), "\xF0\x9F\x94\xA5\xE2\x80\xA6");
    EXPECT_EQ(cut("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5", 6), "\xE2\x80\xA6");
    EXPECT_EQ(cut("\xF0\x9F\x94\xA5", 3), "\xE2\x80\xA6");
    EXPECT_EQ(cut("", 3), "");
    for (std::size_t limit = 3; limit < 40; ++limit) {
        auto const text =
            cut("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\xA5 and all of it once more", limit);
        EXPECT_LE(text.size(), limit);
        EXPECT_EQ(plain(text), text) << limit;
    }
}

TEST(Text, MakesAStrangersTextOneHarmlessLine) {
    EXPECT_EQ(plain("a\r\nb\tc\x7f\xC2\x85\xE2\x80\xA8x"), "a  b c   x");
    EXPECT_EQ(plain("\xE2\x80\xAEgnp.exe\xE2\x81\xA6\xE2\x80\x8B\xEF\xBB\xBF"), "gnp.exe");
    EXPECT_EQ(plain("a\xC3\x28\xFF\xED\xA0\x80z"),
              "a\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
    EXPECT_EQ(plain("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // an overlong slash
    // A family of emoji and Persian are written with joiners: they stay.
    EXPECT_EQ(plain("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xC3\xA4"),
              "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xC3\xA4");
}

TEST(Words, TellClocksInUtcWithWhatIsLeft) {
    auto clock = view(sample_incident().clocks[1]);
    EXPECT_EQ(clock_words(clock, at("2026-03-01T12:07:30Z")),
              "first public answer on X due 13:01 UTC (54 min left)");
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:00:31Z")),
              "first public answer on X due 13:01 UTC (under a minute left)");
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:01:30Z")),
              "first public answer on X is due now, 13:01 UTC");
    EXPECT_EQ(clock_words(clock, at("2026-02-28T13:01:30Z")),
              "first public answer on X due 2026-03-01 13:01 UTC (1d left)");
    clock.state = ClockState::breached;
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:13:31Z")),
              "first public answer on X was due 13:01 UTC (12 min overdue)");
    EXPECT_EQ(clock_words(clock, at("2026-03-01T16:06:30Z")),
              "first public answer on X was due 13:01 UTC (3h 05m overdue)");
    clock.state = ClockState::met_late;
    clock.at = at("2026-03-01T13:40:30Z");
    clock.by = "kim";
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:41:00Z")),
              "first public answer on X given 13:40 UTC by kim, 39 min late");
    clock.state = ClockState::met;
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:41:00Z")),
              "first public answer on X given 13:40 UTC by kim");
    clock.state = ClockState::dropped;
    EXPECT_EQ(clock_words(clock, at("2026-03-01T13:41:00Z")),
              "first public answer on X no longer asked for");
}

TEST(Words, SayLateWhenTheOpeningCarriesAWarningOrABreach) {
    auto incident = sample_incident();
    incident.severity = detectors::Severity::warning;
    auto page = sample_page(incident);
    EXPECT_EQ(headline(page, at("2026-03-01T12:07:30Z")),
              "acme: 412 mentions on X in 10m, 13x the usual 31.5; "
              "acknowledgement on X due 12:17 UTC (9 min left)");
    // Half of the respond clock was over when it was made.
    incident.clocks[1].warn_times = {at("2026-03-01T12:06:30Z"), at("2026-03-01T12:50:00Z")};
    EXPECT_EQ(headline(page, at("2026-03-01T12:07:30Z")),
              "acme: 412 mentions on X in 10m, 13x the usual 31.5; late: the public noticed 6 "
              "minutes ago; acknowledgement on X due 12:17 UTC (9 min left)");
    incident.clocks[1].warn_times = {at("2026-03-01T12:31:30Z")};
    EXPECT_EQ(headline(page, at("2026-03-01T12:07:30Z")).find("late:"), std::string::npos);
    page.event.late = true;
    EXPECT_NE(
        headline(page, at("2026-03-01T12:02:30Z")).find("late: the public noticed 1 minute ago"),
        std::string::npos);
}

TEST(Words, ABreachSaysSoUntilItIsMet) {
    auto incident = sample_incident();
    incident.clocks[1].state = ClockState::breached;
    auto page = clock_page(incident, EventName::clock_breached, 1);
    auto const now = at("2026-03-01T13:05:00Z");
    EXPECT_EQ(headline(page, now),
              "CRITICAL acme: OVERDUE: first public answer on X was due 13:01 UTC (3 min overdue)");
    page.repeat = true;
    EXPECT_EQ(headline(page, now),
              "CRITICAL acme: STILL OVERDUE: first public answer on X was due 13:01 UTC (3 min "
              "overdue)");
    page.repeat = false;
    incident.drill = page.event.drill = true;
    EXPECT_EQ(headline(page, now).substr(0, 31), "DRILL CRITICAL acme: OVERDUE: f");
    // The receiver was away; the answer was given meanwhile.
    incident.drill = page.event.drill = false;
    incident.clocks[1].state = ClockState::met_late;
    incident.clocks[1].at = at("2026-03-01T13:04:00Z");
    EXPECT_EQ(headline(page, now),
              "CRITICAL acme: was overdue: first public answer on X given 13:04 UTC, 2 min late");
}

TEST(Words, EachEventReadsAsASentence) {
    auto incident = sample_incident();
    incident.severity = detectors::Severity::warning;
    incident.clocks.clear();
    auto const now = at("2026-03-01T12:30:00Z");
    auto const say = [&](EventName name, auto&& change) {
        auto page = sample_page(incident, name);
        change(page.event);
        return headline(page, now);
    };
    auto const as_is = [](detectors::Event&) {};
    EXPECT_EQ(say(EventName::surge_grown, as_is),
              "acme: GROWING: 412 mentions on X in 10m, 13x the usual 31.5");
    EXPECT_EQ(say(EventName::incident_reopened, [](auto& e) { e.reason = "second_wave"; }),
              "acme: BACK, a second wave: 412 mentions on X in 10m, 13x the usual 31.5");
    EXPECT_EQ(say(EventName::incident_stream_joined, [](auto& e) { e.platform = "hackernews"; }),
              "acme: now on Hacker News too: 412 mentions on Hacker News in 10m, 13x the usual "
              "31.5");
    EXPECT_EQ(say(EventName::incident_acknowledged,
                  [](auto& e) {
                      e.by = "kim";
                      e.via = "pagerduty";
                  }),
              "acme: kim has it (pagerduty)");
    EXPECT_EQ(say(EventName::incident_unacknowledged, as_is),
              "acme: NOBODY HAS IT ANY MORE: the acknowledgement ran out");
    EXPECT_EQ(say(EventName::incident_responded,
                  [](auto& e) {
                      e.by = "kim";
                      e.link = "https://x.example/1";
                  }),
              "acme: answered in public by kim: https://x.example/1");
    EXPECT_EQ(say(EventName::incident_closed,
                  [](auto& e) {
                      e.reason = "quiet";
                      e.at = at("2026-03-01T12:29:00Z");
                  }),
              "acme: closed, it has been quiet, after 22 min");
    EXPECT_EQ(say(EventName::evidence_deleted,
                  [](auto& e) {
                      e.whose = "theirs";
                      e.mention = "1750";
                  }),
              "acme: a post of theirs on X was deleted: 1750");
    EXPECT_EQ(
        say(EventName::incident_opened, [](auto& e) { e.kind = detectors::SurgeKind::unanswered; }),
        "acme: a question under our own post on X has no answer");
    EXPECT_EQ(say(EventName::incident_note, [](auto& e) { e.note = "call\nlegal"; }),
              "acme: note: call legal");
}

TEST(Words, StreamsAndBudgetsHaveWordsToo) {
    exporters::Page page;
    page.event.brand = "acme";
    page.event.stream = "acme-x";
    page.event.reason = "auth: HTTP 401";
    page.event.covered_until = at("2026-03-01T12:00:00Z");
    auto const now = at("2026-03-01T12:30:00Z");
    page.event.name = EventName::stream_blind;
    EXPECT_EQ(headline(page, now), "acme: BLIND: stream acme-x since 12:00 UTC: auth: HTTP 401");
    page.event.name = EventName::receiver_failed;
    EXPECT_EQ(headline(page, now), "acme: A RECEIVER FAILED: auth: HTTP 401");
    page.event.summary = "test page of receiver 'oncall'";
    EXPECT_EQ(headline(page, now), "acme: test page of receiver 'oncall'");
}

TEST(Words, TheStateOfAnIncidentInOneLine) {
    auto incident = sample_incident();
    auto const page = exporters::state_page(incident, "https://s.example/", "");
    auto const now = at("2026-03-01T12:12:00Z");
    EXPECT_EQ(headline(page, now),
              "CRITICAL acme: 412 mentions on X, 13x the usual 31.5 since 12:01 UTC; nobody has it "
              "yet; acknowledgement on X due 12:17 UTC (5 min left)");
    incident.state = detectors::IncidentState::acknowledged;
    incident.owner = "kim";
    incident.clocks[0].state = ClockState::met;
    EXPECT_EQ(headline(page, now),
              "CRITICAL acme: 412 mentions on X, 13x the usual 31.5 since 12:01 UTC; acknowledged "
              "by kim; first public answer on X due 13:01 UTC (49 min left)");
    incident.id = "my brand-20260301-1";
    auto const named = exporters::state_page(incident, "https://s.example/", "");
    EXPECT_EQ(exporters::incident_url(named), "https://s.example/incidents/my%20brand-20260301-1");
}

TEST(Words, OfEachClockTheLatestRunStands) {
    auto incident = sample_incident();
    incident.clocks[1].state = ClockState::met_late;
    auto second = incident.clocks[1];
    second.run = 2;
    second.state = ClockState::running;
    incident.clocks.push_back(second);
    auto const clocks = present_clocks(sample_page(incident));
    ASSERT_EQ(clocks.size(), 2u);
    EXPECT_EQ(clocks[1].run, 2);
    EXPECT_EQ(exporters::most_urgent(clocks)->due, at("2026-03-01T12:17:00Z"));
}

}  // namespace
}  // namespace surged::tests
