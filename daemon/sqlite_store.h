// Opens the state directory: the live implementation of the door in store.h.
#pragma once

#include "daemon/store.h"

#include <boost/system/result.hpp>

#include <memory>
#include <string>

namespace surged::daemon {

enum class OpenMode : std::uint8_t {
    normal,      // a commit that returned is on the disk: it survives the loss of power
    simulation,  // never waits for the disk: for simulations on a directory nobody keeps
};

struct OpenOptions {
    OpenOptions() = default;
    OpenOptions(OpenMode m) : mode(m) {}  // NOLINT(google-explicit-constructor): a mode is options
    OpenMode mode = OpenMode::normal;
    // Of a fresh directory: 32 hexadecimal digits. Empty: 128 random bits from the system (normal)
    // or a fixed one (simulation, so that a seed replays to the byte).
    std::string instance;
    std::string vfs;  // one registered with SQLite, for fault injection; empty: the system's files
    // Pages of write-ahead log (4 KiB each) after which a commit also moves them into the database.
    // More: fewer writes, a longer log, longer single stalls (1000: 4 MiB written and synced).
    int checkpoint_pages = 1000;
};

// Why it cannot be opened: `run` exits 3 with any of them, and the detail names the path.
enum class OpenFault : std::uint8_t {
    unusable,  // cannot be made, read or written; or what is there is not ours
    in_use,    // another process holds DIRECTORY/lock
    newer,     // written by a later version of this program
};
[[nodiscard]] std::string_view to_string(OpenFault fault);

struct OpenFailure {
    OpenFault fault = OpenFault::unusable;
    std::string detail;
};
[[noreturn]] inline void throw_exception_from_error(OpenFailure const& f,
                                                    boost::source_location const&) {
    throw std::logic_error("value() of a store that did not open: " + f.detail);
}

// Makes the directory (0700) and DIRECTORY/surged.db (0600) when absent, takes DIRECTORY/lock,
// brings older tables to this version. One file, write-ahead log, every commit synced. The store
// holds the lock until it is destroyed; a process that dies gives it back whatever way it dies.
//
// Beside what store.h says of commit():
// - A mention whose key is there already keeps its first time and id; a body that is not empty
//   replaces the old one.
// - A commit that failed is not there for this process. If the failure was that of a sync (I/O
//   error) and the machine then stops before the next successful commit, the next start may find it
//   there after all: whole, exactly what the retry would have written.
// - Event and outbox ids must ascend over the life of the directory; one that does not is a bug of
//   the caller and throws std::logic_error with nothing written.
// Readers (seen, newest, events, series, mentions) that meet an I/O error return what they have: at
// worst nothing, and for seen() false, because counting a mention twice is the smaller harm than
// losing it; a disk in that state refuses the commit that follows.
boost::system::result<std::unique_ptr<Store>, OpenFailure> open_store(
    std::string const& directory, OpenOptions const& options = {});

}  // namespace surged::daemon
