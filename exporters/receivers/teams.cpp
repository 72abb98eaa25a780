#include "exporters/receivers/teams.h"

#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"

#include <charconv>

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

namespace {

std::string_view color_of(Mood mood) {
    switch (mood) {
        case Mood::alarm: return "Attention";
        case Mood::warning: return "Warning";
        case Mood::good: return "Good";
        case Mood::quiet: break;
    }
    return "Default";
}

void write_line(JsonWriter& json, std::string_view text, std::size_t limit,
                std::string_view color) {
    json.object().field("type", "RichTextBlock").key("inlines").array();
    json.object().field("type", "TextRun").field("text", fit(text, limit, no_escape));
    if (!color.empty())
        json.field("weight", "Bolder").field("size", "Medium").field("color", color);
    json.end().end().end();
}

void write_action(JsonWriter& json, std::string_view title, std::string_view url) {
    if (url.empty()) return;
    json.object().field("type", "Action.OpenUrl").field("title", title).field("url", url).end();
}

void write_body(JsonWriter& json, ChatPage const& chat) {
    json.key("body").array();
    write_line(json, chat.title, TeamsReceiver::kTitle, color_of(chat.mood));
    auto const whole = fit(chat.body, TeamsReceiver::kBody, no_escape);
    std::string_view rest = whole;
    for (std::size_t n = 0; !rest.empty() && n < TeamsReceiver::kLines; ++n) {
        auto const end = std::min(rest.find('\n'), rest.size());
        if (end > 0) write_line(json, rest.substr(0, end), TeamsReceiver::kLine, {});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    json.end();
}

// "... Microsoft Teams endpoint returned HTTP error 429 ..." -> 429
std::optional<int> error_inside(std::string_view body) {
    constexpr std::string_view kSays = "returned HTTP error ";
    auto const at = body.find(kSays);
    if (at == std::string_view::npos) return std::nullopt;
    auto const number = body.substr(at + kSays.size(), 3);
    int status = 0;
    auto const [end, ec] = std::from_chars(number.data(), number.data() + number.size(), status);
    return ec == std::errc{} && status >= 400 ? std::optional(status) : std::nullopt;
}

// Codes of Power Automate and the connectors that another try may mend.
bool may_pass(std::string_view code) {
    for (std::string_view const part : {"Throttl", "TooMany", "Timeout", "Internal", "Unavailable"})
        if (code.find(part) != std::string_view::npos) return true;
    return false;
}

}  // namespace

TeamsReceiver::TeamsReceiver(config::Values const& values)
    : url_(values.secret("url_file")), ca_file_(values.get("ca_file")) {}

std::vector<HttpRequest> TeamsReceiver::render(Page const& page, WallTime now) const {
    if (outdated(page)) return {};
    auto const chat = chat_page(page, now);
    JsonWriter json;
    json.object().field("type", "message").key("attachments").array().object();
    json.field("contentType", "application/vnd.microsoft.card.adaptive").key("contentUrl").null();
    json.key("content").object();
    json.field("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    json.field("type", "AdaptiveCard").field("version", "1.2");
    json.field("fallbackText", fit(chat.title, kTitle, no_escape));
    write_body(json, chat);
    json.key("actions").array();
    write_action(json, "Open incident", chat.url);
    write_action(json, "Plan", chat.plan_url);
    json.end().key("msteams").object().field("width", "Full").end();
    json.end().end().end().end();
    HttpRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers = {{"content-type", "application/json"}};
    request.body = json.take();
    request.ca_file = ca_file_;
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer TeamsReceiver::judge(HttpResponse const& response) const {
    if (response.status < 200 || response.status >= 300) return judge_by_status(response);
    auto const& body = response.body;
    if (auto const status = error_inside(body)) {
        HttpResponse inside = response;
        inside.status = *status;
        return judge_by_status(inside);
    }
    auto const json = Json::parse(body);
    bool const failed = (json && (*json)["error"].is(Json::Kind::object)) ||
                        body.starts_with("Webhook ") || body.starts_with("Summary or Text");
    if (!failed) return {};
    Answer answer;
    auto const code = json ? (*json)["error"]["code"].text() : std::string{};
    answer.kind = may_pass(code) ? Answer::Kind::retry : Answer::Kind::refused;
    answer.retry_after = retry_after(response.headers);
    answer.detail = "HTTP " + std::to_string(response.status) + ": " + brief(body, 200);
    return answer;
}

std::unique_ptr<Receiver> make_teams(std::string const&, config::Values const& values) {
    return std::make_unique<TeamsReceiver>(values);
}

}  // namespace surged::exporters
