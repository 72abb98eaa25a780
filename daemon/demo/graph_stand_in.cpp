#include "daemon/demo/graph_stand_in.h"

#include "daemon/demo/graph_call.h"
#include "daemon/demo/signatures.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace surged::daemon::demo {
namespace {

using detectors::JsonWriter;

constexpr std::string_view kOldestVersion = "v21.0";
constexpr std::chrono::minutes kBlock{5};  // that each refused call prolongs the block to

bool is_version(std::string_view part) {
    return part.size() > 3 && part[0] == 'v' && std::isdigit(static_cast<unsigned char>(part[1])) &&
           part.find('.') != std::string_view::npos;
}

int major_of(std::string_view version) {
    auto const dot = version.find('.');
    return static_cast<int>(whole_number(version.substr(1, dot - 1)).value_or(0));
}

ServerResponse bad_parameter(std::string_view message) {
    return graph_error(400, 100, 0, message);
}

}  // namespace

GraphStandIn::GraphStandIn(PostBook const& book, GraphOptions options)
    : book_(book),
      options_(std::move(options)),
      window_(options_.calls, options_.calls_period, kBlock) {}

bool GraphStandIn::continues(ServerRequest const& request) const {
    Params const params(request.query);
    return params.has("after") || params.has("before");
}

ServerResponse GraphStandIn::handle(ServerRequest const& request, WallTime now) {
    Call call(request, now);
    call.parts = split_list(request.path, '/');
    call.version = kOldestVersion;  // what a call without a version, or with a dead one, gets
    bool known = true;
    if (!call.parts.empty() && is_version(call.parts[0])) {
        if (major_of(call.parts[0]) >= major_of(kOldestVersion)) call.version = call.parts[0];
        known = major_of(call.parts[0]) <= major_of(options_.version);
        call.parts.erase(call.parts.begin());
    }
    call.base_url = options_.base_url;
    if (call.base_url.empty())
        call.base_url = "http://" + std::string(exporters::header(request.headers, "Host"));
    auto const given = exporters::header(request.headers, "Authorization");
    call.token = call.params.get("access_token");
    if (call.token.empty() && given.starts_with("Bearer ")) call.token = given.substr(7);

    auto refusal = unauthorised(call);
    ServerResponse response;
    if (!known) {
        response = graph_error(400, 2500, 0, "Unknown path components: /" + request.path);
    } else if (refusal) {
        response = std::move(*refusal);
    } else if (!window_.take(now)) {
        response = graph_error(400, 80001, 0,
                               "(#80001) There have been too many calls to this Page account. Wait "
                               "a bit and try again.");
    } else {
        response = answer(call);
    }
    bool const throttled = window_.blocked(now).count() > 0;
    response.headers.emplace_back("facebook-api-version", call.version);
    add_usage(response, now);
    // The envelope says 400; the books say what it was.
    if (!throttled) return counted(std::move(response), call.items);
    int const status = response.status;
    response.status = 429;
    response = counted(std::move(response));
    response.status = status;
    return response;
}

ServerResponse GraphStandIn::refuse(Trouble trouble, ServerRequest const& /*request*/,
                                    WallTime /*now*/) {
    if (trouble == Trouble::rate_limited) {
        auto response = graph_error(400, 4, 0, "(#4) Application request limit reached");
        response.headers.emplace_back("X-App-Usage",
                                      R"({"call_count":101,"total_time":25,"total_cputime":25})");
        response.status = 429;
        response = counted(std::move(response));
        response.status = 400;
        return response;
    }
    if (trouble == Trouble::token_expired)
        return counted(
            graph_error(400, 190, 463, "Error validating access token: Session has expired."));
    if (trouble == Trouble::expired_cursor)
        return counted(bad_parameter("(#100) Invalid cursors values"));
    return counted(graph_error(500, 2, 0, "(#2) Service temporarily unavailable"));
}

std::optional<ServerResponse> GraphStandIn::unauthorised(Call const& call) const {
    if (call.token.empty())
        return graph_error(400, 104, 0, "An access token is required to request this resource.");
    if (!options_.access_token.empty() && call.token != options_.access_token)
        return graph_error(400, 190, 0, "Invalid OAuth access token - Cannot parse access token");
    auto const proof = call.params.get("appsecret_proof");
    if (proof.empty() && options_.require_proof)
        return bad_parameter("API calls from the server require an appsecret_proof argument");
    bool const checked = !proof.empty() && !options_.app_secret.empty();
    if (checked && !same_bytes(proof, hex(hmac_sha256(options_.app_secret, call.token))))
        return bad_parameter("Invalid appsecret_proof provided in the API argument");
    return std::nullopt;
}

void GraphStandIn::add_usage(ServerResponse& response, WallTime now) const {
    auto const blocked = window_.blocked(now);
    int const percent = blocked.count() > 0 ? std::max(100, window_.percent()) : window_.percent();
    if (percent < options_.usage_shown_from) return;
    JsonWriter app;
    app.object().field("call_count", percent).field("total_time", percent / 2);
    app.field("total_cputime", percent / 2).end();
    response.headers.emplace_back("X-App-Usage", app.take());
    JsonWriter page;
    page.object().key(options_.page_id).array().object().field("type", "pages");
    page.field("call_count", percent).field("total_cputime", percent / 2);
    page.field("total_time", percent / 2);
    page.field("estimated_time_to_regain_access", std::int64_t{blocked.count()}).end().end().end();
    response.headers.emplace_back("X-Business-Use-Case-Usage", page.take());
}

ServerResponse GraphStandIn::answer(Call& call) {
    if (call.request.method != "GET")
        return graph_error(400, 3, 0,
                           "(#3) Application does not have the capability to make this "
                           "API call.");
    if (call.parts.empty() && call.params.has("ids")) return nodes(call);
    if (call.parts.empty()) return bad_parameter("(#100) No node specified");
    std::string id = call.parts[0];
    if (id == "debug_token") return debug_token(call);
    if (id == "me") id = options_.page_id;
    if (call.parts.size() == 1) return node(call, id);
    if (call.parts.size() == 2) return edge(call, id, call.parts[1]);
    return graph_error(400, 2500, 0, "Unknown path components: " + call.request.path);
}

ServerResponse GraphStandIn::debug_token(Call const& call) const {
    auto const token = call.params.get("input_token");
    bool const valid = options_.access_token.empty() || token == options_.access_token;
    JsonWriter json;
    json.object().key("data").object().field("app_id", "1").field("type", "PAGE");
    json.field("is_valid", valid).field("expires_at", 0).field("data_access_expires_at", 0);
    json.key("scopes")
        .array()
        .value("pages_read_engagement")
        .value("pages_read_user_content")
        .end();
    json.end().end();
    return json_answer(200, json.take());
}

}  // namespace surged::daemon::demo
