#include "exporters/receivers/webhook.h"

#include "exporters/receivers/answers.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/signature.h"

namespace surged::exporters {

WebhookReceiver::WebhookReceiver(config::Values const& values)
    : url_(values.get("url")),
      ca_file_(values.get("ca_file")),
      key_(webhook_key(values.secret("secret_file"))) {}

std::vector<HttpRequest> WebhookReceiver::render(Page const& page, detectors::WallTime now) const {
    if (outdated(page)) return {};
    HttpRequest request;
    request.method = "POST";
    request.url = url_;
    request.ca_file = ca_file_;
    request.body = to_json(page.event);
    request.headers = {{"content-type", "application/json"},
                       {"webhook-id", page.key},
                       {"webhook-timestamp", unix_seconds(now)}};
    if (!key_.empty())
        request.headers.emplace_back("webhook-signature",
                                     webhook_signature(key_, page.key, now, request.body));
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer WebhookReceiver::judge(HttpResponse const& response) const {
    return judge_by_status(response);
}

std::unique_ptr<Receiver> make_webhook(std::string const&, config::Values const& values) {
    return std::make_unique<WebhookReceiver>(values);
}

}  // namespace surged::exporters
