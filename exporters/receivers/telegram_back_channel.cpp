#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/telegram.h"
#include "exporters/receivers/text.h"
#include "exporters/signature.h"

#include <algorithm>
#include <charconv>

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

// One update of the Bot API: who pressed which button, or nothing of ours.
struct TelegramUpdate {
    TelegramBackChannel const& channel;

    [[nodiscard]] bool may(Json const& query) const {
        if (channel.limited_)
            return std::find(channel.allowed_.begin(), channel.allowed_.end(),
                             query["from"]["id"].text()) != channel.allowed_.end();
        auto const& chat = query["message"]["chat"];
        return chat["id"].text() == channel.chat_id_ ||
               (!chat["username"].text().empty() &&
                "@" + chat["username"].text() == channel.chat_id_);
    }

    static std::string name_of(Json const& from) {
        auto name =
            from["username"].text().empty() ? from["first_name"].text() : from["username"].text();
        auto const& id = from["id"].text();
        if (name.empty()) return brief(id.empty() ? "somebody" : id, 40);
        return brief(name, 80) + (id.empty() ? "" : " (" + brief(id, 40) + ")");
    }

    [[nodiscard]] std::optional<Said> read(Json const& update, WallTime now) const {
        auto const& query = update["callback_query"];
        auto const& data = query["data"].text();
        if (!data.starts_with("ack:") && !data.starts_with("ack#")) return std::nullopt;
        Said said;
        // Who may not is told so; the incident stays out of it.
        if (may(query)) said.incident = data[3] == ':' ? data.substr(4) : data.substr(3);
        said.by = name_of(query["from"]);
        said.id = query["id"].text();
        said.at = now;  // an update says when its message was sent, not when the button was pressed
        said.reply_to = query["id"].text();
        return said;
    }
};

namespace {

std::int64_t whole(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

TelegramBackChannel::TelegramBackChannel(config::Values const& values)
    : base_(telegram_base(values)),
      token_(values.secret("bot_token_file")),
      chat_id_(values.get("chat_id")),
      ca_file_(values.get("ca_file")) {
    auto const list = values.lists.find("allowed_users");
    if (list == values.lists.end()) return;
    allowed_ = list->second;
    limited_ = true;
}

std::string TelegramBackChannel::hook_secret() const {
    return hex(hmac_sha256(token_, "surged-hook"));
}

HttpRequest TelegramBackChannel::call(std::string_view method, std::string body) const {
    HttpRequest request;
    request.method = "POST";
    request.url = base_ + std::string(method);
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.ca_file = ca_file_;
    return request;
}

HookAnswer TelegramBackChannel::hook(HookRequest const& request, WallTime now) const {
    if (token_.empty() ||
        !same_secret(hook_secret(), header(request.headers, "x-telegram-bot-api-secret-token")))
        return hook_refused(401, "the secret token is not the one of this bot");
    auto answer = hook_taken();
    if (auto const update = Json::parse(request.body))
        if (auto said = TelegramUpdate{*this}.read(*update, now))
            answer.heard.push_back(*std::move(said));
    return answer;
}

std::optional<Listening> TelegramBackChannel::listen(std::string const& state) const {
    JsonWriter json;
    json.object();
    if (whole(state) > 0) json.field("offset", whole(state));
    json.field("timeout", static_cast<std::int64_t>(kLongPoll.count()));
    json.key("allowed_updates").array().value("callback_query").end().end();
    Listening out;
    out.requests.push_back(call("getUpdates", json.take()));
    out.requests.back().idempotent = true;
    out.patience = kLongPoll + std::chrono::seconds{10};
    return out;
}

Overheard TelegramBackChannel::overhear(HttpResponse const& response, std::string const& state,
                                        WallTime now) const {
    Overheard out;
    out.state = state;
    auto const json = Json::parse(response.body);
    out.ok = response.status == 200 && json && (*json)["ok"].flag(false);
    if (!out.ok) {
        out.fault = "HTTP " + std::to_string(response.status) + ": " +
                    brief(json ? (*json)["description"].text() : "", 200);
        out.retry_after = retry_after_in_body(response, {"parameters", "retry_after"});
        return out;
    }
    for (auto const& update : (*json)["result"].items()) {
        out.state =
            std::to_string(std::max(whole(out.state), whole(update["update_id"].text()) + 1));
        if (auto said = TelegramUpdate{*this}.read(update, now))
            out.heard.push_back(*std::move(said));
    }
    return out;
}

std::optional<HttpRequest> TelegramBackChannel::reply(Said const& said,
                                                      std::string const& outcome) const {
    if (said.reply_to.empty()) return std::nullopt;
    JsonWriter json;
    json.object().field("callback_query_id", said.reply_to).field("text", cut(outcome, 200)).end();
    return call("answerCallbackQuery", json.take());
}

std::unique_ptr<BackChannel> make_telegram_back_channel(std::string const&,
                                                        config::Values const& values) {
    return std::make_unique<TelegramBackChannel>(values);
}

}  // namespace surged::exporters
