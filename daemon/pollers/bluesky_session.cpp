#include "daemon/pollers/bluesky_session.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/settings.h"
#include "daemon/url.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using std::chrono::seconds;

constexpr seconds kLifetime{120 * 60};  // of an access token that does not say
constexpr seconds kEarly{5 * 60};       // a token is renewed so long before its end
constexpr seconds kLoginPause{15 * 60};
constexpr seconds kClaim{30};  // of who logs in: longer than an exchange takes
constexpr seconds kLookAgain{1};
constexpr std::size_t kTokenMax = 8 * 1024;

constexpr std::string_view kCreate = "/xrpc/com.atproto.server.createSession";
constexpr std::string_view kRefresh = "/xrpc/com.atproto.server.refreshSession";

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-' || c == '+') return 62;
    if (c == '_' || c == '/') return 63;
    return -1;
}

std::string base64url(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int have = 0;
    for (char const c : text) {
        int const value = base64_value(c);
        if (value < 0) break;
        bits = (bits << 6U | unsigned(value)) & 0xFFFFFFU;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out += static_cast<char>(bits >> unsigned(have) & 0xFFU);
    }
    return out;
}

std::string lower_handle(std::string_view text) {
    if (text.starts_with('@')) text.remove_prefix(1);
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string text_of(ondemand::value value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string{};
}

// The PDS in a DID document: the service whose id ends in "#atproto_pds".
std::string pds_of(ondemand::value document) {
    std::string found;
    (void)each_field(document, [&](std::string_view key, ondemand::value value) {
        if (key != "service") return simdjson::SUCCESS;
        return each_item(value, [&](ondemand::value service) {
            std::string id, endpoint;
            auto const error =
                each_field(service, [&](std::string_view name, ondemand::value inner) {
                    if (name == "id") id = text_of(inner);
                    if (name == "serviceEndpoint") endpoint = text_of(inner);
                    return simdjson::SUCCESS;
                });
            if (id.ends_with("#atproto_pds")) found = endpoint;
            return error;
        });
    });
    while (found.ends_with('/')) found.pop_back();
    return found;
}

}  // namespace

std::string xrpc_error(std::string_view body) {
    JsonDocument document;
    std::string name;
    auto opened = document.open(body);
    ondemand::object root;
    if (!opened || (*opened)->get_object().get(root)) return name;
    (void)each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "error") name = text_of(value);
        return simdjson::SUCCESS;
    });
    return name;
}

std::optional<seconds> jwt_lifetime(std::string_view token) {
    auto const first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    auto const second = std::min(token.find('.', first + 1), token.size());
    std::string const payload = base64url(token.substr(first + 1, second - first - 1));
    JsonDocument document;
    auto opened = document.open(payload);
    ondemand::object root;
    if (!opened || (*opened)->get_object().get(root)) return std::nullopt;
    std::int64_t issued = -1, expires = -1;
    detectors::MentionBatch scratch;
    ItemReader in(scratch);
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "iat") issued = in.count(value);
        if (key == "exp") expires = in.count(value);
        return simdjson::SUCCESS;
    });
    if (error || issued < 0 || expires <= issued) return std::nullopt;
    return std::min(seconds{expires - issued}, seconds{std::chrono::hours{24 * 365}});
}

BlueskySession::BlueskySession(AccountSettings const& account)
    : session_(account.session),
      values_(account.values),
      base_(account.base_url),
      ca_file_(account.ca_file) {}

BlueskySession::Ask BlueskySession::next(WallTime now) const {
    if (!session_->access.empty() && (session_->expires == kNoTime || now < session_->expires))
        return Ask::page;
    return session_->refresh.empty() ? Ask::login : Ask::refresh;
}

WallTime BlueskySession::ready_at(WallTime now) {
    Ask const ask = next(now);
    if (ask == Ask::page) return kNoTime;
    // Time that runs backward must not hold a claim for ever.
    bool const claimed =
        session_->asked != kNoTime && session_->asked <= now && now < session_->asked + kClaim;
    if (claimed) return now + kLookAgain;
    if (ask == Ask::login && session_->not_before > now) return session_->not_before;
    session_->asked = now;
    return kNoTime;
}

HttpRequest BlueskySession::request(Ask ask) const {
    HttpRequest r;
    r.method = "POST";
    r.idempotent = false;
    r.ca_file = ca_file_;
    r.headers.emplace_back("Accept", "application/json");
    if (ask == Ask::refresh) {
        r.url = (session_->server.empty() ? base_ : session_->server) + std::string(kRefresh);
        r.headers.emplace_back("Authorization", "Bearer " + session_->refresh);
        return r;
    }
    r.url = base_ + std::string(kCreate);
    r.headers.emplace_back("Content-Type", "application/json");
    detectors::JsonWriter json;
    json.object().field("identifier", values_.get("identifier"));
    json.field("password", values_.secret("password_file")).end();
    r.body = json.take();
    return r;
}

HttpRequest BlueskySession::get(
    std::string_view nsid, std::vector<std::pair<std::string, std::string>> const& params) const {
    HttpRequest r;
    r.url = exporters::with_query(
        (session_->server.empty() ? base_ : session_->server) + "/xrpc/" + std::string(nsid),
        params);
    r.headers.emplace_back("Authorization", "Bearer " + session_->access);
    r.headers.emplace_back("Accept", "application/json");
    r.ca_file = ca_file_;
    return r;
}

std::string BlueskySession::clean(std::string text) const {
    for (std::string const& secret :
         {session_->access, session_->refresh, values_.secret("password_file")})
        text = without_secret(std::move(text), secret);
    return text;
}

// A session is taken whole or not at all.
bool BlueskySession::read(std::string_view body, WallTime now) {
    JsonDocument document;
    auto opened = document.open(body);
    ondemand::object root;
    if (!opened || (*opened)->get_object().get(root)) return false;
    AccountSession fresh;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "accessJwt") fresh.access = text_of(value);
        if (key == "refreshJwt") fresh.refresh = text_of(value);
        if (key == "did") fresh.subject = text_of(value);
        if (key == "handle") fresh.handle = lower_handle(text_of(value));
        if (key == "didDoc") fresh.server = pds_of(value);
        return simdjson::SUCCESS;
    });
    auto const bad = [](std::string const& token) {
        return token.size() > kTokenMax ||
               std::any_of(token.begin(), token.end(), [](char c) { return c <= ' ' || c == 127; });
    };
    if (error || document.finish() || fresh.access.empty() || bad(fresh.access) ||
        bad(fresh.refresh))
        return false;
    // A PDS may be anywhere, but never less safe than what was configured.
    auto const pds = parse_url(fresh.server);
    auto const configured = parse_url(base_);
    if (!pds || pds->target != "/" || (configured && configured->tls && !pds->tls))
        fresh.server.clear();
    // A refresh may leave out what has not changed.
    if (fresh.server.empty() && fresh.subject == session_->subject) fresh.server = session_->server;
    seconds const lifetime = jwt_lifetime(fresh.access).value_or(kLifetime);
    fresh.expires = now + (lifetime > 2 * kEarly ? lifetime - kEarly : lifetime / 2);
    fresh.not_before = session_->not_before;
    *session_ = std::move(fresh);
    return true;
}

Result<PollPage> BlueskySession::accept(HttpResponse const& response, Ask ask, WallTime now) {
    session_->asked = kNoTime;
    if (ask == Ask::login) session_->not_before = now + kLoginPause;
    if (auto failure = refused(response, now)) {
        failure->detail = (ask == Ask::login ? "login: " : "refresh: ") + clean(failure->detail);
        std::string const name = xrpc_error(response.body);
        if (failure->fault == Fault::bad_request || failure->fault == Fault::auth) {
            bool const shut = name == "AccountTakedown" || name == "AccountDeactivated" ||
                              name == "AccountSuspended";
            failure->fault = shut ? Fault::forbidden : Fault::auth;
        }
        if (name == "AuthFactorTokenRequired")
            failure->detail += ": password_file needs an app password";
        if (failure->fault == Fault::throttled && failure->retry_after && ask == Ask::login) {
            session_->not_before = std::max(session_->not_before, now + *failure->retry_after);
            // The limit is that of logins: who still has a session may go on reading.
            failure->fault = Fault::transient;
        }
        // A refresh token that is dead stays dead: next comes a login.
        if (ask == Ask::refresh &&
            (failure->fault == Fault::auth || failure->fault == Fault::forbidden)) {
            session_->refresh.clear();
            retry_ = true;
        }
        return *failure;
    }
    if (!read(response.body, now))
        return Failure(Fault::malformed, "answered a login with no session");
    retry_ = false;
    PollPage page;
    page.aside = true;
    return page;
}

Failure BlueskySession::refusal(HttpResponse const& response, WallTime now,
                                std::string const& token) {
    Failure failure = refused(response, now).value_or(Failure(Fault::malformed, "no refusal"));
    failure.detail = without_secret(clean(std::move(failure.detail)), token);
    std::string const name = xrpc_error(response.body);
    if (name == "ExpiredToken" || name == "InvalidToken" || name == "AuthMissing" ||
        name == "AuthenticationRequired")
        failure.fault = Fault::auth;
    if (name == "AccountTakedown" || name == "AccountDeactivated" || name == "AccountSuspended")
        failure.fault = Fault::forbidden;
    if (name == "RateLimitExceeded" && failure.fault != Fault::throttled) {
        failure.fault = Fault::throttled;
        failure.retry_after = throttle_wait(response, now, rate_limits(response, now));
    }
    if (name == "UpstreamFailure" || name == "InternalServerError")
        failure.fault = Fault::transient;
    if (failure.fault == Fault::auth) {
        if (session_->access == token) session_->access.clear();
        retry_ = true;
    }
    return failure;
}

bool BlueskySession::reload_secrets() {
    bool const changed = values_.reload_secrets();
    if (changed) *session_ = AccountSession{};
    return std::exchange(retry_, false) || changed;
}

bool BlueskySession::is_us(std::string_view actor) const {
    std::string const name = lower_handle(actor);
    return !name.empty() && (name == lower_handle(values_.get("identifier")) ||
                             name == lower_handle(session_->subject) || name == session_->handle);
}

}  // namespace surged::daemon
