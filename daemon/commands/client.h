// The commands that talk to a running daemon over its API.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace surged::daemon {

struct ClientOptions {
    std::string server = "http://127.0.0.1:9477";
    std::string token_file, ca_file;
    bool json = false;  // print the answer as it came
};

// What an operator says of an incident.
struct IncidentArguments {
    std::string action;  // list, show, ack, respond, resolve, close, reopen, note, check, report
    std::string id, item;
    std::string by, note, link, platform, verdict, state, brand, format = "md";
    std::string search, from, to;  // list
};

struct SilenceArguments {
    std::string action;  // list, add, expire
    std::string id, brand, stream, span, by, why;
    bool breaches = false;
};

struct DrillArguments {
    std::string stream, span, by;
    double ratio = 0;  // 0: the daemon's default
};

struct ForgetArguments {
    std::string author, mention, platform, by;
};

// Each prints what a person wants to know and returns 0; 1 refused or not found; 2 usage; 5 not
// reachable.
int client_streams(ClientOptions const& options);
int client_explain(ClientOptions const& options, std::string const& stream, std::string const& at);
int client_incidents(ClientOptions const& options, IncidentArguments const& arguments);
int client_receivers(ClientOptions const& options, std::string const& action,
                     std::string const& name);
int client_reload(ClientOptions const& options);
int client_silences(ClientOptions const& options, SilenceArguments const& arguments);
int client_drill(ClientOptions const& options, DrillArguments const& arguments);
int client_forget(ClientOptions const& options, ForgetArguments const& arguments);

}  // namespace surged::daemon
