#include "daemon/sqlite.h"

#include <cstring>
#include <sqlite3.h>

namespace surged::daemon {
namespace {

// The loop thread waits inside SQLite when a stranger holds the write lock (an operator's shell):
// long enough for a short statement of his, short enough for every clock. Then the commit fails and
// is tried again by its owner.
constexpr int kBusyMilliseconds = 200;

std::string describe(sqlite3* db, int code) {
    std::string text = sqlite3_errmsg(db);
    if (int const extended = sqlite3_extended_errcode(db); extended != SQLITE_OK)
        text += " (SQLite " + std::to_string(extended) + ")";
    int const system = sqlite3_system_errno(db);
    if (int const kind = code & 0xFF;
        system != 0 && (kind == SQLITE_IOERR || kind == SQLITE_FULL || kind == SQLITE_CANTOPEN))
        text += std::string(": ") + std::strerror(system);
    return text;
}

// A path as the URI that alone can say "immutable": everything but the plainest bytes is escaped.
std::string immutable_uri(std::string const& path) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string uri = "file:";
    for (char const c : path) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' || c == '_';
        if (plain) {
            uri += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            uri += '%';
            uri += kHex[byte >> 4U];
            uri += kHex[byte & 15U];
        }
    }
    return uri + "?immutable=1";
}

}  // namespace

Query::Query(Database& db, sqlite3_stmt* statement)
    : db_(db), statement_(statement), failed_(statement == nullptr) {}

Query::~Query() {
    if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool Query::row() {
    if (failed_) return false;
    int const code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    failed_ = !db_.check(code);
    return false;
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string_view Query::bytes(int column) const {
    auto const* p = static_cast<char const*>(sqlite3_column_blob(statement_, column));
    int const n = sqlite3_column_bytes(statement_, column);
    return p == nullptr ? std::string_view{} : std::string_view{p, static_cast<std::size_t>(n)};
}

bool Query::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* db) const {
    sqlite3_close(db);
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Result<Database> Database::open(std::string const& path, Access access, std::string const& vfs) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |=
        access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    std::string name = path;
    if (access == Access::immutable) {
        flags |= SQLITE_OPEN_URI;
        name = immutable_uri(path);
    }
    sqlite3* raw = nullptr;
    int const code =
        sqlite3_open_v2(name.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
    Database db(raw);
    if (code != SQLITE_OK)
        return Failure(Fault::transient, raw == nullptr ? "out of memory" : describe(raw, code));
    sqlite3_busy_timeout(raw, kBusyMilliseconds);
    // The file may have been touched by others: nothing in its schema is to be run as code.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    return db;
}

bool Database::exec(char const* sql) {
    return check(sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr));
}

int Database::changes() const {
    return sqlite3_changes(db_.get());
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

sqlite3_stmt* Database::prepared(std::string_view sql) {
    if (auto const it = statements_.find(sql); it != statements_.end()) return it->second.get();
    sqlite3_stmt* raw = nullptr;
    int const code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (!check(code)) return nullptr;
    statements_.emplace(sql, raw);
    return raw;
}

bool Database::bind(sqlite3_stmt* s, int index, std::int64_t value, bool /*copy*/) {
    return check(sqlite3_bind_int64(s, index, value));
}

bool Database::bind(sqlite3_stmt* s, int index, std::string_view text, bool copy) {
    // A null pointer would bind NULL: an empty view is empty text.
    char const* const data = text.data() == nullptr ? "" : text.data();
    return check(sqlite3_bind_text64(s, index, data, text.size(),
                                     copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8));
}

bool Database::bind(sqlite3_stmt* s, int index, Bytes bytes, bool copy) {
    char const* const data = bytes.bytes.data() == nullptr ? "" : bytes.bytes.data();
    return check(sqlite3_bind_blob64(s, index, data, bytes.bytes.size(),
                                     copy ? SQLITE_TRANSIENT : SQLITE_STATIC));
}

bool Database::bind(sqlite3_stmt* s, int index, TextOrNull value, bool copy) {
    return value.text ? bind(s, index, *value.text, copy) : check(sqlite3_bind_null(s, index));
}

bool Database::finish(sqlite3_stmt* s) {
    int code = sqlite3_step(s);
    while (code == SQLITE_ROW) code = sqlite3_step(s);
    bool const done = check(code);  // before the reset, which may put other words in its place
    sqlite3_reset(s);
    return done;
}

bool Database::check(int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return true;
    detail_ = describe(db_.get(), code);
    return false;
}

}  // namespace surged::daemon
