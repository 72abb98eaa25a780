// Text as part of an HTML or SVG document.
#pragma once

#include <string>
#include <string_view>

namespace surged::exporters {

// `text` as a text node or a quoted attribute's value, whatever a stranger wrote: one harmless line
// (plain(), receivers/text.h) with & < > " ' as references. Cost: O(length).
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace surged::exporters
