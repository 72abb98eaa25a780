#include "detectors/archive.h"
#include "detectors/judge.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "judge";
constexpr std::uint32_t kVersion = 2;  // 1: one channel each

template <typename A>
void fields(A& a, Verdict& v) {
    a(v.transition, v.surging, v.learning, v.kind, v.score, v.observed, v.expected, v.upper,
      v.onset, v.surge_observed, v.surge_expected, v.ratio, v.window, v.return_days, v.news,
      v.critical);
}

}  // namespace

// What is kept of one arm; the detectors as blobs of their own.
struct SavedArm {
    std::string name, type, committed, pending;
    bool surging = false, mine = false;
    int grown = 0, told_grown = 0;
    WallTime told_end = kNoTime;
    Verdict last;

    template <typename A>
    friend void archive(A& a, SavedArm& s) {
        a(s.name, s.type, s.committed, s.pending, s.surging, s.mine, s.grown, s.told_grown,
          s.told_end);
        fields(a, s.last);
    }
};
struct SavedChannel {
    SavedArm arm;
    SurgeKind kind = SurgeKind::volume;
    std::uint8_t part = 1;  // the first version did not know: it may have been

    template <typename A>
    friend void archive(A& a, SavedChannel& s) {
        a(s.arm, s.kind, s.part);
    }
};

std::string Judge::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    std::vector<SavedChannel> arms;
    for (Arm const& a : arms_)
        arms.push_back({{a.spec.name, a.spec.type, a.committed->save(),
                         a.pending ? a.pending->save() : std::string(), a.surging, a.mine, a.grown,
                         a.told_grown, a.told_end, a.last},
                        a.kind,
                        std::uint8_t(a.part)});
    auto& self = const_cast<Judge&>(*this);
    std::string voices = self.voices_.save();
    out(kind, version, arms, self.closed_end_, self.history_, self.surging_);
    fields(out, self.closed_);
    fields(out, self.last_);
    out(voices, self.hour_);
    return out.take();
}

bool Judge::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version < 1 || version > kVersion) return false;
    std::vector<SavedChannel> saved;
    std::string voices;
    Hour hour;
    WallTime closed_end = kNoTime;
    bool history = true, surging = false;
    Verdict closed, last;
    if (version == 1) {
        std::vector<SavedArm> alone;
        in(alone);
        for (SavedArm& arm : alone) saved.emplace_back().arm = std::move(arm);
    } else {
        in(saved);
    }
    in(closed_end, history, surging);
    fields(in, closed);
    fields(in, last);
    if (version > 1) in(voices, hour);
    if (!in.done()) return false;

    for (std::size_t i = 0; i < arms_.size(); ++i)
        for (SavedChannel const& s : saved)
            if (arms_[i].kind == SurgeKind::volume && s.arm.name == arms_[i].spec.name &&
                s.arm.type == arms_[i].spec.type && beside_volume(s.kind))
                need_channel(i, s.kind);
    bool any = false;
    for (Arm& arm : arms_) {
        auto const it = std::find_if(saved.begin(), saved.end(), [&](SavedChannel const& s) {
            return s.arm.name == arm.spec.name && s.arm.type == arm.spec.type && s.kind == arm.kind;
        });
        if (it == saved.end() || !arm.committed->restore(it->arm.committed)) continue;
        any = true;
        if (auto copy = arm.committed->clone();
            !it->arm.pending.empty() && copy->restore(it->arm.pending))
            arm.pending = std::move(copy);
        arm.surging = it->arm.surging;
        arm.mine = it->arm.mine;
        arm.grown = it->arm.grown;
        arm.told_grown = it->arm.told_grown;
        arm.told_end = it->arm.told_end;
        arm.last = it->arm.last;
        arm.part = Part(std::min<std::uint8_t>(it->part, std::uint8_t(Part::led)));
    }
    if (!any && !arms_.empty()) return false;
    closed_end_ = closed_end;
    history_ = history;
    surging_ = surging;
    closed_ = closed;
    last_ = last;
    hour_ = hour;
    // Minutes whose voices were lost are not known: volume goes on alone through them.
    if (!hears_voices_ || !voices_.restore(voices)) voices_ = {};
    return true;
}

}  // namespace surged::detectors
