// TLS on both sides: our client against our server, with certificates made for the occasion.
#include "daemon/http_client.h"
#include "daemon/http_server.h"
#include "tests/net_world.h"

#include <gmock/gmock.h>

namespace surged {
namespace {

using namespace std::chrono_literals;
using daemon::Fault, daemon::HttpRequest, daemon::HttpResponse, daemon::Responder, daemon::Result,
    daemon::ServerRequest, daemon::ServerResponse;
using testing::HasSubstr;
using tests::awaitable, tests::put, tests::RawPeer, tests::read_until, tests::tcp;

class HttpTlsTest : public testing::Test {
protected:
    static tests::Certificates& certificates() {
        static tests::Certificates all;
        static bool const issued = [] {
            all.issue("good", "DNS:good.test,IP:127.0.0.1");
            all.issue("next", "DNS:next.test");
            return true;
        }();
        (void)issued;
        return all;
    }

    tests::NetWorld world;
    daemon::Resolver resolver{world.io, world.clock, [](std::string const&) {
                                  daemon::HostLookup out;
                                  out.addresses = {boost::asio::ip::address_v4::loopback()};
                                  return out;
                              }};
    daemon::BeastHttpClient client{world.io, world.clock, resolver};
    daemon::HttpServer server{world.io, world.supervisor,           "127.0.0.1",
                              0,        certificates().tls("good"), daemon::ServerLimits{},
                              handler()};

    static daemon::Handler handler() {
        return [](ServerRequest request, Responder& responder) -> awaitable<void> {
            ServerResponse response;
            response.body =
                request.method + " " + request.path + " " + std::to_string(request.body.size());
            if (request.path == "/big") response.body.assign(1'000'000, 'x');
            if (request.path == "/close") response.headers.emplace_back("Connection", "close");
            co_await responder.send(std::move(response));
        };
    }
    HttpRequest get(std::string const& host, std::string const& path = "/") const {
        HttpRequest request;
        request.url = "https://" + host + ":" + std::to_string(server.port()) + path;
        request.ca_file = certificates().path("ca.pem");
        return request;
    }
    Result<HttpResponse> fetch(HttpRequest request, std::chrono::milliseconds within = 10s) {
        return world.run(client.fetch(std::move(request), world.in(within)));
    }
};

TEST_F(HttpTlsTest, TalksToAServerOfAKnownAuthority) {
    auto result = fetch(get("good.test", "/a"));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, "GET /a 0");
    HttpRequest post = get("good.test", "/b");
    post.method = "POST";
    post.body.assign(300'000, 'x');
    result = fetch(std::move(post));
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->body, "POST /b 300000");
    result = fetch(get("good.test", "/big"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->body.size(), 1'000'000u);
    EXPECT_EQ(client.stats().tls_handshakes, 1u);
    EXPECT_EQ(client.stats().reuses, 2u);
    EXPECT_TRUE(fetch(get("127.0.0.1"))) << "an IP address in the certificate";
}

TEST_F(HttpTlsTest, RefusesWhatItCannotVerify) {
    HttpRequest stranger = get("good.test", "/secret?token=TOKEN");
    stranger.ca_file.clear();  // the system's authorities do not know ours
    auto result = fetch(std::move(stranger));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_THAT(result.error().detail, HasSubstr("TLS: certificate verify failed: "));
    EXPECT_THAT(result.error().detail, testing::Not(HasSubstr("TOKEN")));

    result = fetch(get("other.test"));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().detail, HasSubstr("certificate verify failed: hostname mismatch"));

    HttpRequest no_file = get("good.test");
    no_file.ca_file = "/nonexistent.pem";
    result = fetch(std::move(no_file));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().detail, HasSubstr("cannot read authorities /nonexistent.pem"));

    daemon::HttpServer names_only(world.io, world.supervisor, "127.0.0.1", 0,
                                  certificates().tls("next"), {}, handler());
    HttpRequest by_address = get("127.0.0.1");
    by_address.url = "https://127.0.0.1:" + std::to_string(names_only.port()) + "/";
    result = fetch(std::move(by_address));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().detail, HasSubstr("certificate verify failed: IP address mismatch"));

    EXPECT_EQ(client.stats().tls_handshakes, 0u);
}

TEST_F(HttpTlsTest, ShortensTheNextHandshake) {
    daemon::HttpClientOptions options;
    options.idle = 0s;
    client.reconfigure(options);
    ASSERT_TRUE(fetch(get("good.test")));
    world.run_while([&] { return client.idle_connections() > 0; });
    ASSERT_TRUE(fetch(get("good.test")));
    EXPECT_EQ(client.stats().tls_handshakes, 2u);
    EXPECT_EQ(client.stats().tls_resumed, 1u);
}

TEST_F(HttpTlsTest, ASilentPeerAndAPlainOneAreTwoFailures) {
    RawPeer silent(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "never");
    });
    HttpRequest request;
    request.url = "https://good.test:" + std::to_string(silent.port()) + "/";
    auto result = fetch(request, 200ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::timeout) << result.error().detail;
    EXPECT_THAT(result.error().detail, HasSubstr("TLS"));

    RawPeer plain(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await put(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        co_await read_until(socket, "never");
    });
    request.url = "https://good.test:" + std::to_string(plain.port()) + "/";
    result = fetch(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_THAT(result.error().detail, HasSubstr("TLS: "));
}

TEST_F(HttpTlsTest, TheServerDropsClientsThatDoNotSpeakTls) {
    auto const talk = [](boost::asio::io_context& io,
                         unsigned short port) -> awaitable<std::string> {
        tcp::socket socket(io);
        tcp::endpoint const endpoint(boost::asio::ip::address_v4::loopback(), port);
        co_await socket.async_connect(endpoint, boost::asio::use_awaitable);
        co_await put(socket, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        std::string const said = co_await read_until(socket, "never");
        co_return said;
    };
    EXPECT_EQ(world.run(talk(world.io, server.port())).find("HTTP/1.1 200"), std::string::npos);
    EXPECT_TRUE(world.deaths.empty());
    EXPECT_TRUE(fetch(get("good.test")));
}

TEST_F(HttpTlsTest, ReloadsItsCertificate) {
    auto const tls = certificates().tls("good");
    std::string const kept = tls.certificate_file + ".kept";
    std::filesystem::copy_file(tls.certificate_file, kept);
    std::filesystem::copy_file(certificates().path("next.pem"), tls.certificate_file,
                               std::filesystem::copy_options::overwrite_existing);
    auto const mismatch = server.reload_tls();
    ASSERT_TRUE(mismatch) << "the key is not this certificate's";
    EXPECT_TRUE(fetch(get("good.test"))) << "the old certificate stays";

    std::filesystem::copy_file(tls.key_file, tls.key_file + ".kept");
    std::filesystem::copy_file(certificates().path("next.key"), tls.key_file,
                               std::filesystem::copy_options::overwrite_existing);
    auto const failure = server.reload_tls();
    EXPECT_FALSE(failure) << failure->detail;
    auto const next = fetch(get("next.test"));
    EXPECT_TRUE(next) << next.error().detail;
    std::filesystem::rename(kept, tls.certificate_file);
    std::filesystem::rename(tls.key_file + ".kept", tls.key_file);
}

// --- CONNECT -----------------------------------------------------------------------------------

awaitable<void> pump(std::shared_ptr<tcp::socket> from, std::shared_ptr<tcp::socket> to) {
    for (;;) {
        std::string buffer(16'384, '\0');
        auto const [error, n] = co_await from->async_read_some(
            boost::asio::buffer(buffer), boost::asio::as_tuple(boost::asio::use_awaitable));
        if (error) break;
        buffer.resize(n);
        if (!co_await put(*to, std::move(buffer))) break;
    }
    boost::system::error_code ignored;
    to->shutdown(tcp::socket::shutdown_send, ignored);
}

TEST_F(HttpTlsTest, GoesThroughAProxyByConnect) {
    std::string seen;
    RawPeer proxy(world, [&](tcp::socket& socket, int) -> awaitable<void> {
        seen = co_await read_until(socket, "\r\n\r\n");
        auto const inside = std::make_shared<tcp::socket>(std::move(socket));
        auto const outside = std::make_shared<tcp::socket>(world.io);
        tcp::endpoint const endpoint(boost::asio::ip::address_v4::loopback(), server.port());
        co_await outside->async_connect(endpoint, boost::asio::use_awaitable);
        co_await put(*inside, "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
        world.peers.start("pump", pump(inside, outside));
        co_await pump(outside, inside);
    });
    daemon::HttpClientOptions options;
    options.proxy = proxy.url();
    client.reconfigure(options);
    auto const first = fetch(get("good.test", "/p"));
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(first->body, "GET /p 0");
    std::string const origin = "good.test:" + std::to_string(server.port());
    EXPECT_EQ(seen.substr(0, seen.find("User-Agent")),
              "CONNECT " + origin + " HTTP/1.1\r\nHost: " + origin + "\r\n");
    ASSERT_TRUE(fetch(get("good.test")));
    EXPECT_EQ(proxy.connections(), 1);
    EXPECT_EQ(resolver.lookups(), 0u) << "names are the proxy's business";
}

TEST_F(HttpTlsTest, SaysWhenTheProxyRefuses) {
    RawPeer proxy(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        co_await put(socket,
                     "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    });
    daemon::HttpClientOptions options;
    options.proxy = proxy.url();
    client.reconfigure(options);
    auto const result = fetch(get("good.test"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::transient);
    EXPECT_THAT(result.error().detail, HasSubstr("proxy: CONNECT answered 407"));
}

}  // namespace
}  // namespace surged
