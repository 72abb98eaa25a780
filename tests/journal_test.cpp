// The journal's chain: what was changed, taken out, moved or cut off is found, and named.
#include "daemon/commands/journal_verify.h"
#include "daemon/journal_chain.h"
#include "tests/store_help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <functional>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace surged::daemon {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using tests::at_ms;
using tests::entry;
using tests::open_or_fail;
using tests::shell;
using tests::TempDirectory;

constexpr char const* kDropTriggers =
    "DROP TRIGGER journal_is_not_updated; DROP TRIGGER journal_is_not_deleted;";

// Ten entries in four commits.
void fill(Store& store) {
    int id = 0;
    for (int const n : {1, 4, 2, 3}) {
        Commit c;
        for (int i = 0; i < n; ++i) {
            ++id;
            c.events.push_back(entry(id, R"({"id":)" + std::to_string(id) + R"(,"note":"n"})"));
        }
        ASSERT_TRUE(store.commit(c).has_value());
    }
}

struct Verified {
    int exit = 0;
    std::string out, err;
};
Verified verify(std::string const& directory) {
    std::ostringstream out, err;
    int const code = journal_verify(directory, out, err);
    return {code, out.str(), err.str()};
}

// Both literals computed with Python's hashlib from the description in journal_chain.h.
TEST(JournalChain, IsWhatItsDescriptionSays) {
    JournalHash const first =
        chained({}, {1, at_ms(1772366820000), "incident.opened", "acme", "acme-20260301-1",
                     R"({"id":1,"event":"incident.opened"})"});
    EXPECT_EQ(hex(first), "4e55591e0a4ade79f9e6d46bee4ced5caddd1543a10b8a2c3c96b09ac0c4889b");
    JournalHash const second =
        chained(first, {2, at_ms(1772366820001), "config.reloaded", "", "", "{}"});
    EXPECT_EQ(hex(second), "84181ab6de00c462cc79072c4bcc0d1b8e7652a4368bbed9b0f79bcc748063b0");
}

TEST(JournalChain, EveryFieldCountsAndTextsDoNotRunTogether) {
    ChainedEntry const e{1, at_ms(5), "name", "brand", "incident", "json"};
    JournalHash const hash = chained({}, e);
    auto const changed = [&](std::function<void(ChainedEntry&)> const& change) {
        ChainedEntry other = e;
        change(other);
        return chained({}, other);
    };
    EXPECT_NE(hash, changed([](auto& x) { x.id = 2; }));
    EXPECT_NE(hash, changed([](auto& x) { x.at = at_ms(6); }));
    EXPECT_NE(hash, changed([](auto& x) { x.incident = "incidenu"; }));
    EXPECT_NE(hash, changed([](auto& x) { x.json = "jsoN"; }));
    EXPECT_NE(hash, changed([](auto& x) {
                  x.name = "nameb";
                  x.brand = "rand";
              }));
    JournalHash previous{};
    previous[31] = 1;
    EXPECT_NE(hash, chained(previous, e));
}

TEST(Journal, RefusesToBeChanged) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill(*store);
    }
    EXPECT_FALSE(shell(directory.path(), "UPDATE journal SET json = '{}' WHERE id = 3"));
    EXPECT_FALSE(shell(directory.path(), "DELETE FROM journal WHERE id = 3"));
    EXPECT_EQ(verify(directory.path()).exit, 0);
}

TEST(Journal, AnIntactOneSaysSoAlsoBesideARunningDaemon) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    fill(*store);
    auto const running = verify(directory.path());
    EXPECT_EQ(running.exit, 0) << running.err;
    EXPECT_THAT(running.out, StartsWith(directory.path() + ": 10 entries, intact\n"));
    // The daemon goes on while and after it was looked at.
    Commit c;
    c.events = {entry(11, "{}")};
    EXPECT_TRUE(store->commit(c).has_value());
    auto const check = store->verify();
    EXPECT_TRUE(check.intact) << check.detail;
    EXPECT_EQ(check.entries, 11);
    store.reset();
    auto const stopped = verify(directory.path());
    EXPECT_THAT(stopped.out, StartsWith(directory.path() + ": 11 entries, intact\nhead "));
    auto const again = open_or_fail(directory.path());  // looking left nothing in its way
    c.events = {entry(12, "{}")};
    EXPECT_TRUE(again->commit(c).has_value());
}

TEST(Journal, AnEmptyOneIsIntact) {
    TempDirectory directory;
    (void)open_or_fail(directory.path());
    EXPECT_EQ(verify(directory.path()).out, directory.path() + ": 0 entries, intact\n");
}

struct Tampering {
    char const* name;
    char const* sql;
    int broken_at;
};
void PrintTo(Tampering const& t, std::ostream* os) {
    *os << t.name;
}

class TamperedJournal : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedJournal, IsFoundAndNamed) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill(*store);
    }
    ASSERT_TRUE(shell(directory.path(), std::string(kDropTriggers) + GetParam().sql));
    auto const result = verify(directory.path());
    EXPECT_EQ(result.exit, 1);
    EXPECT_THAT(result.out, StartsWith(directory.path() + ": broken at entry " +
                                       std::to_string(GetParam().broken_at) + ": "));
    auto store = open_or_fail(directory.path());  // the daemon starts all the same
    auto const check = store->verify();
    EXPECT_FALSE(check.intact);
    EXPECT_EQ(check.broken_at, GetParam().broken_at);

    // Going on from there does not heal it.
    Commit c;
    c.events = {entry(store->load()->last_event + 1, "{}")};
    ASSERT_TRUE(store->commit(c).has_value());
    EXPECT_FALSE(store->verify().intact);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, TamperedJournal,
    testing::Values(
        Tampering{"changed_json", R"(UPDATE journal SET json = '{"id":4,"note":"m"}' WHERE id = 4)",
                  4},
        Tampering{"changed_time", "UPDATE journal SET at = at + 1 WHERE id = 1", 1},
        Tampering{"changed_incident", "UPDATE journal SET incident = 'other' WHERE id = 10", 10},
        Tampering{"deleted_first", "DELETE FROM journal WHERE id = 1", 2},
        Tampering{"deleted_in_the_middle", "DELETE FROM journal WHERE id = 5", 6},
        Tampering{"deleted_and_closed_up",
                  "DELETE FROM journal WHERE id = 5; UPDATE journal SET id = id - 1 WHERE id > 5",
                  5},
        Tampering{"cut_tail", "DELETE FROM journal WHERE id > 7", 8},
        Tampering{"deleted_all", "DELETE FROM journal", 1},
        Tampering{"reordered",
                  "UPDATE journal SET id = 99 WHERE id = 6; UPDATE journal SET id = 6 WHERE id = "
                  "7; UPDATE journal SET id = 7 WHERE id = 99",
                  6},
        Tampering{"changed_hash", "UPDATE journal SET hash = zeroblob(32) WHERE id = 9", 9},
        Tampering{"short_hash", "UPDATE journal SET hash = substr(hash, 1, 31) WHERE id = 9", 9},
        Tampering{"inserted",
                  "INSERT INTO journal VALUES(11, 0, 'incident.note', '', '', '{}', zeroblob(32))",
                  11},
        Tampering{"changed_head", "UPDATE meta SET journal_head = zeroblob(32)", 10}),
    [](auto const& way) { return std::string(way.param.name); });

// --- the beginning goes when its time is over, signed off

// Entries 1 to 10, a second apart: 1, 2 and 4 of incident a, 3 of b, 5 of none, the rest of c.
void fill_incidents(Store& store) {
    Commit c;
    int id = 0;
    for (auto const* incident : {"a", "a", "b", "a", "", "c", "c", "c", "c", "c"}) {
        ++id;
        c.events.push_back(entry(id, R"({"id":)" + std::to_string(id) + "}", incident));
    }
    ASSERT_TRUE(store.commit(c).has_value());
}

std::int64_t first_entry(Store& store) {
    auto const all = store.events(0, 1, {});
    return all.empty() ? 0 : all[0].id;
}

TEST(SignedOff, GoesInBoundedStepsAndTheChainGoesOn) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    fill_incidents(*store);
    std::string const head = verify(directory.path()).out;
    std::vector<bool> more;
    for (int i = 0; i < 3; ++i)
        more.push_back(store->sign_off(at_ms(7'500), {"c"}, at_ms(99'000), 3).value());
    EXPECT_THAT(more, testing::ElementsAre(true, false, false)) << "three, two, none";
    EXPECT_EQ(first_entry(*store), 6) << "entries of an incident that is kept stay";
    auto const check = store->verify();
    EXPECT_TRUE(check.intact) << check.detail;
    EXPECT_EQ(check.signed_last, 5);
    EXPECT_EQ(check.signed_entries, 5);
    auto const said = verify(directory.path());
    EXPECT_EQ(said.exit, 0);
    EXPECT_EQ(said.out, directory.path() +
                            ": entries 1 to 5 were signed off at 1970-01-01T00:01:39Z, chain "
                            "intact from 6\n" +
                            directory.path() + ": 5 entries, intact\n" +
                            head.substr(head.find("head ")))
        << "the head is what it was";

    Commit c;
    c.events = {entry(11, "{}")};
    ASSERT_TRUE(store->commit(c).has_value());
    store.reset();
    store = open_or_fail(directory.path());
    EXPECT_EQ(store->load()->last_event, 11);
    EXPECT_TRUE(store->verify().intact);
}

TEST(SignedOff, YoungerEntriesAndOpenIncidentsStayAndOnlyAPrefixGoes) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    fill_incidents(*store);
    EXPECT_FALSE(store->sign_off(at_ms(99'999), {"a"}, at_ms(99'000), 99).value());
    EXPECT_EQ(first_entry(*store), 1) << "all behind an open incident's first entry stays";
    EXPECT_FALSE(store->sign_off(at_ms(3'000), {}, at_ms(99'000), 99).value());
    EXPECT_EQ(first_entry(*store), 3) << "an entry of the very instant is not older";
    EXPECT_EQ(verify(directory.path()).exit, 0);
}

TEST(SignedOff, EverythingMayGoAndTheNextEntryFits) {
    TempDirectory directory;
    auto store = open_or_fail(directory.path());
    fill_incidents(*store);
    ASSERT_TRUE(store->sign_off(at_ms(99'999), {}, at_ms(99'000), 99).has_value());
    EXPECT_EQ(first_entry(*store), 0);
    EXPECT_TRUE(store->verify().intact);
    store.reset();
    store = open_or_fail(directory.path());
    Commit c;
    c.events = {entry(11, "{}")};
    ASSERT_TRUE(store->commit(c).has_value());
    auto const check = store->verify();
    EXPECT_TRUE(check.intact) << check.detail;
    EXPECT_EQ(check.entries, 1);
}

TEST(SignedOff, ABrokenBeginningIsNotSignedOff) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill_incidents(*store);
    }
    ASSERT_TRUE(shell(directory.path(),
                      std::string(kDropTriggers) + "UPDATE journal SET brand = 'x' WHERE id = 2"));
    auto store = open_or_fail(directory.path());
    auto const refused = store->sign_off(at_ms(9'000), {}, at_ms(99'000), 99);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().detail, HasSubstr("entry 2"));
    EXPECT_EQ(first_entry(*store), 1);
    EXPECT_EQ(store->verify().broken_at, 2);
}

TEST(SignedOff, NobodyCutsPastItAndItCannotBeMovedAtWill) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill_incidents(*store);
        ASSERT_TRUE(store->sign_off(at_ms(3'000), {}, at_ms(99'000), 99).has_value());
    }
    for (auto const* sql :
         {"DELETE FROM journal WHERE id = 3", "DELETE FROM journal_signoff",
          "UPDATE journal_signoff SET last = 4",
          "UPDATE journal_signoff SET last = 0, entries = 0, head = zeroblob(32)"})
        EXPECT_FALSE(shell(directory.path(), sql)) << sql;
    EXPECT_EQ(verify(directory.path()).exit, 0);
    // Whoever removes the triggers is found.
    ASSERT_TRUE(
        shell(directory.path(), std::string(kDropTriggers) + "DELETE FROM journal WHERE id = 3"));
    EXPECT_EQ(verify(directory.path()).exit, 1);
    EXPECT_THAT(verify(directory.path()).out, HasSubstr("broken at entry 4"));
}

TEST(SignedOff, ADatabaseOfTheFirstVersionIsVerifiedAndMigrated) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill_incidents(*store);
    }
    ASSERT_TRUE(shell(directory.path(),
                      "DROP TRIGGER journal_signoff_fits; DROP TRIGGER journal_is_not_deleted;"
                      "DROP TABLE journal_signoff; DROP TABLE forgotten;"
                      "CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal "
                      "BEGIN SELECT RAISE(ABORT, 'x'); END; PRAGMA user_version = 1"));
    EXPECT_THAT(verify(directory.path()).out, HasSubstr("10 entries, intact"));
    auto store = open_or_fail(directory.path());
    ASSERT_TRUE(store->sign_off(at_ms(3'000), {}, at_ms(99'000), 99).has_value());
    EXPECT_TRUE(store->verify().intact);
    EXPECT_EQ(first_entry(*store), 3);
}

TEST(Journal, NoneIsExitTwo) {
    TempDirectory directory;
    EXPECT_EQ(verify(directory.path()).exit, 2);
    EXPECT_THAT(verify(directory.path()).err, HasSubstr("no journal"));
    EXPECT_EQ(verify(directory.path() + "/absent").exit, 2);
    (void)open_or_fail(directory.path());
    ASSERT_TRUE(shell(directory.path(), "PRAGMA user_version = 99"));
    EXPECT_EQ(verify(directory.path()).exit, 2);
    EXPECT_THAT(verify(directory.path()).err, HasSubstr("newer"));
}

// Root may write everywhere: as root the test becomes somebody else for a moment.
class ReadOnly {
public:
    static constexpr uid_t kNobody = 65534;
    explicit ReadOnly(std::string directory) : directory_(std::move(directory)) {
        ::chmod(directory_.c_str(), 0500);
        if (::geteuid() != 0) return;
        for (auto const* name : {"", "/surged.db"})
            EXPECT_EQ(::chown((directory_ + name).c_str(), kNobody, kNobody), 0);
        EXPECT_EQ(::seteuid(kNobody), 0);
    }
    ReadOnly(ReadOnly const&) = delete;
    ReadOnly& operator=(ReadOnly const&) = delete;
    ~ReadOnly() {
        EXPECT_EQ(::seteuid(::getuid()), 0);
        ::chmod(directory_.c_str(), 0700);
    }

private:
    std::string directory_;
};

TEST(Journal, ABackupThatCannotBeWrittenCanBeVerified) {
    TempDirectory directory;
    {
        auto store = open_or_fail(directory.path());
        fill(*store);
    }
    ReadOnly const backup(directory.path());
    ASSERT_NE(::faccessat(AT_FDCWD, directory.path().c_str(), W_OK, AT_EACCESS), 0);
    auto const result = verify(directory.path());
    EXPECT_EQ(result.exit, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("10 entries, intact"));
}

}  // namespace
}  // namespace surged::daemon
