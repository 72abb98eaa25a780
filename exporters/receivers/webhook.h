// The generic webhook: the event object itself, signed by Standard Webhooks 1.0.0
// (https://www.standardwebhooks.com). Source of the rules: its specification.
#pragma once

#include "config/values.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>

namespace surged::exporters {

// Keys: `url`, `secret_file` ("whsec_" and base64, or raw bytes; none: unsigned), `ca_file`.
// `webhook-id` is the page's key, the same at every attempt; timestamp and signature are of the
// attempt. 410 means that the endpoint is gone: refused, like every 4xx but 408, 425 and 429.
class WebhookReceiver final : public Receiver {
public:
    explicit WebhookReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string url_, ca_file_;
    std::string key_;  // decoded; empty: nothing is signed
};

[[nodiscard]] std::unique_ptr<Receiver> make_webhook(std::string const& name,
                                                     config::Values const& values);

}  // namespace surged::exporters
