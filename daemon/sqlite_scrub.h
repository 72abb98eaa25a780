// Takes deleted rows out of a database's unused space, where SQLite leaves some of them.
#pragma once

#include "daemon/sqlite.h"

namespace surged::daemon {

// `secure_delete` overwrites a row where it stands when it is deleted. But whenever SQLite splits
// or joins pages it copies rows to their new pages and leaves the old copies lying in the space
// between a page's index and its rows: deleting the row later does not reach those (measured: one
// row in a hundred when they come in any order). VACUUM would, at the price of writing everything
// anew, in memory, in one go.

// Moves the whole write-ahead log into the database and cuts it to nothing. False when it cannot,
// also because another process is reading (failure() says which): ask again later.
[[nodiscard]] bool empty_log(Database& db);

// Overwrites by zeros the unused space of the pages `first` (from 1) to `first` + `count` - 1, and
// drops the connection's cache, which holds the old ones. Only right after empty_log(), outside of
// transactions, on the one connection that writes. True when the last page of the file was done.
// What is overwritten means nothing to SQLite: a crash in the middle, or a write that reaches the
// disk in part, leaves the same database. Cost: reads `count` pages, writes those that have
// something to overwrite.
[[nodiscard]] Result<bool> scrub_pages(Database& db, std::int64_t first, std::int64_t count);

}  // namespace surged::daemon
