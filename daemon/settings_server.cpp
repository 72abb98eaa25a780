// server, storage, http, log, metrics, heartbeat.
#include "daemon/settings_reader.h"

#include <set>

namespace surged::daemon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

bool loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void read_listen(config::Section& server, ServerSettings& out) {
    auto const text = server.text("listen", "127.0.0.1:9477");
    if (text.empty()) return;
    auto const listen = parse_host_port(text);
    if (!listen) {
        server.reject("listen", "must be ADDRESS:PORT such as 127.0.0.1:9477, got '" + text + "'");
        return;
    }
    out.host = listen->host.empty() ? "0.0.0.0" : listen->host;
    out.port = listen->port;
}

Role role_of(std::string_view word) {
    if (word == "operator") return Role::operator_;
    return word == "push" ? Role::push : Role::viewer;
}

// A push token is limited to streams that exist; other roles are not limited at all.
void read_token_streams(Reading& reading, config::Section& section, Token& token) {
    if (!section.has("streams")) return;
    token.streams = section.texts("streams");
    if (token.role != Role::push) {
        section.reject("streams", "only a token of role push is limited to streams");
        return;
    }
    if (token.streams.empty() && section.is_list("streams"))
        section.reject("streams", "must not be empty: leave it out to allow all");
    for (std::size_t i = 0; i < token.streams.size(); ++i)
        if (!token.streams[i].empty() && !reading.stream_places.contains(token.streams[i]))
            section.reject_item("streams", i,
                                unknown(token.streams[i], "no stream", reading.stream_places));
}

void read_tokens(Reading& reading, config::Section& server, ServerSettings& out) {
    std::map<std::string, config::Problem> names;
    std::map<std::string, std::string> values;
    for (auto& section : server.list("tokens")) {
        Token token;
        token.name = reading.read_name(section, names, "token");
        token.secret = section.secret("token_file", true);
        if (!section.has("role")) section.reject("", "missing key 'role'");
        token.role = role_of(section.choice("role", {"viewer", "operator", "push"}, "viewer"));
        read_token_streams(reading, section, token);
        section.finish();
        auto const [other, fresh] = values.emplace(token.secret.value, token.name);
        if (!fresh && !token.secret.value.empty())
            section.warn("token_file", "the same token as '" + other->second +
                                           "': who used it cannot be told apart");
        out.tokens.push_back(std::move(token));
    }
}

void read_tls(config::Section& server, ServerSettings& out) {
    if (!server.has("tls")) return;
    if (!server.is_mapping("tls")) {
        if (server.is_list("tls") || server.text("tls") != "off")
            server.reject("tls", "must be off, or a mapping with certificate_file and key_file");
        else
            out.tls_off = true;
        return;
    }
    auto section = server.child("tls");
    out.certificate_file = section->file("certificate_file", true, false);
    out.key_file = section->file("key_file", true, true);
    section->finish();
}

// Contract: a non-loopback address requires tokens and tls, or `tls: off` said aloud.
void guard_listen(config::Section& server, ServerSettings const& out) {
    if (loopback(out.host)) return;
    if (out.tokens.empty())
        server.reject("listen", "an address that others can reach requires 'tokens'");
    if (!server.has("tls"))
        server.reject("listen",
                      "an address that others can reach requires 'tls' (or `tls: off` said aloud)");
}

std::string made_url(ServerSettings const& server) {
    std::string host = server.host;
    if (host == "0.0.0.0" || host == "::") host = "localhost";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return (server.certificate_file.empty() ? "http://" : "https://") + host + ":" +
           std::to_string(server.port) + "/";
}

}  // namespace

void read_server(Reading& reading, config::Section& root) {
    auto& out = reading.settings().server;
    if (auto server = root.child("server")) {
        read_listen(*server, out);
        out.external_url = server->url("external_url", false);
        if (!out.external_url.empty() && !out.external_url.ends_with('/')) out.external_url += '/';
        read_tokens(reading, *server, out);
        read_tls(*server, out);
        out.metrics_auth = server->boolean("metrics_auth", false);
        guard_listen(*server, out);
        server->finish();
    }
    if (out.external_url.empty()) out.external_url = made_url(out);
}

void read_storage(Reading& reading, config::Section& root) {
    auto storage = root.child("storage");
    if (!storage) return;
    auto& out = reading.settings().storage;
    out.directory = storage->text("directory");
    out.keep_mentions =
        storage->duration("keep_mentions", hours{1}, seconds{kYear * 10}, out.keep_mentions);
    out.keep_incidents =
        storage->duration("keep_incidents", hours{24}, seconds{kYear * 100}, out.keep_incidents);
    storage->finish();
}

void read_http(Reading& reading, config::Section& root) {
    auto http = root.child("http");
    if (!http) return;
    auto& out = reading.settings().http;
    out.timeout = http->duration("timeout", kSecond, minutes{10}, out.timeout);
    out.proxy = http->url("proxy", false);
    out.ca_file = http->file("ca_file", false, false);
    http->finish();
}

void read_log_and_metrics(Reading& reading, config::Section& root) {
    if (auto log = root.child("log")) {
        auto& out = reading.settings().log;
        out.level = log->choice("level", {"debug", "info", "warning", "warn", "error"}, out.level);
        if (out.level == "warn") out.level = "warning";
        out.format = log->choice("format", {"auto", "text", "json"}, out.format);
        log->finish();
    }
    if (auto metrics = root.child("metrics")) {
        constexpr std::int64_t kMost = 100'000;  // series that a Prometheus still takes at once
        auto& out = reading.settings().metric_streams;
        out = static_cast<std::size_t>(
            metrics->integer("streams", 0, kMost, static_cast<std::int64_t>(out)));
        metrics->finish();
    }
}

void read_heartbeat(Reading& reading, config::Section& root) {
    auto heartbeat = root.child("heartbeat");
    if (!heartbeat) return;
    auto& out = reading.settings().heartbeat;
    if (!heartbeat->has("receivers")) heartbeat->reject("", "missing key 'receivers'");
    out.receivers = reading.receivers(*heartbeat, "receivers");
    if (!heartbeat->has("every")) heartbeat->reject("", "missing key 'every'");
    out.every = heartbeat->duration("every", seconds{10}, kYear, hours{24});
    heartbeat->finish();
}

}  // namespace surged::daemon
