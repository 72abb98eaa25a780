#include "detectors/advocates.h"

#include "detectors/archive.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 1;

std::int32_t day_of(WallTime at) {
    return static_cast<std::int32_t>(
        std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

void add_one(std::uint16_t& n) {
    if (n < std::numeric_limits<std::uint16_t>::max()) ++n;
}

bool faded(Advocates::Known const& k, std::int32_t today) {
    return today - k.last >
           std::chrono::duration_cast<std::chrono::days>(Advocates::kMemory).count();
}

}  // namespace

template <typename A>
void archive(A& a, Advocates::Known& k) {
    a(k.days, k.badly, k.last);
}

// Who never spoke well is not entered: most of the public speaks once, and badly.
void Advocates::note(MentionDigest const& mention) {
    auto const tone = mention.tone();
    if (!tone || *tone == 0 || mention.author == 0) return;
    std::int32_t const today = day_of(mention.at);
    auto it = known_.find(mention.author);
    if (it == known_.end()) {
        if (*tone < 0) return;
        if (known_.size() >= kAuthors) make_room(today);
        it = known_.try_emplace(mention.author).first;
    }
    Known& known = it->second;
    dirty_ = true;
    if (*tone < 0) {
        add_one(known.badly);
    } else if (known.days == 0 || today > known.last) {
        if (known.days > 0 && faded(known, today)) known = {};
        add_one(known.days);
        known.last = today;
    }
}

std::uint32_t Advocates::spoke_well(std::uint64_t author, WallTime at) const {
    auto const it = known_.find(author);
    if (it == known_.end()) return 0;
    Known const& k = it->second;
    bool const friendly = k.days >= kDays && k.days >= kTimes * std::uint32_t{k.badly};
    return friendly && !faded(k, day_of(at)) ? k.days : 0;
}

bool Advocates::forget(std::uint64_t author) {
    if (known_.erase(author) == 0) return false;
    return dirty_ = true;
}

void Advocates::make_room(std::int32_t today) {
    std::vector<std::pair<std::int64_t, std::uint64_t>> rank;
    for (auto const& [author, k] : known_)
        rank.emplace_back(faded(k, today) ? -1 : std::int64_t{k.days} * 1'000'000 + k.last, author);
    auto const middle = rank.begin() + std::ptrdiff_t(rank.size() / 2);
    std::nth_element(rank.begin(), middle, rank.end());
    for (auto it = rank.begin(); it != middle; ++it) known_.erase(it->second);
}

std::string Advocates::save() {
    dirty_ = false;
    std::uint32_t version = kVersion;
    std::map<std::uint64_t, Known> sorted(known_.begin(),
                                          known_.end());  // equal states, equal bytes
    ArchiveWriter w;
    w(version, sorted);
    return w.take();
}

bool Advocates::restore(std::string_view blob) {
    std::uint32_t version = 0;
    std::map<std::uint64_t, Known> sorted;
    ArchiveReader r(blob);
    r(version, sorted);
    if (!r.done() || version != kVersion || sorted.size() > kAuthors) return false;
    known_.clear();
    known_.insert(sorted.begin(), sorted.end());
    return true;
}

}  // namespace surged::detectors
