#include "daemon/stream_state.h"

#include "daemon/surge_watch.h"
#include "detectors/archive.h"

#include <algorithm>

namespace surged::daemon {
namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHour = 60;

struct Saved {
    std::uint32_t version = kVersion;
    std::string intake, judge;
    std::uint64_t mentions = 0;
    WallTime last_success = detectors::kNoTime, history_from = detectors::kNoTime;
    WallTime earliest = detectors::kNoTime;
    WallTime raise_word_at = detectors::kNoTime;
    bool blind = false;
    std::string reason;
    // Since version 2. Of each interval its start, its length in seconds, and its count.
    std::uint64_t mentions_most = 0;
    std::vector<WallTime> starts;
    std::vector<std::uint32_t> lengths;
    std::vector<double> counts;
};

template <typename A>
void archive(A& a, Saved& s) {
    a(s.version, s.intake, s.judge, s.mentions, s.last_success, s.history_from, s.earliest,
      s.raise_word_at, s.blind, s.reason);
    if (s.version >= 2) a(s.mentions_most, s.starts, s.lengths, s.counts);
}

}  // namespace

StreamState::StreamState(StreamSettings s, std::function<double(WallTime)> multiplier,
                         std::chrono::seconds watermark)
    : settings(std::move(s)), intake(watermark), judge(settings.detectors, std::move(multiplier)) {
    for (auto const& spec : settings.detectors)
        if (spec.type == "unanswered" &&
            (!questions || spec.unanswered.within < questions->within()))
            questions.emplace(spec.unanswered.within);
}

StreamState::~StreamState() = default;

// The first version had no number: its blobs begin with the sixty of their list's length.
constexpr std::uint32_t kSeriesVersion = 0x80000002;
struct FirstPoint {
    SeriesPoint point;
};

template <typename A>
void archive(A& a, FirstPoint& p) {
    a(p.point.observed, p.point.expected, p.point.upper, p.point.score, p.point.covered);
}
template <typename A>
void archive(A& a, SeriesPoint& p) {
    a(p.observed, p.expected, p.upper, p.score, p.covered, p.grounds);
}

std::string series_blob(std::vector<SeriesPoint> const& hour) {
    detectors::ArchiveWriter out;
    std::uint32_t version = kSeriesVersion;
    out(version, const_cast<std::vector<SeriesPoint>&>(hour));
    return out.take();
}

std::vector<SeriesPoint> series_points(std::string_view blob) {
    detectors::ArchiveReader in(blob);
    std::uint32_t version = 0;
    in(version);
    std::vector<SeriesPoint> points;
    bool whole = false;
    if (version == kSeriesVersion) {
        in(points);
        whole = in.done();
    } else {
        std::vector<FirstPoint> first;
        whole = detectors::from_blob(blob, first);
        for (FirstPoint const& p : first) points.push_back(p.point);
    }
    if (!whole || points.size() != kHour) points.assign(kHour, SeriesPoint{});
    return points;
}

std::string save_stream(StreamState const& stream) {
    Saved s;
    s.intake = stream.intake.save();
    s.judge = stream.judge.save();
    s.mentions = stream.mentions;
    s.last_success = stream.last_success;
    s.history_from = stream.history_from;
    s.earliest = stream.earliest;
    s.raise_word_at = stream.raise_word_at;
    s.blind = stream.blind;
    s.reason = stream.reason;
    s.mentions_most = stream.mentions_most;
    for (detectors::Bucket const& bucket : stream.counts) {
        s.starts.push_back(bucket.start);
        s.lengths.push_back(static_cast<std::uint32_t>(bucket.length.count()));
        s.counts.push_back(bucket.count);
    }
    return detectors::to_blob(s);
}

bool load_stream(StreamState& stream, std::string_view blob) {
    Saved s;
    if (!detectors::from_blob(blob, s) || s.version < 1 || s.version > kVersion) return false;
    if (s.starts.size() != s.counts.size() || s.lengths.size() != s.counts.size()) return false;
    if (!stream.intake.restore(s.intake)) return false;
    bool const same_detectors = stream.judge.restore(s.judge);
    stream.mentions = s.mentions;
    stream.last_success = s.last_success;
    stream.history_from = s.history_from;
    stream.earliest = s.earliest;
    stream.raise_word_at = s.raise_word_at;
    stream.blind = s.blind;
    stream.reason = s.reason;
    stream.mentions_most = s.mentions_most;
    stream.counts.clear();
    for (std::size_t i = 0; i < s.counts.size(); ++i) {
        detectors::Bucket bucket;
        bucket.start = s.starts[i];
        bucket.length = std::chrono::seconds{s.lengths[i]};
        bucket.count = s.counts[i];
        stream.counts.push_back(bucket);
    }
    return same_detectors;
}

void StreamState::note_visible(VisibleMention mention) {
    if (visible.size() < kVisible) {
        visible.push_back(std::move(mention));
        return;
    }
    WallTime const old = mention.at - kVisibleFor;
    auto const least =
        std::min_element(visible.begin(), visible.end(), [&](auto const& a, auto const& b) {
            bool const a_old = a.at < old, b_old = b.at < old;
            if (a_old != b_old) return a_old;
            return a.reach != b.reach ? a.reach < b.reach : a.at < b.at;
        });
    if (least->at < old || least->reach <= mention.reach) *least = std::move(mention);
}

void StreamState::erase_visible(detectors::Erasure const& erasure) {
    std::erase_if(visible, [&](VisibleMention const& m) {
        return erasure.covers(settings.platform, m.id, m.at);
    });
}

}  // namespace surged::daemon
