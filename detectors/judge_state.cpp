#include "detectors/archive.h"
#include "detectors/judge.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "judge";
constexpr std::uint32_t kVersion = 1;

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

std::string Judge::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    std::vector<SavedArm> arms;
    for (Arm const& a : arms_)
        arms.push_back({a.spec.name, a.spec.type, a.committed->save(),
                        a.pending ? a.pending->save() : std::string(), a.surging, a.mine, a.grown,
                        a.told_grown, a.told_end, a.last});
    auto& self = const_cast<Judge&>(*this);
    out(kind, version, arms, self.closed_end_, self.history_, self.surging_);
    fields(out, self.closed_);
    fields(out, self.last_);
    return out.take();
}

bool Judge::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version != kVersion) return false;
    std::vector<SavedArm> saved;
    WallTime closed_end = kNoTime;
    bool history = true, surging = false;
    Verdict closed, last;
    in(saved, closed_end, history, surging);
    fields(in, closed);
    fields(in, last);
    if (!in.done()) return false;

    bool any = false;
    for (Arm& arm : arms_) {
        auto const it = std::find_if(saved.begin(), saved.end(), [&](SavedArm const& s) {
            return s.name == arm.spec.name && s.type == arm.spec.type;
        });
        if (it == saved.end() || !arm.committed->restore(it->committed)) continue;
        any = true;
        if (auto copy = arm.committed->clone(); !it->pending.empty() && copy->restore(it->pending))
            arm.pending = std::move(copy);
        arm.surging = it->surging;
        arm.mine = it->mine;
        arm.grown = it->grown;
        arm.told_grown = it->told_grown;
        arm.told_end = it->told_end;
        arm.last = it->last;
    }
    if (!any && !arms_.empty()) return false;
    closed_end_ = closed_end;
    history_ = history;
    surging_ = surging;
    closed_ = closed;
    last_ = last;
    return true;
}

}  // namespace surged::detectors
