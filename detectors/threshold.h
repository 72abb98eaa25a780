// The rule "at least N mentions within a window".
#pragma once

#include "detectors/detectors.h"
#include "detectors/rule.h"

namespace surged::detectors {

// Surges while the last `window` (whole minutes of event time, the running one included; at least
// one) holds `at_least` mentions; over when it has held fewer for as long as the window. Minutes of
// an outage hold nothing, so a gap can only delay. A coarse tick is spread evenly over its minutes:
// no sub-window can be richer than that for certain, so nothing is raised that was not there.
// `upper`: mentions in this tick that would reach the line. Announced surges change nothing: a line
// is a line. `expected` is not stated (0).
class ThresholdDetector final : public Detector {
public:
    explicit ThresholdDetector(ThresholdParams const& params);

    Verdict tick(Tick const& tick) override;
    void assign(Detector const& other) override;
    [[nodiscard]] std::unique_ptr<Detector> clone() const override;
    [[nodiscard]] std::string save() const override;
    [[nodiscard]] bool restore(std::string_view blob) override;
    void late(WallTime, double) override {}
    void operator_verdict(bool) override {}
    [[nodiscard]] std::size_t state_bytes() const override {
        return sizeof *this + window_.minutes() * sizeof(double);
    }

private:
    ThresholdParams params_;
    MinuteWindow window_;
    Rule rule_;
};

}  // namespace surged::detectors
