#include "detectors/json_writer.h"
#include "exporters/json_reader.h"
#include "exporters/receivers/chat.h"
#include "exporters/receivers/slack.h"
#include "exporters/receivers/text.h"
#include "exporters/signature.h"

#include <charconv>

namespace surged::exporters {

using detectors::WallTime;

namespace {

std::optional<WallTime> unix_time(std::string_view text) {
    std::int64_t seconds = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (seconds < 0 || seconds > 253'402'300'799) return std::nullopt;  // the year 9999
    return WallTime{std::chrono::seconds{seconds}};
}

std::string origin_of(std::string_view url) {
    auto const scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    return std::string(url.substr(0, std::min(url.find('/', scheme + 3), url.size())));
}

std::string name_of(Json const& user) {
    auto const& id = user["id"].text();
    auto const& name =
        user["username"].text().empty() ? user["name"].text() : user["username"].text();
    if (name.empty()) return brief(id.empty() ? "somebody" : id, 100);
    return brief(name, 80) + (id.empty() ? "" : " (" + brief(id, 40) + ")");
}

}  // namespace

SlackBackChannel::SlackBackChannel(config::Values const& values)
    : secret_(values.secret("signing_secret_file")),
      own_host_(origin_of(values.get("url"))),
      ca_file_(values.get("ca_file")) {}

HookAnswer SlackBackChannel::hook(HookRequest const& request, WallTime now) const {
    if (secret_.empty()) return hook_refused(404, "no signing_secret_file is configured");
    auto const timestamp = header(request.headers, "x-slack-request-timestamp");
    auto const signature = header(request.headers, "x-slack-signature");
    std::string content = "v0:";
    content.append(timestamp).append(":").append(request.body);
    if (!same_secret("v0=" + hex(hmac_sha256(secret_, content)), signature))
        return hook_refused(401, "the signature is not Slack's");
    auto const at = unix_time(timestamp);
    if (!at || *at < now - kTolerance || *at > now + kTolerance)
        return hook_refused(401, "the timestamp is more than five minutes from now");
    auto answer = hook_taken();
    auto const payload = form_field(request.body, "payload");
    auto const json = payload ? Json::parse(*payload) : std::nullopt;
    if (!json || (*json)["type"].text() != "block_actions") return answer;  // nothing of ours
    for (auto const& action : (*json)["actions"].items()) {
        if (action["action_id"].text() != "surged_ack") continue;
        Said said;
        said.incident = action["value"].text();
        said.by = name_of((*json)["user"]);
        said.id = signature;
        said.at = *at;
        auto const& url = (*json)["response_url"].text();
        auto const origin = origin_of(url);
        bool const theirs = origin == "https://hooks.slack.com" ||
                            origin == "https://hooks.slack-gov.com" ||
                            (!own_host_.empty() && origin == own_host_);
        if (theirs && link_ok(url)) said.reply_to = url;
        answer.heard.push_back(std::move(said));
        break;  // one press, one word
    }
    return answer;
}

std::optional<HttpRequest> SlackBackChannel::reply(Said const& said,
                                                   std::string const& outcome) const {
    if (said.reply_to.empty()) return std::nullopt;
    detectors::JsonWriter json;
    json.object().field("response_type", "ephemeral").field("replace_original", false);
    json.field("text", fit(outcome, 1000, html_escape)).end();
    HttpRequest request;
    request.method = "POST";
    request.url = said.reply_to;
    request.headers = {{"content-type", "application/json"}};
    request.body = json.take();
    request.ca_file = ca_file_;
    return request;
}

std::unique_ptr<BackChannel> make_slack_back_channel(std::string const&,
                                                     config::Values const& values) {
    return std::make_unique<SlackBackChannel>(values);
}

}  // namespace surged::exporters
