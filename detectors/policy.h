// The rules a brand is kept by: deadlines, who hears of what, who speaks for it.
#pragma once

#include "detectors/event.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace surged::detectors {

// A point on a clock's way: a share of it (0 < share < 1) or a time before its end.
struct WarnAt {
    double share = 0;  // 0: use before_end
    std::chrono::seconds before_end{0};
};

struct Policy {
    std::string name;
    std::optional<std::chrono::seconds> acknowledge, respond, resolve;  // at least one
    std::vector<WarnAt> warn_at{{0.5, {}}, {0.8, {}}};
    bool from_onset = true;  // clock_starts; moves respond and resolve only
    std::optional<std::chrono::seconds> acknowledge_expires, repeat_every;
    [[nodiscard]] std::optional<std::chrono::seconds> limit(ClockKind kind) const;
};

// One rung of `escalation:`. Exactly one of the three conditions is set.
struct EscalationStep {
    std::optional<std::chrono::seconds> after;   // since opening, while nobody has acknowledged
    std::optional<double> at_share;              // of `clock`
    std::optional<std::chrono::seconds> before;  // the end of `clock`
    std::optional<ClockKind> clock;
    std::optional<std::chrono::seconds> repeat;
    std::vector<std::string> notify;
};

struct Raise {
    std::vector<std::string> words;  // any of them in the evidence makes the incident critical
};

struct StreamRole {
    std::string platform;
    Policy policy;
};

struct BrandRules {
    std::string name, plan_url;
    std::vector<std::string> checklist;
    std::map<std::string, std::set<std::string>>
        own;  // platform -> handles and ids, lower case, without "@"
    std::map<Moment, std::vector<std::string>> notify;
    std::vector<EscalationStep> escalation;
    std::vector<std::string> fallback, pause_promotion;
    std::chrono::seconds watch_after{60 * 86400}, close_after{86400};
    Raise raise;
    // Words that are this brand's own, lower case: its name and handles, and `terms:`. A post of
    // another brand of ours that uses one may stand in the wrong account.
    std::vector<std::string> terms;
    bool flood_is_warning = false;  // a flood is not critical by its size alone (composition.h)
    std::map<std::string, StreamRole> streams;  // by stream name
};

}  // namespace surged::detectors
