// Loopback worlds for *_net_test.cpp: a loop, live time, peers that misbehave on purpose,
// certificates.
#pragma once

#include "daemon/http_client.h"
#include "daemon/http_server.h"
#include "daemon/resolver.h"
#include "daemon/steady_clock.h"
#include "daemon/supervisor.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace surged::tests {

using boost::asio::awaitable;
using boost::asio::ip::tcp;

inline std::string what(std::exception_ptr const& error) {
    try {
        std::rethrow_exception(error);
    } catch (std::exception const& e) {
        return e.what();
    }
}

// Every test's world: ends with nothing running.
struct NetWorld {
    boost::asio::io_context io{1};
    daemon::SteadyClock clock{io};
    std::vector<std::string> deaths;
    daemon::Supervisor supervisor{io, [this](std::string const& name, std::exception_ptr error) {
                                      deaths.push_back(name + ": " + what(error));
                                  }};
    daemon::Supervisor peers{io, [](std::string const&, std::exception_ptr) {}};

    ~NetWorld() {
        supervisor.stop();
        peers.stop();
        run_while([&] { return supervisor.running() + peers.running() > 0; });
    }

    [[nodiscard]] daemon::Instant in(std::chrono::milliseconds span) const {
        return clock.now() + span;
    }
    // Turns the loop while `condition` holds, 20 s at most.
    template <typename Condition>
    void run_while(Condition const& condition) {
        auto const give_up = in(std::chrono::seconds{20});
        while (condition()) {
            if (clock.now() > give_up) throw std::runtime_error("the loop did not come to an end");
            io.restart();
            io.run_one_for(std::chrono::milliseconds{50});
        }
    }
    // Runs one coroutine to its end and gives its result.
    template <typename T>
    T run(awaitable<T> task) {
        std::optional<T> result;
        std::exception_ptr error;
        bool ended = false;
        boost::asio::co_spawn(io, store(std::move(task), result), [&](std::exception_ptr e) {
            error = e;
            ended = true;
        });
        run_while([&] { return !ended; });
        if (error) std::rethrow_exception(error);
        return std::move(*result);
    }

private:
    template <typename T>
    static awaitable<void> store(awaitable<T> task, std::optional<T>& result) {
        T value = co_await std::move(task);
        result.emplace(std::move(value));
    }
};

// Reads until `end` has come, or the peer hung up; what is behind `end` is lost.
inline awaitable<std::string> read_until(tcp::socket& socket, std::string end) {
    std::string text;
    while (text.find(end) == std::string::npos) {
        std::array<char, 4096> buffer{};
        auto const [error, n] = co_await socket.async_read_some(
            boost::asio::buffer(buffer), boost::asio::as_tuple(boost::asio::use_awaitable));
        text.append(buffer.data(), n);
        if (error) break;
    }
    co_return text;
}
inline awaitable<bool> put(tcp::socket& socket, std::string text) {
    auto const [error, n] = co_await boost::asio::async_write(
        socket, boost::asio::buffer(text), boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return !error;
}

// A peer whose every word is the test's. `script` gets each connection with its number, from 0.
class RawPeer {
public:
    using Script = std::function<awaitable<void>(tcp::socket&, int)>;
    RawPeer(NetWorld& world, Script script)
        : script_(std::make_shared<Script>(std::move(script))),
          acceptor_(std::make_shared<tcp::acceptor>(
              world.io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0))) {
        port_ = acceptor_->local_endpoint().port();
        world.peers.start("accept", accept_all(world, acceptor_, script_, connections_));
    }
    [[nodiscard]] std::string url(std::string const& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] unsigned short port() const { return port_; }
    [[nodiscard]] int connections() const { return *connections_; }

private:
    static awaitable<void> accept_all(NetWorld& world, std::shared_ptr<tcp::acceptor> acceptor,
                                      std::shared_ptr<Script> script, std::shared_ptr<int> count) {
        for (;;) {
            tcp::socket socket = co_await acceptor->async_accept(boost::asio::use_awaitable);
            world.peers.start("talk", talk(std::move(socket), script, (*count)++));
        }
    }
    static awaitable<void> talk(tcp::socket socket, std::shared_ptr<Script> script, int number) {
        auto talking = (*script)(socket, number);
        co_await std::move(talking);
    }

    std::shared_ptr<Script> script_;  // outlives the peer's last conversation
    std::shared_ptr<tcp::acceptor> acceptor_;
    std::shared_ptr<int> connections_ = std::make_shared<int>(0);
    unsigned short port_ = 0;
};

// A directory with an authority (ca.pem), and certificates it signed: NAME.pem, NAME.key.
class Certificates {
public:
    Certificates() : directory_(testing::TempDir() + "/surged-tls-" + std::to_string(::getpid())) {
        std::filesystem::create_directories(directory_);
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
            "-subj /CN=surged-test-ca -keyout ca.key -out ca.pem");
    }
    ~Certificates() { std::filesystem::remove_all(directory_); }
    Certificates(Certificates const&) = delete;
    Certificates& operator=(Certificates const&) = delete;

    // `names`: "DNS:localhost,IP:127.0.0.1".
    void issue(std::string const& name, std::string const& names) const {
        run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".csr && printf 'subjectAltName=" + names +
            "' > " + name + ".ext && openssl x509 -req -days 2 -in " + name +
            ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " + name + ".ext -out " + name +
            ".pem");
    }
    [[nodiscard]] std::string path(std::string const& file) const {
        return directory_ + "/" + file;
    }
    [[nodiscard]] daemon::ServerTls tls(std::string const& name) const {
        daemon::ServerTls out;
        out.certificate_file = path(name + ".pem");
        out.key_file = path(name + ".key");
        return out;
    }

private:
    void run(std::string const& command) const {
        std::string const line = "cd " + directory_ + " && (" + command + ") >log 2>&1";
        if (std::system(line.c_str()) != 0) throw std::runtime_error("failed: " + line);
    }
    std::string directory_;
};

}  // namespace surged::tests
