#include "daemon/app.h"

#include "daemon/delivery_loop.h"
#include "daemon/listen_loop.h"
#include "daemon/loop_lag.h"
#include "daemon/pollers/pollers.h"
#include "daemon/process_metrics.h"
#include "daemon/reload.h"
#include "daemon/stream_loop.h"
#include "exporters/receivers/receivers.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// Deadlines are wall time, waiting is monotonic: looking this often bounds how long a clock jump
// goes unnoticed.
constexpr std::chrono::seconds kLook{5};
constexpr std::chrono::minutes kHousekeeping{60}, kFirstHousekeeping{1};
constexpr std::chrono::milliseconds kBetweenSteps{50};
constexpr std::chrono::seconds kHealthy{30};  // without a tick for so long the loop hangs

}  // namespace

App::App(AppDoors doors, Settings settings)
    : doors_(std::move(doors)),
      random_(doors_.seed),
      engine_(std::move(settings), &doors_.store, metrics_, hooks()),
      supervisor_(doors_.io, [this](std::string const& task,
                                    std::exception_ptr error) { task_died(task, error); }),
      clock_bell_(doors_.clock),
      back_desk_(
          engine_, doors_.clock,
          [this](std::string const& receiver) {
              if (auto const it = listen_bells_.find(receiver); it != listen_bells_.end())
                  it->second->ring();
          },
          [this](std::string const& level, std::string const& text) {
              doors_.log.write(log_level(level), text);
          }),
      api_(api_env()) {}

App::~App() = default;

EngineHooks App::hooks() {
    EngineHooks h;
    h.published = [this](Event const& event, std::string const& json) {
        api_.ring();
        clock_bell_.ring();  // a new clock may be due before the one we wait for
        log_incident(event);
        if (doors_.on_event) doors_.on_event(event, json);
    };
    h.ring = [this](std::string const& receiver) {
        if (auto const it = bells_.find(receiver); it != bells_.end()) it->second->ring();
    };
    h.log = [this](std::string const& level, std::string const& text) {
        doors_.log.write(log_level(level), text);
    };
    return h;
}

// An incident's life in the journal of the machine, found by SURGED_INCIDENT.
void App::log_incident(Event const& event) {
    if (event.incident.empty()) return;
    std::string text = "incident '" + event.incident + "': " + std::string(to_string(event.name));
    if (event.clock)
        text += " " + event.clock->platform + " " + std::string(to_string(event.clock->kind));
    doors_.log.info(text);  // a warning is about surged itself
}

ApiEnv App::api_env() {
    return ApiEnv{
        engine_,
        doors_.clock,
        metrics_,
        [this] { return started_ ? std::string{} : std::string("the state is being restored"); },
        [this] { return reload(); },
        [this](std::string const& name) { return test_receiver(name); },
        doors_.clock.wall_now(),
        [this](std::string_view type, std::string const& receiver, ServerRequest const& request,
               WallTime now) { return back_desk_.hook(type, receiver, request, now); },
        [this](std::string const& level, std::string const& text) {
            doors_.log.write(log_level(level), text);
        }};
}

void App::declare_metrics() {
    Settings const& settings = engine_.settings();
    for (auto const& [name, account] : settings.accounts)
        metrics_.declare_account(name, account.platform);
    for (auto const& [name, receiver] : settings.receivers) metrics_.declare_receiver(name);
    for (auto const& brand : settings.brands) {
        metrics_.declare_brand(brand.rules.name);
        for (auto const& s : brand.streams) {
            std::vector<std::string> kinds;
            for (ClockKind const kind :
                 {ClockKind::acknowledge, ClockKind::respond, ClockKind::resolve})
                if (s.policy.limit(kind)) kinds.emplace_back(to_string(kind));
            metrics_.declare_clocks(brand.rules.name, s.platform, kinds);
        }
    }
    for (auto const* task :
         {"poll", "stream", "evidence", "deliver", "listen", "clocks", "http", "housekeeping"})
        metrics_.declare_task(task);
}

Result<bool> App::start() {
    metrics_.build(SURGED_VERSION, SURGED_REVISION);
    metrics_.reloaded(
        true, std::chrono::duration<double>(doors_.clock.wall_now().time_since_epoch()).count());
    declare_metrics();
    auto restored = engine_.restore(doors_.clock.wall_now());
    if (!restored) return restored.error();
    Settings const& settings = engine_.settings();
    if (doors_.listen)
        server_ = std::make_unique<HttpServer>(
            doors_.io, supervisor_, settings.server.host, settings.server.port,
            ServerTls{settings.server.certificate_file, settings.server.key_file}, ServerLimits{},
            [this](ServerRequest request, Responder& responder) {
                return api_.handle(std::move(request), responder);
            });
    sources_.push_back(engine_collector(engine_, [this] { return doors_.clock.wall_now(); }));
    sources_.push_back(process_collector(doors_.clock.wall_now()));
    account_metrics_ = std::make_shared<AccountMetrics>(paces_);
    sources_.push_back(account_metrics_);
    for (auto const& source : sources_) metrics_.add_source(source);
    last_tick_ = doors_.clock.now();
    supervisor_.start("clocks", run_clocks());
    supervisor_.start("housekeeping", run_housekeeping());
    auto const report_lag = [this](std::chrono::nanoseconds late) {
        metrics_.loop_lag(std::chrono::duration<double>(late).count());
    };
    supervisor_.start("loop_lag", watch_loop_lag(doors_.clock, report_lag));
    start_loops();
    started_ = true;
    return true;
}

void App::start_loops() {
    Settings const& settings = engine_.settings();
    for (auto const& [name, account] : settings.accounts) {
        auto& pace = paces_[name];
        auto fresh = std::make_unique<AccountPace>(account.budget);
        for (auto const& [kind, calls] : day_quotas(account))
            fresh->add_quota(kind, Rate{calls, std::chrono::days{1}});
        // What was spent stays spent, over a reload and over a restart.
        std::string const spent = pace ? pace->save() : engine_.blob("pace/" + name);
        if (!spent.empty() && !fresh->restore(spent))
            doors_.log.warning("account '" + name +
                               "': what it had spent cannot be read: counted anew");
        if (pace) {
            retired_paces_.push_back(std::move(pace));
        }
        pace = std::move(fresh);
    }
    for (auto const& [name, s] : engine_.streams()) {
        StreamSettings const& stream = s->settings;
        if (stream.push()) continue;
        PlatformRow const* const row = platform(stream.platform);
        KindRow const* const kind = row == nullptr ? nullptr : kind_of(*row, stream.kind);
        auto const account = settings.accounts.find(stream.account);
        if (kind == nullptr || kind->make == nullptr || account == settings.accounts.end())
            continue;
        PollEnv env{doors_.clock,          doors_.http, random_, *this, *paces_.at(stream.account),
                    settings.http.timeout, kind->floor};
        supervisor_.start("poll/" + name,
                          run_poll_loop(env, stream, kind->make(account->second, stream)));
        loops_.push_back("poll/" + name);
        if (kind->listen != nullptr) listen(stream, account->second);
    }
    start_side_loops();
    for (auto const& [name, receiver] : settings.receivers) {
        exporters::ReceiverRow const* const row = exporters::receiver_row(receiver.type);
        if (row == nullptr || row->make == nullptr) continue;
        auto& bell = bells_[name];
        if (bell) retired_bells_.push_back(std::move(bell));
        bell = std::make_unique<ClockBell>(doors_.clock);
        std::chrono::seconds const timeout{
            receiver.values.number("timeout", settings.http.timeout.count())};
        HttpClient& out = doors_.deliveries != nullptr ? *doors_.deliveries : doors_.http;
        DeliveryEnv env{doors_.clock, out, *this, *bell, timeout};
        supervisor_.start("deliver/" + name,
                          run_delivery_loop(env, name, row->make(name, receiver.values)));
        loops_.push_back("deliver/" + name);
    }
    start_listening();
}

void App::start_listening() {
    std::string key = back_desk_.link_key();
    if (key.empty()) key = engine_.blob("link-key");
    if (key.empty() && !doors_.fresh_secret.empty()) {
        key = doors_.fresh_secret;
        engine_.keep("link-key", key);
    }
    back_desk_.configure(std::move(key));
    Settings const& settings = engine_.settings();
    for (auto const& [name, receiver] : settings.receivers) {
        exporters::ReceiverRow const* const row = exporters::receiver_row(receiver.type);
        if (row == nullptr || row->make_back_channel == nullptr) continue;
        auto& bell = listen_bells_[name];
        if (bell) retired_bells_.push_back(std::move(bell));
        bell = std::make_unique<ClockBell>(doors_.clock);
        ListenEnv env{
            doors_.clock,
            doors_.http,
            back_desk_,
            *bell,
            std::chrono::seconds{receiver.values.number("timeout", settings.http.timeout.count())},
            [this](std::string const& level, std::string const& text) {
                doors_.log.write(log_level(level), text);
            }};
        supervisor_.start(
            "listen/" + name,
            run_listen_loop(std::move(env), name, row->make_back_channel(name, receiver.values)));
        loops_.push_back("listen/" + name);
    }
}

// Beside the stream's poller, where the platform pushes.
void App::listen(StreamSettings const& stream, AccountSettings const& account) {
    KindRow const* const kind = kind_of(*platform(stream.platform), stream.kind);
    std::unique_ptr<Listener> listener =
        doors_.streams == nullptr ? nullptr : kind->listen(account, stream);
    if (!listener) {
        if (stream.values.get("streaming") == "on")
            doors_.log.warning("stream '" + stream.name +
                               "': it is polled only: what it asks for cannot be listened to");
        return;
    }
    std::string const& name = stream.name;
    StreamSink sink;
    sink.push = [this, name](MentionBatch const& batch, std::uint64_t malformed) {
        if (engine_.stream(name) != nullptr)
            engine_.push(name, batch, malformed, doors_.clock.wall_now());
    };
    sink.log = [this, name](std::string const& text) {
        doors_.log.info("stream '" + name + "': " + text);
    };
    StreamEnv env{doors_.clock, *doors_.streams, random_, engine_.settings().http.timeout};
    supervisor_.start("stream/" + name, run_stream_loop(env, std::move(sink), std::move(listener)));
    loops_.push_back("stream/" + name);
}

void App::stop_loops() {
    for (auto const& name : loops_) supervisor_.stop(name);
    loops_.clear();
}

void App::stop() {
    api_.stop();
    if (server_) server_->close();
    supervisor_.stop();
}

void App::task_died(std::string const& task, std::exception_ptr error) {
    std::string what = "unknown";
    try {
        std::rethrow_exception(error);
    } catch (std::exception const& e) {
        what = e.what();
    } catch (...) {
    }
    std::string const kind = task.substr(0, task.find('/'));
    metrics_.task_death(kind);
    doors_.log.error("task '" + task + "' died: " + what);
    // A handler's bug answered 500 and is over; any other task that is missing is a blindness: stop
    // and be restarted.
    if (kind == "http") return;
    fatal_ = "task '" + task + "' died: " + what;
    stop();
}

std::string App::reload() {
    if (!doors_.load) return "this process has no configuration file to read again";
    LoadedSettings next = doors_.load();
    WallTime const now = doors_.clock.wall_now();
    std::string faults;
    for (auto const& problem : next.problems->list)
        if (!problem.warning) faults += to_string(problem) + "\n";
    for (auto const& problem : next.run_errors) faults += to_string(problem) + "\n";
    for (auto const& what : next.unbuilt) faults += what + " is not in this release\n";
    if (!faults.empty()) {
        doors_.log.error("the configuration was not reloaded: " + faults);
        engine_.note_reload(false, {}, now);
        return faults;
    }
    SettingsChange const change = compare(engine_.settings(), next.settings);
    for (auto const& warning : change.warnings) doors_.log.warning(warning);
    next.settings.server.host = engine_.settings().server.host;
    next.settings.server.port = engine_.settings().server.port;
    next.settings.storage.directory = engine_.settings().storage.directory;
    if (server_)
        if (auto const failure = server_->reload_tls())
            doors_.log.error("the TLS certificate was not read again: " + failure->detail);
    stop_loops();
    engine_.reload(std::move(next.settings), now);
    doors_.log.set(
        log_level(engine_.settings().log.level),
        log_format(engine_.settings().log.format, std::getenv("JOURNAL_STREAM"), STDERR_FILENO));
    declare_metrics();
    start_loops();
    engine_.note_reload(true,
                        std::to_string(change.added.size()) + " streams added, " +
                            std::to_string(change.removed.size()) + " removed, " +
                            std::to_string(change.changed.size()) + " changed",
                        now);
    doors_.log.info("the configuration was reloaded");
    return {};
}

bool App::healthy(Instant now) const {
    return started_ && fatal_.empty() && now - last_tick_ < kHealthy;
}

// --- loops
// ----------------------------------------------------------------------------------------------------------

boost::asio::awaitable<void> App::run_clocks() {
    for (;;) {
        WallTime const now = doors_.clock.wall_now();
        engine_.tick(now);
        last_tick_ = doors_.clock.now();
        WallTime const due = engine_.next_due();
        std::chrono::milliseconds wait = kLook;
        if (due != kNoTime)
            wait = std::clamp<std::chrono::milliseconds>(due - now, std::chrono::milliseconds{1},
                                                         wait);
        Instant const until = doors_.clock.now() + wait;
        co_await clock_bell_.wait_until(until);
    }
}

boost::asio::awaitable<void> App::run_housekeeping() {
    // A daemon that is restarted every half hour forgets, too.
    Instant next = doors_.clock.now() + kFirstHousekeeping;
    for (;;) {
        co_await doors_.clock.sleep_until(next);
        bool const more = engine_.expire(doors_.clock.wall_now());
        std::chrono::milliseconds const wait = more ? kBetweenSteps : kHousekeeping;
        next = doors_.clock.now() + wait;
    }
}

// --- the engine with the time
// ---------------------------------------------------------------------------------------

bool App::record(std::string const& stream, PollPage const& page, MentionBatch const& batch,
                 PollContext const&, WallTime covered_from, WallTime covered_until) {
    // In one transaction with the page that it paid for.
    StreamState const* const s = engine_.stream(stream);
    SideState const* const side = s == nullptr ? engine_.side(stream) : nullptr;
    std::string const account = s != nullptr      ? s->settings.account
                                : side != nullptr ? side->source.settings.account
                                                  : std::string{};
    if (auto const pace = paces_.find(account); pace != paces_.end())
        engine_.keep("pace/" + pace->first, pace->second->save());
    return engine_.record(stream, page, batch, covered_from, covered_until,
                          doors_.clock.wall_now());
}

void App::polled(PollOutcome const& outcome) {
    if (outcome.limits != nullptr)
        account_metrics_->told(std::string(outcome.account), *outcome.limits);
    engine_.polled(outcome, doors_.clock.wall_now());
}

void App::budget_low(std::string const& account, std::string const& kind, double used_ratio) {
    engine_.budget_low(account, kind, used_ratio, doors_.clock.wall_now());
}

std::optional<exporters::Page> App::next_page(std::string const& receiver, std::int64_t& row_id) {
    WallTime const now = doors_.clock.wall_now();
    auto page = engine_.next_page(receiver, now, row_id);
    if (page && page->incident != nullptr)
        page->acknowledge_url = exporters::acknowledge_link(
            page->external_url, receiver, *page->incident, back_desk_.link_key(), now);
    return page;
}

void App::settled(std::string const& receiver, std::int64_t row_id,
                  exporters::Answer const& answer) {
    std::uniform_real_distribution<double> jitter(0, 1);
    engine_.settled(receiver, row_id, answer, doors_.clock.wall_now(), jitter(random_));
}

WallTime App::next_at(std::string const& receiver) const {
    return engine_.next_page_at(receiver);
}

std::vector<HttpRequest> App::state_requests(std::string const& receiver,
                                             exporters::Receiver const& kind) {
    std::vector<HttpRequest> all;
    WallTime const now = doors_.clock.wall_now();
    for (auto const& [brand, desk] : engine_.desks()) {
        std::vector<Incident const*> open, closed;
        for (Incident const& incident : desk.incidents()) {
            // Only who was told of an incident is told of its state.
            if (std::find(incident.told.begin(), incident.told.end(), receiver) ==
                incident.told.end())
                continue;
            if (engine_.hushed(incident)) continue;  // nor who was to be told inside a silence
            if (incident.state != IncidentState::closed)
                open.push_back(&incident);
            else if (now - incident.closed < std::chrono::minutes{10})
                closed.push_back(&incident);
        }
        if (open.empty() && closed.empty()) continue;
        for (auto& request : kind.render_state(open, closed, engine_.settings().server.external_url,
                                               desk.rules().plan_url, now))
            all.push_back(std::move(request));
    }
    return all;
}

bool App::test_receiver(std::string const& name) {
    return engine_.test_page(name, doors_.clock.wall_now());
}

}  // namespace surged::daemon
