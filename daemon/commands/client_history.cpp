// `surged incidents list`: every page of the history as one table.
#include "daemon/commands/client_parts.h"
#include "daemon/commands/table.h"
#include "daemon/commands/terminal.h"

#include <unistd.h>
#include <utility>
#include <vector>

namespace surged::daemon {

using simdjson::dom::element;

namespace {

std::vector<std::pair<std::string, std::string>> query_of(IncidentArguments const& a) {
    std::vector<std::pair<std::string, std::string>> out;
    for (auto const& [name, value] : {std::pair<char const*, std::string const&>{"state", a.state},
                                      {"brand", a.brand},
                                      {"q", a.search},
                                      {"from", a.from},
                                      {"to", a.to}})
        if (!value.empty()) out.emplace_back(name, value);
    return out;
}

}  // namespace

int client_history(ClientOptions const& options, IncidentArguments const& a) {
    Table table({"INCIDENT", "STATE", "SEVERITY", "OPENED", "CLOSED", "OWNER", "VERDICT"});
    std::string after, before;
    do {
        auto query = query_of(a);
        if (!after.empty()) query.emplace_back("after", after);
        int code = kExitOk;
        HttpRequest request;
        request.url = exporters::with_query("/api/v1/incidents", query);
        auto const answer = ask(options, std::move(request), code);
        if (!answer) return code;
        if (options.json) return print_json(*answer);  // a page as it came: `next` leads on
        before = std::exchange(after, {});
        code = parse_and(*answer, [&](element const& root) {
            simdjson::dom::array items;
            if (root["items"].get(items) != simdjson::SUCCESS) return;
            for (element const i : items)
                table.add({text_of(i, "id"), text_of(i, "state"), text_of(i, "severity"),
                           text_of(i, "opened"), text_of(i, "closed"), text_of(i, "owner"),
                           text_of(i, "verdict")});
            after = text_of(root, "next");
        });
        if (code != kExitOk) return code;
    } while (!after.empty() && after != before);
    table.print(std::cout, wants_colour(STDOUT_FILENO));
    return kExitOk;
}

}  // namespace surged::daemon
