#include "daemon/commands/journal_verify.h"

#include "daemon/journal_check.h"
#include "daemon/sqlite_schema.h"

#include <filesystem>
#include <optional>

namespace surged::daemon {
namespace {

// Why there is no journal here that can be checked; none: there is one.
std::optional<std::string> unreadable(Database& db) {
    switch (schema_state(db)) {
        case SchemaState::current:
        case SchemaState::older: return std::nullopt;
        case SchemaState::fresh: return "is empty";
        case SchemaState::newer: return "was written by a newer version of surged";
        case SchemaState::foreign: return "is not a database of surged";
        case SchemaState::unreadable: return db.failure().detail;
    }
    return std::nullopt;
}

// Opens to read beside a writer, which needs the right to make the log's index in the directory;
// without it, and without a log, the file alone is the whole state.
std::optional<Database> open_to_read(std::string const& path, std::string& why) {
    std::error_code error;
    for (auto const access : {Database::Access::read, Database::Access::immutable}) {
        bool const alone = !std::filesystem::exists(path + "-wal", error) ||
                           std::filesystem::file_size(path + "-wal", error) == 0;
        if (access == Database::Access::immutable && !alone) break;
        auto db = Database::open(path, access);
        auto const fault = db ? unreadable(*db) : std::optional(db.error().detail);
        if (!fault) return std::move(*db);
        if (why.empty()) why = *fault;
    }
    return std::nullopt;
}

}  // namespace

int journal_verify(std::string const& directory, std::ostream& out, std::ostream& err) {
    std::string const path = directory + "/" + kDatabaseFile;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        err << directory << ": no journal: there is no " << kDatabaseFile << "\n";
        return 2;
    }
    std::string why, head;
    auto db = open_to_read(path, why);
    if (!db) {
        err << directory << ": no journal: " << kDatabaseFile << ": " << why << "\n";
        return 2;
    }
    JournalCheck const check = check_journal(*db, &head);
    if (!check.intact) {
        out << directory << ": broken at entry " << check.broken_at << ": " << check.detail << "\n";
        return 1;
    }
    if (check.signed_last > 0)
        out << directory << ": entries 1 to " << check.signed_last << " were signed off at "
            << detectors::rfc3339(check.signed_at) << ", chain intact from "
            << check.signed_last + 1 << "\n";
    out << directory << ": " << check.entries << " entries, intact\n";
    if (check.entries + check.signed_entries > 0) out << "head " << head << "\n";
    return 0;
}

}  // namespace surged::daemon
