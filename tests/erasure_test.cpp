// Goal: what is forgotten, on request or because its time is over, is in no byte of the state
// directory, does not come back, and leaves counts, views and the journal's chain as they were.
// Method: the real engine on a real store; words are planted, found by a search of every file, and
// searched again afterwards, beside the running engine and after a restart.
#include "daemon/engine.h"
#include "daemon/sqlite_store.h"
#include "daemon/views.h"
#include "detectors/links.h"
#include "tests/byte_search.h"
#include "tests/store_behind.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::Refusal;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::found_in;
using tests::FullDisk;

constexpr WallTime kStart{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z

constexpr char kConfig[] = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook", all: true }
detectors:
  cap: { type: threshold, window: 5m, at_least: 10 }
  asks: { type: unanswered, within: 2h }
brands:
  - name: acme
    own: { json: [acme] }
    notify: { receivers: [hook] }
    streams:
      - { name: one, platform: json, base_url: "http://127.0.0.1:1", kind: items, path: /items, fields: { id: /id, created_at: /created_at }, detector: [cap, asks] }
      - { name: two, platform: json, base_url: "http://127.0.0.1:1", kind: items, path: /more, fields: { id: /id, created_at: /created_at }, detector: cap }
)";

// Zoë, whose posts are to be forgotten; what is known of her, and what she wrote.
constexpr char kId[] = "u-zoe-4711";
constexpr char kHandle[] = "zo\xC3\xAB_w\xC3\xB6rter";
constexpr char kText[] =
    "Warum \xC3\xBC"
    "berhitzt der acme-Akku? \xE7\x81\xAB\xE4\xBA\x8B \xF0\x9F\x8C\x8B";
constexpr char kUrl[] = "https://fedi.example/@zo%C3%AB_w%C3%B6rter/77001";
// Her words in the mouth of another's repost; and what is nobody's but that other's.
constexpr char kOtherText[] = "nothing but my own opinion of acme";

std::vector<std::string> hers() {
    return {kHandle, kText, kUrl, "berhitzt", "\xF0\x9F\x8C\x8B", "zo%C3%AB"};
}

class Erasure : public testing::Test {
protected:
    Erasure() { open(); }

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
        hooks.log = [this](std::string const&, std::string const& text) { log_ += text + "\n"; };
        metrics_ = std::make_unique<exporters::Metrics>();
        engine_ =
            std::make_unique<Engine>(std::move(loaded.settings), disk_.get(), *metrics_, hooks);
        ASSERT_TRUE(engine_->restore(now_).has_value());
    }

    static Mention by_her(MentionBatch& batch, std::string const& id, WallTime at) {
        Mention m;
        m.id = batch.keep(id);
        m.created_at = at;
        m.author.id = kId;
        m.author.handle = kHandle;
        m.text = kText;
        m.url = kUrl;
        m.reach = 1'000'000;
        return m;
    }
    static Mention by_other(MentionBatch& batch, int n, WallTime at) {
        Mention m;
        m.id = batch.keep("o" + std::to_string(n));
        m.created_at = at;
        m.author.id = batch.keep("u-" + std::to_string(n));
        m.author.handle = batch.keep("somebody" + std::to_string(n));
        m.text = kOtherText;
        return m;
    }
    bool page(std::string const& stream, MentionBatch const& batch) {
        PollPage p;
        p.cursor = "c";
        p.complete = true;
        return engine_->record(stream, p, batch, kNoTime, now_, now_);
    }
    // A surge of thirty, three of them hers, one a repost of hers by another.
    void surge() {
        MentionBatch calm;
        calm.items.push_back(by_other(calm, 0, now_ - 30min));
        ASSERT_TRUE(page("one", calm));
        ASSERT_TRUE(page("two", calm));
        now_ += 10min;
        MentionBatch batch;
        for (int i = 1; i < 27; ++i)
            batch.items.push_back(by_other(batch, i, now_ - 3min + i * 1s));
        for (int i = 0; i < 3; ++i)
            batch.items.push_back(by_her(batch, "7700" + std::to_string(i), now_ - 2min + i * 1s));
        Mention repost = by_other(batch, 99, now_ - 1min);
        repost.kind = detectors::MentionKind::repost;
        repost.reposts = "77001";
        repost.text = batch.keep(std::string("RT @") + kHandle + ": " + kText);
        batch.items.push_back(repost);
        ASSERT_TRUE(page("one", batch));
        ASSERT_EQ(engine_->desks().find("acme")->second.incidents().size(), 1u);
        for (auto const& word : hers())
            ASSERT_THAT(found_in(dir_.path(), {word}), Not(IsEmpty()))
                << word << " was not planted: this test shows nothing";
    }
    [[nodiscard]] std::string incident() const {
        return incident_json(*engine_, engine_->desks().find("acme")->second.incidents().front());
    }
    Forgot forget(ForgetWanted wanted, Refusal expected = Refusal::none) {
        Forgot out;
        wanted.by = "dpo";
        auto const heard = engine_->forget(wanted, now_, out);
        EXPECT_EQ(heard.refusal, expected) << heard.detail;
        return out;
    }
    void expire() {
        int steps = 0;
        while (engine_->expire(now_)) ASSERT_LT(++steps, 1'000);
    }

    tests::TempDir dir_;
    WallTime now_ = kStart;
    std::unique_ptr<Store> store_;
    std::unique_ptr<FullDisk> disk_;
    std::unique_ptr<exporters::Metrics> metrics_;
    std::unique_ptr<Engine> engine_;
    std::string log_;
};

TEST_F(Erasure, AnAuthorIsInNoByteOfTheDirectoryAndTheRestStands) {
    surge();
    EXPECT_THAT(incident(), HasSubstr("berhitzt"));
    EXPECT_THAT(incident(), Not(HasSubstr("\"erased\"")));
    auto const before = engine_->stream("one")->mentions;
    auto const events = store_->events(0, 1'000, {}).size();

    Forgot const done = forget({std::string("@") + kHandle, {}, {}, {}, {}});
    EXPECT_TRUE(done.complete);
    EXPECT_EQ(done.texts, 4u) << "three of hers, and the repost that repeats one";
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
    EXPECT_THAT(log_, Not(HasSubstr(kHandle)));
    EXPECT_THAT(found_in(dir_.path(), {kOtherText}), Not(IsEmpty())) << "others' words stay";

    EXPECT_EQ(engine_->stream("one")->mentions, before);
    EXPECT_GE(store_->events(0, 1'000, {}).size(), events);
    EXPECT_TRUE(store_->verify().intact);
    std::string const shown = incident();
    EXPECT_THAT(shown, Not(HasSubstr("berhitzt")));
    EXPECT_THAT(shown, HasSubstr("\"erased\":true")) << "said, not left blank";
    EXPECT_THAT(shown, HasSubstr("\"id\":\"77001\""));

    now_ += 1min;
    engine_->tick(now_);
    open();
    engine_->tick(now_);
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
    EXPECT_THAT(incident(), HasSubstr("incident.opened"));
    EXPECT_EQ(engine_->stream("one")->mentions, before);
}

TEST_F(Erasure, WhatComesBackIsCountedAndNotKept) {
    surge();
    forget({kHandle, {}, "json", {}, {}});
    for (int round = 0; round < 2; ++round) {
        now_ += 1min;
        auto const one = engine_->stream("one")->mentions, two = engine_->stream("two")->mentions;
        MentionBatch batch;
        batch.items.push_back(by_her(batch, "77001", now_ - 9min));  // the same once more
        batch.items.push_back(by_her(batch, "7800" + std::to_string(round), now_ - 1min));
        batch.items.back().author.handle = {};  // known by her id alone, which came with the handle
        Mention repost = by_other(batch, 200 + round, now_ - 1min);
        repost.kind = detectors::MentionKind::repost;
        repost.reposts = "77002";
        repost.text = batch.keep(std::string("RT: ") + kText);
        batch.items.push_back(repost);
        ASSERT_TRUE(page("one", batch));
        ASSERT_TRUE(page("two", batch));  // has seen none of them
        EXPECT_EQ(engine_->stream("one")->mentions, one + 2);
        EXPECT_EQ(engine_->stream("two")->mentions, two + (round == 0 ? 3 : 2));
        EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
        open();
    }
}

TEST_F(Erasure, OneMentionAloneIsForgotten) {
    surge();
    EXPECT_EQ(forget({{}, "77001", {}, {}, {}}).texts, 2u) << "and the repost of it";
    EXPECT_THAT(found_in(dir_.path(), {"RT @"}), IsEmpty());
    EXPECT_THAT(found_in(dir_.path(), {kText}), Not(IsEmpty())) << "her other posts stay";
    EXPECT_EQ(forget({{}, "77000", {}, {}, {}}).texts, 1u);
    EXPECT_EQ(forget({{}, "77002", {}, {}, {}}).texts, 1u);
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
    EXPECT_EQ(forget({{}, "77002", {}, {}, {}}).texts, 0u) << "twice is no fault";
}

TEST_F(Erasure, WhatIsUnknownIsRefusedAndNotRemembered) {
    surge();
    forget({}, Refusal::unprocessable);
    forget({"u-1", {}, "fax", {}, {}}, Refusal::unprocessable);
    forget({"nobody", {}, {}, {}, {}}, Refusal::not_found);
    forget({{}, "404", {}, {}, {}}, Refusal::not_found);
    forget({kId, {}, "mastodon", {}, {}}, Refusal::not_found);
    EXPECT_THAT(found_in(dir_.path(), {kText}), Not(IsEmpty()));
    MentionBatch batch;
    batch.items.push_back(by_her(batch, "404", now_));
    batch.items.back().text = "a text of four hundred and four";
    ASSERT_TRUE(page("one", batch));
    EXPECT_THAT(found_in(dir_.path(), {"four hundred and four"}), Not(IsEmpty()));
}

TEST_F(Erasure, ACrashLeavesItUndoneOrTheNextStartDoesIt) {
    surge();
    disk_->full = true;
    forget({kHandle, {}, {}, {}, {}}, Refusal::conflict);
    open();  // nothing of it reached the disk
    EXPECT_THAT(found_in(dir_.path(), {kText}), Not(IsEmpty()));
    EXPECT_THAT(incident(), HasSubstr("berhitzt"));

    disk_->unread = 1;  // it dies between the intent and the erasure
    EXPECT_FALSE(forget({kHandle, {}, {}, {}, {}}).complete);
    EXPECT_THAT(found_in(dir_.path(), {kText}), Not(IsEmpty()));
    open();
    EXPECT_LE(engine_->next_due(), now_);
    for (int i = 0; i < 20; ++i) engine_->tick(now_ += 50ms);
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
    open();
    MentionBatch batch;
    batch.items.push_back(by_her(batch, "79000", now_));
    ASSERT_TRUE(page("one", batch));
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
}

TEST_F(Erasure, AFailingDiskIsTriedAgainAndTheAnswerSaysSo) {
    surge();
    disk_->unread = 1;
    EXPECT_FALSE(forget({kHandle, {}, {}, {}, {}}).complete);
    engine_->tick(now_ += 6s);
    for (int i = 0; i < 20; ++i) engine_->tick(now_ += 50ms);
    EXPECT_THAT(found_in(dir_.path(), hers()), IsEmpty());
}

TEST_F(Erasure, TextsGoWhenTheirTimeIsOver) {
    surge();
    now_ += 24h * 29;
    expire();
    EXPECT_THAT(found_in(dir_.path(), {kText}), Not(IsEmpty())) << "a day is left";
    now_ += 24h * 2;
    expire();
    auto gone = hers();
    gone.emplace_back(kOtherText);
    gone.emplace_back("somebody12");
    EXPECT_THAT(found_in(dir_.path(), gone), IsEmpty());
    EXPECT_THAT(incident(), HasSubstr("\"erased\":true"));
    EXPECT_THAT(incident(), HasSubstr("incident.opened"));
    EXPECT_TRUE(store_->verify().intact);
    open();
    EXPECT_THAT(found_in(dir_.path(), gone), IsEmpty());
    EXPECT_THAT(incident(), HasSubstr("incident.opened"));
}

TEST_F(Erasure, IncidentsGoWithTheirEntriesAndOpenOnesKeepTheirs) {
    surge();
    now_ += 24h * 800;
    expire();
    EXPECT_EQ(engine_->desks().find("acme")->second.incidents().size(), 1u) << "it is open";
    auto const first = store_->events(0, 1, {});
    ASSERT_FALSE(first.empty());
    EXPECT_FALSE(first[0].incident.empty()) << "all before it is signed off";

    detectors::OperatorWord word;
    word.action = detectors::Action::close;
    word.incident = first[0].incident;
    word.by = "kim";
    word.verdict = "real";
    ASSERT_EQ(engine_->operator_word(word, now_).refusal, Refusal::none);
    now_ += 24h * 729;
    expire();
    EXPECT_EQ(store_->events(0, 1, {})[0].id, first[0].id);
    now_ += 24h * 2;
    expire();
    EXPECT_THAT(engine_->desks().find("acme")->second.incidents(), IsEmpty());
    EXPECT_THAT(store_->events(0, 100, first[0].incident), IsEmpty());
    auto const check = store_->verify();
    EXPECT_TRUE(check.intact) << check.detail;
    EXPECT_GT(check.signed_last, first[0].id);
    open();
    EXPECT_TRUE(store_->verify().intact);
}

// The journal cannot be erased: no name may get into it. Looked at raw, in the table.
TEST_F(Erasure, JournalAndPagesNeverHeldAWordOrAName) {
    surge();
    now_ += 3h;  // the question falls due, whoever asked it
    MentionBatch own;
    own.items.push_back(by_other(own, 500, now_ - 1min));
    ASSERT_TRUE(page("one", own));
    engine_->tick(now_);
    auto const restored = store_->load();
    ASSERT_TRUE(restored.has_value());
    ASSERT_THAT(restored->outbox, Not(IsEmpty()));
    std::string all;
    for (auto const& event : store_->events(0, 10'000, {})) all += event.json;
    for (auto const& row : restored->outbox) all += row.event_json;
    for (auto const& [name, blob] : restored->blobs) all += blob;
    for (auto const& stream : restored->streams) all += stream.state + stream.cursor;
    for (auto const& word : hers()) EXPECT_THAT(all, Not(HasSubstr(word)));
}

std::string nameless(char const* url, char const* handle) {
    Mention m;
    m.url = url;
    m.author.handle = handle;
    return detectors::nameless_link(m);
}

TEST(NamelessLink, LeadsToThePostWithoutItsAuthorsName) {
    EXPECT_EQ(nameless("https://twitter.com/Kim/status/17?s=20", "kim"),
              "https://x.com/i/status/17");
    EXPECT_EQ(nameless("https://www.reddit.com/r/acme/comments/1abc/what_i_think/t5x/", "kim"),
              "https://www.reddit.com/comments/1abc/_/t5x");
    EXPECT_EQ(nameless("https://www.reddit.com/user/kim/comments/1abc/what_i_think/", "kim"),
              "https://www.reddit.com/comments/1abc");
    EXPECT_EQ(nameless("https://fedi.example/@Kim/7", "kim@fedi.example"), "");
    EXPECT_EQ(nameless(kUrl, kHandle), "") << "escaped in the address";
    EXPECT_EQ(nameless("https://bsky.app/profile/did:plc:abc/post/3k", "kim.bsky.social"),
              "https://bsky.app/profile/did:plc:abc/post/3k");
    EXPECT_EQ(nameless("https://news.ycombinator.com/item?id=7", "kim"),
              "https://news.ycombinator.com/item?id=7");
    EXPECT_EQ(nameless("javascript:kim", "kim"), "");
}

TEST(ForgottenMarks, TellPlatformsKindsAndIdsApartAndCostNoName) {
    Forgotten forgotten;
    forgotten.load("salt", {});
    Commit commit;
    EXPECT_TRUE(forgotten.add(true, "x", "@Kim", kStart, "dpo", commit));
    EXPECT_FALSE(forgotten.add(true, "x", "kim", kStart, "dpo", commit));
    EXPECT_TRUE(forgotten.author("x", "KIM"));
    EXPECT_FALSE(forgotten.author("mastodon", "kim"));
    EXPECT_FALSE(forgotten.author("x", "kim2"));
    EXPECT_FALSE(forgotten.author("x", ""));
    EXPECT_FALSE(forgotten.mention("x", "kim"));
    ASSERT_EQ(commit.forget.size(), 1u);
    EXPECT_EQ(commit.forget[0].mark.size(), 16u);
    EXPECT_TRUE(forgotten.unfinished());
    forgotten.finish(commit);
    EXPECT_FALSE(forgotten.unfinished());

    Forgotten other;  // another directory
    other.load("other salt", {});
    EXPECT_TRUE(other.add(true, "x", "kim", kStart, "dpo", commit));
    EXPECT_NE(commit.forget.back().mark, commit.forget[0].mark);
}

TEST(ForgottenMarks, AreBoundedTheOldestMentionGoesFirst) {
    Forgotten forgotten;
    forgotten.load("salt", {});
    Commit commit;
    forgotten.add(true, "x", "kim", kStart, "dpo", commit);
    for (std::size_t i = 0; i < Forgotten::kMost; ++i)
        forgotten.add(false, "x", std::to_string(i), kStart, "dpo", commit);
    EXPECT_TRUE(forgotten.author("x", "kim"));
    EXPECT_FALSE(forgotten.mention("x", "0"));
    EXPECT_TRUE(forgotten.mention("x", "1"));
    ASSERT_EQ(commit.forget_no_more.size(), 1u);
    EXPECT_EQ(commit.forget_no_more[0], commit.forget[1].mark);
}

}  // namespace
}  // namespace surged::daemon
