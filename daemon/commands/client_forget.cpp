// `surged forget`: erasure on request.
#include "daemon/commands/client_parts.h"
#include "detectors/json_writer.h"

#include <utility>

namespace surged::daemon {

int client_forget(ClientOptions const& options, ForgetArguments const& a) {
    if (a.author.empty() && a.mention.empty()) {
        std::cerr << "surged: say whom or what with --author or --mention\n";
        return kExitUsage;
    }
    detectors::JsonWriter json;
    json.object().text_if("author", a.author).text_if("mention", a.mention);
    json.text_if("platform", a.platform).field("by", a.by.empty() ? who() : a.by).end();
    HttpRequest request;
    request.method = "POST";
    request.url = "/api/v1/forget";
    request.body = json.take();
    request.headers.emplace_back("Content-Type", "application/json");
    int code = kExitOk;
    auto const answer = ask(options, std::move(request), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, [](simdjson::dom::element const& done) {
        std::cout << text_of(done, "texts") << " texts erased"
                  << (text_of(done, "complete") == "yes"
                          ? "; what comes back of it is counted, not kept\n"
                          : " so far; the daemon goes on: ask again to see whether it is done\n");
    });
}

}  // namespace surged::daemon
