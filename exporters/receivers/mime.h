// Mail as text: headers that nothing of a stranger can break out of, a body that every server
// takes.
#pragma once

#include "detectors/time.h"

#include <string>
#include <string_view>

namespace surged::exporters {

// A header's text, whole: one line of words; encoded words (RFC 2047, UTF-8, base64) where it is
// not plain ASCII, each of at most 75 bytes and cut between characters. Control characters become
// spaces: no header can be begun by a text.
[[nodiscard]] std::string encoded_words(std::string_view text);

// RFC 2045 quoted-printable of UTF-8 text with any line ends: CRLF between lines of at most 76
// bytes, no trailing blanks, "." never alone at the start of a line, "From " escaped.
[[nodiscard]] std::string quoted_printable(std::string_view text);

// The part behind the last "@" of "Name <local@host>" or "local@host"; "localhost" when there is
// none.
[[nodiscard]] std::string address_host(std::string_view address);
// "local@host" of either form: what goes into the envelope.
[[nodiscard]] std::string bare_address(std::string_view address);

// RFC 5322: "Sun, 01 Mar 2026 12:07:00 +0000".
[[nodiscard]] std::string mail_date(detectors::WallTime at);

}  // namespace surged::exporters
