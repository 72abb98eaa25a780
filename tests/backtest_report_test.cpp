#include "daemon/backtest_report.h"

#include "detectors/reaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace surged::tests {
namespace {

using namespace daemon;
using namespace std::chrono_literals;
using detectors::ClockKind;
using detectors::ClockView;
using detectors::EventName;
using detectors::Reactions;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kPadding = 64;

WallTime at(char const* text) {
    return *detectors::parse_time(text);
}

detectors::Event told(EventName name, WallTime when, std::vector<ClockView> clocks) {
    detectors::Event e;
    e.name = name;
    e.at = when;
    e.incident = "acme-1";
    e.clocks = std::move(clocks);
    return e;
}

ClockView clock(char const* platform, ClockKind kind, WallTime due) {
    ClockView out;
    out.platform = platform;
    out.kind = kind;
    out.due = due;
    return out;
}

TEST(Reactions, MeetWhatIsAnsweredBeforeItIsDue) {
    Reactions r;
    WallTime const page = at("2026-03-01T12:07:00Z");
    r.hear(told(EventName::incident_opened, page,
                {clock("x", ClockKind::acknowledge, page + 10min),
                 clock("x", ClockKind::respond, page + 54min),
                 clock("facebook", ClockKind::respond, page - 1min)}));
    EXPECT_EQ(r.met(ClockKind::acknowledge, "x", 9min + 59s).met, 1);
    EXPECT_EQ(r.met(ClockKind::acknowledge, "x", 10min).met, 0);  // at `due` it is breached
    EXPECT_EQ(r.met(ClockKind::respond, "", 5min).of, 2);
    EXPECT_EQ(r.met(ClockKind::respond, "", 5min).met, 1);  // Facebook's was past on arrival
    EXPECT_EQ(r.met(ClockKind::resolve, "", 5min).of, 0);
    EXPECT_EQ(r.needed(ClockKind::respond, ""), 54min);
    EXPECT_EQ(r.needed(ClockKind::respond, "facebook"), std::nullopt);
    EXPECT_EQ(r.platforms(), (std::vector<std::string>{"facebook", "x"}));
}

TEST(Reactions, CountFromTheEventThatToldOfTheClock) {
    Reactions r;
    WallTime const page = at("2026-03-01T12:00:00Z");
    ClockView const x = clock("x", ClockKind::respond, page + 60min);
    r.hear(told(EventName::incident_opened, page, {x}));
    r.hear(told(EventName::incident_stream_joined, page + 20min,
                {x, clock("reddit", ClockKind::respond, page + 80min)}));
    r.hear(told(EventName::clock_warning, page + 30min, {}));
    EXPECT_EQ(r.needed(ClockKind::respond, "x"), 60min);
    EXPECT_EQ(r.needed(ClockKind::respond, "reddit"), 60min);
}

TEST(Reactions, KnowThatAClockBroughtForwardCannotBreachAnEarlierAnswer) {
    WallTime const page = at("2026-03-01T12:00:00Z");
    // Due after an hour; a stream that joins after `joined` makes it due after `due`.
    auto const needed = [&](std::chrono::minutes joined, std::chrono::minutes due) {
        Reactions r;
        r.hear(
            told(EventName::incident_opened, page, {clock("x", ClockKind::respond, page + 60min)}));
        r.hear(told(EventName::incident_stream_joined, page + joined,
                    {clock("x", ClockKind::respond, page + due)}));
        return r.needed(ClockKind::respond, "x");
    };
    EXPECT_EQ(needed(20min, 40min), 40min);
    EXPECT_EQ(needed(20min, 10min),
              20min);  // past when it was told: who answered before is in time
    EXPECT_EQ(needed(70min, 30min), 60min);  // it had breached
}

TEST(Reactions, LeaveDrillsOut) {
    Reactions r;
    auto e = told(EventName::incident_opened, at("2026-03-01T12:00:00Z"),
                  {clock("x", ClockKind::respond, at("2026-03-01T13:00:00Z"))});
    e.drill = true;
    r.hear(e);
    EXPECT_EQ(r.met(ClockKind::respond, "", 1min).of, 0);
}

TEST(Track, KeepsPeaksWhenItMergesNeighbours) {
    Track track;
    detectors::Judged j;
    constexpr std::size_t kAdded = (1U << 20U) + 1000;
    for (std::size_t i = 0; i < kAdded; ++i) {
        j.start = at("2024-01-01T00:00:00Z") + i * 1min;
        j.observed = i % 100'003 == 7 ? 900 : 1;
        track.add(j);
    }
    EXPECT_EQ(track.spacing(), 120s);
    EXPECT_EQ(track.length(), 60s);
    auto const points = track.points(WallTime::min(), WallTime::max());
    EXPECT_EQ(points.size(), (kAdded + 1) / 2);
    EXPECT_EQ(std::count_if(points.begin(), points.end(),
                            [](auto const& p) { return p.observed == 900; }),
              11);
    EXPECT_EQ(track.points(at("2024-01-01T00:00:00Z"), at("2024-01-01T00:09:00Z")).size(), 5U);
}

// Three weeks of minutes with a daily hum and bursts of several strengths.
std::string counts() {
    std::string out = "timestamp,value\n";
    std::uint64_t noise = 7;
    for (int minute = 0; minute < 21 * 1440; ++minute) {
        noise = noise * 6364136223846793005U + 1442695040888963407U;
        double value = 5 + double(noise >> 61U);
        for (int k = 1; k <= 6; ++k)
            if (minute > k * 3 * 1440 + 600 && minute < k * 3 * 1440 + 620) value += 3 * k;
        out += detectors::rfc3339(at("2026-03-01T00:00:00Z") + minute * 1min) + "," +
               std::to_string(int(value)) + "\n";
    }
    return out;
}

Settings settings(std::string const& budget) {
    auto loaded = load_settings_text(
        "receivers: { oncall: { type: exec, command: [/bin/true] } }\n"
        "detectors: { default: { type: surge, false_pages: " +
            budget +
            " } }\n"
            "brands: [{ name: acme, streams: [{ name: acme-x, platform: x, kind: push }] }]\n",
        "t.yaml");
    EXPECT_FALSE(loaded.problems->fatal());
    return std::move(loaded.settings);
}

struct Ran {
    exporters::BacktestReport report;
    BacktestSummary summary;
};

Ran run(Settings const& s, std::string data, bool budgets = true) {
    std::size_t const size = data.size();
    data.reserve(size + kPadding);
    BacktestOptions options;
    BacktestRecording recording(s);
    recording.listen(options);
    auto const result = run_backtest(s, std::string_view(data).substr(0, size), options);
    EXPECT_EQ(result.error.value_or(""), "");
    Ran out{recording.report(result.summary), result.summary};
    if (budgets)
        out.report.budgets =
            budget_runs(s, std::string_view(data).substr(0, size), options,
                        {{}, out.report.incidents.size(), result.summary.surges, true}, {});
    return out;
}

TEST(BacktestReport, TellsPagesOfEachBudgetByRunningEach) {
    auto const rows = counts();
    Ran const weekly = run(settings("1 per 7d"), rows);
    auto const& budgets = weekly.report.budgets;
    ASSERT_EQ(budgets.size(), 5U);
    EXPECT_EQ(budgets[2].words, "1 per 7d");
    EXPECT_TRUE(budgets[2].chosen);
    EXPECT_EQ(budgets[2].pages, weekly.report.incidents.size());
    ASSERT_GT(budgets[0].pages, budgets[4].pages) << "the data tells the budgets apart";
    // Each line is what the file would have told had it been written so.
    for (auto const& b : budgets) {
        Ran const other = run(settings(b.words), rows, false);
        EXPECT_EQ(other.report.incidents.size(), b.pages) << b.words;
        EXPECT_EQ(other.summary.surges, b.surges) << b.words;
    }
    EXPECT_NEAR(weekly.report.weeks, 20.0 / 7, 1e-6);
}

TEST(BacktestReport, PutsABudgetOfTheFileAmongItsNeighbours) {
    auto const budgets = run(settings("2 per 10d"), counts()).report.budgets;
    ASSERT_EQ(budgets.size(), 6U);
    EXPECT_EQ(budgets[2].words, "1 per 5d");
    EXPECT_TRUE(budgets[2].chosen);
}

TEST(BacktestReport, DrawsStreamsAndPages) {
    Ran const ran = run(settings("1 per 7d"), counts(), false);
    auto const& r = ran.report;
    ASSERT_EQ(r.streams.size(), 1U);
    EXPECT_EQ(r.streams[0].chart.points.size(), 21U * 1440U);
    EXPECT_EQ(r.streams[0].chart.marks.size(), r.incidents.size());
    EXPECT_EQ(r.streams[0].chart.spans.size(), ran.summary.surges);
    ASSERT_FALSE(r.incidents.empty());
    auto const& page = r.incidents.back();
    EXPECT_EQ(page.streams, std::vector<std::string>{"acme-x"});
    EXPECT_LE(page.onset, page.paged);
    ASSERT_EQ(page.charts.size(), 1U);
    EXPECT_LE(page.charts[0].from, page.onset);
    EXPECT_GE(page.charts[0].to, page.paged);
    ASSERT_EQ(r.reactions.size(), 9U);  // three paces of each of the three clocks
    EXPECT_EQ(r.reactions[0].by_platform[0].met, r.reactions[0].by_platform[0].of);
    EXPECT_EQ(r.reactions[1].by_platform[0].met, 0) << "15 min are more than the policy's 10";
}

TEST(BacktestReport, IsOneDocumentWithoutScriptOrFetch) {
    auto report = run(settings("1 per 7d"), counts()).report;
    report.config = "<c>.yaml";
    report.input = "a&b.csv";
    auto const html = exporters::backtest_html(report);
    EXPECT_THAT(html, HasSubstr("What &lt;c&gt;.yaml would have paged"));
    EXPECT_THAT(html, HasSubstr("a&amp;b.csv"));
    EXPECT_THAT(html, HasSubstr("<tr class=\"chosen\"><td>1 per 7d (this file)</td>"));
    EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
    for (char const* forbidden : {"<script", "<link", "<img", "src=", "nan", "@import", "url("})
        EXPECT_THAT(html, Not(HasSubstr(forbidden))) << forbidden;
    // Ids are unique: they are what the names of the drawings hang on.
    std::set<std::string> ids;
    for (auto i = html.find(" id=\""); i != std::string::npos; i = html.find(" id=\"", i + 1))
        EXPECT_TRUE(ids.insert(html.substr(i, html.find('"', i + 5) - i)).second);
    EXPECT_GE(ids.size(), 6U);
    EXPECT_LT(html.size(), 2U << 20U);
}

TEST(BacktestReport, SaysThatNothingPaged) {
    std::string quiet = "timestamp,value\n";
    for (int hour = 0; hour < 48; ++hour)
        quiet += detectors::rfc3339(at("2026-03-01T00:00:00Z") + hour * 1h) + ",3\n";
    auto const html = exporters::backtest_html(run(settings("1 per 7d"), quiet).report);
    EXPECT_THAT(html, HasSubstr("None: nothing in this data"));
    EXPECT_THAT(html, HasSubstr("less than a week of data tells no rate"));
    EXPECT_THAT(html, Not(HasSubstr("Deadlines at your pace")));
}

}  // namespace
}  // namespace surged::tests
