#include "daemon/commands/client.h"

#include "config/section.h"
#include "daemon/commands/client_parts.h"
#include "daemon/commands/table.h"
#include "daemon/commands/terminal.h"
#include "daemon/exit_codes.h"
#include "daemon/http_client.h"
#include "daemon/resolver.h"
#include "daemon/steady_clock.h"
#include "daemon/supervisor.h"
#include "detectors/json_writer.h"
#include "exporters/receivers/text.h"

#include <boost/asio/io_context.hpp>
#include <simdjson.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace surged::daemon {

using detectors::JsonWriter;
using simdjson::dom::element;

namespace {

constexpr std::chrono::seconds kTimeout{15};

boost::asio::awaitable<void> fetch_into(HttpClient& http, HttpRequest request, Instant deadline,
                                        std::optional<Result<HttpResponse>>& out) {
    out.emplace(co_await http.fetch(std::move(request), deadline));
}

}  // namespace

std::optional<HttpResponse> ask(ClientOptions const& options, HttpRequest request, int& code) {
    config::Secret token;
    token.file = options.token_file;
    if (!token.file.empty() && !token.reload() && token.value.empty()) {
        std::cerr << "surged: " << token.file << ": cannot be read\n";
        code = kExitUsage;
        return std::nullopt;
    }
    std::string server = options.server;
    while (server.ends_with('/')) server.pop_back();
    request.url = server + request.url;
    request.ca_file = options.ca_file;
    request.headers.emplace_back("X-Surged-Via", "cli");
    if (!token.value.empty())
        request.headers.emplace_back("Authorization", "Bearer " + token.value);
    request.idempotent = request.method == "GET";

    boost::asio::io_context io{1};
    SteadyClock clock(io);
    Resolver resolver(io, clock);
    BeastHttpClient http(io, clock, resolver);
    std::optional<Result<HttpResponse>> result;
    Supervisor supervisor(io, [](std::string const&, std::exception_ptr) {});
    Instant const deadline = clock.now() + kTimeout;
    supervisor.start("ask", fetch_into(http, std::move(request), deadline, result));
    while (supervisor.running() != 0) io.run_one();
    if (!result || !*result) {
        std::cerr << "surged: no daemon answers at " << server
                  << (result ? ": " + result->error().detail : std::string{}) << "\n";
        code = kExitUnreachable;
        return std::nullopt;
    }
    HttpResponse response = std::move(**result);
    if (response.status < 300) return response;
    simdjson::dom::parser parser;
    element root;
    std::string_view title, detail;
    if (parser.parse(response.body).get(root) == simdjson::SUCCESS) {
        if (root["title"].get(title) != simdjson::SUCCESS) title = {};
        if (root["detail"].get(detail) != simdjson::SUCCESS) detail = {};
    }
    std::cerr << "surged: " << response.status << " " << title << (detail.empty() ? "" : ": ")
              << detail << "\n";
    code = kExitRefused;
    return std::nullopt;
}

std::string text_of(element const& object, char const* key) {
    element value;
    if (object[key].get(value) != simdjson::SUCCESS) return {};
    if (value.is_string()) return std::string(value.get_string().value_unsafe());
    if (value.is_bool()) return value.get_bool().value_unsafe() ? "yes" : "no";
    if (value.is_int64()) return std::to_string(value.get_int64().value_unsafe());
    if (value.is_double()) {
        std::array<char, 32> out{};
        std::snprintf(out.data(), out.size(), "%.4g", value.get_double().value_unsafe());
        return out.data();
    }
    return {};
}

int print_json(HttpResponse const& response) {
    std::cout << response.body << (response.body.ends_with('\n') ? "" : "\n");
    return kExitOk;
}

std::string who() {
    if (char const* const user = std::getenv("SUDO_USER")) return user;
    if (char const* const user = std::getenv("USER")) return user;
    return {};
}

namespace {

// "running until 2026-03-01T12:17:00Z", per clock.
std::string clocks_of(element const& incident) {
    std::string out;
    simdjson::dom::array clocks;
    if (incident["clocks"].get(clocks) != simdjson::SUCCESS) return out;
    for (element const c : clocks)
        out += "  " + text_of(c, "platform") + " " + text_of(c, "kind") + ": " +
               text_of(c, "state") + ", due " + text_of(c, "due") +
               (text_of(c, "by").empty() ? "" : ", by " + text_of(c, "by")) + "\n";
    return out;
}

// What strangers wrote must not move the cursor: no control character, ASCII's or Unicode's.
std::string plain_line(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        bool const c1 =
            c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) text[i + 1] = ' ';
        if (c < 0x20 || c == 0x7F || c1) text[i] = ' ';
    }
    return text;
}

constexpr int kPeopleLines = 10;  // a terminal's screen has room for the rest of the incident

void print_people(element const& incident, char const* list, char const* title) {
    simdjson::dom::array items;
    if (incident[list].get(items) != simdjson::SUCCESS || items.size() == 0) return;
    std::cout << "  " << title << ":\n";
    int left = kPeopleLines;
    for (element const p : items) {
        if (left-- == 0) break;
        std::string const text = text_of(p, "text"), author = text_of(p, "author");
        std::cout << "    " << text_of(p, "at") << "  " << text_of(p, "platform") << "  "
                  << plain_line(author.empty() ? text_of(p, "id") : author) << "  "
                  << (text.empty() ? "(text erased)" : plain_line(text)) << "\n";
    }
}

void print_incident(element const& i) {
    bool const colour = wants_colour(STDOUT_FILENO);
    auto const word = [&](char const* key) {
        std::string const text = text_of(i, key);
        return toned(text, tone_of(text), colour);
    };
    std::cout << text_of(i, "id") << "  " << word("severity") << "  " << word("state")
              << (text_of(i, "drill") == "yes" ? "  DRILL" : "") << "\n"
              << "  opened " << text_of(i, "opened") << ", began around " << text_of(i, "onset")
              << (text_of(i, "owner").empty() ? "" : ", with " + text_of(i, "owner")) << "\n";
    simdjson::dom::array streams;
    if (i["streams"].get(streams) == simdjson::SUCCESS)
        for (element const s : streams)
            std::cout << "  " << text_of(s, "name") << " (" << text_of(s, "platform")
                      << "): " << text_of(s, "observed") << " mentions where "
                      << text_of(s, "expected") << " were expected, now " << text_of(s, "state")
                      << "\n";
    std::cout << clocks_of(i);
    print_people(i, "unanswered", "waiting for our answer");
    print_people(i, "advocates", "advocates in it");
    print_people(i, "affected", "hit hardest");
    simdjson::dom::array similar;
    if (i["similar"].get(similar) == simdjson::SUCCESS)
        for (element const s : similar) {
            std::string why;
            simdjson::dom::array reasons;
            if (s["why"].get(reasons) != simdjson::SUCCESS) continue;
            for (element const reason : reasons)
                why += (why.empty() ? "" : "; ") + exporters::plain(reason.get_string().value());
            std::cout << "  like " << text_of(s, "id") << ", because " << why << "\n";
        }
    simdjson::dom::array timeline;
    if (i["timeline"].get(timeline) != simdjson::SUCCESS) return;
    for (element const e : timeline)
        std::cout << "  " << text_of(e, "at") << "  " << text_of(e, "event") << "  "
                  << text_of(e, "summary")
                  << (text_of(e, "note").empty() ? "" : "  \"" + text_of(e, "note") + "\"")
                  << (text_of(e, "by").empty() ? "" : "  by " + text_of(e, "by")) << "\n";
}

HttpRequest get(std::string path) {
    HttpRequest request;
    request.url = std::move(path);
    return request;
}

}  // namespace

int client_streams(ClientOptions const& options) {
    int code = kExitOk;
    auto const answer = ask(options, get("/api/v1/streams"), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, [](element const& root) {
        Table table({"STREAM", "PLATFORM", "STATE", "OBSERVED", "EXPECTED", "PAGE FROM", "MENTIONS",
                     "COVERED UNTIL", "REASON"});
        simdjson::dom::array items;
        if (root["items"].get(items) != simdjson::SUCCESS) return;
        for (element const s : items)
            table.add({text_of(s, "name"), text_of(s, "platform"), text_of(s, "state"),
                       text_of(s, "observed"), text_of(s, "expected"), text_of(s, "upper"),
                       text_of(s, "mentions_total"), text_of(s, "covered_until"),
                       text_of(s, "reason")});
        table.print(std::cout, wants_colour(STDOUT_FILENO));
    });
}

namespace {

// "  burst: 0.42, sustained: 1.3" of a list of objects; `value` may be absent.
std::string pairs_of(element const& root, char const* list, char const* name, char const* value,
                     char const* unit, char const* absent) {
    std::string out;
    simdjson::dom::array items;
    if (root[list].get(items) != simdjson::SUCCESS) return out;
    for (element const i : items) {
        std::string const text = text_of(i, value);
        out += (out.empty() ? "" : ", ") + text_of(i, name) + " " +
               (text.empty() ? absent : text + unit);
    }
    return out;
}

void print_explained(element const& root) {
    std::cout << text_of(root, "stream") << " at " << text_of(root, "at") << "\n  "
              << text_of(root, "why") << "\n";
    if (text_of(root, "covered") != "yes") return;
    std::cout << "  observed " << text_of(root, "observed") << ", expected "
              << text_of(root, "expected") << ", a page from " << text_of(root, "upper")
              << ", score " << text_of(root, "score") << "\n";
    if (text_of(root, "level").empty()) return;
    std::cout << "  expected: level " << text_of(root, "level") << " a minute, season x"
              << text_of(root, "season") << ", announced x" << text_of(root, "announced")
              << (text_of(root, "learning") == "yes" ? ", still learning" : "")
              << (text_of(root, "history") == "yes" ? ", read as history" : "") << "\n";
    element channel;
    if (root.at_pointer("/channels/0").get(channel) == simdjson::SUCCESS)
        std::cout << "  seen once in so many days: "
                  << pairs_of(root, "channels", "name", "return_days", "",
                              "silent for its first 12 h")
                  << "; a page from " << text_of(channel, "page_at_days") << "\n";
    std::cout << "  spreads above the usual: "
              << pairs_of(root, "windows", "window", "above", "", "-") << "\n";
    element surge;
    if (root["surge"].get(surge) == simdjson::SUCCESS)
        std::cout << "  the surge began around " << text_of(surge, "onset") << ", between "
                  << text_of(surge, "onset_from") << " and " << text_of(surge, "onset_until")
                  << "\n";
}

}  // namespace

int client_explain(ClientOptions const& options, std::string const& stream, std::string const& at) {
    int code = kExitOk;
    std::string path = "/api/v1/streams/" + exporters::url_encode(stream) + "/explain";
    if (!at.empty()) path += "?at=" + exporters::url_encode(at);
    auto const answer = ask(options, get(std::move(path)), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, [](element const& root) { print_explained(root); });
}

int client_incidents(ClientOptions const& options, IncidentArguments const& a) {
    int code = kExitOk;
    if (a.action == "list") return client_history(options, a);
    std::string path = "/api/v1/incidents/" + exporters::url_encode(a.id);
    HttpRequest request;
    if (a.action == "show") {
        request = get(path);
    } else if (a.action == "report") {
        auto const answer = ask(options, get(path + "/report?format=" + a.format), code);
        return answer ? print_json(*answer) : code;
    } else {
        request.method = "POST";
        request.url = path + "/" + (a.action == "ack" ? "acknowledge" : a.action);
        JsonWriter json;
        json.object()
            .field("by", a.by.empty() ? who() : a.by)
            .text_if("note", a.note)
            .text_if("link", a.link);
        json.text_if("platform", a.platform)
            .text_if("verdict", a.verdict)
            .text_if("item", a.item)
            .end();
        request.body = json.take();
        request.headers.emplace_back("Content-Type", "application/json");
    }
    auto const answer = ask(options, std::move(request), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, print_incident);
}

int client_receivers(ClientOptions const& options, std::string const& action,
                     std::string const& name) {
    int code = kExitOk;
    if (action == "test") {
        HttpRequest request;
        request.method = "POST";
        request.url = "/api/v1/receivers/" + exporters::url_encode(name) + "/test";
        auto const answer = ask(options, std::move(request), code);
        if (!answer) return code;
        if (options.json) return print_json(*answer);
        std::cout << "a test page is on its way to '" << name << "'\n";
        return kExitOk;
    }
    auto const answer = ask(options, get("/api/v1/status"), code);
    if (!answer) return code;
    if (options.json) return print_json(*answer);
    return parse_and(*answer, [](element const& root) {
        Table table({"RECEIVER", "TYPE", "WAITING"});
        simdjson::dom::array items;
        if (root["receivers"].get(items) != simdjson::SUCCESS) return;
        for (element const r : items)
            table.add({text_of(r, "name"), text_of(r, "type"), text_of(r, "waiting")});
        table.print(std::cout, wants_colour(STDOUT_FILENO));
    });
}

int client_reload(ClientOptions const& options) {
    int code = kExitOk;
    HttpRequest request;
    request.method = "POST";
    request.url = "/-/reload";
    if (!ask(options, std::move(request), code)) return code;
    std::cout << (options.json ? "{\"reloaded\":true}" : "reloaded") << "\n";
    return kExitOk;
}

}  // namespace surged::daemon
