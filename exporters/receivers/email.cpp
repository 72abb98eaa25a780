#include "exporters/receivers/email.h"

#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/mime.h"
#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"

#include <utility>

namespace surged::exporters {
namespace {

using detectors::EventName;

constexpr std::size_t kSubject =
    180;  // bytes: what a phone shows, and far below any server's limit
constexpr std::size_t kDetail = 200;

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "[::1]" || host == "::1" || host.starts_with("127.");
}

// The mail all others of an incident answer. Made of the incident alone: whoever was not told of
// the opening has a thread all the same.
std::string root_of(Page const& page, std::string const& host) {
    return "<" + page.event.incident + ".surged@" + host + ">";
}

std::string message_id(Page const& page, std::string const& host) {
    if (page.event.name == EventName::incident_opened && !page.repeat && !page.catch_up)
        return root_of(page, host);
    return "<" + page.key + ".surged@" + host + ">";
}

bool urgent(Page const& page) {
    return !page.event.drill && (page.event.name == EventName::clock_breached ||
                                 page.event.severity == detectors::Severity::critical);
}

}  // namespace

EmailReceiver::EmailReceiver(config::Values const& values)
    : ca_file_(values.get("ca_file")),
      from_(values.get("from")),
      username_(values.get("username")),
      password_(values.secret("password_file")) {
    std::string const smarthost = values.get("smarthost");
    auto const colon = smarthost.rfind(':');
    loopback_ = is_loopback(std::string_view(smarthost).substr(0, colon));
    url_ = (smarthost.ends_with(":465") ? "smtps://" : "smtp://") + smarthost;
    if (auto const to = values.lists.find("to"); to != values.lists.end()) to_ = to->second;
}

std::vector<HttpRequest> EmailReceiver::render(Page const& page, detectors::WallTime now) const {
    if (outdated(page)) return {};
    std::string const host = address_host(from_);
    HttpRequest request;
    request.method = "MAIL";
    request.url = url_;
    request.ca_file = ca_file_;
    request.idempotent = false;
    request.headers.emplace_back("from", bare_address(from_));
    for (auto const& to : to_) request.headers.emplace_back("to", bare_address(to));
    if (!username_.empty()) {
        request.headers.emplace_back("username", username_);
        request.headers.emplace_back("password", password_);
    }
    request.headers.emplace_back("starttls", loopback_ ? "try" : "required");

    std::string const id = message_id(page, host);
    std::string all_to;
    for (auto const& to : to_) all_to += (all_to.empty() ? "" : ",\r\n ") + plain(to);
    std::string& mail = request.body;
    mail = "From: " + plain(from_) + "\r\nTo: " + all_to +
           "\r\nSubject: " + encoded_words(cut(headline(page, now), kSubject)) +
           "\r\nDate: " + mail_date(now) + "\r\nMessage-ID: " + id + "\r\n";
    if (!page.event.incident.empty() && id != root_of(page, host))
        mail += "In-Reply-To: " + root_of(page, host) + "\r\nReferences: " + root_of(page, host) +
                "\r\n";
    mail += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n";
    mail += "X-Surged-Event: " + std::string(to_string(page.event.name)) + "\r\n";
    if (!page.event.incident.empty()) mail += "X-Surged-Incident: " + page.event.incident + "\r\n";
    if (urgent(page)) mail += "Importance: high\r\nX-Priority: 1\r\n";
    mail +=
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    mail += quoted_printable(headline(page, now) + "\n\n" + description(page, now));
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer EmailReceiver::judge(HttpResponse const& response) const {
    int const code = response.status;
    Answer answer;
    if (code >= 200 && code < 300) return answer;
    answer.detail = "SMTP " + std::to_string(code);
    auto const words = brief(response.body, kDetail);
    if (!words.empty()) answer.detail += ": " + words;
    bool const mendable = code == 530 || code == 534 || code == 535 || code == 538;
    answer.kind =
        code >= 500 && code < 600 && !mendable ? Answer::Kind::refused : Answer::Kind::retry;
    return answer;
}

std::unique_ptr<Receiver> make_email(std::string const&, config::Values const& values) {
    return std::make_unique<EmailReceiver>(values);
}

}  // namespace surged::exporters
