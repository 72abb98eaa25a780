#include "daemon/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace surged::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};  // how soon an end, a stop or the time is noticed

class Fd {
public:
    Fd() = default;
    ~Fd() { close(); }
    Fd(Fd const&) = delete;
    Fd& operator=(Fd const&) = delete;
    void set(int fd) { fd_ = fd; }
    [[nodiscard]] int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_ = -1;
};

struct Pipe {
    Fd read, write;
    bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        read.set(ends[0]);
        write.set(ends[1]);
        return true;
    }
};

// The raw form of a list of strings; the strings outlive it.
std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

int start(HttpRequest const& run, Pipe& input, Pipe& output, pid_t& pid) {
    std::string const program = run.url.substr(run.url.find(':') + 1);
    std::vector<std::string> arguments{program};
    char const* const path = ::getenv("PATH");  // read once at the start of a child: no setenv here
    std::vector<std::string> environment{
        std::string("PATH=") + (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
        "LANG=C.UTF-8"};
    for (auto const& [name, value] : run.headers) {
        if (name == "argument") arguments.push_back(value);
        if (name == "environment") environment.push_back(value);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int const error = ::posix_spawnp(&pid, program.c_str(), &actions, &attributes,
                                     pointers(arguments).data(), pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// Gives what the child takes, takes what it gives. False: it closed its output.
bool exchange(Pipe& input, std::string_view& left, Pipe& output, std::string& said) {
    std::array<pollfd, 2> waits{pollfd{output.read.get(), POLLIN, 0},
                                pollfd{input.write.get(), POLLOUT, 0}};
    ::poll(waits.data(), waits.size(), static_cast<int>(kLook.count()));
    if ((waits[1].revents & (POLLOUT | POLLERR)) != 0) {
        ssize_t const n = ::write(input.write.get(), left.data(), left.size());
        if (n >= 0) left.remove_prefix(static_cast<std::size_t>(n));
        bool const broken = n < 0 && errno != EAGAIN && errno != EINTR;
        if (left.empty() || broken) input.write.close();  // it need not read what it is told
    }
    if ((waits[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
    std::array<char, 4096> bytes{};
    ssize_t const n = ::read(output.read.get(), bytes.data(), bytes.size());
    if (n > 0 && said.size() < kOutput)
        said.append(bytes.data(), std::min(static_cast<std::size_t>(n), kOutput - said.size()));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

// What it wrote just before it ended; a grandchild that holds the pipe open is not waited for.
void take_rest(Pipe& output, std::string& said) {
    std::array<char, 4096> bytes{};
    while (said.size() < kOutput) {
        ssize_t const n = ::read(output.read.get(), bytes.data(), bytes.size());
        if (n <= 0) return;
        said.append(bytes.data(), std::min(static_cast<std::size_t>(n), kOutput - said.size()));
    }
}

}  // namespace

Result<HttpResponse> run_child(HttpRequest const& run, BlockingPool::Stop const& stop) {
    Pipe input, output;
    if (!input.open() || !output.open())
        return Failure(Fault::transient, std::string("no pipe: ") + std::strerror(errno));
    pid_t pid = 0;
    HttpResponse response;
    if (int const error = start(run, input, output, pid); error != 0) {
        response.status = 127;
        response.body = std::string("cannot be started: ") + std::strerror(error);
        return response;
    }
    input.read.close();
    output.write.close();
    ::fcntl(input.write.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
    std::string_view left = run.body;
    if (left.empty()) input.write.close();
    bool talks = true;
    for (;;) {
        if (talks)
            talks = exchange(input, left, output, response.body);
        else
            ::poll(nullptr, 0, static_cast<int>(kLook.count()));
        int status = 0;
        pid_t const ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            take_rest(output, response.body);
            response.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return response;
        }
        if (stop) {
            ::kill(-pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            return Failure(Fault::timeout, "the program was killed: it did not end in time");
        }
    }
}

}  // namespace surged::daemon
