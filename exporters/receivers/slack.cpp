#include "exporters/receivers/slack.h"

#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"

#include <algorithm>
#include <array>

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

namespace {

void write_plain(JsonWriter& json, std::string_view text, std::size_t limit) {
    json.object().field("type", "plain_text").field("text", fit(text, limit, html_escape));
    json.field("emoji", false).end();
}

void write_button(JsonWriter& json, std::string_view label, std::string_view action,
                  std::string_view url) {
    if (url.empty()) return;
    json.object().field("type", "button");
    write_plain(json.key("text"), label, 75);
    json.field("action_id", action).field("url", url).end();
}

void write_blocks(JsonWriter& json, ChatPage const& chat, bool acknowledge) {
    json.key("blocks").array();
    json.object().field("type", "header");
    write_plain(json.key("text"), chat.title, SlackReceiver::kHeader);
    json.end();
    // A header is short: what did not fit is said in full below it.
    std::string body = chat.body;
    if (fit(chat.title, SlackReceiver::kHeader, html_escape).ends_with("\xE2\x80\xA6"))
        body = chat.title + (body.empty() ? "" : "\n" + body);
    if (!body.empty()) {
        json.object().field("type", "section");
        write_plain(json.key("text"), body, SlackReceiver::kSection);
        json.end();
    }
    acknowledge = acknowledge && chat.can_acknowledge;
    if (acknowledge || !chat.url.empty() || !chat.plan_url.empty()) {
        json.object().field("type", "actions").key("elements").array();
        if (acknowledge) {
            json.object().field("type", "button");
            write_plain(json.key("text"), "Acknowledge", 75);
            json.field("style", "primary").field("action_id", "surged_ack");
            json.field("value", cut(chat.incident, 255)).end();
        }
        write_button(json, "Open", "surged_open", chat.url);
        write_button(json, "Plan", "surged_plan", chat.plan_url);
        json.end().end();
    }
    json.end();
}

void write_message(JsonWriter& json, ChatPage const& chat, bool acknowledge) {
    json.field("text", fit(chat.title, SlackReceiver::kText, html_escape));
    write_blocks(json, chat, acknowledge);
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

Answer answer_of(Answer::Kind kind, std::string detail) {
    Answer answer;
    answer.kind = kind;
    answer.detail = std::move(detail);
    return answer;
}

}  // namespace

SlackReceiver::SlackReceiver(config::Values const& values)
    : webhook_url_(values.secret("url_file")),
      api_url_(values.get("url", std::string(kUrl))),
      token_(values.secret("bot_token_file")),
      channel_(values.get("channel")),
      ca_file_(values.get("ca_file")),
      buttons_(!values.secret("signing_secret_file").empty()) {
    if (!api_url_.ends_with('/')) api_url_ += '/';
}

HttpRequest SlackReceiver::post(std::string url, std::string body) const {
    HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers = {{"content-type", "application/json; charset=utf-8"}};
    if (webhook_url_.empty()) request.headers.emplace_back("authorization", "Bearer " + token_);
    request.body = std::move(body);
    request.ca_file = ca_file_;
    return request;
}

HttpRequest SlackReceiver::say(Page const&, ChatPage const& chat, std::string_view thread) const {
    JsonWriter json;
    json.object();
    if (webhook_url_.empty()) {
        json.field("channel", channel_).field("parse", "none").field("unfurl_links", false);
        if (!thread.empty()) json.field("thread_ts", thread);
        if (!thread.empty() && chat.loud) json.field("reply_broadcast", true);
    }
    write_message(json, chat, buttons_);
    json.end();
    return post(webhook_url_.empty() ? api_url_ + "chat.postMessage" : webhook_url_, json.take());
}

HttpRequest SlackReceiver::update(Page const& page, ChatPage const& chat) const {
    auto const space = page.memory.find(' ');
    JsonWriter json;
    json.object().field("channel", std::string_view(page.memory).substr(0, space));
    json.field("ts", std::string_view(page.memory).substr(space + 1)).field("parse", "none");
    write_message(json, chat, buttons_);
    json.end();
    return post(api_url_ + "chat.update", json.take());
}

std::vector<HttpRequest> SlackReceiver::render(Page const& page, WallTime now) const {
    std::vector<HttpRequest> out;
    if (outdated(page)) return out;
    auto const chat = chat_page(page, now);
    auto const space = page.memory.find(' ');
    bool const known = webhook_url_.empty() && page.incident != nullptr &&
                       space != std::string::npos && space + 1 < page.memory.size();
    if (known) {
        auto const state = state_page(*page.incident, page.external_url, page.plan_url);
        out.push_back(update(page, chat_page(state, now)));
        out.push_back(say(page, chat, std::string_view(page.memory).substr(space + 1)));
    } else {
        out.push_back(say(page, chat, {}));
    }
    return out;
}

Answer SlackReceiver::judge_webhook(HttpResponse const& response) const {
    auto const said = brief(response.body, 200);
    if (response.status == 200 && said == "ok") return {};
    if (response.status != 200) return judge_by_status(response);
    // 200 with another word: one that names a fault of ours is final, anything else (a proxy's
    // page) is not Slack's.
    bool const final =
        one_of(said, {"invalid_payload", "invalid_blocks", "no_text", "channel_not_found",
                      "no_service", "no_team", "channel_is_archived", "action_prohibited",
                      "invalid_token", "user_not_found"});
    return answer_of(final ? Answer::Kind::refused : Answer::Kind::retry, "HTTP 200: " + said);
}

// Errors come inside HTTP 200.
Answer SlackReceiver::judge(HttpResponse const& response) const {
    if (!webhook_url_.empty()) return judge_webhook(response);
    if (response.status != 200) return judge_by_status(response);
    auto const json = Json::parse(response.body);
    if (!json || !(*json)["ok"].is(Json::Kind::boolean))
        return answer_of(Answer::Kind::retry, "HTTP 200 without an answer of Slack's");
    if ((*json)["ok"].flag(false)) {
        Answer answer;
        auto const& ts = (*json)["ts"].text();
        auto const& thread = (*json)["message"]["thread_ts"].text();
        bool const reply = !thread.empty() && thread != ts;
        auto memory = (*json)["channel"].text() + " " + ts;
        if (!reply && memory.size() > 2 && memory.size() <= Answer::kMemory)
            answer.remember = std::move(memory);
        return answer;
    }
    auto const error = brief((*json)["error"].text(), 100);
    if (one_of(error, {"message_not_found", "cant_update_message", "edit_window_closed",
                       "thread_not_found", "is_inactive"})) {
        auto answer = answer_of(Answer::Kind::retry, "Slack: " + error + ": a new message is due");
        answer.remember = "";
        return answer;
    }
    if (one_of(error,
               {"ratelimited", "rate_limited", "internal_error", "fatal_error",
                "service_unavailable", "request_timeout", "team_added_to_org", "accesslimited"})) {
        auto answer = answer_of(Answer::Kind::retry, "Slack: " + error);
        answer.retry_after = retry_after(response.headers);
        return answer;
    }
    return answer_of(Answer::Kind::refused, "Slack: " + error);
}

std::unique_ptr<Receiver> make_slack(std::string const&, config::Values const& values) {
    return std::make_unique<SlackReceiver>(values);
}

}  // namespace surged::exporters
