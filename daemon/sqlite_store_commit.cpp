// Writing: one Commit is one transaction.
#include "daemon/sqlite_store_impl.h"

#include <stdexcept>

namespace surged::daemon {
namespace {

// An id that its key tells is not stored a second time.
TextOrNull stored_id(MentionRow const& row) {
    if (stored_key(row.key) >= 0 && row.id == std::to_string(row.key)) return {};
    return {std::string_view(row.id)};
}

}  // namespace

Result<bool> SqliteStore::commit(Commit const& changes) {
    require_ascending(changes);
    if (changes.empty()) return true;
    Pending pending{ends_, {}};
    if (!begin()) return db_.failure();
    if (!write(changes, pending) || !db_.run("COMMIT")) return roll_back();
    ends_ = pending.ends;
    streams_.merge(pending.new_streams);
    return true;
}

Failure SqliteStore::roll_back() {
    Failure why = db_.failure();
    // After some failures SQLite has rolled back already. A rollback that fails leaves the
    // transaction open: the next BEGIN fails, and comes here again.
    if (db_.in_transaction()) db_.run("ROLLBACK");
    return why;
}

void SqliteStore::require_ascending(Commit const& changes) const {
    std::int64_t last = ends_.journal_last;
    for (auto const& event : changes.events) {
        if (event.id <= last)
            throw std::logic_error("journal entry " + std::to_string(event.id) + " after " +
                                   std::to_string(last));
        last = event.id;
    }
    last = ends_.outbox_last;
    for (auto const& row : changes.outbox_add) {
        if (row.id <= last)
            throw std::logic_error("outbox row " + std::to_string(row.id) + " after " +
                                   std::to_string(last));
        last = row.id;
    }
}

bool SqliteStore::write(Commit const& changes, Pending& pending) {
    for (auto const& stream : changes.streams)
        if (!write_stream(stream, pending)) return false;
    for (auto const& event : changes.events)
        if (!write_event(event, pending)) return false;
    if (!write_outbox(changes, pending)) return false;
    for (auto const& [name, value] : changes.blobs)
        if (!db_.run("INSERT INTO blobs VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", name,
                     Bytes{value}))
            return false;
    if (!write_forgotten(changes)) return false;
    return (changes.events.empty() && changes.outbox_add.empty()) || write_ends(pending.ends);
}

std::optional<std::int64_t> SqliteStore::stream_id(StreamWrite const& stream, Pending& pending) {
    if (auto const known = known_stream(stream.name)) return known;
    if (auto const it = pending.new_streams.find(stream.name); it != pending.new_streams.end())
        return it->second;
    if (!db_.run("INSERT INTO streams(name, cursor, state) VALUES(?1, x'', x'')", stream.name))
        return std::nullopt;
    auto const id = db_.integer("SELECT id FROM streams WHERE name = ?1", stream.name);
    if (id) pending.new_streams.emplace(stream.name, *id);
    return id;
}

bool SqliteStore::write_stream(StreamWrite const& stream, Pending& pending) {
    auto const id = stream_id(stream, pending);
    if (!id) return false;
    if (stream.cursor &&
        !db_.run("UPDATE streams SET cursor = ?2 WHERE id = ?1", *id, Bytes{*stream.cursor}))
        return false;
    if (stream.state &&
        !db_.run("UPDATE streams SET state = ?2 WHERE id = ?1", *id, Bytes{*stream.state}))
        return false;
    for (auto const& row : stream.mentions)
        if (!write_mention(*id, row)) return false;
    for (auto const& hour : stream.series)
        if (!db_.run("INSERT INTO series VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET blob = ?3",
                     *id, hour.hour, Bytes{hour.blob}))
            return false;
    return true;
}

bool SqliteStore::write_mention(std::int64_t stream, MentionRow const& row) {
    std::int64_t const key = stored_key(row.key);
    std::int64_t at = milliseconds(row.at);
    if (!db_.run("INSERT OR IGNORE INTO mentions VALUES(?1, ?2, ?3, ?4)", stream, key, at,
                 stored_id(row)))
        return false;
    if (row.body.empty()) return true;
    if (db_.changes() == 0) {
        // Known already: its body stands under the time it was first given.
        auto const first =
            db_.integer("SELECT at FROM mentions WHERE stream = ?1 AND key = ?2", stream, key);
        if (!first) return false;
        at = *first;
    }
    return db_.run("INSERT INTO bodies VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET body = ?4",
                   stream, at, key, row.body);
}

bool SqliteStore::write_event(EventWrite const& event, Pending& pending) {
    Ends& ends = pending.ends;
    ends.journal_head = chained(ends.journal_head, {event.id, event.at, event.name, event.brand,
                                                    event.incident, event.json});
    ends.journal_last = event.id;
    ++ends.journal_entries;
    return db_.run("INSERT INTO journal VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", event.id,
                   milliseconds(event.at), event.name, event.brand, event.incident, event.json,
                   Bytes{bytes_of(ends.journal_head)});
}

bool SqliteStore::write_outbox(Commit const& changes, Pending& pending) {
    for (auto const& row : changes.outbox_add) {
        pending.ends.outbox_last = row.id;
        if (!db_.run("INSERT INTO outbox VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                     row.id, row.receiver, row.brand, row.incident, row.event, row.key,
                     std::int64_t{row.repeat}, milliseconds(row.due), std::int64_t{row.attempts},
                     milliseconds(row.next_at), row.event_json))
            return false;
    }
    for (auto const& settle : changes.outbox_settle) {
        bool const done =
            settle.remove
                ? db_.run("DELETE FROM outbox WHERE id = ?1", settle.id)
                : db_.run("UPDATE outbox SET attempts = ?2, next_at = ?3 WHERE id = ?1", settle.id,
                          std::int64_t{settle.attempts}, milliseconds(settle.next_at));
        if (!done) return false;
    }
    return true;
}

bool SqliteStore::write_forgotten(Commit const& changes) {
    for (BodyPlace const& place : changes.erase)
        if (!db_.run("DELETE FROM bodies WHERE stream = ?1 AND at = ?2 AND key = ?3", place.stream,
                     place.at, place.key))
            return false;
    for (ForgottenMark const& f : changes.forget)
        if (!db_.run("INSERT INTO forgotten VALUES(?1, ?2, ?3, ?4, ?5) "
                     "ON CONFLICT DO UPDATE SET done = ?5",
                     Bytes{f.mark}, std::string_view(f.author ? "author" : "mention"),
                     milliseconds(f.at), f.by, std::int64_t{f.done}))
            return false;
    for (std::string const& mark : changes.forget_no_more)
        if (!db_.run("DELETE FROM forgotten WHERE mark = ?1", Bytes{mark})) return false;
    return true;
}

bool SqliteStore::write_ends(Ends const& ends) {
    return db_.run(
        "UPDATE meta SET journal_entries = ?1, journal_last = ?2, journal_head = ?3, "
        "outbox_last = ?4",
        ends.journal_entries, ends.journal_last, Bytes{bytes_of(ends.journal_head)},
        ends.outbox_last);
}

}  // namespace surged::daemon
