// The keys that the readers of the configuration know.
#pragma once

#include <set>
#include <string>

namespace surged::daemon {

// Every key that loading `text` asked for, there or not, by its place (config/known_keys.h).
[[nodiscard]] std::set<std::string> keys_read(std::string const& text,
                                              std::string const& file_name_for_messages);

}  // namespace surged::daemon
