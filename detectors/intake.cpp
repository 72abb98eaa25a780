#include "detectors/intake.h"

#include "detectors/archive.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace surged::detectors {
namespace {

constexpr std::string_view kKind = "intake";
constexpr std::uint32_t kVersion = 2;
constexpr std::chrono::hours kSpreadMax{1};

// Unites `added` with a disjoint, ascending list. Intervals that touch become one.
void unite(std::vector<Interval>& list, Interval added) {
    if (added.empty()) return;
    auto const first =
        std::lower_bound(list.begin(), list.end(), added.from,
                         [](Interval const& i, WallTime from) { return i.until < from; });
    auto last = first;
    for (; last != list.end() && last->from <= added.until; ++last) {
        added.from = std::min(added.from, last->from);
        added.until = std::max(added.until, last->until);
    }
    if (first == last) {
        list.insert(first, added);
    } else {
        *first = added;
        list.erase(first + 1, last);
    }
}

// Where a walk from `t` through the intervals of both lists ends.
WallTime walk(WallTime t, std::vector<Interval> const& a, std::vector<Interval> const& b) {
    auto i = a.begin(), j = b.begin();
    for (bool moved = true; moved;) {
        moved = false;
        for (; i != a.end() && i->from <= t; ++i, moved = true) t = std::max(t, i->until);
        for (; j != b.end() && j->from <= t; ++j, moved = true) t = std::max(t, j->until);
    }
    return t;
}

}  // namespace

bool Seen::insert(MentionKey key, WallTime event_time, Older const& older) {
    if (young_.contains(key) || old_.contains(key)) return false;
    if (event_time <= floor_ && older && older(key)) return false;
    remember(key, event_time, bool(older));
    return true;
}

void Seen::load(MentionKey key, WallTime event_time) {
    if (!old_.contains(key)) remember(key, event_time, true);
}

void Seen::remember(MentionKey key, WallTime event_time, bool may_drop) {
    young_.insert(key);
    young_newest_ = std::max(young_newest_, event_time);
    if (young_.size() < kGeneration || !may_drop) return;
    set_floor(old_newest_);
    std::swap(old_, young_);
    young_.clear();
    old_newest_ = std::exchange(young_newest_, kNoTime);
}

WallTime Intake::event_time(Mention const& m, WallTime now) {
    return m.created_at == kNoTime || m.created_at > now + kAheadMax ? now : m.created_at;
}

WallTime Intake::begin() const {
    if (committed_until_ != kNoTime) return committed_until_;
    return covered_.empty() ? kNoTime : floor_minute(covered_.front().from);
}

WallTime Intake::reached() const {
    if (covered_.empty()) return kNoTime;
    // Before anything was committed the first coverage is where the stream begins.
    return walk(committed_until_ == kNoTime ? covered_.front().from : committed_until_, covered_,
                given_up_);
}

bool Intake::covers(WallTime from, WallTime until) const {
    auto const it = std::lower_bound(covered_.begin(), covered_.end(), until,
                                     [](Interval const& i, WallTime t) { return i.until < t; });
    return it != covered_.end() && it->from <= from && it->until >= until;
}

double Intake::count_of(std::int64_t minute) const {
    std::int64_t const i = minute - first_;
    return i >= 0 && i < std::int64_t(counts_.size()) ? counts_[std::size_t(i)] : 0;
}

double* Intake::slot(std::int64_t minute) {
    if (committed_until_ != kNoTime && minute_start(minute) < committed_until_) return nullptr;
    if (counts_.empty()) first_ = minute;
    if (minute < first_) {
        if (first_ + std::int64_t(counts_.size()) - minute > kSpan) return nullptr;
        counts_.insert(counts_.begin(), std::size_t(first_ - minute), 0.0);
        first_ = minute;
    }
    if (minute >= first_ + kSpan) drop_before(minute_start(minute - kSpan + 1));
    if (counts_.empty()) first_ = minute;
    std::size_t const i = std::size_t(minute - first_);
    if (i >= counts_.size()) counts_.resize(i + 1);
    return &counts_[i];
}

// Forgets minutes before `minute`, which becomes the first that is not committed.
void Intake::drop_before(WallTime minute) {
    committed_until_ = std::max(committed_until_, minute);
    std::int64_t const gone = minute_index(minute) - first_;
    auto const count = std::clamp<std::int64_t>(gone, 0, std::int64_t(counts_.size()));
    counts_.erase(counts_.begin(), counts_.begin() + count);
    first_ += count;
    auto const over = [this](Interval const& i) { return i.until <= committed_until_; };
    while (covered_.size() > 1 && over(covered_.front())) covered_.erase(covered_.begin());
    std::erase_if(given_up_, over);
}

Arrival Intake::add(WallTime event_time) {
    WallTime const covered = covered_until();
    if (learns_ && covered != kNoTime) lags_.add(covered - event_time);
    double* const count = slot(minute_index(event_time));
    if (count == nullptr) return Arrival::late;
    *count += 1;
    return Arrival::counted;
}

std::optional<double> Intake::set_count(WallTime minute, double count) {
    double* const value = slot(minute_index(minute));
    if (value == nullptr) return std::nullopt;
    return std::exchange(*value, count);
}

WallTime Intake::spread(std::size_t nth, WallTime now) const {
    WallTime const from = covered_until();
    if (from == kNoTime || from >= now || now - from > kSpreadMax) return now;
    constexpr double golden = 0.6180339887498949;
    double const part = std::fmod((double(nth) + 0.5) * golden, 1);
    return from + std::chrono::milliseconds{std::int64_t(part * double((now - from).count()))};
}

Interval Intake::cover(WallTime from, WallTime until) {
    if (from >= until) return {};
    if (learns_) watermark_ = lags_.next(watermark_, until);
    bool const known = !covered_.empty();
    unite(covered_, {from, until});
    if (covered_.size() > kHoles) give_up(first_hole());
    if (!known) return {};
    auto const it = std::lower_bound(covered_.begin(), covered_.end(), from,
                                     [](Interval const& i, WallTime t) { return i.until < t; });
    if (it == covered_.begin() || it->from < from) return {};
    Interval const hole{std::max(std::prev(it)->until, committed_until_), from};
    return hole.empty() ? Interval{} : hole;
}

void Intake::give_up(Interval hole) {
    unite(given_up_, hole);
}

Interval Intake::first_hole() const {
    WallTime const end = reached();
    auto const next =
        std::find_if(covered_.begin(), covered_.end(), [&](auto& i) { return i.from > end; });
    if (end == kNoTime || next == covered_.end()) return {};
    return {end, next->from};
}

void Intake::take_committed(std::vector<Bucket>& out) {
    WallTime const end = reached();
    if (end == kNoTime) return;
    WallTime const until = floor_minute(end - watermark_);
    WallTime minute = begin();
    if (until <= minute) return;
    for (; minute < until; minute += kMinute)
        if (covers(minute, minute + kMinute))
            out.push_back({minute, std::chrono::seconds{60}, count_of(minute_index(minute))});
    drop_before(until);
}

void Intake::provisional(std::vector<Bucket>& out, bool include_partial) const {
    if (covered_.empty()) return;
    WallTime const from = begin();
    for (Interval const& i : covered_) {
        WallTime minute = std::max<WallTime>(from, std::chrono::ceil<std::chrono::minutes>(i.from));
        for (; minute + kMinute <= i.until; minute += kMinute)
            out.push_back({minute, std::chrono::seconds{60}, count_of(minute_index(minute))});
        bool const newest = &i == &covered_.back();
        if (include_partial && newest && minute < i.until)
            out.push_back({minute, std::chrono::seconds{60}, count_of(minute_index(minute))});
    }
}

std::string Intake::save() const {
    ArchiveWriter out;
    std::string kind(kKind);
    std::uint32_t version = kVersion;
    std::vector<double> counts(counts_.begin(), counts_.end());
    auto& self = const_cast<Intake&>(*this);
    out(kind, version, self.committed_until_, self.first_, counts, self.covered_, self.given_up_,
        self.watermark_, self.lags_);
    return out.take();
}

bool Intake::restore(std::string_view blob) {
    ArchiveReader in(blob);
    std::string kind;
    std::uint32_t version = 0;
    in(kind, version);
    if (!in.ok() || kind != kKind || version < 1 || version > kVersion) return false;
    Intake read(watermark_);
    read.learns_ = learns_;
    std::vector<double> counts;
    in(read.committed_until_, read.first_, counts, read.covered_, read.given_up_);
    if (version > 1) in(read.watermark_, read.lags_);  // the first version learned none
    if (!learns_) read.watermark_ = watermark_;
    if (!in.done()) return false;
    read.counts_.assign(counts.begin(), counts.end());
    *this = std::move(read);
    return true;
}

}  // namespace surged::detectors
