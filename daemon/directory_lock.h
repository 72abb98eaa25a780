// One process a state directory: DIRECTORY/lock.
#pragma once

#include "daemon/sqlite_store.h"

#include <boost/system/result.hpp>

#include <string>

namespace surged::daemon {

// Makes the directory with its parents (itself 0700) when it is absent; one that is there keeps its
// mode.
[[nodiscard]] boost::system::result<void, OpenFailure> make_directory(std::string const& directory);

// Holds the lock until destroyed. The file stays, with the holder's process id inside: removing it
// would let two processes lock two files of one name. The kernel's lock, not the file, is what
// counts, so nothing is stale after a crash. Children of fork share it until they exec.
class DirectoryLock {
public:
    static boost::system::result<DirectoryLock, OpenFailure> take(std::string const& directory);
    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&&) = delete;
    ~DirectoryLock();

private:
    explicit DirectoryLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace surged::daemon
