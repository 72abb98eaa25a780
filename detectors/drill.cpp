#include "detectors/drill.h"

#include "detectors/archive.h"

#include <algorithm>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::chrono::minutes kWindow{10};

}  // namespace

template <typename A>
void archive(A& a, Drill& d) {
    a(d.brand, d.stream, d.platform, d.incident, d.by, d.via, d.ratio, d.from, d.until);
}

Verdict rehearsed(double expected_per_minute, double ratio, WallTime now) {
    double const expected = expected_per_minute * double(kWindow.count());
    Verdict v;
    v.transition = Transition::started;
    v.surging = true;
    v.score = 1;
    v.onset = now;
    v.surge_expected = expected > 0 ? expected : 1;
    v.surge_observed = v.surge_expected * ratio;
    v.ratio = ratio;
    v.window = kWindow;
    return v;
}

std::string save_drills(std::vector<Drill> const& drills) {
    std::vector<Drill> copy = drills;
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    w(version, copy);
    return w.take();
}

bool restore_drills(std::string_view blob, std::vector<Drill>& out) {
    std::uint32_t version = 0;
    std::vector<Drill> drills;
    ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(drills);
    if (!r.done()) return false;
    out = std::move(drills);
    return true;
}

}  // namespace surged::detectors
