// Slack: an incoming webhook, or an app's bot that keeps one message per incident up to date and
// says what happens in its thread. Buttons come back by interactivity (slack_back_channel.cpp).
// Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
// /reference/methods/chat.postMessage, .../chat.update.
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>

namespace surged::exporters {

// Keys: `url_file`; or `bot_token_file` and `channel`, `url` (of the Web API; GovSlack has its
// own); `signing_secret_file` (with it messages have a button to acknowledge), `ca_file`.
//
// Strangers' text stands in plain_text objects with & < > escaped, so that neither <!channel> nor
// <@U1> pings; `parse: none` keeps names from becoming links.
//
// The bot remembers "CHANNEL TS" of an incident's message. A page of an incident that has one is
// two steps: chat.update with the present state, chat.postMessage into its thread (broadcast when
// it must wake people). A message that somebody deleted is forgotten, and the page goes again as a
// new one. Slack knows no idempotency key: an answer lost on its way repeats a message.
class SlackReceiver final : public Receiver {
public:
    static constexpr std::string_view kUrl = "https://slack.com/api/";
    static constexpr std::size_t kHeader = 150, kSection = 3000, kText = 1000;

    explicit SlackReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;
    [[nodiscard]] bool needs_all() const override { return true; }

private:
    [[nodiscard]] HttpRequest post(std::string url, std::string body) const;
    [[nodiscard]] HttpRequest say(Page const& page, ChatPage const& chat,
                                  std::string_view thread) const;
    [[nodiscard]] HttpRequest update(Page const& page, ChatPage const& chat) const;
    [[nodiscard]] Answer judge_webhook(HttpResponse const& response) const;

    std::string webhook_url_, api_url_, token_, channel_, ca_file_;
    bool buttons_ = false;
};

[[nodiscard]] std::unique_ptr<Receiver> make_slack(std::string const& name,
                                                   config::Values const& values);

// A button that was pressed: `application/x-www-form-urlencoded`, `payload=JSON`, signed as
// https://docs.slack.dev/authentication/verifying-requests-from-slack says (v0, five minutes).
class SlackBackChannel final : public BackChannel {
public:
    static constexpr std::chrono::minutes kTolerance{5};
    explicit SlackBackChannel(config::Values const& values);
    [[nodiscard]] HookAnswer hook(HookRequest const& request,
                                  detectors::WallTime now) const override;
    [[nodiscard]] std::optional<HttpRequest> reply(Said const& said,
                                                   std::string const& outcome) const override;

private:
    std::string secret_, own_host_, ca_file_;
};
[[nodiscard]] std::unique_ptr<BackChannel> make_slack_back_channel(std::string const& name,
                                                                   config::Values const& values);

}  // namespace surged::exporters
