// Who we are on Reddit: the app-only token, shared by all that ask for an account.
#pragma once

#include "config/values.h"
#include "daemon/poller.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace surged::daemon {

struct AccountSettings;

class RedditSession {
public:
    explicit RedditSession(AccountSettings const& account);

    [[nodiscard]] bool live(WallTime now) const;
    // Asks for a token: at www.reddit.com, or, when base_url is not the platform's, at base_url.
    [[nodiscard]] HttpRequest login() const;
    [[nodiscard]] HttpRequest get(
        std::string const& path,
        std::vector<std::pair<std::string, std::string>> const& params) const;

    // True when the answer is a token, which is then the account's for nine tenths of its life.
    bool begin(HttpResponse const& response, WallTime now);
    // The failure without secrets in it. A token that was refused is forgotten.
    [[nodiscard]] Failure refusal(Failure failure, WallTime now);
    // See Poller::reload_secrets.
    bool reload_secrets();

private:
    std::shared_ptr<AccountSession> session_;
    config::Values values_;
    std::string base_, ca_file_;
    bool expired_ = false;  // a token was refused that may just have been too old
};

}  // namespace surged::daemon
