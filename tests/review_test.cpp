// Goal: what a person finds who tries the daemon with the contract in hand: the first push pages,
// whatever comes after it. Method: the real engine on a real store, pushes as the API makes them.
#include "daemon/backtest.h"
#include "daemon/engine.h"
#include "daemon/sqlite_store.h"
#include "daemon/views.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::Mention;
using detectors::MentionBatch;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime kStart{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z

constexpr char kConfig[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 10 }
brands:
  - name: acme
    streams:
      - { name: plain, platform: x, kind: push, detector: cap }
      - { name: beating, platform: x, kind: push, detector: cap, heartbeat: 5m }
      - { name: fedi, platform: mastodon, base_url: "https://fedi.example", kind: tag, tag: acme, detector: cap }
)";

class Push : public testing::TestWithParam<char const*> {
protected:
    Push() {
        auto opened = open_store(dir_.path(), OpenMode::simulation);
        store_ = std::move(*opened);
        LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
        EngineHooks hooks;
        hooks.published = [this](detectors::Event const& event, std::string const&) {
            names_.emplace_back(to_string(event.name));
        };
        hooks.ring = [](std::string const&) {};
        hooks.log = [](std::string const&, std::string const&) {};
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), store_.get(), metrics_, hooks);
        EXPECT_TRUE(engine_->restore(now_).has_value());
    }

    // `count` mentions, one a second, the first at `at`.
    PushResult push(int count, WallTime at) {
        MentionBatch batch;
        for (int i = 0; i < count; ++i) {
            Mention m;
            m.id = batch.keep(std::to_string(next_id_++));
            m.created_at = at + std::chrono::seconds{i};
            batch.items.push_back(m);
        }
        return engine_->push(GetParam(), batch, 0, now_);
    }

    void wait(std::chrono::seconds s) {
        for (; s.count() > 0; s -= 1s) engine_->tick(now_ += 1s);
    }

    tests::TempDir dir_;
    WallTime now_ = kStart;
    int next_id_ = 0;
    std::unique_ptr<Store> store_;
    exporters::Metrics metrics_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::string> names_;
};

TEST_P(Push, AFirstBurstPagesThoughNothingFollows) {
    wait(33s);  // the daemon has ticked, in the middle of a minute
    EXPECT_EQ(push(12, now_ - 20s).accepted, 12u);
    wait(60s);
    EXPECT_THAT(names_, Contains("incident.opened"));
}

TEST_P(Push, ABurstAtTheEndOfPushedHistoryPagesAndAnOldOneDoesNot) {
    wait(33s);
    push(12, now_ - 3h);
    EXPECT_THAT(names_, Not(Contains("incident.opened")));
    push(12, now_ - 90s);
    wait(60s);
    EXPECT_EQ(std::count(names_.begin(), names_.end(), "incident.opened"), 1);
}

TEST_P(Push, AHandfulDoesNotPage) {
    wait(33s);
    push(9, now_ - 20s);
    wait(10min);
    EXPECT_THAT(names_, Not(Contains("incident.opened")));
}

TEST_P(Push, ARatioThatDoesNotApplyIsAbsent) {
    push(12, now_ - 20s);
    wait(60s);
    ASSERT_FALSE(engine_->desks().find("acme")->second.incidents().empty());
    auto const& incident = engine_->desks().find("acme")->second.incidents().front();
    std::string const json = incident_json(*engine_, incident);
    EXPECT_THAT(json, HasSubstr(R"("observed":12,"expected":0,"state":"surge")"));
}

TEST_P(Push, AnAnswerOnAServerThatIsReadIsForItsPlatformAlone) {
    push(12, now_ - 20s);
    MentionBatch batch;
    for (int i = 0; i < 12; ++i) {
        Mention m;
        m.id = batch.keep("f" + std::to_string(i));
        m.created_at = now_ - 30s;
        batch.items.push_back(m);
    }
    PollPage page;
    page.complete = true;
    ASSERT_TRUE(engine_->record("fedi", page, batch, now_ - 2min, now_, now_));
    wait(60s);
    auto const& incident = engine_->desks().find("acme")->second.incidents().front();
    ASSERT_EQ(incident.streams.size(), 2u);
    detectors::OperatorWord word;
    word.action = detectors::Action::respond;
    word.incident = incident.id;
    word.by = "kim";
    word.link = "https://fedi.example/@acme/1";
    ASSERT_EQ(engine_->operator_word(word, now_).refusal, detectors::Refusal::none);
    for (auto const& c : incident.clocks) {
        if (c.kind != detectors::ClockKind::respond) continue;
        EXPECT_EQ(c.state == detectors::ClockState::met, c.platform == "mastodon") << c.platform;
    }
}

// Two streams; the rows of one end in the middle of its surge, the other's go on for hours.
TEST(Backtest, NoSilenceIsInventedAfterAStreamsLastRow) {
    std::string rows;
    auto const row = [&](char const* stream, int id, WallTime at) {
        rows += std::string(R"({"id":")") + stream + std::to_string(id) + R"(","stream":")" +
                stream + R"(","created_at":")" + detectors::rfc3339(at) + "\"}\n";
    };
    for (int i = 0; i < 20; ++i) row("plain", i, kStart + i * 1s);
    for (int i = 0; i < 5; ++i) row("beating", i, kStart + i * 1h);
    std::size_t const size = rows.size();
    rows.append(64, '\0');
    std::string events;
    BacktestOptions options;
    options.event = [&](std::string_view json) { events += std::string(json) + "\n"; };
    LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
    auto const result =
        run_backtest(std::move(loaded.settings), std::string_view(rows).substr(0, size), options);
    EXPECT_FALSE(result.error) << *result.error;
    EXPECT_EQ(result.summary.mentions, 25u);
    EXPECT_THAT(events, HasSubstr("incident.opened"));
    EXPECT_THAT(events, Not(HasSubstr("surge.ended")));
}

INSTANTIATE_TEST_SUITE_P(Review, Push, testing::Values("plain", "beating"));

}  // namespace
}  // namespace surged::daemon
