// Microsoft Teams: a Workflows webhook ("When a Teams webhook request is received") that takes an
// Adaptive Card. Source:
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors.
#pragma once

#include "config/values.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>

namespace surged::exporters {

// Keys: `url_file` (the whole URL is the secret), `ca_file`. Strangers' text stands in TextRuns,
// which know no markup. Nothing comes back: a workflow has no bot; the card links to the console.
// A connector answers a throttled or failed post with 200 and says so in the body only.
class TeamsReceiver final : public Receiver {
public:
    static constexpr std::size_t kTitle = 300, kLine = 1000, kBody = 6000, kLines = 40;

    explicit TeamsReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string url_, ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_teams(std::string const& name,
                                                   config::Values const& values);

}  // namespace surged::exporters
