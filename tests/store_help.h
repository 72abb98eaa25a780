// What the tests of the store share: a directory that goes away, times, a look behind the door.
#pragma once

#include "daemon/sqlite_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <sqlite3.h>
#include <stdlib.h>
#include <string>

namespace surged::tests {

class TempDirectory {
public:
    TempDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "surged-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TempDirectory(TempDirectory const&) = delete;
    TempDirectory& operator=(TempDirectory const&) = delete;
    ~TempDirectory() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

inline detectors::WallTime at_ms(std::int64_t ms) {
    return detectors::WallTime{std::chrono::milliseconds{ms}};
}

inline std::unique_ptr<daemon::Store> open_or_fail(std::string const& directory,
                                                   daemon::OpenOptions const& options = {}) {
    auto store = daemon::open_store(directory, options);
    if (!store) {
        ADD_FAILURE() << store.error().detail;
        return nullptr;
    }
    return std::move(*store);
}

// Runs SQL on surged.db as an operator's shell (or a forger) would. False: it was refused.
inline bool shell(std::string const& directory, std::string const& sql) {
    sqlite3* db = nullptr;
    std::string const path = directory + "/surged.db";
    bool const done =
        sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
        sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(db);
    return done;
}

inline daemon::EventWrite entry(std::int64_t id, std::string json,
                                std::string incident = "acme-20260301-1") {
    return {id, at_ms(1'000 * id), "incident.note", "acme", std::move(incident), std::move(json)};
}

}  // namespace surged::tests
