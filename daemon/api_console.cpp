// The console: its files, and the sign-in where tokens are configured.
#include "daemon/api.h"
#include "exporters/console/console.h"
#include "exporters/signature.h"

#include <utility>

namespace surged::daemon {
namespace {

ServerResponse page_of(exporters::ConsoleFile const& file, std::string body) {
    ServerResponse response;
    response.headers.emplace_back("Content-Type", file.type);
    response.headers.emplace_back("Content-Security-Policy", exporters::kConsolePolicy);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    // Not no-referrer: under it a browser sends `Origin: null` with our own forms, and these are
    // refused. Other sites are told nothing all the same.
    response.headers.emplace_back("Referrer-Policy", "same-origin");
    response.body = std::move(body);
    return response;
}

// Where the sign-in leads: to the incident that the link of a page named, else to the first page.
// It goes into markup and a header: nothing but the characters of our ids.
std::string_view way_back(std::string_view path) {
    constexpr std::string_view kIncidents = "/incidents/";
    constexpr std::size_t kLongest = 200;
    bool const ours =
        path.starts_with(kIncidents) && path.size() > kIncidents.size() && path.size() < kLongest &&
        path.substr(kIncidents.size())
                .find_first_not_of(
                    "abcdefghijklmnopqrstuvwxyz"
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == std::string_view::npos;
    return ours ? path : "/";
}

ServerResponse sign_in_page(int status, std::string_view why, std::string_view to) {
    auto const* const file = exporters::console_file("sign_in.html");
    std::string body(file->body);
    constexpr std::string_view kPlace = "<!--why-->";
    if (auto const at = body.find(kPlace); at != std::string::npos)
        body.replace(at, kPlace.size(), why);
    constexpr std::string_view kTo = "name=\"to\" value=\"/\"";
    if (auto const at = body.find(kTo); at != std::string::npos)
        body.replace(at, kTo.size(), "name=\"to\" value=\"" + std::string(way_back(to)) + "\"");
    ServerResponse response = page_of(*file, std::move(body));
    response.status = status;
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

// One field of a form's body.
std::string form_field(ServerRequest const& request, std::string_view name) {
    ServerRequest form;
    form.query = request.body;
    return form.param(name);
}

}  // namespace

ServerResponse Api::console(ApiCall const& call) {
    bool const locked = !env_.engine.settings().server.tokens.empty();
    if (locked && (call.token == nullptr || call.token->role == Role::push)) {
        // A browser is shown where to sign in; a program is told what every route tells it.
        bool const browser = exporters::header(call.request.headers, "Accept").find("text/html") !=
                             std::string_view::npos;
        bool const known = call.token != nullptr;
        ServerResponse refusal =
            browser ? sign_in_page(401, "", call.request.path)
            : known
                ? problem(403, "Forbidden",
                          "the role of token '" + call.token->name + "' does not allow this")
                : problem(401, "Unauthorized", "a token is needed: Authorization: Bearer TOKEN");
        if (refusal.status == 401)
            refusal.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"surged\"");
        return refusal;
    }
    auto const* const file = exporters::console_file("index.html");
    ServerResponse response = page_of(*file, std::string(file->body));
    response.headers.emplace_back("Cache-Control", "no-cache");
    return response;
}

ServerResponse Api::console_asset(ApiCall const& call) {
    auto const* const file = exporters::console_file(call.params[0]);
    if (file == nullptr || file->name.ends_with(".html"))
        return problem(404, "Not Found", "the console has no such file");
    // Asked each time, sent when it changed: an upgrade is seen at once.
    bool const same = exporters::header(call.request.headers, "If-None-Match") == file->etag;
    ServerResponse response = page_of(*file, same ? std::string() : std::string(file->body));
    if (same) response.status = 304;
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("ETag", file->etag);
    return response;
}

ServerResponse Api::sign_in(ApiCall const& call) {
    auto const& server = env_.engine.settings().server;
    std::string const to = form_field(call.request, "to");
    if (!sign_ins_.allowed(call.request.peer, call.now)) {
        ServerResponse busy = sign_in_page(429, "Too many wrong tokens: wait a minute.", to);
        busy.headers.emplace_back("Retry-After", "60");
        return busy;
    }
    std::string const given = form_field(call.request, "token");
    Token const* found = nullptr;
    for (Token const& token : server.tokens)
        if (token.role != Role::push && exporters::same_secret(given, token.secret.value))
            found = &token;
    if (found == nullptr) {
        sign_ins_.failed(call.request.peer, call.now);
        return sign_in_page(401, "This token is not known here.", to);
    }
    ServerResponse response;
    response.status = 303;
    response.headers.emplace_back("Location", way_back(to));
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("Set-Cookie",
                                  set_cookie(session_cookie(*found, call.now), kSession,
                                             !server.certificate_file.empty() ||
                                                 server.external_url.starts_with("https://")));
    return response;
}

ServerResponse Api::sign_out(ApiCall const&) {
    ServerResponse response;
    response.status = 303;
    response.headers.emplace_back("Location", "/");
    response.headers.emplace_back("Set-Cookie", set_cookie("", std::chrono::seconds{0}, false));
    return response;
}

}  // namespace surged::daemon
