#include "detectors/composition.h"

#include "detectors/likeness.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace surged::detectors {
namespace {

constexpr std::size_t kShown = 32;      // candidates by audience
constexpr std::size_t kStreams = 1000;  // of one incident; beyond, visible posts name the last

std::uint64_t mixed(std::uint64_t h) {
    h += 0x9e3779b97f4a7c15ULL;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
    return h ^ (h >> 31);
}

std::size_t root(std::vector<std::size_t>& parent, std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

// Of seven differing bits at least one of eight bytes is spared: only texts that share a byte are
// compared.
constexpr int kBlocks = kCopyDistance + 1;
static_assert(64 % kBlocks == 0);

void join_near(std::vector<std::uint64_t> const& texts, std::vector<std::size_t>& parent) {
    constexpr int kBits = 64 / kBlocks;
    std::vector<std::size_t> order(texts.size());
    for (int block = 0; block < kBlocks; ++block) {
        auto const part = [&](std::size_t i) {
            return texts[i] >> (block * kBits) & ((1ULL << kBits) - 1);
        };
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return part(a) < part(b); });
        for (std::size_t i = 0; i < order.size(); ++i)
            for (std::size_t j = i + 1; j < order.size() && part(order[j]) == part(order[i]); ++j)
                if (distance(texts[order[i]], texts[order[j]]) <= kCopyDistance)
                    parent[root(parent, order[i])] = root(parent, order[j]);
    }
}

}  // namespace

std::string_view kind_of(Composition const& c, double mentions, double busiest, double forwarded) {
    if (mentions < kLeastMentions) return "organic";
    bool const few = c.authors > 0 && (c.top_author >= kMostOfIt || busiest >= kMostOfIt ||
                                       mentions >= kFewAuthors * double(c.authors));
    if (few || c.new_accounts >= kMostOfIt) return "flood";
    double const carried = c.reposts + forwarded;
    if (carried >= kMostOfIt) return "amplified";
    if (c.copies >= kMostOfIt) return "flood";
    return carried > c.copies && carried + c.copies >= kMostOfIt ? "amplified" : "organic";
}

CopyGroups::CopyGroups(std::vector<std::uint64_t> all) {
    std::erase(all, 0U);
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> sizes;
    for (std::uint64_t const likeness : all) {
        if (texts_.empty() || texts_.back() != likeness) {
            texts_.push_back(likeness);
            sizes.push_back(0);
        }
        ++sizes.back();
    }
    group_.resize(texts_.size());
    for (std::size_t i = 0; i < group_.size(); ++i) group_[i] = i;
    join_near(texts_, group_);
    std::vector<std::size_t> whole(texts_.size()), most(texts_.size());
    std::vector<std::uint64_t> name(texts_.size());
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        std::size_t const r = group_[i] = root(group_, i);
        whole[r] += sizes[i];
        if (sizes[i] <= most[r]) continue;
        most[r] = sizes[i];
        name[r] = texts_[i];
    }
    for (std::size_t r = 0; r < texts_.size(); ++r) {
        if (whole[r] < 2) continue;
        copies_ += whole[r] - 1;
        groups_.emplace_back(whole[r], name[r]);
    }
}

std::size_t CopyGroups::group_of(std::uint64_t likeness) const {
    auto const it = std::lower_bound(texts_.begin(), texts_.end(), likeness);
    return group_[std::size_t(it - texts_.begin())];
}

// --- the sample

std::uint16_t SurgeSketch::place_of(std::string const& stream, std::uint64_t platform) {
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (places_[i].stream == stream) return static_cast<std::uint16_t>(i);
    if (places_.size() < kStreams) places_.push_back({stream, platform});
    return static_cast<std::uint16_t>(places_.size() - 1);
}

void SurgeSketch::add(MentionDigest const& digest, std::string const& stream,
                      std::uint64_t platform) {
    ++added_;
    Entry const entry{mixed(digest.key ^ mixed(platform)), place_of(stream, platform), digest};
    show(entry);
    if (!registers_.empty()) count_author(digest.author);
    insert(entry);
}

// Below kSample a mention that is added twice stands there twice until facts() or merge() looks;
// a full sample takes none that it has.
void SurgeSketch::insert(Entry const& entry) {
    if (sample_.size() < kSample) {
        sample_.push_back(entry);
        if (sample_.size() == kSample) std::make_heap(sample_.begin(), sample_.end(), lower_rank);
        return;
    }
    if (registers_.empty()) overflow();
    if (!registers_.empty()) count_author(entry.digest.author);
    if (sample_.size() < kSample) {  // it had repetitions
        insert(entry);
        return;
    }
    if (entry.rank >= sample_.front().rank) return;
    for (Entry const& e : sample_)
        if (e.rank == entry.rank) return;
    std::pop_heap(sample_.begin(), sample_.end(), lower_rank);
    sample_.back() = entry;
    std::push_heap(sample_.begin(), sample_.end(), lower_rank);
}

// The first mention too many: from now on authors are counted by the registers.
void SurgeSketch::overflow() {
    std::sort(sample_.begin(), sample_.end(), lower_rank);
    auto const same = [](Entry const& a, Entry const& b) { return a.rank == b.rank; };
    sample_.erase(std::unique(sample_.begin(), sample_.end(), same), sample_.end());
    if (sample_.size() < kSample) return;
    std::make_heap(sample_.begin(), sample_.end(), lower_rank);
    registers_.assign(kRegisters, 0);
    for (Entry const& e : sample_) count_author(e.digest.author);
}

void SurgeSketch::merge(SurgeSketch const& other) {
    added_ += other.added_;
    bool const sketched = !registers_.empty() || !other.registers_.empty();
    std::vector<std::uint16_t> places;
    for (Place const& p : other.places_) places.push_back(place_of(p.stream, p.platform));
    auto const taken = [&](Entry e) {
        e.stream = places[e.stream];
        return e;
    };
    for (Entry const& e : other.visible_) show(taken(e));
    for (Entry const& e : other.sample_) sample_.push_back(taken(e));
    std::sort(sample_.begin(), sample_.end(), lower_rank);
    auto const same = [](Entry const& a, Entry const& b) { return a.rank == b.rank; };
    sample_.erase(std::unique(sample_.begin(), sample_.end(), same), sample_.end());
    if (sketched || sample_.size() > kSample) {
        if (registers_.empty()) registers_.assign(kRegisters, 0);
        for (std::size_t i = 0; i < other.registers_.size(); ++i)
            registers_[i] = std::max(registers_[i], other.registers_[i]);
        for (Entry const& e : sample_) count_author(e.digest.author);
    }
    if (sample_.size() >= kSample) {
        sample_.resize(kSample);
        std::make_heap(sample_.begin(), sample_.end(), lower_rank);
    }
}

void SurgeSketch::count_author(std::uint64_t author) {
    if (author == 0) return;
    std::uint64_t const h = mixed(author);
    auto const zeros = static_cast<std::uint8_t>(std::countl_zero(h << 12U | 1U << 11U) + 1);
    std::uint8_t& reg = registers_[h >> 52U];
    reg = std::max(reg, zeros);
}

double SurgeSketch::distinct_authors() const {
    double const m = kRegisters;
    double sum = 0;
    int empty = 0;
    for (std::uint8_t const r : registers_) {
        sum += std::ldexp(1.0, -int(r));
        empty += r == 0 ? 1 : 0;
    }
    double const estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    return estimate <= 2.5 * m && empty > 0 ? m * std::log(m / empty) : estimate;
}

bool SurgeSketch::more_visible(Entry const& a, Entry const& b) {
    if (a.digest.audience != b.digest.audience) return a.digest.audience > b.digest.audience;
    return a.rank < b.rank;
}

void SurgeSketch::show(Entry const& entry) {
    if (entry.digest.audience == 0) return;
    if (visible_.size() == kShown && !more_visible(entry, visible_.back())) return;
    auto const at = std::lower_bound(visible_.begin(), visible_.end(), entry, more_visible);
    if (at != visible_.end() && at->rank == entry.rank) return;
    visible_.insert(at, entry);
    if (visible_.size() > kShown) visible_.pop_back();
}

std::size_t SurgeSketch::heap_bytes() const {
    return sample_.capacity() * sizeof(Entry) + visible_.capacity() * sizeof(Entry) +
           registers_.capacity() + places_.capacity() * sizeof(Place);
}

}  // namespace surged::detectors
