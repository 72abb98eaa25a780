#include "detectors/voices.h"

#include "detectors/archive.h"

#include <algorithm>
#include <utility>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "voices";
constexpr std::uint32_t kVersion = 1;
// Apart from each other, so that an author's id and a post's id that look alike do not meet.
constexpr std::uint64_t kAuthorSalt = 0x9e3779b97f4a7c15ULL, kRootSalt = 0xd1b54a32d192ed03ULL;

std::uint32_t salted(std::string_view text, std::uint64_t salt) {
    return std::uint32_t(((stable_hash(text) ^ salt) * 0xbf58476d1ce4e5b9ULL) >> 32U);
}

void sort_unique(std::vector<std::uint32_t>& keys) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

// Working memory that no state is in; one per thread, or every quiet stream would have its own.
struct Scratch {
    std::vector<std::uint32_t> authors, roots;
    boost::unordered_flat_set<std::uint32_t> ahead;
};
Scratch& scratch() {
    thread_local Scratch s;
    return s;
}

}  // namespace

std::uint32_t author_key(Mention const& m) {
    if (!m.author.id.empty()) return salted(m.author.id, kAuthorSalt);
    if (!m.author.handle.empty()) return salted(m.author.handle, kAuthorSalt + 1);
    return salted(m.id, kAuthorSalt + 2);
}

std::uint32_t root_key(Mention const& m) {
    for (std::string_view const root : {m.reposts, m.quotes, m.conversation, m.in_reply_to})
        if (!root.empty()) return salted(root, kRootSalt);
    return salted(m.id, kRootSalt);
}

void Voices::add(WallTime event_time, Mention const& mention, bool negative) {
    add(minute_index(event_time), author_key(mention), root_key(mention), negative);
}

void Voices::add(std::int64_t minute, std::uint32_t author, std::uint32_t root, bool negative) {
    if (minute <= dropped_) return;
    if (notes_.size() >= kPending) {
        drop_oldest();
        if (minute <= dropped_) return;
    }
    notes_.push_back({std::uint32_t(minute * 2) + (negative ? 1U : 0U), author, root});
}

// The newest kPending mentions keep their place, whatever order they came in.
void Voices::drop_oldest() {
    auto const oldest = std::min_element(notes_.begin(), notes_.end());
    dropped_ = oldest->minute / 2;
    std::erase_if(notes_, [this](Note const& n) { return n.minute / 2 <= dropped_; });
    sorted_ = 0;
}

// Mentions come nearly in order: only what is new is sorted, and merged where it belongs.
void Voices::sort() {
    if (sorted_ == notes_.size()) return;
    auto const middle = notes_.begin() + std::ptrdiff_t(sorted_);
    std::sort(middle, notes_.end());
    auto const from = std::lower_bound(notes_.begin(), middle, *middle);
    if (from != middle) std::inplace_merge(from, middle, notes_.end());
    sorted_ = notes_.size();
}

Voices::Notes Voices::notes_of(std::int64_t minute) const {
    auto const first = std::partition_point(notes_.begin(), notes_.end(), [&](Note const& n) {
        return std::int64_t(n.minute / 2) < minute;
    });
    auto const last = std::find_if(
        first, notes_.end(), [&](Note const& n) { return std::int64_t(n.minute / 2) != minute; });
    return {first, last};
}

bool Voices::known(std::uint32_t key) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](Keys const& k) { return k.contains(key); });
}

void Voices::fill(Bucket& bucket, Notes notes, auto const& known) {
    if (double(notes.size()) != bucket.count) return;
    auto& [authors, roots, ahead] = scratch();
    authors.clear();
    roots.clear();
    double negative = 0;
    for (Note const& n : notes) {
        negative += n.minute & 1U;
        if (known(n.author) || known(n.root)) continue;
        authors.push_back(n.author);
        roots.push_back(n.root);
    }
    sort_unique(authors);
    sort_unique(roots);
    bucket.voices = double(std::min(authors.size(), roots.size()));
    bucket.negative = negative;
}

void Voices::turn(std::int64_t times) {
    for (; times > 0; --times) {
        std::rotate(keys_.begin(), keys_.end() - 1, keys_.end());
        keys_.front().clear();
    }
}

void Voices::forget_before(std::int64_t minute) {
    std::int64_t const epoch = minute / kEpoch;
    turn(std::clamp<std::int64_t>(epoch - epoch_, 0, kGenerations));
    epoch_ = std::max(epoch_, epoch);
}

// In order of the keys, so that which of them a full generation holds is no accident.
void Voices::remember(Notes notes) {
    auto& keys = scratch().authors;
    keys.clear();
    for (Note const& n : notes) {
        keys.push_back(n.author);
        keys.push_back(n.root);
    }
    sort_unique(keys);
    for (std::uint32_t const key : keys) {
        if (keys_.front().size() >= kKeys) turn(1);
        keys_.front().insert(key);
    }
}

void Voices::commit(std::span<Bucket> buckets) {
    if (buckets.empty()) return;
    sort();
    for (Bucket& bucket : buckets) {
        std::int64_t const minute = minute_index(bucket.start);
        Notes const notes = notes_of(minute);
        forget_before(minute);
        fill(bucket, notes, [this](std::uint32_t key) { return known(key); });
        remember(notes);
    }
    auto const gone = std::partition_point(notes_.begin(), notes_.end(), [&](Note const& n) {
        return std::int64_t(n.minute / 2) <= minute_index(buckets.back().start);
    });
    notes_.erase(notes_.begin(), gone);
    sorted_ = notes_.size();
}

void Voices::provisional(std::span<Bucket> buckets) {
    sort();
    auto& ahead = scratch().ahead;
    ahead.clear();
    for (Bucket& bucket : buckets) {
        Notes const notes = notes_of(minute_index(bucket.start));
        fill(bucket, notes, [&](std::uint32_t key) { return known(key) || ahead.contains(key); });
        for (Note const& n : notes) {
            ahead.insert(n.author);
            ahead.insert(n.root);
        }
    }
}

std::size_t Voices::keys() const {
    std::size_t sum = 0;
    for (Keys const& k : keys_) sum += k.size();
    return sum;
}

std::size_t Voices::state_bytes() const {
    std::size_t bytes = notes_.capacity() * sizeof(Note);
    for (Keys const& k : keys_) bytes += k.bucket_count() * (sizeof(std::uint32_t) + 1);
    return bytes;
}

std::string Voices::save() {
    sort();
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    out(kind, version, notes_, dropped_, epoch_);
    for (Keys const& k : keys_) {
        std::vector<std::uint32_t> sorted(k.begin(), k.end());
        std::sort(sorted.begin(), sorted.end());
        out(sorted);
    }
    return out.take();
}

bool Voices::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version != kVersion) return false;
    Voices read;
    in(read.notes_, read.dropped_, read.epoch_);
    for (Keys& k : read.keys_) {
        std::vector<std::uint32_t> sorted;
        in(sorted);
        if (sorted.size() > kKeys) return false;
        k.insert(sorted.begin(), sorted.end());
    }
    if (!in.done() || read.notes_.size() > kPending) return false;
    *this = std::move(read);
    return true;
}

}  // namespace surged::detectors
