// What the receivers that people read in a chat have in common: the page as title and lines, and
// strangers' text written so that no chat takes it for markup.
#pragma once

#include "exporters/receivers/receiver.h"

#include <string>
#include <string_view>

namespace surged::exporters {

enum class Mood { alarm, warning, good, quiet };  // red, amber, green, grey

struct ChatPage {
    std::string title;  // one plain line
    std::string body;   // plain lines; the links are not in it
    std::string url;    // of the incident; "" none
    std::string plan_url;
    std::string incident;
    Mood mood = Mood::quiet;
    bool loud = false;             // wakes people: opened, reopened, breached, taken back
    bool can_acknowledge = false;  // nobody has it yet, and it is not over
};
[[nodiscard]] ChatPage chat_page(Page const& page, detectors::WallTime now);

// How one character is written; "" as it is. ASCII only: markup is.
using Escape = std::string_view (*)(char c);
[[nodiscard]] std::string_view html_escape(char c);      // & < >: Slack and Telegram
[[nodiscard]] std::string_view markdown_escape(char c);  // Discord's, by backslash
[[nodiscard]] std::string_view no_escape(char c);

// `text` escaped, at most `limit` bytes (>= 3) of it as they are sent: never cut inside a character
// or an escape; what was cut ends in U+2026. Line feeds stay, other controls were taken out before.
[[nodiscard]] std::string fit(std::string_view text, std::size_t limit, Escape escape);

// An absolute http(s) URL of plain ASCII without spaces, quotes or angle brackets, at most 2000
// bytes: what may stand behind a button.
[[nodiscard]] bool link_ok(std::string_view url);

}  // namespace surged::exporters
