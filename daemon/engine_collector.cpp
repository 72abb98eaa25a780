// The engine's state as metric families at scrape time: contract section 7, the gauges and the
// counters of streams.
#include "daemon/engine.h"
#include "daemon/views.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

using exporters::FamilyBuilder;
using Labels = std::vector<std::pair<std::string, std::string>>;

double seconds(WallTime t) {
    return std::chrono::duration<double>(t.time_since_epoch()).count();
}

constexpr auto kGauge = prometheus::MetricType::Gauge;
constexpr auto kCounter = prometheus::MetricType::Counter;

class EngineCollector final : public prometheus::Collectable {
public:
    EngineCollector(Engine const& engine, std::function<WallTime()> now)
        : engine_(engine), now_(std::move(now)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        FamilyBuilder out;
        streams(out);
        brands(out);
        receivers(out);
        storage(out);
        return out.take();
    }

private:
    // The streams that have series of their own; the counters of the others are summed under
    // "_other".
    [[nodiscard]] std::pair<std::vector<StreamState const*>, std::vector<StreamState const*>>
    shown() const {
        std::vector<StreamState const*> own, other;
        std::size_t const limit = engine_.settings().metric_streams;
        bool const all = engine_.streams().size() <= limit;
        for (auto const& [name, s] : engine_.streams())
            (all || s->judge.surging() || s->blind ? own : other).push_back(s.get());
        return {std::move(own), std::move(other)};
    }

    void streams(FamilyBuilder& out) const {
        auto const split = shown();  // not a structured binding: Clang 14 cannot capture one
        auto const& own = split.first;
        auto const& other = split.second;
        counters(out, own, other);
        auto const gauge = [&](char const* name, char const* help, auto value) {
            out.begin(name, help, kGauge);
            for (StreamState const* s : own) {
                std::optional<double> const v = value(*s);
                if (v) out.add({{"stream", s->settings.name}}, *v);
            }
        };
        using Value = std::optional<double>;
        auto const closed = [](StreamState const& s) {
            return s.intake.committed_until() != kNoTime;
        };
        gauge("surged_stream_observed_mentions", "Mentions of the last closed minute.",
              [&](auto const& s) { return closed(s) ? Value(s.judge.last().observed) : Value(); });
        gauge("surged_stream_expected_mentions",
              "Mentions that its history explains in that minute.",
              [&](auto const& s) { return closed(s) ? Value(s.judge.last().expected) : Value(); });
        gauge("surged_stream_upper_mentions",
              "Mentions in that minute at which a page would be due.",
              [&](auto const& s) { return closed(s) ? Value(s.judge.last().upper) : Value(); });
        gauge("surged_stream_score", "0 calm to 1 surge.",
              [&](auto const& s) { return closed(s) ? Value(s.judge.last().score) : Value(); });
        gauge("surged_stream_up", "Whether the stream is being read.",
              [](auto const& s) { return Value(s.blind ? 0 : 1); });
        gauge("surged_stream_learning", "Whether the stream has less than a day of history.",
              [](auto const& s) { return Value(s.judge.learning() || not_read_yet(s) ? 1 : 0); });
        gauge("surged_stream_covered_until_timestamp_seconds",
              "Event time up to which it is complete.", [](auto const& s) {
                  WallTime const t = s.intake.covered_until();
                  return t == kNoTime ? Value() : Value(seconds(t));
              });
        gauge("surged_poll_last_success_timestamp_seconds", "When a poll or a push last succeeded.",
              [](auto const& s) {
                  return s.last_success == kNoTime ? Value() : Value(seconds(s.last_success));
              });
        gauge("surged_poll_interval_seconds", "The wait before the next poll.", [](auto const& s) {
            return s.interval.count() == 0 ? Value() : Value(double(s.interval.count()));
        });
        out.begin("surged_stream_surging", "Whether the stream is in surge.", kGauge);
        for (StreamState const* s : own)
            out.add({{"stream", s->settings.name},
                     {"brand", s->settings.brand},
                     {"platform", s->settings.platform}},
                    s->judge.surging() ? 1 : 0);
        out.begin("surged_streams_blind", "Streams of which nothing is known at present.", kGauge);
        std::map<std::pair<std::string, std::string>, int> blind;
        for (auto const& [name, s] : engine_.streams())
            blind[{s->settings.brand, s->settings.platform}] += s->blind ? 1 : 0;
        for (auto const& [key, n] : blind)
            out.add({{"brand", key.first}, {"platform", key.second}}, n);
    }

    static void counters(FamilyBuilder& out, std::vector<StreamState const*> const& own,
                         std::vector<StreamState const*> const& other) {
        out.begin("surged_mentions_total", "Distinct mentions counted, late ones too.", kCounter);
        for (StreamState const* s : own)
            out.add({{"stream", s->settings.name},
                     {"platform", s->settings.platform},
                     {"brand", s->settings.brand}},
                    double(s->mentions_counter()));
        std::map<std::pair<std::string, std::string>, double> rest;
        for (StreamState const* s : other)
            rest[{s->settings.platform, s->settings.brand}] += double(s->mentions_counter());
        for (auto const& [key, n] : rest)
            out.add({{"stream", "_other"}, {"platform", key.first}, {"brand", key.second}}, n);

        auto const counter = [&](char const* name, char const* help, auto value) {
            out.begin(name, help, kCounter);
            double sum = 0;
            for (StreamState const* s : own) out.add({{"stream", s->settings.name}}, value(*s));
            for (StreamState const* s : other) sum += value(*s);
            if (!other.empty()) out.add({{"stream", "_other"}}, sum);
        };
        counter("surged_mentions_late_total", "Mentions that came after their minute was judged.",
                [](auto const& s) { return double(s.late); });
        counter("surged_stream_gap_seconds_total", "Event time that the platform could not tell.",
                [](auto const& s) { return s.gap_seconds; });
        counter("surged_poll_backfill_pages_total", "Further pages of walks.",
                [](auto const& s) { return double(s.backfill_pages); });
        out.begin("surged_mentions_discarded_total", "Mentions not counted, by reason.", kCounter);
        using Member = std::uint64_t StreamState::*;
        constexpr std::array<std::pair<char const*, Member>, 4> kReasons{
            {{"duplicate", &StreamState::duplicate},
             {"excluded", &StreamState::excluded},
             {"malformed", &StreamState::malformed},
             {"future", &StreamState::future}}};
        for (auto const& [reason, member] : kReasons) {
            for (StreamState const* s : own)
                out.add({{"stream", s->settings.name}, {"reason", reason}}, double(s->*member));
            double sum = 0;
            for (StreamState const* s : other) sum += double(s->*member);
            if (!other.empty()) out.add({{"stream", "_other"}, {"reason", reason}}, sum);
        }
    }

    void brands(FamilyBuilder& out) const {
        WallTime const now = now_();
        out.begin("surged_incidents",
                  "Incidents by state; closed ones while they are kept at hand.", kGauge);
        constexpr std::array<IncidentState, 5> kStates{
            IncidentState::open, IncidentState::acknowledged, IncidentState::responded,
            IncidentState::resolved, IncidentState::closed};
        struct Next {
            WallTime due = kNoTime;
            double used = 0;
        };
        std::map<std::tuple<std::string, std::string, std::string>, Next> clocks;
        for (auto const& [brand, desk] : engine_.desks()) {
            std::map<IncidentState, int> count;
            for (Incident const& incident : desk.incidents()) {
                if (incident.drill) continue;
                ++count[incident.state];
                for (detectors::Clock const& clock : incident.clocks) {
                    if (clock.state != ClockState::running && clock.state != ClockState::breached)
                        continue;
                    Next& next =
                        clocks[{brand, clock.platform, std::string(to_string(clock.kind))}];
                    if (next.due != kNoTime && next.due <= clock.due) continue;
                    double const whole =
                        std::chrono::duration<double>(clock.due - clock.start).count();
                    double const gone = std::chrono::duration<double>(now - clock.start).count();
                    next = {clock.due, whole > 0 ? gone / whole : 1};
                }
            }
            for (IncidentState const state : kStates)
                out.add({{"brand", brand}, {"state", std::string(to_string(state))}}, count[state]);
        }
        auto const labels = [](auto const& key) {
            return Labels{{"brand", std::get<0>(key)},
                          {"platform", std::get<1>(key)},
                          {"kind", std::get<2>(key)}};
        };
        out.begin("surged_clock_due_timestamp_seconds", "When the earliest open clock is due.",
                  kGauge);
        for (auto const& [key, next] : clocks) out.add(labels(key), seconds(next.due));
        out.begin("surged_clock_budget_used_ratio",
                  "Share of that clock's time used; over 1 once breached.", kGauge);
        for (auto const& [key, next] : clocks) out.add(labels(key), next.used);
    }

    void receivers(FamilyBuilder& out) const {
        out.begin("surged_notification_queue", "Pages that wait for the receiver.", kGauge);
        for (auto const& [name, receiver] : engine_.settings().receivers)
            out.add({{"receiver", name}}, double(engine_.outbox().waiting(name)));
        out.begin("surged_notification_oldest_timestamp_seconds",
                  "When the oldest waiting page was due.", kGauge);
        for (auto const& [name, receiver] : engine_.settings().receivers) {
            WallTime const oldest = engine_.outbox().oldest(name);
            if (oldest != kNoTime) out.add({{"receiver", name}}, seconds(oldest));
        }
    }

    void storage(FamilyBuilder& out) const {
        if (engine_.store() == nullptr) return;
        out.begin("surged_storage_bytes", "Size of the state directory's files.", kGauge);
        for (auto const& [kind, bytes] : engine_.store()->sizes())
            out.add({{"kind", kind}}, double(bytes));
    }

    Engine const& engine_;
    std::function<WallTime()> now_;
};

}  // namespace

std::shared_ptr<prometheus::Collectable> engine_collector(Engine const& engine,
                                                          std::function<WallTime()> now) {
    return std::make_shared<EngineCollector>(engine, std::move(now));
}

}  // namespace surged::daemon
