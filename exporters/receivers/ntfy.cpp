#include "exporters/receivers/ntfy.h"

#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "exporters/signature.h"

#include <charconv>

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

namespace {

int priority_of(ChatPage const& chat) {
    if (chat.loud) return 5;
    switch (chat.mood) {
        case Mood::alarm:
        case Mood::warning: return 4;
        case Mood::good: return 3;
        case Mood::quiet: break;
    }
    return 2;
}

std::string_view tag_of(Mood mood) {
    switch (mood) {
        case Mood::alarm: return "rotating_light";
        case Mood::warning: return "warning";
        case Mood::good: return "white_check_mark";
        case Mood::quiet: break;
    }
    return "speech_balloon";
}

void write_actions(JsonWriter& json, ChatPage const& chat, std::string_view acknowledge_url) {
    bool const acknowledge = chat.can_acknowledge && link_ok(acknowledge_url);
    if (!acknowledge && chat.plan_url.empty()) return;
    json.key("actions").array();
    if (acknowledge) {
        json.object().field("action", "http").field("label", "Acknowledge");
        json.field("url", acknowledge_url).field("method", "POST").field("clear", true).end();
    }
    if (!chat.plan_url.empty())
        json.object()
            .field("action", "view")
            .field("label", "Plan")
            .field("url", chat.plan_url)
            .end();
    json.end();
}

}  // namespace

NtfyReceiver::NtfyReceiver(config::Values const& values)
    : url_(values.get("url", std::string(kUrl))),
      topic_(values.get("topic")),
      token_(values.secret("token_file")),
      ca_file_(values.get("ca_file")) {
    while (url_.ends_with('/')) url_.pop_back();
    url_ += '/';  // the root, not the topic: there a body is the message itself
}

std::vector<HttpRequest> NtfyReceiver::render(Page const& page, WallTime now) const {
    if (outdated(page)) return {};
    auto const chat = chat_page(page, now);
    JsonWriter json;
    json.object().field("topic", topic_).field("title", cut(chat.title, kTitle));
    auto body = chat.body;
    if (chat.title.size() > kTitle) body = chat.title + "\n" + body;
    json.field("message", fit(body.empty() ? chat.title : body, kMessage, no_escape));
    json.field("priority", priority_of(chat)).key("tags").array().value(tag_of(chat.mood)).end();
    json.text_if("click", chat.url);
    write_actions(json, chat, page.acknowledge_url);
    json.end();
    HttpRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers = {{"content-type", "application/json"}};
    if (!token_.empty()) request.headers.emplace_back("authorization", "Bearer " + token_);
    request.body = json.take();
    request.ca_file = ca_file_;
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer NtfyReceiver::judge(HttpResponse const& response) const {
    auto answer = judge_by_status(response);
    if (answer.kind == Answer::Kind::delivered) return answer;
    auto const json = Json::parse(response.body);
    if (!json) return answer;
    if (auto const error = brief((*json)["error"].text(), 200); !error.empty())
        answer.detail = "HTTP " + std::to_string(response.status) + ": " + error;
    auto const& code = (*json)["code"].text();
    bool const for_long = code == "42908" || code == "42909";  // of a day; too many bad logins
    if (answer.kind == Answer::Kind::retry && for_long && !answer.retry_after)
        answer.retry_after = std::chrono::minutes{15};
    return answer;
}

std::unique_ptr<Receiver> make_ntfy(std::string const&, config::Values const& values) {
    return std::make_unique<NtfyReceiver>(values);
}

NtfyBackChannel::NtfyBackChannel(std::string name, config::Values const& values)
    : name_(std::move(name)), key_(values.secret("link_key")) {}

HookAnswer NtfyBackChannel::hook(HookRequest const& request, WallTime now) const {
    if (key_.empty()) return hook_refused(404, "no links are given out");
    auto const incident = form_field(request.query, "incident"),
               run = form_field(request.query, "run"), until = form_field(request.query, "until"),
               mac = form_field(request.query, "mac");
    bool const whole = incident && run && until && mac;
    if (!whole || !same_secret(link_mac(key_, name_, *incident, *run, *until), *mac))
        return hook_refused(401, "the link is not one of ours");
    std::int64_t seconds = 0;
    std::from_chars(until->data(), until->data() + until->size(), seconds);
    if (now > WallTime{std::chrono::seconds{seconds}})
        return hook_refused(410, "the link is too old");
    auto answer = hook_taken();
    answer.any_origin = true;  // ntfy's web app asks from its own page
    Said said;
    said.incident = *incident;
    said.by = name_;
    said.run = *run;
    said.id = *mac;
    said.at = now;
    answer.heard.push_back(std::move(said));
    return answer;
}

std::unique_ptr<BackChannel> make_ntfy_back_channel(std::string const& name,
                                                    config::Values const& values) {
    return std::make_unique<NtfyBackChannel>(name, values);
}

}  // namespace surged::exporters
