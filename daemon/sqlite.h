// SQLite behind values: statements that are prepared once, failures that are returned, never
// thrown.
#pragma once

#include "daemon/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace surged::daemon {

// An argument that is bytes, not text. Views only: what it names must outlive the call.
struct Bytes {
    std::string_view bytes;
};

// Text, or NULL.
struct TextOrNull {
    std::optional<std::string_view> text;
};

class Database;

// The rows of one SELECT. Lives shorter than its Database, and alone: two open queries of one SQL
// text share a statement. Views of columns are valid until the next row() or destruction.
class Query {
public:
    Query(Query const&) = delete;
    Query& operator=(Query const&) = delete;
    ~Query();

    bool row();  // false: no more rows, or failed
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view bytes(int column) const;  // text or blob, as stored
    [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
    [[nodiscard]] bool null(int column) const;

private:
    friend class Database;
    Query(Database& db, sqlite3_stmt* statement);
    Database& db_;
    sqlite3_stmt* statement_;  // null: could not be prepared
    bool failed_ = false;
};

// One connection. Not thread-safe. SQL texts are literals of this program: each is compiled once
// and kept as long as the connection.
class Database {
public:
    enum class Access : std::uint8_t {
        write,      // made when absent
        read,       // must exist; beside a writer
        immutable,  // must exist; nobody may write it (a copy on a medium that cannot be written)
    };
    // `vfs` is one registered with SQLite; empty: the system's files.
    static Result<Database> open(std::string const& path, Access access,
                                 std::string const& vfs = {});
    Database(Database&&) noexcept = default;
    Database& operator=(Database&&) = delete;
    ~Database() = default;

    // Statements without arguments and rows, separated by ";". Not kept.
    bool exec(char const* sql);

    // One statement to its end. Text and bytes are not copied. False: see failure().
    template <typename... Args>
    bool run(std::string_view sql, Args const&... args) {
        sqlite3_stmt* const s = prepared(sql);
        int index = 0;
        return s != nullptr && (bind(s, ++index, args, false) && ...) && finish(s);
    }

    // Rows on demand. Text and bytes are copied: arguments may be temporaries.
    template <typename... Args>
    [[nodiscard]] Query query(std::string_view sql, Args const&... args) {
        sqlite3_stmt* s = prepared(sql);
        int index = 0;
        if (s != nullptr && !(bind(s, ++index, args, true) && ...)) s = nullptr;
        return Query(*this, s);
    }

    // The first column of the first row; none: no row, NULL or failed.
    template <typename... Args>
    std::optional<std::int64_t> integer(std::string_view sql, Args const&... args) {
        Query q = query(sql, args...);
        if (!q.row() || q.null(0)) return std::nullopt;
        return q.integer(0);
    }

    [[nodiscard]] int changes() const;  // rows that the last run() changed
    [[nodiscard]] bool in_transaction() const;
    // What the last failed call failed of, in SQLite's words and the system's.
    [[nodiscard]] Failure failure() const { return {Fault::transient, detail_}; }
    void fail(std::string detail) { detail_ = std::move(detail); }  // puts it back
    [[nodiscard]] sqlite3* handle() const { return db_.get(); }

private:
    friend class Query;
    struct Close {
        void operator()(sqlite3* db) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Database(sqlite3* db) : db_(db) {}

    sqlite3_stmt* prepared(std::string_view sql);
    bool bind(sqlite3_stmt* s, int index, std::int64_t value, bool copy);
    bool bind(sqlite3_stmt* s, int index, std::string_view text, bool copy);
    bool bind(sqlite3_stmt* s, int index, Bytes bytes, bool copy);
    bool bind(sqlite3_stmt* s, int index, TextOrNull value, bool copy);
    bool finish(sqlite3_stmt* s);
    bool check(int code);  // notes the failure when it is one

    std::unique_ptr<sqlite3, Close> db_;  // before the statements: they go first
    std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
    std::string detail_;
};

}  // namespace surged::daemon
