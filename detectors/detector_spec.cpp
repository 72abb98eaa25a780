// What stands under `detectors.NAME`.
#include "config/units.h"
#include "detectors/detectors.h"
#include "detectors/tone.h"

#include <algorithm>
#include <array>
#include <optional>

namespace surged::detectors {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct TypeRow {
    std::string_view name;
    bool built;  // whoever builds the type says so here
    void (*read)(config::Section&, DetectorSpec&);
};

// More mentions than this in one window, and the number was mistyped.
constexpr double kMentionsMax = 1e9;

void required(config::Section& section, std::string_view key) {
    if (!section.has(key)) section.reject("", "missing key '" + std::string(key) + "'");
}

// Contract: from 1 per 1d to 1 per 365d; beyond 90 days the tables are extrapolated.
void read_false_pages(config::Section& section, SurgeParams& out) {
    constexpr std::string_view key = "false_pages";
    if (!section.has(key)) return;
    auto const text = section.text(key);
    if (text.empty()) return;  // reported
    auto const rate = config::parse_rate(text);
    if (!rate) {
        section.reject(key, "must be " + std::string(config::kRateForm) + ", got '" + text + "'");
        return;
    }
    double const days_each = double(rate->per.count()) / 86400 / rate->amount;
    constexpr double slack = 1e-9;  // of the division, not of the rule
    if (days_each < 1 - slack || days_each > 365 * (1 + slack)) {
        section.reject(key, "must be from 1 per 1d to 1 per 365d, got '" + text + "'");
        return;
    }
    if (days_each > 90 * (1 + slack))
        section.warn(key, "beyond 1 per 90d the budget is extrapolated, not measured");
    out.false_pages = rate->amount;
    out.per = rate->per;
}

// `channels: [volume, breadth, tone]`: volume is always one of them, tone only when it is named.
void read_channels(config::Section& section, SurgeParams& out) {
    constexpr std::string_view key = "channels";
    static std::vector<std::string_view> const names{"volume", "breadth", "tone"};
    if (!section.has(key)) return;
    auto const words = section.text_or_list(key);
    unsigned bits = 1;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto const it = std::find(names.begin(), names.end(), words[i]);
        if (it == names.end())
            section.reject_item(key, i,
                                "expected volume, breadth or tone, got '" + words[i] + "'" +
                                    config::did_you_mean(words[i], names));
        else
            bits |= 1U << unsigned(it - names.begin());
    }
    if ((bits & 4U) != 0 && tone_words() == 0)
        section.warn(key,
                     "tone is off: this program was built without a lexicon "
                     "(deploy/setup.sh lexicon)");
    out.channels = tone_words() == 0 ? bits & ~4U : bits;
}

void read_surge(config::Section& section, DetectorSpec& out) {
    read_false_pages(section, out.surge);
    out.surge.min_mentions = section.number("min_mentions", 0, kMentionsMax, 0);
    read_channels(section, out.surge);
}

// Detection counts minutes: a window is a whole number of them.
seconds read_window(config::Section& section, std::string_view key, seconds fallback) {
    auto const read = section.duration(key, minutes{1}, days{90}, fallback);
    if (read.count() % 60 == 0) return read;
    section.reject(key, "must be a whole number of minutes, got " + config::format_duration(read));
    return fallback;
}

void read_threshold(config::Section& section, DetectorSpec& out) {
    out.threshold.window = read_window(section, "window", out.threshold.window);
    required(section, "at_least");
    out.threshold.at_least = section.number("at_least", 1, kMentionsMax, out.threshold.at_least);
}

void read_ratio(config::Section& section, DetectorSpec& out) {
    auto& p = out.ratio;
    p.window = read_window(section, "window", p.window);
    p.reference = read_window(section, "reference", p.reference);
    if (p.reference <= p.window)
        section.reject(section.has("reference") ? "reference" : "window",
                       "reference (" + config::format_duration(p.reference) +
                           ") must be longer than window (" + config::format_duration(p.window) +
                           ")");
    p.at_least = section.number("at_least", 1, 1e6, p.at_least);
    p.min_mentions = section.number("min_mentions", 0, kMentionsMax, p.min_mentions);
}

void read_unanswered(config::Section& section, DetectorSpec& out) {
    out.unanswered.within = section.duration("within", minutes{1}, days{30}, out.unanswered.within);
}

constexpr std::array<TypeRow, 4> kTypes{{{"surge", true, read_surge},
                                         {"threshold", true, read_threshold},
                                         {"ratio", true, read_ratio},
                                         {"unanswered", true, read_unanswered}}};

}  // namespace

std::vector<std::string_view> const& detector_types() {
    static std::vector<std::string_view> const names = [] {
        std::vector<std::string_view> out;
        for (auto const& row : kTypes) out.push_back(row.name);
        return out;
    }();
    return names;
}

DetectorSpec DetectorSpec::read(config::Section& section, std::string name) {
    DetectorSpec out;
    out.name = std::move(name);
    out.type = section.choice("type", detector_types(), "");
    if (out.type.empty() && section.has("type")) return out;  // its keys cannot be known
    if (out.type.empty()) out.type = "surge";
    auto const row = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](auto const& r) { return r.name == out.type; });
    out.built = row->built;
    row->read(section, out);
    section.finish();
    return out;
}

}  // namespace surged::detectors
