// What the sections of a report ask of its input more than once. For exporters/report*.cpp.
#pragma once

#include "exporters/report.h"

#include <map>

namespace surged::exporters {

// One run of an incident: from its opening or reopening to its end.
struct ReportRun {
    int number = 1;
    detectors::WallTime onset{}, told{};  // when the public noticed, and when we did
    std::string reason;                   // of a reopening: second_wave, long_tail, operator
    detectors::WallTime closed = detectors::kNoTime;
};
[[nodiscard]] std::vector<ReportRun> runs_of(ReportInput const& in);
// "the first wave", "the second wave", "the long tail"
[[nodiscard]] std::string run_name(ReportRun const& run);

// A clock with the run it belongs to (that of acknowledge counts by itself), and how it went.
struct ReportClock {
    detectors::Clock const* clock = nullptr;
    int run = 1;
};
[[nodiscard]] std::vector<ReportClock> clocks_of(ReportInput const& in,
                                                 std::vector<ReportRun> const& runs);
// "met in time", "met 12 min late", "missed", "dropped", "still running"
[[nodiscard]] std::string clock_result(detectors::Clock const& clock);

// The first public word of ours in its first run; kNoTime: there was none.
[[nodiscard]] detectors::WallTime first_answer(ReportInput const& in);

struct ReportCheck {
    std::string item, by;  // by: "" when it was not ticked
    detectors::WallTime at = detectors::kNoTime;
    bool retired = false;  // ticked then, in no list now
};
[[nodiscard]] std::vector<ReportCheck> checks_of(ReportInput const& in);

// A public answer of ours: by an operator's word or as it was seen.
struct ReportAnswer {
    std::string platform, link, by;
    detectors::WallTime at{};
    bool full = false;  // resolve
};
[[nodiscard]] std::vector<ReportAnswer> answers_of(ReportInput const& in);

// Entries of the timeline: those that say nothing of their own are left out (the surge that its
// opening tells again, a clock that its answer met).
[[nodiscard]] std::vector<detectors::Event const*> timeline_of(ReportInput const& in);
// Where an entry comes from: "kim, by slack", "stream acme-x", "deadline", "watch on posts".
[[nodiscard]] std::string source_of(detectors::Event const& event);

// The closing entry of its last end; null: it is open.
[[nodiscard]] detectors::Event const* closing_of(ReportInput const& in);

// The tone's way: -1 it fell, 0 it did not clearly change, 1 it rose; none: too few to say. Two
// shares differ clearly when they are two standard errors apart; 20 on each side are enough.
inline constexpr std::uint64_t kToneEnough = 20;
[[nodiscard]] std::optional<int> tone_turn(ReportTone const& before, ReportTone const& after);

}  // namespace surged::exporters
