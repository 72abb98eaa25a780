#include "daemon/demo/platform.h"

#include "daemon/demo/params.h"

#include <utility>

namespace surged::daemon::demo {

std::size_t StandIn::take_repeat() {
    return std::exchange(repeat_, 0);
}

ServerResponse StandIn::counted(ServerResponse response, std::size_t items) {
    ++served_.requests;
    served_.items += items;
    if (response.status < 300) {
        ++served_.answered;
    } else if (response.status == 429) {
        ++served_.throttled;
    } else {
        ++served_.refused;
    }
    return response;
}

Reply FaultyStandIn::handle(ServerRequest const& request, WallTime now) {
    Trouble trouble = decide(plan_, ++requests_);
    bool const of_walks = trouble == Trouble::duplicates || trouble == Trouble::expired_cursor;
    if (of_walks && !inner_.continues(request)) trouble = Trouble::none;
    ++counts_[static_cast<std::size_t>(trouble)];
    Reply reply;
    reply.response = answer(trouble, request, now);
    if (trouble == Trouble::cut) reply.mishap = Mishap::cut;
    if (trouble == Trouble::slow) reply.mishap = Mishap::slow;
    if (trouble == Trouble::stall) reply.mishap = Mishap::stall;
    return reply;
}

// A cut, slow or stalled answer was worked out all the same: the platform charges for it.
ServerResponse FaultyStandIn::answer(Trouble trouble, ServerRequest const& request, WallTime now) {
    switch (trouble) {
        case Trouble::rate_limited:
        case Trouble::server_error:
        case Trouble::expired_cursor:
        case Trouble::token_expired: return inner_.refuse(trouble, request, now);
        case Trouble::html:
            return json_answer(200,
                               "<!DOCTYPE html><html><head><title>Just a moment</title></head>"
                               "<body><p>Checking your connection.</p></body></html>",
                               "text/html; charset=utf-8");
        case Trouble::malformed:
            return json_answer(200, "{\"data\":[{\"id\":\"1\",\"text\":\"\xC3\x28\xFF\",,}\n");
        default: break;
    }
    if (trouble == Trouble::duplicates) inner_.repeat_once(plan_.repeats);
    ServerResponse response = inner_.handle(request, now);
    if (trouble == Trouble::truncated) response.body.resize(response.body.size() / 2);
    return response;
}

ServerResponse json_answer(int status, std::string body, std::string_view type) {
    ServerResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", type);
    response.body = std::move(body);
    return response;
}

ServerRequest to_server_request(HttpRequest const& request) {
    ServerRequest out;
    out.method = request.method;
    out.headers = request.headers;
    out.body = request.body;
    out.peer = "127.0.0.1";
    std::string_view rest = request.url;
    auto const scheme = rest.find("://");
    if (scheme != std::string_view::npos) {
        rest.remove_prefix(scheme + 3);
        auto const slash = rest.find_first_of("/?");
        out.headers.emplace_back("Host", rest.substr(0, slash));
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    }
    out.target = rest.empty() || rest.front() != '/' ? "/" + std::string(rest) : std::string(rest);
    auto const question = out.target.find('?');
    out.path = percent_decode(out.target.substr(0, question), false);
    if (question != std::string::npos) out.query = out.target.substr(question + 1);
    return out;
}

HttpResponse to_client_response(ServerResponse response) {
    HttpResponse out;
    out.status = response.status;
    out.headers = std::move(response.headers);
    out.body = std::move(response.body);
    return out;
}

}  // namespace surged::daemon::demo
