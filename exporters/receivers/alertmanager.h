// Prometheus Alertmanager, API v2: a sink with a lease. It forgets what is not said again, so the
// present state of every incident goes out each minute; a page is the same, sooner.
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <vector>

namespace surged::exporters {

// Keys: `urls` (every peer: alerts are not gossiped between them), `ca_file`.
//
// Labels are an alert's identity, so nothing that changes is one:
//   SurgedIncident       alertname, brand, incident, drill; from the opening to the closing
//   SurgedClockBreached  platform and kind besides; from the due time until it is met or dropped
//   SurgedStreamBlind, SurgedStreamGap, SurgedBudgetLow, SurgedReceiverFailed, SurgedNotice
//                        alertname, brand, stream, drill: what concerns no incident; not leased,
//                        a blind stream's lasts until it is restored (a day at most), the others an
//                        hour
// Annotations: summary, description, due, severity, plan_url. An alert that ended is said for
// kResolvedFor more, with its true end. Without us an alert ends 4 leases after it was last said.
class AlertmanagerReceiver final : public Receiver {
public:
    static constexpr std::chrono::seconds kLease{60};
    static constexpr std::chrono::seconds kLives = 4 * kLease;  // survives three lost re-sends
    static constexpr std::chrono::minutes kResolvedFor{15};     // as Prometheus does

    explicit AlertmanagerReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;
    [[nodiscard]] std::optional<std::chrono::seconds> lease() const override { return kLease; }
    [[nodiscard]] std::vector<HttpRequest> render_state(
        std::vector<detectors::Incident const*> const& open,
        std::vector<detectors::Incident const*> const& just_closed, std::string const& external_url,
        std::string const& plan_url, detectors::WallTime now) const override;

private:
    [[nodiscard]] std::vector<HttpRequest> to_all_peers(std::string const& body) const;

    std::vector<std::string> alerts_urls_;
    std::string ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_alertmanager(std::string const& name,
                                                          config::Values const& values);

// A silence that names the label `incident` outright and whose comment begins with `ack_prefix`
// (default "ack", in any case) acknowledges, by its creator. Asked of one peer after the other
// until one answers: peers gossip silences. A silence is heard once, by its id; that it ends, or is
// lost with its Alertmanager, takes nothing back.
class AlertmanagerBackChannel final : public BackChannel {
public:
    static constexpr std::chrono::seconds kEvery{15};
    explicit AlertmanagerBackChannel(config::Values const& values);
    [[nodiscard]] std::optional<Listening> listen(std::string const& state) const override;
    [[nodiscard]] Overheard overhear(HttpResponse const& response, std::string const& state,
                                     detectors::WallTime now) const override;

private:
    std::string prefix_, ca_file_;
    std::vector<std::string> urls_;
};
[[nodiscard]] std::unique_ptr<BackChannel> make_alertmanager_back_channel(
    std::string const& name, config::Values const& values);

}  // namespace surged::exporters
