#include "daemon/demo/serve.h"

#include <utility>

namespace surged::daemon::demo {
namespace {

constexpr std::chrono::minutes kStall{5};  // longer than any client waits
constexpr std::size_t kDrop = 16;          // bytes of a slow body, a second

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

Handler serve(LocalReceiver& receiver, Clock& clock, WorldTime world_now) {
    return [&receiver, &clock, now = std::move(world_now)](ServerRequest request,
                                                           Responder& responder) {
        Reply reply = receiver.handle(request, now());
        return send_reply(std::move(reply), clock, responder);
    };
}

}  // namespace surged::daemon::demo
