// PagerDuty, Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview): trigger,
// acknowledge and resolve under keys that never change.
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <string_view>

namespace surged::exporters {

// Keys: `routing_key_file`, `url` (EU accounts have their own), `ca_file`.
//
//   surged/INCIDENT                    triggered by opened, reopened, grown, joined, warnings and
//                                      vanished evidence; acknowledged; resolved by resolved,
//                                      closed
//   surged/INCIDENT/PLATFORM/KIND/RUN  triggered by a breach and its repeats; resolved once the
//                                      clock is met or dropped
//   surged/INCIDENT/evidence           evidence that vanishes after the closing
//   surged/stream/NAME                 triggered when blind, resolved when restored
//   surged/EVENT/NAME                  what else concerns no incident; a person resolves it
//
// PagerDuty cannot take an acknowledgement back, and a trigger under an acknowledged key rings
// nobody: incident.unacknowledged therefore resolves the key and triggers it anew. A resolve or an
// acknowledge without an open alert is dropped there in silence, so saying one too many is
// harmless.
class PagerDutyReceiver final : public Receiver {
public:
    static constexpr std::string_view kUrl = "https://events.pagerduty.com/v2/enqueue";
    static constexpr std::size_t kSummary = 1024;  // characters; kept in bytes
    static constexpr std::size_t kDedupKey = 255;  // characters

    explicit PagerDutyReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;
    [[nodiscard]] bool needs_all() const override { return true; }

private:
    [[nodiscard]] HttpRequest event(std::string body) const;
    [[nodiscard]] HttpRequest trigger(std::string const& key, Page const& page,
                                      std::string_view severity, detectors::WallTime now) const;
    [[nodiscard]] HttpRequest change(std::string_view action, std::string const& key) const;
    // Resolves what the clocks of these kinds rang and ring no more.
    void resolve_breaches(std::vector<HttpRequest>& out, Page const& page, bool acknowledge,
                          bool respond, bool resolve) const;
    void render_incident(std::vector<HttpRequest>& out, Page const& page,
                         detectors::WallTime now) const;
    void render_state_of(std::vector<HttpRequest>& out, Page const& page,
                         detectors::WallTime now) const;
    void render_notice(std::vector<HttpRequest>& out, Page const& page,
                       detectors::WallTime now) const;

    std::string url_, routing_key_, ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_pagerduty(std::string const& name,
                                                       config::Values const& values);

// Webhooks v3 (https://developer.pagerduty.com/docs/webhooks-overview), key `webhook_secret_file`.
// The signature covers the body alone, so an event is heard once by its id, and never when it is
// older than PagerDuty's own retries. Anything authentic is answered 202: three refusals in a row
// would switch the subscription off for a day.
class PagerDutyBackChannel final : public BackChannel {
public:
    static constexpr std::chrono::hours kOldest{72};
    explicit PagerDutyBackChannel(config::Values const& values);
    [[nodiscard]] HookAnswer hook(HookRequest const& request,
                                  detectors::WallTime now) const override;

private:
    std::string secret_;
};
[[nodiscard]] std::unique_ptr<BackChannel> make_pagerduty_back_channel(
    std::string const& name, config::Values const& values);

}  // namespace surged::exporters
