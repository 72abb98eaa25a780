#include "daemon/demo/x_stand_in.h"

#include "daemon/demo/words.h"
#include "daemon/demo/x_call.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon::demo {
namespace {

constexpr std::chrono::minutes kPeriod{15};

ServerResponse problem(int status, std::string_view title, std::string_view detail,
                       std::string_view type = "about:blank") {
    return json_answer(status, x_problem(status, title, detail, type), "application/problem+json");
}

ServerResponse invalid(std::string body) {
    return json_answer(400, std::move(body), "application/problem+json");
}

}  // namespace

XStandIn::XStandIn(PostBook const& book, XOptions options)
    : book_(book), options_(std::move(options)) {
    auto const add = [&](std::string name, std::uint64_t limit) {
        windows_.emplace(std::move(name), FixedWindow(limit, kPeriod, false));
    };
    add("search", options_.search_limit);
    add("counts", options_.counts_limit);
    add("timeline", options_.timeline_limit);
    add("lookup", options_.lookup_limit);
    add("users", options_.users_limit);
}

std::uint64_t XStandIn::peak(std::string_view endpoint) const {
    auto const it = windows_.find(endpoint);
    return it == windows_.end() ? 0 : it->second.peak();
}

XStandIn::Endpoint XStandIn::route(std::string_view path, std::string& argument) {
    if (path == "/2/tweets/search/recent") return Endpoint::search;
    if (path == "/2/tweets/counts/recent") return Endpoint::counts;
    if (path == "/2/tweets") return Endpoint::lookup;
    auto const parts = split_list(path, '/');
    if (parts.size() < 3 || parts[0] != "2") return Endpoint::none;
    argument = parts.back();
    if (parts.size() == 5 && parts[1] == "users" && parts[2] == "by" && parts[3] == "username")
        return Endpoint::user;
    if (parts.size() == 3 && parts[1] == "tweets") return Endpoint::one;
    argument = parts[2];
    if (parts.size() == 4 && parts[1] == "users" && parts[3] == "mentions")
        return Endpoint::mentions;
    if (parts.size() == 4 && parts[1] == "users" && parts[3] == "tweets") return Endpoint::tweets;
    return Endpoint::none;
}

FixedWindow& XStandIn::window(Endpoint endpoint) {
    char const* name = "lookup";
    if (endpoint == Endpoint::search) name = "search";
    if (endpoint == Endpoint::counts) name = "counts";
    if (endpoint == Endpoint::mentions || endpoint == Endpoint::tweets) name = "timeline";
    if (endpoint == Endpoint::user) name = "users";
    return windows_.find(name)->second;
}

bool XStandIn::authorised(ServerRequest const& request) const {
    constexpr std::string_view kScheme = "Bearer ";
    auto const given = exporters::header(request.headers, "Authorization");
    if (!given.starts_with(kScheme) || given.size() == kScheme.size()) return false;
    return options_.bearer_token.empty() || given.substr(kScheme.size()) == options_.bearer_token;
}

ServerResponse XStandIn::handle(ServerRequest const& request, WallTime now) {
    Call call(request, now);
    Endpoint const endpoint = route(request.path, call.argument);
    FixedWindow& limit = window(endpoint);
    limit.roll(now);
    ServerResponse response;
    if (!authorised(request)) {
        response = problem(401, "Unauthorized", "Unauthorized");
    } else if (endpoint == Endpoint::none || request.method != "GET") {
        response = problem(404, "Not Found", "Not Found");
    } else if (!limit.take(now)) {
        response = problem(429, "Too Many Requests", "Too Many Requests");
    } else {
        response = answer(endpoint, call);
    }
    auto const reset = std::chrono::ceil<std::chrono::seconds>(limit.reset().time_since_epoch());
    auto& headers = response.headers;
    headers.emplace_back("x-rate-limit-limit", std::to_string(limit.limit()));
    headers.emplace_back("x-rate-limit-remaining", std::to_string(limit.remaining()));
    headers.emplace_back("x-rate-limit-reset", std::to_string(reset.count()));
    headers.emplace_back("api-version", "2.167");
    headers.emplace_back("x-access-level", "read");
    return counted(std::move(response), call.items);
}

ServerResponse XStandIn::refuse(Trouble trouble, ServerRequest const& request, WallTime now) {
    ServerResponse response = json_answer(503, "", "text/html");
    if (trouble == Trouble::token_expired) response = problem(401, "Unauthorized", "Unauthorized");
    if (trouble == Trouble::rate_limited) {
        response = problem(429, "Too Many Requests", "Too Many Requests");
        auto const reset =
            std::chrono::ceil<std::chrono::seconds>(now.time_since_epoch()) + kPeriod;
        response.headers.emplace_back("x-rate-limit-limit", std::to_string(options_.search_limit));
        response.headers.emplace_back("x-rate-limit-remaining", "0");
        response.headers.emplace_back("x-rate-limit-reset", std::to_string(reset.count()));
    }
    if (trouble == Trouble::expired_cursor) {
        Params const params(request.query);
        auto const* const name = params.has("next_token") ? "next_token" : "pagination_token";
        auto const token = std::string(params.get(name));
        response = invalid(x_invalid(
            name, token,
            "The `" + std::string(name) + "` query parameter value [" + token + "] has expired"));
    }
    return counted(std::move(response));
}

bool XStandIn::continues(ServerRequest const& request) const {
    Params const params(request.query);
    return params.has("next_token") || params.has("pagination_token");
}

ServerResponse XStandIn::answer(Endpoint endpoint, Call& call) {
    switch (endpoint) {
        case Endpoint::search: return search(call);
        case Endpoint::counts: return counts(call);
        case Endpoint::mentions: return timeline(call, true);
        case Endpoint::tweets: return timeline(call, false);
        case Endpoint::lookup: return lookup(call);
        case Endpoint::one: return lookup_one(call);
        case Endpoint::user: return user(call);
        case Endpoint::none: break;
    }
    return problem(404, "Not Found", "Not Found");
}

// Posts are charged for once a UTC day, only when they were returned.
void XStandIn::charge(std::vector<Post const*> const& posts, WallTime now) {
    std::int64_t const day = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
    if (day != charged_day_) charged_today_.clear();
    charged_day_ = day;
    for (Post const* post : posts) {
        ++reads_;
        if (!charged_today_.insert(post->serial).second) continue;
        ++charged_;
        if (options_.credits > 0) --options_.credits;
        if (options_.monthly_cap > 0) --options_.monthly_cap;
    }
}

std::optional<ServerResponse> XStandIn::broke() const {
    if (options_.credits == 0)
        return problem(402, "CreditsDepleted",
                       "Your enrolled account does not have any credits to fulfill this request.",
                       "https://api.twitter.com/2/problems/credits");
    if (options_.monthly_cap != 0) return std::nullopt;
    detectors::JsonWriter json;
    json.object().field("account_id", "1").field("product_name", "standard-basic");
    json.field("title", "UsageCapExceeded").field("period", "Monthly").field("scope", "Product");
    json.field("detail", "Usage cap exceeded: Monthly product cap");
    json.field("type", "https://api.twitter.com/2/problems/usage-capped").end();
    return json_answer(429, json.take(), "application/problem+json");
}

}  // namespace surged::daemon::demo
