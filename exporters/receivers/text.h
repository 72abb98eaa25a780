// Text of strangers made safe to show, and any text made to fit: for every receiver.
#pragma once

#include <string>
#include <string_view>

namespace surged::exporters {

// `text` as one harmless line: control characters and line separators become spaces, direction
// overrides (which let a stranger's text reorder ours) and zero-width marks go, bytes that are not
// UTF-8 become U+FFFD. Cost: O(length).
[[nodiscard]] std::string plain(std::string_view text);

// At most `limit` bytes (>= 3), never inside a character; what was cut ends in U+2026. Valid UTF-8
// in, valid UTF-8 out. A limit in characters is kept too: there are never more of them than bytes.
[[nodiscard]] std::string cut(std::string_view text, std::size_t limit);

// Both: `text` as one harmless line of at most `limit` bytes. Cost: O(limit), whatever the text.
[[nodiscard]] std::string brief(std::string_view text, std::size_t limit);

// "X", "Hacker News"; a platform we have no name for as it is written.
[[nodiscard]] std::string platform_name(std::string_view platform);

}  // namespace surged::exporters
