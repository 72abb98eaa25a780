#include "daemon/journald.h"

#include "daemon/unix_datagram.h"

#include <array>

namespace surged::daemon {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds{
    {{"stream", "SURGED_STREAM"},
     {"account", "SURGED_ACCOUNT"},
     {"receiver", "SURGED_RECEIVER"},
     {"incident", "SURGED_INCIDENT"},
     {"task", "SURGED_TASK"}}};

}  // namespace

std::vector<std::pair<std::string, std::string>> journal_fields(std::string_view text) {
    for (auto const& [kind, field] : kKinds) {
        if (!text.starts_with(kind)) continue;
        auto const rest = text.substr(kind.size());
        auto const end = rest.find('\'', 2);
        if (!rest.starts_with(" '") || end == std::string_view::npos) return {};
        return {{std::string(field), std::string(rest.substr(2, end - 2))}};
    }
    return {};
}

bool write_journal(std::string_view socket, char priority, std::string_view text) {
    std::string message = "SYSLOG_IDENTIFIER=surged\nPRIORITY=";
    message += priority;
    message += "\nMESSAGE=" + std::string(text) + "\n";
    for (auto const& [name, value] : journal_fields(text)) message += name + "=" + value + "\n";
    return send_datagram(socket, message);
}

}  // namespace surged::daemon
