#include "exporters/receivers/discord.h"

#include "detectors/json_writer.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/clock_words.h"

namespace surged::exporters {

using detectors::JsonWriter;
using detectors::WallTime;

namespace {

int color_of(Mood mood) {
    switch (mood) {
        case Mood::alarm: return 0xD32F2F;
        case Mood::warning: return 0xF9A825;
        case Mood::good: return 0x2E7D32;
        case Mood::quiet: break;
    }
    return 0x607D8B;
}

}  // namespace

DiscordReceiver::DiscordReceiver(config::Values const& values)
    : url_(values.secret("url_file")), ca_file_(values.get("ca_file")) {}

std::vector<HttpRequest> DiscordReceiver::render(Page const& page, WallTime now) const {
    if (outdated(page)) return {};
    auto const chat = chat_page(page, now);
    JsonWriter json;
    json.object().field("username", "surged");
    json.field("content", fit(chat.title, kContent, markdown_escape));
    json.key("allowed_mentions").object().key("parse").array().end().end();
    json.key("embeds").array().object();
    auto const& about = chat.incident.empty() ? page.event.brand : chat.incident;
    json.text_if("title", fit(about, kTitle, markdown_escape)).text_if("url", chat.url);
    json.text_if("description", fit(chat.body, kDescription, markdown_escape));
    json.field("color", color_of(chat.mood)).time_if("timestamp", page.event.at);
    if (!chat.plan_url.empty()) {
        json.key("fields").array().object().field("name", "Plan");
        json.field("value", std::string_view(chat.plan_url).substr(0, 1000)).end().end();
    }
    json.end().end().end();
    HttpRequest request;
    request.method = "POST";
    request.url = with_query(url_, {{"wait", "true"}});
    request.headers = {{"content-type", "application/json"}};
    request.body = json.take();
    request.ca_file = ca_file_;
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer DiscordReceiver::judge(HttpResponse const& response) const {
    auto answer = judge_by_status(response);
    if (answer.kind == Answer::Kind::retry)
        if (auto const asked = retry_after_in_body(response, {"retry_after"}))
            answer.retry_after = asked;
    return answer;
}

std::unique_ptr<Receiver> make_discord(std::string const&, config::Values const& values) {
    return std::make_unique<DiscordReceiver>(values);
}

}  // namespace surged::exporters
