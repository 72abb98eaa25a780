// What is read besides the streams of the configuration: our own posts, and the mentions behind a
// surge of counts. Polled by the same loop, with a cursor of their own, shown nowhere as streams.
#pragma once

#include "daemon/pollers/pollers.h"
#include "daemon/settings.h"
#include "detectors/intake.h"

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// How often our own posts are read: while all is calm, and at most while an incident is open (or as
// often as the brand's fastest stream there, if that is less).
inline constexpr std::chrono::seconds kOwnEvery{300}, kOwnInIncident{60};
// Of one surge of counts, at most so many pages of mentions are fetched (X: 100 each).
inline constexpr std::uint64_t kEvidencePages = 20;

struct SideSource {
    enum class Use : std::uint8_t { own, evidence } use = Use::own;
    // Named "own/BRAND/PLATFORM/ACCOUNT" or "evidence/STREAM": no stream can be called so. An own
    // source holds the account in `values` under "user".
    StreamSettings settings;
    std::string of;  // evidence: the stream of counts
    MakePoller make = nullptr;
    std::chrono::seconds floor{60}, surging_every{0};
};

[[nodiscard]] inline bool is_side(std::string_view stream) {
    return stream.find('/') != std::string_view::npos;
}

// One own source for each account under a brand's `own` on a platform that can be asked, read by
// the account that the brand's streams there use: one that names it (or its server), else the
// first. An account whose posts a stream brings anyway (a Page that is a stream) has none. One
// evidence source for each stream of counts whose platform can tell the mentions. In order of the
// configuration; each name once.
[[nodiscard]] std::vector<SideSource> side_sources(Settings const& settings);

// Everything the engine keeps of one of them. `seen` is loaded from the store, the rest is a blob.
struct SideState {
    explicit SideState(SideSource s) : source(std::move(s)) {}
    SideSource source;
    std::string cursor;
    detectors::Seen seen;
    WallTime covered_until = detectors::kNoTime;
    WallTime since = detectors::kNoTime;  // evidence: onset of the surge it is for
    std::uint64_t pages = 0;              // evidence: of that surge
    std::string reason;                   // of the last failure; "" after a success
};

// An own post as the evidence needs it after its page is gone.
struct OwnSeen {
    std::string id, url;
    WallTime at{};
    std::uint64_t text = 0;  // stable_hash
};
// Of one brand on one platform, newest last.
struct OwnPosts {
    std::deque<OwnSeen> posts;
    bool dirty = false;
    static constexpr std::size_t kMost = 200;
    void add(OwnSeen post);
    [[nodiscard]] OwnSeen const* find(std::string_view id) const;
};
[[nodiscard]] std::string save_own_posts(OwnPosts const& own);
[[nodiscard]] bool load_own_posts(OwnPosts& own, std::string_view blob);
[[nodiscard]] std::string save_side(SideState const& side);
[[nodiscard]] bool load_side(SideState& side, std::string_view blob);

}  // namespace surged::daemon
