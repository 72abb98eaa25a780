#include "detectors/ratio.h"

#include "detectors/archive.h"

#include <algorithm>
#include <cassert>
#include <typeinfo>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "ratio";
constexpr std::uint32_t kVersion = 1;
constexpr std::int64_t kDay = 1440;

std::int64_t whole_minutes(std::chrono::seconds s) {
    return std::max<std::int64_t>(1, (s.count() + 59) / 60);
}

}  // namespace

RatioDetector::RatioDetector(RatioParams const& params)
    : params_(params),
      window_(params.window),
      reference_minutes_(whole_minutes(params.reference)),
      block_minutes_((reference_minutes_ + kBlocks - 1) / kBlocks),
      enough_minutes_(
          std::min(reference_minutes_, std::max(kDay, std::int64_t(window_.minutes())))),
      blocks_(std::size_t((reference_minutes_ + block_minutes_ - 1) / block_minutes_)) {}

Verdict RatioDetector::tick(Tick const& tick) {
    std::int64_t const seconds = tick.length.count();
    std::int64_t const minutes = std::max<std::int64_t>(1, seconds / 60);
    std::int64_t const first = minute_index(tick.start);
    for (std::int64_t i = 0; i < minutes; ++i) {
        window_.advance(first + i, [this](std::int64_t m, double count) { teach(m, count); });
        window_.add(first + i, tick.count / double(minutes));
    }
    expire();
    WallTime const end = tick.start + tick.length;
    std::chrono::seconds const window = std::chrono::minutes{window_.minutes()};
    double const per_minute = seen_ > 0 ? sum_ / double(seen_) : 0;
    double const expected = per_minute * double(window_.minutes()) * tick.multiplier;
    double const line = std::max({params_.at_least * expected, params_.min_mentions, 1e-9});

    double const told = rule_.told();
    Verdict v;
    v.kind = SurgeKind::rule;
    v.learning = seen_ < enough_minutes_;
    // A surge that is known must be able to end even if an outage emptied the reference.
    double const strength = v.learning && !rule_.surging() ? 0 : window_.sum() / line;
    v.transition = rule_.step(strength, end, seconds, window, minute_start(window_.first_seen()));
    v.surging = rule_.surging();
    v.observed = tick.count;
    v.expected = per_minute * double(seconds) / 60 * tick.multiplier;
    v.score = rule_score(window_.sum(), line) * (v.learning ? 0.5 : 1);
    v.news = told > 0 ? rule_score(window_.sum(), 2 * told * line) : v.score;
    v.upper = std::max({0.0, v.expected, line - (window_.sum() - tick.count)});
    if (!v.surging && v.transition == Transition::none) return v;
    v.onset = rule_.onset();
    v.surge_observed = window_.sum();
    v.surge_expected = expected;
    v.ratio = v.surge_observed / std::max(expected, 0.01);
    v.window = window;
    return v;
}

void RatioDetector::teach(std::int64_t minute, double count) {
    std::int64_t const index = minute / block_minutes_;
    Block& b = blocks_[std::size_t(index) % blocks_.size()];
    if (b.index > index) return;  // older than the reference
    if (b.index != index) {
        sum_ -= b.count;
        seen_ -= b.minutes;
        b = {index, 0, 0};
    }
    b.count += count;
    b.minutes += 1;
    sum_ += count;
    seen_ += 1;
}

// Once per block: drops what is older than the reference and sums anew, so that no rest of
// fractions stays.
void RatioDetector::expire() {
    std::int64_t const now = window_.newest() / block_minutes_;
    if (now == expired_at_) return;
    expired_at_ = now;
    std::int64_t const oldest =
        (window_.newest() - std::int64_t(window_.minutes()) - reference_minutes_) / block_minutes_;
    sum_ = 0;
    seen_ = 0;
    for (Block& b : blocks_) {
        if (b.index < oldest) b = {};
        sum_ += b.count;
        seen_ += b.minutes;
    }
}

void RatioDetector::late(WallTime event_time, double count) {
    std::int64_t const index = minute_index(event_time) / block_minutes_;
    Block& b = blocks_[std::size_t(index) % blocks_.size()];
    if (b.index != index) return;
    b.count += count;
    sum_ += count;
}

void RatioDetector::assign(Detector const& other) {
    assert(typeid(other) == typeid(RatioDetector));
    *this = static_cast<RatioDetector const&>(other);
}

std::unique_ptr<Detector> RatioDetector::clone() const {
    return std::make_unique<RatioDetector>(*this);
}

bool RatioDetector::adopt(Detector const& other) {
    assert(typeid(other) == typeid(RatioDetector));
    auto const& ahead = static_cast<RatioDetector const&>(other);
    if (!rule_.surging()) rule_ = ahead.rule_;
    return rule_.surging();
}

std::string RatioDetector::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    auto& self = const_cast<RatioDetector&>(*this);
    out(kind, version, self.window_, self.blocks_, self.sum_, self.seen_, self.expired_at_,
        self.rule_);
    return out.take();
}

bool RatioDetector::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version != kVersion) return false;
    RatioDetector read(params_);
    in(read.window_, read.blocks_, read.sum_, read.seen_, read.expired_at_, read.rule_);
    // Another window or reference than ours: the state says nothing about this rule.
    if (!in.done() || read.blocks_.size() != blocks_.size()) return false;
    *this = read;
    return true;
}

}  // namespace surged::detectors
