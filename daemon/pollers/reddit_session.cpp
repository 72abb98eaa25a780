#include "daemon/pollers/reddit_session.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/reddit.h"
#include "daemon/settings.h"

#include <simdjson.h>

#include <algorithm>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr std::string_view kRealHost = "https://oauth.reddit.com";
constexpr std::string_view kTokenHost = "https://www.reddit.com";
constexpr auto kTokenMin = 1min;  // a token that was refused younger than this did not expire
constexpr seconds kLifeMax{86'400};

}  // namespace

RedditSession::RedditSession(AccountSettings const& account)
    : session_(account.session),
      values_(account.values),
      base_(account.base_url),
      ca_file_(account.ca_file) {}

bool RedditSession::live(WallTime now) const {
    return !session_->access.empty() && now < session_->expires;
}

HttpRequest RedditSession::login() const {
    HttpRequest request;
    request.method = "POST";
    request.url = (base_ == kRealHost ? std::string(kTokenHost) : base_) + "/api/v1/access_token";
    request.body = "grant_type=client_credentials";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back(
        "Authorization",
        "Basic " + base64(values_.get("client_id") + ":" + values_.secret("client_secret_file")));
    request.headers.emplace_back("User-Agent", values_.get("user_agent"));
    request.ca_file = ca_file_;
    return request;
}

HttpRequest RedditSession::get(
    std::string const& path, std::vector<std::pair<std::string, std::string>> const& params) const {
    HttpRequest request;
    request.url = exporters::with_query(base_ + path, params);
    request.headers.emplace_back("Authorization", "Bearer " + session_->access);
    request.headers.emplace_back("User-Agent", values_.get("user_agent"));
    request.headers.emplace_back("Accept", "application/json");
    request.ca_file = ca_file_;
    return request;
}

bool RedditSession::begin(HttpResponse const& response, WallTime now) {
    if (response.status != 200 || response.body.size() > 16 * 1024 ||
        response.body.find("\"access_token\"") == std::string::npos)
        return false;
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    std::string_view access;
    if (parser.parse(response.body).get(root) != simdjson::SUCCESS ||
        root["access_token"].get(access) != simdjson::SUCCESS || access.empty())
        return false;
    double life = 0;
    if (root["expires_in"].get(life) != simdjson::SUCCESS || !(life > 0)) life = 3600;
    // Renewed when nine tenths of it are over.
    auto const whole = seconds{static_cast<std::int64_t>(std::min(life, 1e9) * 0.9)};
    session_->access = access;
    session_->expires = now + std::clamp<seconds>(whole, 1s, kLifeMax);
    // Refused sooner, it is the account that is wrong, and no login mends that.
    session_->not_before = now + kTokenMin;
    return true;
}

Failure RedditSession::refusal(Failure failure, WallTime now) {
    failure.detail =
        without_secret(std::move(failure.detail), values_.secret("client_secret_file"));
    failure.detail = without_secret(std::move(failure.detail), session_->access);
    if (failure.fault == Fault::auth && !session_->access.empty()) {
        expired_ = now >= session_->not_before;
        session_->access.clear();
    }
    return failure;
}

bool RedditSession::reload_secrets() {
    bool const expired = std::exchange(expired_, false);
    return values_.reload_secrets() || expired;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        auto const byte = [&](std::size_t k) {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        unsigned const three = byte(0) << 16U | byte(1) << 8U | byte(2);
        for (unsigned k = 0; k < 4; ++k)
            out += i + k <= bytes.size() ? kDigits[three >> (18U - 6U * k) & 63U] : '=';
    }
    return out;
}

}  // namespace surged::daemon
