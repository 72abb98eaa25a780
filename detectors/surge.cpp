#include "detectors/surge.h"

#include "detectors/archive.h"

#include <cassert>
#include <cmath>
#include <typeinfo>

namespace surged::detectors {
namespace {

constexpr TailPrior kBurstTail{4.5F, 2, 20, 60, 0, 24, false, true};
constexpr double kPriorPerMinute = 0.1;
constexpr double kSustainedShare = 0.1;  // of the budget, from the third day on
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kBurstSilence = 24 * kHour, kSustainedSilence = 12 * kHour;
constexpr std::int64_t kFreeze = 48 * kHour, kNewNormal = 72 * kHour;
constexpr double kGrown = 2, kRisen = 1.25, kOverBelow = 1.5, kNewNormalFrom = 1.2;
constexpr std::int32_t kOverMinutes = 30;
constexpr double kReturnDaysMax = 36500;  // beyond a hundred years a number says nothing more
double const kKeepHour = std::exp(-1 / 60.0), kKeepDay = std::exp(-1 / 1440.0);
double const kLn10 = std::log(10.0);

// Rarer than once a week the fitted tail is an extrapolation, and a light one: over 120 days on
// streams of make_streams.cpp (three seeds, 40 streams, 0.008 to 1000 a minute) a budget of 1 per
// 30 d was spent 1.33 times, up to 1.69 in a group of rates, one of 1 per 7 d 1.00 times. So what
// lies beyond a week is asked for in the measure kStrict more; return periods are told likewise.
double const kWeek = std::log(7.0);
constexpr double kStrict = 0.2;
double stricter(double severity) {
    return severity + kStrict * std::max(0.0, severity - kWeek);
}

constexpr std::string_view kKind = "surge";
constexpr std::uint32_t kVersion = 2, kWithoutOnset = 1;

std::int64_t unix_seconds(WallTime t) {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}
WallTime wall_time(std::int64_t seconds) {
    return WallTime{std::chrono::seconds{seconds}};
}

// Onto (0, 1), 0.5 at `over` = 0. Algebraic and not logistic: it keeps growing in print too. The
// count decides only among equal severities, and never across the threshold.
double score_of(double over, double count, double expected) {
    double const tie = 1e-6 * count / (count + expected + 1);
    double const x = over >= 0 ? over + tie : over - 1e-6 + tie;
    return 0.5 + 0.5 * x / std::sqrt(1 + x * x);
}

}  // namespace

double days_of(double severity) {
    return std::exp(severity <= kWeek ? severity : kWeek + (severity - kWeek) / (1 + kStrict));
}

SurgeDetector::SurgeDetector(SurgeParams const& params)
    : params_(params),
      asked_(std::log(30 / params.per_month())),
      threshold_(stricter(asked_)),
      burst_tail_(kBurstTail),
      baseline_(kPriorPerMinute) {}

// Log-linear between the ends of the second and of the third day.
double SurgeDetector::log_share() const {
    return std::log(kSustainedShare) * std::clamp(baseline_.days() - 2, 0.0, 1.0);
}

// In the first days the tails are the prior's, which is cautious: fewer pages than the budget come
// of all channels together. What they share is halved once the stream speaks for itself.
double SurgeDetector::log_part() const {
    return std::log(params_.share) * std::clamp(baseline_.days() - 2, 0.0, 1.0);
}

Verdict SurgeDetector::tick(Tick const& tick) {
    double const dt = double(tick.length.count());
    assert(dt > 0 && tick.count >= 0 && tick.multiplier >= 1);
    std::int64_t const t = unix_seconds(tick.start);
    Evidence evidence;

    double const score = burst_.tick(t, tick.count, dt, tick.multiplier);
    burst_rarity_ = burst_tail_.rarity(score);
    if (score <= double(burst_tail_.fit().level)) calm_since_ = t + tick.length.count();
    run_minutes(tick, t, evidence);

    if (burst_.warm()) evidence.burst = burst_rarity_ + log_part();
    evidence.window = burst_.strongest();
    severity_ = std::max(evidence.burst, evidence.sustained);
    evidence.burst_due = burst_.warm() && evidence.burst >= threshold_ &&
                         evidence.window.observed >= params_.min_mentions;
    evidence.sustained_due = evidence.sustained_due && evidence.minute_ended;

    evidence.news = over_line(t, evidence);

    Verdict verdict;
    verdict.transition = decide(t, evidence);
    if (burst_.warm() && !page_.open && t - page_.told > kBurstSilence && tick.multiplier == 1)
        burst_tail_.add(score, dt / 60);
    describe(tick, evidence, verdict);
    explain(tick, evidence, verdict);
    return verdict;
}

// A coarse tick is its minutes, each with an even part; ticks below a minute are gathered into one.
void SurgeDetector::run_minutes(Tick const& tick, std::int64_t t, Evidence& evidence) {
    std::int64_t const length = tick.length.count();
    if (length > 60) {
        std::int64_t const minutes = length / 60;
        double const part = tick.count / double(minutes);
        for (std::int64_t i = 0; i < minutes; ++i)
            run_minute(t + 60 * i, part, tick.multiplier, evidence);
        return;
    }
    minute_count_ += tick.count;
    minute_multiplier_ += tick.multiplier * double(length);
    minute_seconds_ += double(length);
    if (minute_seconds_ < 60 - 1e-6) {
        evidence.sustained = sustained_rarity_ + log_share() + log_part();
        evidence.block = sustained_.strongest();
        return;
    }
    run_minute(t - (60 - length), minute_count_, minute_multiplier_ / minute_seconds_, evidence);
    minute_count_ = minute_multiplier_ = minute_seconds_ = 0;
}

void SurgeDetector::run_minute(std::int64_t t, double count, double multiplier,
                               Evidence& evidence) {
    double const expected = baseline_.minute(t, count, multiplier);
    expected_per_minute_ = expected / multiplier;
    sustained_rarity_ = sustained_.minute(t, count, expected, baseline_.unknown(), multiplier > 1);
    recent_.add(t, count, expected);
    hour_.add(count, expected, kKeepHour);
    day_.add(count, expected, kKeepDay);
    page_.low_minutes = hour_.ratio() < kOverBelow ? page_.low_minutes + 1 : 0;
    evidence.calm = evidence.calm || page_.low_minutes >= kOverMinutes;

    double const severity = sustained_rarity_ + log_share() + log_part();
    if (!evidence.minute_ended || severity > evidence.sustained) {
        evidence.sustained = severity;
        evidence.block = sustained_.strongest();
        evidence.sustained_due =
            severity >= threshold_ && evidence.block.observed >= params_.min_mentions;
    }
    evidence.minute_ended = true;
}

// The burst score at which the budget is reached; the tail moves only when a block closes.
double SurgeDetector::burst_line() {
    double const part = log_part();
    if (line_of_ != burst_tail_.fit() || line_part_ != part) {
        line_of_ = burst_tail_.fit();
        line_part_ = part;
        line_ = line_of_.score_at(threshold_ - part);
    }
    return line_;
}

// The burst score below which what was told is no news.
double SurgeDetector::burst_needed(std::int64_t t) const {
    bool const fresh = page_.open || t - page_.told <= kBurstSilence;
    return std::max(fresh ? kGrown * page_.peak : 0, page_.open ? 0 : kRisen * page_.rest);
}

bool SurgeDetector::sustained_is_new(std::int64_t t, Evidence const& evidence) const {
    return !page_.open && t - page_.told > kSustainedSilence && evidence.block.onset >= page_.ended;
}

// How far the evidence is over the line at which there is something to tell: the budget's while
// nothing was told, else twice the burst score that was, and for the sustained channel none.
double SurgeDetector::over_line(std::int64_t t, Evidence const& evidence) {
    double burst = evidence.burst - threshold_;
    double const line = burst_line(), needed = burst_needed(t);
    if (burst_.warm() && needed > line)
        burst = burst_tail_.rarity(burst_.score() * line / needed) + log_part() - threshold_;
    double sustained = evidence.sustained - threshold_;
    if (!sustained_is_new(t, evidence))
        sustained = sustained > 0 ? -1 / (1 + sustained) : sustained - 1;
    return std::max(burst, sustained);
}

Transition SurgeDetector::decide(std::int64_t t, Evidence const& evidence) {
    double const score = burst_.score();
    bool const burst = evidence.burst_due && score >= burst_needed(t);
    if (!page_.open) {
        bool const sustained = evidence.sustained_due && sustained_is_new(t, evidence);
        page_.rest = std::min(page_.rest, score);
        if (!burst && !sustained) return Transition::none;
        open_page(t, evidence);
        return Transition::started;
    }
    bool const grown = burst && page_.peak > 0;
    if (grown) {
        page_.peak = score;
        page_.told = t;
    }
    refine_onset(t, grown, evidence);
    Transition const over = evidence.minute_ended ? close_page(t, evidence.calm) : Transition::none;
    return grown && over == Transition::none ? Transition::grown : over;
}

void SurgeDetector::open_page(std::int64_t t, Evidence const& evidence) {
    onset_not_before_ = page_.ended;
    page_ = {.open = true,
             .by_burst = evidence.burst_due,
             .by_sustained = evidence.sustained_due,
             .judged = false,
             .peak = burst_.score(),
             .rest = 0,
             .told = t,
             .opened = t,
             .ended = kNever,
             .onset = evidence.burst_due ? calm_since_ : evidence.block.onset,
             .low_minutes = 0};
    if (page_.by_burst) burst_tail_.page(burst_.score());
    if (page_.by_sustained) sustained_.page();
    baseline_.freeze(true);
    sustained_.pause(true);
    onset_from_ = page_.onset = std::min(page_.onset, t);
    onset_until_ = t;
    find_onset();
}

// The estimate moves the page's onset; without one it stays what the channels' own books say.
void SurgeDetector::find_onset() {
    RecentCounts seen = recent_;
    std::int64_t const running =
        page_.opened;  // of a minute that is not over yet, see run_minutes()
    if (minute_seconds_ > 0) {
        double const part = 60 / minute_seconds_;
        double const multiplier = minute_multiplier_ / minute_seconds_;
        seen.add(running / 60 * 60, minute_count_ * part, expected_per_minute_ * multiplier);
    }
    std::array<RecentPoint, RecentCounts::kPoints> points;
    std::size_t const count = seen.read(points);
    Onset const onset =
        estimate_onset(points.data(), count, {sustained_.dispersion(0), sustained_.dispersion(2)},
                       onset_not_before_, page_.opened);
    if (!onset.found) return;
    page_.onset = onset.at;
    onset_from_ = onset.from;
    onset_until_ = onset.until;
}

// What followed tells more of the beginning: with each growth, and in the first hour.
void SurgeDetector::refine_onset(std::int64_t t, bool grown, Evidence const& evidence) {
    std::int64_t const age = (t - page_.opened) / 60;
    bool const again =
        evidence.minute_ended && page_.low_minutes == 0 && (age == 15 || age == 30 || age == 60);
    if (grown || again) find_onset();
}

// Ends the page if it is over; in any case thaws the baseline in time.
Transition SurgeDetector::close_page(std::int64_t t, bool calm) {
    std::int64_t const age = t - page_.opened;
    if (age > kFreeze) baseline_.freeze(false);
    bool const timeout = age > kNewNormal;
    if (!calm && !timeout) return Transition::none;
    double const ratio = day_.ratio();
    bool const normal = timeout && ratio > kNewNormalFrom;
    if (normal) baseline_.rescale(ratio);
    page_.open = false;
    page_.rest = burst_.score();
    page_.ended = t;
    baseline_.freeze(false);
    sustained_.pause(false);
    sustained_.reset();
    return normal ? Transition::new_normal : Transition::ended;
}

void SurgeDetector::describe(Tick const& tick, Evidence const& evidence, Verdict& verdict) {
    double const minutes = double(tick.length.count()) / 60;
    verdict.surging = page_.open;
    verdict.learning = baseline_.minutes() < 1440;
    verdict.observed = tick.count;
    verdict.expected = expected_per_minute_ * tick.multiplier * minutes;
    verdict.score = score_of(severity_ - threshold_, tick.count, verdict.expected);
    verdict.news = score_of(evidence.news, tick.count, verdict.expected);
    upper_ = burst_.count_for(burst_line(), tick.count, upper_);
    verdict.upper = std::max(upper_, verdict.expected);
    verdict.critical = severity_ >= stricter(asked_ + kLn10);
    if (!page_.open && verdict.transition == Transition::none) return;

    verdict.onset = wall_time(page_.onset);
    verdict.onset_from = wall_time(onset_from_);
    verdict.onset_until = wall_time(onset_until_);
    verdict.return_days = std::min(days_of(severity_), kReturnDaysMax);
    bool const by_burst = evidence.burst >= evidence.sustained;
    double const seconds = by_burst ? evidence.window.seconds : evidence.block.minutes * 60;
    verdict.surge_observed = by_burst ? evidence.window.observed : evidence.block.observed;
    verdict.surge_expected = by_burst ? evidence.window.expected : evidence.block.expected;
    // A stream that is nearly silent would divide by nearly nothing.
    verdict.ratio = verdict.surge_observed / std::max(verdict.surge_expected, 0.01);
    verdict.window = std::chrono::seconds{std::int64_t(seconds)};
}

Outcome SurgeDetector::outcome(Evidence const& evidence, Transition transition) const {
    switch (transition) {
        case Transition::started: return Outcome::started;
        case Transition::grown: return Outcome::grown;
        case Transition::ended: return Outcome::ended;
        case Transition::new_normal: return Outcome::new_normal;
        case Transition::none: break;
    }
    if (page_.open) return Outcome::under_way;
    if (severity_ < threshold_) return Outcome::calm;
    return evidence.burst_due || evidence.sustained_due ? Outcome::told_lately : Outcome::too_few;
}

void SurgeDetector::explain(Tick const& tick, Evidence const& evidence, Verdict& verdict) const {
    Grounds& g = verdict.grounds;
    g.stated = true;
    g.learning = verdict.learning;
    g.warm = burst_.warm();
    g.by_burst = evidence.burst >= evidence.sustained;
    g.outcome = outcome(evidence, verdict.transition);
    g.level = float(baseline_.level());
    g.multiplier = float(tick.multiplier);
    g.burst = float(evidence.burst);
    g.sustained = float(evidence.sustained);
    g.due = float(threshold_);
    g.observed = float(g.by_burst ? evidence.window.observed : evidence.block.observed);
    g.expected = float(g.by_burst ? evidence.window.expected : evidence.block.expected);
    g.minutes = float(g.by_burst ? evidence.window.seconds / 60 : evidence.block.minutes);
    for (std::size_t k = 0; k < Grounds::kWindows; ++k) g.windows[k] = float(burst_.above(k));
}

void SurgeDetector::assign(Detector const& other) {
    assert(typeid(other) == typeid(SurgeDetector));
    *this = static_cast<SurgeDetector const&>(other);
}

std::unique_ptr<Detector> SurgeDetector::clone() const {
    return std::make_unique<SurgeDetector>(*this);
}

bool SurgeDetector::adopt(Detector const& other) {
    assert(typeid(other) == typeid(SurgeDetector));
    auto const& ahead = static_cast<SurgeDetector const&>(other);
    if (page_.open || !ahead.page_.open) return page_.open;
    page_ = ahead.page_;
    onset_from_ = ahead.onset_from_;
    onset_until_ = ahead.onset_until_;
    onset_not_before_ = ahead.onset_not_before_;
    if (page_.by_burst) burst_tail_.adopt(ahead.burst_tail_);
    if (page_.by_sustained) sustained_.adopt_page(ahead.sustained_);
    baseline_.freeze(true);
    sustained_.pause(true);
    return true;
}

std::string SurgeDetector::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    auto& self = const_cast<SurgeDetector&>(*this);
    out(kind, version, self);
    archive_onset(out, self);
    return out.take();
}

bool SurgeDetector::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || (version != kVersion && version != kWithoutOnset))
        return false;
    SurgeDetector read(params_);
    in(read);
    if (version == kVersion)
        archive_onset(in, read);
    else
        read.onset_from_ = read.onset_until_ = read.page_.onset;
    if (!in.done()) return false;
    *this = read;
    return true;
}

void SurgeDetector::late(WallTime event_time, double count) {
    baseline_.late(unix_seconds(event_time), count);
}

// Once per page: which channel raised it decides where its maximum stands.
void SurgeDetector::operator_verdict(bool real) {
    if (page_.judged || page_.opened == kNever) return;
    page_.judged = true;
    if (!real) return;
    if (page_.by_burst) burst_tail_.forget_page();
    if (page_.by_sustained) sustained_.forget_page();
}

}  // namespace surged::detectors
