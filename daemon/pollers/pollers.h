// The table of platforms: every platform, kind and key of the contract, and how its poller is made.
#pragma once

#include "config/values.h"
#include "daemon/listener.h"
#include "daemon/poller.h"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

struct AccountSettings;
struct StreamSettings;

using MakePoller = std::unique_ptr<Poller> (*)(AccountSettings const&, StreamSettings const&);

// Calls that a platform gives a day to the streams of one kind in an account, and the account's key
// that says otherwise.
struct DayQuota {
    std::string_view key;
    double calls = 0;  // 0: none
};
// Null when this stream is not to be listened to, or cannot be.
using MakeListener = std::unique_ptr<Listener> (*)(AccountSettings const&, StreamSettings const&);

struct KindRow {
    std::string_view name;  // search, mentions, counts, page, tag, ...
    std::span<config::KeySpec const> keys;
    MakePoller make = nullptr;       // null: known to the readers, not in this release
    std::chrono::seconds floor{60};  // `every` below it is an error
    bool counts = false;             // yields per-minute counts, not mentions
    MakeListener listen = nullptr;   // null: the platform does not push
    DayQuota quota = {};
    // Of counts: the kind that fetches the mentions themselves with the same keys, while it surges.
    std::string_view evidence_kind = {};
    // The key that names an account whose own posts come through this stream, too.
    std::string_view own_key = {};
};

class Lookup;
using MakeLookup = std::unique_ptr<Lookup> (*)(AccountSettings const&, StreamSettings const&);

struct PlatformRow {
    std::string_view name;  // x, facebook, ...
    // Default; "" when an account or stream must name one (a feed's stream holds its whole url).
    // Paths, with their API version, are the poller's.
    std::string_view base_url;
    bool needs_account = true;  // false: a stream may say `platform:` instead of `account:`
    std::string_view policy = "facebook";                // default response policy
    std::span<config::KeySpec const> account_keys = {};  // besides base_url, ca_file, budget
    std::vector<KindRow> kinds = {};  // `push` is every platform's and not listed
    // Of links to it, for `respond` with a link: "x.com,twitter.com". Empty: any host may be one.
    std::string_view host = {};
    // Reads what one of our own accounts posts (stream key "user": a handle or an id under the
    // brand's `own`); its mentions are own posts. Null: this release cannot.
    MakePoller own = nullptr;
    std::chrono::seconds own_floor{60};
    // Looks posts up by their ids (daemon/lookup.h). Null: the platform cannot.
    MakeLookup make_lookup = nullptr;
};

std::vector<PlatformRow> const& platforms();
[[nodiscard]] PlatformRow const* platform(std::string_view name);
[[nodiscard]] KindRow const* kind_of(PlatformRow const& row, std::string_view kind);
// The daily quotas of an account by kind of stream: what AccountPace::add_quota() is told.
[[nodiscard]] std::vector<std::pair<std::string, double>> day_quotas(AccountSettings const&);
// The platform whose links have this host or one below it ("www.facebook.com"), in lower case; null
// when it is no platform's own.
[[nodiscard]] PlatformRow const* platform_of_host(std::string_view host);

}  // namespace surged::daemon
