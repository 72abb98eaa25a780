// Events read back from the journal: the literal shapes of the contract, and what is no event.
#include "daemon/event_json.h"

#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using namespace detectors;
using std::chrono::seconds;

WallTime time_of(char const* text) {
    return parse_time(text).value();
}

constexpr char const* kOpened = R"(
{"id":4711,"event":"incident.opened","at":"2026-03-01T12:07:00Z","incident":"acme-20260301-1","brand":"acme","drill":false,
 "stream":"acme-x","platform":"x","kind":"volume","onset":"2026-03-01T12:01:30Z","observed":412,"expected":31.5,"ratio":13.1,"window":"10m",
 "severity":"critical","return_days":92,"doubling":"4m",
 "composition":{"kind":"organic","authors":371,"top_author":0.01,"reposts":0.0,"copies":0.05,"new_accounts":0.02},
 "clocks":[{"platform":"x","kind":"acknowledge","run":1,"due":"2026-03-01T12:17:00Z","state":"running"},{"platform":"x","kind":"respond","run":1,"due":"2026-03-01T13:01:30Z","state":"running"}],
 "plan_url":"https://wiki.example/acme-crisis","url":"https://127.0.0.1:9477/incidents/acme-20260301-1"}
)";

TEST(EventJson, ReadsTheContractsExample) {
    auto const e = event_from_json(kOpened);
    ASSERT_TRUE(e);
    EXPECT_EQ(e->id, 4711);
    EXPECT_EQ(e->name, EventName::incident_opened);
    EXPECT_EQ(e->at, time_of("2026-03-01T12:07:00Z"));
    EXPECT_EQ(e->incident, "acme-20260301-1");
    EXPECT_EQ(e->brand, "acme");
    EXPECT_FALSE(e->drill);
    EXPECT_EQ(e->stream, "acme-x");
    EXPECT_EQ(e->platform, "x");
    EXPECT_EQ(e->kind, SurgeKind::volume);
    EXPECT_EQ(e->onset, time_of("2026-03-01T12:01:30Z"));
    EXPECT_EQ(e->observed, 412.0);
    EXPECT_EQ(e->expected, 31.5);
    EXPECT_EQ(e->ratio, 13.1);
    EXPECT_EQ(e->window, seconds{600});
    EXPECT_EQ(e->severity, Severity::critical);
    EXPECT_EQ(e->return_days, 92.0);
    EXPECT_EQ(e->doubling, seconds{240});
    ASSERT_TRUE(e->composition);
    EXPECT_EQ(e->composition->kind, "organic");
    EXPECT_EQ(e->composition->authors, 371);
    EXPECT_EQ(e->composition->top_author, 0.01);
    EXPECT_EQ(e->composition->reposts, 0.0);
    EXPECT_EQ(e->composition->copies, 0.05);
    EXPECT_EQ(e->composition->new_accounts, 0.02);
    ASSERT_EQ(e->clocks.size(), 2U);
    EXPECT_EQ(e->clocks[0].kind, ClockKind::acknowledge);
    EXPECT_EQ(e->clocks[0].due, time_of("2026-03-01T12:17:00Z"));
    EXPECT_EQ(e->clocks[1].platform, "x");
    EXPECT_EQ(e->clocks[1].kind, ClockKind::respond);
    EXPECT_EQ(e->clocks[1].run, 1);
    EXPECT_EQ(e->clocks[1].state, ClockState::running);
    EXPECT_EQ(e->clocks[1].at, kNoTime);
    EXPECT_EQ(e->plan_url, "https://wiki.example/acme-crisis");
    EXPECT_EQ(e->url, "https://127.0.0.1:9477/incidents/acme-20260301-1");
    // What does not apply is absent.
    EXPECT_FALSE(e->clock);
    EXPECT_FALSE(e->done);
    EXPECT_FALSE(e->late);
    EXPECT_EQ(e->covered_until, kNoTime);
    EXPECT_EQ(e->summary, "");
}

TEST(EventJson, ReadsTheOtherFields) {
    auto const breached = event_from_json(
        R"({"event":"clock.breached","at":"2026-03-01T13:01:30.250Z","drill":true,
            "clock":{"platform":"facebook","kind":"resolve","run":3,"due":"2026-03-01T13:01:30Z",
                     "state":"met_late","at":"2026-03-01T14:00:00Z","by":"kim","link":"https://l"},
            "on_arrival":true,"late":true,"summary":"a \"word\"\nand \u00e9"})");
    ASSERT_TRUE(breached);
    EXPECT_EQ(breached->id, 0);
    EXPECT_EQ(breached->name, EventName::clock_breached);
    EXPECT_EQ(breached->at, time_of("2026-03-01T13:01:30.250Z"));
    EXPECT_TRUE(breached->drill);
    EXPECT_TRUE(breached->on_arrival);
    EXPECT_TRUE(breached->late);
    EXPECT_EQ(breached->summary, "a \"word\"\nand \xC3\xA9");
    ASSERT_TRUE(breached->clock);
    EXPECT_EQ(breached->clock->kind, ClockKind::resolve);
    EXPECT_EQ(breached->clock->run, 3);
    EXPECT_EQ(breached->clock->state, ClockState::met_late);
    EXPECT_EQ(breached->clock->at, time_of("2026-03-01T14:00:00Z"));
    EXPECT_EQ(breached->clock->by, "kim");
    EXPECT_EQ(breached->clock->link, "https://l");

    auto const checked = event_from_json(
        R"({"event":"incident.checked","at":"2026-03-01T13:00:00Z","item":"Fix it","done":false,
            "by":"kim","via":"api","note":"n","link":"l","verdict":"real","reason":"r",
            "mention":"1750","whose":"ours","covered_until":"2026-03-01T12:00:00Z"})");
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->item, "Fix it");
    EXPECT_EQ(checked->done, false);
    EXPECT_EQ(checked->by, "kim");
    EXPECT_EQ(checked->via, "api");
    EXPECT_EQ(checked->note, "n");
    EXPECT_EQ(checked->link, "l");
    EXPECT_EQ(checked->verdict, "real");
    EXPECT_EQ(checked->reason, "r");
    EXPECT_EQ(checked->mention, "1750");
    EXPECT_EQ(checked->whose, "ours");
    EXPECT_EQ(checked->covered_until, time_of("2026-03-01T12:00:00Z"));
}

TEST(EventJson, WhatItWritesItReads) {
    auto const once = event_from_json(kOpened);
    ASSERT_TRUE(once);
    std::string const written = to_json(*once);
    auto const twice = event_from_json(written);
    ASSERT_TRUE(twice) << written;
    EXPECT_EQ(to_json(*twice), written);
    EXPECT_EQ(twice->clocks.size(), 2U);
    EXPECT_EQ(twice->window, seconds{600});
}

TEST(EventJson, SkipsWhatALaterVersionMayHaveWritten) {
    EXPECT_TRUE(event_from_json(
        R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","mood":{"deep":[1,null]}})"));
}

TEST(EventJson, RefusesWhatIsNoEvent) {
    for (auto const* bad : {
             "",
             "[]",
             "null",
             "{",
             R"({"event":"incident.note"})",
             R"({"at":"2026-03-01T13:00:00Z"})",
             R"({"event":"incident.exploded","at":"2026-03-01T13:00:00Z"})",
             R"({"event":"incident.note","at":"yesterday"})",
             R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","brand":7})",
             R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","window":"ten"})",
             R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","kind":"loud"})",
             R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","clocks":[{"run":1}]})",
             R"({"event":"incident.note","at":"2026-03-01T13:00:00Z","observed":null})",
         })
        EXPECT_FALSE(event_from_json(bad)) << bad;
}

}  // namespace
}  // namespace surged::daemon
