// The hidden `surged manual`: the parts of the documentation that the program knows of itself.
#pragma once

#include "daemon/commands/command_tree.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace surged::daemon {

// `what` bash, zsh, fish: the completion. `page`: a manual page in man(7) from `in` to `out`, lines
// that hold one word between @s replaced by what the tables say:
//   @COMMANDS@ @CLIENT_OPTIONS@  the command line     @RECEIVERS@  the keys of each type of
//   receiver
//   @ACCOUNTS@ @STREAMS@         the keys of each platform's accounts, and of each kind of stream
// and @VERSION@ anywhere. Exit 2 for a word that is none of these.
int manual(CommandText const& root, std::string const& what, std::istream& in, std::ostream& out,
           std::ostream& err);

// Text for a man(7) page: `code` in bold, hyphens as they are typed, no line that is a request.
[[nodiscard]] std::string roff(std::string_view text);

}  // namespace surged::daemon
