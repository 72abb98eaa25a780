// Which keys the readers know: what the manual page is compared with.
#pragma once

#include "config/section.h"

#include <set>
#include <string>

namespace surged::config {

// As parse_text(); while the Section lives every key that a reader asks for is noted in `asked`,
// which must outlive it, with its place: "brands[].streams[].every", "accounts.*.budget". Keys of a
// mapping that the text does not hold are not asked for.
Parsed parse_text_noting(std::string const& text, std::string const& file_name_for_messages,
                         std::set<std::string>& asked);

}  // namespace surged::config
