// Shell completions printed from the command line itself.
#pragma once

#include "daemon/commands/command_tree.h"

#include <string>

namespace surged::daemon {

// A file for /usr/share/bash-completion/completions/surged,
// /usr/share/zsh/vendor-completions/_surged and /usr/share/fish/vendor_completions.d/surged.fish.
// They complete commands, options, and values that are files, directories or one of a few words.
[[nodiscard]] std::string bash_completion(CommandText const& root);
[[nodiscard]] std::string zsh_completion(CommandText const& root);
[[nodiscard]] std::string fish_completion(CommandText const& root);

}  // namespace surged::daemon
