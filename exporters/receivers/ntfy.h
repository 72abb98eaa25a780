// ntfy (https://docs.ntfy.sh/publish/): a push to phones; published as JSON, so no text of ours is
// ever a header.
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <string_view>

namespace surged::exporters {

// Keys: `url` (ntfy.sh when absent), `topic`, `token_file`, `ca_file`. A topic is all that protects
// a topic of a public server: whoever knows it reads along, and can press the button.
//
// The button posts the page's signed link back to us: `server.external_url` must be one that the
// phone reaches. Messages have 4096 bytes at most; a longer one would become an attachment. 429
// with code 42908 is the quota of a day: asked again after 15 minutes.
class NtfyReceiver final : public Receiver {
public:
    static constexpr std::string_view kUrl = "https://ntfy.sh";
    static constexpr std::size_t kTitle = 250, kMessage = 3800;

    explicit NtfyReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string url_, topic_, token_, ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_ntfy(std::string const& name,
                                                  config::Values const& values);

// The signed link that came back (acknowledge_link). ntfy does not say who pressed: `by` is the
// receiver's name. Its secret is `link_key`, which the daemon puts among the values.
class NtfyBackChannel final : public BackChannel {
public:
    NtfyBackChannel(std::string name, config::Values const& values);
    [[nodiscard]] HookAnswer hook(HookRequest const& request,
                                  detectors::WallTime now) const override;

private:
    std::string name_, key_;
};
[[nodiscard]] std::unique_ptr<BackChannel> make_ntfy_back_channel(std::string const& name,
                                                                  config::Values const& values);

}  // namespace surged::exporters
