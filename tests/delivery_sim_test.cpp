// Goal: whatever the receiver and the network do for a simulated day, and however often the daemon
// dies, every page that was due arrives, in order within its incident, under one key. Method: the
// real loop, outbox and receivers of every kind on virtual time; the internet is a function, the
// tools are those of fake_receivers.h; one seed decides all.
#include "daemon/bell.h"
#include "daemon/delivery_loop.h"
#include "daemon/event_json.h"
#include "daemon/outbox.h"
#include "daemon/supervisor.h"
#include "tests/sample_page.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/staged_crisis.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace surged::tests {
namespace {

using daemon::OutboxRow;
using daemon::OutboxSettle;
using daemon::run_delivery_loop;
using detectors::EventName;
using detectors::WallTime;
using exporters::Answer;
using exporters::HttpRequest;
using exporters::Page;
using namespace std::chrono_literals;

// The engine's part: an outbox, and a store that outlives it.
class Engine final : public daemon::DeliverySink {
public:
    Engine(SimClock& clock, std::map<std::int64_t, OutboxRow>& store, std::uint64_t seed)
        : clock_(clock), store_(store), random_(seed) {
        std::vector<OutboxRow> rows;
        for (auto const& [id, row] : store) rows.push_back(row);
        outbox_.load(std::move(rows));
    }
    void add(OutboxRow row) {
        store_[row.id] = row;
        outbox_.add(std::move(row));
    }
    std::optional<Page> next_page(std::string const& receiver, std::int64_t& row_id) override {
        std::vector<OutboxSettle> settled;
        auto const row = outbox_.next(receiver, clock_.wall_now(), settled);
        for (auto const& settle : settled) {
            superseded.insert(settle.id);
            write(settle);
        }
        if (!row) return std::nullopt;
        row_id = row->id;
        Page page;
        page.event = daemon::event_from_json(row->event_json).value();
        page.key = row->key;
        page.repeat = row->repeat;
        page.catch_up = row->catch_up;
        page.attempt = row->attempts;
        page.memory = memory_[row->incident];
        in_flight_ = row->incident;
        if (!row->incident.empty()) {
            auto& incident = incidents_[row->incident];
            incident.id = row->incident;
            incident.brand = row->brand;
            page.incident = &incident;
        }
        return page;
    }
    void settled(std::string const&, std::int64_t row_id, Answer const& answer) override {
        ++outcomes[answer.kind];
        if (answer.remember) memory_[in_flight_] = *answer.remember;
        // From here on, since only now do we know: the answer may have been lost on its way.
        if (answer.retry_after) rest_until = clock_.wall_now() + *answer.retry_after;
        double const jitter = std::uniform_real_distribution<double>(0, 1)(random_);
        write(outbox_.settle(row_id, answer, clock_.wall_now(), jitter));
    }
    std::vector<HttpRequest> state_requests(std::string const&,
                                            exporters::Receiver const&) override {
        return {};
    }
    WallTime next_at(std::string const& receiver) const override {
        return outbox_.next_at(receiver);
    }

    std::set<std::int64_t> superseded;
    std::map<Answer::Kind, int> outcomes;
    WallTime rest_until{};

private:
    void write(OutboxSettle const& settle) {
        if (settle.id < 0) return;
        if (settle.remove) {
            store_.erase(settle.id);
        } else {
            store_.at(settle.id).attempts = settle.attempts;
            store_.at(settle.id).next_at = settle.next_at;
        }
    }
    SimClock& clock_;
    std::map<std::int64_t, OutboxRow>& store_;
    std::mt19937_64 random_;
    daemon::Outbox outbox_;
    std::map<std::string, std::string> memory_;  // lost with each life: then a new message is due
    std::map<std::string, detectors::Incident> incidents_;
    std::string in_flight_;
};

// A receiver whose requests say which page they are of: chats have no place for a key.
class Labelled final : public exporters::Receiver {
public:
    explicit Labelled(std::unique_ptr<exporters::Receiver> inner) : inner_(std::move(inner)) {}
    std::vector<HttpRequest> render(Page const& page, WallTime now) const override {
        auto out = inner_->render(page, now);
        for (auto& request : out) {
            request.headers.emplace_back("x-test-key", page.key);
            request.headers.emplace_back("x-test-event", std::to_string(page.event.id));
            request.headers.emplace_back("x-test-incident", page.event.incident);
        }
        return out;
    }
    Answer judge(exporters::HttpResponse const& r) const override { return inner_->judge(r); }
    bool needs_all() const override { return inner_->needs_all(); }
    std::optional<std::chrono::seconds> lease() const override { return inner_->lease(); }

private:
    std::unique_ptr<exporters::Receiver> inner_;
};

// One life of the daemon: until it is killed, in the middle of whatever it does.
struct Life {
    Life(boost::asio::io_context& io, SimClock& clock, SimHttpClient& http,
         std::map<std::int64_t, OutboxRow>& store, Kind const& kind, std::uint64_t seed)
        : clock_(clock), engine(clock, store, seed), bell(clock), supervisor(io, &Life::died) {
        supervisor.start("delivery hook",
                         run_delivery_loop({clock, http, engine, bell}, "hook",
                                           std::make_unique<Labelled>(make_receiver(kind))));
    }
    ~Life() {
        supervisor.stop();
        clock_.settle();
        EXPECT_EQ(supervisor.running(), 0u);
    }
    static void died(std::string const& name, std::exception_ptr) {
        ADD_FAILURE() << name << " died";
    }
    SimClock& clock_;
    Engine engine;
    daemon::ClockBell bell;
    daemon::Supervisor supervisor;
};

struct Arrival {
    std::string key, incident;
    std::int64_t event = 0;
    WallTime at{};
    bool accepted = false;
};

class DeliverySimulation : public testing::TestWithParam<std::uint64_t> {
protected:
    // A receiver that is busy at times (429), broken at times (500), and writes down what it took.
    exporters::HttpResponse receive(HttpRequest const& request, WallTime now) {
        Arrival arrival;
        arrival.key = exporters::header(request.headers, "x-test-key");
        arrival.event = std::stoll(std::string(exporters::header(request.headers, "x-test-event")));
        arrival.incident = exporters::header(request.headers, "x-test-incident");
        arrival.at = now;
        if (kind_.type == "webhook") {
            EXPECT_EQ(exporters::header(request.headers, "webhook-id"), arrival.key);
        }
        EXPECT_GE(now, life_->engine.rest_until) << "asked before its Retry-After was over";
        double const mood = std::uniform_real_distribution<double>(0, 1)(random_);
        if (mood < 0.05) {
            ++busy_;
            arrivals_.push_back(arrival);
            return kind_.tool->busy();
        }
        if (mood < 0.10) {
            arrivals_.push_back(arrival);
            return kind_.tool->broken();
        }
        // A message that is only brought up to date is no arrival: its thread tells the page.
        arrival.accepted = !request.url.ends_with("/chat.update");
        arrivals_.push_back(arrival);
        return kind_.tool->handle(request);
    }

    OutboxRow row(std::string const& incident, EventName name, std::string const& clock,
                  WallTime now) {
        detectors::Event event;
        event.id = ++last_;
        event.name = name;
        event.at = now;
        event.incident = incident;
        event.brand = "acme";
        if (!clock.empty()) {
            event.clock.emplace();
            event.clock->platform = clock;
            event.clock->due = now;
            event.clock->state = detectors::ClockState::breached;
        }
        OutboxRow out;
        out.id = out.event = last_;
        out.receiver = "hook";
        out.brand = "acme";
        out.incident = incident;
        out.key = "i-" + std::to_string(last_);
        out.due = out.next_at = now;
        out.event_json = to_json(event);
        return out;
    }
    // Something happens: mostly to an incident, sometimes to a stream.
    OutboxRow happening(WallTime now) {
        auto const pick = [&](int n) {
            return std::uniform_int_distribution<int>(0, n - 1)(random_);
        };
        if (pick(8) == 0) return row("", EventName::stream_blind, "", now);
        auto const incident = "acme-" + std::to_string(pick(6));
        std::string const clock = pick(2) == 0 ? "x" : "facebook";
        switch (pick(6)) {
            case 0: return row(incident, EventName::incident_opened, "", now);
            case 1:
            case 2: return row(incident, EventName::clock_warning, clock, now);
            case 3: return row(incident, EventName::surge_grown, "", now);
            case 4: return row(incident, EventName::incident_acknowledged, "", now);
            default: break;
        }
        auto out = row(incident, EventName::clock_breached, clock, now);
        out.repeat = pick(2) == 0;
        return out;
    }

    void run(std::uint64_t seed) {
        SCOPED_TRACE(kind_.name + " seed " + std::to_string(seed));
        random_.seed(seed);
        boost::asio::io_context io{1};
        SimClock clock(io);
        auto const start = clock.wall_now();
        SimFaults faults;
        faults.transient = 0.05, faults.cut = 0.05, faults.timeout = 0.03, faults.slow = 0.05;
        SimHttpClient http(clock, seed * 7919 + 1, faults);
        http.host(kind_.host, [this](auto const& r, WallTime t) { return receive(r, t); });
        life_ = std::make_unique<Life>(io, clock, http, store_, kind_, seed);
        std::set<std::int64_t> superseded;
        std::map<Answer::Kind, int> outcomes;
        auto const restart = [&](bool again) {
            superseded.merge(life_->engine.superseded);
            for (auto const& [kind, n] : life_->engine.outcomes) outcomes[kind] += n;
            life_.reset();
            if (again) life_ = std::make_unique<Life>(io, clock, http, store_, kind_, ++seed);
        };
        auto const down_from = start + 5h, down_to = start + 11h;
        std::uniform_int_distribution<int> gap(1, 600);
        while (clock.wall_now() < start + 24h) {
            clock.run_for(std::chrono::seconds{gap(random_)});
            auto const now = clock.wall_now();
            http.down(kind_.host, now >= down_from && now < down_to);
            life_->engine.add(happening(now));
            life_->bell.ring();
            if (gap(random_) < 40) {
                // Dies while a request is on its way as often as not.
                clock.run_for(std::chrono::milliseconds{gap(random_)});
                restart(true);
                ++restarts_;
            }
        }
        http.down(kind_.host, false);
        clock.run_for(2h);
        EXPECT_EQ(store_.size(), 0u) << "pages that never left";
        restart(false);
        check(superseded, down_to);
        EXPECT_GT(outcomes[Answer::Kind::retry], 20);
        EXPECT_GT(http.faults_happened(), 10u);
        EXPECT_GT(http.count(SimFault::down), 20u);
        EXPECT_LT(http.requests(), 4000u) << "a receiver that is down is not hammered";
        EXPECT_EQ(kind_.tool->refused, 0) << "the tool refused what we say";
        EXPECT_GT(busy_, 0);
        EXPECT_GT(restarts_, 3);
    }

    void check(std::set<std::int64_t> const& superseded, WallTime down_to) {
        std::set<std::int64_t> taken;
        std::map<std::string, std::int64_t> newest;  // by incident: the newest event taken in turn
        std::map<std::string, bool> heard;           // after the outage
        int states = 0;
        for (auto const& arrival : arrivals_) {
            bool const state = arrival.key.ends_with("-state");
            EXPECT_EQ(arrival.key, "i-" + std::to_string(arrival.event) + (state ? "-state" : ""));
            if (!arrival.accepted) continue;
            bool const first =
                arrival.at >= down_to && !std::exchange(heard[arrival.incident], true);
            if (state) {
                ++states;
                EXPECT_TRUE(arrival.at > down_to + 1h || first ||
                            states_.contains(arrival.incident))
                    << arrival.incident << ": the state comes before the history";
                states_.insert(arrival.incident);
                continue;
            }
            taken.insert(arrival.event);
            if (arrival.incident.empty()) continue;
            EXPECT_GE(arrival.event, newest[arrival.incident]) << "out of order";
            newest[arrival.incident] = arrival.event;
        }
        for (std::int64_t id = 1; id <= last_; ++id)
            EXPECT_TRUE(taken.contains(id) || superseded.contains(id)) << "lost: " << id;
        EXPECT_GE(states, 6) << "every incident was waiting when the outage ended";
        EXPECT_GT(superseded.size(), 5u);
        EXPECT_LT(superseded.size(), static_cast<std::size_t>(last_) / 2);
    }

    Kind kind_ = make_kind("webhook");
    std::mt19937_64 random_;
    std::map<std::int64_t, OutboxRow> store_;
    std::vector<Arrival> arrivals_;
    std::set<std::string> states_;
    std::unique_ptr<Life> life_;
    std::int64_t last_ = 0;
    int busy_ = 0, restarts_ = 0;
};

TEST_P(DeliverySimulation, EveryPageArrivesInOrderUnderOneKey) {
    run(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Seeds, DeliverySimulation, testing::Range<std::uint64_t>(1, 21));

// The same day with each other receiver: six hours away, throttled in its own way, caught up as
// promised.
class EveryReceiver : public DeliverySimulation {};
TEST_P(EveryReceiver, IsCaughtUpAfterItsOutage) {
    kind_ = make_kind(kind_names().at(GetParam()));
    run(500 + GetParam());
}
INSTANTIATE_TEST_SUITE_P(Kinds, EveryReceiver,
                         testing::Range<std::uint64_t>(1, kind_names().size()), [](auto const& p) {
                             auto name = kind_names().at(p.param);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

class NightDeliverySimulation : public DeliverySimulation {};
TEST_P(NightDeliverySimulation, EveryPageArrivesInOrderUnderOneKey) {
    for (std::uint64_t i = 0; i < 100; ++i) {
        store_.clear();
        arrivals_.clear();
        states_.clear();
        last_ = 0;
        busy_ = restarts_ = 0;
        run(1000 + GetParam() * 100 + i);
    }
}
INSTANTIATE_TEST_SUITE_P(NightSeeds, NightDeliverySimulation, testing::Range<std::uint64_t>(0, 10));

// One loop, one scripted receiver and sink: the rules one by one.
class Script final : public exporters::Receiver, public daemon::DeliverySink {
public:
    std::vector<HttpRequest> render(Page const& page, WallTime) const override {
        return requests(page.key == "silent" ? 0 : peers);
    }
    Answer judge(exporters::HttpResponse const& response) const override {
        Answer answer;
        if (response.status == 400) answer.kind = Answer::Kind::refused;
        if (response.status == 503) answer.kind = Answer::Kind::retry;
        answer.detail = std::to_string(response.status);
        return answer;
    }
    bool needs_all() const override { return all; }
    std::optional<std::chrono::seconds> lease() const override { return lease_every; }

    std::optional<Page> next_page(std::string const&, std::int64_t& row_id) override {
        if (pages.empty() || clock->wall_now() < due) return std::nullopt;
        Page page;
        page.key = pages.front();
        row_id = 1;
        return page;
    }
    void settled(std::string const&, std::int64_t, Answer const& answer) override {
        outcomes.push_back(answer);
        pages.erase(pages.begin());
    }
    std::vector<HttpRequest> state_requests(std::string const&,
                                            exporters::Receiver const&) override {
        states.push_back(clock->now());
        return requests(peers);
    }
    WallTime next_at(std::string const&) const override {
        return pages.empty() ? detectors::kNoTime : due;
    }

    static std::vector<HttpRequest> requests(int n) {
        std::vector<HttpRequest> out;
        for (int i = 0; i < n; ++i) {
            HttpRequest request;
            request.url = "http://p" + std::to_string(i) + ".example/";
            out.push_back(request);
        }
        return out;
    }

    SimClock* clock = nullptr;
    int peers = 2;
    bool all = false;
    std::optional<std::chrono::seconds> lease_every;
    std::vector<std::string> pages;
    WallTime due{};
    std::vector<Answer> outcomes;
    std::vector<detectors::Instant> states;
};

// Hands the loop a receiver that stays the test's.
class Borrowed final : public exporters::Receiver {
public:
    explicit Borrowed(Script& script) : script_(script) {}
    std::vector<HttpRequest> render(Page const& page, WallTime now) const override {
        return script_.render(page, now);
    }
    Answer judge(exporters::HttpResponse const& r) const override { return script_.judge(r); }
    bool needs_all() const override { return script_.needs_all(); }
    std::optional<std::chrono::seconds> lease() const override { return script_.lease(); }

private:
    Script& script_;
};

class DeliveryLoop : public testing::Test {
protected:
    DeliveryLoop() {
        script.clock = &clock;
        SimFaults calm;
        calm.latency_min = calm.latency_max = 100ms;
        http.faults(calm);
        for (std::size_t i = 0; i < 2; ++i)
            http.host("p" + std::to_string(i) + ".example",
                      [this, i](HttpRequest const&, WallTime) {
                          ++hits[i];
                          return answered(status[i]);
                      });
    }
    ~DeliveryLoop() override {
        supervisor.stop();
        clock.settle();
        EXPECT_EQ(supervisor.running(), 0u);
    }
    void start() {
        supervisor.start("loop", run_delivery_loop({clock, http, script, bell}, "r",
                                                   std::make_unique<Borrowed>(script)));
    }
    void page(std::string key = "k") {
        script.pages.push_back(std::move(key));
        bell.ring();
    }
    [[nodiscard]] Answer outcome() const {
        EXPECT_EQ(script.outcomes.size(), 1u);
        return script.outcomes.empty() ? Answer{} : script.outcomes.back();
    }

    boost::asio::io_context io{1};
    SimClock clock{io};
    SimHttpClient http{clock, 1};
    Script script;
    daemon::ClockBell bell{clock};
    daemon::Supervisor supervisor{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
    std::array<int, 2> status{200, 200}, hits{};
};

TEST_F(DeliveryLoop, ARingIsAnsweredAtOnce) {
    start();
    clock.run_for(10min);
    EXPECT_EQ(script.outcomes.size(), 0u);
    page();
    clock.run_for(200ms);
    EXPECT_EQ(outcome().kind, Answer::Kind::delivered);
    EXPECT_EQ(hits, (std::array<int, 2>{1, 1}));
}

TEST_F(DeliveryLoop, OnePeerIsEnough) {
    status = {503, 200};
    page();
    start();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::delivered);
    EXPECT_EQ(hits, (std::array<int, 2>{1, 1}));
}

TEST_F(DeliveryLoop, WithoutAnyPeerTheFirstThatMayTakeItLaterDecides) {
    status = {400, 503};
    page();
    start();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::retry);
    EXPECT_EQ(outcome().detail, "503");
}

TEST_F(DeliveryLoop, ARefusalByAllIsARefusal) {
    status = {400, 400};
    page();
    start();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::refused);
}

TEST_F(DeliveryLoop, NoAnswerMeansAgainAndSaysWhy) {
    http.down("p0.example", true);
    http.down("p1.example", true);
    page();
    start();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::retry);
    EXPECT_EQ(outcome().detail, "transient: connect: simulated: refused");
}

TEST_F(DeliveryLoop, StepsGoInOrderAndStopAtTheFirstThatFails) {
    script.all = true;
    status = {503, 200};
    page();
    start();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::retry);
    EXPECT_EQ(hits, (std::array<int, 2>{1, 0}));
    script.outcomes.clear();
    status = {200, 400};
    page();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::refused);
    EXPECT_EQ(hits, (std::array<int, 2>{2, 1}));
}

TEST_F(DeliveryLoop, APageThatSaysNothingHereIsSettledWithoutARequest) {
    for (int i = 0; i < 1000; ++i) script.pages.push_back("silent");
    start();
    clock.run_for(1s);
    EXPECT_EQ(script.outcomes.size(), 1000u);
    EXPECT_EQ(script.outcomes[0].kind, Answer::Kind::delivered);
    EXPECT_EQ(script.outcomes[0].detail, "nothing to say");
    EXPECT_EQ(http.requests(), 0u);
}

TEST_F(DeliveryLoop, TheLeaseIsRenewedAtTheStartAndOnTimeWhateverElseHappens) {
    script.lease_every = 60s;
    start();
    clock.run_for(1s);
    EXPECT_EQ(script.states.size(), 1u);
    for (int i = 0; i < 30; ++i) {
        page();
        clock.run_for(20s);
    }
    EXPECT_EQ(script.states.size(), 11u);
    for (std::size_t i = 1; i < script.states.size(); ++i) {
        auto const apart = script.states[i] - script.states[i - 1];
        EXPECT_GE(apart, 60s);
        EXPECT_LE(apart, 61s);
    }
}

// A peer that hangs costs each page its timeout only once: after that the lease alone tries it.
TEST_F(DeliveryLoop, APeerThatHangsHoldsNobodyUp) {
    script.lease_every = 60s;
    script.peers = 2;
    http.host("p0.example", [this](HttpRequest const&, WallTime) {
        ++hits[0];
        return answered(200);
    });
    SimFaults hang;
    hang.timeout = 1.0;
    http.faults(hang);  // the first state: both time out
    start();
    clock.run_for(30s);
    SimFaults calm;
    calm.latency_min = calm.latency_max = 100ms;
    http.faults(calm);
    http.down("p0.example", true);
    page();
    clock.run_for(1s);
    EXPECT_EQ(outcome().kind, Answer::Kind::delivered);
    auto const before = http.requests();
    page();
    clock.run_for(1s);
    EXPECT_EQ(script.outcomes.size(), 2u);
    EXPECT_EQ(http.requests(), before + 1) << "only the peer that answers";
    http.down("p0.example", false);
    clock.run_for(60s);  // the lease finds it again
    page();
    auto const both = http.requests();
    clock.run_for(1s);
    EXPECT_EQ(http.requests(), both + 2);
}

TEST_F(DeliveryLoop, AWallClockThatIsSetForwardIsNoticedWithinAMinute) {
    script.due = clock.wall_now() + 5h;
    page();
    start();
    clock.run_for(10min);
    EXPECT_EQ(script.outcomes.size(), 0u);
    clock.jump_wall(5h);
    clock.run_for(61s);
    EXPECT_EQ(script.outcomes.size(), 1u);
}

TEST_F(DeliveryLoop, ARowThatIsHeldBackDoesNotSpin) {
    start();
    clock.settle();
    auto const before = clock.steps();
    script.due = clock.wall_now() + 1h;
    page();
    clock.run_for(1h - 1s);
    EXPECT_LT(clock.steps() - before, 200u);
}

TEST_F(DeliveryLoop, WhatIsInFlightWhenItIsStoppedStaysUnsettled) {
    page();
    start();
    clock.run_for(20ms);
    EXPECT_EQ(http.requests(), 1u);
    supervisor.stop();
    clock.run_for(1min);
    EXPECT_EQ(supervisor.running(), 0u);
    EXPECT_EQ(script.outcomes.size(), 0u);
}

}  // namespace
}  // namespace surged::tests
