// Mentions in any order -> closed minutes in event time: identity, exclusion, lateness, coverage of
// one stream.
#pragma once

#include "detectors/mention.h"
#include "detectors/time.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
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

// Which ids were counted: exact for ever. The newest are in memory (two generations of at most
// kGeneration ids); one that may have been in a dropped generation (its event time is not after the
// newest of those) is looked up by `older`, the store. Without a store the generations are never
// dropped.
class Seen {
public:
    static constexpr std::size_t kGeneration = 1U << 19U;  // 2 x 9 MiB at most for a busy stream
    using Older = std::function<bool(MentionKey)>;

    // True when new. `event_time` decides whether the store need be asked.
    bool insert(MentionKey key, WallTime event_time, Older const& older);
    void load(MentionKey key, WallTime event_time);  // at start, newest last; never asks
    [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }
    // At start: ids up to this event time may be in the store though not in memory.
    void set_floor(WallTime t) { floor_ = std::max(floor_, t); }

private:
    boost::unordered_flat_set<MentionKey> young_, old_;
    WallTime young_newest_ = kNoTime, old_newest_ = kNoTime, floor_ = kNoTime;
};

// One closed minute, or one coarse interval of a counts stream.
struct Bucket {
    WallTime start{};
    std::chrono::seconds length{60};
    double count = 0;
};

struct Interval {
    WallTime from = kNoTime, until = kNoTime;  // [from, until)
    friend bool operator==(Interval const&, Interval const&) = default;
};

// The counts of minutes that are not judged yet, and what is known to be complete. A value with a
// blob.
//
// A minute is *committed* (taken by take_committed) once coverage reaches its end plus `watermark`:
// then nothing more is expected of it. Minutes that are covered but not committed are
// *provisional*: their counts can only grow. A minute of which coverage holds no part, or only a
// part, when a later one is committed, is skipped: ignorance, never zero. Memory: 8 bytes a minute
// between the last committed minute and the newest, at most kSpan minutes; older mentions are late,
// newer ones (a clock gone wrong) cannot come, because event times over 10 min ahead are replaced.
class Intake {
public:
    static constexpr std::int64_t kSpan = 90 * 24 * 60;   // 90 days of backfill
    static constexpr std::chrono::minutes kAheadMax{10};  // contract: event time

    // `watermark`: how long after its end a minute still waits for stragglers; 0 when every mention
    // arrives in order.
    explicit Intake(std::chrono::seconds watermark) : watermark_(watermark) {}

    // The event time the contract gives it: created_at, or `now` (first sight) when missing or > 10
    // min ahead.
    [[nodiscard]] static WallTime event_time(Mention const& m, WallTime now);

    // Adds one new mention (identity and exclusion already decided). Returns counted or late.
    Arrival add(WallTime event_time);

    // A minute's value from a counts stream: replaces what was there (a revision replaces). Late
    // ones are ignored: true when it was taken.
    bool set_count(WallTime minute, double count);

    // The stream is known to be complete in [from, until). Unites with what is known; a hole
    // between is remembered. Returns the hole this leaves before `from` (empty when none): the
    // caller reports it as a gap if it is final.
    Interval cover(WallTime from, WallTime until);
    // The hole is final: the platform cannot tell any more. Minutes in it are skipped.
    void give_up(Interval hole);

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
    std::chrono::seconds watermark_;
    WallTime committed_until_ = kNoTime;  // first minute not committed; kNoTime: nothing yet
    std::int64_t first_ = 0;              // minute_index of counts_.front()
    std::deque<double> counts_;
    std::vector<Interval>
        covered_;  // disjoint, ascending, those that matter for uncommitted minutes
};

}  // namespace surged::detectors
