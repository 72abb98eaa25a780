#include "daemon/commands/demo.h"

#include "config/units.h"
#include "daemon/app.h"
#include "daemon/demo/scaled_clock.h"
#include "daemon/demo/world.h"
#include "daemon/exit_codes.h"
#include "daemon/http_client.h"
#include "daemon/live_streams.h"
#include "daemon/resolver.h"
#include "daemon/sqlite_store.h"
#include "daemon/steady_clock.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::chrono::seconds kStopPatience{3};

// The state of one demo, removed with it.
class Directory {
public:
    Directory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "surged-demo-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    ~Directory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

void say(WallTime now, std::string const& text) {
    std::cout << rfc3339(std::chrono::floor<std::chrono::seconds>(now)).substr(11, 8) << "  "
              << text << std::endl;
}

// What a person should look at, as it happens.
void tell(Event const& event) {
    std::string const at = event.stream.empty() ? event.platform : event.stream;
    switch (event.name) {
        case EventName::incident_opened:
            say(event.at, "INCIDENT  " + event.incident + ": " + event.summary);
            say(event.at,
                "          curl " + event.url + "   or: surged incidents show " + event.incident);
            for (auto const& c : event.clocks)
                say(event.at, "clock     " + c.platform + " " + std::string(to_string(c.kind)) +
                                  " until " + rfc3339(c.due));
            break;
        case EventName::surge_started:
            say(event.at, "surge     " + at + " began around " + rfc3339(event.onset));
            break;
        default:
            say(event.at,
                std::string(to_string(event.name)) + "  " +
                    (event.summary.empty() ? at + (event.reason.empty() ? "" : ": " + event.reason)
                                           : event.summary));
    }
}

class Show {
public:
    Show(boost::asio::io_context& io, App& app, demo::World& world, Clock& clock)
        : app_(app), world_(world), clock_(clock), timer_(io) {
        look();
    }
    void stop() { timer_.cancel(); }

private:
    // Looks once a second at what changed and is worth a line.
    void look() {
        WallTime const now = clock_.wall_now();
        for (auto const& [name, s] : app_.engine().streams()) {
            if (told_.contains(name) || s->judge.in_history()) continue;
            told_.insert(name);
            say(now, "backfill  " + name + ": " + std::to_string(s->mentions) + " mentions since " +
                         rfc3339(s->history_from) + ", read by the real poller");
        }
        auto const& deliveries = world_.receiver().deliveries();
        for (; seen_ < deliveries.size(); ++seen_)
            say(now, "page      delivered to the local receiver, webhook-id " +
                         deliveries[seen_].id +
                         (deliveries[seen_].signature_ok ? ", signature good" : ", signature BAD"));
        timer_.expires_after(std::chrono::seconds{1});
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error) look();
        });
    }

    App& app_;
    demo::World& world_;
    Clock& clock_;
    boost::asio::steady_timer timer_;
    std::set<std::string> told_;
    std::size_t seen_ = 0;
};

}  // namespace

int run_demo(DemoArguments const& arguments) {
    std::optional<std::chrono::seconds> span;
    if (!arguments.span.empty()) {
        span = config::parse_duration(arguments.span);
        if (!span) {
            std::cerr << "surged: --for: expected " << config::kDurationForm << "\n";
            return kExitUsage;
        }
    }
    Directory const directory;
    boost::asio::io_context io{1};
    SteadyClock real(io);
    demo::ScaledClock clock(real, arguments.speed, real.wall_now());
    Log log(clock, LogLevel::warning, LogFormat::text, stderr);
    // The world's connections are the world's, the daemon's the daemon's: each ends with its owner.
    Supervisor outside(io, [&](std::string const& task, std::exception_ptr) {
        log.error("the world's " + task + " died");
    });
    bool const all = arguments.platforms == "all";
    demo::World world(io, outside, clock, arguments.seed, all);
    LoadedSettings loaded =
        load_settings_text(world.configuration(arguments.listen, directory.path()), "demo");
    if (loaded.problems->fatal()) {
        for (auto const& problem : loaded.problems->list) std::cerr << to_string(problem) << "\n";
        return kExitUsage;
    }
    auto store = open_store(loaded.settings.storage.directory);
    if (!store) {
        std::cerr << "surged: " << store.error().detail << "\n";
        return kExitState;
    }
    Resolver resolver(io, real);
    BeastHttpClient sockets(io, real, resolver);
    demo::RealTimeHttp http(sockets, real, clock);
    LiveStreamClient streams(sockets, real);
    AppDoors doors(io, clock, http, **store, log);
    doors.streams = &streams;
    doors.seed = arguments.seed;
    doors.on_event = [](Event const& event, std::string const&) { tell(event); };
    App app(std::move(doors), std::move(loaded.settings));
    say(clock.wall_now(), "surged " SURGED_VERSION " demo: " + std::to_string(world.platforms()) +
                              " platforms stood in for on this machine, seed " +
                              std::to_string(arguments.seed));
    // The world is already up when the daemon cannot start: it has to end before its owner does.
    auto const give_up = [&](int code) {
        world.close();
        outside.stop();
        io.run_for(kStopPatience);
        if (outside.running() == 0) return code;
        std::error_code ignored;
        std::filesystem::remove_all(directory.path(), ignored);
        std::_Exit(code);
    };
    try {
        auto const started = app.start();
        if (!started) {
            std::cerr << "surged: " << started.error().detail << "\n";
            return give_up(kExitState);
        }
    } catch (boost::system::system_error const& error) {
        std::cerr << "surged: cannot listen on " << arguments.listen << ": "
                  << error.code().message() << "\n";
        return give_up(kExitListen);
    }
    std::string const url = "http://127.0.0.1:" + std::to_string(app.port());
    say(clock.wall_now(),
        "console   " + url + "/   metrics " + url + "/metrics   API " + url + "/api/v1/streams");
    Show show(io, app, world, clock);

    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    boost::asio::steady_timer end(io), poll(io);
    bool stopping = false;
    std::function<void()> const wait_stopped = [&] {
        poll.expires_after(std::chrono::milliseconds{10});
        poll.async_wait([&](boost::system::error_code) {
            if (app.stopped() && outside.running() == 0)
                io.stop();
            else
                wait_stopped();
        });
    };
    auto const stop = [&] {
        if (std::exchange(stopping, true)) return;
        show.stop();
        app.stop();
        world.close();
        outside.stop();
        end.expires_after(kStopPatience);
        end.async_wait([&](boost::system::error_code) { io.stop(); });
        wait_stopped();
    };
    signals.async_wait([&](boost::system::error_code error, int) {
        if (!error) stop();
    });
    if (span) {
        end.expires_after(*span);
        end.async_wait([&](boost::system::error_code error) {
            if (!error) stop();
        });
    }
    io.run();
    auto const& receiver = world.receiver();
    std::cout << receiver.distinct() << " pages delivered, " << receiver.unsigned_ones()
              << " with a bad signature\n";
    std::cout.flush();
    if (!app.stopped() || outside.running() != 0) {
        std::error_code ignored;
        std::filesystem::remove_all(directory.path(), ignored);
        std::_Exit(kExitOk);  // frames that did not unwind in time must not outlive their owners
    }
    return kExitOk;
}

}  // namespace surged::daemon
