// One stream's judgement: closed minutes through its detectors, provisionally and for good.
#pragma once

#include "detectors/detector.h"
#include "detectors/detectors.h"
#include "detectors/intake.h"
#include "detectors/voices.h"

#include <array>
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
    Grounds grounds;
};

// What a `surge` detector can listen on.
struct Channel {
    SurgeKind kind;
    double weight;     // of its share of the budget
    bool provisional;  // its score cannot fall when mentions are added to the minutes at hand
};
inline constexpr std::array<Channel, 3> kChannels{
    {{SurgeKind::volume, 1, true}, {SurgeKind::breadth, 1, true}, {SurgeKind::tone, 0.5, false}}};
[[nodiscard]] constexpr Channel const& channel_of(SurgeKind kind) {
    for (Channel const& c : kChannels)
        if (c.kind == kind) return c;
    return kChannels.front();
}
[[nodiscard]] constexpr bool beside_volume(SurgeKind kind) {
    return kind == SurgeKind::breadth || kind == SurgeKind::tone;
}
// What it may spend of the budget: all of it while it is alone, else by weight of kShared, which
// is a little over 1, because what fires together is one page. For a channel among `present` (a bit
// each, in order of kChannels).
[[nodiscard]] double share_of(SurgeKind kind, unsigned present);

// Feeds an Intake's minutes to the stream's detectors (one or several: the stream surges while any
// does; `started` and `ended` are told of the stream, not of each detector).
//
// Committed minutes move the detectors for good. After that a copy is run over the provisional
// minutes: it may start or grow a surge early, never end one; because a score cannot fall when
// mentions are added, this can be late, never wrong. The committed detector comes to the same page
// by itself when its tick is final, and enters it into its calibration then: what is committed does
// not depend on when it was looked at. Should it ever pass that tick without the page, it adopts
// the page from the copy: one that was told is calibrated exactly once.
//
// History: until end_history() is called nothing is told and nothing provisional is run; then a
// surge that is still under way is told once, and everything is live. A stream without history
// calls end_history() at once.
//
// After an outage: a surge whose start and end both lie in minutes committed by one advance() that
// spans more than kLateAfter is told as one started and its end, both late. (So a backtest advances
// in steps below that.)
//
// Channels: a `surge` detector listens on several at once, each the same machinery on another count
// of the same minute (kChannels): volume, mentions; breadth, voices (voices.h); tone, negative
// mentions at the usual volume. A channel is made when its count first says something of its own: a
// stream of counts, or of mentions without authors, has volume alone and its whole budget; from
// then on they share the budget (share_of). A channel that is made begins as a copy of volume,
// whose counts were its own until then (tone: anew). The kind of a surge is that of the channel
// that raised it; volume comes first. Growth is told by that channel and by volume.
//
// A share can fall when mentions are added, so tone is judged on final minutes only.
//
// `new_normal` is told instead of `ended` when it was the last detector's surge: it ends the surge
// too.
class Judge {
public:
    static constexpr std::chrono::minutes kLateAfter{30};

    Judge(std::vector<DetectorSpec> specs, std::function<double(WallTime)> expected_multiplier);

    // A mention that the intake counted (not a late one): who speaks, and how. O(1).
    void note(WallTime event_time, Mention const& mention);

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
    // What the channel said of the newest committed minute; null while the stream has none such.
    [[nodiscard]] Verdict const* channel(SurgeKind kind) const;
    // Of its detector; "" likewise.
    [[nodiscard]] std::string channel_state(SurgeKind kind) const;
    [[nodiscard]] std::size_t state_bytes() const;

    [[nodiscard]] std::string save() const;
    // Each detector takes the state saved under its name and type; one without starts anew. False:
    // there was none for any, or the blob is damaged; all start anew.
    [[nodiscard]] bool restore(std::string_view blob);

private:
    enum class Part : std::uint8_t { none, joined, led };
    struct Arm {
        DetectorSpec spec;  // as configured; see budgeted()
        std::unique_ptr<Detector> committed;
        SurgeKind kind = SurgeKind::volume;
        Part part = Part::none;  // in the newest surge that was told
        bool surging = false;    // told
        bool mine = false;       // the committed detector has this surge itself
        int grown = 0;           // times it grew in this surge by the committed detector,
        int told_grown = 0;      // and times that was told
        WallTime told_end{};     // end of the tick at which the copy raised it, until it is `mine`
        std::unique_ptr<Detector> pending;  // that copy then
        Verdict last, newest;               // of the newest committed tick; of the newest at all
    };
    // What one advance() has to remember of its committed part.
    struct Span {
        bool outage = false;  // it spans more than kLateAfter
        std::size_t first_told = 0;
    };
    // Observed and expected mentions of about the last hour.
    struct Hour {
        double observed = 0, expected = 0;
        template <typename A>
        friend void archive(A& a, Hour& h) {
            a(h.observed, h.expected);
        }
    };
    void wake_channels(Bucket const& bucket);
    void open_channel(std::size_t volume, SurgeKind kind);
    void need_channel(std::size_t volume, SurgeKind kind);
    void share_budget(std::string const& spec);
    [[nodiscard]] unsigned present(std::string const& spec) const;
    [[nodiscard]] Arm const* loudness() const;  // the first of volume; null: there is none
    [[nodiscard]] bool listens(SurgeKind kind) const;
    bool count_of(Arm const& arm, Bucket const& bucket, double& count) const;
    [[nodiscard]] double negative_at_usual_volume(Bucket const& bucket) const;
    Verdict run(Arm const& arm, Detector& detector, Bucket const& bucket, double count) const;
    static Detector& scratch_like(Detector const& detector);
    void commit(Bucket const& bucket, Span const& span, std::vector<Judgement>& told,
                std::vector<Judged>* series);
    void hear(Arm& arm, Verdict const& verdict, WallTime tick_end, Span const& span,
              std::vector<Judgement>& told);
    void hear_ahead(Arm& arm, Detector const& ahead, Verdict const& verdict, WallTime tick_end,
                    int& grown, std::vector<Judgement>& told);
    void look_ahead(Intake const& intake, std::vector<Judgement>& told);
    void tell_end(Verdict verdict, std::string const& detector, WallTime tick_end, Span const& span,
                  std::vector<Judgement>& told);
    [[nodiscard]] Verdict combined(Verdict Arm::*which, double count) const;
    static void settle(Arm& arm);
    void start(Arm& arm, Verdict verdict, WallTime tick_end, std::vector<Judgement>& told);
    void end(Arm& arm, Verdict const& verdict, WallTime tick_end, Span const& span,
             std::vector<Judgement>& told);
    [[nodiscard]] bool any_surging() const;

    std::vector<Arm> arms_;  // as configured; behind each its channels, in order of kChannels
    bool hears_voices_ = false, hears_tone_ = false;
    Voices voices_;
    Hour hour_;
    std::function<double(WallTime)> multiplier_;
    Verdict last_, closed_;
    WallTime closed_end_ = kNoTime;
    bool history_ = true, surging_ = false;
    std::vector<Bucket> scratch_;
};

}  // namespace surged::detectors
