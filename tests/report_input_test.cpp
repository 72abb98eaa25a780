// Goal: a report can be made at any later time: from desk and store, after a restart, of an
// incident that only the journal still knows, of texts that are erased; and the history finds them
// all. Method: the real engine on a real store; sizes and medians are reckoned a second time here.
#include "daemon/report_input.h"

#include "daemon/history.h"
#include "daemon/incident_size.h"
#include "daemon/recurrence.h"
#include "daemon/report_people.h"
#include "daemon/sqlite_store.h"
#include "detectors/retold.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::Action;
using detectors::EventName;
using detectors::IncidentState;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::minute_start;

constexpr WallTime kStart{std::chrono::seconds{1'772'362'800}};  // 2026-03-01T11:00:00Z

constexpr char kConfig[] = R"(
storage: { directory: /unused, keep_mentions: 5d, keep_incidents: 10d }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    checklist: ["Fix it", "Say so in public"]
    watch_after: 1s
    close_after: 2h
    notify: { receivers: [hook] }
    streams:
      - { name: acme-x, platform: x, kind: push, detector: cap }
      - { name: acme-facebook, platform: facebook, kind: push, detector: cap }
)";

class ReportInputTest : public testing::Test {
protected:
    ReportInputTest() { open(); }

    void open() {
        engine_.reset();
        store_.reset();
        auto opened = open_store(dir_.path(), OpenMode::simulation);
        ASSERT_TRUE(opened.has_value());
        store_ = std::move(*opened);
        LoadedSettings loaded = load_settings_text(kConfig, "test.yaml");
        for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
        EngineHooks hooks;
        hooks.published = [](detectors::Event const&, std::string const&) {};
        hooks.ring = [](std::string const&) {};
        hooks.log = [](std::string const&, std::string const&) {};
        metrics_ = std::make_unique<exporters::Metrics>();
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), store_.get(), *metrics_, hooks);
        ASSERT_TRUE(engine_->restore(now_).has_value());
        engine_->tick(now_);
    }

    // `n` mentions of the minute that ends now, each by an author of its own.
    void push(std::string const& stream, int n, std::string const& text) {
        MentionBatch batch;
        for (int i = 0; i < n; ++i) {
            Mention m;
            m.id = batch.keep(std::to_string(next_));
            m.author.id = batch.keep("a" + std::to_string(next_++));
            m.author.handle = m.author.id;
            m.author.followers = 100 + i;
            m.created_at = now_ - 60s + std::chrono::seconds{i % 60};
            m.text = text;
            m.lang = "en";
            batch.items.push_back(m);
            ++pushed_[stream][detectors::minute_index(m.created_at)];
        }
        (void)engine_->push(stream, batch, 0, now_);
    }

    // One mention a minute on both streams, `n` on `surging`, for `minutes`.
    void pass(int minutes, std::string const& surging = "", int n = 0,
              std::string const& text = "") {
        for (int i = 0; i < minutes; ++i) {
            now_ += 60s;
            for (std::string const stream : {"acme-x", "acme-facebook"}) {
                push(stream, 1, "all quiet at the works today number " + std::to_string(next_));
                if (stream == surging) push(stream, n, text);
            }
            engine_->tick(now_);
        }
    }

    void say(Action action, std::string const& id, std::string note = "", std::string link = "") {
        detectors::OperatorWord word;
        word.action = action;
        word.incident = id;
        word.by = "kim";
        word.via = "cli";
        word.note = std::move(note);
        word.link = std::move(link);
        word.verdict = action == Action::close ? "real" : "";
        word.item = action == Action::check ? "1" : "";
        auto const heard = engine_->operator_word(word, now_);
        EXPECT_EQ(heard.refusal, detectors::Refusal::none) << heard.detail;
    }

    // A whole crisis: half an hour of calm, `height` a minute for twenty, calm again, closed.
    std::string crisis(int height, std::string const& text) {
        pass(30);
        pass(20, "acme-x", height, text);
        std::string const id = engine_->desks().at("acme").incidents().back().id;
        say(Action::acknowledge, id);
        say(Action::respond, id, "", "https://x.com/acme/status/" + std::to_string(next_));
        pass(45);
        say(Action::note, id, "the tap was open: " + id);
        say(Action::check, id);
        say(Action::resolve, id, "", "https://acme.example/what-happened");
        say(Action::close, id);
        return id;
    }

    exporters::ReportInput report(std::string const& id) {
        auto in = report_input(*engine_, id, now_);
        EXPECT_TRUE(in.has_value());
        return in.value_or(exporters::ReportInput{});
    }
    std::vector<std::string> ids(HistoryQuery const& query) {
        std::vector<std::string> out;
        for (auto const* i : history(*engine_, query).items) out.push_back(i->id);
        return out;
    }

    tests::TempDir dir_;
    WallTime now_ = kStart;
    std::uint64_t next_ = 1;
    std::map<std::string, std::map<std::int64_t, int>> pushed_;  // stream -> minute -> mentions
    std::unique_ptr<Store> store_;
    std::unique_ptr<exporters::Metrics> metrics_;
    std::unique_ptr<Engine> engine_;
};

TEST_F(ReportInputTest, CountsWhatTheIncidentCost) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    auto const in = report(id);
    WallTime onset = kNoTime, end = kNoTime;
    for (auto const& e : in.events) {
        if (e.name == EventName::surge_started && onset == kNoTime) onset = e.onset;
        if (e.name == EventName::surge_ended) end = e.at;
    }
    ASSERT_NE(onset, kNoTime);
    ASSERT_NE(end, kNoTime);
    // Our own count of every minute, less what the daemon's own curve expects there.
    double excess = 0;
    for (std::int64_t m = detectors::minute_index(onset); minute_start(m) < end; ++m)
        excess += pushed_["acme-x"][m] -
                  double(points_of(*engine_, "acme-x", m / 60)[std::size_t(m % 60)].expected);
    EXPECT_TRUE(in.size.known);
    EXPECT_EQ(in.size.unseen, 0);
    EXPECT_GT(excess, 500) << "twenty minutes of thirty";
    EXPECT_NEAR(in.size.excess, excess, 1);
    ASSERT_EQ(in.curves.size(), 1u);
    EXPECT_EQ(in.curves[0].stream, "acme-x");
    double top = 0;
    for (double const v : in.curves[0].observed) top = std::isfinite(v) ? std::max(top, v) : top;
    EXPECT_EQ(top, 31) << "thirty, and the one of every minute";
    // Kept at its end: curves go after 90 days.
    auto const kept = load_size(engine_->blob(size_name(id)));
    ASSERT_TRUE(kept.has_value());
    EXPECT_NEAR(kept->excess, excess, 1);
}

TEST_F(ReportInputTest, ReadsThemesPostsAndComposition) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    auto const in = report(id);
    ASSERT_FALSE(in.themes.groups.empty());
    EXPECT_EQ(in.themes.groups[0].first.text, "the tap is open and my kitchen is under water");
    // Twenty minutes of thirty; what was posted of them before the onset is not of the incident.
    std::int64_t copies = 0, all = 0;
    for (auto const& [minute, n] : pushed_["acme-x"])
        if (minute_start(minute) >= in.incident.onset) {
            all += n;
            copies += n > 1 ? n - 1 : 0;
        }
    EXPECT_EQ(in.themes.groups[0].copies, std::size_t(copies));
    EXPECT_EQ(in.themes.read, std::size_t(all));
    EXPECT_NEAR(in.themes.groups[0].share, double(copies) / double(all), 1e-9);
    EXPECT_FALSE(in.themes.terms.empty());
    ASSERT_TRUE(in.facts.has_value());
    EXPECT_EQ(in.facts->composition.kind, "flood") << "copies";
    ASSERT_FALSE(in.visible.empty());
    EXPECT_FALSE(in.visible[0].erased);
    EXPECT_EQ(in.visible[0].audience, 129);
}

TEST_F(ReportInputTest, SaysTheSameAfterARestart) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    std::string const before = exporters::report_md(report(id));
    EXPECT_THAT(before, testing::HasSubstr("## Verdict"));
    open();
    EXPECT_EQ(exporters::report_md(report(id)), before);
}

TEST_F(ReportInputTest, SaysWhichTextsAreErased) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    ASSERT_TRUE(store_->prune(now_ + 1h, kStart - 1h, 1'000'000).has_value());
    auto const in = report(id);
    EXPECT_TRUE(in.themes.erased);
    ASSERT_FALSE(in.visible.empty());
    EXPECT_TRUE(in.visible[0].erased);
    std::string const md = exporters::report_md(in);
    EXPECT_THAT(md, testing::HasSubstr("Every text of it is erased"));
    EXPECT_THAT(md, testing::HasSubstr("text erased"));
    EXPECT_THAT(md, testing::Not(testing::HasSubstr("kitchen")));
}

TEST_F(ReportInputTest, TellsFromTheJournalWhatTheDeskForgot) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    detectors::Incident const was = *engine_->incident(id);
    double const excess = report(id).size.excess;
    pass(90);  // its last minutes are final
    now_ += 11 * 24h;
    ASSERT_TRUE(store_->prune(now_ - 5 * 24h, now_ - 5 * 24h, 1'000'000).has_value());
    (void)engine_->expire(now_);  // the desk forgets first, the journal later
    open();
    ASSERT_EQ(engine_->incident(id), nullptr);
    auto const in = report(id);
    EXPECT_EQ(in.incident.state, IncidentState::closed);
    EXPECT_EQ(in.incident.verdict, "real");
    EXPECT_NEAR(in.size.excess, excess, 1e-9) << "its size was kept beside it";
    EXPECT_TRUE(in.curves.empty());
    std::string const md = exporters::report_md(in);
    EXPECT_THAT(md, testing::HasSubstr("The desk has forgotten it"));
    EXPECT_THAT(md, testing::HasSubstr("kim had it at"));
    EXPECT_THAT(md, testing::HasSubstr("| Fix it | kim |"));
    ASSERT_EQ(in.incident.clocks.size(), was.clocks.size());
    for (std::size_t i = 0; i < was.clocks.size(); ++i) {
        SCOPED_TRACE(clock_key(was.clocks[i]));
        EXPECT_EQ(clock_key(in.incident.clocks[i]), clock_key(was.clocks[i]));
        EXPECT_EQ(in.incident.clocks[i].start, was.clocks[i].start);
        EXPECT_EQ(in.incident.clocks[i].due, was.clocks[i].due);
        EXPECT_EQ(in.incident.clocks[i].state, was.clocks[i].state);
        EXPECT_EQ(in.incident.clocks[i].at, was.clocks[i].at);
        EXPECT_EQ(in.incident.clocks[i].by, was.clocks[i].by);
    }
    EXPECT_EQ(ids({}), std::vector<std::string>{id});
    EXPECT_FALSE(report_input(*engine_, "ghost", now_).has_value());
}

TEST_F(ReportInputTest, RetellsWhatTheDeskKnows) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    auto const told = detectors::incident_retold(entries_of(*engine_, id).events);
    ASSERT_TRUE(told.has_value());
    auto const& was = *engine_->incident(id);
    EXPECT_EQ(told->state, was.state);
    EXPECT_EQ(told->severity, was.severity);
    EXPECT_EQ(told->onset, was.onset);
    EXPECT_EQ(told->opened, was.opened);
    EXPECT_EQ(told->closed, was.closed);
    EXPECT_EQ(told->owner, was.owner);
    ASSERT_EQ(told->streams.size(), was.streams.size());
    EXPECT_EQ(told->streams[0].name, was.streams[0].name);
    EXPECT_FALSE(told->streams[0].surging);
    EXPECT_FALSE(detectors::incident_retold({}).has_value());
}

TEST_F(ReportInputTest, RanksAmongThePastAndSaysWhatItIsLike) {
    std::string const first = crisis(30, "the tap is open and my kitchen is under water");
    now_ += 3 * 24h;  // what was said in the last two days is no mark of an incident
    std::string const second = crisis(60, "where is the refund that you promised us last week");
    now_ += 3 * 24h;
    std::string const third = crisis(10, "the tap is open and my kitchen is under water");
    ASSERT_NE(first, second);
    ASSERT_NE(second, third);
    auto const in = report(first);
    EXPECT_EQ(in.by_excess.place, 2u);
    EXPECT_EQ(in.by_excess.of, 3u);
    EXPECT_EQ(report(second).by_excess.place, 1u);
    EXPECT_EQ(report(third).by_excess.place, 3u);
    EXPECT_EQ(in.ranked_since, engine_->incident(first)->opened);

    EXPECT_TRUE(in.similar.empty()) << "what comes later is no recurrence";
    auto const back = report(third).similar;
    ASSERT_FALSE(back.empty());
    EXPECT_EQ(back[0].id, first);
    EXPECT_EQ(back[0].why[0], "1 text was copied in both");
    EXPECT_EQ(back, similar_to(*engine_, *engine_->incident(third)));
}

TEST_F(ReportInputTest, FindsIncidentsOfAllYears) {
    std::string const first = crisis(30, "the tap is open and my kitchen is under water");
    WallTime const between = now_ + 1min;
    now_ += 11 * 24h;
    (void)engine_->expire(
        now_);  // the desk forgets first, the journal later  // the first is the journal's alone
    std::string const second = crisis(30, "where is the refund that you promised us last week");
    pass(30);
    pass(10, "acme-facebook", 30, "and now this as well is broken again my friends");
    std::string const third = engine_->desks().at("acme").incidents().back().id;

    EXPECT_EQ(ids({}), (std::vector<std::string>{third, second, first}));
    HistoryQuery query;
    query.state = "closed";
    EXPECT_EQ(ids(query), (std::vector<std::string>{second, first}));
    query = {};
    query.brand = "other";
    EXPECT_TRUE(ids(query).empty());
    query = {};
    query.to = between;
    EXPECT_EQ(ids(query), std::vector<std::string>{first});
    query = {};
    query.from = between;
    EXPECT_EQ(ids(query), (std::vector<std::string>{third, second}));
    // By note, checklist item, link, id; letters of any case.
    for (auto const& [text, found] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"THE TAP was open: " + first, {first}},
             {"fix it", {second, first}},
             {"acme.example/what", {second, first}},
             {third, {third}},
             {"kim", {second, first}},
             {"\"quotes\\", {}},
             {"incident.note", {}},  // a name of the journal's own is no finding
             {"nowhere", {}}}) {
        query = {};
        query.text = text;
        EXPECT_EQ(ids(query), found) << text;
    }
    // Page by page, each once.
    query = {};
    query.limit = 1;
    std::vector<std::string> all;
    for (int pages = 0; pages < 5; ++pages) {
        auto const page = history(*engine_, query);
        for (auto const* i : page.items) all.push_back(i->id);
        query.after = page.next;
        if (page.next.empty()) break;
    }
    EXPECT_EQ(all, (std::vector<std::string>{third, second, first}));
}

TEST_F(ReportInputTest, ADrillHasNoMentionsAndNoRank) {
    pass(30);
    std::string id;
    detectors::Drill wanted;
    wanted.stream = "acme-x";
    wanted.by = "kim";
    wanted.ratio = 8;
    ASSERT_EQ(engine_->drill(wanted, 10min, now_, id).refusal, detectors::Refusal::none);
    say(Action::close, id);
    auto const in = report(id);
    EXPECT_TRUE(in.incident.drill);
    EXPECT_TRUE(in.curves.empty());
    EXPECT_FALSE(in.size.known);
    EXPECT_THAT(exporters::report_md(in), testing::HasSubstr("# DRILL"));
    EXPECT_EQ(engine_->blob(size_name(id)), "");
}

TEST_F(ReportInputTest, ReadsOneThatIsStillOpen) {
    pass(30);
    pass(10, "acme-x", 30, "the tap is open and my kitchen is under water");
    std::string const id = engine_->desks().at("acme").incidents().back().id;
    auto const in = report(id);
    std::string const md = exporters::report_md(in);
    EXPECT_THAT(md, testing::HasSubstr("**It is not closed.**"));
    EXPECT_THAT(md, testing::HasSubstr("None yet: it is not closed."));
    EXPECT_GT(in.size.excess, 200);
}

TEST_F(ReportInputTest, TakesThePeopleFromTheirBook) {
    std::string const id = crisis(30, "the tap is open and my kitchen is under water");
    auto in = report(id);
    auto const rows = store_->newest("acme-x", 1);
    ASSERT_EQ(rows.size(), 1u);
    WallTime const onset = in.incident.onset, answer = onset + 1h;
    detectors::People book(onset);
    auto const says = [&](detectors::MentionKey key, WallTime at, bool asks, int tone) {
        detectors::People::Told told;
        told.where = {"x", "acme-x", key, at};
        told.author = key;
        told.asks = asks;
        told.tone = tone;
        book.hear(told);
    };
    for (detectors::MentionKey key = 1; key <= 50; ++key)
        says(key, onset + 5min, key <= 7, key <= 30 ? -1 : key == 31 ? 1 : 0);
    for (detectors::MentionKey key = 101; key <= 138; ++key)
        says(key, onset + 90min, false, key <= 104 ? -1 : key <= 113 ? 1 : 0);
    says(rows[0].key, rows[0].at, true, 0);
    says(999'999, std::max(rows[0].at, onset) + 2h, true, 0);
    for (auto const& [key, wait] : {std::pair{1, 10min}, {2, 30min}, {3, 20min}, {4, 60min}})
        book.answer("x", detectors::MentionKey(key), wait);
    for (detectors::MentionKey key = 5; key <= 7; ++key) book.answer("x", key, std::nullopt);

    in.people = report_people(*engine_, book, in.incident, answer);
    ASSERT_EQ(in.people.unanswered.size(), 2u);
    EXPECT_FALSE(in.people.unanswered[0].erased);
    EXPECT_THAT(in.people.unanswered[0].text, testing::HasSubstr("all quiet at the works"));
    EXPECT_TRUE(in.people.unanswered[1].erased);
    EXPECT_EQ(in.people.unanswered[1].id, "999999");
    ASSERT_EQ(in.people.waits.size(), 1u) << "one platform: what all waited is the same";
    EXPECT_EQ(in.people.waits[0].median, 25min);  // the mean of 20 and 30
    EXPECT_EQ(in.people.before.negative, 30u);
    EXPECT_EQ(in.people.after.negative, 4u);
    std::string const md = exporters::report_md(in);
    EXPECT_THAT(md, testing::HasSubstr("**2 of 9 questions wait for an answer of ours.**"));
    EXPECT_THAT(md, testing::HasSubstr("| X | 25m |"));
    EXPECT_THAT(md, testing::HasSubstr("**The tone turned after the answer.**"));
}

}  // namespace
}  // namespace surged::daemon
