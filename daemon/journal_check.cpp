#include "daemon/journal_check.h"

#include "daemon/journal_chain.h"

#include <cstring>

namespace surged::daemon {
namespace {

// The end of the chain as the last commit left it.
struct Committed {
    std::int64_t entries = 0, last = 0;
    std::string head;
};

struct Walk {
    JournalHash hash{};
    std::int64_t last = 0;
};

void broken(JournalCheck& check, std::int64_t id, std::string detail) {
    check.intact = false;
    check.broken_at = id;
    check.detail = std::move(detail);
}

bool read_committed(Database& db, Committed& committed) {
    Query q = db.query("SELECT journal_entries, journal_last, journal_head FROM meta");
    if (!q.row()) return false;
    committed = {q.integer(0), q.integer(1), q.text(2)};
    return true;
}

// Where the chain goes on from: what was signed off. A database of the first version knows of none.
bool read_sign_off(Database& db, JournalCheck& check, Walk& at) {
    if (db.integer("PRAGMA user_version").value_or(0) < 2) return true;
    Query q = db.query("SELECT last, entries, head, at FROM journal_signoff");
    if (!q.row() || q.bytes(2).size() != at.hash.size()) return false;
    check.signed_last = at.last = q.integer(0);
    check.signed_entries = q.integer(1);
    std::memcpy(at.hash.data(), q.bytes(2).data(), at.hash.size());
    check.signed_at = detectors::WallTime{std::chrono::milliseconds{q.integer(3)}};
    return true;
}

void walk(Database& db, JournalCheck& check, Walk& at) {
    Query q = db.query("SELECT id, at, name, brand, incident, json, hash FROM journal ORDER BY id");
    while (q.row()) {
        std::int64_t const id = q.integer(0);
        at.hash =
            chained(at.hash, {id, detectors::WallTime{std::chrono::milliseconds{q.integer(1)}},
                              q.bytes(2), q.bytes(3), q.bytes(4), q.bytes(5)});
        if (q.bytes(6) != bytes_of(at.hash)) {
            std::string detail = "its content does not fit its hash, or an entry before it is gone";
            if (id != at.last + 1)
                detail += " (the one before it is " + std::to_string(at.last) + ")";
            return broken(check, id, std::move(detail));
        }
        at.last = id;
        ++check.entries;
    }
    if (q.failed()) broken(check, at.last + 1, "cannot be read: " + db.failure().detail);
}

void compare_ends(JournalCheck& check, Walk const& at, Committed const& committed) {
    std::int64_t const all = check.signed_entries + check.entries;
    if (all < committed.entries)
        return broken(check, at.last + 1,
                      "missing: " + std::to_string(committed.entries) +
                          " entries were committed, the last one was " +
                          std::to_string(committed.last));
    // Only whoever computed hashes of his own comes this far.
    if (all > committed.entries || at.last != committed.last ||
        (all > 0 && committed.head != bytes_of(at.hash)))
        broken(check, at.last, "is not the entry that was committed last");
}

}  // namespace

JournalCheck check_journal(Database& db, std::string* head) {
    JournalCheck check;
    Committed committed;
    Walk at;
    bool const began = db.exec("BEGIN");  // one state for the walk and for its end
    if (!began || !read_committed(db, committed)) {
        broken(check, 0, "cannot be read: " + db.failure().detail);
    } else if (!read_sign_off(db, check, at)) {
        broken(check, 0, "what says where it was signed off is damaged");
    } else {
        walk(db, check, at);
        if (check.intact) compare_ends(check, at, committed);
    }
    if (began) db.exec("COMMIT");
    if (head != nullptr) *head = hex(at.hash);
    return check;
}

}  // namespace surged::daemon
