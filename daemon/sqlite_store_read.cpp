// Reading: what a start, the API and the report need.
#include "daemon/sqlite_store_impl.h"

#include <algorithm>

namespace surged::daemon {
namespace {

std::string restored_id(Query const& q, int column, std::int64_t key) {
    return q.null(column) ? std::to_string(key) : q.text(column);
}

std::int64_t sql_limit(std::size_t limit) {
    return static_cast<std::int64_t>(std::min(limit, std::size_t{1} << 62U));
}

bool load_streams(Database& db, Restored& out) {
    Query q = db.query("SELECT name, cursor, state FROM streams ORDER BY name");
    while (q.row()) out.streams.push_back({q.text(0), q.text(1), q.text(2)});
    return !q.failed();
}

bool load_outbox(Database& db, Restored& out) {
    Query q = db.query(
        "SELECT id, receiver, brand, incident, event, key, repeat, due, attempts, next_at, "
        "event_json FROM outbox ORDER BY id");
    while (q.row()) {
        OutboxRow row;
        row.id = q.integer(0);
        row.receiver = q.text(1);
        row.brand = q.text(2);
        row.incident = q.text(3);
        row.event = q.integer(4);
        row.key = q.text(5);
        row.repeat = q.integer(6) != 0;
        row.due = wall_time(q.integer(7));
        row.attempts = static_cast<int>(q.integer(8));
        row.next_at = wall_time(q.integer(9));
        row.event_json = q.text(10);
        out.outbox.push_back(std::move(row));
    }
    return !q.failed();
}

bool load_blobs(Database& db, Restored& out) {
    Query q = db.query("SELECT name, value FROM blobs");
    while (q.row()) out.blobs.emplace(q.text(0), q.text(1));
    return !q.failed();
}

bool load_forgotten(Database& db, Restored& out) {
    Query q = db.query("SELECT mark, whose, at, by, done FROM forgotten ORDER BY at, mark");
    while (q.row())
        out.forgotten.push_back({q.text(0), q.bytes(1) == "author", wall_time(q.integer(2)),
                                 q.text(3), q.integer(4) != 0});
    return !q.failed();
}

bool load_instance(Database& db, Restored& out) {
    Query q = db.query("SELECT instance FROM meta");
    if (q.row()) out.instance = q.text(0);
    return !out.instance.empty();
}

}  // namespace

Result<Restored> SqliteStore::load() {
    Restored out;
    out.last_event = ends_.journal_last;
    out.last_outbox = ends_.outbox_last;
    if (load_instance(db_, out) && load_streams(db_, out) && load_outbox(db_, out) &&
        load_blobs(db_, out) && load_forgotten(db_, out))
        return out;
    return db_.failure();
}

bool SqliteStore::seen(std::string const& stream, detectors::MentionKey key) {
    auto const id = known_stream(stream);
    return id && db_.integer("SELECT 1 FROM mentions WHERE stream = ?1 AND key = ?2", *id,
                             stored_key(key));
}

std::vector<MentionRow> SqliteStore::newest(std::string const& stream, std::size_t limit) {
    std::vector<MentionRow> out;
    auto const id = known_stream(stream);
    if (!id) return out;
    Query q = db_.query(
        "SELECT key, at, id FROM mentions WHERE stream = ?1 ORDER BY at DESC, key DESC LIMIT ?2",
        *id, sql_limit(limit));
    while (q.row()) {
        std::int64_t const key = q.integer(0);
        out.push_back({static_cast<detectors::MentionKey>(key),
                       wall_time(q.integer(1)),
                       restored_id(q, 2, key),
                       {}});
    }
    std::reverse(out.begin(), out.end());
    return out;
}

std::vector<StoredEvent> SqliteStore::events(std::int64_t after, std::size_t limit,
                                             std::string const& incident) {
    std::vector<StoredEvent> out;
    Query q = incident.empty() ? db_.query(
                                     "SELECT id, at, name, brand, incident, json FROM journal "
                                     "WHERE id > ?1 ORDER BY id LIMIT ?2",
                                     after, sql_limit(limit))
                               : db_.query(
                                     "SELECT id, at, name, brand, incident, json FROM journal "
                                     "WHERE incident = ?3 AND incident <> '' AND id > ?1 "
                                     "ORDER BY id LIMIT ?2",
                                     after, sql_limit(limit), incident);
    while (q.row())
        out.push_back(
            {q.integer(0), wall_time(q.integer(1)), q.text(2), q.text(3), q.text(4), q.text(5)});
    return out;
}

// From one id to the next by the index: an incident has thousands of entries.
std::vector<std::string> SqliteStore::incidents(std::string const& after, std::size_t limit) {
    std::vector<std::string> out;
    std::string last = after;
    while (out.size() < limit) {
        Query q = db_.query(
            "SELECT incident FROM journal WHERE incident <> '' AND incident > ?1 "
            "ORDER BY incident LIMIT 1",
            last);
        if (!q.row()) break;
        last = q.text(0);
        out.push_back(last);
    }
    return out;
}

std::vector<SeriesHour> SqliteStore::series(std::string const& stream, std::int64_t from_hour,
                                            std::int64_t to_hour) {
    std::vector<SeriesHour> out;
    auto const id = known_stream(stream);
    if (!id) return out;
    Query q = db_.query(
        "SELECT hour, blob FROM series WHERE stream = ?1 AND hour >= ?2 AND hour < ?3 "
        "ORDER BY hour",
        *id, from_hour, to_hour);
    while (q.row()) out.push_back({q.integer(0), q.text(1)});
    return out;
}

std::vector<MentionRow> SqliteStore::mentions(std::string const& stream, WallTime from, WallTime to,
                                              std::size_t limit) {
    std::vector<MentionRow> out;
    auto const id = known_stream(stream);
    if (!id) return out;
    Query q = db_.query(
        "SELECT b.key, b.at, m.id, b.body FROM bodies b JOIN mentions m "
        "ON m.stream = b.stream AND m.key = b.key "
        "WHERE b.stream = ?1 AND b.at >= ?2 AND b.at < ?3 ORDER BY b.at, b.key LIMIT ?4",
        *id, milliseconds(from), milliseconds(to), sql_limit(limit));
    while (q.row()) {
        std::int64_t const key = q.integer(0);
        out.push_back({static_cast<detectors::MentionKey>(key), wall_time(q.integer(1)),
                       restored_id(q, 2, key), q.text(3)});
    }
    return out;
}

}  // namespace surged::daemon
