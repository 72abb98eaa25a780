// One mail to one mail server, by libcurl: EHLO, STARTTLS, login, the message.
#pragma once

#include "daemon/blocking.h"

#include <string>

namespace surged::daemon {

// What a mail is and what its answer means: exporters/receivers/email.h. TLS 1.2 or newer, the
// server's certificate verified against `ca_file` (else `default_ca_file`, else the system's). With
// `starttls: required` nothing is said before TLS. A recipient that is refused does not keep the
// mail from the others; all refused is the answer. Failures: transient (name, connection, TLS,
// broken dialogue), timeout. Blocks; thread-safe.
[[nodiscard]] Result<HttpResponse> send_mail(HttpRequest const& mail,
                                             std::string const& default_ca_file,
                                             std::chrono::milliseconds time,
                                             BlockingPool::Stop const& stop);

}  // namespace surged::daemon
