// The HTTP server against clients that behave, and clients that do not.
#include "daemon/http_server.h"
#include "tests/net_world.h"

#include <gmock/gmock.h>

namespace surged {
namespace {

using namespace std::chrono_literals;
using daemon::Responder, daemon::ServerRequest, daemon::ServerResponse;
using testing::EndsWith, testing::HasSubstr, testing::Not, testing::StartsWith;
using tests::awaitable, tests::put, tests::read_until, tests::tcp;

class HttpServerTest : public testing::Test {
protected:
    tests::NetWorld world;
    std::unique_ptr<daemon::HttpServer> server;
    std::vector<ServerRequest> requests;

    void serve(daemon::Handler handler, daemon::ServerLimits limits = {}) {
        server =
            std::make_unique<daemon::HttpServer>(world.io, world.supervisor, "127.0.0.1", 0,
                                                 daemon::ServerTls{}, limits, std::move(handler));
    }
    // Answers with the path; "/big" with 100 kB.
    daemon::Handler echo() {
        return [this](ServerRequest request, Responder& responder) -> awaitable<void> {
            requests.push_back(request);
            ServerResponse response;
            response.headers.emplace_back("Content-Type", "text/plain");
            response.body = request.path == "/big" ? std::string(100'000, 'b') : request.path;
            co_await responder.send(std::move(response));
        };
    }
    awaitable<tcp::socket> connect() {
        tcp::socket socket(world.io);
        tcp::endpoint const endpoint(boost::asio::ip::address_v4::loopback(), server->port());
        co_await socket.async_connect(endpoint, boost::asio::use_awaitable);
        co_return socket;
    }
    // Everything the server says to `text` until it hangs up.
    awaitable<std::string> talk(std::string text) {
        tcp::socket socket = co_await connect();
        co_await put(socket, std::move(text));
        std::string const said = co_await read_until(socket, "never said");
        co_return said;
    }
    std::string say(std::string text) { return world.run(talk(std::move(text))); }
};

TEST_F(HttpServerTest, AnswersWithItsOwnHeaders) {
    serve(echo());
    std::string const said =
        say("GET /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Y: z\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(said, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(said, HasSubstr(" GMT\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
                                "Connection: close\r\n\r\n/a b"));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].method, "GET");
    EXPECT_EQ(requests[0].target, "/a%20b?x=1");
    EXPECT_EQ(requests[0].path, "/a b");
    EXPECT_EQ(requests[0].query, "x=1");
    EXPECT_EQ(requests[0].peer, "127.0.0.1");
    EXPECT_EQ(exporters::header(requests[0].headers, "x-y"), "z");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrderOnOneConnection) {
    serve(echo());
    std::string const said =
        say("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: "
            "3\r\n\r\nabc"
            "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(said, HasSubstr("\r\n\r\n/1HTTP/1.1 200"));
    EXPECT_THAT(said, HasSubstr("\r\n\r\n/2HTTP/1.1 200"));
    EXPECT_THAT(said, EndsWith(std::string(1000, 'b')));
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[1].body, "abc");
}

TEST_F(HttpServerTest, HeadHasTheHeadersAndNoBody) {
    serve(echo());
    std::string const said = say("HEAD /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(said, HasSubstr("Content-Length: 100000\r\n"));
    EXPECT_THAT(said, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, ReadsChunkedBodies) {
    serve(echo());
    say("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].body, "abcdefg");
}

TEST_F(HttpServerTest, LetsAClientThatAsksSendItsBody) {
    serve(echo());
    auto const client = [](awaitable<tcp::socket> connecting) -> awaitable<std::string> {
        tcp::socket socket = co_await std::move(connecting);
        co_await put(socket,
                     "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\nConnection: close\r\n\r\n");
        std::string said = co_await read_until(socket, "\r\n\r\n");
        co_await put(socket, "abc");
        said += co_await read_until(socket, "never said");
        co_return said;
    };
    EXPECT_THAT(world.run(client(connect())),
                StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].body, "abc");
}

TEST_F(HttpServerTest, RefusesWhatIsTooLarge) {
    daemon::ServerLimits limits;
    limits.body_max = 1000;
    limits.header_max = 2000;
    serve(echo(), limits);
    EXPECT_THAT(
        say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x')),
        StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\nExpect: "
                    "100-continue\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(say("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                    std::string(2000, 'x') + "\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_TRUE(requests.empty());
    EXPECT_THAT(
        say("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
            std::string(1000, 'x')),
        StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttpOrIsAmbiguous) {
    serve(echo());
    for (auto const* text : {
             "nonsense\r\n\r\n",
             "GET / HTTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n",
             "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
             "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
             "chunked\r\n\r\n0\r\n\r\n",
         }) {
        std::string const said = say(text);
        EXPECT_THAT(said, StartsWith("HTTP/1.1 400 ")) << text;
        EXPECT_THAT(said, HasSubstr("Content-Type: application/problem+json\r\n"));
        EXPECT_THAT(said, HasSubstr("Connection: close\r\n"));
        EXPECT_THAT(said, HasSubstr("\"status\":400"));
    }
    EXPECT_THAT(say("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
    EXPECT_TRUE(requests.empty());
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(HttpServerTest, KnowsOldClientsAndAbsoluteTargets) {
    serve(echo());
    EXPECT_THAT(say("GET /old HTTP/1.0\r\n\r\n"), EndsWith("Connection: close\r\n\r\n/old"));
    EXPECT_THAT(say("GET http://h:1/abs?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                EndsWith("/abs"));
}

TEST_F(HttpServerTest, DropsAClientThatDripsItsRequest) {
    daemon::ServerLimits limits;
    limits.request = 1s;
    serve(echo(), limits);
    auto const drip = [](tests::NetWorld& w, awaitable<tcp::socket> connecting) -> awaitable<int> {
        tcp::socket socket = co_await std::move(connecting);
        int sent = 0;
        for (; sent < 500 && co_await put(socket, "G"); ++sent)
            co_await w.clock.sleep_until(w.in(20ms));
        co_return sent;
    };
    int const sent = world.run(drip(world, connect()));
    EXPECT_GT(sent, 10);
    EXPECT_LT(sent, 200) << "dropped after about a second";
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(HttpServerTest, DropsAClientThatSaysNothing) {
    daemon::ServerLimits limits;
    limits.idle = 1s;
    serve(echo(), limits);
    auto const started = world.clock.now();
    EXPECT_EQ(say(""), "");
    EXPECT_GE(world.clock.now() - started, 1s);
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(HttpServerTest, ClosesConnectionsBeyondTheLimitAtOnce) {
    daemon::ServerLimits limits;
    limits.connections_max = 2;
    serve(echo(), limits);
    std::vector<tcp::socket> held;
    held.push_back(world.run(connect()));
    held.push_back(world.run(connect()));
    world.run_while([&] { return server->connections() < 2; });
    EXPECT_EQ(say("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "");
    EXPECT_EQ(server->refused(), 1u);
    held.pop_back();
    world.run_while([&] { return server->connections() > 1; });
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, StreamsInChunks) {
    serve([](ServerRequest, Responder& responder) -> awaitable<void> {
        ServerResponse head;
        head.headers.emplace_back("Content-Type", "text/event-stream");
        co_await responder.begin(std::move(head));
        co_await responder.write("data: 1\n\n");
        co_await responder.write("");
        co_await responder.write("data: 2\n\n");
    });
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                EndsWith("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                         "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
    EXPECT_THAT(say("GET / HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\ndata: 1\n\ndata: 2\n\n"));
    EXPECT_THAT(say("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, CutsInMidAnswer) {
    serve([](ServerRequest, Responder& responder) -> awaitable<void> {
        co_await responder.begin(ServerResponse());
        co_await responder.write("half");
        responder.cut();
    });
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), EndsWith("4\r\nhalf\r\n"));
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(HttpServerTest, AHandlersBugIsA500AndADeathAndNotTheServersEnd) {
    serve([this](ServerRequest request, Responder& responder) -> awaitable<void> {
        if (request.path == "/throw") throw std::runtime_error("bug");
        if (request.path == "/forget") co_return;
        if (request.path == "/inject") {
            ServerResponse response;
            response.headers.emplace_back("X", "a\r\nY: b");
            co_await responder.send(std::move(response));
        }
        auto answering = echo()(std::move(request), responder);
        co_await std::move(answering);
    });
    for (auto const* path : {"/throw", "/forget", "/inject"}) {
        std::string const said = say("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_THAT(said, StartsWith("HTTP/1.1 500 Internal Server Error\r\n")) << path;
        EXPECT_THAT(
            said,
            HasSubstr(
                "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}"));
    }
    world.run_while([&] { return server->connections() > 0; });
    ASSERT_EQ(world.deaths.size(), 3u);
    EXPECT_EQ(world.deaths[0], "http: bug");
}

TEST_F(HttpServerTest, AClientThatDoesNotReadIsDropped) {
    daemon::ServerLimits limits;
    limits.request = 1s;
    bool ended = false;
    serve(
        [&](ServerRequest, Responder& responder) -> awaitable<void> {
            struct Ended {
                bool& flag;
                ~Ended() { flag = true; }
            } const at_end{ended};
            co_await responder.begin(ServerResponse());
            for (;;) co_await responder.write(std::string(100'000, 'x'));
        },
        limits);
    tcp::socket socket = world.run(connect());
    world.run(put(socket, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    world.run_while([&] { return !ended; });
    world.run_while([&] { return server->connections() > 0; });
    EXPECT_TRUE(world.deaths.empty()) << world.deaths[0];
}

TEST_F(HttpServerTest, StopsWithItsSupervisorInTheMiddleOfAnAnswer) {
    serve([this](ServerRequest, Responder& responder) -> awaitable<void> {
        co_await responder.begin(ServerResponse());
        for (;;) {
            co_await responder.write("tick\n");
            co_await world.clock.sleep_until(world.in(1ms));
        }
    });
    tcp::socket socket = world.run(connect());
    world.run(put(socket, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    world.run_while([&] { return socket.available() < 1000; });
    world.supervisor.stop();
    world.run_while([&] { return world.supervisor.running() > 0; });
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(HttpServerTest, ClosingItselfIsNoDeath) {
    serve(echo());
    tcp::socket socket = world.run(connect());
    world.run_while([&] { return server->connections() < 1; });
    server.reset();
    world.run_while([&] { return world.supervisor.running() > 0; });
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(HttpServerTest, SaysWhenItCannotListen) {
    serve(echo());
    EXPECT_THROW(
        daemon::HttpServer(world.io, world.supervisor, "127.0.0.1", server->port(), {}, {}, echo()),
        boost::system::system_error);
    daemon::ServerTls nothing_there;
    nothing_there.certificate_file = nothing_there.key_file = "/nonexistent";
    EXPECT_THROW(
        daemon::HttpServer(world.io, world.supervisor, "127.0.0.1", 0, nothing_there, {}, echo()),
        boost::system::system_error);
}

TEST(ServerRequest, DecodesItsParameters) {
    ServerRequest request;
    request.query = "state=open&q=a%26b+c&empty=&bare&bad=%2&q=second";
    EXPECT_EQ(request.param("state"), "open");
    EXPECT_EQ(request.param("q"), "a&b c");
    EXPECT_EQ(request.param("none"), "");
    EXPECT_TRUE(request.has_param("empty"));
    EXPECT_TRUE(request.has_param("bare"));
    EXPECT_FALSE(request.has_param("bad"));
    EXPECT_FALSE(request.has_param("none"));
}

TEST(SplitListen, KnowsItsForms) {
    std::string host;
    unsigned short port = 0;
    ASSERT_TRUE(daemon::split_listen("127.0.0.1:9477", host, port));
    EXPECT_EQ(host, "127.0.0.1");
    EXPECT_EQ(port, 9477);
    ASSERT_TRUE(daemon::split_listen("[::1]:0", host, port));
    EXPECT_EQ(host, "::1");
    EXPECT_EQ(port, 0);
    ASSERT_TRUE(daemon::split_listen(":80", host, port));
    EXPECT_EQ(host, "");
    ASSERT_TRUE(daemon::split_listen("localhost:65535", host, port));
    EXPECT_EQ(port, 65535);
    for (auto const* bad : {"", "127.0.0.1", "h:", "h:65536", "h:-1", "h:8x", "::1:80", "[h]:80",
                            "[::1]", "[::1:80", "http://h:80", "a b:80"})
        EXPECT_FALSE(daemon::split_listen(bad, host, port)) << bad;
}

}  // namespace
}  // namespace surged
