// Incidents of all years, one of them, and its report.
#include "daemon/api.h"
#include "daemon/history.h"
#include "daemon/report_input.h"
#include "daemon/views.h"

#include <charconv>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kSearched = 200;  // letters of a search

// Reads the query; what is wrong with it, or "".
std::string read_query(ServerRequest const& request, HistoryQuery& out) {
    out.state = request.param("state");
    out.brand = request.param("brand");
    out.text = request.param("q");
    out.after = request.param("after");
    if (out.text.size() > kSearched) return "q: at most 200 bytes";
    for (auto const& [name, time] : {std::pair{"from", &out.from}, {"to", &out.to}}) {
        if (!request.has_param(name)) continue;
        std::string text = request.param(name);
        if (text.size() == 10) text += "T00:00:00Z";  // a day
        auto const t = parse_time(text);
        if (!t) return std::string(name) + ": expected a day (2026-03-01) or an RFC 3339 time";
        *time = *t;
    }
    if (!request.has_param("limit")) return {};
    std::string const limit = request.param("limit");
    auto const [end, ec] = std::from_chars(limit.data(), limit.data() + limit.size(), out.limit);
    if (ec != std::errc{} || end != limit.data() + limit.size() || out.limit < 1 ||
        out.limit > kHistoryPage)
        return "limit: expected a number from 1 to " + std::to_string(kHistoryPage);
    return {};
}

}  // namespace

ServerResponse Api::incidents(ApiCall const& call) {
    HistoryQuery query;
    std::string const fault = read_query(call.request, query);
    if (!fault.empty()) return problem(422, "Unprocessable Content", fault);
    return json_answer(incidents_json(env_.engine, query));
}

ServerResponse Api::incident(ApiCall const& call) {
    auto const found = known_incident(env_.engine, call.params[0]);
    if (!found) return not_found("there is no incident '" + call.params[0] + "'");
    return json_answer(incident_json(env_.engine, *found));
}

ServerResponse Api::report(ApiCall const& call) {
    std::string format = call.request.param("format");
    if (format.empty()) format = "md";
    if (format != "md" && format != "html" && format != "json")
        return problem(422, "Unprocessable Content", "format: expected md, html or json");
    auto const input = report_input(env_.engine, call.params[0], call.now);
    if (!input) return not_found("there is no incident '" + call.params[0] + "'");
    if (format == "json") return json_answer(exporters::report_json(*input));
    ServerResponse response;
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (format == "md") {
        response.headers.emplace_back("Content-Type", "text/markdown; charset=utf-8");
        response.body = exporters::report_md(*input);
        return response;
    }
    response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
    response.headers.emplace_back("Content-Security-Policy",
                                  exporters::report_policy() + "; frame-ancestors 'none'");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.body = exporters::report_html(*input);
    return response;
}

}  // namespace surged::daemon
