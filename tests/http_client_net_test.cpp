// The HTTP client against peers that behave, and peers that do not.
#include "daemon/http_client.h"
#include "tests/net_world.h"

#include <libdeflate.h>

namespace surged {
namespace {

using namespace std::chrono_literals;
using daemon::Fault, daemon::HttpRequest, daemon::HttpResponse, daemon::Result;
using tests::awaitable, tests::put, tests::RawPeer, tests::read_until, tests::tcp;

std::string answer(std::string const& body, std::string const& headers = "") {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string gzip(std::string const& text) {
    auto* const engine = libdeflate_alloc_compressor(6);
    std::string out(libdeflate_gzip_compress_bound(engine, text.size()), '\0');
    out.resize(libdeflate_gzip_compress(engine, text.data(), text.size(), out.data(), out.size()));
    libdeflate_free_compressor(engine);
    return out;
}

class HttpClientTest : public testing::Test {
protected:
    tests::NetWorld world;
    daemon::Resolver resolver{world.io, world.clock, [](std::string const& host) {
                                  daemon::HostLookup out;
                                  if (host == "localhost" || host.ends_with(".test"))
                                      out.addresses = {boost::asio::ip::address_v4::loopback()};
                                  else
                                      out.error = "Name or service not known";
                                  return out;
                              }};
    daemon::BeastHttpClient client{world.io, world.clock, resolver};

    Result<HttpResponse> fetch(HttpRequest request, std::chrono::milliseconds within = 10s) {
        return world.run(client.fetch(std::move(request), world.in(within)));
    }
    static HttpRequest get(std::string url) {
        HttpRequest request;
        request.url = std::move(url);
        return request;
    }
    // A peer that reads a request and says `text`, on every connection, as often as it is asked.
    static RawPeer::Script says(std::string text) {
        return [text](tcp::socket& socket, int) -> awaitable<void> {
            for (;;) {
                std::string const head = co_await read_until(socket, "\r\n\r\n");
                if (head.empty() || !co_await put(socket, text)) co_return;
            }
        };
    }
    // ... and then hangs up.
    static RawPeer::Script says_and_closes(std::string text) {
        return [text](tcp::socket& socket, int) -> awaitable<void> {
            co_await read_until(socket, "\r\n\r\n");
            co_await put(socket, text);
        };
    }
};

TEST_F(HttpClientTest, SendsTheRequestAndReusesTheConnection) {
    std::string seen;
    RawPeer peer(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        for (;;) {
            std::string const head = co_await read_until(socket, "\r\n\r\n");
            if (head.empty()) co_return;
            seen = head;
            co_await put(socket, answer("hello", "X-Rate: 7\r\n"));
        }
    });
    HttpRequest request = get(peer.url("/a?b=c#d"));
    request.headers = {{"Accept", "application/json"}, {"Host", "evil"}, {"Content-Length", "9"}};
    auto const first = fetch(request);
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(first->status, 200);
    EXPECT_EQ(first->body, "hello");
    EXPECT_EQ(exporters::header(first->headers, "x-rate"), "7");
    EXPECT_EQ(seen, "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                        "\r\nAccept: application/json\r\nUser-Agent: surged/" SURGED_VERSION
                        "\r\nAccept-Encoding: gzip, deflate\r\n\r\n");
    ASSERT_TRUE(fetch(request));
    EXPECT_EQ(peer.connections(), 1);
    EXPECT_EQ(client.stats().reuses, 1u);
    EXPECT_EQ(client.idle_connections(), 1u);
}

TEST_F(HttpClientTest, AUserAgentOfTheRequestWins) {
    std::string seen;
    RawPeer peer(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        seen = co_await read_until(socket, "\r\n\r\n");
        co_await put(socket, answer("x"));
    });
    HttpRequest request = get(peer.url());
    request.headers = {{"user-agent", "acme-bot"}};
    ASSERT_TRUE(fetch(request));
    EXPECT_NE(seen.find("user-agent: acme-bot\r\n"), std::string::npos);
    EXPECT_EQ(seen.find("surged/"), std::string::npos);
}

TEST_F(HttpClientTest, AConnectionThatDiedUnderTheRequestIsReplacedOnce) {
    // The first connection answers once and hangs up when it sees the second request.
    RawPeer peer(world, [](tcp::socket& socket, int number) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        co_await put(socket, answer(std::to_string(number)));
        co_await read_until(socket, "\r\n\r\n");
    });
    HttpRequest request = get(peer.url());
    ASSERT_TRUE(fetch(request));
    auto const second = fetch(request);
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(second->body, "1");
    EXPECT_EQ(client.stats().stale_retries, 1u);
    // The same with a request that must not be sent twice.
    request.method = "POST";
    request.idempotent = false;
    auto const third = fetch(request);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().fault, Fault::transient);
    EXPECT_EQ(client.stats().stale_retries, 1u);
    EXPECT_EQ(peer.connections(), 2);
}

TEST_F(HttpClientTest, AConnectionClosedWhileIdleIsNotEvenTried) {
    RawPeer peer(world, says_and_closes(answer("x")));
    HttpRequest request = get(peer.url());
    request.idempotent = false;
    ASSERT_TRUE(fetch(request));
    world.run_while([&] { return world.peers.running("talk") > 0; });
    ASSERT_TRUE(fetch(request));
    EXPECT_EQ(client.stats().stale_retries, 0u);
    EXPECT_EQ(client.stats().reuses, 0u);
    EXPECT_EQ(peer.connections(), 2);
}

TEST_F(HttpClientTest, APeerThatDripsCannotStretchTheDeadline) {
    RawPeer peer(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        co_await put(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (co_await put(socket, "x")) co_await world.clock.sleep_until(world.in(20ms));
    });
    auto const started = world.clock.now();
    auto const result = fetch(get(peer.url()), 300ms);
    auto const took = world.clock.now() - started;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::timeout) << result.error().detail;
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 2s);
}

TEST_F(HttpClientTest, BodiesBeyondTheLimitAreRefused) {
    RawPeer announced(world, says("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"));
    RawPeer endless(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        co_await put(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (co_await put(socket, "64\r\n" + std::string(100, 'x') + "\r\n")) {
        }
    });
    RawPeer to_the_end(world, says_and_closes("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')));
    RawPeer fits(world, says(answer(std::string(1000, 'x'))));
    for (RawPeer* peer : {&announced, &endless, &to_the_end}) {
        HttpRequest request = get(peer->url());
        request.body_max = 1000;
        auto const result = fetch(std::move(request));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().fault, Fault::too_large) << result.error().detail;
    }
    HttpRequest request = get(fits.url());
    request.body_max = 1000;
    EXPECT_TRUE(fetch(std::move(request)));
}

TEST_F(HttpClientTest, AHeaderBeyondTheLimitIsRefused) {
    std::string const field = "X: " + std::string(50'000, 'x') + "\r\n";
    RawPeer peer(world, says(answer("x", field + field)));
    auto const result = fetch(get(peer.url()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::too_large) << result.error().detail;
}

TEST_F(HttpClientTest, InflatesAndForgetsTheWire) {
    std::string const text(5000, 'a');
    RawPeer peer(world, says(answer(gzip(text), "Content-Encoding: gzip\r\nX: y\r\n")));
    auto const result = fetch(get(peer.url()));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, text);
    EXPECT_EQ(exporters::header(result->headers, "Content-Encoding"), "");
    EXPECT_EQ(exporters::header(result->headers, "Content-Length"), "");
    EXPECT_EQ(exporters::header(result->headers, "X"), "y");
}

TEST_F(HttpClientTest, AGzipBombIsTooLargeAndTornGzipIsMalformed) {
    std::string const bomb = gzip(std::string(50U << 20U, '\0'));
    ASSERT_LT(bomb.size(), 100'000u);
    RawPeer peer(world, says(answer(bomb, "Content-Encoding: gzip\r\n")));
    auto const result = fetch(get(peer.url()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::too_large);
    RawPeer torn(world, says(answer(gzip("hello").substr(0, 20), "Content-Encoding: gzip\r\n")));
    auto const other = fetch(get(torn.url()));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().fault, Fault::malformed);
}

TEST_F(HttpClientTest, SaysWhatBroke) {
    RawPeer cut(world, says_and_closes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"));
    auto result = fetch(get(cut.url()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_NE(result.error().detail.find("stream cut"), std::string::npos) << result.error().detail;

    RawPeer silent(world, says_and_closes(""));
    result = fetch(get(silent.url()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);

    RawPeer nonsense(world, says("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    result = fetch(get(nonsense.url()));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::malformed) << result.error().detail;

    result = fetch(get("http://nowhere.invalid/"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_EQ(result.error().detail,
              "http://nowhere.invalid: DNS: nowhere.invalid: Name or service not known");

    result = fetch(get("http://127.0.0.1:1/bot123:TOKEN/send?key=TOKEN"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_EQ(result.error().detail, "http://127.0.0.1:1: connect: Connection refused");

    for (auto const* url : {"ftp://x/", "http://", "http://a b/", "http://u:p@h/", "http://h:0/"}) {
        result = fetch(get(url));
        ASSERT_FALSE(result) << url;
        EXPECT_EQ(result.error().fault, Fault::malformed);
    }
}

TEST_F(HttpClientTest, DataCannotWriteHeaders) {
    HttpRequest request = get("http://127.0.0.1:1/");
    request.headers = {{"X", "a\r\nY: b"}};
    auto const result = fetch(std::move(request));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::malformed);
}

TEST_F(HttpClientTest, ReadsABodyThatEndsWithTheStream) {
    RawPeer peer(world, says_and_closes("HTTP/1.0 200 OK\r\n\r\nall of it"));
    auto const result = fetch(get(peer.url()));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, "all of it");
    EXPECT_EQ(client.idle_connections(), 0u);
}

TEST_F(HttpClientTest, HeadHasNoBodyAndInformationalAnswersAreSkipped) {
    RawPeer peer(world, says("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
                             "Content-Length: 1000000\r\n\r\n"));
    HttpRequest request = get(peer.url());
    request.method = "HEAD";
    auto const result = fetch(request);
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(exporters::header(result->headers, "Content-Length"), "1000000");
    EXPECT_TRUE(result->body.empty());
    ASSERT_TRUE(fetch(request));
    EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpClientTest, ReadsTheAnswerOfAPeerThatDoesNotWantTheWholeBody) {
    RawPeer peer(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        co_await put(socket,
                     "HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        while (!(co_await read_until(socket, "never")).empty()) {
        }
    });
    HttpRequest request = get(peer.url());
    request.method = "POST";
    request.body.assign(4U << 20U, 'x');
    auto const result = fetch(std::move(request));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->status, 413);
    EXPECT_EQ(client.idle_connections(), 0u);
}

TEST_F(HttpClientTest, IdleConnectionsAreClosed) {
    daemon::HttpClientOptions options;
    options.idle = 0s;
    client.reconfigure(options);
    RawPeer peer(world, says(answer("x")));
    ASSERT_TRUE(fetch(get(peer.url())));
    world.run_while([&] { return client.idle_connections() > 0; });
    ASSERT_TRUE(fetch(get(peer.url())));
    EXPECT_EQ(peer.connections(), 2);
}

TEST_F(HttpClientTest, NoMoreConnectionsPerHostThanAllowed) {
    daemon::HttpClientOptions options;
    options.connections_per_host = 2;
    client.reconfigure(options);
    bool open = false;
    RawPeer peer(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        for (;;) {
            std::string const head = co_await read_until(socket, "\r\n\r\n");
            if (head.empty()) co_return;
            while (!open) co_await world.clock.sleep_until(world.in(5ms));
            co_await put(socket, answer("x"));
        }
    });
    int done = 0;
    int late = 0;
    auto const one = [&](std::chrono::milliseconds within) {
        boost::asio::co_spawn(world.io, client.fetch(get(peer.url()), world.in(within)),
                              [&](std::exception_ptr, Result<HttpResponse> result) {
                                  ++done;
                                  if (!result && result.error().fault == Fault::timeout) ++late;
                              });
    };
    for (int i = 0; i < 5; ++i) one(10s);
    one(100ms);
    world.run_while([&] { return done < 1; });
    EXPECT_EQ(late, 1) << "who waits for a connection has a deadline too";
    EXPECT_EQ(peer.connections(), 2);
    open = true;
    world.run_while([&] { return done < 6; });
    EXPECT_EQ(late, 1);
    EXPECT_EQ(peer.connections(), 2);
    EXPECT_EQ(client.stats().reuses, 3u);
}

TEST_F(HttpClientTest, CancellingAFetchUnwindsIt) {
    RawPeer peer(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "never");
    });
    bool returned = false;
    auto const fetch_once = [](daemon::HttpClient& c, std::string url, daemon::Instant deadline,
                               bool& flag) -> awaitable<void> {
        HttpRequest request = get(std::move(url));
        (void)co_await c.fetch(std::move(request), deadline);
        flag = true;
    };
    world.supervisor.start("poll", fetch_once(client, peer.url(), world.in(10s), returned));
    world.run_while([&] { return peer.connections() == 0; });
    world.supervisor.stop();
    world.run_while([&] { return world.supervisor.running() > 0; });
    EXPECT_FALSE(returned);
    EXPECT_TRUE(world.deaths.empty());
    EXPECT_EQ(client.idle_connections(), 0u);
}

// --- proxies -----------------------------------------------------------------------------------

TEST_F(HttpClientTest, PlainRequestsGoToTheProxyInAbsoluteForm) {
    std::string seen;
    RawPeer proxy(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        for (;;) {
            std::string const head = co_await read_until(socket, "\r\n\r\n");
            if (head.empty()) co_return;
            seen = head;
            co_await put(socket, answer("by proxy"));
        }
    });
    RawPeer direct(world, says(answer("direct")));
    daemon::HttpClientOptions options;
    options.proxy = proxy.url();
    options.no_proxy = {"inside.test"};
    client.reconfigure(options);
    auto const one = fetch(get("http://platform.invalid:8080/x?y"));
    ASSERT_TRUE(one) << one.error().detail;
    EXPECT_EQ(seen.substr(0, seen.find("User-Agent")),
              "GET http://platform.invalid:8080/x?y HTTP/1.1\r\nHost: platform.invalid:8080\r\n");
    ASSERT_TRUE(fetch(get("http://other.invalid/")));
    EXPECT_EQ(proxy.connections(), 1) << "a proxy's connection serves any plain host";
    auto const inside = fetch(get("http://a.inside.test:" + std::to_string(direct.port()) + "/"));
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->body, "direct");
}

}  // namespace
}  // namespace surged
