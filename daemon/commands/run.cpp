#include "daemon/commands/run.h"

#include "daemon/app.h"
#include "daemon/commands/outside.h"
#include "daemon/exit_codes.h"
#include "daemon/live_streams.h"
#include "daemon/sqlite_store.h"
#include "daemon/systemd.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace surged::daemon {
namespace {

constexpr std::chrono::seconds kStopPatience{
    5};  // for coroutines to unwind; then the process just ends

// Before there is a Log: a line on standard error, with the journal's priority where it is one.
void say(LogLevel level, std::string const& text) {
    if (log_format("auto", std::getenv("JOURNAL_STREAM"), STDERR_FILENO) == LogFormat::journal)
        std::cerr << (level == LogLevel::error ? "<3>" : "<4>");
    std::cerr << text << "\n";
}

// Prints every fault; true when the daemon may start.
bool accept(LoadedSettings const& loaded) {
    for (auto const& problem : loaded.problems->list)
        say(problem.warning ? LogLevel::warning : LogLevel::error, to_string(problem));
    for (auto const& problem : loaded.run_errors) say(LogLevel::error, to_string(problem));
    for (auto const& what : loaded.unbuilt)
        say(LogLevel::error, "surged: " + what + " is not in this release");
    return !loaded.problems->fatal() && loaded.run_errors.empty() && loaded.unbuilt.empty();
}

// Signals, the watchdog and the end, around an App that runs.
class Process {
public:
    Process(boost::asio::io_context& io, Clock& clock, App& app, Log& log, ServiceManager& manager)
        : io_(io),
          clock_(clock),
          app_(app),
          log_(log),
          manager_(manager),
          signals_(io, SIGTERM, SIGINT, SIGHUP),
          watchdog_(io),
          last_(io) {
        wait_for_signal();
        feed_watchdog();
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code error, int signal) {
            if (error) return;
            if (signal == SIGHUP) {
                manager_.reloading(clock_.now());
                bool const applied = app_.reload().empty();
                manager_.ready(applied
                                   ? "serving"
                                   : "serving; the configuration was NOT reloaded, see the log");
            } else {
                if (stopping_)
                    std::_Exit(kExitOk);  // the second asks to go at once; a start is a recovery
                log_.info("stopping");
                begin_stop();
            }
            wait_for_signal();
        });
    }

    void begin_stop() {
        stopping_ = true;
        manager_.stopping("stopping");
        app_.stop();
        last_.expires_after(kStopPatience);
        last_.async_wait([this](boost::system::error_code) { io_.stop(); });
        poll_end();
    }

    void poll_end() {
        watchdog_.expires_after(std::chrono::milliseconds{10});
        watchdog_.async_wait(
            [this](boost::system::error_code) { app_.stopped() ? io_.stop() : poll_end(); });
    }

    // systemd is told that we live as long as the clock loop does its rounds.
    void feed_watchdog() {
        if (stopping_) return;
        // Without systemd's watchdog the look still finds a task that died.
        watchdog_.expires_after(watchdog_interval().value_or(std::chrono::seconds{1}));
        watchdog_.async_wait([this](boost::system::error_code error) {
            if (error || stopping_) return;
            if (!app_.fatal().empty()) return begin_stop();
            if (app_.healthy(clock_.now())) manager_.watchdog();
            feed_watchdog();
        });
    }

    boost::asio::io_context& io_;
    Clock& clock_;
    App& app_;
    Log& log_;
    ServiceManager& manager_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer watchdog_, last_;
    bool stopping_ = false;
};

}  // namespace

int run(std::string const& config) {
    LoadedSettings loaded = load_settings(config);
    if (!accept(loaded)) return kExitUsage;
    Settings& settings = loaded.settings;

    boost::asio::io_context io{1};
    SteadyClock clock(io);
    Log log(clock, log_level(settings.log.level),
            log_format(settings.log.format, std::getenv("JOURNAL_STREAM"), STDERR_FILENO), stderr);
    auto store = open_store(settings.storage.directory);
    if (!store) {
        say(LogLevel::error, "surged: " + store.error().detail);
        return kExitState;
    }
    Resolver resolver(io, clock);
    BeastHttpClient http(io, clock, resolver, http_options(settings));
    Transports deliveries(io, clock, http, settings.http.ca_file);
    ServiceManager manager = ServiceManager::from_environment();
    LiveStreamClient streams(http, clock);
    AppDoors doors(io, clock, http, **store, log);
    doors.streams = &streams;
    doors.deliveries = &deliveries;
    std::random_device entropy;
    doors.seed = entropy();  // the seed of the live program's jitter
    for (int i = 0; i < 32; ++i) doors.fresh_secret += static_cast<char>(entropy() & 0xFFU);
    doors.load = [&config, &http, &deliveries] {
        LoadedSettings next = load_settings(config);
        if (!next.problems->fatal()) {
            http.reconfigure(http_options(next.settings));
            deliveries.set_ca_file(next.settings.http.ca_file);
        }
        return next;
    };
    std::string const listen = settings.server.host + ":" + std::to_string(settings.server.port);
    App app(std::move(doors), std::move(settings));
    try {
        auto const started = app.start();
        if (!started) {
            say(LogLevel::error, "surged: " + started.error().detail);
            return kExitState;
        }
    } catch (boost::system::system_error const& error) {
        say(LogLevel::error, "surged: cannot listen on " + listen + ": " + error.code().message());
        return kExitListen;
    }
    log.info("surged " SURGED_VERSION " serves http://" + listen);
    manager.ready("serving");
    Process process(io, clock, app, log, manager);
    io.run();
    if (!app.fatal().empty()) {
        log.error(app.fatal());
        std::_Exit(kExitRefused);
    }
    // What has not unwound within its patience would outlive its owner: the process ends instead.
    if (!app.stopped()) std::_Exit(kExitOk);
    return kExitOk;
}

}  // namespace surged::daemon
