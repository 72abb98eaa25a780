#include "daemon/settings.h"

#include "config/known_keys.h"
#include "daemon/poller.h"
#include "daemon/settings_keys.h"
#include "daemon/settings_reader.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace surged::daemon {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::string_view kNameForm = "must be 1 to 64 letters, digits, '-', '_', '.' or spaces";

LoadedSettings load(config::Parsed parsed) {
    LoadedSettings out;
    out.problems = parsed.problems;
    if (parsed.root != nullptr) {
        Reading reading{out, {}, {}, {}};
        auto& root = *parsed.root;
        read_storage(reading, root);
        read_http(reading, root);
        read_log_and_metrics(reading, root);
        read_accounts(reading, root);
        read_receivers(reading, root);
        read_policies(reading, root);
        read_detectors(reading, root);
        read_heartbeat(reading, root);
        read_brands(reading, root);
        read_server(reading, root);
        if (!out.problems->fatal()) lint_settings(reading, root);
        root.finish();
    }
    out.problems->sort();
    for (auto const& problem : out.problems->list)
        if (problem.stops_run) out.run_errors.push_back(problem);
    return out;
}

}  // namespace

bool valid_name(std::string_view name) {
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == ' ';
    };
    return !name.empty() && name.size() <= kNameMax &&
           std::all_of(name.begin(), name.end(), allowed);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::optional<HostPort> parse_host_port(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    auto const port = text.substr(colon + 1);
    HostPort out;
    auto const [end, ec] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (port.empty() || ec != std::errc{} || end != port.data() + port.size()) return std::nullopt;
    bool const bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!bracketed && host.find_first_of(":[] /") != std::string_view::npos) return std::nullopt;
    out.host = std::string(host);
    return out;
}

void Reading::check_name_key(config::Section& root, std::string_view key, std::string const& name) {
    if (!valid_name(name)) root.child(key)->reject_key(name, "a name " + std::string(kNameForm));
}

std::string Reading::read_name(config::Section& section,
                               std::map<std::string, config::Problem>& places,
                               std::string_view what) {
    auto const name = section.required_text("name");
    if (name.empty()) return name;
    if (!valid_name(name)) section.reject("name", std::string(kNameForm));
    auto const here = section.where("name");
    auto const [first, inserted] = places.emplace(name, here);
    if (inserted) return name;
    auto const said = [&](config::Problem at, config::Problem const& other) {
        at.text += "another " + std::string(what) + " is called '" + name + "' (at " + other.file +
                   ":" + std::to_string(other.line) + ")";
        out.problems->list.push_back(std::move(at));
    };
    said(first->second, here);
    said(here, first->second);
    return {};
}

std::vector<std::string> Reading::receivers(config::Section& section, std::string_view key) {
    std::vector<std::string> found;
    std::set<std::string> once;
    auto const names = section.text_or_list(key);
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto const& name = names[i];
        if (name.empty()) continue;  // reported
        if (!settings().receivers.contains(name))
            section.reject_item(key, i, unknown(name, "no receiver", settings().receivers));
        else if (!once.insert(name).second)
            section.reject_item(key, i, "'" + name + "' is named twice");
        else
            found.push_back(name);
    }
    return found;
}

void Reading::not_built(config::Section& section, std::string_view key, std::string name) {
    section.warn(key, name + " is not in this release: `surged run` would refuse to start");
    out.unbuilt.push_back(std::move(name));
}

std::shared_ptr<AccountSession> AccountSettings::new_session() {
    return std::make_shared<AccountSession>();
}

StreamSettings const* Settings::stream(std::string_view name) const {
    for (auto const& b : brands)
        for (auto const& s : b.streams)
            if (s.name == name) return &s;
    return nullptr;
}

BrandSettings const* Settings::brand(std::string_view name) const {
    auto const it = std::find_if(brands.begin(), brands.end(),
                                 [&](auto const& b) { return b.rules.name == name; });
    return it == brands.end() ? nullptr : &*it;
}

LoadedSettings load_settings(std::string const& path) {
    return load(config::parse_file(path));
}

LoadedSettings load_settings_text(std::string const& text,
                                  std::string const& file_name_for_messages) {
    return load(config::parse_text(text, file_name_for_messages));
}

std::set<std::string> keys_read(std::string const& text,
                                std::string const& file_name_for_messages) {
    std::set<std::string> out;
    (void)load(config::parse_text_noting(text, file_name_for_messages, out));
    return out;
}

}  // namespace surged::daemon
