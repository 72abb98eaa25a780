#include "daemon/directory_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace surged::daemon {
namespace {

namespace fs = std::filesystem;

OpenFailure unusable(std::string const& what) {
    return {OpenFault::unusable, what + ": " + std::strerror(errno)};
}

// A new name survives the loss of power once its directory is synced.
void sync_directory(fs::path const& directory) {
    int const fd =
        ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

std::string holder(int fd) {
    std::array<char, 32> text{};
    auto const n = ::pread(fd, text.data(), text.size() - 1, 0);
    std::string pid;
    for (ssize_t i = 0; i < n; ++i) {
        char const c = text[static_cast<std::size_t>(i)];
        if (c < '0' || c > '9') break;
        pid += c;
    }
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

boost::system::result<void, OpenFailure> make_directory(std::string const& directory) {
    if (directory.empty()) return OpenFailure{OpenFault::unusable, "no state directory is named"};
    fs::path path = fs::path(directory).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "state/"
    std::error_code error;
    if (fs::is_directory(path, error)) return {};
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(directory);
    if (!fs::is_directory(path, error)) {
        errno = ENOTDIR;
        return unusable(directory);
    }
    sync_directory(path.parent_path());
    return {};
}

boost::system::result<DirectoryLock, OpenFailure> DirectoryLock::take(
    std::string const& directory) {
    std::string const path = directory + "/lock";
    int const fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return unusable(path);
    DirectoryLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return unusable(path);
        return OpenFailure{OpenFault::in_use, directory + " is in use by " + holder(fd)};
    }
    // For people only. A full disk must not keep the daemon from starting: the lock holds without.
    std::string const pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
    return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace surged::daemon
