// The journal's own protocol: a message with fields (systemd: "Native Journal Protocol").
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

// A message about one thing begins with what it is and its name: "stream 'acme-x': timeout" is
// about SURGED_STREAM=acme-x. Nothing, when it begins otherwise. Kinds: stream, account, receiver,
// incident, task.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> journal_fields(
    std::string_view text);

// One datagram: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER and the fields of the text, which must be one
// line. False when nobody takes it: the caller says it on standard error. Never blocks.
bool write_journal(std::string_view socket, char priority, std::string_view text);

}  // namespace surged::daemon
