// Stand-ins behind a real listener.
#pragma once

#include "daemon/clock.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/platform.h"
#include "daemon/http_server.h"

#include <functional>

namespace surged::daemon::demo {

// Handlers for an HttpServer; what they refer to outlives it. Mishaps become what they are: a
// connection cut after half the body, a body of a few bytes a second, no answer for five minutes
// and then a cut. `world_now` is the world's time: the clock's, or a faster one.
using WorldTime = std::function<WallTime()>;
[[nodiscard]] Handler serve(FaultyStandIn& stand_in, Clock& clock, WorldTime world_now);
// The same, and the tag's push connection: server-sent events as posts show, a heartbeat besides.
[[nodiscard]] Handler serve(FaultyStandIn& stand_in, MastodonStandIn const& place, Clock& clock,
                            WorldTime world_now);
[[nodiscard]] Handler serve(LocalReceiver& receiver, Clock& clock, WorldTime world_now);

// Sends one reply with its mishap.
boost::asio::awaitable<void> send_reply(Reply reply, Clock& clock, Responder& responder);

}  // namespace surged::daemon::demo
