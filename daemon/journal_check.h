// Walks the journal's chain from its beginning, or from where it was signed off.
#pragma once

#include "daemon/sqlite.h"
#include "daemon/store.h"

namespace surged::daemon {

// Reads one consistent state of the database, also while another process writes. Finds a changed
// entry, one missing in the middle or at the end, changed order, a changed hash; what cannot be
// read counts as broken. One pass, one entry in memory; about a microsecond an entry.
// `head` (optional) receives the last hash.
[[nodiscard]] JournalCheck check_journal(Database& db, std::string* head = nullptr);

}  // namespace surged::daemon
