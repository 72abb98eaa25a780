// Telegram: a bot that speaks in one chat (https://core.telegram.org/bots/api). Buttons come back
// by long polling, which works behind NAT (telegram_back_channel.cpp).
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::exporters {

// Keys: `bot_token_file`, `chat_id` (-100123 or @channel), `allowed_users` (ids of those who may
// acknowledge; without it everybody who is in the chat), `url` (of an own Bot API server),
// `ca_file`. The token stands in the path of every URL: URLs are never logged.
//
// The first message of an incident is remembered (its message_id), later ones answer it. Text is
// HTML with & < > escaped; a message has 4096 characters at most and a longer one is refused, so it
// is cut before. 429 says in `parameters.retry_after` when to come again; 20 messages a minute is
// what one group takes.
class TelegramReceiver final : public Receiver {
public:
    static constexpr std::string_view kUrl = "https://api.telegram.org";
    static constexpr std::size_t kTitle = 600, kBody = 3200;  // bytes: characters are fewer

    explicit TelegramReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string base_, chat_id_, ca_file_;
};

[[nodiscard]] std::unique_ptr<Receiver> make_telegram(std::string const& name,
                                                      config::Values const& values);

// A button that was pressed: a callback_query, by getUpdates (state: the next update_id), or by a
// webhook that was set by hand with secret_token = hook_secret().
class TelegramBackChannel final : public BackChannel {
public:
    static constexpr std::chrono::seconds kLongPoll{25};
    explicit TelegramBackChannel(config::Values const& values);
    [[nodiscard]] HookAnswer hook(HookRequest const& request,
                                  detectors::WallTime now) const override;
    [[nodiscard]] std::optional<Listening> listen(std::string const& state) const override;
    [[nodiscard]] Overheard overhear(HttpResponse const& response, std::string const& state,
                                     detectors::WallTime now) const override;
    [[nodiscard]] std::optional<HttpRequest> reply(Said const& said,
                                                   std::string const& outcome) const override;
    // hex(HMAC-SHA256(bot token, "surged-hook")): nobody else can know it.
    [[nodiscard]] std::string hook_secret() const;

private:
    friend struct TelegramUpdate;
    [[nodiscard]] HttpRequest call(std::string_view method, std::string body) const;

    std::string base_, token_, chat_id_, ca_file_;
    std::vector<std::string> allowed_;
    bool limited_ = false;
};
[[nodiscard]] std::unique_ptr<BackChannel> make_telegram_back_channel(std::string const& name,
                                                                      config::Values const& values);

// "https://api.telegram.org/botTOKEN/"
[[nodiscard]] std::string telegram_base(config::Values const& values);
// "ack:" and the incident; a callback's data has 64 bytes, so a longer id goes as "ack#" and the
// start of its SHA-256.
[[nodiscard]] std::string callback_data(std::string_view incident);

}  // namespace surged::exporters
