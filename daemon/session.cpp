#include "daemon/session.h"

#include "exporters/signature.h"

#include <charconv>

namespace surged::daemon {
namespace {

std::string signature(Token const& token, std::string_view until) {
    return exporters::hex(exporters::hmac_sha256(
        token.secret.value, "surged session\n" + token.name + "\n" + std::string(until)));
}

// The value of one cookie of the header.
std::string_view cookie(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        auto const end = header.find(';');
        auto part = header.substr(0, end);
        while (part.starts_with(' ')) part.remove_prefix(1);
        if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
            return part.substr(name.size() + 1);
        header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    }
    return {};
}

}  // namespace

std::string session_cookie(Token const& token, WallTime now) {
    std::string const until = exporters::unix_seconds(now + kSession);
    return exporters::hex(token.name) + "." + until + "." + signature(token, until);
}

Token const* session_token(std::string_view cookie_header, std::vector<Token> const& tokens,
                           WallTime now) {
    std::string_view const value = cookie(cookie_header, kSessionCookie);
    auto const one = value.find('.');
    auto const two = one == std::string_view::npos ? one : value.find('.', one + 1);
    if (two == std::string_view::npos) return nullptr;
    std::string_view const name = value.substr(0, one);
    std::string_view const until = value.substr(one + 1, two - one - 1);
    std::int64_t end = 0;
    auto const [at, error] = std::from_chars(until.data(), until.data() + until.size(), end);
    if (error != std::errc{} || at != until.data() + until.size()) return nullptr;
    if (WallTime{std::chrono::seconds{end}} <= now ||
        end > (now + kSession).time_since_epoch() / std::chrono::seconds{1})
        return nullptr;
    for (Token const& token : tokens)
        if (exporters::hex(token.name) == name)
            return exporters::same_secret(signature(token, until), value.substr(two + 1)) ? &token
                                                                                          : nullptr;
    return nullptr;
}

std::string set_cookie(std::string_view value, std::chrono::seconds age, bool secure) {
    return std::string(kSessionCookie) + "=" + std::string(value) +
           "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age.count()) +
           (secure ? "; Secure" : "");
}

bool SignInLimit::allowed(std::string const& address, WallTime now) {
    std::int64_t const minute = detectors::minute_index(now);
    if (minute != minute_) wrong_.clear();
    minute_ = minute;
    auto const it = wrong_.find(wrong_.size() >= kAddresses ? std::string() : address);
    return it == wrong_.end() || it->second < kTries;
}

void SignInLimit::failed(std::string const& address, WallTime) {
    ++wrong_[wrong_.size() >= kAddresses ? std::string() : address];
}

}  // namespace surged::daemon
