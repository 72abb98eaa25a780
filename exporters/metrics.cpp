#include "exporters/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace surged::exporters {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;

constexpr std::array<std::string_view, 12> kOutcomes{
    "ok",         "throttled",   "budget",    "auth",      "forbidden", "not_found",
    "bad_cursor", "bad_request", "transient", "malformed", "too_large", "timeout"};
constexpr std::array<std::string_view, 4> kDeliveries{"delivered", "retried", "rejected", "failed"};

Histogram::BucketBoundaries poll_buckets() {
    return {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}
Histogram::BucketBoundaries delivery_buckets() {
    return {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 21600};
}
// Of people and of surges: a minute to two days.
Histogram::BucketBoundaries human_buckets() {
    return {60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800};
}
Histogram::BucketBoundaries lag_buckets() {
    return {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
}

}  // namespace

Metrics::Metrics() {
    poll_requests_ = &BuildCounter()
                          .Name("surged_poll_requests_total")
                          .Help("Requests to platforms by outcome.")
                          .Register(registry_);
    poll_duration_ = &BuildHistogram()
                          .Name("surged_poll_duration_seconds")
                          .Help("One exchange with a platform, name resolution to last byte.")
                          .Register(registry_);
    notifications_ = &BuildCounter()
                          .Name("surged_notifications_total")
                          .Help("Attempts to deliver a page by outcome.")
                          .Register(registry_);
    notification_delay_ = &BuildHistogram()
                               .Name("surged_notification_delay_seconds")
                               .Help("From the instant a page was due to its delivery.")
                               .Register(registry_);
    incidents_opened_ = &BuildCounter()
                             .Name("surged_incidents_opened_total")
                             .Help("Incidents opened, by severity at opening.")
                             .Register(registry_);
    clocks_ = &BuildCounter()
                   .Name("surged_clocks_total")
                   .Help("Response deadlines by how they ended, each counted once.")
                   .Register(registry_);
    detection_delay_ = &BuildHistogram()
                            .Name("surged_detection_delay_seconds")
                            .Help("From the estimated onset of a surge to its incident.")
                            .Register(registry_);
    for (auto const* kind : {"acknowledge", "respond", "resolve"})
        times_[kind] =
            &BuildHistogram()
                 .Name(std::string("surged_time_to_") + kind + "_seconds")
                 .Help(std::string("From the start of the clock to its end by ") + kind + ".")
                 .Register(registry_);
    storage_errors_ = &BuildCounter()
                           .Name("surged_storage_errors_total")
                           .Help("Failed writes of the state directory.")
                           .Register(registry_);
    task_deaths_ =
        &BuildCounter()
             .Name("surged_task_deaths_total")
             .Help("Tasks that ended by a bug; the process stops and systemd restarts it.")
             .Register(registry_);
    loop_lag_ = &BuildHistogram()
                     .Name("surged_loop_lag_seconds")
                     .Help("How late the event loop ran a timer.")
                     .Register(registry_)
                     .Add({}, lag_buckets());
    reload_successful_ = &BuildGauge()
                              .Name("surged_config_last_reload_successful")
                              .Help("Whether the last load of the configuration was accepted.")
                              .Register(registry_)
                              .Add({});
    reload_time_ = &BuildGauge()
                        .Name("surged_config_last_reload_timestamp_seconds")
                        .Help("When a configuration was last accepted.")
                        .Register(registry_);
    build_info_ = &BuildGauge().Name("surged_build_info").Help("Constant 1.").Register(registry_);
    storage_errors_->Add({{"kind", "commit"}});
    storage_errors_->Add({{"kind", "prune"}});
}

void Metrics::declare_account(std::string const& account, std::string const& platform) {
    for (auto const outcome : kOutcomes)
        poll_requests_->Add(
            {{"account", account}, {"platform", platform}, {"outcome", std::string(outcome)}});
    poll_duration_->Add({{"platform", platform}}, poll_buckets());
}

void Metrics::declare_receiver(std::string const& receiver) {
    for (auto const outcome : kDeliveries)
        notifications_->Add({{"receiver", receiver}, {"outcome", std::string(outcome)}});
    notification_delay_->Add({{"receiver", receiver}}, delivery_buckets());
}

void Metrics::declare_clocks(std::string const& brand, std::string const& platform,
                             std::vector<std::string> const& kinds) {
    for (auto const& kind : kinds) {
        for (auto const* outcome : {"met", "breached", "dropped"})
            clocks_->Add(
                {{"brand", brand}, {"platform", platform}, {"kind", kind}, {"outcome", outcome}});
        times_.at(kind)->Add({{"platform", platform}}, human_buckets());
    }
    detection_delay_->Add({{"platform", platform}}, human_buckets());
}

void Metrics::declare_brand(std::string const& brand) {
    for (auto const* severity : {"warning", "critical"})
        incidents_opened_->Add({{"brand", brand}, {"severity", severity}});
}

void Metrics::declare_task(std::string const& task) {
    task_deaths_->Add({{"task", task}});
}

void Metrics::poll(std::string const& account, std::string const& platform,
                   std::string_view outcome, double seconds) {
    poll_requests_
        ->Add({{"account", account}, {"platform", platform}, {"outcome", std::string(outcome)}})
        .Increment();
    poll_duration_->Add({{"platform", platform}}, poll_buckets()).Observe(seconds);
}

void Metrics::notification(std::string const& receiver, std::string_view outcome) {
    notifications_->Add({{"receiver", receiver}, {"outcome", std::string(outcome)}}).Increment();
}

void Metrics::notification_delay(std::string const& receiver, double seconds) {
    notification_delay_->Add({{"receiver", receiver}}, delivery_buckets())
        .Observe(std::max(0.0, seconds));
}

void Metrics::incident_opened(std::string const& brand, std::string_view severity) {
    incidents_opened_->Add({{"brand", brand}, {"severity", std::string(severity)}}).Increment();
}

void Metrics::clock_done(std::string const& brand, std::string const& platform,
                         std::string_view kind, std::string_view outcome) {
    clocks_
        ->Add({{"brand", brand},
               {"platform", platform},
               {"kind", std::string(kind)},
               {"outcome", std::string(outcome)}})
        .Increment();
}

void Metrics::detection_delay(std::string const& platform, double seconds) {
    detection_delay_->Add({{"platform", platform}}, human_buckets())
        .Observe(std::max(0.0, seconds));
}

void Metrics::time_to(std::string_view kind, std::string const& platform, double seconds) {
    auto const it = times_.find(kind);
    if (it == times_.end()) return;
    it->second->Add({{"platform", platform}}, human_buckets()).Observe(std::max(0.0, seconds));
}

void Metrics::storage_error(std::string const& kind) {
    storage_errors_->Add({{"kind", kind}}).Increment();
}

void Metrics::task_death(std::string const& task) {
    task_deaths_->Add({{"task", task}}).Increment();
}

void Metrics::reloaded(bool successful, double timestamp_seconds) {
    reload_successful_->Set(successful ? 1 : 0);
    if (successful) reload_time_->Add({}).Set(timestamp_seconds);
}

void Metrics::build(std::string const& version, std::string const& revision) {
    build_info_->Add({{"version", version}, {"revision", revision}}).Set(1);
}

std::string Metrics::text() const {
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    for (auto const& weak : sources_)
        if (auto const source = weak.lock())
            for (auto& family : source->Collect()) families.push_back(std::move(family));
    std::erase_if(families, [](auto const& family) { return family.metric.empty(); });
    std::stable_sort(families.begin(), families.end(),
                     [](auto const& a, auto const& b) { return a.name < b.name; });
    return prometheus::TextSerializer().Serialize(families);
}

void FamilyBuilder::begin(std::string name, std::string help, prometheus::MetricType type) {
    prometheus::MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    families_.push_back(std::move(family));
}

void FamilyBuilder::add(std::vector<std::pair<std::string, std::string>> const& labels,
                        double value) {
    prometheus::MetricFamily& family = families_.back();
    prometheus::ClientMetric metric;
    for (auto const& [name, text] : labels) {
        prometheus::ClientMetric::Label label;
        label.name = name;
        label.value = text;
        metric.label.push_back(std::move(label));
    }
    if (family.type == prometheus::MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
}

}  // namespace surged::exporters
