#include "daemon/outbox.h"

#include "tests/sample_page.h"

#include <gtest/gtest.h>

namespace surged::tests {
namespace {

using daemon::Outbox;
using daemon::OutboxRow;
using daemon::OutboxSettle;
using detectors::EventName;
using detectors::kNoTime;
using detectors::WallTime;
using exporters::Answer;
using namespace std::chrono_literals;

auto const kStart = at("2026-03-01T12:00:00Z");

Answer answer(Answer::Kind kind, std::optional<std::chrono::seconds> after = {}) {
    Answer out;
    out.kind = kind;
    out.retry_after = after;
    return out;
}
auto const kDelivered = answer(Answer::Kind::delivered);
auto const kRefused = answer(Answer::Kind::refused);
auto const kRetry = answer(Answer::Kind::retry);

// An outbox with one receiver, "r".
struct Box {
    Outbox outbox;
    std::int64_t last = 0;
    std::vector<OutboxSettle> settled;

    OutboxRow row(std::string incident, EventName name, WallTime due, std::string clock = {}) {
        detectors::Event event;
        event.id = ++last;
        event.name = name;
        event.at = due;
        event.incident = incident;
        event.brand = "acme";
        event.stream = "acme-x";
        if (!clock.empty()) {
            event.clock.emplace();
            event.clock->platform = clock;
            event.clock->kind = detectors::ClockKind::respond;
            event.clock->due = kStart;
        }
        OutboxRow row;
        row.id = last;
        row.receiver = "r";
        row.brand = "acme";
        row.incident = std::move(incident);
        row.event = last;
        row.key = "i-" + std::to_string(last);
        row.due = row.next_at = due;
        row.event_json = to_json(event);
        return row;
    }
    void add(std::string incident, EventName name, WallTime due = kStart, std::string clock = {}) {
        outbox.add(row(std::move(incident), name, due, std::move(clock)));
    }
    void repeat(std::string incident, WallTime due, std::string clock) {
        auto again = row(std::move(incident), EventName::clock_breached, due, std::move(clock));
        again.repeat = true;
        outbox.add(std::move(again));
    }
    std::string next(WallTime now) {
        auto const row = outbox.next("r", now, settled);
        return row ? row->key : "";
    }
    // Takes everything that can be had at `now`, each delivered.
    std::vector<std::string> drain(WallTime now) {
        std::vector<std::string> keys;
        while (auto const row = outbox.next("r", now, settled)) {
            keys.push_back(row->key);
            (void)outbox.settle(row->id, kDelivered, now, 0.5);
        }
        return keys;
    }
    std::vector<std::int64_t> dropped() const {
        std::vector<std::int64_t> ids;
        for (auto const& settle : settled)
            if (settle.remove) ids.push_back(settle.id);
        return ids;
    }
};
using Keys = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;

TEST(Outbox, GivesRowsInTheOrderInWhichTheyCame) {
    Box box;
    EXPECT_EQ(box.outbox.next_at("r"), kNoTime);
    EXPECT_EQ(box.outbox.oldest("r"), kNoTime);
    box.add("b", EventName::incident_opened);
    box.add("a", EventName::incident_opened, kStart + 1s);
    box.add("b", EventName::surge_grown, kStart + 2s);
    EXPECT_EQ(box.outbox.waiting("r"), 3u);
    EXPECT_EQ(box.outbox.waiting("other"), 0u);
    EXPECT_EQ(box.outbox.oldest("r"), kStart);
    EXPECT_EQ(box.next(kStart + 5s), "i-1");
    EXPECT_EQ(box.next(kStart + 5s), "i-1") << "asked again before it was settled";
    EXPECT_EQ(box.drain(kStart + 5s), (Keys{"i-1", "i-2", "i-3"}));
    EXPECT_EQ(box.outbox.waiting("r"), 0u);
    EXPECT_EQ(box.outbox.next_at("r"), kNoTime);
    EXPECT_EQ(box.dropped(), Ids{});
}

TEST(Outbox, WaitsUntilARowIsDue) {
    Box box;
    box.add("a", EventName::incident_opened, kStart + 10s);
    EXPECT_EQ(box.next(kStart + 9s), "");
    EXPECT_EQ(box.outbox.next_at("r"), kStart + 10s);
    EXPECT_EQ(box.next(kStart + 10s), "i-1");
}

TEST(Outbox, BacksOffFromFiveSecondsToFiveMinutesUnderOneKey) {
    Box box;
    box.add("a", EventName::incident_opened);
    auto now = kStart;
    // Half of 5, 10, 20, ... 300 s.
    int attempt = 0;
    for (auto const wait :
         {2500ms, 5000ms, 10000ms, 20000ms, 40000ms, 80000ms, 150000ms, 150000ms}) {
        auto const row = box.outbox.next("r", now, box.settled);
        ASSERT_TRUE(row) << attempt;
        EXPECT_EQ(row->key, "i-1");
        EXPECT_EQ(row->attempts, attempt);
        auto const settle = box.outbox.settle(row->id, kRetry, now, 0.5);
        EXPECT_FALSE(settle.remove);
        EXPECT_EQ(settle.id, 1);
        EXPECT_EQ(settle.attempts, ++attempt);
        EXPECT_EQ(settle.next_at, now + wait) << attempt;
        EXPECT_EQ(box.outbox.next_at("r"), now + wait);
        EXPECT_EQ(box.next(now + wait - 1ms), "");
        now += wait;
    }
}

TEST(Outbox, FullJitterNeverMeansNoWait) {
    Box box;
    box.add("a", EventName::incident_opened);
    ASSERT_EQ(box.next(kStart), "i-1");
    EXPECT_EQ(box.outbox.settle(1, kRetry, kStart, 0.0).next_at, kStart + 1s);
}

TEST(Outbox, HonoursRetryAfterAndBoundsIt) {
    Box box;
    box.add("a", EventName::incident_opened);
    box.add("b", EventName::incident_opened);
    ASSERT_EQ(box.next(kStart), "i-1");
    EXPECT_EQ(box.outbox.settle(1, answer(Answer::Kind::retry, 90s), kStart, 0.1).next_at,
              kStart + 90s);
    // It was the receiver that asked for rest: no other page either.
    EXPECT_EQ(box.next(kStart + 89s), "");
    ASSERT_EQ(box.next(kStart + 90s), "i-2") << "who was tried least goes first";
    (void)box.outbox.settle(2, kDelivered, kStart + 90s, 0.5);
    ASSERT_EQ(box.next(kStart + 90s), "i-1");
    EXPECT_EQ(box.outbox.settle(1, answer(Answer::Kind::retry, 86400s), kStart + 90s, 0.1).next_at,
              kStart + 90s + 900s);
    // Shorter than our own backoff: ours stands.
    ASSERT_EQ(box.next(kStart + 990s), "i-1");
    EXPECT_EQ(box.outbox.settle(1, answer(Answer::Kind::retry, 0s), kStart + 990s, 0.5).next_at,
              kStart + 990s + 10s);
}

TEST(Outbox, ARefusedRowGoesAndTheNextComes) {
    Box box;
    box.add("a", EventName::incident_opened);
    box.add("a", EventName::surge_grown);
    ASSERT_EQ(box.next(kStart), "i-1");
    EXPECT_TRUE(box.outbox.settle(1, kRefused, kStart, 0.5).remove);
    EXPECT_EQ(box.drain(kStart), Keys{"i-2"});
}

TEST(Outbox, ThePageThatCannotBeDigestedHoldsUpItsOwnIncidentOnly) {
    Box box;
    box.add("a", EventName::incident_opened);
    box.add("a", EventName::surge_grown);
    for (int i = 0; i < 5; ++i) box.add("b" + std::to_string(i), EventName::incident_opened);
    Keys delivered;
    for (auto now = kStart; now < kStart + 2min; now += 1s) {
        auto const row = box.outbox.next("r", now, box.settled);
        if (!row) continue;
        bool const poison = row->key == "i-1";
        (void)box.outbox.settle(row->id, poison ? kRetry : kDelivered, now, 0.5);
        if (!poison) delivered.push_back(row->key);
    }
    EXPECT_EQ(delivered, (Keys{"i-3", "i-4", "i-5", "i-6", "i-7"}));
    EXPECT_EQ(box.outbox.waiting("r"), 2u);
}

TEST(Outbox, WhenTheReceiverIsBackNobodyWaitsOutHisBackoff) {
    Box box;
    for (int i = 0; i < 20; ++i) box.add("a" + std::to_string(i), EventName::incident_opened);
    auto now = kStart;
    for (; now < kStart + 40min; now += 1s)
        if (auto const row = box.outbox.next("r", now, box.settled))
            (void)box.outbox.settle(row->id, kRetry, now, 0.9);
    now = std::max(now, box.outbox.next_at("r"));
    auto const keys = box.drain(now);
    EXPECT_EQ(keys.size(), 20u);
}

// Down for two hours: what is, then what was, less the warning that a later one made old news.
TEST(Outbox, AReceiverThatWasAwayGetsTheStateThenTheHistory) {
    Box box;
    box.add("a", EventName::incident_opened, kStart);                    // 1
    box.add("", EventName::stream_blind, kStart + 5min);                 // 2
    box.add("a", EventName::clock_warning, kStart + 10min, "x");         // 3: superseded
    box.add("a", EventName::surge_grown, kStart + 12min);                // 4: superseded
    box.add("a", EventName::clock_warning, kStart + 20min, "x");         // 5: superseded
    box.add("a", EventName::surge_grown, kStart + 22min);                // 6
    box.add("a", EventName::clock_warning, kStart + 25min, "facebook");  // 7: another clock
    box.add("a", EventName::clock_breached, kStart + 30min, "x");        // 8
    box.repeat("a", kStart + 45min, "x");                                // 9: superseded
    box.repeat("a", kStart + 60min, "x");                                // 10
    box.add("b", EventName::incident_opened, kStart + 110min);           // 11: fresh
    auto const now = kStart + 2h;

    auto const first = box.outbox.next("r", now, box.settled);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->key, "i-8-state");
    EXPECT_TRUE(first->catch_up);
    EXPECT_FALSE(first->repeat);
    EXPECT_LT(first->id, 0);
    EXPECT_EQ(first->incident, "a");
    EXPECT_EQ(box.drain(now),
              (Keys{"i-8-state", "i-11-state", "i-1", "i-2", "i-6", "i-7", "i-8", "i-10", "i-11"}));
    auto dropped = box.dropped();
    std::sort(dropped.begin(), dropped.end());
    EXPECT_EQ(dropped, (Ids{3, 4, 5, 9}));
    EXPECT_EQ(box.outbox.waiting("r"), 0u);
    EXPECT_TRUE(box.outbox.take_given_up().empty()) << "superseded is not lost";
}

TEST(Outbox, AShortAbsenceSkipsNothingButRepeats) {
    Box box;
    box.add("a", EventName::clock_warning, kStart, "x");
    box.add("a", EventName::clock_warning, kStart + 10min, "x");
    box.add("a", EventName::clock_breached, kStart + 20min, "x");
    box.repeat("a", kStart + 30min, "x");
    box.repeat("a", kStart + 40min, "x");
    EXPECT_EQ(box.drain(kStart + 59min), (Keys{"i-1", "i-2", "i-3", "i-5"}));
    EXPECT_EQ(box.dropped(), Ids{4});
}

TEST(Outbox, ARepeatOfAClockThatWasMetIsOldNews) {
    Box box;
    box.add("a", EventName::clock_breached, kStart, "x");
    box.repeat("a", kStart + 5min, "x");
    box.add("a", EventName::clock_met, kStart + 6min, "x");
    EXPECT_EQ(box.drain(kStart + 7min), (Keys{"i-1", "i-3"}));
}

TEST(Outbox, TheStateIsTriedAgainBeforeTheHistoryAndRefusedIsToldToo) {
    Box box;
    box.add("a", EventName::incident_opened, kStart);
    auto const now = kStart + 3h;
    auto state = box.outbox.next("r", now, box.settled);
    ASSERT_TRUE(state && state->catch_up);
    auto const settle = box.outbox.settle(state->id, kRetry, now, 0.5);
    EXPECT_FALSE(settle.remove);
    EXPECT_LT(settle.id, 0);
    EXPECT_EQ(box.next(now + 1s), "");
    state = box.outbox.next("r", now + 3s, box.settled);
    ASSERT_TRUE(state && state->catch_up);
    EXPECT_EQ(state->attempts, 1);
    (void)box.outbox.settle(state->id, kRefused, now + 3s, 0.5);
    EXPECT_EQ(box.drain(now + 3s), Keys{"i-1"});
}

TEST(Outbox, AfterARestartTheSameRowsComeUnderTheSameKeys) {
    Box box;
    box.add("a", EventName::incident_opened);
    box.add("a", EventName::surge_grown);
    ASSERT_EQ(box.next(kStart), "i-1");
    auto const settle = box.outbox.settle(1, kRetry, kStart, 0.5);
    // What the store holds: the rows as added, and what settle() said.
    Box again;
    auto first = again.row("a", EventName::incident_opened, kStart);
    first.attempts = settle.attempts;
    first.next_at = settle.next_at;
    again.outbox.load({first, again.row("a", EventName::surge_grown, kStart)});
    EXPECT_EQ(again.next(settle.next_at - 1ms), "");
    auto const row = again.outbox.next("r", settle.next_at, again.settled);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->key, "i-1");
    EXPECT_EQ(row->attempts, 1);
    EXPECT_EQ(again.drain(settle.next_at), (Keys{"i-1", "i-2"}));
}

TEST(Outbox, NothingIsGivenUpWhileItsIncidentIsOpen) {
    Box box;
    box.add("open", EventName::incident_opened);
    box.add("over", EventName::incident_opened);
    box.add("over", EventName::incident_closed, kStart + 1h);
    box.add("back", EventName::incident_closed);
    box.add("back", EventName::incident_reopened);
    box.add("", EventName::budget_low);
    auto const week = kStart + 7 * 24h;
    EXPECT_NE(box.next(week), "");
    EXPECT_EQ(box.outbox.waiting("r"), 6u);
    EXPECT_NE(box.next(week + 1s), "");
    Ids given_up;
    for (auto const& row : box.outbox.take_given_up()) given_up.push_back(row.id);
    std::sort(given_up.begin(), given_up.end());
    EXPECT_EQ(given_up, (Ids{2, 6}));
    EXPECT_TRUE(box.outbox.take_given_up().empty());
    EXPECT_EQ(box.next(kStart + 30 * 24h), "i-1-state");
    EXPECT_EQ(box.outbox.waiting("r"), 3u) << "the open ones, and nothing of the closed";
}

TEST(Outbox, HoldsNoMoreThanItsLimit) {
    Box box;
    box.add("a", EventName::incident_opened);
    ASSERT_EQ(box.next(kStart), "i-1");  // in flight: never dropped under the sender
    box.repeat("b", kStart, "x");
    for (std::size_t i = 2; i < Outbox::kWaiting; ++i) box.add("c", EventName::incident_note);
    EXPECT_EQ(box.outbox.waiting("r"), Outbox::kWaiting);
    box.add("c", EventName::incident_note);  // the repeat makes room
    box.add("c", EventName::incident_note);  // then the oldest
    EXPECT_EQ(box.outbox.waiting("r"), Outbox::kWaiting);
    Ids given_up;
    for (auto const& row : box.outbox.take_given_up()) given_up.push_back(row.id);
    EXPECT_EQ(given_up, (Ids{2, 3}));
    EXPECT_TRUE(box.outbox.settle(1, kDelivered, kStart, 0.5).remove);
    EXPECT_EQ(box.next(kStart), "i-4");
    EXPECT_EQ(box.dropped(), (Ids{2, 3}));
}

TEST(Outbox, AWallClockThatIsSetBackDoesNotHoldPages) {
    Box box;
    box.add("a", EventName::incident_opened);
    ASSERT_EQ(box.next(kStart), "i-1");
    (void)box.outbox.settle(1, kRetry, kStart, 0.5);
    EXPECT_EQ(box.next(kStart - 5h), "i-1");
}

TEST(Outbox, ForgetsAReceiverThatIsNoLongerConfigured) {
    Box box;
    box.add("a", EventName::incident_opened);
    box.add("b", EventName::incident_opened);
    ASSERT_EQ(box.next(kStart), "i-1");
    box.outbox.drop_receiver("r", box.settled);
    EXPECT_EQ(box.dropped(), (Ids{1, 2}));
    EXPECT_EQ(box.outbox.waiting("r"), 0u);
    EXPECT_TRUE(box.outbox.settle(1, kDelivered, kStart, 0.5).remove) << "its answer came later";
    box.outbox.drop_receiver("nobody", box.settled);
}

TEST(Outbox, ARowThatCannotBeReadIsSentLikeAnyOther) {
    Box box;
    auto row = box.row("a", EventName::incident_opened, kStart);
    row.event_json = "not json";
    box.outbox.add(row);
    EXPECT_EQ(box.drain(kStart), Keys{"i-1"});
}

}  // namespace
}  // namespace surged::tests
