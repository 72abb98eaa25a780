#include "daemon/sqlite_schema.h"

#include <array>

namespace surged::daemon {
namespace {

struct Migration {
    int to;
    char const* sql;
};

// Version 1.
//
// Identities and bodies are two tables. An identity is looked up by its key for ever and is small:
// two or three dozen bytes with its index by time. (Its id is NULL when it is the key in decimal.)
// A body is big, is written in about the order of time, and goes in that order too; beside an
// identity under a hashed key it would scatter 300 bytes over the whole tree with every insert:
// measured, that is a third of the speed with 300,000 of them and falls further.
//
// The two triggers make "append-only" a property of the file: whoever edits the journal has to
// remove them first, and the chain shows it.
constexpr char const* kVersion1 = R"sql(
CREATE TABLE meta(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  instance TEXT NOT NULL,
  journal_entries INTEGER NOT NULL, journal_last INTEGER NOT NULL, journal_head BLOB NOT NULL,
  outbox_last INTEGER NOT NULL);
INSERT INTO meta VALUES(1, '', 0, 0, zeroblob(32), 0);
CREATE TABLE streams(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor BLOB NOT NULL, state BLOB NOT NULL);
CREATE TABLE mentions(
  stream INTEGER NOT NULL, key INTEGER NOT NULL, at INTEGER NOT NULL, id TEXT,
  PRIMARY KEY(stream, key)) WITHOUT ROWID;
CREATE INDEX mentions_by_time ON mentions(stream, at);
CREATE TABLE bodies(
  stream INTEGER NOT NULL, at INTEGER NOT NULL, key INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(stream, at, key)) WITHOUT ROWID;
CREATE TABLE series(
  stream INTEGER NOT NULL, hour INTEGER NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY(stream, hour)) WITHOUT ROWID;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, name TEXT NOT NULL, brand TEXT NOT NULL,
  incident TEXT NOT NULL, json TEXT NOT NULL, hash BLOB NOT NULL);
CREATE INDEX journal_by_incident ON journal(incident, id) WHERE incident <> '';
CREATE TRIGGER journal_is_not_updated BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY, receiver TEXT NOT NULL, brand TEXT NOT NULL, incident TEXT NOT NULL,
  event INTEGER NOT NULL, key TEXT NOT NULL, repeat INTEGER NOT NULL, due INTEGER NOT NULL,
  attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, event_json TEXT NOT NULL);
CREATE TABLE blobs(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 1937076839;
PRAGMA user_version = 1;
)sql";
static_assert(kApplicationId == 1937076839);

// Version 2.
//
// The beginning of the journal may go once it was signed off: the last entry that went, its hash,
// and how many went by then. No entry goes before it is signed off, and a sign-off only moves
// forward, to an entry that stands in the journal with that hash.
//
// `forgotten`: whom and what nobody may bring back; `mark` is a hash (forgotten.h), no name.
constexpr char const* kVersion2 = R"sql(
CREATE TABLE journal_signoff(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  last INTEGER NOT NULL, entries INTEGER NOT NULL, head BLOB NOT NULL, at INTEGER NOT NULL);
INSERT INTO journal_signoff VALUES(1, 0, 0, zeroblob(32), 0);
DROP TRIGGER journal_is_not_deleted;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
  WHEN OLD.id > (SELECT last FROM journal_signoff)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_signoff_fits BEFORE UPDATE ON journal_signoff
  WHEN NEW.last <= OLD.last
    OR NOT EXISTS (SELECT 1 FROM journal WHERE id = NEW.last AND hash = NEW.head)
  BEGIN SELECT RAISE(ABORT, 'what is signed off must stand in the journal'); END;
CREATE TRIGGER journal_signoff_is_not_deleted BEFORE DELETE ON journal_signoff
  BEGIN SELECT RAISE(ABORT, 'the sign-off stays'); END;
CREATE TABLE forgotten(
  mark BLOB PRIMARY KEY, whose TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  done INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 2;
)sql";

constexpr std::array<Migration, 2> kMigrations{{{1, kVersion1}, {2, kVersion2}}};

bool in_transaction(Database& db, char const* sql, std::string const& instance, bool fresh) {
    bool const done = db.exec("BEGIN IMMEDIATE") && db.exec(sql) &&
                      (!fresh || db.run("UPDATE meta SET instance = ?1", instance)) &&
                      db.exec("COMMIT");
    if (done) return true;
    if (db.in_transaction()) {
        // The reason of the failure is the caller's; that of a rollback after it is nobody's.
        Failure const why = db.failure();
        db.exec("ROLLBACK");
        db.fail(why.detail);
    }
    return false;
}

}  // namespace

int schema_version() {
    return kMigrations.back().to;
}

SchemaState schema_state(Database& db) {
    auto const version = db.integer("PRAGMA user_version");
    auto const application = db.integer("PRAGMA application_id");
    auto const tables = db.integer("SELECT count(*) FROM sqlite_schema");
    if (!version || !application || !tables) return SchemaState::unreadable;
    if (*application != kApplicationId)
        return *application == 0 && *version == 0 && *tables == 0 ? SchemaState::fresh
                                                                  : SchemaState::foreign;
    if (*version > schema_version()) return SchemaState::newer;
    return *version == schema_version() ? SchemaState::current : SchemaState::older;
}

bool migrate(Database& db, std::string const& instance) {
    auto const version = db.integer("PRAGMA user_version");
    if (!version) return false;
    for (Migration const& step : kMigrations)
        if (step.to > *version && !in_transaction(db, step.sql, instance, step.to == 1))
            return false;
    return true;
}

}  // namespace surged::daemon
