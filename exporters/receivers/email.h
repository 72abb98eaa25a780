// Mail over SMTP. One thread of mails per incident: the opening mail is its root, all others answer
// it.
#pragma once

#include "config/values.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <vector>

namespace surged::exporters {

// What is asked of the mail door is an HttpRequest all the same, so that one loop delivers to
// everything: method MAIL, url smtp://HOST:PORT or smtps://HOST:PORT (port 465), headers `from`,
// `to` (one each), `username`, `password`, `starttls` (`required`, or `try` on loopback), the body
// the whole message. Its answer: `status` is the server's last reply code, the body its words.
//
// Message-ID is made of the page's key: a retry is the same mail. In-Reply-To and References name
// the root. A password never goes over a line without TLS, nor does mail leave the machine without
// it.
class EmailReceiver final : public Receiver {
public:
    explicit EmailReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    // 4xx: again. 5xx: refused, but for a login or TLS that was asked for (530, 534, 535, 538):
    // that is mended by an operator, and the page waits for him.
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::string url_, ca_file_, from_, username_, password_;
    std::vector<std::string> to_;
    bool loopback_ = false;
};

std::unique_ptr<Receiver> make_email(std::string const& name, config::Values const& values);

}  // namespace surged::exporters
