// Goal: after the page: the unanswered shrink as our answers come, also over a restart; an answer
// that is not taken starts a new run of `respond`, a slow tail does not; promotion is paused once
// and resumed once whatever fails. Method: the real engine on a real store, virtual time, recorded
// questions and answers of 2017 read a second time by other code.
#include "daemon/engine.h"
#include "daemon/ndjson.h"
#include "daemon/sqlite_store.h"
#include "daemon/views.h"
#include "detectors/tone.h"
#include "detectors/unanswered.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::WallTime;
using detectors::Event;
using detectors::EventName;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;

WallTime const kNoon = *detectors::parse_time("2026-03-01T12:00:00Z");

struct Says {
    std::string author = "", text = "what is this", in_reply_to = "c1", lang = "en";
};

class World {
public:
    explicit World(std::string own = "[acme]", std::string more = "") : own_(own), more_(more) {
        open();
    }

    // As after kill -9: what was not committed is gone.
    void open() {
        engine.reset();
        store.reset();
        auto opened = daemon::open_store(dir.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store = std::move(*opened);
        daemon::LoadedSettings loaded = daemon::load_settings_text(config(), "sim.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        daemon::EngineHooks hooks;
        hooks.published = [this](Event const& e, std::string const&) { told.push_back(e); };
        hooks.log = [](std::string const&, std::string const&) {};
        metrics = std::make_unique<exporters::Metrics>();
        engine = std::make_unique<daemon::Engine>(std::move(loaded.settings), store.get(), *metrics,
                                                  hooks);
        ASSERT_TRUE(engine->restore(now).has_value());
    }

    void push(std::string const& id, Says const& says, MentionKind kind = MentionKind::reply) {
        Mention m;
        m.id = id;
        m.created_at = now;
        m.kind = says.in_reply_to.empty() ? MentionKind::post : kind;
        m.author.id = m.author.handle = says.author;
        m.text = says.text;
        m.lang = says.lang;
        m.in_reply_to = m.conversation = says.in_reply_to;
        batch.items.push_back(m);
        engine->push("acme-x", batch, 0, now);
        batch.clear();
    }
    // So many mentions a minute for so long, by ever new authors.
    void talk(std::chrono::minutes span, int per_minute, Says says = {}) {
        for (auto end = now + span; now < end;) {
            for (int i = 0; i < per_minute; ++i) {
                Says one = says;
                one.author = "u" + std::to_string(++authors);
                one.text += " " + std::to_string(authors * 7919);
                push(std::to_string(1'000'000 + authors), one);
            }
            tick(1min);
        }
    }
    void tick(std::chrono::minutes by) {
        now += by;
        engine->tick(now);
    }
    [[nodiscard]] std::vector<Event> events(EventName name) const {
        std::vector<Event> out;
        for (Event const& e : told)
            if (e.name == name) out.push_back(e);
        return out;
    }
    [[nodiscard]] detectors::Incident const* incident() const {
        return engine->desks().at("acme").current();
    }
    detectors::Heard word(detectors::Action action, std::string id = {}) {
        detectors::OperatorWord in;
        in.action = action;
        in.incident = id.empty() ? incident()->id : id;
        in.by = "kim";
        return engine->operator_word(in, now);
    }

    TempDir dir;
    WallTime now = kNoon;
    std::unique_ptr<daemon::Store> store;
    std::unique_ptr<exporters::Metrics> metrics;
    std::unique_ptr<daemon::Engine> engine;
    std::vector<Event> told;
    int authors = 0;

private:
    [[nodiscard]] std::string config() const {
        return "receivers:\n"
               "  hook: { type: webhook, url: \"http://127.0.0.1:1/h\" }\n"
               "  scheduler: { type: webhook, url: \"http://127.0.0.1:1/s\" }\n"
               "detectors: { cap: { type: threshold, window: 5m, at_least: 40 },\n"
               "             one: { type: threshold, window: 5m, at_least: 1 } }\n"
               "response_policies: { quick: { acknowledge: 10m, respond: 1h, resolve: 2h } }\n"
               "brands:\n"
               "  - name: acme\n"
               "    own: { x: " +
               own_ +
               " }\n"
               "    notify: { opened: [hook], reopened: [hook], closed: [hook], wrong_account: "
               "[hook] }\n"
               "    fallback: [hook]\n"
               "    pause_promotion: [scheduler]\n" +
               more_;
    }
    std::string own_, more_;
    MentionBatch batch;
};

std::string stream(char const* detector = "cap") {
    return std::string(
               "    streams:\n      - { name: acme-x, platform: x, kind: push, policy: quick, "
               "detector: ") +
           detector + " }\n";
}

// A crisis of half an hour, answered; it goes on with `tail` mentions a minute.
void crisis(World& world, int tail, Says says = {}) {
    world.talk(2h, 1, {"", "hello", ""});
    world.talk(30min, 40, says);
    ASSERT_NE(world.incident(), nullptr);
    world.push("9001", {"acme", "we are sorry", "c1"});
    ASSERT_EQ(world.incident()->state, detectors::IncidentState::responded);
    world.talk(1h, tail, says);
}

detectors::Clock const* clock_of(detectors::Incident const& incident, int run) {
    for (auto const& c : incident.clocks)
        if (c.kind == detectors::ClockKind::respond && c.run == run) return &c;
    return nullptr;
}

TEST(PeopleSim, ASecondHumpStartsANewRunOfRespond) {
    for (int const tail : {2, 12}) {  // the surge ends between the humps; it goes on
        World world("[acme]", stream());
        crisis(world, tail);
        if (testing::Test::HasFatalFailure()) return;
        EXPECT_EQ(world.events(EventName::surge_ended).size(), tail == 2 ? 1U : 0U);
        EXPECT_TRUE(world.events(EventName::incident_reopened).empty());
        WallTime const rise = world.now;
        world.talk(40min, 40);
        auto const again = world.events(EventName::incident_reopened);
        ASSERT_EQ(again.size(), 1U) << tail;
        EXPECT_EQ(again[0].reason, "second_wave");
        EXPECT_LE(again[0].at - rise, 35min);
        auto const* run = clock_of(*world.incident(), 2);
        ASSERT_NE(run, nullptr);
        EXPECT_EQ(run->state, detectors::ClockState::running);
        EXPECT_LE(run->start - rise, 11min);
        // A reply to the second wave is its answer; the first is not.
        world.push("9002", {"acme", "here is what we do", "c1"});
        EXPECT_EQ(clock_of(*world.incident(), 2)->state, detectors::ClockState::met);
        EXPECT_EQ(world.engine->incident(again[0].incident)->id, world.incident()->id);
    }
}

TEST(PeopleSim, ASlowTailStartsNone) {
    World world("[acme]", stream());
    crisis(world, 30);
    for (int rate = 28; rate >= 2; rate -= 2) world.talk(20min, rate);
    world.talk(2h, 1, {"", "hello", ""});
    EXPECT_TRUE(world.events(EventName::incident_reopened).empty());
    EXPECT_EQ(world.events(EventName::incident_opened).size(), 1U);
    EXPECT_EQ(world.events(EventName::surge_ended).size(), 1U);
}

TEST(PeopleSim, AnApologyThatIsNotBelievedIsASecondWave) {
    if (detectors::tone_words() == 0) GTEST_SKIP() << "built without the lexicon";
    World world("[acme]", stream());
    crisis(world, 25, {"", "this is terrible and disgusting", "c1"});
    world.talk(30min, 25, {"", "horrible liars, awful", "c1"});
    auto const again = world.events(EventName::incident_reopened);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_THAT(again[0].summary, testing::HasSubstr("negative"));

    World believed("[acme]", stream());
    crisis(believed, 25, {"", "this is terrible and disgusting", "c1"});
    believed.talk(30min, 25, {"", "thanks, great answer, love it", "c1"});
    EXPECT_EQ(believed.events(EventName::incident_reopened).size(), 1U)
        << "for an hour after the answer nothing had changed";
}

TEST(PeopleSim, ALateQuestionIsListedAndPagesNobody) {
    World world("[acme]", stream());
    crisis(world, 1, {"", "so it is", "c1"});
    std::string const id = world.incident()->id;
    ASSERT_EQ(world.word(detectors::Action::close).refusal, detectors::Refusal::none);
    for (int day = 0; day < 40; ++day) {
        world.now += 24h;
        world.engine->tick(world.now);
    }
    std::size_t const before = world.told.size();
    world.push("777", {"late", "did you ever fix this?", "c1"});
    world.push("778", {"other", "is it open on sunday?", ""});
    world.tick(1min);
    EXPECT_EQ(world.told.size(), before);
    for (int restart = 0; restart < 2; ++restart) {
        auto const* people = world.engine->people(id);
        ASSERT_NE(people, nullptr);
        auto const waiting = people->unanswered(10);
        ASSERT_EQ(waiting.size(), 1U);
        EXPECT_EQ(waiting[0].where.key, 777U);
        EXPECT_TRUE(waiting[0].late);
        EXPECT_THAT(daemon::incident_json(*world.engine, *world.engine->incident(id)),
                    testing::HasSubstr("did you ever fix this?"));
        world.open();
    }
    world.push("9003", {"acme", "yes, in May", "777"});
    EXPECT_EQ(world.engine->people(id)->waiting(), 0U);
    world.open();
    EXPECT_EQ(world.engine->people(id)->waiting(), 0U);
}

TEST(PeopleSim, AdvocatesAreThoseWhoSpokeWellBeforeAndAreInIt) {
    if (detectors::tone_words() == 0) GTEST_SKIP() << "built without the lexicon";
    World world("[acme]", stream());
    for (int day = 0; day < 4; ++day) {
        world.push("50" + std::to_string(day), {"friend", "I love acme, great people", ""});
        world.push("60" + std::to_string(day), {"absent", "acme is wonderful, I love it", ""});
        world.tick(24h / 1min * 1min);
    }
    world.open();  // what is known of them is on disk
    world.talk(30min, 40);
    world.push("700", {"friend", "give them a chance", "c1"});
    world.tick(1min);
    auto const friends = world.engine->people(world.incident()->id)->advocates(10);
    ASSERT_EQ(friends.size(), 1U);
    EXPECT_EQ(friends[0].first.key, 700U);
    EXPECT_EQ(friends[0].spoke_well, 4U);
    EXPECT_THAT(daemon::incident_json(*world.engine, *world.incident()),
                testing::HasSubstr(R"("author":"friend")"));
}

TEST(PeopleSim, APostFromTheWrongAccountIsTold) {
    World world("[acme]", stream() +
                              "  - name: globex\n"
                              "    terms: [globexfest]\n"
                              "    streams: [{ name: globex-x, platform: x, kind: push }]\n");
    world.talk(5min, 1);
    world.push("1", {"acme", "come to our party", ""});
    EXPECT_TRUE(world.events(EventName::incident_wrong_account).empty());
    world.push("2", {"acme", "See you at #GlobexFest!", ""});
    auto const told = world.events(EventName::incident_wrong_account);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].brand, "acme");
    EXPECT_EQ(told[0].mention, "2");
    EXPECT_THAT(told[0].reason, testing::HasSubstr("'globexfest', which is of brand 'globex'"));
    EXPECT_EQ(world.engine->outbox().waiting("hook"), 1U);
}

// What a receiver got: by key, in order of first arrival.
struct Inbox {
    std::vector<std::pair<std::string, EventName>> got;
    int taken = 0, failed = 0, crashed = 0;
    void take(exporters::Page const& page) {
        for (auto const& [key, name] : got)
            if (key == page.key) return;
        got.emplace_back(page.key, page.event.name);
    }
};

// Delivers what is due to the scheduler; `mishap`: 0 taken, 1 refused for now, 2 taken and the
// daemon dies before it knows.
template <typename Mishap>
void deliver(World& world, Inbox& inbox, Mishap mishap) {
    for (int n = 0; n < 20; ++n) {
        std::int64_t row = 0;
        auto const page = world.engine->next_page("scheduler", world.now, row);
        if (!page) return;
        exporters::Answer answer;
        int const what = mishap();
        answer.kind =
            what == 1 ? exporters::Answer::Kind::retry : exporters::Answer::Kind::delivered;
        if (what == 1) ++inbox.failed;
        if (what != 1) inbox.take(*page), ++inbox.taken;
        if (what == 2) {
            ++inbox.crashed;
            world.open();
            continue;
        }
        world.engine->settled("scheduler", row, answer, world.now, 0.5);
    }
}

TEST(PeopleSim, PromotionIsPausedOnceAndResumedOnceThroughCrashesAndRetries) {
    int failed = 0, crashed = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        std::mt19937_64 random(seed);
        World world("[acme]", stream());
        Inbox inbox;
        auto const mishap = [&] { return int(random() % 3); };
        world.talk(1h, 1, {"", "hello", ""});
        for (int i = 0; i < 90; ++i) {
            world.talk(1min, i < 30 ? 40 : 1);
            if (i == 40) world.word(detectors::Action::acknowledge);
            if (i > 10 + int(seed) * 6) deliver(world, inbox, mishap);  // away at first
            if (i == 60) {
                detectors::OperatorWord in;
                in.action = detectors::Action::close;
                in.incident = world.incident()->id;
                in.by = "kim";
                world.engine->operator_word(in, world.now);
            }
        }
        for (int i = 0; i < 400; ++i) {
            deliver(world, inbox, mishap);
            world.tick(1min);
        }
        std::vector<EventName> names;
        for (auto const& [key, name] : inbox.got) names.push_back(name);
        EXPECT_THAT(names, testing::ElementsAre(EventName::incident_promotion_paused,
                                                EventName::incident_promotion_resumed))
            << "seed " << seed;
        failed += inbox.failed;
        crashed += inbox.crashed;
    }
    EXPECT_GT(failed, 5);
    EXPECT_GT(crashed, 5);
}

TEST(PeopleSim, AResumeThatDoesNotArriveIsRemembered) {
    World world("[acme]", stream());
    world.talk(1h, 1, {"", "hello", ""});
    world.talk(10min, 40);
    Inbox inbox;
    deliver(world, inbox, [] { return 0; });
    ASSERT_EQ(inbox.got.size(), 1U);
    world.word(detectors::Action::close);
    std::size_t notes = 0;
    for (int hour = 0; hour < 30; ++hour) {
        for (int i = 0; i < 60; ++i) {
            deliver(world, inbox, [] { return 1; });
            world.tick(1min);
        }
        auto const told = world.events(EventName::incident_note);
        if (hour == 0) {
            EXPECT_LE(told.size(), 1U);
        }
        notes = told.size();
    }
    EXPECT_EQ(notes, 2U) << "after an hour, and a day later";
    auto const told = world.events(EventName::incident_note);
    EXPECT_THAT(told[0].note, testing::HasSubstr("promotion is still paused: 'scheduler'"));
    world.now += 10min;
    deliver(world, inbox, [] { return 0; });
    world.tick(25h / 1min * 1min);
    EXPECT_EQ(world.events(EventName::incident_note).size(), 2U);
}

// --- questions and answers of 2017 ---

struct Row {
    std::string id, author, text, answers;
    WallTime at;
    bool own = false;
};

std::vector<Row> read_rows() {
    std::ifstream in(SHARED_DIR "/data/mentions/support-2017.ndjson", std::ios::binary);
    std::vector<Row> out;
    WallTime const begin = *detectors::parse_time("2017-10-01T00:00:00Z");
    daemon::NdjsonReader reader;
    for (std::string line; std::getline(in, line);) {
        MentionBatch batch;
        auto const row = reader.read(line, batch);
        if (!row || row->mention.created_at < begin) continue;
        Mention const& m = row->mention;
        out.push_back({std::string(m.id), std::string(m.author.handle), std::string(m.text),
                       std::string(m.in_reply_to), m.created_at,
                       line.find(R"("own":true)") != std::string::npos});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](Row const& a, Row const& b) { return a.at < b.at; });
    return out;
}

std::set<std::string> waiting(World const& world) {
    std::set<std::string> out;
    auto const* people = world.engine->people(world.incident()->id);
    if (people == nullptr) return out;
    for (auto const& a : people->unanswered(100'000)) out.insert(std::to_string(a.where.key));
    return out;
}

TEST(PeopleSim, TheUnansweredShrinkAsTheRecordedAnswersCome) {
    auto const rows = read_rows();
    if (rows.empty()) GTEST_SKIP() << "support-2017.ndjson is not there";
    std::set<std::string> handles, inbound;
    for (Row const& row : rows) row.own ? handles.insert(row.author) : inbound.insert(row.id);
    std::string own = "[";
    for (auto const& handle : handles) own += (own.size() > 1 ? ", \"" : "\"") + handle + "\"";
    World world(own + "]", "    close_after: 90d\n" + stream("one"));

    // By the rows alone: what asks and has no answer by now; how long the first answer took.
    std::set<std::string> open, answered;
    std::map<std::string, WallTime> asked;
    std::vector<std::chrono::milliseconds> waits;
    std::size_t shrunk = 0, largest = 0;
    world.now = rows.front().at - 1min;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Row const& row = rows[i];
        if (row.at - world.now > 1min) {
            world.now = row.at;
            world.engine->tick(world.now);
        }
        world.now = std::max(world.now, row.at);
        Says says{row.author, row.text, row.answers, "en"};
        world.push(row.id, says);
        if (!row.own) {
            asked[row.id] = row.at;
            if (detectors::asks(row.text)) open.insert(row.id);
        } else if (inbound.contains(row.answers) && answered.insert(row.answers).second) {
            ASSERT_TRUE(asked.contains(row.answers)) << "an answer before its question";
            waits.push_back(row.at - asked[row.answers]);
            shrunk += open.erase(row.answers);
        }
        largest = std::max(largest, open.size());
        if (world.incident() == nullptr) continue;
        if (i % 50 != 0 && i + 1 != rows.size()) {
            ASSERT_EQ(world.engine->people(world.incident()->id)->waiting(), open.size())
                << "row " << i << " " << row.id;
        } else {
            ASSERT_EQ(waiting(world), open) << "row " << i;
        }
    }
    ASSERT_NE(world.incident(), nullptr);
    std::sort(waits.begin(), waits.end());
    ASSERT_GT(waits.size(), 2000U);
    auto const middle = waits.size() / 2;
    auto const median =
        waits.size() % 2 == 1 ? waits[middle] : (waits[middle - 1] + waits[middle]) / 2;
    for (int restart = 0; restart < 2; ++restart) {
        auto const* people = world.engine->people(world.incident()->id);
        EXPECT_EQ(people->median_wait(), median) << "restart " << restart;
        EXPECT_EQ(people->answered(), waits.size());
        EXPECT_EQ(waiting(world), open);
        world.open();
    }
    EXPECT_GT(shrunk, 400U);
    std::cout << waits.size() << " answers, median " << median.count() / 1000 << " s; of "
              << shrunk + open.size() << " questions " << open.size()
              << " stay open, never more than " << largest << " at once\n";
}

}  // namespace
}  // namespace surged::tests
