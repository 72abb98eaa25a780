// Who listens on a local datagram socket: the service manager, the journal.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace surged::tests {

// The other end of unix_datagram.h.
class DatagramEnd {
public:
    explicit DatagramEnd(std::string const& path) : path_(path) {
        fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        if (path[0] == '@') address.sun_path[0] = '\0';
        auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        bound_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0;
    }
    ~DatagramEnd() {
        ::close(fd_);
        if (path_[0] == '/') ::unlink(path_.c_str());
    }
    DatagramEnd(DatagramEnd const&) = delete;
    DatagramEnd& operator=(DatagramEnd const&) = delete;

    [[nodiscard]] bool bound() const { return bound_; }
    std::string next() {
        std::array<char, 1024> buffer{};
        auto const n = ::recv(fd_, buffer.data(), buffer.size(), 0);
        return n < 0 ? "(nothing)" : std::string(buffer.data(), static_cast<std::size_t>(n));
    }

private:
    std::string path_;
    int fd_ = -1;
    bool bound_ = false;
};

}  // namespace surged::tests
