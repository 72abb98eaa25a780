// The store over SQLite. Included by its own sources only; everybody else sees store.h.
#pragma once

#include "daemon/directory_lock.h"
#include "daemon/journal_chain.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"

#include <map>
#include <string>

namespace surged::daemon {

[[nodiscard]] inline std::int64_t milliseconds(WallTime t) {
    return t.time_since_epoch().count();
}
[[nodiscard]] inline WallTime wall_time(std::int64_t ms) {
    return WallTime{std::chrono::milliseconds{ms}};
}
// SQLite knows signed numbers only: hashed keys (top bit set) are stored as negative ones.
[[nodiscard]] inline std::int64_t stored_key(detectors::MentionKey key) {
    return static_cast<std::int64_t>(key);
}

class SqliteStore final : public Store {
public:
    SqliteStore(DirectoryLock lock, Database db, std::string path)
        : lock_(std::move(lock)), db_(std::move(db)), path_(std::move(path)) {}

    // Fills what is cached from the file. Before anything else.
    bool restore();
    [[nodiscard]] Failure failure() const { return db_.failure(); }

    Result<Restored> load() override;
    Result<bool> commit(Commit const& changes) override;
    bool seen(std::string const& stream, detectors::MentionKey key) override;
    std::vector<MentionRow> newest(std::string const& stream, std::size_t limit) override;
    std::vector<StoredEvent> events(std::int64_t after, std::size_t limit,
                                    std::string const& incident) override;
    std::vector<std::string> incidents(std::string const& after, std::size_t limit) override;
    std::vector<SeriesHour> series(std::string const& stream, std::int64_t from_hour,
                                   std::int64_t to_hour) override;
    std::vector<MentionRow> mentions(std::string const& stream, WallTime from, WallTime to,
                                     std::size_t limit) override;
    Result<bool> prune(WallTime mentions_before, WallTime series_before,
                       std::size_t limit) override;
    Result<bool> sign_off(WallTime before, std::vector<std::string> const& kept, WallTime now,
                          std::size_t limit) override;
    Result<std::optional<BodyPlace>> bodies(
        BodyPlace from, std::size_t limit,
        std::function<void(BodyPlace const&, std::string_view body)> const& show) override;
    Result<bool> scrub(std::int64_t& from, std::size_t pages) override;
    JournalCheck verify() override;
    std::map<std::string, std::uint64_t> sizes() override;

private:
    // What `meta` holds of the journal and the outbox: the end of what is committed.
    struct Ends {
        std::int64_t journal_entries = 0, journal_last = 0;
        JournalHash journal_head{};
        std::int64_t outbox_last = 0;
    };
    // What a transaction under way will have changed of the cached members once it is committed.
    struct Pending {
        Ends ends;
        std::map<std::string, std::int64_t> new_streams;
    };

    bool begin() { return db_.run("BEGIN IMMEDIATE"); }
    Failure roll_back();
    bool write(Commit const& changes, Pending& pending);
    std::optional<std::int64_t> stream_id(StreamWrite const& stream, Pending& pending);
    bool write_stream(StreamWrite const& stream, Pending& pending);
    bool write_mention(std::int64_t stream, MentionRow const& row);
    bool write_event(EventWrite const& event, Pending& pending);
    bool write_outbox(Commit const& changes, Pending& pending);
    bool write_forgotten(Commit const& changes);
    bool write_ends(Ends const& ends);
    void require_ascending(Commit const& changes) const;
    [[nodiscard]] std::optional<std::int64_t> known_stream(std::string const& name) const;

    DirectoryLock lock_;  // before the database: released after it is closed
    Database db_;
    std::string path_;
    std::map<std::string, std::int64_t> streams_;  // name -> id, of committed rows only
    Ends ends_;
};

}  // namespace surged::daemon
