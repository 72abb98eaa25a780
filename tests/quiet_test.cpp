// Goal: what a silence, a heartbeat, a drill, an open question and an announced surge promise in
// the contract. Method: the real engine on a real store, with the wall clock in hand.
#include "daemon/engine.h"
#include "daemon/event_json.h"
#include "daemon/sqlite_store.h"
#include "exporters/receivers/words.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using namespace detectors;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr WallTime kNoon{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z

// Two pagers told of every moment, a webhook that hears all, one that holds campaigns.
constexpr char kConfig[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
  feed: { type: webhook, url: "http://127.0.0.1:1/feed", all: true }
  hold: { type: webhook, url: "http://127.0.0.1:1/hold" }
heartbeat: { receivers: [hook], every: 1h }
detectors:
  cap: { type: threshold, window: 5m, at_least: 10 }
  questions: { type: unanswered, within: 2h }
response_policies:
  quick: { acknowledge: 10m, respond: 1h, warn_at: [50%] }
  slow: { acknowledge: 30m, respond: 4h, resolve: 12h }
brands:
  - name: acme
    own: { x: [acme], facebook: ["77"] }
    notify: { opened: [hook], warning: [hook], breached: [hook], acknowledged: [hook], closed: [hook] }
    fallback: [feed]
    pause_promotion: [hold]
    raise: { words: [recall] }
    streams:
      - { name: acme-x, platform: x, kind: push, policy: quick, detector: cap }
      - { name: acme-fb, platform: facebook, kind: push, policy: slow, detector: [cap, questions] }
  - name: other
    notify: { opened: [hook] }
    fallback: [feed]
    streams:
      - { name: other-x, platform: x, kind: push, policy: quick, detector: cap }
)";

struct Sent {
    std::string receiver, event, key, headline, reason, incident;
    bool drill = false, catch_up = false;
};

class Quiet : public testing::Test {
protected:
    void SetUp() override { open(kConfig); }

    void open(std::string const& config) {
        engine_.reset();
        store_.reset();
        auto opened = open_store(dir_.path(), OpenMode::simulation);
        ASSERT_TRUE(opened.has_value());
        store_ = std::move(*opened);
        LoadedSettings loaded = load_settings_text(config, "test.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        ASSERT_THAT(loaded.unbuilt, IsEmpty());
        EngineHooks hooks;
        hooks.published = [this](Event const& event, std::string const&) {
            said_.push_back(event);
        };
        hooks.log = [](std::string const&, std::string const&) {};
        metrics_ = std::make_unique<exporters::Metrics>();
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), store_.get(), *metrics_, hooks);
        ASSERT_TRUE(engine_->restore(now_).has_value());
        engine_->tick(now_);
    }

    void tick(std::chrono::seconds later = 0s) {
        now_ += later;
        engine_->tick(now_);
    }

    struct Post {
        std::string id, text = "hello", author = "kim", in_reply_to = {}, conversation = {};
        WallTime at = kNoTime;
        MentionKind kind = MentionKind::comment;
    };
    void push(std::string const& stream, std::vector<Post> const& posts) {
        MentionBatch batch;
        for (Post const& p : posts) {
            Mention m;
            m.id = batch.keep(p.id);
            m.created_at = p.at == kNoTime ? now_ : p.at;
            m.text = batch.keep(p.text);
            m.author.id = batch.keep(p.author);
            m.in_reply_to = batch.keep(p.in_reply_to);
            m.conversation = batch.keep(p.conversation);
            m.kind = p.kind;
            batch.items.push_back(m);
        }
        engine_->push(stream, batch, 0, now_);
    }
    // Twenty mentions at once: more than `cap` allows.
    void surge(std::string const& stream) {
        std::vector<Post> posts;
        for (int i = 0; i < 20; ++i) posts.push_back({.id = "s" + std::to_string(next_++)});
        now_ += 20s;
        push(stream, posts);
    }
    // Every stream has begun, so that what comes now is no history.
    void settle() {
        for (auto const* stream : {"acme-x", "acme-fb", "other-x"})
            push(stream, {{.id = std::string("first-") + stream}});
        tick(30min);
        deliver();
        said_.clear();
    }

    void at(WallTime t) {
        now_ = t;
        engine_->tick(now_);
    }

    // What would go out now, to everyone; all of it is taken. Heartbeats go to beats_.
    std::vector<Sent> deliver() {
        std::vector<Sent> out;
        beats_.clear();
        for (auto const& [name, receiver] : engine_->settings().receivers)
            for (;;) {
                std::int64_t row = 0;
                auto const page = engine_->next_page(name, now_, row);
                if (!page) break;
                bool const beat = page->key.find("heartbeat") != std::string::npos;
                (beat ? beats_ : out)
                    .push_back({name, std::string(to_string(page->event.name)), page->key,
                                exporters::headline(*page, now_), page->event.reason,
                                page->event.incident, page->event.drill, page->catch_up});
                engine_->settled(name, row, {}, now_, 0.5);
            }
        return out;
    }
    static std::vector<std::string> to(std::vector<Sent> const& sent, std::string const& receiver) {
        std::vector<std::string> out;
        for (auto const& s : sent)
            if (s.receiver == receiver) out.push_back(s.event);
        return out;
    }
    std::vector<std::string> names() {
        std::vector<std::string> out;
        for (auto const& e : said_) out.emplace_back(to_string(e.name));
        said_.clear();
        return out;
    }
    std::string silence(std::string const& brand, std::chrono::seconds span, bool breaches = false,
                        std::string const& stream = {}) {
        std::string id;
        auto const heard =
            engine_->silence({brand, stream, "kim", "api", "a launch", span, breaches}, now_, id);
        EXPECT_EQ(heard.refusal, Refusal::none) << heard.detail;
        return id;
    }
    Heard say(Action action, std::string const& incident) {
        OperatorWord word;
        word.action = action;
        word.incident = incident;
        word.by = "kim";
        return engine_->operator_word(word, now_);
    }
    Incident const& incident(std::string const& brand = "acme", bool drill = false) {
        return *engine_->desks().find(brand)->second.current(drill);
    }

    tests::TempDir dir_;
    WallTime now_ = kNoon;
    int next_ = 0;
    std::vector<Event> said_;
    std::vector<Sent> beats_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<exporters::Metrics> metrics_;
    std::unique_ptr<Engine> engine_;
};

// --- silences

TEST_F(Quiet, SilenceHoldsPagesNeverTheRecordAndTellsWhatItHeld) {
    settle();
    std::string const id = silence("acme", 45min);
    surge("acme-x");
    auto sent = deliver();
    // The journal has everything; the order to pause promotion is for a machine and passes.
    EXPECT_THAT(names(), ElementsAre("silence.started", "surge.started", "incident.opened",
                                     "incident.promotion_paused"));
    EXPECT_THAT(to(sent, "hook"), IsEmpty());
    EXPECT_THAT(to(sent, "feed"), ElementsAre("silence.started", "incident.promotion_paused"));
    EXPECT_THAT(to(sent, "hold"), ElementsAre("incident.promotion_paused"));
    EXPECT_EQ(incident().clocks.size(), 2u) << "clocks run";
    EXPECT_TRUE(engine_->hushed(incident())) << "nor is it told by a lease";
    // Another brand is not silenced.
    surge("other-x");
    EXPECT_THAT(to(deliver(), "hook"), ElementsAre("incident.opened"));

    at(kNoon + 42min);  // acknowledge is over: breaches pass
    sent = deliver();
    EXPECT_THAT(to(sent, "hook"), ElementsAre("clock.breached"));
    EXPECT_FALSE(engine_->hushed(incident()));
    at(kNoon + 62min);  // respond's warning is held
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty());
    EXPECT_EQ(engine_->silences().find(id)->held,
              5u);  // surge.started, .ended, opened, two warnings

    // The daemon dies and comes back: the silence and what it holds are still there.
    open(kConfig);
    EXPECT_EQ(engine_->silences().find(id)->held, 5u);
    names();
    at(kNoon + 75min - 1s);
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty()) << "one second too early";
    tick(1s);
    EXPECT_THAT(names(), ElementsAre("silence.ended"));
    sent = deliver();
    ASSERT_THAT(to(sent, "hook"), ElementsAre("silence.ended"));
    for (Sent const& s : sent) {
        if (s.receiver != "hook") continue;
        EXPECT_TRUE(s.catch_up);
        EXPECT_EQ(s.incident, incident().id);
        EXPECT_THAT(s.reason, HasSubstr("the silence 'a launch' by kim has ended"));
        EXPECT_THAT(s.reason, HasSubstr("clock.warning"));
        EXPECT_THAT(s.reason, HasSubstr("incident.opened"));
        EXPECT_THAT(s.headline, HasSubstr("pages held"));
        EXPECT_THAT(s.headline, HasSubstr("20 mentions on X"));
        EXPECT_THAT(s.headline, HasSubstr("overdue"));
    }
    tick(1min);
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty()) << "told once";
    EXPECT_TRUE(store_->verify().intact);
}

TEST_F(Quiet, SilenceWithBreachesHoldsThemAndEndsAtAWord) {
    settle();
    std::string const id = silence("acme", 5h, true);
    surge("acme-x");
    tick(70min);
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty());
    std::string const incident_id = incident().id;
    EXPECT_EQ(say(Action::close, incident_id).refusal, Refusal::none);
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty());
    EXPECT_EQ(engine_->expire_silence(id, "lee", "api", now_).refusal, Refusal::none);
    auto const sent = deliver();
    ASSERT_THAT(to(sent, "hook"), ElementsAre("silence.ended"));
    EXPECT_THAT(sent.back().headline, HasSubstr("closed"));
    EXPECT_EQ(engine_->expire_silence(id, "lee", "api", now_).refusal, Refusal::none) << "twice";
    EXPECT_THAT(deliver(), IsEmpty());
    EXPECT_EQ(engine_->expire_silence("silence-99", "lee", "api", now_).refusal,
              Refusal::not_found);
}

TEST_F(Quiet, ASilenceInsideAnotherGivesItsHeldPagesToTheLonger) {
    settle();
    silence("acme", 30min);
    silence("acme", 1h);
    surge("acme-x");
    tick(30min);
    EXPECT_THAT(names(), testing::Contains("silence.ended"));
    auto sent = deliver();
    EXPECT_THAT(to(sent, "hook"), ElementsAre("clock.breached")) << "the other still holds";
    tick(30min);
    sent = deliver();
    EXPECT_THAT(to(sent, "hook"), ElementsAre("clock.breached", "silence.ended"));
}

TEST_F(Quiet, ASilenceOfOneStreamHoldsNothingOfAnother) {
    settle();
    silence("acme", 2h, false, "acme-x");
    surge("acme-x");
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty());
    surge("acme-fb");  // joins: told to `grown`, of which nobody is told here
    EXPECT_EQ(incident().streams.size(), 2u);
    // The incident is no longer of silenced streams alone: its acknowledgement is told.
    EXPECT_EQ(say(Action::acknowledge, incident().id).refusal, Refusal::none);
    EXPECT_THAT(to(deliver(), "hook"), ElementsAre("incident.acknowledged"));
    tick(30min);  // a clock of the silenced stream's platform alone
    EXPECT_THAT(to(deliver(), "hook"), IsEmpty());
}

TEST_F(Quiet, SilencesAreRefusedWithTheReasonAndBounded) {
    std::string id;
    auto const refused = [&](SilenceWanted wanted, std::string const& part) {
        Heard const heard = engine_->silence(wanted, now_, id);
        EXPECT_NE(heard.refusal, Refusal::none);
        EXPECT_THAT(heard.detail, HasSubstr(part));
    };
    SilenceWanted const good{"acme", "", "kim", "api", "why", 1h, false};
    auto bad = good;
    bad.brand = "ghost";
    refused(bad, "ghost");
    bad = good;
    bad.stream = "other-x";
    refused(bad, "other-x");
    bad = good;
    bad.by.clear();
    refused(bad, "by");
    bad = good;
    bad.why.clear();
    refused(bad, "why");
    bad = good;
    bad.span = 0s;
    refused(bad, "for");
    bad.span = 367 * 24h;
    refused(bad, "for");
    for (std::size_t i = 0; i < Silences::kActive; ++i)
        EXPECT_EQ(engine_->silence(good, now_, id).refusal, Refusal::none);
    refused(good, "100 silences");
}

// --- heartbeat

TEST_F(Quiet, HeartbeatKeepsItsHoursThroughRestartsAndSaysHowAllIs) {
    deliver();
    ASSERT_EQ(beats_.size(), 1u) << "the first proves the chain at once";
    EXPECT_EQ(beats_[0].receiver, "hook");
    EXPECT_EQ(beats_[0].key, engine_->instance() + "-heartbeat-1772366400");
    EXPECT_THAT(beats_[0].headline, HasSubstr("heartbeat: all is well: 3 streams are read"));
    tick(59min + 59s);
    deliver();
    EXPECT_THAT(beats_, IsEmpty());
    open(kConfig);
    deliver();
    EXPECT_THAT(beats_, IsEmpty()) << "a restart is no reason for one";
    tick(1s);
    deliver();
    ASSERT_EQ(beats_.size(), 1u);
    EXPECT_EQ(beats_[0].key, engine_->instance() + "-heartbeat-1772370000");
    // Three hours down: one is sent, and the schedule stays on the hour.
    now_ += 3h + 20min;
    open(kConfig);
    deliver();
    EXPECT_EQ(beats_.size(), 1u);
    EXPECT_EQ(engine_->next_due(), kNoon + 5h);
    // The wall clock is set back by a day: not a day without a heartbeat.
    now_ -= 24h;
    tick();
    tick(1h);
    deliver();
    EXPECT_EQ(beats_.size(), 1u);
}

TEST_F(Quiet, HeartbeatTellsWhatIsNotWellAndOnlyTheNewestWaits) {
    settle();
    PollOutcome outcome;
    outcome.stream = "acme-x";
    outcome.failure = Failure(Fault::budget, "no credits");
    engine_->polled(outcome, now_);
    deliver();
    // "hook" takes nothing for three hours; three heartbeats become due.
    for (int i = 0; i < 3; ++i) tick(1h);
    deliver();
    ASSERT_EQ(beats_.size(), 1u);
    EXPECT_THAT(beats_[0].headline, HasSubstr("NOT all is well"));
    EXPECT_THAT(beats_[0].headline, HasSubstr("acme-x (budget: no credits)"));
}

// --- drills

TEST_F(Quiet, ADrillGoesTheWholeWayAndTouchesNothing) {
    settle();
    StreamState const& stream = *engine_->stream("acme-x");
    std::string const judge = stream.judge.save();
    auto const mentions = stream.mentions;
    Drill wanted;
    wanted.stream = "acme-x";
    wanted.ratio = 8;
    wanted.by = "kim";
    std::string id;
    ASSERT_EQ(engine_->drill(wanted, 10min, now_, id).refusal, Refusal::none);
    EXPECT_EQ(id, "acme-20260301-1-drill");
    for (Event const& e : said_) EXPECT_TRUE(e.drill) << to_string(e.name);
    EXPECT_THAT(names(), ElementsAre("drill.started", "surge.started", "incident.opened"));
    auto sent = deliver();
    EXPECT_THAT(to(sent, "hook"), ElementsAre("incident.opened"));
    EXPECT_THAT(to(sent, "hold"), IsEmpty()) << "a drill pauses no promotion";
    for (auto const& s : sent) {
        EXPECT_TRUE(s.drill);
        EXPECT_THAT(s.headline, testing::StartsWith("DRILL "));
    }
    std::string other;
    EXPECT_EQ(engine_->drill(wanted, 10min, now_, other).refusal, Refusal::conflict);

    // A real surge meanwhile has its own incident and is not hidden.
    surge("acme-x");
    EXPECT_THAT(to(deliver(), "hook"), ElementsAre("incident.opened"));
    EXPECT_FALSE(incident().drill);
    EXPECT_NE(incident().id, id);
    EXPECT_EQ(say(Action::close, incident().id).refusal, Refusal::none);
    names();

    open(kConfig);  // it survives a restart
    ASSERT_EQ(engine_->drills().size(), 1u);
    tick(10min);  // the acknowledge clock is real, and the time of the drill is over
    auto const said = names();
    EXPECT_THAT(said, testing::Contains("clock.breached"));
    EXPECT_THAT(said, testing::Contains("drill.ended"));
    EXPECT_THAT(engine_->drills(), IsEmpty());
    EXPECT_EQ(engine_->drill(wanted, 10min, now_, other).refusal, Refusal::conflict)
        << "its incident is still open";
    OperatorWord word;
    word.action = Action::close;
    word.incident = id;
    word.by = "kim";
    word.verdict = "false";
    std::string const before = engine_->stream("acme-x")->judge.save();
    EXPECT_EQ(engine_->operator_word(word, now_).refusal, Refusal::none);
    EXPECT_EQ(engine_->stream("acme-x")->judge.save(), before) << "a rehearsal teaches nothing";
    EXPECT_EQ(engine_->drill(wanted, 10min, now_, other).refusal, Refusal::none);
    EXPECT_EQ(other, "acme-20260301-2-drill");
    EXPECT_NE(judge, "");
    EXPECT_EQ(mentions, 1u);
}

TEST_F(Quiet, ADrillAloneChangesNoStateAndNoMetricButDeliveries) {
    settle();
    deliver();
    StreamState const& stream = *engine_->stream("acme-x");
    std::string const state = save_stream(stream);
    auto const figures = [&] {  // everything but notifications
        std::string out;
        std::string const text = metrics_->text();
        for (std::size_t at = 0; at < text.size();) {
            std::size_t const end = text.find('\n', at);
            std::string const line = text.substr(at, end - at);
            if (line.find("surged_notification") == std::string::npos) out += line + "\n";
            at = end + 1;
        }
        return out;
    };
    std::string const before = figures();
    std::string id;
    Drill wanted;
    wanted.stream = "acme-x";
    wanted.ratio = 20;
    ASSERT_EQ(engine_->drill(wanted, 1min, now_, id).refusal, Refusal::none);
    EXPECT_FALSE(deliver().empty());
    EXPECT_EQ(say(Action::acknowledge, id).refusal, Refusal::none);
    EXPECT_EQ(say(Action::close, id).refusal, Refusal::none);
    engine_->tick(now_);
    EXPECT_THAT(engine_->drills(), IsEmpty()) << "closed before its time";
    EXPECT_EQ(save_stream(stream), state);
    EXPECT_EQ(figures(), before);
}

TEST_F(Quiet, DrillsAreRefusedWithTheReason) {
    std::string id;
    Drill wanted;
    wanted.stream = "ghost";
    wanted.ratio = 8;
    EXPECT_EQ(engine_->drill(wanted, 10min, now_, id).refusal, Refusal::not_found);
    wanted.stream = "acme-x";
    wanted.ratio = 1;
    EXPECT_EQ(engine_->drill(wanted, 10min, now_, id).refusal, Refusal::unprocessable);
    wanted.ratio = 8;
    EXPECT_EQ(engine_->drill(wanted, 0s, now_, id).refusal, Refusal::unprocessable);
    EXPECT_EQ(engine_->drill(wanted, 25h, now_, id).refusal, Refusal::unprocessable);
    EXPECT_THAT(said_, IsEmpty());
}

// --- unanswered

TEST(Asks, KnowsAQuestionInSeveralLanguages) {
    for (auto const* text :
         {"is it open?", "when??", "How do I get a refund", "@acme why is it down",
          "Wann kommt mein Paket", "K\xC3\xB6nnt ihr mir helfen", "pourquoi personne ne repond",
          "\xC2\xBF"
          "d\xC3\xB3nde",
          "\xE5\x93\xAA\xE9\x87\x8C\xEF\xBC\x9F", "can you call me back"})
        EXPECT_TRUE(asks(text)) << text;
    for (auto const* text :
         {"", "thanks!", "great product", "https://a.example/?q=1", "How do they do it!",
          "I know why it broke", "why not", "What a wonderful day", "when I bought it, it worked"})
        EXPECT_FALSE(asks(text)) << text;
}

TEST_F(Quiet, AQuestionUnderOurPostWithoutAnAnswerOpensAWarning) {
    settle();
    push(
        "acme-fb",
        {{.id = "p1", .text = "Our new shop is open?", .author = "77", .kind = MentionKind::post}});
    WallTime const asked = now_;
    push(
        "acme-fb",
        {{.id = "q1", .text = "are you open on sunday?", .in_reply_to = "p1", .conversation = "p1"},
         {.id = "q2",
          .text = "when do you open?",
          .author = "lee",
          .in_reply_to = "p1",
          .conversation = "p1"},
         {.id = "c1", .text = "lovely", .author = "lou", .in_reply_to = "p1"},
         {.id = "q3", .text = "anyone?", .author = "max", .in_reply_to = "theirs"}});
    tick(1h);
    push("acme-fb", {{.id = "a2",
                      .text = "at nine",
                      .author = "77",
                      .in_reply_to = "q2",
                      .conversation = "p1"}});
    now_ = asked + 2h - 1s;
    tick();
    EXPECT_THAT(names(), IsEmpty());
    open(kConfig);  // the list survives
    tick(61s);
    auto const said = said_;
    EXPECT_THAT(names(), testing::IsSupersetOf({"surge.started", "incident.opened"}));
    Incident const& i = incident();
    EXPECT_EQ(i.severity, Severity::warning);
    EXPECT_EQ(i.onset, asked);
    for (Event const& e : said) {
        if (e.name != EventName::incident_opened) continue;
        EXPECT_EQ(e.kind, SurgeKind::unanswered);
        EXPECT_EQ(e.mention, "q1");
        EXPECT_EQ(e.observed, 1);
        EXPECT_FALSE(e.expected.has_value());
    }
    EXPECT_THAT(to(deliver(), "hook"), testing::Contains("incident.opened"));
    // Ten of the usual chatter later, our answer to the question is the answer to the incident.
    for (int n = 0; n < 9; ++n) {
        tick(1min);
        push("acme-fb", {{.id = "u" + std::to_string(n)}});
    }
    push("acme-fb", {{.id = "a1", .text = "yes", .author = "77", .in_reply_to = "q1"}});
    EXPECT_EQ(incident().state, IncidentState::responded);
    EXPECT_FALSE(incident().streams[0].surging) << "nothing is open any more: it may fall quiet";
}

TEST_F(Quiet, AVolumeSurgeIsNotHiddenByAQuestion) {
    settle();
    push("acme-fb", {{.id = "p1", .author = "77", .kind = MentionKind::post},
                     {.id = "q1", .text = "recall?", .in_reply_to = "p1"}});
    tick(2h + 1min);
    EXPECT_EQ(incident().severity, Severity::critical) << "a raise word";
    names();
    surge("acme-fb");
    EXPECT_THAT(names(), testing::IsSupersetOf({"surge.started", "incident.stream_joined"}));
    EXPECT_EQ(incident().streams[0].kind, SurgeKind::rule);
    EXPECT_EQ(incident().streams[0].observed, 20);
}

TEST_F(Quiet, WhatIsNotKnownIsNoSilence) {
    Unanswered list(2h);
    Mention m;
    m.id = "q";
    m.text = "why?";
    m.in_reply_to = "p";
    list.mention(m, kNoon, false, false);
    std::vector<Question> due;
    list.take_due(kNoon + 2h - 1ms, due);  // covered so far, however late it is
    EXPECT_THAT(due, IsEmpty());
    list.own_post("p", "", "", "", kNoon - 1h);  // that it is ours may be found out later
    list.take_due(kNoon + 2h, due);
    ASSERT_EQ(due.size(), 1u);
    list.take_due(kNoon + 9h, due);
    EXPECT_EQ(due.size(), 1u) << "told once";
    EXPECT_TRUE(list.own_post("a", "q", "", "", kNoon + 3h)) << "the last one has its answer";
}

TEST_F(Quiet, AnswersAreKnownWhateverCameFirst) {
    auto const question = [](Unanswered& list, std::string_view id, std::string_view text = "why?",
                             WallTime at = kNoon) {
        Mention m;
        m.id = id;
        m.text = text;
        m.author.id = "kim";
        m.in_reply_to = "p";
        m.conversation = "p";
        list.mention(m, at, false, false);
    };
    auto const due = [](Unanswered& list) {
        std::vector<Question> out;
        list.own_post("p", "", "", "", kNoon - 1h);
        list.take_due(kNoon + 3h, out);
        return out.size();
    };
    Unanswered before(2h), follow_up(2h), flat(2h), thread(2h), quote(2h);
    before.own_post("a", "q", "", "p", kNoon + 1h);  // newest first: the answer, then the question
    question(before, "q");
    EXPECT_EQ(due(before), 0u);
    question(follow_up, "q");
    question(follow_up, "q+", "I mean the old one", kNoon + 1min);
    follow_up.own_post("a", "q+", "", "p", kNoon + 1h);
    EXPECT_EQ(due(follow_up), 0u);
    question(flat, "q");
    flat.own_post("a", "", "", "p", kNoon + 1h);
    EXPECT_EQ(due(flat), 0u);
    question(quote, "q");
    quote.own_post("a", "", "q", "", kNoon + 1h);
    EXPECT_EQ(due(quote), 0u);
    question(thread, "q");
    thread.own_post("p2", "p", "", "p", kNoon + 1min);  // our thread goes on: no answer
    EXPECT_EQ(due(thread), 1u);
}

TEST_F(Quiet, OpenQuestionsAreBounded) {
    Unanswered list(2h);
    list.own_post("p", "", "", "", kNoon);
    for (std::size_t i = 0; i < Unanswered::kOpen + 50; ++i) {
        std::string const id = "q" + std::to_string(i);
        Mention m;
        m.id = id;
        m.text = "why?";
        m.in_reply_to = i < 20 ? "not-ours" : "p";
        list.mention(m, kNoon, false, false);
    }
    EXPECT_EQ(list.open(), Unanswered::kOpen);
    EXPECT_EQ(list.dropped(), 50u);
    Unanswered copy(2h);
    ASSERT_TRUE(copy.restore(list.save()));
    std::vector<Question> due;
    copy.take_due(kNoon + 2h, due);
    EXPECT_EQ(due.size(), Unanswered::kOpen) << "those under others' posts went first";
    EXPECT_FALSE(copy.restore("nonsense"));
}

// --- expected surges

constexpr char kExpected[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
detectors:
  triple: { type: ratio, window: 10m, reference: 1d, at_least: 3, min_mentions: 5 }
brands:
  - name: acme
    notify: { receivers: [hook] }
    expected_surges:
      - { from: "2026-03-03T12:00:00Z", to: "2026-03-03T13:00:00Z", streams: [one], ratio: 5, why: launch }
    streams:
      - { name: one, platform: x, kind: push, detector: triple }
      - { name: two, platform: mastodon, kind: push, detector: triple }
)";

// Three days of two a minute; then for half an hour `times` as many, from noon.
struct Feed {
    Engine& engine;
    std::vector<Event>& said;
    std::vector<std::string> run(std::string const& stream, double times, WallTime noon) {
        StreamState& s = *engine.stream(stream);
        WallTime t = noon - 48h;
        engine.end_history(s, t);
        said.clear();
        for (; t < noon + 30min; t += 1min)
            engine.count(s, {t, 60s, t < noon ? 2 : 2 * times}, t + 1min);
        std::vector<std::string> out;
        for (Event const& e : said)
            if (e.name == EventName::surge_started) out.push_back(rfc3339(e.onset));
        said.clear();
        return out;
    }
};

TEST_F(Quiet, UpToItsRatioAnAnnouncedSurgeIsExpected) {
    WallTime const noon = parse_time("2026-03-03T12:00:00Z").value();
    for (auto const& [stream, times, pages] :
         {std::tuple{"one", 4.0, 0}, {"two", 4.0, 1}, {"one", 5.0, 0}, {"one", 20.0, 1}}) {
        LoadedSettings loaded = load_settings_text(kExpected, "test.yaml");
        ASSERT_FALSE(loaded.problems->fatal());
        exporters::Metrics metrics;
        std::vector<Event> said;
        EngineHooks hooks;
        hooks.published = [&](Event const& e, std::string const&) { said.push_back(e); };
        hooks.log = [](std::string const&, std::string const&) {};
        Engine engine(std::move(loaded.settings), nullptr, metrics, hooks);  // as backtest does
        Feed feed{engine, said};
        feed.run(stream, times, noon);
        engine.tick(noon + 31min);
        auto const& desk = engine.desks().find("acme")->second;
        EXPECT_EQ(desk.incidents().size(), std::size_t(pages)) << stream << " x" << times;
    }
}

TEST_F(Quiet, AReloadBringsAndTakesAnAnnouncement) {
    WallTime const noon = parse_time("2026-03-03T12:00:00Z").value();
    std::string config = kExpected;
    auto const without = [&] {
        std::string text = config;
        std::size_t const from = text.find("    expected_surges:");
        text.erase(from, text.find("    streams:") - from);
        return load_settings_text(text, "test.yaml");
    };
    for (bool const announced : {true, false}) {
        exporters::Metrics metrics;
        EngineHooks hooks;
        hooks.published = [](Event const&, std::string const&) {};
        hooks.log = [](std::string const&, std::string const&) {};
        auto first = announced ? without() : load_settings_text(config, "test.yaml");
        auto second = announced ? load_settings_text(config, "test.yaml") : without();
        Engine engine(std::move(first.settings), nullptr, metrics, hooks);
        StreamState& s = *engine.stream("one");
        WallTime t = noon - 48h;
        engine.end_history(s, t);
        for (; t < noon - 1h; t += 1min) engine.count(s, {t, 60s, 2}, t + 1min);
        engine.reload(std::move(second.settings), t);
        StreamState& after = *engine.stream("one");
        EXPECT_FALSE(after.judge.in_history()) << "the stream keeps its state";
        for (; t < noon + 30min; t += 1min)
            engine.count(after, {t, 60s, t < noon ? 2.0 : 8.0}, t + 1min);
        EXPECT_EQ(engine.desks().find("acme")->second.incidents().size(), announced ? 0u : 1u);
    }
}

TEST_F(Quiet, AnAnnouncedSurgeIsLeftOutOfTheCalibration) {
    // The surge detector: what it thinks of an ordinary minute a day after is the same whether the
    // announced hour brought the usual or four times that.
    DetectorSpec spec;
    auto const upper_after = [&](double times, double multiplier) {
        auto detector = make_detector(spec);
        WallTime t = kNoon - 72h;
        Verdict v;
        for (int minute = 0; minute < 4 * 24 * 60; ++minute, t += 1min) {
            bool const then = t >= kNoon && t < kNoon + 1h;
            double const usual = 3 + minute % 3;
            v = detector->tick({t, 60s, then ? usual * times : usual, then ? multiplier : 1});
            EXPECT_NE(v.transition, Transition::started) << rfc3339(t);
        }
        return v;
    };
    Verdict const calm = upper_after(1, 1), launch = upper_after(4, 5);
    EXPECT_NEAR(launch.upper, calm.upper, calm.upper * 0.05);
    EXPECT_NEAR(launch.expected, calm.expected, calm.expected * 0.05);
}

}  // namespace
}  // namespace surged::daemon
