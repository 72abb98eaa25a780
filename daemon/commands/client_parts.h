// What the commands that talk to a daemon share. Not for others.
#pragma once

#include "daemon/commands/client.h"
#include "daemon/exit_codes.h"
#include "daemon/http.h"

#include <simdjson.h>

#include <iostream>
#include <optional>
#include <string>

namespace surged::daemon {

// One exchange with the daemon; prints why when there is none or it refused. `code` is the exit
// code then.
std::optional<HttpResponse> ask(ClientOptions const& options, HttpRequest request, int& code);
// The answer as it came.
int print_json(HttpResponse const& response);
// `incidents list`: all pages of it.
int client_history(ClientOptions const& options, IncidentArguments const& arguments);
// The login name: who says so, unless --by does.
std::string who();
// A member as text, "" when it is absent or no scalar.
std::string text_of(simdjson::dom::element const& object, char const* key);

int parse_and(HttpResponse const& response, auto use) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(response.body).get(root) != simdjson::SUCCESS) {
        std::cerr << "surged: the answer is not JSON\n";
        return kExitRefused;
    }
    use(root);
    return kExitOk;
}

}  // namespace surged::daemon
