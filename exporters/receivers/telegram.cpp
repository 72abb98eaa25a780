#include "exporters/receivers/telegram.h"

#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "exporters/signature.h"

#include <algorithm>

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

namespace {

bool all_digits(std::string_view text) {
    return !text.empty() && text.size() <= 19 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A button must lead somewhere that Telegram takes: it refuses the whole message for a URL of a
// host without a dot.
bool public_link(std::string_view url) {
    if (!link_ok(url)) return false;
    auto const host = url.substr(url.find("://") + 3);
    return host.substr(0, host.find_first_of(":/")).find('.') != std::string_view::npos;
}

void write_button(JsonWriter& json, std::string_view text, std::string_view url) {
    if (public_link(url)) json.object().field("text", text).field("url", url).end();
}

void write_keyboard(JsonWriter& json, ChatPage const& chat) {
    bool const links = public_link(chat.url) || public_link(chat.plan_url);
    if (!chat.can_acknowledge && !links) return;
    json.key("reply_markup").object().key("inline_keyboard").array();
    if (chat.can_acknowledge) {
        json.array().object().field("text", "Acknowledge");
        json.field("callback_data", callback_data(chat.incident)).end().end();
    }
    if (links) {
        json.array();
        write_button(json, "Open", chat.url);
        write_button(json, "Plan", chat.plan_url);
        json.end();
    }
    json.end().end();
}

}  // namespace

std::string telegram_base(config::Values const& values) {
    auto base = values.get("url", std::string(TelegramReceiver::kUrl));
    while (base.ends_with('/')) base.pop_back();
    return base + "/bot" + values.secret("bot_token_file") + "/";
}

std::string callback_data(std::string_view incident) {
    constexpr std::size_t kMost = 64;
    if (incident.size() + 4 <= kMost) return "ack:" + std::string(incident);
    return "ack#" + hex(sha256(incident)).substr(0, 40);
}

TelegramReceiver::TelegramReceiver(config::Values const& values)
    : base_(telegram_base(values)),
      chat_id_(values.get("chat_id")),
      ca_file_(values.get("ca_file")) {}

std::vector<HttpRequest> TelegramReceiver::render(Page const& page, WallTime now) const {
    if (outdated(page)) return {};
    auto const chat = chat_page(page, now);
    auto text = "<b>" + fit(chat.title, kTitle, html_escape) + "</b>";
    if (!chat.body.empty()) text += "\n" + fit(chat.body, kBody, html_escape);
    JsonWriter json;
    json.object().field("chat_id", chat_id_).field("text", text).field("parse_mode", "HTML");
    json.key("link_preview_options").object().field("is_disabled", true).end();
    bool const calm = chat.mood == Mood::quiet || chat.mood == Mood::good;
    if (calm && !chat.loud) json.field("disable_notification", true);
    if (all_digits(page.memory)) {
        json.key("reply_parameters").object().key("message_id").raw(page.memory);
        json.field("allow_sending_without_reply", true).end();
    }
    write_keyboard(json, chat);
    json.end();
    HttpRequest request;
    request.method = "POST";
    request.url = base_ + "sendMessage";
    request.headers = {{"content-type", "application/json"}};
    request.body = json.take();
    request.ca_file = ca_file_;
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer TelegramReceiver::judge(HttpResponse const& response) const {
    auto const json = Json::parse(response.body);
    if (response.status == 200 && json && (*json)["ok"].flag(false)) {
        Answer answer;
        auto const& message = (*json)["result"];
        if (!message["reply_to_message"].is(Json::Kind::object) &&
            all_digits(message["message_id"].text()))
            answer.remember = message["message_id"].text();
        return answer;
    }
    if (response.status == 200) {  // a proxy's page
        Answer answer;
        answer.kind = Answer::Kind::retry;
        answer.detail = "HTTP 200 without an answer of Telegram's";
        return answer;
    }
    auto answer = judge_by_status(response);
    if (json && !(*json)["description"].text().empty())
        answer.detail = "HTTP " + std::to_string(response.status) + ": " +
                        brief((*json)["description"].text(), 200);
    if (answer.kind == Answer::Kind::retry)
        if (auto const asked = retry_after_in_body(response, {"parameters", "retry_after"}))
            answer.retry_after = asked;
    if (json && !(*json)["parameters"]["migrate_to_chat_id"].text().empty())
        answer.detail +=
            ": set chat_id to " + brief((*json)["parameters"]["migrate_to_chat_id"].text(), 32);
    return answer;
}

std::unique_ptr<Receiver> make_telegram(std::string const&, config::Values const& values) {
    return std::make_unique<TelegramReceiver>(values);
}

}  // namespace surged::exporters
