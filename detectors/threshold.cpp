#include "detectors/threshold.h"

#include "detectors/archive.h"

#include <algorithm>
#include <cassert>
#include <typeinfo>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "threshold";
constexpr std::uint32_t kVersion = 1;

}  // namespace

ThresholdDetector::ThresholdDetector(ThresholdParams const& params)
    : params_(params), window_(params.window) {}

Verdict ThresholdDetector::tick(Tick const& tick) {
    std::int64_t const seconds = tick.length.count();
    std::int64_t const minutes = std::max<std::int64_t>(1, seconds / 60);
    std::int64_t const first = minute_index(tick.start);
    double strength = 0;
    for (std::int64_t i = 0; i < minutes; ++i) {
        window_.advance(first + i, [](std::int64_t, double) {});
        window_.add(first + i, tick.count / double(minutes));
        strength = std::max(strength, window_.sum() / params_.at_least);
    }
    WallTime const end = tick.start + tick.length;
    std::chrono::seconds const window = std::chrono::minutes{window_.minutes()};

    double const told = rule_.told();
    Verdict v;
    v.kind = SurgeKind::rule;
    v.transition = rule_.step(strength, end, seconds, window, minute_start(window_.first_seen()));
    v.surging = rule_.surging();
    v.observed = tick.count;
    v.score = rule_score(window_.sum(), params_.at_least);
    v.news = told > 0 ? rule_score(window_.sum(), 2 * told * params_.at_least) : v.score;
    v.upper = std::max(0.0, params_.at_least - (window_.sum() - tick.count));
    if (!v.surging && v.transition == Transition::none) return v;
    v.onset = rule_.onset();
    v.surge_observed = window_.sum();
    v.window = window;
    return v;
}

void ThresholdDetector::assign(Detector const& other) {
    assert(typeid(other) == typeid(ThresholdDetector));
    *this = static_cast<ThresholdDetector const&>(other);
}

std::unique_ptr<Detector> ThresholdDetector::clone() const {
    return std::make_unique<ThresholdDetector>(*this);
}

std::string ThresholdDetector::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    auto& self = const_cast<ThresholdDetector&>(*this);
    out(kind, version, self.window_, self.rule_);
    return out.take();
}

bool ThresholdDetector::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version != kVersion) return false;
    ThresholdDetector read(params_);
    in(read.window_, read.rule_);
    if (!in.done()) return false;
    *this = read;
    return true;
}

}  // namespace surged::detectors
