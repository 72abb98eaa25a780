// A first configuration as text: answers in, commented YAML out.
#pragma once

#include "daemon/commands/init_questions.h"

#include <map>
#include <string>
#include <vector>

namespace surged::daemon {

// Answers by scope and key; what was left out is not there. Lists and pairs are written with
// commas ("a,b", "id=/id,text=/text").
using DraftAnswers = std::map<std::pair<std::string, std::string>, std::string>;

struct Draft {
    std::string brand;
    std::vector<Source> sources;
    std::vector<std::string> receivers;
    DraftAnswers answers;
    std::string storage = "/var/lib/surged", listen = "127.0.0.1:9477";
};

// The file. Deadlines are the readers' own defaults, written out so that they can be changed; each
// key says in a comment what it is. Texts are quoted where YAML would read something else.
[[nodiscard]] std::string draft_yaml(Draft const& draft);

// The name of a source's stream in the file: "acme-x", "acme-x-counts".
[[nodiscard]] std::string stream_name(Draft const& draft, Source const& source);
// Does it need an entry under `accounts`?
[[nodiscard]] bool needs_account(Draft const& draft, Source const& source);

}  // namespace surged::daemon
