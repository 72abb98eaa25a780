// How the sections of a file become Settings: what the settings_*.cpp files share. Not for others.
#pragma once

#include "daemon/settings.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// Longest span any rule may have, and the shortest that a person could mean.
inline constexpr std::chrono::seconds kSecond{1}, kYear{366 * 86400};

// One loading: what is known so far, so that later parts can refer to earlier ones. Every name is
// entered though its section had faults: one mistake is one message.
struct Reading {
    LoadedSettings& out;
    std::map<std::string, detectors::DetectorSpec> detectors;
    std::map<std::string, config::Problem> brand_places, stream_places;

    Settings& settings() { return out.settings; }

    // 1 to 64 of letters, digits, "-", "_", ".", space.
    void check_name_key(config::Section& root, std::string_view key,
                        std::string const& name);  // a name that is a key of the mapping `key`
    std::string read_name(config::Section& section, std::map<std::string, config::Problem>& places,
                          std::string_view what);  // `name:`, unique among `places`

    // Receivers under `key`: a name or a list of names, each known and once.
    std::vector<std::string> receivers(config::Section& section, std::string_view key);
    void not_built(config::Section& section, std::string_view key, std::string name);
};

[[nodiscard]] bool valid_name(std::string_view name);
[[nodiscard]] std::string lower(std::string_view text);  // ASCII

// "'x' is not an account: did you mean 'x-main'?"
template <typename Map>
[[nodiscard]] std::string unknown(std::string_view name, std::string_view what, Map const& known) {
    std::vector<std::string_view> names;
    for (auto const& entry : known) names.push_back(entry.first);
    return "'" + std::string(name) + "' is " + std::string(what) +
           config::did_you_mean(name, names);
}

// "127.0.0.1:9477", "[::1]:9477", ":9477"
struct HostPort {
    std::string host;  // without brackets; empty: every address
    unsigned short port = 0;
};
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

void read_server(Reading& reading, config::Section& root);  // last: tokens name streams
void read_storage(Reading& reading, config::Section& root);
void read_http(Reading& reading, config::Section& root);
void read_log_and_metrics(Reading& reading, config::Section& root);
void read_heartbeat(Reading& reading, config::Section& root);
void read_accounts(Reading& reading, config::Section& root);
void read_receivers(Reading& reading, config::Section& root);
void read_policies(Reading& reading, config::Section& root);
void read_detectors(Reading& reading, config::Section& root);
void read_brands(Reading& reading, config::Section& root);
void read_streams(Reading& reading, config::Section& section, BrandSettings& brand);
// Warnings about a file that has no fault: call before the root's finish().
void lint_settings(Reading& reading, config::Section& root);
void read_escalation(Reading& reading, config::Section& section, BrandSettings& brand);

}  // namespace surged::daemon
