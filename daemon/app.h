// The composition root: builds the running daemon in order, reloads it, tears it down in reverse.
#pragma once

#include "daemon/account_metrics.h"
#include "daemon/api.h"
#include "daemon/back_desk.h"
#include "daemon/bell.h"
#include "daemon/clock.h"
#include "daemon/engine.h"
#include "daemon/evidence_loop.h"
#include "daemon/http.h"
#include "daemon/http_server.h"
#include "daemon/log.h"
#include "daemon/stream_client.h"
#include "daemon/supervisor.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace surged::daemon {

// The doors an App is built with; all outlive it. The live program and the simulation differ in
// nothing else.
struct AppDoors {
    AppDoors(boost::asio::io_context& i, Clock& c, HttpClient& h, Store& s, Log& l)
        : io(i), clock(c), http(h), store(s), log(l) {}
    boost::asio::io_context& io;
    Clock& clock;
    HttpClient& http;
    Store& store;
    Log& log;
    StreamClient* streams = nullptr;       // null: nothing is listened to, polls do it all
    HttpClient* deliveries = nullptr;      // of receivers; null: `http`
    std::uint64_t seed = 0;                // of jitter
    std::string fresh_secret;              // random bytes that sign links; empty: no links
    bool listen = true;                    // false: no server (simulation)
    std::function<LoadedSettings()> load;  // reads the configuration again; empty: no reload
    std::function<void(detectors::Event const&, std::string const&)>
        on_event;  // demo, tests; may be empty
};

class App final : private PollSink, private EvidenceSink, private DeliverySink {
public:
    App(AppDoors doors, Settings settings);
    ~App();  // requires stopped()

    // Restores the state and starts every loop. A Failure says why the state cannot be used (exit
    // 3); a listener that cannot be opened throws system_error (exit 4).
    Result<bool> start();
    // Cancels everything; the loops end as the io_context runs. Idempotent.
    void stop();
    [[nodiscard]] bool stopped() const { return supervisor_.running() == 0; }

    // Applies the configuration again: "" or every fault. The old one stays when the new one is
    // invalid.
    std::string reload();

    [[nodiscard]] Engine& engine() { return engine_; }
    [[nodiscard]] BackDesk& back_desk() { return back_desk_; }
    [[nodiscard]] exporters::Metrics& metrics() { return metrics_; }
    [[nodiscard]] unsigned short port() const { return server_ ? server_->port() : 0; }
    [[nodiscard]] std::string const& fatal() const {
        return fatal_;
    }                                               // a task died: the process must end
    [[nodiscard]] bool healthy(Instant now) const;  // the clock loop ran lately: feeds the watchdog

private:
    // PollSink, DeliverySink: the engine with the time.
    bool record(std::string const& stream, PollPage const& page,
                detectors::MentionBatch const& batch, PollContext const& context,
                WallTime covered_from, WallTime covered_until) override;
    void polled(PollOutcome const& outcome) override;
    void budget_low(std::string const& account, std::string const& kind,
                    double used_ratio) override;
    [[nodiscard]] bool surging(std::string const& stream) const override;
    [[nodiscard]] std::string cursor(std::string const& stream) const override;
    [[nodiscard]] WallTime covered_until(std::string const& stream) const override;
    void spending(std::string const& account) override;
    [[nodiscard]] bool wanted(std::string const& stream) const override;
    [[nodiscard]] WallTime next_evidence(std::string const& account) const override;
    [[nodiscard]] EvidenceBatch evidence_due(std::string const& account) const override;
    void evidence_seen(std::string const& account, detectors::Look const& look, int pace) override;
    std::optional<exporters::Page> next_page(std::string const& receiver,
                                             std::int64_t& row_id) override;
    void settled(std::string const& receiver, std::int64_t row_id,
                 exporters::Answer const& answer) override;
    std::vector<HttpRequest> state_requests(std::string const& receiver,
                                            exporters::Receiver const& kind) override;
    [[nodiscard]] WallTime next_at(std::string const& receiver) const override;

    EngineHooks hooks();
    void log_incident(detectors::Event const& event);
    ApiEnv api_env();
    void declare_metrics();
    void start_loops();
    void start_listening();
    void start_side_loops();
    void stop_loops();
    void listen(StreamSettings const& stream, AccountSettings const& account);
    void task_died(std::string const& task, std::exception_ptr error);
    boost::asio::awaitable<void> run_clocks();
    boost::asio::awaitable<void> run_housekeeping();
    bool test_receiver(std::string const& name);

    AppDoors doors_;
    std::mt19937_64 random_;
    exporters::Metrics metrics_;
    Engine engine_;
    Supervisor supervisor_;
    ClockBell clock_bell_;
    BackDesk back_desk_;
    Api api_;
    std::vector<std::shared_ptr<prometheus::Collectable>> sources_;
    std::unique_ptr<HttpServer> server_;
    std::map<std::string, std::unique_ptr<AccountPace>> paces_;
    std::shared_ptr<AccountMetrics> account_metrics_;
    std::map<std::string, std::unique_ptr<ClockBell>> bells_, listen_bells_;
    // Loops that were cancelled by a reload still unwind for a moment: what they hold is kept until
    // the end.
    std::vector<std::unique_ptr<AccountPace>> retired_paces_;
    std::vector<std::unique_ptr<ClockBell>> retired_bells_;
    std::vector<std::string> loops_;
    bool started_ = false;
    Instant last_tick_{};
    std::string fatal_;
};

}  // namespace surged::daemon
