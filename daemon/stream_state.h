// Everything the engine keeps of one stream. A plain struct: engine.cpp is its only writer.
#pragma once

#include "daemon/settings.h"
#include "detectors/digest.h"
#include "detectors/intake.h"
#include "detectors/judge.h"
#include "detectors/unanswered.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surged::daemon {

// A mention that many may have seen, as the evidence needs it should a surge begin.
struct VisibleMention {
    WallTime at{};
    std::string id, url;  // url: a nameless one (links.h)
    std::int64_t reach = -1;
    std::uint64_t text = 0;  // stable_hash
};

// One judged minute as /series and explain show it.
struct SeriesPoint {
    float observed = 0, expected = 0, upper = 0, score = 0;
    bool covered = false;
    detectors::PackedGrounds grounds{};  // for explain; not stated before they were kept
};

struct SurgeWatch;  // surge_watch.h

struct StreamState {
    StreamState(StreamSettings s, std::function<double(WallTime)> multiplier,
                std::chrono::seconds watermark);
    ~StreamState();
    StreamState(StreamState const&) = delete;
    StreamState& operator=(StreamState const&) = delete;

    StreamSettings settings;
    detectors::Intake intake;
    detectors::Judge judge;
    std::optional<detectors::Unanswered> questions;  // when a detector of it asks for them
    bool questions_dirty = false;                    // its blob "questions/STREAM"
    detectors::Seen seen;
    std::string cursor;

    // Counters of contract section 7; `mentions` is stored, the others begin anew with the process.
    std::uint64_t mentions = 0, late = 0, duplicate = 0, excluded = 0, malformed = 0, future = 0;
    // Of a counts stream: the most `mentions` ever was. A revision may take some back, and a
    // counter that falls is read as one that began anew. Stored.
    std::uint64_t mentions_most = 0;
    [[nodiscard]] std::uint64_t mentions_counter() const {
        return std::max(mentions, mentions_most);
    }
    std::uint64_t backfill_pages = 0;
    double gap_seconds = 0;

    WallTime started =
        detectors::kNoTime;  // first known to this process: blind_after counts from here
    WallTime last_success = detectors::kNoTime;
    WallTime history_from = detectors::kNoTime;  // first minute ever covered
    WallTime earliest = detectors::kNoTime;      // oldest mention of the first walk
    bool blind = false;
    std::string reason;  // why it is blind, or the last failure
    std::chrono::seconds interval{0};
    WallTime raise_word_at =
        detectors::kNoTime;  // event time of the newest mention with a `raise` word

    // An incident's conversations and composition are counted from the onset, which lies before the
    // page; a surge of more mentions than this has long made them plain.
    detectors::RecentMentions recent;
    std::unique_ptr<SurgeWatch> watch;  // while it is in an open incident

    // The newest intervals of a counts stream, by start: how a surge grew that has no mentions, and
    // what a revision takes back. Stored.
    static constexpr std::size_t kCounts = 512;
    std::vector<detectors::Bucket> counts;
    // The most visible of the last hours, and those that no reach is known of; bounded.
    static constexpr std::size_t kVisible = 64;
    static constexpr std::chrono::hours kVisibleFor{6};
    std::vector<VisibleMention> visible;
    void note_visible(VisibleMention mention);
    void erase_visible(detectors::Erasure const& erasure);

    // While it is blind: since when nothing is known, what was read of that time since, and what
    // the platform could not tell any more.
    WallTime blind_from = detectors::kNoTime;
    std::uint64_t recovered = 0;
    double gap_before = 0;

    // The current and the last hours of the curve, by hour since 1970; written through to the store
    // when dirty.
    std::map<std::int64_t, std::vector<SeriesPoint>> curve;
    std::vector<std::int64_t> dirty_hours;
};

// Sixty points to bytes and back, 45 bytes each; the points of the first version have no grounds. A
// blob of another length gives sixty uncovered points.
[[nodiscard]] std::string series_blob(std::vector<SeriesPoint> const& hour);
[[nodiscard]] std::vector<SeriesPoint> series_points(std::string_view blob);

// intake, judge, totals: what StreamWrite::state holds. `load` is false when the bytes are not
// ours.
[[nodiscard]] std::string save_stream(StreamState const& stream);
[[nodiscard]] bool load_stream(StreamState& stream, std::string_view blob);

}  // namespace surged::daemon
