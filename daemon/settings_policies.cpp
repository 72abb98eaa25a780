// response_policies and detectors.
#include "daemon/settings_reader.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using detectors::Policy;
using detectors::WarnAt;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Which points were told is one bit each in the incident's state.
constexpr std::size_t kWarnings = 32;

Policy made_policy(std::string name, seconds acknowledge, seconds respond, seconds resolve) {
    Policy out;
    out.name = std::move(name);
    out.acknowledge = acknowledge;
    out.respond = respond;
    out.resolve = resolve;
    return out;
}

seconds longest_clock(Policy const& policy) {
    return std::max({policy.acknowledge.value_or(seconds{0}), policy.respond.value_or(seconds{0}),
                     policy.resolve.value_or(seconds{0})});
}

std::optional<WarnAt> warn_at(std::string const& text) {
    if (auto const share = config::parse_percent(text)) {
        if (*share <= 0 || *share >= 1) return std::nullopt;
        return WarnAt{*share, {}};
    }
    auto const before = config::parse_duration(text);
    if (!before || before->count() <= 0) return std::nullopt;
    return WarnAt{0, *before};
}

void read_warnings(config::Section& section, Policy& out) {
    if (!section.has("warn_at")) return;
    out.warn_at.clear();
    auto const texts = section.text_or_list("warn_at");
    if (texts.size() > kWarnings)
        section.reject("warn_at", "must be at most " + std::to_string(kWarnings) + " points");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) continue;
        auto const point = warn_at(texts[i]);
        if (!point)
            section.reject_item("warn_at", i,
                                "must be between 0% and 100%, or a duration before the end, got '" +
                                    texts[i] + "'");
        else if (point->share == 0 && point->before_end >= longest_clock(out) &&
                 longest_clock(out).count() > 0)
            section.reject_item("warn_at", i,
                                "is before every clock of this policy begins, got " + texts[i]);
        else
            out.warn_at.push_back(*point);
    }
}

// acknowledge <= respond <= resolve, of those that stand.
void check_order(config::Section& section, Policy const& policy) {
    std::string_view earlier_name;
    seconds earlier{0};
    for (auto const& [name, limit] :
         {std::pair<std::string_view, std::optional<seconds>>{"acknowledge", policy.acknowledge},
          {"respond", policy.respond},
          {"resolve", policy.resolve}}) {
        if (!limit) continue;
        if (*limit < earlier)
            section.reject(name, "must not be due before " + std::string(earlier_name) + " (" +
                                     config::format_duration(earlier) + "), got " +
                                     config::format_duration(*limit));
        earlier_name = name;
        earlier = *limit;
    }
}

Policy read_policy(config::Section& section, std::string name) {
    Policy out;
    out.name = std::move(name);
    out.acknowledge = section.duration("acknowledge", kSecond, kYear);
    out.respond = section.duration("respond", kSecond, kYear);
    out.resolve = section.duration("resolve", kSecond, kYear);
    if (!section.has("acknowledge") && !section.has("respond") && !section.has("resolve"))
        section.reject("", "needs at least one clock: 'acknowledge', 'respond' or 'resolve'");
    check_order(section, out);
    read_warnings(section, out);
    out.from_onset = section.choice("clock_starts", {"onset", "opened"}, "onset") == "onset";
    out.acknowledge_expires = section.duration("acknowledge_expires", kSecond, kYear);
    out.repeat_every = section.duration("repeat_every", kSecond, kYear);
    section.finish();
    return out;
}

}  // namespace

void read_policies(Reading& reading, config::Section& root) {
    auto& out = reading.settings().policies;
    auto parent = root.child("response_policies");
    for (auto& [name, section] : root.children("response_policies")) {
        reading.check_name_key(*parent, name);
        out.emplace(name, read_policy(section, name));
    }
    // Contract, Defaults; a file may say otherwise under the same names.
    out.emplace("twitter", made_policy("twitter", minutes{10}, hours{1}, hours{2}));
    out.emplace("facebook", made_policy("facebook", minutes{30}, hours{4}, hours{12}));
}

void read_detectors(Reading& reading, config::Section& root) {
    auto parent = root.child("detectors");
    for (auto& [name, section] : root.children("detectors")) {
        reading.check_name_key(*parent, name);
        auto spec = detectors::DetectorSpec::read(section, name);
        if (!spec.built)
            reading.not_built(section, "type", "detector '" + name + "' (" + spec.type + ")");
        reading.detectors.emplace(name, std::move(spec));
    }
    detectors::DetectorSpec fallback;
    fallback.name = "default";
    reading.detectors.emplace("default", std::move(fallback));
}

}  // namespace surged::daemon
