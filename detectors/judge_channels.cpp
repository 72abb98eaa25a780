// The judge's channels: which a stream has, what each of them counts, what each may spend.
#include "detectors/judge.h"
#include "detectors/tone.h"

#include <algorithm>
#include <map>
#include <memory>
#include <typeindex>
#include <utility>

namespace surged::detectors {
namespace {

// Measured on simulated streams with authors and cascades (0.02 to 60 mentions a minute): false
// pages of volume and breadth together are 0.8 to 1.0 of a weekly budget.
constexpr double kShared = 1.1;

std::size_t place_of(SurgeKind kind) {
    for (std::size_t i = 0; i < kChannels.size(); ++i)
        if (kChannels[i].kind == kind) return i;
    return 0;
}

bool wants(DetectorSpec const& spec, SurgeKind kind) {
    return spec.type == "surge" && (spec.surge.channels & (1U << place_of(kind))) != 0;
}

DetectorSpec budgeted(DetectorSpec spec, double share) {
    spec.surge.share = share;
    return spec;
}

}  // namespace

double share_of(SurgeKind kind, unsigned present) {
    double sum = 0;
    for (std::size_t i = 0; i < kChannels.size(); ++i)
        if ((present & (1U << i)) != 0) sum += kChannels[i].weight;
    double const weight = kChannels[place_of(kind)].weight;
    return sum > weight ? kShared * weight / sum : 1;
}

bool Judge::listens(SurgeKind kind) const {
    return std::any_of(arms_.begin(), arms_.end(),
                       [&](Arm const& a) { return wants(a.spec, kind); });
}

Judge::Arm const* Judge::loudness() const {
    auto const it = std::find_if(arms_.begin(), arms_.end(),
                                 [](Arm const& a) { return a.spec.type == "surge"; });
    return it == arms_.end() ? nullptr : &*it;
}

unsigned Judge::present(std::string const& spec) const {
    unsigned bits = 0;
    for (Arm const& a : arms_)
        if (a.spec.name == spec) bits |= 1U << place_of(a.kind);
    return bits;
}

void Judge::note(WallTime event_time, Mention const& mention) {
    if (!hears_voices_) return;
    voices_.add(event_time, mention, hears_tone_ && tone_of(mention.text, mention.lang) < 0);
}

// A channel is made with the first minute of which it has something else to say than volume.
void Judge::wake_channels(Bucket const& bucket) {
    if (bucket.voices == Bucket::kUnknown) return;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
        if (arms_[i].kind != SurgeKind::volume || arms_[i].spec.type != "surge") continue;
        for (SurgeKind const kind : {SurgeKind::breadth, SurgeKind::tone}) {
            bool const speaks =
                kind == SurgeKind::breadth ? bucket.voices != bucket.count : bucket.negative > 0;
            if (speaks) need_channel(i, kind);
        }
    }
}

// Unless it is there, or not wanted.
void Judge::need_channel(std::size_t volume, SurgeKind kind) {
    DetectorSpec const& spec = arms_[volume].spec;
    bool const made = (present(spec.name) & (1U << place_of(kind))) != 0;
    if (!made && wants(spec, kind)) open_channel(volume, kind);
}

void Judge::open_channel(std::size_t volume, SurgeKind kind) {
    Arm arm;
    arm.spec = arms_[volume].spec;
    arm.kind = kind;
    arm.committed = make_detector(arm.spec);
    if (kind == SurgeKind::breadth) {  // its counts were volume's: so is what they taught
        Arm const& from = arms_[volume];
        arm.committed->assign(*from.committed);
        arm.surging = from.surging;
        arm.mine = from.mine;
        arm.grown = from.grown;
        arm.told_grown = from.told_grown;
        arm.told_end = from.told_end;
        arm.part = from.surging ? Part::joined : Part::none;
        if (from.pending) arm.pending = from.pending->clone();
        arm.last = from.last;
    }
    auto at = arms_.begin() + std::ptrdiff_t(volume);
    while (at != arms_.end() && at->spec.name == arm.spec.name &&
           place_of(at->kind) < place_of(kind))
        ++at;
    std::string const name = arm.spec.name;
    arms_.insert(at, std::move(arm));
    share_budget(name);
}

// What a detector has learned does not depend on what it may spend: the state goes over as it is.
void Judge::share_budget(std::string const& spec) {
    unsigned const bits = present(spec);
    auto const over = [](DetectorSpec const& to, std::unique_ptr<Detector>& detector) {
        if (detector == nullptr) return;
        auto made = make_detector(to);
        if (made->restore(detector->save())) detector = std::move(made);
    };
    for (Arm& a : arms_) {
        if (a.spec.name != spec || a.spec.type != "surge") continue;
        DetectorSpec const to = budgeted(a.spec, share_of(a.kind, bits));
        over(to, a.committed);
        over(to, a.pending);
    }
}

// What the arm's channel counts of this minute; false: that is not known.
bool Judge::count_of(Arm const& arm, Bucket const& bucket, double& count) const {
    if (beside_volume(arm.kind) && bucket.voices == Bucket::kUnknown) return false;
    count = arm.kind == SurgeKind::breadth ? bucket.voices
            : arm.kind == SurgeKind::tone  ? negative_at_usual_volume(bucket)
                                           : bucket.count;
    return true;
}

// Negative mentions, less what they owe to mere volume: where the minute or the hour holds more
// mentions than usual, as many as the same share of the usual number would be. (Where it holds
// fewer nothing is added: one angry mention in a quiet hour is one.)
double Judge::negative_at_usual_volume(Bucket const& bucket) const {
    double const usual = loudness()->last.expected;  // of this minute: volume goes first
    double const minute = (usual + 1) / (bucket.count + 1);
    double const hour = (hour_.expected + 1) / (hour_.observed + 1);
    return bucket.negative * std::min({1.0, minute, hour});
}

Verdict Judge::run(Arm const& arm, Detector& detector, Bucket const& bucket, double count) const {
    double const multiplier = multiplier_ ? std::max(1.0, multiplier_(bucket.start)) : 1.0;
    Verdict verdict = detector.tick({bucket.start, bucket.length, count, multiplier});
    if (beside_volume(arm.kind)) verdict.kind = arm.kind;
    return verdict;
}

// The copy that looks ahead. It carries nothing from one look to the next, so there is one of each
// kind for all streams of the thread, not one beside every detector.
Detector& Judge::scratch_like(Detector const& detector) {
    thread_local std::map<std::type_index, std::unique_ptr<Detector>> kept;
    auto& copy = kept[std::type_index(typeid(detector))];
    if (copy == nullptr)
        copy = detector.clone();
    else
        copy->assign(detector);
    return *copy;
}

Verdict const* Judge::channel(SurgeKind kind) const {
    auto const it = std::find_if(arms_.begin(), arms_.end(), [&](Arm const& a) {
        return a.spec.type == "surge" && a.kind == kind;
    });
    return it == arms_.end() ? nullptr : &it->last;
}

std::string Judge::channel_state(SurgeKind kind) const {
    auto const it = std::find_if(arms_.begin(), arms_.end(), [&](Arm const& a) {
        return a.spec.type == "surge" && a.kind == kind;
    });
    return it == arms_.end() ? std::string() : it->committed->save();
}

}  // namespace surged::detectors
