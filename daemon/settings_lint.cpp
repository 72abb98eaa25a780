// What is allowed and yet not meant: rules that cannot work, and names that nothing uses. Warnings.
#include "daemon/poller.h"
#include "daemon/pollers/pollers.h"
#include "daemon/settings_reader.h"

#include <algorithm>
#include <set>

namespace surged::daemon {
namespace {

using config::format_duration;
using detectors::ClockKind;
using detectors::EscalationStep;
using detectors::Moment;
using detectors::Policy;
using std::chrono::seconds;

// PagerDuty's own default for a service: after this an alert that is open resolves itself.
constexpr std::chrono::hours kPagerResolves{4};

constexpr std::array kClocks{ClockKind::acknowledge, ClockKind::respond, ClockKind::resolve};

std::string quoted(std::string_view name) {
    return "'" + std::string(name) + "'";
}

std::set<std::string> receivers_of(BrandSettings const& brand) {
    std::set<std::string> out;
    for (auto const& [moment, names] : brand.rules.notify) out.insert(names.begin(), names.end());
    for (auto const& step : brand.rules.escalation)
        out.insert(step.notify.begin(), step.notify.end());
    return out;
}

// Entries of the file's mapping `key` that are not in `used`.
void warn_unused(config::Section& root, std::string_view key, std::set<std::string> const& used,
                 std::string const& text) {
    auto section = root.child(key);
    if (!section) return;
    for (auto const& name : section->keys())
        if (!used.contains(name)) section->warn(name, text);
}

void lint_names(Settings const& settings, config::Section& root) {
    std::set<std::string> receivers(settings.heartbeat.receivers.begin(),
                                    settings.heartbeat.receivers.end());
    std::set<std::string> policies, detectors, accounts;
    for (auto const& brand : settings.brands) {
        receivers.merge(receivers_of(brand));
        auto const& rules = brand.rules;
        receivers.insert(rules.fallback.begin(), rules.fallback.end());
        receivers.insert(rules.pause_promotion.begin(), rules.pause_promotion.end());
        for (auto const& stream : brand.streams) {
            policies.insert(stream.policy.name);
            accounts.insert(stream.account);
            for (auto const& detector : stream.detectors) detectors.insert(detector.name);
        }
    }
    for (auto const& [name, receiver] : settings.receivers)
        if (receiver.values.number("all", 0) != 0) receivers.insert(name);
    warn_unused(root, "receivers", receivers, "nobody uses this receiver: no page goes there");
    warn_unused(root, "response_policies", policies, "no stream uses this policy");
    warn_unused(root, "detectors", detectors, "no stream uses this detector");
    warn_unused(root, "accounts", accounts, "no stream reads through this account");
}

void lint_policy(Policy const& policy, config::Section& section) {
    if (policy.acknowledge_expires && !policy.acknowledge)
        section.warn("acknowledge_expires",
                     "nothing rings again when it runs out: there is no 'acknowledge'");
    if (!policy.from_onset && !policy.respond && !policy.resolve)
        section.warn("clock_starts", "has no effect: it moves 'respond' and 'resolve' only");
    auto const count = policy.warn_at.size();
    for (std::size_t i = 0; i < count; ++i)
        for (ClockKind const kind : kClocks) {
            auto const limit = policy.limit(kind);
            auto const before = policy.warn_at[i].before_end;
            if (!limit || policy.warn_at[i].share > 0 || before < *limit) continue;
            section.warn_item("warn_at", i,
                              "never warns of " + quoted(to_string(kind)) + ", which is " +
                                  format_duration(*limit) + " long");
        }
}

// Which platforms of a brand are kept by which policies, each pair once.
std::set<std::pair<std::string, Policy const*>> policies_of(BrandSettings const& brand) {
    std::set<std::pair<std::string, Policy const*>> out;
    std::set<std::pair<std::string, std::string>> known;
    for (auto const& s : brand.streams)
        if (known.emplace(s.platform, s.policy.name).second) out.emplace(s.platform, &s.policy);
    return out;
}

void lint_step(BrandSettings const& brand, EscalationStep const& step, config::Section& section) {
    auto const& rules = brand.rules;
    seconds longest{0};
    for (auto const& [platform, policy] : policies_of(brand)) {
        for (ClockKind const kind : kClocks)
            longest = std::max(longest, policy->limit(kind).value_or(seconds{0}));
        if (!step.clock) continue;
        auto const limit = policy->limit(*step.clock);
        std::string const where = " on " + platform + " (policy " + policy->name + "): ";
        std::string_view const key = step.before ? "before" : "at";
        if (!limit)
            section.warn(
                key, "is never reached" + where + "it has no " + quoted(to_string(*step.clock)));
        else if (step.before && *step.before >= *limit)
            section.warn(key, "is never reached" + where + "its " + quoted(to_string(*step.clock)) +
                                  " is " + format_duration(*limit) + " long");
    }
    if (step.after && *step.after >= longest + rules.close_after)
        section.warn("after", "may never be reached: a quiet incident closes by itself " +
                                  format_duration(longest + rules.close_after) +
                                  " after its onset");
    auto const breached = rules.notify.find(Moment::breached);
    bool const told = breached != rules.notify.end() &&
                      std::all_of(step.notify.begin(), step.notify.end(), [&](auto const& name) {
                          return std::find(breached->second.begin(), breached->second.end(),
                                           name) != breached->second.end();
                      });
    if (step.at_share && *step.at_share >= 1 && told && !step.repeat)
        section.warn("at", "tells nobody new: 'breached' goes to the same at the same time");
}

// How long after its onset a surge can first be seen: asked each `every`, shown late by the
// platform, judged by the minute. (The watermark keeps no page waiting: minutes are judged ahead.)
seconds first_sight(Settings const& settings, StreamSettings const& stream, seconds& delay) {
    if (stream.push()) return seconds{60};
    auto const* const row = platform(stream.platform);
    auto const* const kind = row == nullptr ? nullptr : kind_of(*row, stream.kind);
    auto const account = settings.accounts.find(stream.account);
    if (kind != nullptr && kind->make != nullptr && account != settings.accounts.end())
        delay = kind->make(account->second, stream)->indexing_delay();
    return stream.every + delay + seconds{60};
}

void lint_stream(Settings const& settings, StreamSettings const& stream, config::Section& section) {
    seconds delay{0};
    auto const sight = first_sight(settings, stream, delay);
    std::string_view const key = section.has("policy") ? "policy" : "";
    for (ClockKind const kind : {ClockKind::respond, ClockKind::resolve}) {
        auto const limit = stream.policy.limit(kind);
        if (!limit || !stream.policy.from_onset) continue;
        if (*limit <= sight)
            section.warn(key, quoted(to_string(kind)) + " (" + format_duration(*limit) +
                                  ") can be over before this stream shows a surge: it is asked "
                                  "each " +
                                  format_duration(stream.every) + ", " + format_duration(delay) +
                                  " late, and judged by the minute");
        for (auto const& detector : stream.detectors)
            if (detector.type == "unanswered" && detector.unanswered.within >= *limit)
                section.warn("detector", quoted(to_string(kind)) + " (" + format_duration(*limit) +
                                             ") is over when a question is told after " +
                                             format_duration(detector.unanswered.within));
    }
}

void lint_pagers(Settings const& settings, config::Section& root) {
    auto section = root.child("receivers");
    if (!section) return;
    for (auto const& [name, receiver] : settings.receivers) {
        if (receiver.type != "pagerduty") continue;
        std::string clock;
        seconds longest = kPagerResolves;
        for (auto const& brand : settings.brands) {
            if (!receivers_of(brand).contains(name)) continue;
            for (auto const& [platform, policy] : policies_of(brand))
                for (ClockKind const kind : kClocks)
                    if (auto const limit = policy->limit(kind); limit && *limit > longest) {
                        longest = *limit;
                        clock = quoted(to_string(kind)) + " of policy " + quoted(policy->name);
                    }
        }
        if (!clock.empty())
            section->warn(name,
                          "PagerDuty resolves an open alert by itself after 4h unless the "
                          "service's auto-resolve is off, and " +
                              clock + " runs " + format_duration(longest));
    }
}

}  // namespace

void lint_settings(Reading& reading, config::Section& root) {
    Settings const& settings = reading.settings();
    lint_names(settings, root);
    lint_pagers(settings, root);
    for (auto& [name, section] : root.children("response_policies"))
        if (auto const it = settings.policies.find(name); it != settings.policies.end())
            lint_policy(it->second, section);
    auto brands = root.list("brands");
    for (std::size_t b = 0; b < brands.size() && b < settings.brands.size(); ++b) {
        auto const& brand = settings.brands[b];
        auto steps = brands[b].list("escalation");
        for (std::size_t i = 0; i < steps.size() && i < brand.rules.escalation.size(); ++i)
            lint_step(brand, brand.rules.escalation[i], steps[i]);
        auto streams = brands[b].list("streams");
        for (std::size_t i = 0; i < streams.size() && i < brand.streams.size(); ++i)
            lint_stream(settings, brand.streams[i], streams[i]);
    }
    if (auto server = root.child("server"))
        if (settings.server.metrics_auth && settings.server.tokens.empty())
            server->warn("metrics_auth", "has no effect without 'tokens'");
}

}  // namespace surged::daemon
