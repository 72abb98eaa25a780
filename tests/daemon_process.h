// The real programs as *_net_test.cpp meet them: children with a deadline, a daemon on a loopback
// port in a directory of its own, and an HTTP client that shares no code with the product.
#pragma once

#include "detectors/time.h"
#include "tests/temp_dir.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace surged::tests {

using namespace std::chrono_literals;

inline std::string slurp(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(std::string const& path, std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
}
inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

// Looks every 20 ms until it holds: real programs cannot be waited for on virtual time.
template <typename Condition>
bool eventually(Condition const& condition, std::chrono::seconds patience = 20s) {
    auto const give_up = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (condition()) return true;
        if (std::chrono::steady_clock::now() > give_up) return false;
        ::poll(nullptr, 0, 20);
    }
}

// A port that was free a moment ago.
inline unsigned short free_port() {
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    bool const ok = ::bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    ::close(fd);
    return ok ? ntohs(at.sin_port) : 0;
}

// A program that runs beside the test and dies with it.
class Child {
public:
    Child() = default;
    // Standard output and error go to files.
    Child(std::vector<std::string> const& words, std::string const& out, std::string const& err,
          std::string const& directory = {}) {
        std::vector<char*> argv;
        for (auto const& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        int const flags = O_WRONLY | O_CREAT | O_APPEND;
        ::dup2(::open("/dev/null", O_RDONLY), 0);
        ::dup2(::open(out.c_str(), flags, 0600), 1);
        ::dup2(::open(err.c_str(), flags, 0600), 2);
        if (!directory.empty() && ::chdir(directory.c_str()) != 0) ::_exit(126);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] bool running() const { return pid_ > 0; }
    void signal(int number) const { ::kill(pid_, number); }
    // The exit code, 128 + the signal that ended it, or -1: still running when patience ended.
    int wait(std::chrono::seconds patience = 20s) {
        int status = 0;
        if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, patience))
            return -1;
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t pid_ = 0;
};

struct Ran {
    int code = -1;
    std::string out, err;
};
// Runs a program to its end.
inline Ran run_program(std::vector<std::string> const& words, std::string const& directory = {}) {
    TempDir scratch;
    std::string const out = scratch.path() + "/out", err = scratch.path() + "/err";
    Ran ran;
    Child child(words, out, err, directory);
    ran.code = child.wait(60s);
    ran.out = slurp(out);
    ran.err = slurp(err);
    return ran;
}
// The words of a command line; 'one word' stands in single quotes. A line is also much cheaper to
// compile than a list of lists of strings.
inline std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> out;
    bool quoted = false, fresh = true;
    for (char const c : line) {
        if (c == '\'') quoted = !quoted;
        if (c == ' ' && !quoted) fresh = true;
        if (c == '\'' || (c == ' ' && !quoted)) continue;
        if (std::exchange(fresh, false)) out.emplace_back();
        out.back() += c;
    }
    return out;
}
inline Ran surged(std::vector<std::string> words) {
    words.insert(words.begin(), SURGED_BINARY);
    return run_program(words);
}

inline Ran surged(std::string_view line) {
    return surged(split(line));
}

struct HttpReply {
    int status = 0;                              // 0: no answer
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

// One TCP conversation with a loopback port.
class Wire {
public:
    explicit Wire(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        open_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    }
    Wire(Wire const&) = delete;
    Wire& operator=(Wire const&) = delete;
    ~Wire() { ::close(fd_); }
    [[nodiscard]] bool open() const { return open_; }
    void put(std::string_view text) const {
        while (!text.empty()) {
            ssize_t const n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            text.remove_prefix(std::size_t(n));
        }
    }
    // All that was read so far; reads on until `end` is in it, the peer hung up, or time is over.
    std::string const& read_until(std::string_view end, std::chrono::seconds patience = 20s) {
        auto const give_up = std::chrono::steady_clock::now() + patience;
        while ((end.empty() || !contains(text_, end)) &&
               std::chrono::steady_clock::now() < give_up) {
            pollfd wait{fd_, POLLIN, 0};
            if (::poll(&wait, 1, 100) == 0) continue;
            char buffer[16384];
            ssize_t const n = ::recv(fd_, buffer, sizeof buffer, 0);
            if (n <= 0) break;
            text_.append(buffer, std::size_t(n));
        }
        return text_;
    }

private:
    int fd_;
    bool open_ = false;
    std::string text_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// The body of a chunked message, put together again.
inline std::string dechunked(std::string_view text) {
    std::string out;
    for (;;) {
        std::size_t const line = text.find("\r\n");
        if (line == std::string_view::npos) return out;
        std::size_t const size =
            std::strtoul(std::string(text.substr(0, line)).c_str(), nullptr, 16);
        if (size == 0 || size > text.size()) return out;
        out += text.substr(line + 2, size);
        text.remove_prefix(std::min(text.size(), line + 2 + size + 2));
    }
}

inline HttpReply parse_reply(std::string const& text) {
    HttpReply reply;
    std::size_t const end = text.find("\r\n\r\n");
    if (end == std::string::npos || !text.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::atoi(text.c_str() + 9);
    std::istringstream head(text.substr(0, end + 2));
    std::string line;
    std::getline(head, line);
    while (std::getline(head, line)) {
        std::size_t const colon = line.find(": ");
        if (colon == std::string::npos) continue;
        std::string name = line.substr(0, colon);
        for (char& c : name) c = char(std::tolower(static_cast<unsigned char>(c)));
        reply.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
    }
    reply.body = text.substr(end + 4);
    if (reply.headers.contains("transfer-encoding")) reply.body = dechunked(reply.body);
    return reply;
}

inline HttpReply ask(unsigned short port, std::string const& method, std::string const& target,
                     std::string const& body = {}, Headers const& headers = {}) {
    Wire wire(port);
    if (!wire.open()) return {};
    std::string request = method + " " + target +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: close\r\n";
    for (auto const& [name, value] : headers) request += name + ": " + value + "\r\n";
    if (method != "GET" && method != "HEAD")
        request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    wire.put(request + "\r\n" + body);
    return parse_reply(wire.read_until(""));
}

// A parsed document that keeps its parser.
struct Json {
    explicit Json(std::string const& text)
        : parser(std::make_unique<simdjson::dom::parser>()), error(parser->parse(text).get(root)) {}
    [[nodiscard]] bool ok() const { return error == simdjson::SUCCESS; }
    // The value at a JSON Pointer: text as it is, anything else as it is written; "(none)".
    [[nodiscard]] std::string at(std::string_view pointer) const {
        simdjson::dom::element value;
        if (!ok() || root.at_pointer(pointer).get(value) != simdjson::SUCCESS) return "(none)";
        if (value.is_string()) return std::string(value.get_string().value_unsafe());
        return simdjson::minify(value);
    }
    // The keys of the object at a pointer, in their order: "id brand state".
    [[nodiscard]] std::string keys(std::string_view pointer) const {
        simdjson::dom::object object;
        if (!ok() || root.at_pointer(pointer).get(object) != simdjson::SUCCESS) return "(none)";
        std::string out;
        for (auto const& [key, value] : object) out += (out.empty() ? "" : " ") + std::string(key);
        return out;
    }
    [[nodiscard]] std::size_t size(std::string_view pointer) const {
        simdjson::dom::array array;
        if (!ok() || root.at_pointer(pointer).get(array) != simdjson::SUCCESS) return 0;
        return array.size();
    }
    std::unique_ptr<simdjson::dom::parser> parser;
    simdjson::dom::element root;
    simdjson::error_code error;
};

inline detectors::WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// `count` mentions ID0, ID1... evenly within the `span` that ended a moment ago, one a line.
inline std::string mentions(std::string const& id, int count, std::chrono::seconds span = 180s) {
    std::string out;
    auto const first = wall_now() - span;
    for (int i = 0; i < count; ++i)
        out += R"({"id":")" + id + std::to_string(i) + R"(","created_at":")" +
               detectors::rfc3339(first + std::chrono::milliseconds(span) * i / count) +
               R"(","author":{"id":"a)" + std::to_string(i) + R"("},"text":"it broke )" +
               std::to_string(i) + "\"}\n";
    return out;
}

// `surged run` in a directory of its own. In the configuration {PORT} and {DIR} are filled in.
class Daemon {
    TempDir directory_;  // first: it outlives the process

public:
    explicit Daemon(std::string config, bool start_now = true)
        : port(free_port()), config_(std::move(config)) {
        write(config_);
        if (start_now) start();
    }

    unsigned short port;
    Child process;

    [[nodiscard]] std::string path(std::string const& name) const {
        return directory_.path() + "/" + name;
    }
    [[nodiscard]] std::string config() const { return path("surged.yaml"); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
    [[nodiscard]] std::string log() const { return slurp(path("err")); }
    void write(std::string const& config) const {
        spill(this->config(), replaced(replaced(config, "{PORT}", std::to_string(port)), "{DIR}",
                                       directory_.path()));
    }
    // A secret that only its owner can read.
    void secret(std::string const& name, std::string const& text) const {
        spill(path(name), text + "\n");
        ::chmod(path(name).c_str(), 0600);
    }
    void start() {
        process = Child({SURGED_BINARY, "run", "--config", config()}, path("out"), path("err"));
        EXPECT_TRUE(eventually([&] { return get("/readyz").status == 200; })) << log();
    }
    // Ends it as systemd would; its exit code.
    int stop() {
        process.signal(SIGTERM);
        return process.wait(6s);
    }

    [[nodiscard]] HttpReply get(std::string const& target, Headers const& headers = {}) const {
        return ask(port, "GET", target, {}, headers);
    }
    [[nodiscard]] HttpReply post(std::string const& target, std::string const& body,
                                 Headers const& headers = {}) const {
        return ask(port, "POST", target, body, headers);
    }
    // Pushes a surge into `stream`; the id of the incident it opened.
    [[nodiscard]] std::string open_incident(std::string const& stream = "acme-push") const {
        auto const reply = post("/api/v1/streams/" + stream + "/mentions", mentions("m", 60));
        EXPECT_EQ(reply.status, 202) << reply.body;
        std::string id;
        EXPECT_TRUE(eventually([&] {
            id = Json(get("/api/v1/incidents").body).at("/items/0/id");
            return id != "(none)";
        }));
        return id;
    }
    // A client command against this daemon.
    [[nodiscard]] Ran client(std::string const& line) const {
        return surged(line + " --server " + url());
    }

private:
    std::string config_;
};

}  // namespace surged::tests
