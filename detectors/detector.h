// What every kind of detector is: ticks in, verdicts out. The table of kinds is detectors.h.
#pragma once

#include "detectors/grounds.h"
#include "detectors/time.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace surged::detectors {

// One closed interval of one stream's event time.
struct Tick {
    WallTime start{};
    std::chrono::seconds length{
        60};                // a divisor of 60 s, or a whole number of minutes for coarse counts
    double count = 0;       // mentions in it, >= 0
    double multiplier = 1;  // > 1 while an announced surge is expected
};

enum class Transition : std::uint8_t { none, started, grown, ended, new_normal };
enum class SurgeKind : std::uint8_t { volume, breadth, tone, rule, unanswered };
[[nodiscard]] std::string_view to_string(SurgeKind kind);

// What a detector says of the tick it was given. Fields beside `transition` and `surging` describe
// the last tick always (for charts), and the surge while there is one.
struct Verdict {
    Transition transition = Transition::none;
    bool surging = false;
    bool learning = false;  // not yet sure of itself: first day without history
    SurgeKind kind = SurgeKind::volume;
    double score = 0;  // 0 calm .. 1 surge; strictly growing with the evidence (contract, --scores)
    double observed = 0;  // mentions in this tick
    double expected = 0;  // mentions the stream's history explains in this tick
    double upper = 0;  // mentions in this tick at which a page would be due: the band of the chart
    // Of the surge, valid while `surging` or on its transitions; over `window`, not over the tick:
    WallTime onset = kNoTime;  // event time at which it began, estimated
    WallTime onset_from = kNoTime, onset_until = kNoTime;  // it lies between; kNoTime: not stated
    double surge_observed = 0;
    double surge_expected = 0;
    double ratio = 0;  // surge_observed / surge_expected
    std::chrono::seconds window{0};
    double return_days =
        0;  // as extreme as this about once in so many days on this stream; 0: not stated
    // The score of what is new: as `score` while nothing was told, else measured against what was
    // told. 0.5 and more exactly when there is something to tell (`started` or `grown`, but for a
    // floor of mentions). What a threshold swept over recorded data should see.
    double news = 0;
    bool critical = false;  // the evidence is ten times rarer than the budget asks
    Grounds grounds;        // for explain
};

// A value behind an interface: no clock, no I/O, no allocation in tick(). Two detectors of one kind
// and one set of parameters are equal when their blobs are.
class Detector {
public:
    virtual ~Detector() = default;

    // Ticks come in order of time; a gap between two is ignorance (an outage), never silence.
    virtual Verdict tick(Tick const& tick) = 0;

    // For the provisional copy: same kind and parameters. No allocation.
    virtual void assign(Detector const& other) = 0;
    [[nodiscard]] virtual std::unique_ptr<Detector> clone() const = 0;
    // `ahead` is a copy of this detector that ran further on counts that were not final and raised
    // a page that was told; this one has now passed that tick without raising it. Enters the page,
    // with its running maxima, as if it had: a page told is in the calibration exactly once. False:
    // this kind cannot, its surge counts as over.
    virtual bool adopt(Detector const& /*ahead*/) { return false; }

    [[nodiscard]] virtual std::string save() const = 0;  // bit for bit
    [[nodiscard]] virtual bool restore(
        std::string_view blob) = 0;  // false: not a blob of this kind and version

    // A mention that came after its tick was judged: into the baseline, never scored.
    virtual void late(WallTime event_time, double count) = 0;
    // `close --verdict real` (true): the last page leaves the calibration; anything else keeps it.
    virtual void operator_verdict(bool real) = 0;
    [[nodiscard]] virtual std::size_t state_bytes() const = 0;
};

}  // namespace surged::detectors
