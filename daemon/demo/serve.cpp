#include "daemon/demo/serve.h"

#include <utility>

namespace surged::daemon::demo {
namespace {

constexpr std::chrono::minutes kStall{5};  // longer than any client waits
constexpr std::size_t kDrop = 16;          // bytes of a slow body, a second
constexpr std::chrono::seconds kLook{1};   // between two looks at what is new
constexpr int kThump = 15;                 // looks without news until a heartbeat

boost::asio::awaitable<void> stream_tag(MastodonStandIn const& place, ServerRequest request,
                                        Clock& clock, WorldTime now, Responder& responder) {
    ServerResponse head;
    head.headers.emplace_back("Content-Type", "text/event-stream");
    std::string hello = ":)\n";
    co_await responder.begin(std::move(head));
    co_await responder.write(std::move(hello));
    WallTime told = now();
    for (int quiet = 0;;) {  // until the peer or the demo goes
        co_await clock.sleep_until(clock.now() + kLook);
        WallTime const until = now();
        std::string text = place.events(request, told, until);
        told = until;
        if (text.empty() && ++quiet < kThump) continue;
        if (text.empty()) text = ":thump\n";
        quiet = 0;
        co_await responder.write(std::move(text));
    }
}

}  // namespace

boost::asio::awaitable<void> send_reply(Reply reply, Clock& clock, Responder& responder) {
    std::string const body = reply.response.body;
    switch (reply.mishap) {
        case Mishap::none: co_await responder.send(std::move(reply.response)); co_return;
        case Mishap::stall:
            co_await clock.sleep_until(clock.now() + kStall);
            responder.cut();
            co_return;
        case Mishap::cut: {
            reply.response.body.clear();
            co_await responder.begin(std::move(reply.response));
            std::string half = body.substr(0, body.size() / 2);
            if (!half.empty()) co_await responder.write(std::move(half));
            responder.cut();
            co_return;
        }
        case Mishap::slow: break;
    }
    reply.response.body.clear();
    co_await responder.begin(std::move(reply.response));
    for (std::size_t at = 0; at < body.size(); at += kDrop) {
        std::string drop = body.substr(at, kDrop);
        co_await responder.write(std::move(drop));
        co_await clock.sleep_until(clock.now() + std::chrono::seconds{1});
    }
}

Handler serve(FaultyStandIn& stand_in, Clock& clock, WorldTime world_now) {
    return [&stand_in, &clock, now = std::move(world_now)](ServerRequest request,
                                                           Responder& responder) {
        Reply reply = stand_in.handle(request, now());
        return send_reply(std::move(reply), clock, responder);
    };
}

Handler serve(FaultyStandIn& stand_in, MastodonStandIn const& place, Clock& clock,
              WorldTime world_now) {
    return [&stand_in, &place, &clock, now = std::move(world_now)](ServerRequest request,
                                                                   Responder& responder) {
        if (request.path == "/api/v1/streaming/hashtag" && place.may_stream(request))
            return stream_tag(place, std::move(request), clock, now, responder);
        Reply reply = stand_in.handle(request, now());
        return send_reply(std::move(reply), clock, responder);
    };
}

Handler serve(LocalReceiver& receiver, Clock& clock, WorldTime world_now) {
    return [&receiver, &clock, now = std::move(world_now)](ServerRequest request,
                                                           Responder& responder) {
        Reply reply = receiver.handle(request, now());
        return send_reply(std::move(reply), clock, responder);
    };
}

}  // namespace surged::daemon::demo
