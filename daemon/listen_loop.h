// The one loop that hears what comes back from receivers that must be asked (Telegram's long poll,
// Alertmanager's silences), and that answers the people who pressed a button.
#pragma once

#include "daemon/back_desk.h"
#include "daemon/clock.h"
#include "daemon/delivery_loop.h"
#include "daemon/http.h"
#include "exporters/receivers/back_channel.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace surged::daemon {

struct ListenEnv {
    Clock& clock;
    HttpClient& http;
    ListenSink& sink;
    Bell& bell;  // this receiver's own
    std::chrono::seconds timeout{10};
    std::function<void(std::string const& level, std::string const& text)> log;
};

// Runs one receiver's back-channel for the life of the daemon; ends only by cancellation. A round
// that fails is repeated after 5 s, doubling to 5 min, or when the peer says; that it fails, and
// that it works again, is logged once. Answers to people are sent once: they are a courtesy, the
// incident's own pages tell what became of it.
boost::asio::awaitable<void> run_listen_loop(ListenEnv env, std::string name,
                                             std::unique_ptr<exporters::BackChannel> channel);

}  // namespace surged::daemon
