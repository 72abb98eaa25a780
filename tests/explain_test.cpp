// Why a minute did or did not page: what is kept of it, and what is said of it. On a real engine
// and store.
#include "daemon/backtest.h"
#include "daemon/engine.h"
#include "daemon/sqlite_store.h"
#include "daemon/views.h"
#include "detectors/archive.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using namespace detectors;
using testing::HasSubstr;
using testing::StartsWith;

constexpr WallTime kStart{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z
constexpr int kHistory = 4 * 1440;                               // minutes

constexpr char kConfig[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
response_policies:
  quick: { acknowledge: 10m, respond: 4h }
brands:
  - name: acme
    notify: { receivers: [hook] }
    streams:
      - { name: s, platform: json, base_url: "http://127.0.0.1:1", kind: items, path: /i,
          items: /data, fields: { id: /id, created_at: /created_at }, policy: quick }
)";

TEST(Grounds, AreKeptInTwentyEightBytes) {
    Grounds g;
    EXPECT_FALSE(unpack(pack(g)).stated);
    g.stated = g.learning = g.by_burst = true;
    g.outcome = Outcome::told_lately;
    g.level = 0.0002F;
    g.multiplier = 8;
    g.burst = -3.25F;
    g.sustained = 10.5F;
    g.due = 1.9459F;
    g.observed = 123456;
    g.expected = 0.31F;
    g.minutes = 1440;
    g.windows = {0, 1.5F, 2.25F, 40, 0.004F};
    static_assert(sizeof(PackedGrounds) == 28);
    Grounds const r = unpack(pack(g));
    EXPECT_TRUE(r.stated && r.learning && r.by_burst);
    EXPECT_FALSE(r.warm || r.history);
    EXPECT_EQ(r.outcome, Outcome::told_lately);
    EXPECT_NEAR(r.level, 0.0002, 0.0000002);
    EXPECT_EQ(r.multiplier, 8);
    EXPECT_NEAR(r.burst, -3.25, 0.01);
    EXPECT_NEAR(r.sustained, 10.5, 0.01);
    EXPECT_NEAR(r.due, 1.9459, 0.01);
    EXPECT_NEAR(r.observed, 123456, 64);
    EXPECT_NEAR(r.expected, 0.31, 0.001);
    EXPECT_EQ(r.minutes, 1440);
    EXPECT_EQ(r.windows[1], 1.5);
    EXPECT_EQ(r.windows[4], 0.004F < 0x1p-8F ? 0 : r.windows[4]);
    PackedGrounds damaged = pack(g);
    damaged[0] = 0xff01;
    EXPECT_FALSE(unpack(damaged).stated) << "an outcome that there is not";
}

TEST(Series, ReadsHoursOfTheFirstVersion) {
    ArchiveWriter out;
    std::uint32_t length = 60;
    out(length);
    for (int i = 0; i < 60; ++i) {
        float observed = float(i), expected = 2, upper = 9, score = 0.25F;
        bool covered = i != 7;
        out(observed, expected, upper, score, covered);
    }
    auto const points = series_points(out.take());
    ASSERT_EQ(points.size(), 60u);
    EXPECT_EQ(points[30].observed, 30);
    EXPECT_EQ(points[30].upper, 9);
    EXPECT_EQ(points[30].score, 0.25F);
    EXPECT_TRUE(points[30].covered);
    EXPECT_FALSE(points[7].covered);
    EXPECT_FALSE(unpack(points[30].grounds).stated);

    auto changed = points;
    changed[3].grounds[5] = 77;
    std::string const blob = series_blob(changed);
    EXPECT_EQ(blob.size(), 8u + 60 * 45);
    EXPECT_EQ(series_points(blob)[3].grounds[5], 77);
    EXPECT_FALSE(series_points(blob.substr(1))[3].covered) << "damaged: nothing is known";
    EXPECT_FALSE(series_points(blob.substr(0, blob.size() - 1))[3].covered);
}

class ExplainTest : public testing::Test {
protected:
    ExplainTest() {
        open();
        PollPage history;
        history.complete = true;
        for (int m = 0; m < kHistory; ++m) history.counts.push_back(minute(m, usual(m)));
        now_ = at(kHistory);
        EXPECT_TRUE(engine_->record("s", history, {}, kStart, now_, now_));
    }

    static WallTime at(int m) { return kStart + 1min * m; }
    static double usual(int m) { return 8 + m * 7919 % 5; }  // 10 in the mean
    static Bucket minute(int m, double count) { return {at(m), 60s, count}; }

    void open() {
        engine_.reset();
        store_.reset();
        auto opened = open_store(dir_.path(), OpenMode::simulation);
        ASSERT_TRUE(opened.has_value());
        store_ = std::move(*opened);
        LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
        for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
        EngineHooks hooks;
        hooks.published = [this](Event const& event, std::string const&) {
            events_.push_back(event);
        };
        hooks.ring = [](std::string const&) {};
        hooks.log = [](std::string const&, std::string const&) {};
        metrics_ = std::make_unique<exporters::Metrics>();
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), store_.get(), *metrics_, hooks);
        ASSERT_TRUE(engine_->restore(now_).has_value());
    }

    // One poll for each minute from `m` on: `times` the usual.
    template <typename Times>
    void live(int from, int to, Times times) {
        for (int m = from; m < to; ++m) {
            PollPage page;
            page.complete = true;
            page.counts.push_back(minute(m, std::round(usual(m) * times(m))));
            now_ = at(m + 1);
            ASSERT_TRUE(engine_->record("s", page, {}, at(m), now_, now_));
        }
    }

    std::string explain(int m) const {
        return explain_json(*engine_, *engine_->stream("s"), at(m));
    }
    static std::string text(std::string const& json, char const* pointer) {
        simdjson::dom::parser parser;
        simdjson::dom::element e;
        if (parser.parse(json).at_pointer(pointer).get(e) != simdjson::SUCCESS) return "(none)";
        return e.is_string() ? std::string(e.get_string().value_unsafe()) : simdjson::minify(e);
    }
    static double value(std::string const& json, char const* pointer) {
        std::string const t = text(json, pointer);
        return t == "(none)" ? std::nan("") : std::stod(t);
    }
    std::vector<Event> named(EventName name) const {
        std::vector<Event> out;
        for (Event const& e : events_)
            if (e.name == name) out.push_back(e);
        return out;
    }

    tests::TempDir dir_;
    WallTime now_ = kStart;
    std::unique_ptr<Store> store_;
    std::unique_ptr<exporters::Metrics> metrics_;
    std::unique_ptr<Engine> engine_;
    std::vector<Event> events_;
};

TEST_F(ExplainTest, SaysWhyAndKeepsIt) {
    int const onset = kHistory + 30;
    live(kHistory, onset + 260, [&](int m) { return m >= onset && m < onset + 60 ? 12 : 1; });
    auto const started = named(EventName::surge_started);
    ASSERT_EQ(started.size(), 1u);
    EXPECT_EQ(started[0].onset, at(onset));
    int const paged = int((started[0].at - at(0)) / 1min) - 1;

    std::string const calm = explain(onset - 5);
    EXPECT_EQ(text(calm, "/outcome"), "calm");
    EXPECT_THAT(text(calm, "/why"), StartsWith("No page: "));
    EXPECT_THAT(text(calm, "/why"), HasSubstr("a page is due at once in 7 days"));
    EXPECT_NEAR(value(calm, "/level") * value(calm, "/season"), value(calm, "/expected"), 0.02);
    EXPECT_NEAR(value(calm, "/level"), 10, 1);
    EXPECT_EQ(value(calm, "/announced"), 1);
    EXPECT_EQ(text(calm, "/learning"), "false");
    EXPECT_EQ(text(calm, "/history"), "false");
    EXPECT_NEAR(value(calm, "/channels/0/page_at_days"), 7, 0.1);
    EXPECT_LT(value(calm, "/channels/0/return_days"), 7);
    EXPECT_EQ(text(calm, "/windows/4/window"), "24h");

    std::string const page = explain(paged);
    EXPECT_EQ(text(page, "/outcome"), "started") << page;
    EXPECT_THAT(text(page, "/why"), StartsWith("Paged: "));
    EXPECT_GT(
        std::max(value(page, "/channels/0/return_days"), value(page, "/channels/1/return_days")),
        7);
    EXPECT_GT(value(page, "/windows/0/above"), value(calm, "/windows/0/above") + 1);
    EXPECT_GT(value(page, "/strongest/observed"), 2 * value(page, "/strongest/expected"));
    std::string const later = explain(paged + 5);
    EXPECT_THAT(text(later, "/outcome"), testing::AnyOf("under_way", "grown"));
    EXPECT_EQ(text(later, "/surge/onset"), "(none)") << "it is over by now";

    std::string const taught = explain(kHistory - 100);
    EXPECT_EQ(text(taught, "/history"), "true");
    EXPECT_EQ(text(explain(-3), "/covered"), "false");
    EXPECT_EQ(text(explain(100), "/learning"), "true");
    EXPECT_THAT(text(explain(100), "/why"), HasSubstr("shorter than a day"));

    open();
    EXPECT_EQ(explain(paged), page) << "read back from the disk";
    EXPECT_EQ(explain(onset - 5), calm);
}

TEST_F(ExplainTest, GrowthShowsTheRefinedOnsetAndClocksKeepTheFirst) {
    int const onset = kHistory + 30;
    live(kHistory, onset + 200, [&](int m) {
        return m < onset ? 1 : 1 + std::min(60.0, 0.25 * std::exp2((m - onset) / 15.));
    });
    auto const opened = named(EventName::incident_opened);
    auto const grown = named(EventName::surge_grown);
    ASSERT_EQ(opened.size(), 1u);
    ASSERT_FALSE(grown.empty());
    Incident const* const incident = engine_->incident(opened[0].incident);
    ASSERT_NE(incident, nullptr);
    EXPECT_EQ(incident->onset, opened[0].onset);
    EXPECT_EQ(incident->streams[0].onset, opened[0].onset);
    for (auto const& clock : incident->clocks)
        if (clock.kind == ClockKind::respond) {
            EXPECT_EQ(clock.due, opened[0].onset + 4h);
        }
    std::string const why = explain(onset + 199);
    EXPECT_EQ(text(why, "/surge/onset"), rfc3339(grown.back().onset));
    EXPECT_LE(text(why, "/surge/onset_from"), text(why, "/surge/onset"));
    EXPECT_GE(text(why, "/surge/onset_until"), text(why, "/surge/onset"));
    std::string const shown = incident_json(*engine_, *incident);
    EXPECT_EQ(text(shown, "/streams/0/onset"), rfc3339(opened[0].onset));
    EXPECT_EQ(text(shown, "/streams/0/onset_from"), text(why, "/surge/onset_from"));
}

// The chosen budget must page as the backtest itself did, a smaller one no more often.
TEST(Forecast, RunsTheSameDetectionUnderNeighbouringBudgets) {
    std::string rows = "timestamp,value\n";
    int const days = 40;
    for (int i = 0; i < days * 288; ++i) {
        // Each fifth day a rise of an hour at some hour, from barely to far above the usual.
        int const day = i / 288, since = i % 288 - day * 101 % 260;
        bool const rise = day > 3 && day % 5 == 0 && since >= 0 && since < 12;
        double const times = rise ? 1 + 0.7 * (day * 7919 % 37) : 1;
        rows += rfc3339(kStart + 5min * i) + "," +
                std::to_string(int((50 + i * 7919 % 23) * times)) + "\n";
    }
    std::size_t const size = rows.size();
    rows.append(64, '\0');
    BacktestOptions options;
    options.forecast = true;
    LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
    auto const result =
        run_backtest(std::move(loaded.settings), std::string_view(rows).substr(0, size), options);
    ASSERT_FALSE(result.error) << *result.error;
    ASSERT_EQ(result.forecast.size(), 1u);
    auto const& stream = result.forecast[0];
    EXPECT_EQ(stream.name, "s");
    EXPECT_NEAR(stream.weeks, (days - 1) / 7.0, 1e-9);
    ASSERT_EQ(stream.lines.size(), 5u);
    for (std::size_t i = 0; i + 1 < 5; ++i)
        EXPECT_GE(stream.lines[i].pages, stream.lines[i + 1].pages);
    EXPECT_GT(stream.lines[0].pages, stream.lines[4].pages);
    EXPECT_TRUE(stream.lines[2].chosen);
    EXPECT_EQ(stream.lines[2].per, 7 * 24h);
    EXPECT_EQ(stream.lines[2].pages, int(result.summary.surges));
    EXPECT_GT(result.summary.surges, 0u);
    EXPECT_THAT(forecast_text(result.forecast), HasSubstr("* 1 per 7d "));

    options.forecast = false;
    loaded = load_settings_text(kConfig, "test.yaml");
    EXPECT_TRUE(
        run_backtest(std::move(loaded.settings), std::string_view(rows).substr(0, size), options)
            .forecast.empty());
}

}  // namespace
}  // namespace surged::daemon
