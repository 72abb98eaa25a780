// Mentions in any order -> closed minutes in event time: identity, exclusion, lateness, coverage of
// one stream.
#pragma once

#include "detectors/lags.h"
#include "detectors/mention.h"
#include "detectors/time.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace surged::detectors {

enum class Arrival : std::uint8_t {
    counted,    // new, into its minute
    late,       // new, its minute was judged already: counted, taught, never scored
    duplicate,  // seen before in this stream
    excluded,   // by the stream's `exclude`
    own,        // written by the brand itself: never its mention
};

// Which mentions of the query are not meant. Authors match by id or handle, case-insensitively and
// with or without "@"; words match whole words of the text, case-insensitively (ASCII); languages
// match the primary subtag.
struct Exclusion {
    std::set<std::string> authors, languages, words;
    std::set<std::string> own;  // the brand's handles and ids on this platform, lower case
};

// Whether the brand wrote it itself, the stream excludes it, or it counts; own comes first. Ids and
// identity are not looked at. A language entry with a subtag ("pt-BR") matches that tag alone.
// Cost: O(entries), allocates nothing.
[[nodiscard]] Arrival classify(Mention const& mention, Exclusion const& exclusion);

// Which ids were counted: exact for ever. The newest are in memory (two generations of at most
// kGeneration ids); one that may have been in a dropped generation (its event time is not after the
// newest of those) is looked up by `older`, the store. Without a store the generations are never
// dropped.
class Seen {
public:
    static constexpr std::size_t kGeneration = 1U << 19U;  // 2 x 9 MiB at most for a busy stream
    using Older = std::function<bool(MentionKey)>;

    // True when new. `event_time` decides whether the store need be asked: created_at as the
    // platform tells it every time, kNoTime when it does not (then the store is always asked once
    // anything was dropped).
    bool insert(MentionKey key, WallTime event_time, Older const& older);
    void load(MentionKey key, WallTime event_time);  // at start, newest last; never asks
    [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }
    // At start: ids up to this event time may be in the store though not in memory.
    void set_floor(WallTime t) { floor_ = std::max(floor_, t); }

private:
    void remember(MentionKey key, WallTime event_time, bool may_drop);

    boost::unordered_flat_set<MentionKey> young_, old_;
    WallTime young_newest_ = kNoTime, old_newest_ = kNoTime, floor_ = kNoTime;
};

// One closed minute, or one coarse interval of a counts stream.
struct Bucket {
    static constexpr double kUnknown = -1;
    WallTime start{};
    std::chrono::seconds length{60};
    double count = 0;
    double voices = kUnknown, negative = kUnknown;  // of a stream's mentions: see voices.h
};

struct Interval {
    WallTime from = kNoTime, until = kNoTime;  // [from, until)
    [[nodiscard]] bool empty() const { return from >= until; }
    friend bool operator==(Interval const&, Interval const&) = default;
};
template <typename A>
void archive(A& a, Interval& i) {
    a(i.from, i.until);
}

// The counts of minutes that are not judged yet, and what is known to be complete. A value with a
// blob.
//
// A minute is *committed* (taken by take_committed) once coverage reaches its end plus `watermark`
// without a hole: then nothing more is expected of it. Minutes that are covered but not committed
// are *provisional*: their counts can only grow. A hole holds back what lies after it until it is
// covered or given up; then a minute of which coverage holds no part, or only a part, is skipped:
// ignorance, never zero. What is committed depends on the mentions and the coverage alone, not on
// the order in which they came.
//
// Memory: 8 bytes a minute between the last committed minute and the newest, at most kSpan minutes;
// older mentions are late, newer ones (a clock gone wrong) cannot come, because event times over 10
// min ahead are replaced; if they do, the oldest minutes are given up for them. At most kHoles
// holes are remembered, beyond that the oldest is given up.
class Intake {
public:
    static constexpr std::int64_t kSpan = 90 * 24 * 60;   // 90 days of backfill
    static constexpr std::chrono::minutes kAheadMax{10};  // contract: event time
    static constexpr std::size_t kHoles = 256;            // a walk that leaves more is broken

    // `watermark`: how long after its end a minute still waits for stragglers; 0 when every mention
    // arrives in order.
    explicit Intake(std::chrono::seconds watermark) : watermark_(watermark) {}

    // The event time the contract gives it: created_at, or `now` (first sight) when missing or > 10
    // min ahead.
    [[nodiscard]] static WallTime event_time(Mention const& m, WallTime now);

    // From now on the watermark follows the lag of the stream's own mentions (lags.h).
    void learn_watermark() { learns_ = true; }

    // Adds one new mention (identity and exclusion already decided). Returns counted or late.
    Arrival add(WallTime event_time);

    // When the `nth` (from 0) new mention of one answer was written, if the platform did not tell:
    // the mentions of a poll are spread over the time since it was last asked, evenly whatever
    // their number (steps of the golden section). `now` where that time is not known or over an
    // hour, which is no poll's interval.
    [[nodiscard]] WallTime spread(std::size_t nth, WallTime now) const;

    // A minute's value from a counts stream: replaces what was there (a revision replaces), which
    // is returned; 0 when nothing was. Late ones are ignored: nothing is returned.
    std::optional<double> set_count(WallTime minute, double count);

    // The stream is known to be complete in [from, until). Unites with what is known; a hole
    // between is remembered. Returns the hole this leaves before `from` (empty when none): the
    // caller reports it as a gap if it is final.
    Interval cover(WallTime from, WallTime until);
    // The hole is final: the platform cannot tell any more. Minutes in it are skipped. What is
    // covered inside `hole` stays covered.
    void give_up(Interval hole);
    // The oldest hole that holds minutes back; empty when there is none.
    [[nodiscard]] Interval first_hole() const;

    // Appends the minutes that are now committed, in order, and forgets them.
    void take_committed(std::vector<Bucket>& out);
    // Appends the covered but uncommitted minutes, in order, without forgetting them; the newest
    // may be partly covered
    // (`include_partial`): its count can only grow.
    void provisional(std::vector<Bucket>& out, bool include_partial) const;

    [[nodiscard]] WallTime covered_until() const {
        return covered_.empty() ? kNoTime : covered_.back().until;
    }
    [[nodiscard]] WallTime committed_until() const { return committed_until_; }
    [[nodiscard]] std::chrono::seconds watermark() const { return watermark_; }
    void set_watermark(std::chrono::seconds w) { watermark_ = w; }

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);

private:
    [[nodiscard]] WallTime begin() const;    // where the next minute to commit is
    [[nodiscard]] WallTime reached() const;  // end of what is covered or given up without a hole
    [[nodiscard]] bool covers(WallTime from, WallTime until) const;
    [[nodiscard]] double count_of(std::int64_t minute) const;
    double* slot(std::int64_t minute);  // null: late
    void drop_before(WallTime minute);

    std::chrono::seconds watermark_;
    bool learns_ = false;
    Lags lags_;
    WallTime committed_until_ = kNoTime;  // first minute not committed; kNoTime: nothing yet
    std::int64_t first_ = 0;              // minute_index of counts_.front()
    std::deque<double> counts_;
    // Disjoint, ascending; those that matter for uncommitted minutes, and always the newest.
    std::vector<Interval> covered_, given_up_;
};

}  // namespace surged::detectors
