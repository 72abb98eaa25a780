#include "detectors/judge.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace surged::detectors {
namespace {

// From an `ended` inside the look-ahead on, its growth is of a surge that was not told.
constexpr int kNotTold = -1'000'000;
double const kKeepHour = std::exp(-1 / 60.0);

}  // namespace

Judge::Judge(std::vector<DetectorSpec> specs, std::function<double(WallTime)> expected_multiplier)
    : multiplier_(std::move(expected_multiplier)) {
    for (DetectorSpec& spec : specs) {
        auto detector = make_detector(spec);
        if (detector == nullptr) continue;  // decides nothing from ticks
        Arm arm;
        arm.spec = std::move(spec);
        arm.committed = std::move(detector);
        arms_.push_back(std::move(arm));
    }
    hears_tone_ = listens(SurgeKind::tone);
    hears_voices_ = hears_tone_ || listens(SurgeKind::breadth);
}

void Judge::advance(Intake& intake, std::vector<Judgement>& told, std::vector<Judged>* series) {
    scratch_.clear();
    intake.take_committed(scratch_);
    if (hears_voices_) voices_.commit(scratch_);
    Span span{.outage = false, .first_told = told.size()};
    if (!scratch_.empty())
        span.outage =
            scratch_.back().start + scratch_.back().length - scratch_.front().start > kLateAfter;
    for (Bucket const& bucket : scratch_) commit(bucket, span, told, series);
    look_ahead(intake, told);
}

void Judge::advance(Bucket const& bucket, std::vector<Judgement>& told,
                    std::vector<Judged>* series) {
    commit(bucket, {.outage = false, .first_told = told.size()}, told, series);
    last_ = closed_;
}

void Judge::commit(Bucket const& bucket, Span const& span, std::vector<Judgement>& told,
                   std::vector<Judged>* series) {
    WallTime const end = bucket.start + bucket.length;
    closed_end_ = end;
    if (hears_voices_) wake_channels(bucket);
    for (Arm& arm : arms_) {
        double count = 0;
        if (!count_of(arm, bucket, count)) continue;
        arm.last = run(arm, *arm.committed, bucket, count);
        if (hears_tone_ && &arm == loudness()) {
            hour_.observed = hour_.observed * kKeepHour + bucket.count;
            hour_.expected = hour_.expected * kKeepHour + arm.last.expected;
        }
        hear(arm, arm.last, end, span, told);
    }
    closed_ = combined(&Arm::last, bucket.count);
    closed_.grounds.history = history_;
    // Only a detector that a reload took away can leave its surge behind.
    if (surging_ && !any_surging()) tell_end(closed_, {}, end, span, told);
    if (series != nullptr)
        series->push_back({bucket.start, bucket.length, bucket.count, closed_.expected,
                           closed_.upper, closed_.score, closed_.grounds});
}

// The word of a committed detector.
void Judge::hear(Arm& arm, Verdict const& verdict, WallTime tick_end, Span const& span,
                 std::vector<Judgement>& told) {
    if (history_) return;
    switch (verdict.transition) {
        case Transition::none: break;
        case Transition::started:
            arm.mine = true;
            arm.grown = 0;
            settle(arm);
            if (!arm.surging) start(arm, verdict, tick_end, told);
            break;
        case Transition::grown:
            if (++arm.grown <= arm.told_grown) break;
            arm.told_grown = arm.grown;
            if ((!beside_volume(arm.kind) || arm.part == Part::led))
                told.push_back({verdict, arm.spec.name, tick_end, false});
            break;
        case Transition::ended:
        case Transition::new_normal:
            arm.mine = false;
            if (arm.surging) this->end(arm, verdict, tick_end, span, told);
            break;
    }
    if (!arm.surging || arm.mine || tick_end < arm.told_end) return;
    // What the copy raised is final now, and this detector did not raise it.
    arm.mine = arm.pending != nullptr && arm.committed->adopt(*arm.pending);
    settle(arm);
    if (!arm.mine) this->end(arm, verdict, tick_end, span, told);
}

void Judge::look_ahead(Intake const& intake, std::vector<Judgement>& told) {
    last_ = closed_;
    if (history_) return;
    scratch_.clear();
    intake.provisional(scratch_, true);
    if (scratch_.empty()) return;
    // A minute that is covered in part may page, but it is not yet a minute to show.
    std::size_t const shown =
        scratch_.size() -
        (scratch_.back().start + scratch_.back().length > intake.covered_until() ? 1 : 0);
    if (hears_voices_) voices_.provisional(scratch_);
    for (Arm& arm : arms_) {
        arm.newest = arm.last;
        if (!channel_of(arm.kind).provisional) continue;
        Detector& ahead = scratch_like(*arm.committed);
        int grown = arm.mine ? arm.grown : 0;
        for (std::size_t i = 0; i < scratch_.size(); ++i) {
            Bucket const& bucket = scratch_[i];
            double count = 0;
            if (!count_of(arm, bucket, count)) continue;
            Verdict const verdict = run(arm, ahead, bucket, count);
            if (i < shown) arm.newest = verdict;
            hear_ahead(arm, ahead, verdict, bucket.start + bucket.length, grown, told);
        }
    }
    if (shown > 0) last_ = combined(&Arm::newest, scratch_[shown - 1].count);
}

// The word of the copy: counts its growth anew in every run, tells what was not told.
void Judge::hear_ahead(Arm& arm, Detector const& ahead, Verdict const& verdict, WallTime tick_end,
                       int& grown, std::vector<Judgement>& told) {
    if (verdict.transition == Transition::started) {
        if (arm.mine) {
            grown = kNotTold;  // another one, after an end that is not final
            return;
        }
        grown = 0;
        if (arm.surging) return;
        arm.told_end = tick_end;
        arm.pending = ahead.clone();
        start(arm, verdict, tick_end, told);
    } else if (verdict.transition == Transition::grown) {
        if (!arm.surging || ++grown <= arm.told_grown) return;
        arm.told_grown = grown;
        if ((!beside_volume(arm.kind) || arm.part == Part::led))
            told.push_back({verdict, arm.spec.name, tick_end, false});
    } else if (verdict.transition != Transition::none) {
        grown = kNotTold;
    }
}

// The committed detector has reached what the copy raised.
void Judge::settle(Arm& arm) {
    arm.pending.reset();
    arm.told_end = kNoTime;
}

void Judge::start(Arm& arm, Verdict verdict, WallTime tick_end, std::vector<Judgement>& told) {
    bool const first = !any_surging();
    arm.surging = true;
    arm.told_grown = 0;
    arm.part = Part::joined;
    if (!first || surging_) return;
    for (Arm& other : arms_) other.part = Part::none;
    arm.part = Part::led;
    surging_ = true;
    verdict.transition = Transition::started;
    told.push_back({verdict, arm.spec.name, tick_end, false});
}

void Judge::end(Arm& arm, Verdict const& verdict, WallTime tick_end, Span const& span,
                std::vector<Judgement>& told) {
    arm.surging = false;
    if (surging_ && !any_surging()) tell_end(verdict, arm.spec.name, tick_end, span, told);
}

void Judge::tell_end(Verdict verdict, std::string const& detector, WallTime tick_end,
                     Span const& span, std::vector<Judgement>& told) {
    surging_ = false;
    if (verdict.transition != Transition::new_normal) verdict.transition = Transition::ended;
    Judgement judgement{verdict, detector, tick_end, false};
    auto const began = std::find_if(
        told.rbegin(), told.rend() - std::ptrdiff_t(span.first_told),
        [](Judgement const& j) { return j.verdict.transition == Transition::started; });
    if (span.outage && began != told.rend() - std::ptrdiff_t(span.first_told))
        judgement.late = began->late = true;
    told.push_back(std::move(judgement));
}

void Judge::end_history(std::vector<Judgement>& told) {
    if (!std::exchange(history_, false)) return;
    for (Arm& arm : arms_) {
        arm.mine = arm.last.surging;
        arm.grown = 0;
        if (arm.mine) start(arm, arm.last, closed_end_, told);
    }
}

void Judge::late(WallTime event_time, double count) {
    for (Arm& arm : arms_)
        if (!beside_volume(arm.kind)) arm.committed->late(event_time, count);
}

void Judge::operator_verdict(bool real) {
    for (Arm& arm : arms_)
        if (arm.pending == nullptr && arm.part != Part::none) arm.committed->operator_verdict(real);
}

bool Judge::learning() const {
    return std::any_of(arms_.begin(), arms_.end(),
                       [](Arm const& a) { return a.last.learning && !beside_volume(a.kind); });
}

std::size_t Judge::state_bytes() const {
    std::size_t bytes = sizeof *this + scratch_.capacity() * sizeof(Bucket) + voices_.state_bytes();
    for (Arm const& arm : arms_)
        bytes += sizeof arm + arm.committed->state_bytes() +
                 (arm.pending ? arm.pending->state_bytes() : 0);
    return bytes;
}

bool Judge::any_surging() const {
    return std::any_of(arms_.begin(), arms_.end(), [](Arm const& a) { return a.surging; });
}

// The strongest word, with the first detector's expectation and the lowest band. Scores of all
// kinds are 0.5 at their line, so they compare.
Verdict Judge::combined(Verdict Arm::*which, double count) const {
    Verdict out;
    if (!arms_.empty()) out = arms_.front().*which;
    out.observed = count;
    for (std::size_t i = 1; i < arms_.size(); ++i) {
        Verdict v = arms_[i].*which;
        // What a channel beside volume counts is not what the chart shows.
        bool const beside = beside_volume(arms_[i].kind);
        v.observed = count;
        v.expected = out.expected;
        v.learning = out.learning = (v.learning && !beside) || out.learning;
        v.surging = out.surging = v.surging || out.surging;
        v.upper = out.upper = beside ? out.upper : std::min(v.upper, out.upper);
        v.news = out.news = std::max(v.news, out.news);
        if (!v.grounds.stated) v.grounds = out.grounds;
        if (!out.grounds.stated) out.grounds = v.grounds;
        if (v.score > out.score) out = v;
    }
    out.transition = Transition::none;
    return out;
}

}  // namespace surged::detectors
