// The whole configuration as typed values: what the readers make of the file, what App is built
// from.
#pragma once

#include "config/section.h"
#include "config/units.h"
#include "config/values.h"
#include "detectors/detectors.h"
#include "detectors/intake.h"
#include "detectors/policy.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

using detectors::WallTime;

enum class Role { viewer, operator_, push };
struct Token {
    std::string name;
    config::Secret secret;
    Role role = Role::viewer;
    std::vector<std::string> streams;  // push only; empty: all
};
struct ServerSettings {
    std::string host = "127.0.0.1";
    unsigned short port = 9477;
    std::string external_url;  // ends in "/"; made from listen when absent
    std::vector<Token> tokens;
    std::string certificate_file, key_file;  // both or none
    bool tls_off = false;                    // `tls: off` said aloud
    bool metrics_auth = false;
};
struct StorageSettings {
    std::string directory;  // empty: not configured (a default is /var/lib/surged)
    std::chrono::seconds keep_mentions{30 * 86400}, keep_incidents{730 * 86400};
};
struct HttpSettings {
    std::chrono::seconds timeout{10};
    std::string proxy, ca_file;
};
struct LogSettings {
    std::string level = "info", format = "auto";
};
struct HeartbeatSettings {
    std::vector<std::string> receivers;
    std::chrono::seconds every{0};
};

using Rate = config::Rate;  // "450 per 15m", "100000 per 30d"
struct BudgetSettings {
    std::optional<Rate> reads;
    std::vector<Rate> requests;
    double cost = 0;  // per read
    std::string currency;
    double reserve = 0.2;
};
struct AccountSession;
struct AccountSettings {
    std::string name, platform;
    // The platform's own when absent; no "/" at its end. Empty for feeds: their streams hold a url.
    std::string base_url;
    std::string ca_file;
    BudgetSettings budget;
    config::Values values;  // the platform's account keys
    bool made = false;      // for streams that say `platform:`; its name is no user's
    // Not configuration: shared by the pollers made from this account (poller.h); never null.
    std::shared_ptr<AccountSession> session = new_session();
    static std::shared_ptr<AccountSession> new_session();
};

struct ReceiverSettings {
    std::string name, type;
    config::Values values;  // keys of its type; ca_file and timeout among them
    bool built = true;
};

struct ExpectedSurge {
    WallTime from{}, to{};
    std::vector<std::string> streams;  // empty: all of the brand
    double ratio = 1;
    std::string why;
};

// `values` of a stream hold the keys of its kind (pollers.cpp) under their own names. A `json`
// stream: text "path", "items" (absent: the answer itself is the list), "order" (newest, oldest;
// absent: newest), "next.pointer", "next.param", "since.param", "since.format" (rfc3339, unix, id;
// absent: rfc3339); pairs "params", "fields" (name of a mention's field -> JSON Pointer). What was
// not written is not there: ask values.has("next.pointer").
struct StreamSettings {
    std::string name, brand, platform, kind,
        account;  // name in Settings::accounts (a made one for `platform:`); empty for push
    config::Values values;
    std::chrono::seconds every{60}, blind_after{300};
    std::chrono::seconds heartbeat{0};  // push only; 0: none
    detectors::Policy policy;
    std::vector<detectors::DetectorSpec> detectors;
    detectors::Exclusion exclude;  // `own` filled from the brand
    bool built = true;
    [[nodiscard]] bool push() const { return kind == "push"; }
};

struct BrandSettings {
    detectors::BrandRules rules;
    std::vector<StreamSettings> streams;
    std::vector<ExpectedSurge> expected_surges;
};

struct Settings {
    ServerSettings server;
    StorageSettings storage;
    HttpSettings http;
    LogSettings log;
    std::size_t metric_streams = 500;
    HeartbeatSettings heartbeat;
    std::map<std::string, AccountSettings> accounts;
    std::map<std::string, ReceiverSettings> receivers;
    std::map<std::string, detectors::Policy> policies;
    std::vector<BrandSettings> brands;

    [[nodiscard]] StreamSettings const* stream(std::string_view name) const;
    [[nodiscard]] BrandSettings const* brand(std::string_view name) const;
};

// `settings` is complete only when problems->fatal() is false. Names of what the file asks for and
// this release cannot run are in `unbuilt`: a warning of `check`, a refusal of `run`. The other
// warnings that `run` refuses (an unset ${NAME}) are in `run_errors`. Problems are sorted.
//
// Whoever is not named by a rule: without `notify` every receiver hears every moment (those of
// `pause_promotion` hear only that); without `fallback` it is all receivers of the brand, and the
// one that failed is left out when it is used.
struct LoadedSettings {
    Settings settings;
    std::shared_ptr<config::Problems> problems;
    std::vector<std::string> unbuilt;  // "receiver 'chat' (slack)"
    std::vector<config::Problem> run_errors;
};
LoadedSettings load_settings(std::string const& path);
LoadedSettings load_settings_text(std::string const& text,
                                  std::string const& file_name_for_messages);

}  // namespace surged::daemon
