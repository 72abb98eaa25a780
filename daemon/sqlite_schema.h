// The tables of surged.db and the way from any older version of them to this program's.
#pragma once

#include "daemon/sqlite.h"

#include <string>

namespace surged::daemon {

inline constexpr char const* kDatabaseFile = "surged.db";
inline constexpr std::int64_t kApplicationId = 0x73757267;  // "surg": PRAGMA application_id

enum class SchemaState : std::uint8_t {
    current,
    fresh,    // an empty file: to be made
    older,    // to be migrated
    newer,    // of a later program: hands off
    foreign,  // a database of something else: hands off
    unreadable,
};
// Looks, changes nothing.
[[nodiscard]] SchemaState schema_state(Database& db);
[[nodiscard]] int schema_version();  // the one this program writes: PRAGMA user_version

// From fresh or older to current, each step a transaction of its own: a crash between leaves a
// version that the next start goes on from. `instance` is written when fresh.
[[nodiscard]] bool migrate(Database& db, std::string const& instance);

}  // namespace surged::daemon
