// One stream's judgement: closed minutes through its detectors, provisionally and for good.
#pragma once

#include "detectors/detector.h"
#include "detectors/detectors.h"
#include "detectors/intake.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// Something the desk or the journal must hear of.
struct Judgement {
    Verdict verdict;       // transition is never none
    std::string detector;  // name of the spec that said so
    WallTime tick_end{};   // event time
    bool late = false;     // began and ended inside an outage, found afterwards
};

// What one committed minute looked like, for the series of the API and `explain`.
struct Judged {
    WallTime start{};
    std::chrono::seconds length{60};
    double observed = 0, expected = 0, upper = 0, score = 0;
};

// Feeds an Intake's minutes to the stream's detectors (one or several: the stream surges while any
// does; `started` and `ended` are told of the stream, not of each detector).
//
// Committed minutes move the detectors for good. After that a copy is run over the provisional
// minutes: it may start or grow a surge early, never end one; because a score cannot fall when
// mentions are added, this can be late, never wrong. A page raised from the copy is entered into
// the real detector's calibration as if it had raised it (detection.md G.5).
//
// History: until end_history() is called nothing is told; then a surge that is still under way is
// told once, and everything is live. A stream without history calls end_history() at once.
//
// After an outage: a surge whose start and end both lie in minutes committed by one advance() that
// covers more than `late_after` is told as one started (late = true) followed by its end.
class Judge {
public:
    Judge(std::vector<DetectorSpec> specs, std::function<double(WallTime)> expected_multiplier);

    // Runs everything that the intake can give. Appends what must be told and, if wanted, the
    // committed minutes. Cost: O(committed + provisional minutes), each about 1 us; no allocation
    // beyond `told` and `series`.
    void advance(Intake& intake, std::vector<Judgement>& told, std::vector<Judged>* series);
    // The same for one finished interval outside an intake: coarse counts in backtest.
    void advance(Bucket const& bucket, std::vector<Judgement>& told, std::vector<Judged>* series);

    void end_history(std::vector<Judgement>& told);
    [[nodiscard]] bool in_history() const { return history_; }
    void late(WallTime event_time, double count);
    void operator_verdict(bool real);

    [[nodiscard]] Verdict const& last() const {
        return last_;
    }  // of the newest tick, provisional included
    [[nodiscard]] Verdict const& last_closed() const {
        return closed_;
    }  // of the newest committed minute
    [[nodiscard]] bool surging() const { return surging_; }
    [[nodiscard]] bool learning() const;
    [[nodiscard]] std::size_t state_bytes() const;

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(
        std::string_view blob);  // false: other detectors than now; starts anew

private:
    struct Arm {
        DetectorSpec spec;
        std::unique_ptr<Detector> committed, ahead;
        bool surging = false;  // told
    };
    std::vector<Arm> arms_;
    std::function<double(WallTime)> multiplier_;
    Verdict last_, closed_;
    bool history_ = true, surging_ = false;
    std::vector<Bucket> scratch_;
};

}  // namespace surged::detectors
