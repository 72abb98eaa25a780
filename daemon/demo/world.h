// The whole outside of a daemon on one machine: every platform's stand-in and a receiver, behind
// real listeners.
#pragma once

#include "daemon/demo/bluesky_stand_in.h"
#include "daemon/demo/graph_stand_in.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/mastodon_stand_in.h"
#include "daemon/demo/more_places.h"
#include "daemon/demo/scenario.h"
#include "daemon/demo/serve.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/http_server.h"

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace surged::daemon::demo {

// Listens on loopback, one port a platform, from construction to destruction. `clock` tells the
// world's time and outlives it, and so do `io` and `supervisor`. Posts appear as time passes: each
// request is answered with what was there then.
class World {
public:
    World(boost::asio::io_context& io, Supervisor& supervisor, Clock& clock, std::uint64_t seed,
          bool all = false);

    // A configuration of the daemon that reads this world and pages its receiver. `listen`: of the
    // daemon; `directory`: of its state and of the secret file that this writes there.
    [[nodiscard]] std::string configuration(std::string const& listen,
                                            std::string const& directory) const;

    [[nodiscard]] Scenario& scenario() { return scenario_; }
    [[nodiscard]] LocalReceiver const& receiver() const { return receiver_; }
    [[nodiscard]] std::size_t platforms() const { return places_.size(); }
    void close();

private:
    struct Place {
        std::unique_ptr<StandIn> stand_in;
        std::unique_ptr<FaultyStandIn> faults;
        std::unique_ptr<HttpServer> server;
    };
    void open(boost::asio::io_context& io, Supervisor& supervisor, std::string const& name,
              std::unique_ptr<StandIn> stand_in, MastodonStandIn const* streams = nullptr);
    [[nodiscard]] std::string url(std::string const& name) const;

    Clock& clock_;
    Scenario scenario_;
    std::unique_ptr<MorePosts> more_;  // null: the four platforms of the story only
    LocalReceiver receiver_;
    std::map<std::string, Place> places_;
    std::unique_ptr<HttpServer> receiver_server_;
};

}  // namespace surged::daemon::demo
