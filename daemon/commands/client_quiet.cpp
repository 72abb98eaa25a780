// `surged silences` and `surged drill`; and the commands that this release does not have yet.
#include "daemon/commands/client_parts.h"
#include "daemon/commands/table.h"
#include "daemon/commands/terminal.h"
#include "detectors/json_writer.h"

#include <utility>

namespace surged::daemon {

using detectors::JsonWriter;
using simdjson::dom::element;

namespace {

HttpRequest post(std::string path, JsonWriter& json) {
    HttpRequest request;
    request.method = "POST";
    request.url = std::move(path);
    request.body = json.take();
    request.headers.emplace_back("Content-Type", "application/json");
    return request;
}

void print_silences(element const& root) {
    Table table({"SILENCE", "BRAND", "STREAM", "UNTIL", "HELD", "BREACHES", "BY", "WHY"});
    simdjson::dom::array items;
    if (root["items"].get(items) != simdjson::SUCCESS) return;
    for (element const s : items)
        table.add({text_of(s, "id"), text_of(s, "brand"), text_of(s, "stream"), text_of(s, "until"),
                   text_of(s, "held"), text_of(s, "breaches") == "yes" ? "held" : "pass",
                   text_of(s, "by"), text_of(s, "why")});
    table.print(std::cout, wants_colour(STDOUT_FILENO));
}

}  // namespace

int client_silences(ClientOptions const& options, SilenceArguments const& a) {
    int code = kExitOk;
    HttpRequest request;
    request.url = "/api/v1/silences";
    if (a.action == "add") {
        JsonWriter json;
        json.object().field("brand", a.brand).text_if("stream", a.stream).field("for", a.span);
        json.field("by", a.by.empty() ? who() : a.by).field("why", a.why);
        json.field("breaches", a.breaches).end();
        request = post("/api/v1/silences", json);
    } else if (a.action == "expire") {
        request.method = "DELETE";
        request.url += "/" + exporters::url_encode(a.id);
    }
    auto const answer = ask(options, std::move(request), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    if (a.action == "list") return parse_and(*answer, print_silences);
    return parse_and(*answer, [&](element const& s) {
        if (a.action == "expire")
            std::cout << text_of(s, "id") << " has ended; it held " << text_of(s, "held")
                      << " pages\n";
        else
            std::cout << text_of(s, "id") << ": pages of " << text_of(s, "brand")
                      << " are held until " << text_of(s, "until") << "; breaches "
                      << (text_of(s, "breaches") == "yes" ? "too" : "pass") << "\n";
    });
}

int client_drill(ClientOptions const& options, DrillArguments const& a) {
    int code = kExitOk;
    JsonWriter json;
    json.object().field("stream", a.stream).field("by", a.by.empty() ? who() : a.by);
    if (a.ratio != 0) json.field("ratio", a.ratio);
    json.text_if("for", a.span).end();
    auto const answer = ask(options, post("/api/v1/drills", json), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, [](element const& d) {
        std::cout << text_of(d, "incident") << ": a drill on " << text_of(d, "stream") << ", "
                  << text_of(d, "ratio") << "x the usual until " << text_of(d, "until")
                  << "; its clocks and pages are real: acknowledge it\n";
    });
}

}  // namespace surged::daemon
