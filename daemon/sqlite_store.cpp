#include "daemon/sqlite_store.h"

#include "daemon/journal_check.h"
#include "daemon/sqlite_schema.h"
#include "daemon/sqlite_store_impl.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace surged::daemon {
namespace {

using detectors::MentionKey;

constexpr char const* kSimulatedInstance = "00000000000000000000000000005175";

OpenFailure unusable(std::string const& path, std::string const& why) {
    return {OpenFault::unusable, path + ": " + why};
}

std::string random_instance() {
    JournalHash bits{};
    std::size_t const wanted = 16;
    for (std::size_t got = 0; got < wanted;) {
        ssize_t const n = ::getrandom(bits.data() + got, wanted - got, 0);
        if (n < 0 && errno != EINTR) return {};
        if (n > 0) got += static_cast<std::size_t>(n);
    }
    return hex(bits).substr(0, 2 * wanted);
}

std::string instance_for(OpenOptions const& options) {
    if (!options.instance.empty()) return options.instance;
    return options.mode == OpenMode::simulation ? kSimulatedInstance : random_instance();
}

// SQLite gives its other files the mode of this one, so making it first decides all of them.
bool make_private(std::string const& path) {
    int const fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    ::fchmod(fd, 0600);  // it holds people's words; a file of somebody else's will say so later
    ::close(fd);
    return true;
}

// Not set: mmap (an I/O error would be a signal) and auto_vacuum (what is pruned is filled again;
// the file stays at its high-water mark and `sizes()` tells how much of it is free).
bool configure(Database& db, OpenOptions const& options) {
    auto const checkpoint =
        "PRAGMA wal_autocheckpoint = " + std::to_string(options.checkpoint_pages);
    return db.exec("PRAGMA journal_mode = WAL") &&
           db.exec(options.mode == OpenMode::simulation ? "PRAGMA synchronous = OFF"
                                                        : "PRAGMA synchronous = FULL") &&
           db.exec(checkpoint.c_str()) &&
           db.exec("PRAGMA journal_size_limit = 16777216") &&  // after a burst the log shrinks
           db.exec("PRAGMA cache_size = -16384") &&            // 16 MiB: a limit on memory
           db.exec("PRAGMA temp_store = MEMORY") &&
           db.exec("PRAGMA secure_delete = ON");  // pruned and erased text is overwritten
}

std::optional<OpenFailure> prepare(Database& db, std::string const& path,
                                   OpenOptions const& options) {
    SchemaState const state = schema_state(db);
    if (state == SchemaState::unreadable) return unusable(path, db.failure().detail);
    if (state == SchemaState::foreign) return unusable(path, "is not a database of surged");
    if (state == SchemaState::newer)
        return OpenFailure{OpenFault::newer,
                           path + " was written by a newer version of surged (this one knows " +
                               std::to_string(schema_version()) + ")"};
    if (!configure(db, options)) return unusable(path, db.failure().detail);
    if (state == SchemaState::current) return std::nullopt;
    std::string const instance = instance_for(options);
    if (instance.empty()) return unusable(path, "the system gives no random bits");
    if (!migrate(db, instance)) return unusable(path, db.failure().detail);
    return std::nullopt;
}

}  // namespace

std::string_view to_string(OpenFault fault) {
    switch (fault) {
        case OpenFault::unusable: return "unusable";
        case OpenFault::in_use: return "in use";
        case OpenFault::newer: return "newer";
    }
    return "";
}

boost::system::result<std::unique_ptr<Store>, OpenFailure> open_store(std::string const& directory,
                                                                      OpenOptions const& options) {
    if (auto made = make_directory(directory); !made) return made.error();
    auto lock = DirectoryLock::take(directory);
    if (!lock) return lock.error();
    std::string const path = directory + "/" + kDatabaseFile;
    if (options.vfs.empty() && !make_private(path)) return unusable(path, std::strerror(errno));
    auto db = Database::open(path, Database::Access::write, options.vfs);
    if (!db) return unusable(path, db.error().detail);
    if (auto fault = prepare(*db, path, options)) return *fault;
    auto store = std::make_unique<SqliteStore>(std::move(*lock), std::move(*db), path);
    if (!store->restore()) return unusable(path, store->failure().detail);
    return std::unique_ptr<Store>(std::move(store));
}

bool SqliteStore::restore() {
    {
        Query q =
            db_.query("SELECT journal_entries, journal_last, journal_head, outbox_last FROM meta");
        if (!q.row()) {
            if (!q.failed()) db_.fail("its table meta is empty");
            return false;
        }
        ends_.journal_entries = q.integer(0);
        ends_.journal_last = q.integer(1);
        auto const head = q.bytes(2);
        if (head.size() != ends_.journal_head.size()) {
            db_.fail("its journal_head is damaged");
            return false;
        }
        std::memcpy(ends_.journal_head.data(), head.data(), head.size());
        ends_.outbox_last = q.integer(3);
    }
    // `meta` leads, also when entries at the end are missing: going on from its head keeps the hole
    // visible to verify() for ever. Ids beyond it (never written by us) must not be met either.
    ends_.journal_last =
        std::max(ends_.journal_last, db_.integer("SELECT max(id) FROM journal").value_or(0));
    Query q = db_.query("SELECT id, name FROM streams");
    while (q.row()) streams_.emplace(q.text(1), q.integer(0));
    return !q.failed();
}

std::optional<std::int64_t> SqliteStore::known_stream(std::string const& name) const {
    auto const it = streams_.find(name);
    if (it == streams_.end()) return std::nullopt;
    return it->second;
}

JournalCheck SqliteStore::verify() {
    return check_journal(db_);
}

std::map<std::string, std::uint64_t> SqliteStore::sizes() {
    auto const pragma = [&](char const* sql) {
        return static_cast<std::uint64_t>(db_.integer(sql).value_or(0));
    };
    std::uint64_t const page = pragma("PRAGMA page_size");
    std::error_code error;
    auto const wal = std::filesystem::file_size(path_ + "-wal", error);
    return {{"database", page * pragma("PRAGMA page_count")},
            {"free", page * pragma("PRAGMA freelist_count")},
            {"wal", error ? 0 : wal}};
}

}  // namespace surged::daemon
