// Push connections over real sockets: what peers send arrives once and whole, whatever ends the
// connection is survived, and nothing is asked for more often than it should be.
#include "daemon/demo/serve.h"
#include "daemon/live_streams.h"
#include "daemon/pollers/jetstream.h"
#include "daemon/pollers/mastodon_stream.h"
#include "daemon/stream_loop.h"
#include "tests/net_world.h"
#include "tests/poller_kit.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <cstdio>

namespace surged::tests {
namespace {

namespace websocket = boost::beast::websocket;

class StreamNet : public testing::Test {
protected:
    NetWorld world;
    daemon::Resolver resolver{world.io, world.clock};
    daemon::BeastHttpClient http{world.io, world.clock, resolver};
    daemon::LiveStreamClient streams{http, world.clock};
    std::mt19937_64 random{1};
    std::vector<std::string> ids, said;
    std::uint64_t malformed = 0;

    void listen(std::unique_ptr<daemon::Listener> listener) {
        ASSERT_NE(listener, nullptr);
        daemon::StreamSink sink;
        sink.push = [this](MentionBatch const& batch, std::uint64_t bad) {
            for (auto const& m : batch.items) ids.emplace_back(m.id);
            malformed += bad;
        };
        sink.log = [this](std::string const& text) { said.push_back(text); };
        daemon::StreamEnv env{world.clock, streams, random, 5s};
        world.supervisor.start("stream",
                               daemon::run_stream_loop(env, std::move(sink), std::move(listener)));
    }
    daemon::AccountSettings fedi(std::string url) {
        return account(std::move(url), {{"access_token_file", "fedi-token"}});
    }
};

std::string chunk(std::string const& text) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + text + "\r\n";
}

constexpr char const* kSseHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(StreamNet, ServerSentEventsAreCountedAndALostConnectionIsTakenUpAgain) {
    std::string head;
    RawPeer peer(world, [&](tcp::socket& socket, int number) -> awaitable<void> {
        head = co_await read_until(socket, "\r\n\r\n");
        std::string first = kSseHead + chunk(":)\n") +
                            chunk("event: update\ndata: {\"id\":\"" + std::to_string(number) +
                                  "0\",\"content\":\"<p>") +
                            chunk("x</p>\"}\n\n:thump\nevent: delete\ndata: 7\n\n");
        if (!co_await put(socket, first)) co_return;
        std::string second = chunk("event: update\ndata: {\"id\":\"" + std::to_string(number) +
                                   "1\"}\n\nevent: update\ndata: {broken\n\n");
        if (!co_await put(socket, second)) co_return;
        if (number == 0) co_return;  // hangs up without a last chunk
        co_await read_until(socket, "never");
    });
    listen(daemon::make_mastodon_tag_listener(fedi(peer.url("")),
                                              stream("mastodon", "tag", {{"tag", "zephyr"}})));
    world.run_while([&] { return ids.size() < 4; });
    EXPECT_EQ(ids, (std::vector<std::string>{"00", "01", "10", "11"}));
    EXPECT_EQ(peer.connections(), 2);
    EXPECT_NE(head.find("GET /api/v1/streaming/hashtag?tag=zephyr HTTP/1.1"), std::string::npos);
    EXPECT_NE(head.find("Authorization: Bearer fedi-token"), std::string::npos);
    EXPECT_EQ(head.find("gzip"), std::string::npos) << "what is compressed comes late";
    world.run_while([&] { return malformed < 2; });
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(StreamNet, TheDemosInstanceTellsATagAsItIsUsed) {
    namespace demo = daemon::demo;
    demo::PostBook book;
    demo::MastodonOptions options;
    options.token = "fedi-token";
    demo::MastodonStandIn place(book, options);
    demo::FaultyStandIn door(place);
    auto const now = [this] { return world.clock.wall_now(); };
    daemon::HttpServer server(world.io, world.supervisor, "127.0.0.1", 0, {}, {},
                              demo::serve(door, place, world.clock, now));
    auto const say = [&](std::string id, std::string text, WallTime at) {
        demo::Post post;
        post.platform = "mastodon";
        post.id = std::move(id);
        post.created_at = post.visible_at = at;
        post.text = std::move(text);
        book.append(std::move(post));
    };
    say("1", "before #zephyr", now());
    std::string const url = "http://127.0.0.1:" + std::to_string(server.port());
    listen(daemon::make_mastodon_tag_listener(fedi(url),
                                              stream("mastodon", "tag", {{"tag", "Zephyr"}})));
    world.run_while([&] { return said.empty(); });
    EXPECT_EQ(said[0], "connected to its push stream");
    say("2", "one #zephyr", now() + 100ms);
    say("3", "of something else", now() + 200ms);
    say("4", "another #zephyr", now() + 1500ms);
    world.run_while([&] { return ids.size() < 2; });
    EXPECT_EQ(ids, (std::vector<std::string>{"2", "4"}));
    EXPECT_EQ(malformed, 0u);
    EXPECT_TRUE(world.deaths.empty());
}

TEST_F(StreamNet, ARefusalIsToldAndNotRepeated) {
    RawPeer peer(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        std::string text =
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 36\r\n"
            "\r\n{\"error\":\"The access token is bad\"}\n";
        co_await put(socket, text);
    });
    listen(daemon::make_mastodon_tag_listener(fedi(peer.url("")),
                                              stream("mastodon", "tag", {{"tag", "zephyr"}})));
    world.run_while([&] { return said.empty(); });
    EXPECT_NE(said[0].find("auth: HTTP 401: The access token is bad"), std::string::npos)
        << said[0];
    auto const until = world.in(1500ms);
    world.run_while([&] { return world.clock.now() < until; });
    EXPECT_EQ(peer.connections(), 1) << "the next attempt is an hour away";
}

TEST_F(StreamNet, APageIsNoStreamAndSilenceIsDeath) {
    RawPeer page(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        std::string text =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";
        co_await put(socket, text);
    });
    daemon::StreamRequest request;
    request.http.url = page.url();
    auto const refused = world.run(streams.open(std::move(request), world.in(5s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::malformed);
    RawPeer mute(world, [](tcp::socket& socket, int) -> awaitable<void> {
        co_await read_until(socket, "\r\n\r\n");
        std::string text = kSseHead;
        co_await put(socket, text);
        co_await read_until(socket, "never");
    });
    daemon::StreamRequest other;
    other.http.url = mute.url();
    auto opened = world.run(streams.open(std::move(other), world.in(5s)));
    ASSERT_TRUE(opened) << opened.error().detail;
    auto const message = world.run((*opened)->next(1s));
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().fault, Fault::timeout);
}

// Beast's WebSocket is the peer: somebody else's reading of the RFC.
TEST_F(StreamNet, JetstreamGoesOnWhereItWas) {
    std::vector<std::string> targets;
    RawPeer peer(world, [&](tcp::socket& socket, int number) -> awaitable<void> {
        std::string const head = co_await read_until(socket, "\r\n\r\n");
        targets.push_back(head.substr(4, head.find(" HTTP/1.1") - 4));
        websocket::stream<tcp::socket> ws(std::move(socket));
        co_await ws.async_accept(boost::asio::buffer(head), boost::asio::use_awaitable);
        ws.text(true);
        for (int i = 0; i < 300; ++i) {
            bool const ours = i % 100 == 0;
            std::string const text =
                R"({"did":"did:plc:o","time_us":)" +
                std::to_string(1'795'183'407'000'000 + number * 1'000'000 + i) +
                R"(,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":")" +
                std::to_string(number * 1000 + i) + R"(","record":{"text":")" +
                (ours ? "my zephyr" : "something else") + std::string(i % 7 * 50, '.') + R"("}}})";
            co_await ws.async_write(boost::asio::buffer(text), boost::asio::use_awaitable);
            websocket::ping_data const hello("hello");
            if (i == 150) co_await ws.async_ping(hello, boost::asio::use_awaitable);
        }
        if (number == 0) {
            co_await ws.async_close(websocket::close_code::going_away, boost::asio::use_awaitable);
            co_return;
        }
        boost::beast::flat_buffer buffer;
        co_await ws.async_read(buffer, boost::asio::use_awaitable);
    });
    auto a = bluesky_account();
    a.values.text["streaming_url"] = peer.url("");
    listen(daemon::make_jetstream_search(
        a, stream("bluesky", "search", {{"query", "zephyr"}, {"streaming", "on"}})));
    world.run_while([&] { return ids.size() < 6; });
    EXPECT_EQ(ids[0], "at://did:plc:o/app.bsky.feed.post/0");
    EXPECT_EQ(ids[5], "at://did:plc:o/app.bsky.feed.post/1200");
    EXPECT_EQ(malformed, 0u);
    ASSERT_EQ(targets.size(), 2u);
    EXPECT_EQ(targets[0], "/subscribe?wantedCollections=app.bsky.feed.post");
    EXPECT_EQ(targets[1],
              "/subscribe?wantedCollections=app.bsky.feed.post&cursor=1795183402000299");
    EXPECT_TRUE(world.deaths.empty());
}

}  // namespace
}  // namespace surged::tests
