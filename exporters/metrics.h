// Every series surged exports, in one struct: what is not here is not exported. Contract section 7
// is its law.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::exporters {

// Counters and histograms live here, each created at 0 by declare_*() so that rate() has a first
// sample before the first failure. Gauges, and the counters of streams, are read from the engine's
// state at scrape time (see StateSource): a gauge of something not yet known is then simply absent,
// and counting a mention costs one increment of an integer. Label values come from the
// configuration, never from a mention. Not thread-safe beyond what prometheus-cpp is.
class Metrics {
public:
    Metrics();

    void declare_account(std::string const& account, std::string const& platform);
    void declare_receiver(std::string const& receiver);
    // One platform of one brand, with the clocks its policy has.
    void declare_clocks(std::string const& brand, std::string const& platform,
                        std::vector<std::string> const& kinds);
    void declare_brand(std::string const& brand);
    void declare_task(std::string const& task);

    void poll(std::string const& account, std::string const& platform, std::string_view outcome,
              double seconds);
    void notification(std::string const& receiver,
                      std::string_view outcome);  // delivered, retried, rejected, failed
    void notification_delay(std::string const& receiver, double seconds);
    void incident_opened(std::string const& brand, std::string_view severity);
    void clock_done(std::string const& brand, std::string const& platform, std::string_view kind,
                    std::string_view outcome);  // met, breached, dropped
    void detection_delay(std::string const& platform, double seconds);
    void time_to(std::string_view kind, std::string const& platform, double seconds);
    void storage_error(std::string const& kind);
    void task_death(std::string const& task);
    void loop_lag(double seconds) { loop_lag_->Observe(seconds); }
    void reloaded(bool successful, double timestamp_seconds);
    void build(std::string const& version, std::string const& revision);

    // Something else that has families to show at scrape time; it outlives this or is removed by
    // destroying it first.
    void add_source(std::weak_ptr<prometheus::Collectable> const& source) {
        sources_.push_back(source);
    }

    // The page of /metrics, families in order of name.
    [[nodiscard]] std::string text() const;

private:
    prometheus::Registry registry_;
    std::vector<std::weak_ptr<prometheus::Collectable>> sources_;

    prometheus::Family<prometheus::Counter>* poll_requests_;
    prometheus::Family<prometheus::Histogram>* poll_duration_;
    prometheus::Family<prometheus::Counter>* notifications_;
    prometheus::Family<prometheus::Histogram>* notification_delay_;
    prometheus::Family<prometheus::Counter>* incidents_opened_;
    prometheus::Family<prometheus::Counter>* clocks_;
    prometheus::Family<prometheus::Histogram>* detection_delay_;
    std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> times_;
    prometheus::Family<prometheus::Counter>* storage_errors_;
    prometheus::Family<prometheus::Counter>* task_deaths_;
    prometheus::Histogram* loop_lag_;
    prometheus::Gauge* reload_successful_;
    prometheus::Family<prometheus::Gauge>* reload_time_;
    prometheus::Family<prometheus::Gauge>* build_info_;
};

// Families made at scrape time.
class FamilyBuilder {
public:
    // Begins a family; `type` is Gauge or Counter.
    void begin(std::string name, std::string help, prometheus::MetricType type);
    void add(std::vector<std::pair<std::string, std::string>> const& labels, double value);
    [[nodiscard]] std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

private:
    std::vector<prometheus::MetricFamily> families_;
};

}  // namespace surged::exporters
