// Forgetting: what goes when its time is over, or because somebody asked for it.
#include "daemon/sqlite_scrub.h"
#include "daemon/sqlite_store_impl.h"

#include <algorithm>
#include <cstring>

namespace surged::daemon {

Result<bool> SqliteStore::prune(WallTime mentions_before, WallTime series_before,
                                std::size_t limit) {
    auto const before_hour =
        std::chrono::floor<std::chrono::hours>(series_before).time_since_epoch().count();
    auto left = static_cast<std::int64_t>(limit);
    if (!begin()) return db_.failure();
    for (auto const& [name, id] : streams_) {
        if (left <= 0) break;
        if (!db_.run("DELETE FROM bodies WHERE stream = ?1 AND (at, key) IN (SELECT at, key FROM "
                     "bodies WHERE stream = ?1 AND at < ?2 ORDER BY at, key LIMIT ?3)",
                     id, milliseconds(mentions_before), left))
            return roll_back();
        left -= db_.changes();
        if (!db_.run("DELETE FROM series WHERE stream = ?1 AND hour IN (SELECT hour FROM series "
                     "WHERE stream = ?1 AND hour < ?2 ORDER BY hour LIMIT ?3)",
                     id, std::int64_t{before_hour}, std::max<std::int64_t>(left, 0)))
            return roll_back();
        left -= db_.changes();
    }
    if (!db_.run("COMMIT")) return roll_back();
    return left <= 0;
}

Result<bool> SqliteStore::sign_off(WallTime before, std::vector<std::string> const& kept,
                                   WallTime now, std::size_t limit) {
    JournalHash hash{};
    std::int64_t last = 0, entries = 0;
    {
        Query q = db_.query("SELECT last, head FROM journal_signoff");
        if (!q.row()) return db_.failure();
        last = q.integer(0);
        if (q.bytes(1).size() != hash.size())
            return Failure(Fault::malformed,
                           "what says where the journal was signed off is damaged");
        std::memcpy(hash.data(), q.bytes(1).data(), hash.size());
    }
    {
        Query q = db_.query(
            "SELECT id, at, name, brand, incident, json, hash FROM journal ORDER BY id LIMIT ?1",
            static_cast<std::int64_t>(limit));
        while (q.row()) {
            if (wall_time(q.integer(1)) >= before) break;
            if (std::find(kept.begin(), kept.end(), q.bytes(4)) != kept.end()) break;
            JournalHash const next =
                chained(hash, {q.integer(0), wall_time(q.integer(1)), q.bytes(2), q.bytes(3),
                               q.bytes(4), q.bytes(5)});
            if (q.bytes(6) != bytes_of(next))
                return Failure(Fault::malformed, "the journal is broken at entry " +
                                                     std::to_string(q.integer(0)) +
                                                     ": it is not signed off");
            hash = next;
            last = q.integer(0);
            ++entries;
        }
        if (q.failed()) return db_.failure();
    }
    if (entries == 0) return false;
    if (!begin()) return db_.failure();
    if (!db_.run("UPDATE journal_signoff SET last = ?1, entries = entries + ?2, head = ?3, at = ?4",
                 last, entries, Bytes{bytes_of(hash)}, milliseconds(now)) ||
        !db_.run("DELETE FROM journal WHERE id <= ?1", last) || !db_.run("COMMIT"))
        return roll_back();
    return entries == static_cast<std::int64_t>(limit);
}

Result<std::optional<BodyPlace>> SqliteStore::bodies(
    BodyPlace from, std::size_t limit,
    std::function<void(BodyPlace const&, std::string_view body)> const& show) {
    std::optional<BodyPlace> last;
    Query q = db_.query(
        "SELECT stream, at, key, body FROM bodies WHERE (stream, at, key) > (?1, ?2, ?3) "
        "ORDER BY stream, at, key LIMIT ?4",
        from.stream, from.at, from.key, static_cast<std::int64_t>(limit));
    while (q.row()) {
        last = BodyPlace{q.integer(0), q.integer(1), q.integer(2)};
        show(*last, q.bytes(3));
    }
    if (q.failed()) return db_.failure();
    return last;
}

Result<bool> SqliteStore::scrub(std::int64_t& from, std::size_t pages) {
    if (!empty_log(db_)) return db_.failure();
    auto const count = static_cast<std::int64_t>(pages);
    auto const last = scrub_pages(db_, from + 1, count);
    if (!last) return last.error();
    from = *last ? 0 : from + count;
    return !*last;
}

}  // namespace surged::daemon
