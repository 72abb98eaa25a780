// The console's sign-in: a cookie that proves a token was known, without holding it.
#pragma once

#include "daemon/settings.h"
#include "detectors/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

inline constexpr std::string_view kSessionCookie = "surged_session";
inline constexpr std::chrono::hours kSession{7 * 24};  // a wall screen is signed in once a week

// "HEX(NAME).UNIX.MAC": the token's name, the end of the session, and HMAC-SHA256 of both under the
// token. It survives a restart; changing or removing the token ends it.
[[nodiscard]] std::string session_cookie(Token const& token, WallTime now);
// The token behind the Cookie header; null when there is none, it is over, or it is not genuine.
[[nodiscard]] Token const* session_token(std::string_view cookie_header,
                                         std::vector<Token> const& tokens, WallTime now);
// The attributes that go with it. `secure`: the daemon speaks TLS.
[[nodiscard]] std::string set_cookie(std::string_view value, std::chrono::seconds age, bool secure);

// Guessing tokens: ten wrong ones a minute from one address, then no more for that minute. The
// addresses of the last minute are remembered, kAddresses at most; beyond that all are one.
class SignInLimit {
public:
    static constexpr int kTries = 10;
    static constexpr std::size_t kAddresses = 1000;
    [[nodiscard]] bool allowed(std::string const& address, WallTime now);
    void failed(std::string const& address, WallTime now);

private:
    std::int64_t minute_ = 0;
    std::map<std::string, int> wrong_;
};

}  // namespace surged::daemon
