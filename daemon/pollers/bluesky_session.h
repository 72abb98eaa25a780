// Who we are on Bluesky: login, refresh, where our requests go. Shared by the account's pollers.
#pragma once

#include "config/values.h"
#include "daemon/poller.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

struct AccountSettings;

// com.atproto.server.createSession with an app password, then refreshSession five minutes before
// the access token ends (120 min; its own `exp` and `iat` say), for as long as the refresh token
// lives (90 d). Requests go to the PDS that the session's DID document names, else to base_url.
//
// The hosted entryway lets an account log in about 100 times a day, so a login, good or refused, is
// not followed by another for a quarter of an hour: at most 96 a day. A new password in the secret
// file lifts that. What 429 says about logins is kept apart from the limits of reading.
class BlueskySession {
public:
    explicit BlueskySession(AccountSettings const& account);

    enum class Ask { page, login, refresh };  // what the next request is
    [[nodiscard]] Ask next(WallTime now) const;
    // See Poller::ready_at. Claims the login for who is told to go.
    WallTime ready_at(WallTime now);
    [[nodiscard]] HttpRequest request(Ask ask) const;  // login or refresh
    // A GET of `nsid` in the session's name.
    [[nodiscard]] HttpRequest get(
        std::string_view nsid,
        std::vector<std::pair<std::string, std::string>> const& params) const;

    // The answer to request(ask): a page `aside`, or why not.
    Result<PollPage> accept(HttpResponse const& response, Ask ask, WallTime now);
    // What an answer to get() that is not 2xx means. A token that is refused is forgotten, unless
    // another poller has brought a newer one than `token` meanwhile.
    [[nodiscard]] Failure refusal(HttpResponse const& response, WallTime now,
                                  std::string const& token);
    // See Poller::reload_secrets.
    bool reload_secrets();

    [[nodiscard]] std::string const& token() const { return session_->access; }
    [[nodiscard]] bool is_us(std::string_view actor) const;  // handle or DID, "@" in front or not

private:
    [[nodiscard]] bool read(std::string_view body, WallTime now);
    [[nodiscard]] std::string clean(std::string text) const;

    std::shared_ptr<AccountSession> session_;
    config::Values values_;
    std::string base_, ca_file_;
    bool retry_ = false;  // a token was forgotten and another can be had
};

// The name of an XRPC error: {"error":"ExpiredToken","message":"..."}; "" when it is none.
[[nodiscard]] std::string xrpc_error(std::string_view body);
// How long a JWT lives by its own claims; nullopt when it does not say.
[[nodiscard]] std::optional<std::chrono::seconds> jwt_lifetime(std::string_view token);

}  // namespace surged::daemon
