// brands: who speaks, who is told, what is expected. Their streams: settings_streams.cpp.
#include "daemon/pollers/pollers.h"
#include "daemon/settings_reader.h"

#include <algorithm>
#include <array>
#include <set>

namespace surged::daemon {
namespace {

using detectors::BrandRules;
using detectors::Moment;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::pair<std::string_view, Moment>, 12> kMoments{{
    {"opened", Moment::opened},
    {"warning", Moment::warning},
    {"breached", Moment::breached},
    {"acknowledged", Moment::acknowledged},
    {"responded", Moment::responded},
    {"resolved", Moment::resolved},
    {"reopened", Moment::reopened},
    {"closed", Moment::closed},
    {"grown", Moment::grown},
    {"blind", Moment::blind},
    {"deleted", Moment::deleted},
    {"wrong_account", Moment::wrong_account},
}};

std::vector<std::string_view> platform_names() {
    std::vector<std::string_view> out;
    for (auto const& row : platforms()) out.push_back(row.name);
    return out;
}

void read_own(config::Section& section, BrandRules& out) {
    auto own = section.child("own");
    if (!own) return;
    for (auto const& name : own->keys()) {
        // A push stream may be of a platform that is in no table: only slips are faults.
        if (platform(name) == nullptr && !config::nearest(name, platform_names()).empty())
            own->reject_key(name, "'" + name + "' is no platform" +
                                      config::did_you_mean(name, platform_names()));
        for (auto const& handle : own->text_or_list(name)) {
            auto const bare = lower(handle.starts_with('@') ? handle.substr(1) : handle);
            if (!bare.empty()) out.own[name].insert(bare);
        }
    }
}

void tell_always(BrandRules& out, std::vector<std::string> const& receivers) {
    for (auto const& [name, moment] : kMoments) out.notify[moment] = receivers;
}

// Without a word everybody is told of everything, except who only holds campaigns.
void notify_all(Reading& reading, BrandRules& out) {
    std::vector<std::string> all;
    for (auto const& [name, receiver] : reading.settings().receivers)
        if (std::find(out.pause_promotion.begin(), out.pause_promotion.end(), name) ==
            out.pause_promotion.end())
            all.push_back(name);
    tell_always(out, all);
}

void read_notify(Reading& reading, config::Section& section, BrandRules& out) {
    auto notify = section.child("notify");
    if (!notify) {
        if (!section.has("notify")) notify_all(reading, out);
        if (reading.settings().receivers.empty())
            section.reject("", "nobody would be told: the file has no receivers");
        return;
    }
    if (notify->has("receivers")) {
        tell_always(out, reading.receivers(*notify, "receivers"));
        for (auto const& [name, moment] : kMoments)
            if (notify->has(name))
                notify->reject_key(name, "stands beside 'receivers', which is every moment");
        notify->finish();
        return;
    }
    for (auto const& [name, moment] : kMoments) {
        notify->know(name);
        if (notify->has(name)) out.notify[moment] = reading.receivers(*notify, name);
    }
    notify->know("receivers");
    notify->finish();
    if (!notify->has("opened"))
        section.warn("notify", "nobody is told when an incident opens ('opened' is missing)");
}

// Everybody the brand speaks to, in the order of the file.
std::vector<std::string> told_by(BrandRules const& rules) {
    std::vector<std::string> out;
    auto const add = [&](std::vector<std::string> const& names) {
        for (auto const& name : names)
            if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    };
    for (auto const& [moment, names] : rules.notify) add(names);
    for (auto const& step : rules.escalation) add(step.notify);
    return out;
}

void read_fallback(Reading& reading, config::Section& section, BrandRules& out) {
    auto const told = told_by(out);
    out.fallback = section.has("fallback") ? reading.receivers(section, "fallback") : told;
    auto everybody = std::set<std::string>(told.begin(), told.end());
    everybody.insert(out.fallback.begin(), out.fallback.end());
    if (everybody.size() == 1)
        section.warn(
            section.has("fallback") ? "fallback" : "",
            "has a single receiver ('" + *everybody.begin() + "'): when it fails nobody is told");
}

void read_raise(config::Section& section, BrandRules& out) {
    auto raise = section.child("raise");
    if (!raise) return;
    if (!raise->has("words")) raise->reject("", "missing key 'words'");
    for (auto const& word : raise->texts("words"))
        if (!word.empty()) out.raise.words.push_back(lower(word));
    raise->choice("severity", {"critical"}, "critical");
    raise->finish();
}

// A brand's name and handles are its own words by themselves; an id of digits alone is in no text.
void read_terms(config::Section& section, BrandRules& out) {
    auto const add = [&](std::string word) {
        bool const digits =
            std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits && std::find(out.terms.begin(), out.terms.end(), word) == out.terms.end())
            out.terms.push_back(std::move(word));
    };
    add(lower(out.name));
    for (auto const& [platform, handles] : out.own)
        for (auto const& handle : handles) add(handle);
    for (auto const& term : section.texts("terms")) add(lower(term));
}

void read_flood(config::Section& section, BrandRules& out) {
    auto flood = section.child("flood");
    if (!flood) return;
    out.flood_is_warning =
        flood->choice("severity", {"warning", "critical"}, "critical") == "warning";
    flood->finish();
}

detectors::WallTime read_time(config::Section& section, std::string_view key) {
    auto const text = section.required_text(key);
    if (text.empty()) return detectors::kNoTime;
    auto const time = detectors::parse_time(text);
    if (!time)
        section.reject(key, "must be a time such as 2026-03-01T12:00:00Z, got '" + text + "'");
    return time.value_or(detectors::kNoTime);
}

void read_expected(config::Section& brand_section, BrandSettings& brand) {
    constexpr double kRatioMax = 1000;  // above it nothing would be unexpected
    for (auto& section : brand_section.list("expected_surges")) {
        ExpectedSurge out;
        out.from = read_time(section, "from");
        out.to = read_time(section, "to");
        if (out.from != detectors::kNoTime && out.to != detectors::kNoTime && out.to <= out.from)
            section.reject("to", "must be after 'from'");
        if (!section.has("ratio")) section.reject("", "missing key 'ratio'");
        out.ratio = section.number("ratio", 1, kRatioMax, 1);
        out.why = section.text("why");
        out.streams = section.text_or_list("streams");
        for (std::size_t i = 0; i < out.streams.size(); ++i)
            if (!out.streams[i].empty() && !brand.rules.streams.contains(out.streams[i]))
                section.reject_item(
                    "streams", i,
                    unknown(out.streams[i], "no stream of this brand", brand.rules.streams));
        section.finish();
        brand.expected_surges.push_back(std::move(out));
    }
}

BrandSettings read_brand(Reading& reading, config::Section& section) {
    BrandSettings out;
    auto& rules = out.rules;
    rules.name = reading.read_name(section, reading.brand_places, "brand");
    rules.plan_url = section.url("plan_url", false);
    rules.checklist = section.texts("checklist");
    read_own(section, rules);
    read_terms(section, rules);
    read_streams(reading, section, out);
    rules.pause_promotion = reading.receivers(section, "pause_promotion");
    read_notify(reading, section, rules);
    read_escalation(reading, section, out);
    read_fallback(reading, section, rules);
    rules.watch_after = section.duration("watch_after", seconds{0}, kYear * 10, rules.watch_after);
    rules.close_after = section.duration("close_after", seconds{1}, kYear, rules.close_after);
    read_raise(section, rules);
    read_flood(section, rules);
    read_expected(section, out);
    section.finish();
    return out;
}

}  // namespace

void read_brands(Reading& reading, config::Section& root) {
    auto sections = root.list("brands");
    if (!root.has("brands"))
        root.reject("", "missing key 'brands'");
    else if (sections.empty() && root.is_list("brands"))
        root.reject("brands", "must hold at least one brand");
    for (auto& section : sections)
        reading.settings().brands.push_back(read_brand(reading, section));
}

}  // namespace surged::daemon
