// The default detector: pages when a stream's evidence is rarer than its budget of false pages.
#pragma once

#include "detectors/baseline.h"
#include "detectors/burst.h"
#include "detectors/detectors.h"
#include "detectors/onset.h"
#include "detectors/sustained.h"
#include "detectors/tail.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace surged::detectors {

// The return period, in days, that a severity is told as: e^severity up to a week; what lies beyond
// is an extrapolation of the tail, measured to be too light, and told as five sixths of it.
[[nodiscard]] double days_of(double severity);

// Two channels, each read as a return period against the stream's own history: the burst channel
// (burst.h) has the whole budget, the sustained one (sustained.h) a tenth of it, the whole in the
// first two days, when it is the only one that has learned anything. Severity is the larger of the
// two, ln of the return period in days; a page is due at ln(30 / budget per 30 days), and
// for budgets below one a week a little later (due()).
//
// Page: burst due, and no page for 24 h or its score doubled since, and risen by a quarter since
// the last page ended (the day's window remembers a long surge that is over); or sustained due, and
// no page for 12 h. Grown: a page is open, burst due, its score doubled since the last told. End:
// the 60-minute mean of counts is below 1.5 times the expected for 30 minutes; or after 72 h, when
// the level is multiplied by the ratio of the last 24 h if that is over 1.2: the new normal. While
// a page is open the baseline is frozen (48 h at most) and nothing is calibrated; the page itself
// stands in the calibration as one censored maximum. Announced time is left out of it.
//
// Verdict: `score` is 0.5 exactly when a page is due by the evidence alone (re-arm times and
// min_mentions may still hold it back); it grows strictly with the severity and, at equal severity,
// with the tick's count. `upper` is the burst channel's, to about 2 %, never below `expected`.
// `surge_observed` and `surge_expected` are those of the strongest burst window (exponentially
// weighted counts) or of the block of the strongest sum, whichever channel is the more severe.
//
// `onset` is the estimate of onset.h at the moment of the page, within [onset_from, onset_until],
// never before the end of the page before; where it finds none, the last tick with an ordinary
// burst score or the start of the strongest sum's excursion. It is made anew with each growth and
// 15, 30 and 60 minutes after the page while that is not fading, and decides nothing.
//
// Coarse ticks: the burst channel takes one tick as long as the interval, the sustained channel the
// count spread evenly over its minutes; both decide once, at the end.
//
// A value of 11 kB, no allocation after construction but in save(). tick() is O(1) per minute, 0.4
// us. Event time only; a gap between ticks stops its clock.
class SurgeDetector final : public Detector {
public:
    explicit SurgeDetector(SurgeParams const& params);

    Verdict tick(Tick const& tick) override;
    void assign(Detector const& other) override;
    [[nodiscard]] std::unique_ptr<Detector> clone() const override;
    bool adopt(Detector const& ahead) override;
    [[nodiscard]] std::string save() const override;
    [[nodiscard]] bool restore(std::string_view blob) override;
    void late(WallTime event_time, double count) override;
    void operator_verdict(bool real) override;
    [[nodiscard]] std::size_t state_bytes() const override { return sizeof *this; }

    // ln of the budget's return period in days; the severity at which a page is due: the same up to
    // a week, a fifth of what lies beyond it more.
    [[nodiscard]] double threshold() const { return asked_; }
    [[nodiscard]] double due() const { return threshold_; }
    [[nodiscard]] double severity() const { return severity_; }
    [[nodiscard]] double burst_rarity() const { return burst_rarity_; }
    [[nodiscard]] double sustained_rarity() const { return sustained_rarity_; }
    [[nodiscard]] Burst const& burst() const { return burst_; }
    [[nodiscard]] Tail<540> const& burst_tail() const { return burst_tail_; }
    [[nodiscard]] Baseline const& baseline() const { return baseline_; }
    [[nodiscard]] Sustained const& sustained() const { return sustained_; }

private:
    // Exponentially weighted counts and expectations, by which a page ends or becomes normal.
    struct Mean {
        double count = 0, expected = 0;
        void add(double y, double e, double keep) {
            count = count * keep + y;
            expected = expected * keep + e;
        }
        [[nodiscard]] double ratio() const { return (count + 1) / (expected + 1); }
    };
    // The page that is open, or the last one.
    struct Page {
        bool open = false, by_burst = false, by_sustained = false, judged = false;
        double peak = 0;  // burst score when last told
        double rest = 0;  // the lowest burst score since the page ended
        std::int64_t told = kNever, opened = kNever, ended = kNever,
                     onset = kNever;  // unix seconds
        std::int32_t low_minutes = 0;
    };
    static constexpr double kNotArmed = -9;  // rarer than nothing: a severity that never pages
    // What one tick gave to decide on.
    struct Evidence {
        double burst = kNotArmed, sustained = kNotArmed;  // severities, budget share included
        bool burst_due = false, sustained_due = false;
        bool minute_ended = false, calm = false;  // calm: long enough for an open page to end
        double news = 0;                          // see over_line()
        Burst::Window window{};
        Sustained::Excursion block{};
    };
    static constexpr std::int64_t kNever = INT64_MIN / 2;

    void run_minutes(Tick const& tick, std::int64_t t, Evidence& evidence);
    void run_minute(std::int64_t t, double count, double multiplier, Evidence& evidence);
    Transition decide(std::int64_t t, Evidence const& evidence);
    void open_page(std::int64_t t, Evidence const& evidence);
    void find_onset();
    void refine_onset(std::int64_t t, bool grown, Evidence const& evidence);
    Transition close_page(std::int64_t t, bool calm);
    [[nodiscard]] bool sustained_is_new(std::int64_t t, Evidence const& evidence) const;
    [[nodiscard]] double burst_needed(std::int64_t t) const;
    [[nodiscard]] double burst_line();
    [[nodiscard]] double over_line(std::int64_t t, Evidence const& evidence);
    void describe(Tick const& tick, Evidence const& evidence, Verdict& verdict);
    void explain(Tick const& tick, Evidence const& evidence, Verdict& verdict) const;
    [[nodiscard]] Outcome outcome(Evidence const& evidence, Transition transition) const;
    [[nodiscard]] double log_share() const;
    [[nodiscard]] double log_part() const;

    SurgeParams params_;
    double asked_, threshold_;
    Burst burst_;
    Tail<540> burst_tail_;
    Baseline baseline_;
    Sustained sustained_;
    Mean hour_, day_;
    Page page_;
    std::int64_t calm_since_ = 0;  // unix second after the last tick with an ordinary burst score
    double burst_rarity_ = kNotArmed, sustained_rarity_ = kNotArmed, severity_ = kNotArmed;
    double minute_count_ = 0, minute_multiplier_ = 0, minute_seconds_ = 0;  // of ticks below 60 s
    double expected_per_minute_ = 0;  // of the newest minute, without multiplier
    double upper_ = 0;                // where the next search for the band begins
    RecentCounts recent_;
    std::int64_t onset_from_ = kNever, onset_until_ = kNever;  // where page_.onset may lie
    std::int64_t onset_not_before_ = kNever;                   // end of the page before
    TailFit line_of_{0, 0, 0, 0};  // what line_ was computed of; no fit has a scale of 0
    double line_part_ = 0;         // likewise
    double line_ = 0;              // see burst_line()

    template <typename A>
    friend void archive(A& a, SurgeDetector::Mean& m) {
        a(m.count, m.expected);
    }
    template <typename A>
    friend void archive(A& a, SurgeDetector::Page& p) {
        a(p.open, p.by_burst, p.by_sustained, p.judged, p.peak, p.rest, p.told, p.opened, p.ended,
          p.onset, p.low_minutes);
    }
    template <typename A>
    friend void archive(A& a, SurgeDetector& d) {
        a(d.burst_, d.burst_tail_, d.baseline_, d.sustained_, d.hour_, d.day_, d.page_,
          d.calm_since_, d.burst_rarity_, d.sustained_rarity_, d.severity_, d.minute_count_,
          d.minute_multiplier_, d.minute_seconds_, d.expected_per_minute_, d.upper_);
    }
    // What version 2 added.
    template <typename A>
    static void archive_onset(A& a, SurgeDetector& d) {
        a(d.recent_, d.onset_from_, d.onset_until_, d.onset_not_before_);
    }
};

}  // namespace surged::detectors
