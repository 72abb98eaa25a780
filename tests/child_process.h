// The real program as a child process, and what a test asks it over HTTP.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace surged::tests {

// A process of SURGED_BINARY with its output in a file; killed when the test forgets it.
class Child {
public:
    Child(std::vector<std::string> const& arguments, std::string output)
        : output_(std::move(output)) {
        std::vector<char*> argv{const_cast<char*>(SURGED_BINARY)};
        for (auto const& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ != 0) return;
        int const out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        ::close_range(3, ~0U, 0);  // the test's own sockets: theirs is the test's end alone
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ~Child() {
        if (pid_ > 0 && !status_) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;

    void signal(int number) const { ::kill(pid_, number); }
    [[nodiscard]] bool running() {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        return !status_.has_value();
    }
    // Waits for its end. The exit code; 1000 + the signal that ended it.
    int wait() {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, 0) == pid_) status_ = status;
        int const s = status_.value_or(0);
        return WIFSIGNALED(s) ? 1000 + WTERMSIG(s) : WEXITSTATUS(s);
    }
    [[nodiscard]] std::string output() const {
        std::ifstream in(output_);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

private:
    std::string output_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

// A real process needs real time: this is how a test gives it some.
inline void let_pass(std::chrono::microseconds span) {
    timespec const t{static_cast<time_t>(span.count() / 1'000'000),
                     static_cast<long>(span.count() % 1'000'000 * 1000)};
    ::ppoll(nullptr, 0, &t, nullptr);
}

// Looks every 50 ms until it is so; false when it was not so in time.
template <typename Condition>
bool within(std::chrono::milliseconds span, Condition condition) {
    for (auto left = span; left.count() > 0; left -= std::chrono::milliseconds{50}) {
        if (condition()) return true;
        let_pass(std::chrono::milliseconds{50});
    }
    return condition();
}

// A port that nobody listens on now.
inline unsigned short free_port() {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(
        io, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    return acceptor.local_endpoint().port();
}

// The body of an answer 200 to GET; "" for any other, or none.
inline std::string get(unsigned short port, std::string const& path) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    boost::system::error_code error;
    socket.connect({boost::asio::ip::address_v4::loopback(), port}, error);
    if (error) return {};
    timeval const patience{10, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string const request =
        "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(request), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    std::size_t const end = answer.find("\r\n\r\n");
    if (!answer.starts_with("HTTP/1.1 200") || end == std::string::npos) return {};
    return answer.substr(end + 4);
}

}  // namespace surged::tests
