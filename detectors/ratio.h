// The rule "at least N times the average of the time before".
#pragma once

#include "detectors/detectors.h"
#include "detectors/rule.h"

#include <cstdint>
#include <vector>

namespace surged::detectors {

// Surges while the last `window` (whole minutes) holds at least `min_mentions`, and at least
// `at_least` times what the average of the `reference` before the window would put into it; over
// when it has held less for as long as the window. The reference forgets in at most 1008 steps (7
// d: every 10 min), knows only minutes that were seen, and judges nothing before it has seen as
// much as a window and a day (or all of a shorter reference): `learning` until then. While an
// announced surge is expected the line is that many times higher. Coarse ticks are spread evenly.
class RatioDetector final : public Detector {
public:
    explicit RatioDetector(RatioParams const& params);

    Verdict tick(Tick const& tick) override;
    void assign(Detector const& other) override;
    [[nodiscard]] std::unique_ptr<Detector> clone() const override;
    bool adopt(Detector const& ahead) override;
    [[nodiscard]] std::string save() const override;
    [[nodiscard]] bool restore(std::string_view blob) override;
    void late(WallTime event_time, double count) override;
    void operator_verdict(bool) override {}
    [[nodiscard]] std::size_t state_bytes() const override {
        return sizeof *this + window_.minutes() * sizeof(double) + blocks_.size() * sizeof(Block);
    }

private:
    static constexpr std::int64_t kBlocks = 1008;
    struct Block {
        std::int64_t index = -1;  // minute / block_minutes_; -1: empty
        double count = 0;
        std::int64_t minutes = 0;  // seen

        template <typename A>
        friend void archive(A& a, Block& b) {
            a(b.index, b.count, b.minutes);
        }
    };
    void teach(std::int64_t minute, double count);
    void expire();

    RatioParams params_;
    MinuteWindow window_;
    std::int64_t reference_minutes_, block_minutes_, enough_minutes_;
    std::vector<Block> blocks_;
    double sum_ = 0;
    std::int64_t seen_ = 0;  // minutes in the reference
    std::int64_t expired_at_ = -1;
    Rule rule_;
};

}  // namespace surged::detectors
