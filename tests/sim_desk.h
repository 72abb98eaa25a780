// A desk with the contract's example rules, and short words for what happens to it.
#pragma once

#include "detectors/desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace surged::tests {

using namespace std::chrono_literals;
using namespace surged::detectors;

inline WallTime const kNoon = parse_time("2026-03-01T12:00:00Z").value();

inline BrandRules acme_rules() {
    Policy twitter;
    twitter.name = "twitter";
    twitter.acknowledge = 10min;
    twitter.respond = 1h;
    twitter.resolve = 2h;
    Policy facebook;
    facebook.name = "facebook";
    facebook.acknowledge = 30min;
    facebook.respond = 4h;
    facebook.resolve = 12h;
    BrandRules rules;
    rules.name = "acme";
    rules.plan_url = "https://wiki.example/acme-crisis";
    rules.checklist = {"Fix it", "Say so in public"};
    rules.streams = {{"acme-x", {"x", twitter}},
                     {"acme-x2", {"x", twitter}},
                     {"acme-facebook", {"facebook", facebook}}};
    rules.notify = {{Moment::opened, {"oncall", "am", "chat"}},
                    {Moment::grown, {"chat"}},
                    {Moment::warning, {"oncall", "chat"}},
                    {Moment::breached, {"oncall", "lead", "chat", "mail"}},
                    {Moment::acknowledged, {"chat"}},
                    {Moment::responded, {"chat"}},
                    {Moment::resolved, {"chat"}},
                    {Moment::reopened, {"oncall", "chat"}},
                    {Moment::closed, {"chat"}}};
    return rules;
}

inline Verdict surge_since(WallTime onset) {
    Verdict v;
    v.transition = Transition::started;
    v.surging = true;
    v.onset = onset;
    v.surge_observed = 412;
    v.surge_expected = 31.5;
    v.ratio = 412 / 31.5;
    v.window = 10min;
    v.return_days = 92;
    return v;
}

// One desk and the time of day. Every word returns what was said because of it.
struct SimDesk {
    explicit SimDesk(BrandRules rules = acme_rules()) : desk(std::move(rules)) {}

    using Said = std::vector<Notice>;
    Said start(std::string stream, WallTime onset, bool drill = false) {
        SurgeStarted in;
        in.stream = std::move(stream);
        in.verdict = surge_since(onset);
        in.drill = drill;
        return start(in);
    }
    Said start(SurgeStarted const& in) { return apply(in); }
    Said grow(std::string stream, double observed, bool critical = false) {
        SurgeGrown in;
        in.stream = std::move(stream);
        in.verdict = surge_since(now);
        in.verdict.surge_observed = observed;
        in.verdict.critical = critical;
        return apply(in);
    }
    Said end(std::string stream, bool drill = false) {
        SurgeEnded in;
        in.stream = std::move(stream);
        in.drill = drill;
        return apply(in);
    }
    void mentions(std::string_view stream, std::string_view conversation, int n = 1) {
        for (int i = 0; i < n; ++i) desk.apply(IncidentMention{stream, conversation});
    }
    Said post(OwnPost in) {
        if (in.at == WallTime{}) in.at = now;
        return apply(in);
    }
    Said word(OperatorWord in) {
        if (in.incident.empty() && !desk.incidents().empty())
            in.incident = desk.incidents().back().id;
        Said said;
        heard = desk.apply(in, now, said);
        return said;
    }
    Said word(Action action, std::string link = {}, std::string platform = {}) {
        OperatorWord in;
        in.action = action;
        in.by = "kim";
        in.via = "cli";
        in.link = std::move(link);
        in.platform = std::move(platform);
        return word(in);
    }
    Said tick() {
        Said said;
        desk.tick(now, said);
        return said;
    }
    Said tick_at(WallTime t) {
        now = t;
        return tick();
    }
    Incident const& incident() const { return desk.incidents().back(); }
    Clock const& clock(ClockKind kind, std::string const& platform = "x", int run = 1) const {
        for (Clock const& c : incident().clocks)
            if (c.kind == kind && c.platform == platform && c.run == run) return c;
        ADD_FAILURE() << "no such clock: " << to_string(kind) << "/" << platform << "/" << run;
        static Clock const none{};
        return none;
    }

    Desk desk;
    WallTime now = kNoon;
    Heard heard;

private:
    template <typename Input>
    Said apply(Input const& in) {
        Said said;
        desk.apply(in, now, said);
        return said;
    }
};

// "incident.opened clock.breached ..." in the order they were said; repeats and rungs as "(name)".
inline std::string names(std::vector<Notice> const& said) {
    std::string text;
    for (Notice const& n : said) {
        if (!text.empty()) text += ' ';
        std::string const name(to_string(n.event.name));
        text += n.journal ? name : "(" + name + ")";
    }
    return text;
}

inline Notice const* find(std::vector<Notice> const& said, EventName name) {
    auto const it = std::find_if(said.begin(), said.end(),
                                 [&](Notice const& n) { return n.event.name == name; });
    return it == said.end() ? nullptr : &*it;
}

// The receivers of the first notice of this name, in the order of the alphabet.
inline std::string to(std::vector<Notice> const& said, EventName name) {
    Notice const* notice = find(said, name);
    if (notice == nullptr) return "(not said)";
    auto names = notice->to;
    std::sort(names.begin(), names.end());
    std::string text;
    for (auto const& n : names) text += (text.empty() ? "" : " ") + n;
    return text;
}

}  // namespace surged::tests
