// Discord: a channel's webhook (https://discord.com/developers/docs/resources/webhook).
#pragma once

#include "config/values.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>

namespace surged::exporters {

// Keys: `url_file` (id and token are in the URL), `ca_file`. Asked with wait=true: without it
// Discord does not say that a message was not saved. `allowed_mentions: {parse: []}` keeps every
// ping out, backslashes every markup. 429 carries `retry_after` in seconds with a fraction; a
// webhook that answers 401, 403 or 404 is gone and must not be asked on (10 000 such answers in ten
// minutes ban the address): refused. Nothing comes back: a webhook without an app has no buttons.
class DiscordReceiver final : public Receiver {
public:
    static constexpr std::size_t kContent = 1900, kTitle = 250, kDescription = 3800;

    explicit DiscordReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string url_, ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_discord(std::string const& name,
                                                     config::Values const& values);

}  // namespace surged::exporters
