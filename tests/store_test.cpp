// The store: what was committed is there after the next start, what failed is not.
#include "daemon/sqlite_schema.h"
#include "tests/byte_search.h"
#include "tests/store_help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace surged::daemon {
namespace {

using detectors::key_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::at_ms;
using tests::entry;
using tests::open_or_fail;
using tests::shell;
using tests::TempDirectory;

MentionRow mention(std::string id, std::int64_t ms, std::string body = {}) {
    auto const key = key_of(id);
    return {key, at_ms(ms), std::move(id), std::move(body)};
}

std::vector<std::string> ids(std::vector<MentionRow> const& rows) {
    std::vector<std::string> out;
    for (auto const& row : rows) out.push_back(row.id);
    return out;
}

Commit one_mention(std::string const& stream, MentionRow row) {
    Commit c;
    c.streams.push_back({stream, {}, {}, {std::move(row)}, {}});
    return c;
}

OutboxRow page(std::int64_t id, std::string receiver) {
    return {id, std::move(receiver), "acme",       "acme-1", 7, "i-7", true, at_ms(5000),
            2,  at_ms(9000),         R"({"id":7})"};
}

unsigned mode_of(std::string const& path) {
    struct stat s {};
    EXPECT_EQ(::stat(path.c_str(), &s), 0) << path;
    return s.st_mode & 0777U;
}

TEST(Store, AFreshDirectoryIsPrivateAndEmpty) {
    TempDirectory parent;
    std::string const directory = parent.path() + "/deep/state";
    auto store = open_or_fail(directory);
    ASSERT_TRUE(store);
    EXPECT_TRUE(store->commit(one_mention("s", mention("1", 1))).has_value());
    EXPECT_EQ(mode_of(directory), 0700U);
    for (auto const* file : {"/surged.db", "/surged.db-wal", "/surged.db-shm", "/lock"})
        EXPECT_EQ(mode_of(directory + file), 0600U) << file;

    auto const fresh = store->load();
    ASSERT_TRUE(fresh.has_value());
    EXPECT_EQ(fresh->instance.size(), 32U);
    EXPECT_EQ(fresh->instance.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(fresh->last_event, 0);
    EXPECT_EQ(fresh->last_outbox, 0);
}

TEST(Store, EverythingCommittedIsThereAfterTheNextStart) {
    TempDirectory directory;
    std::string instance;
    {
        auto store = open_or_fail(directory.path());
        Commit c;
        c.streams.push_back({"acme-x",
                             "cursor-1",
                             std::string("state\0with nul", 14),
                             {mention("1750", 2000, R"({"id":"1750"})")},
                             {{491, "minutes"}}});
        c.streams.push_back({"acme-hn", {}, "only state", {}, {}});
        c.events = {entry(1, R"({"id":1})"), entry(2, R"({"id":2})", "")};
        c.outbox_add = {page(1, "oncall"), page(2, "chat"), page(3, "mail")};
        c.blobs = {{"desk/acme", "d1"}, {"silences", ""}};
        ASSERT_TRUE(store->commit(c).has_value());

        Commit later;  // unset members stay as they were
        later.streams.push_back({"acme-x", "cursor-2", {}, {}, {{491, "more minutes"}}});
        later.outbox_settle = {{1, true, 0, {}}, {2, false, 5, at_ms(77'000)}};
        later.blobs = {{"desk/acme", "d2"}};
        ASSERT_TRUE(store->commit(later).has_value());
        instance = store->load()->instance;
    }
    auto store = open_or_fail(directory.path());
    auto const r = store->load();
    ASSERT_TRUE(r.has_value());
    EXPECT_EQ(r->instance, instance);
    EXPECT_EQ(r->last_event, 2);
    EXPECT_EQ(r->last_outbox, 3);
    ASSERT_EQ(r->streams.size(), 2U);
    EXPECT_EQ(r->streams[0].name, "acme-hn");
    EXPECT_EQ(r->streams[0].cursor, "");
    EXPECT_EQ(r->streams[0].state, "only state");
    EXPECT_EQ(r->streams[1].cursor, "cursor-2");
    EXPECT_EQ(r->streams[1].state, std::string("state\0with nul", 14));
    EXPECT_EQ(r->blobs,
              (std::map<std::string, std::string>{{"desk/acme", "d2"}, {"silences", ""}}));

    ASSERT_EQ(r->outbox.size(), 2U);
    OutboxRow const& kept = r->outbox[0];
    EXPECT_EQ(kept.id, 2);
    EXPECT_EQ(kept.receiver, "chat");
    EXPECT_EQ(kept.brand, "acme");
    EXPECT_EQ(kept.incident, "acme-1");
    EXPECT_EQ(kept.event, 7);
    EXPECT_EQ(kept.key, "i-7");
    EXPECT_TRUE(kept.repeat);
    EXPECT_EQ(kept.due, at_ms(5000));
    EXPECT_EQ(kept.attempts, 5);
    EXPECT_EQ(kept.next_at, at_ms(77'000));
    EXPECT_EQ(kept.event_json, R"({"id":7})");
    EXPECT_EQ(r->outbox[1].attempts, 2);

    auto const hours = store->series("acme-x", 491, 492);
    ASSERT_EQ(hours.size(), 1U);
    EXPECT_EQ(hours[0].blob, "more minutes");
    EXPECT_THAT(store->series("acme-x", 0, 491), IsEmpty());
}

TEST(Store, MentionsAreKnownForEverAndKeepTheirFirstTime) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    std::string const uri = "at://did:plc:x/app.bsky.feed.post/3k";
    Commit c;
    c.streams.push_back({"s",
                         {},
                         {},
                         {mention("30", 3000, "b30"), mention("7", 9000), mention(uri, 5000, "bu"),
                          mention("007", 4000, "b007")},
                         {}});
    ASSERT_TRUE(store->commit(c).has_value());
    ASSERT_TRUE(store->commit(one_mention("other", mention("30", 1))).has_value());

    EXPECT_TRUE(store->seen("s", key_of("30")));
    EXPECT_TRUE(store->seen("s", key_of(uri)));
    EXPECT_FALSE(store->seen("s", key_of("31")));
    EXPECT_FALSE(store->seen("other", key_of("7")));
    EXPECT_FALSE(store->seen("never heard of", key_of("7")));

    EXPECT_THAT(ids(store->newest("s", 10)), ElementsAre("30", "007", uri, "7"));
    EXPECT_THAT(ids(store->newest("s", 2)), ElementsAre(uri, "7"));
    EXPECT_EQ(store->newest("s", 1)[0].at, at_ms(9000));
    EXPECT_EQ(store->newest("s", 1)[0].key, key_of("7"));

    // [from, to), only what has a body.
    EXPECT_THAT(ids(store->mentions("s", at_ms(3000), at_ms(5000), 10)), ElementsAre("30", "007"));
    EXPECT_THAT(ids(store->mentions("s", at_ms(0), at_ms(99'999), 10)),
                ElementsAre("30", "007", uri));
    EXPECT_EQ(store->mentions("s", at_ms(0), at_ms(99'999), 1)[0].body, "b30");

    // The same mention once more: another time changes nothing, another text replaces.
    ASSERT_TRUE(store->commit(one_mention("s", mention("30", 8000, "edited"))).has_value());
    ASSERT_TRUE(store->commit(one_mention("s", mention("007", 8000))).has_value());
    auto const rows = store->mentions("s", at_ms(0), at_ms(99'999), 10);
    EXPECT_THAT(ids(rows), ElementsAre("30", "007", uri));
    EXPECT_EQ(rows[0].body, "edited");
    EXPECT_EQ(rows[0].at, at_ms(3000));
    EXPECT_EQ(rows[1].body, "b007");
}

TEST(Store, PruneForgetsTextInBoundedStepsAndNeverIdentity) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    Commit c;
    StreamWrite a{"a", {}, {}, {}, {}}, b{"b", {}, {}, {}, {}};
    for (int i = 1; i <= 10; ++i) {
        a.mentions.push_back(mention(std::to_string(i), 1000 * i, "text"));
        b.mentions.push_back(mention(std::to_string(i), 1000 * i, "text"));
        a.series.push_back({i, "hour"});
    }
    c.streams = {a, b};
    ASSERT_TRUE(store->commit(c).has_value());

    // 5 + 5 bodies before 6 s, 2 hours before 3 h: twelve rows, five at a time.
    auto const hours = at_ms(3 * 3'600'000);
    int calls = 0;
    for (bool more = true; more; ++calls) {
        auto const pruned = store->prune(at_ms(6000), hours, 5);
        ASSERT_TRUE(pruned.has_value());
        more = *pruned;
        ASSERT_LT(calls, 10);
    }
    EXPECT_EQ(calls, 3);
    for (auto const* stream : {"a", "b"}) {
        EXPECT_EQ(store->mentions(stream, at_ms(0), at_ms(99'999), 99).size(), 5U);
        EXPECT_EQ(store->mentions(stream, at_ms(0), at_ms(99'999), 99)[0].id, "6");
        EXPECT_TRUE(store->seen(stream, 1));
        EXPECT_EQ(store->newest(stream, 99).size(), 10U);
    }
    auto const kept = store->series("a", 0, 99);
    ASSERT_EQ(kept.size(), 8U);
    EXPECT_EQ(kept[0].hour, 3);
}

// Bodies in any order, each with a word of its own. SQLite splits pages for them, and leaves copies
// behind that no deletion reaches.
std::vector<std::string> scatter(Store& store, int count) {
    std::vector<int> order;
    for (int i = 0; i < count; ++i) order.push_back(i);
    std::mt19937 random(1);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::string> words;
    for (int i = 0; i < count; ++i) words.push_back("word-" + std::to_string(100'000 + i) + "!");
    for (int from = 0; from < count; from += 100) {
        Commit c;
        StreamWrite write{"s", {}, {}, {}, {}};
        for (int i = from; i < std::min(count, from + 100); ++i) {
            auto const n = std::size_t(order[std::size_t(i)]);
            write.mentions.push_back(mention(std::to_string(n), std::int64_t(n),
                                             words[n] + std::string(50 + random() % 450, 'x')));
        }
        c.streams.push_back(std::move(write));
        EXPECT_TRUE(store.commit(c).has_value());
    }
    return words;
}

// How many of the erased words are somewhere.
std::size_t left_of(std::set<std::string> const& erased, std::string const& directory) {
    std::size_t left = 0;
    tests::each_file(directory, [&](std::string const&, std::string const& bytes) {
        for (auto at = bytes.find("word-"); at != std::string::npos;
             at = bytes.find("word-", at + 1))
            left += erased.count(bytes.substr(at, 12));
    });
    return left;
}

TEST(Store, WhatWasErasedIsScrubbedFromWhereverSqliteLeftACopy) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path(), OpenMode::simulation);
    auto const words = scatter(*store, 12'000);
    Commit erase;
    std::set<std::string> erased;
    auto const place = store->bodies({}, 99'999, [&](BodyPlace const& at, std::string_view) {
        if (at.at % 7 != 0) return;
        erase.erase.push_back(at);
        erased.insert(words[std::size_t(at.at)]);
    });
    ASSERT_TRUE(place.has_value() && place->has_value());
    EXPECT_THAT(erased.size(), testing::Gt(1'700U));
    ASSERT_TRUE(store->commit(erase).has_value());
    std::int64_t page = 0;
    ASSERT_TRUE(store->scrub(page, 1).value()) << "one page is not all";
    EXPECT_GT(left_of(erased, directory.path()), 0U)
        << "this test shows nothing: SQLite left no copy";
    int calls = 0;
    for (page = 0; store->scrub(page, 500).value();) ++calls;
    EXPECT_THAT(calls, testing::Gt(1));
    EXPECT_EQ(left_of(erased, directory.path()), 0U);

    // Nor does it come back out of the cache when the same pages are written again.
    Commit more;
    more.streams.push_back({"s", {}, {}, {}, {}});
    for (int i = 0; i < 2'000; ++i)
        more.streams[0].mentions.push_back(
            mention(std::to_string(50'000 + i), i * 6, std::string(300, 'y')));
    ASSERT_TRUE(store->commit(more).has_value());
    EXPECT_EQ(left_of(erased, directory.path()), 0U);
    EXPECT_EQ(store->mentions("s", at_ms(0), at_ms(99'999), 99'999).size(),
              12'000U - erased.size() + 2'000U);
    store.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((directory.path() + "/surged.db").c_str(), &db), SQLITE_OK);
    std::string said;
    sqlite3_exec(
        db, "PRAGMA integrity_check",
        [](void* out, int, char** text, char**) {
            *static_cast<std::string*>(out) += text[0];
            return 0;
        },
        &said, nullptr);
    sqlite3_close(db);
    EXPECT_EQ(said, "ok");
}

TEST(Store, MarksOfTheForgottenAreThereAfterTheNextStart) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        Commit c;
        c.forget = {{std::string("m\0rk", 4), true, at_ms(5), "dpo", false},
                    {"other", false, at_ms(6), "dpo", false}};
        ASSERT_TRUE(store->commit(c).has_value());
        c.forget = {{std::string("m\0rk", 4), true, at_ms(5), "dpo", true}};
        c.forget_no_more = {"other"};
        ASSERT_TRUE(store->commit(c).has_value());
    }
    auto const restored = open_or_fail(directory.path())->load();
    ASSERT_EQ(restored->forgotten.size(), 1U);
    EXPECT_EQ(restored->forgotten[0].mark, std::string("m\0rk", 4));
    EXPECT_TRUE(restored->forgotten[0].author);
    EXPECT_TRUE(restored->forgotten[0].done);
    EXPECT_EQ(restored->forgotten[0].at, at_ms(5));
    EXPECT_EQ(restored->forgotten[0].by, "dpo");
}

TEST(Store, PrunedTextIsNotInTheFileAnyMore) {
    TempDirectory directory;
    std::string const needle = "a-sentence-somebody-wants-forgotten";
    {
        auto store = open_or_fail(directory.path());
        ASSERT_TRUE(store->commit(one_mention("s", mention("1", 1000, needle))).has_value());
        ASSERT_TRUE(store->prune(at_ms(2000), at_ms(0), 10).has_value());
    }
    std::ifstream file(directory.path() + "/surged.db", std::ios::binary);
    std::string const bytes((std::istreambuf_iterator<char>(file)), {});
    ASSERT_GT(bytes.size(), 4096U);
    EXPECT_EQ(bytes.find(needle), std::string::npos);
}

TEST(Store, EventsCanBeReadInPagesAndByIncident) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    Commit c;
    for (int i = 1; i <= 6; ++i) c.events.push_back(entry(i, "{}", i % 2 == 0 ? "even" : ""));
    ASSERT_TRUE(store->commit(c).has_value());
    auto const read = [&](std::int64_t after, std::size_t limit, std::string const& incident = {}) {
        std::vector<std::int64_t> out;
        for (auto const& e : store->events(after, limit, incident)) out.push_back(e.id);
        return out;
    };
    EXPECT_THAT(read(0, 2), ElementsAre(1, 2));
    EXPECT_THAT(read(2, 99), ElementsAre(3, 4, 5, 6));
    EXPECT_THAT(read(0, 99, "even"), ElementsAre(2, 4, 6));
    EXPECT_THAT(read(2, 1, "even"), ElementsAre(4));
    EXPECT_THAT(read(6, 99), IsEmpty());
    auto const second = store->events(1, 1)[0];
    EXPECT_EQ(second.at, at_ms(2000));
    EXPECT_EQ(second.name, "incident.note");
    EXPECT_EQ(second.brand, "acme");
    EXPECT_EQ(second.incident, "even");
    EXPECT_EQ(second.json, "{}");
}

TEST(Store, IdsThatDoNotAscendAreABugAndWriteNothing) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    Commit c;
    c.events = {entry(5, "{}")};
    c.outbox_add = {page(3, "chat")};
    ASSERT_TRUE(store->commit(c).has_value());
    Commit again;
    again.blobs = {{"b", "1"}};
    again.events = {entry(5, "{}")};
    EXPECT_THROW((void)store->commit(again), std::logic_error);
    again.events.clear();
    again.outbox_add = {page(3, "chat")};
    EXPECT_THROW((void)store->commit(again), std::logic_error);
    EXPECT_THAT(store->load()->blobs, IsEmpty());
    // Settled rows do not give their ids back, not even to the next start.
    Commit settle;
    settle.outbox_settle = {{3, true, 0, {}}};
    ASSERT_TRUE(store->commit(settle).has_value());
    store.reset();
    EXPECT_EQ(open_or_fail(directory.path())->load()->last_outbox, 3);
}

TEST(Store, OnlyOneProcessHoldsTheDirectory) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    auto const second = open_store(directory.path());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().fault, OpenFault::in_use);
    EXPECT_THAT(second.error().detail, HasSubstr("process " + std::to_string(::getpid())));
    EXPECT_TRUE(store->commit(one_mention("s", mention("1", 1))).has_value());
    store.reset();
    EXPECT_TRUE(open_store(directory.path()).has_value());
}

TEST(Store, RefusesWhatItMustNotTouch) {
    TempDirectory directory;
    auto const fault = [](std::string const& path) {
        auto const store = open_store(path);
        return store.has_value() ? "opened" : std::string(to_string(store.error().fault));
    };
    (void)open_or_fail(directory.path());
    auto const version = [](int n) { return "PRAGMA user_version = " + std::to_string(n); };
    ASSERT_TRUE(shell(directory.path(), version(schema_version() + 1)));
    EXPECT_EQ(fault(directory.path()), "newer");
    ASSERT_TRUE(shell(directory.path(), version(schema_version())));
    EXPECT_EQ(fault(directory.path()), "opened");

    ASSERT_TRUE(shell(directory.path(), "PRAGMA application_id = 17"));
    EXPECT_EQ(fault(directory.path()), "unusable");

    TempDirectory other;
    std::ofstream(other.path() + "/surged.db") << std::string(5000, 'x');
    EXPECT_EQ(fault(other.path()), "unusable");
    EXPECT_EQ(fault(other.path() + "/surged.db"), "unusable");  // a file, no directory
    EXPECT_EQ(fault(other.path() + "/surged.db/below"), "unusable");
    EXPECT_EQ(fault(""), "unusable");
}

TEST(Store, ASimulationKnowsItsInstanceAndARealOneIsRandom) {
    TempDirectory a, b, c, d;
    auto const instance = [](TempDirectory const& directory, OpenOptions const& options) {
        return open_or_fail(directory.path(), options)->load()->instance;
    };
    EXPECT_NE(instance(a, {}), instance(b, {}));
    EXPECT_EQ(instance(c, OpenMode::simulation), "00000000000000000000000000005175");
    OpenOptions named;
    named.instance = "0123456789abcdef0123456789abcdef";
    EXPECT_EQ(instance(d, named), named.instance);
}

TEST(Store, SizesGrowWithWhatIsKept) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    auto const before = store->sizes();
    Commit c;
    c.blobs = {{"big", std::string(1'000'000, 'b')}};
    ASSERT_TRUE(store->commit(c).has_value());
    auto const after = store->sizes();
    EXPECT_GT(before.at("database"), 4096U);
    EXPECT_GT(after.at("database"), before.at("database") + 900'000);
    EXPECT_GT(after.at("wal"), before.at("wal") + 900'000);
}

// Not every failure makes SQLite roll back by itself: this one (a row that a stranger put there)
// does not.
TEST(Store, AFailureInTheMiddleTakesBackWhatCameBefore) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    Commit c = one_mention("s", mention("1", 1000, "b"));
    c.events = {entry(1, "{}")};
    c.outbox_add = {page(5, "chat")};
    ASSERT_TRUE(
        shell(directory.path(), "INSERT INTO outbox VALUES(5, '', '', '', 0, '', 0, 0, 0, 0, '')"));
    auto const failed = store->commit(c);
    ASSERT_FALSE(failed.has_value());
    EXPECT_THAT(failed.error().detail, HasSubstr("UNIQUE"));
    EXPECT_FALSE(store->seen("s", 1));
    EXPECT_THAT(store->events(0, 9), IsEmpty());
    EXPECT_THAT(store->load()->streams, IsEmpty());
    ASSERT_TRUE(shell(directory.path(), "DELETE FROM outbox"));
    ASSERT_TRUE(store->commit(c).has_value());
    EXPECT_TRUE(store->seen("s", 1));
    EXPECT_EQ(store->verify().entries, 1);
}

// A file that may not grow is how a full disk looks on real files without being root.
class NoFileMayGrow {
public:
    NoFileMayGrow() : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit const none{4096, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    NoFileMayGrow(NoFileMayGrow const&) = delete;
    NoFileMayGrow& operator=(NoFileMayGrow const&) = delete;
    ~NoFileMayGrow() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, ignored_);
    }

private:
    rlimit before_{};
    void (*ignored_)(int);
};

TEST(Store, ACommitThatFailsIsNotThereAndTheNextOneWorks) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    Commit first;
    first.streams.push_back({"s", "c1", "s1", {mention("1", 1000, "b")}, {}});
    first.events = {entry(1, "{}")};
    ASSERT_TRUE(store->commit(first).has_value());

    Commit c;
    c.streams.push_back({"s", "c2", "s2", {mention("2", 2000, std::string(9000, 'x'))}, {}});
    c.streams.push_back({"new", "n", {}, {mention("2", 2000)}, {}});
    c.events = {entry(2, R"({"id":2})")};
    c.outbox_add = {page(1, "chat")};
    c.blobs = {{"desk", "d"}};
    {
        NoFileMayGrow full;
        auto const failed = store->commit(c);
        ASSERT_FALSE(failed.has_value());
        EXPECT_EQ(failed.error().fault, Fault::transient);
        EXPECT_THAT(failed.error().detail, HasSubstr("disk I/O error"));
        auto const r = store->load();  // reading goes on meanwhile
        ASSERT_TRUE(r.has_value());
        ASSERT_EQ(r->streams.size(), 1U);
        EXPECT_EQ(r->streams[0].cursor, "c1");
        EXPECT_EQ(r->last_event, 1);
        EXPECT_THAT(r->outbox, IsEmpty());
        EXPECT_THAT(r->blobs, IsEmpty());
        EXPECT_FALSE(store->seen("s", 2));
        EXPECT_FALSE(store->seen("new", 2));
        EXPECT_EQ(store->events(0, 9).size(), 1U);
    }
    ASSERT_TRUE(store->commit(c).has_value());
    store.reset();
    store = open_or_fail(directory.path());
    EXPECT_TRUE(store->seen("s", 2));
    EXPECT_TRUE(store->seen("new", 2));
    EXPECT_EQ(store->load()->last_event, 2);
    EXPECT_TRUE(store->verify().intact) << store->verify().detail;
}

}  // namespace
}  // namespace surged::daemon
