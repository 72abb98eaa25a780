// Goal: what the engine promises whatever comes between: each mention counted once, cursor with its
// mentions, events with their pages, nothing lost by a restart or a full disk. Method: the real
// engine on a real store in a temporary directory.
#include "daemon/engine.h"

#include "daemon/sqlite_store.h"
#include "detectors/json_writer.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;

constexpr WallTime kStart{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z

constexpr char kConfig[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 10 }
response_policies:
  quick: { acknowledge: 10m, respond: 1h }
brands:
  - name: acme
    plan_url: https://wiki.example/plan
    own: { json: [acme] }
    notify: { receivers: [hook] }
    streams:
      - name: acme-json
        platform: json
        base_url: http://127.0.0.1:1
        kind: items
        path: /items
        items: /data
        fields: { id: /id, created_at: /created_at }
        policy: quick
        detector: cap
)";

// A store whose disk can be full.
class FullDisk final : public Store {
public:
    explicit FullDisk(Store& inner) : inner_(inner) {}
    bool full = false;
    Result<Restored> load() override { return inner_.load(); }
    Result<bool> commit(Commit const& changes) override {
        if (full) return Failure(Fault::transient, "database or disk is full");
        return inner_.commit(changes);
    }
    bool seen(std::string const& s, detectors::MentionKey k) override { return inner_.seen(s, k); }
    std::vector<MentionRow> newest(std::string const& s, std::size_t n) override {
        return inner_.newest(s, n);
    }
    std::vector<StoredEvent> events(std::int64_t a, std::size_t n, std::string const& i) override {
        return inner_.events(a, n, i);
    }
    std::vector<std::string> incidents(std::string const& a, std::size_t n) override {
        return inner_.incidents(a, n);
    }
    std::vector<SeriesHour> series(std::string const& s, std::int64_t a, std::int64_t b) override {
        return inner_.series(s, a, b);
    }
    std::vector<MentionRow> mentions(std::string const& s, WallTime a, WallTime b,
                                     std::size_t n) override {
        return inner_.mentions(s, a, b, n);
    }
    Result<bool> prune(WallTime a, WallTime b, std::size_t n) override {
        return inner_.prune(a, b, n);
    }
    JournalCheck verify() override { return inner_.verify(); }
    std::map<std::string, std::uint64_t> sizes() override { return inner_.sizes(); }

private:
    Store& inner_;
};

class EngineTest : public testing::Test {
protected:
    EngineTest() { open(); }

    void open() {
        engine_.reset();
        store_.reset();
        auto opened = open_store(dir_.path(), OpenMode::simulation);
        ASSERT_TRUE(opened.has_value());
        store_ = std::move(*opened);
        disk_ = std::make_unique<FullDisk>(*store_);
        LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
        for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
        EngineHooks hooks;
        hooks.published = [this](detectors::Event const& event, std::string const&) {
            names_.emplace_back(to_string(event.name));
        };
        hooks.ring = [this](std::string const& receiver) { rung_.push_back(receiver); };
        hooks.log = [](std::string const&, std::string const&) {};
        metrics_ = std::make_unique<exporters::Metrics>();
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), disk_.get(), *metrics_, hooks);
        ASSERT_TRUE(engine_->restore(now_).has_value());
    }

    // One page with mentions `from`..`to` (ids), one a second from `at`.
    bool page(int from, int to, WallTime at, bool complete = true) {
        MentionBatch batch;
        for (int id = from; id < to; ++id) {
            Mention m;
            m.id = batch.keep(std::to_string(id));
            m.created_at = at + std::chrono::seconds{id - from};
            m.text = "hello";
            batch.items.push_back(m);
        }
        PollPage p;
        p.cursor = "after-" + std::to_string(to);
        p.complete = complete;
        return engine_->record("acme-json", p, batch, kNoTime, complete ? now_ : kNoTime, now_);
    }

    // Everything is calm until now_: the first walk is over.
    void settle() {
        ASSERT_TRUE(page(0, 1, now_ - 30min));
        names_.clear();
    }

    tests::TempDir dir_;
    WallTime now_ = kStart;
    std::unique_ptr<Store> store_;
    std::unique_ptr<FullDisk> disk_;
    std::unique_ptr<exporters::Metrics> metrics_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::string> names_, rung_;
};

TEST_F(EngineTest, CountsEachMentionOnceThroughOverlapAndRestart) {
    settle();
    now_ += 5min;
    EXPECT_TRUE(page(1, 6, now_ - 2min));
    EXPECT_TRUE(page(3, 8, now_ - 2min));  // overlaps
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 8u);
    EXPECT_EQ(engine_->stream("acme-json")->duplicate, 3u);
    open();
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 8u);
    EXPECT_EQ(engine_->stream("acme-json")->cursor, "after-8");
    now_ += 1min;
    EXPECT_TRUE(page(3, 9, now_ - 3min));
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 9u);
}

// A search that finds nothing says "nothing in seven days", again at each poll until it finds
// something. That is no history: before its first poll the brand may not have existed.
TEST_F(EngineTest, AStreamThatFoundNothingAtFirstInventsNoSilence) {
    PollPage nothing;
    nothing.complete = true;
    for (auto const step : {0min, 1min, 30min}) {
        now_ += step;
        EXPECT_TRUE(engine_->record("acme-json", nothing, {}, now_ - 7 * 24h, now_, now_));
    }
    std::int64_t const hour = detectors::minute_index(kStart) / 60;
    EXPECT_TRUE(store_->series("acme-json", hour - 8 * 24, hour).empty());
    auto const since = store_->series("acme-json", hour, hour + 1);
    ASSERT_EQ(since.size(), 1u);
    auto const points = series_points(since[0].blob);
    EXPECT_TRUE(points[0].covered);   // 12:00, the first poll
    EXPECT_TRUE(points[20].covered);  // 12:31 less ten minutes for stragglers
    EXPECT_FALSE(points[21].covered);
}

TEST_F(EngineTest, ASurgeOpensAnIncidentPagesAndItsClocksRunThroughARestart) {
    settle();
    now_ += 10min;
    EXPECT_TRUE(page(100, 130, now_ - 3min));
    EXPECT_THAT(names_, testing::IsSupersetOf({"surge.started", "incident.opened"}));
    EXPECT_THAT(rung_, testing::Contains("hook"));
    ASSERT_EQ(engine_->outbox().waiting("hook") > 0, true);
    std::int64_t row = 0;
    auto const first = engine_->next_page("hook", now_, row);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->plan_url, "https://wiki.example/plan");
    ASSERT_NE(first->incident, nullptr);
    std::string const incident = first->incident->id;
    EXPECT_EQ(incident, "acme-20260301-1");

    open();  // nothing was delivered: everything waits again, under the same keys
    auto const again = engine_->next_page("hook", now_, row);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->key, first->key);

    names_.clear();
    now_ += 11min;  // the clock to acknowledge is over: raised at the next look, with its true time
    engine_->tick(now_);
    EXPECT_THAT(names_, testing::Contains("clock.breached"));
    auto const events = store_->events(0, 100, incident);
    auto const breach = std::find_if(events.begin(), events.end(),
                                     [](auto const& e) { return e.name == "clock.breached"; });
    ASSERT_NE(breach, events.end());
    EXPECT_EQ(breach->at, kStart + 20min);
    EXPECT_TRUE(store_->verify().intact);
}

TEST_F(EngineTest, AFullDiskStopsPollingButNotThePage) {
    settle();
    now_ += 10min;
    disk_->full = true;
    EXPECT_FALSE(page(100, 130, now_ - 3min)) << "the loop must keep its cursor";
    EXPECT_FALSE(engine_->disk_trouble().empty());
    std::int64_t row = 0;
    auto const out_of_memory = engine_->next_page("hook", now_, row);
    ASSERT_TRUE(out_of_memory.has_value()) << "the page goes out all the same";
    EXPECT_FALSE(page(200, 210, now_)) << "nothing is taken that cannot be recorded";
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 31u);

    disk_->full = false;
    engine_->tick(now_);
    EXPECT_TRUE(engine_->disk_trouble().empty());
    EXPECT_TRUE(page(100, 130, now_ - 3min)) << "the same page again: all duplicates, now recorded";
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 31u);
    open();
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 31u);
    auto const restored = engine_->next_page("hook", now_, row);
    ASSERT_TRUE(restored.has_value());
    EXPECT_EQ(restored->key, out_of_memory->key) << "the same key from memory and from disk";
}

TEST_F(EngineTest, HistoryTeachesAndNeverPages) {
    EXPECT_TRUE(page(0, 60, now_ - 10h, false));
    EXPECT_TRUE(page(60, 61, now_ - 5h, true));
    EXPECT_THAT(names_, testing::Not(testing::Contains("surge.started")));
    EXPECT_THAT(names_, testing::Not(testing::Contains("incident.opened")));
}

TEST_F(EngineTest, OwnPostsAreNeverMentions) {
    settle();
    MentionBatch batch;
    Mention m;
    m.id = "900";
    m.created_at = now_;
    m.author.handle = "Acme";
    batch.items.push_back(m);
    PollPage p;
    p.complete = true;
    std::uint64_t const before = engine_->stream("acme-json")->mentions;
    EXPECT_TRUE(engine_->record("acme-json", p, batch, kNoTime, now_ + 1min, now_ + 1min));
    EXPECT_EQ(engine_->stream("acme-json")->mentions, before);
}

TEST_F(EngineTest, APushIntoAPolledStreamCountsOnceAndCoversNothing) {
    settle();
    WallTime const covered = engine_->stream("acme-json")->intake.covered_until();
    MentionBatch batch;
    for (auto const* id : {"500", "501"}) {
        Mention m;
        m.id = id;
        m.created_at = now_;
        batch.items.push_back(m);
    }
    now_ += 1min;
    PushResult const pushed = engine_->push("acme-json", batch, 1, now_);
    EXPECT_EQ(pushed.accepted, 2u);
    EXPECT_EQ(pushed.rejected, 1u);
    EXPECT_EQ(engine_->stream("acme-json")->intake.covered_until(), covered);
    EXPECT_TRUE(page(500, 503, now_ - 1min));  // the poll finds them too, and one more
    EXPECT_EQ(engine_->stream("acme-json")->mentions, 4u);
    EXPECT_EQ(engine_->stream("acme-json")->duplicate, 2u);
}

TEST_F(EngineTest, BlindnessIsToldOnceAndRestored) {
    settle();
    now_ += 4min;
    engine_->tick(now_);
    EXPECT_THAT(names_, testing::IsEmpty());
    now_ += 2min;
    engine_->tick(now_);
    engine_->tick(now_ + 1min);
    EXPECT_THAT(names_, testing::ElementsAre("stream.blind"));
    PollOutcome ok;
    ok.stream = "acme-json";
    engine_->polled(ok, now_ + 2min);
    EXPECT_THAT(names_, testing::ElementsAre("stream.blind", "stream.restored"));
}

}  // namespace
}  // namespace surged::daemon
