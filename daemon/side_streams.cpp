#include "daemon/side_streams.h"

#include "daemon/url.h"
#include "detectors/archive.h"

#include <algorithm>
#include <set>

namespace surged::daemon {
namespace {

constexpr std::uint32_t kVersion = 1;

std::string bare(std::string name) {
    if (name.starts_with('@')) name.erase(0, 1);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name;
}

bool reads_own_posts(StreamSettings const& stream, PlatformRow const& row,
                     std::string const& handle) {
    KindRow const* const kind = kind_of(row, stream.kind);
    return kind != nullptr && !kind->own_key.empty() &&
           bare(stream.values.get(kind->own_key)) == handle;
}

// How well a stream's account suits one of our own accounts: it names it, it lives on its server.
int suits(Settings const& settings, StreamSettings const& stream, std::string const& handle) {
    for (auto const* key : {"user", "page", "actor"})
        if (bare(stream.values.get(key)) == handle) return 3;
    auto const account = settings.accounts.find(stream.account);
    if (account == settings.accounts.end()) return 0;
    if (bare(account->second.values.get("identifier")) == handle) return 2;
    auto const url = parse_url(account->second.base_url);
    return url && handle.ends_with("@" + url->host) ? 2 : 1;
}

SideSource own_source(StreamSettings const& by, PlatformRow const& row, std::string const& handle,
                      std::chrono::seconds fastest) {
    SideSource side;
    side.make = row.own;
    side.floor = row.own_floor;
    side.surging_every = std::max(row.own_floor, std::min(kOwnInIncident, fastest));
    StreamSettings& s = side.settings;
    s.name = "own/" + by.brand + "/" + by.platform + "/" + handle;
    s.brand = by.brand;
    s.platform = by.platform;
    s.kind = "own";
    s.account = by.account;
    s.values.text["user"] = handle;
    s.every = std::max(kOwnEvery, row.own_floor);
    s.exclude.own = by.exclude.own;
    return side;
}

void add_own(Settings const& settings, BrandSettings const& brand, std::vector<SideSource>& out) {
    for (auto const& [name, handles] : brand.rules.own) {
        PlatformRow const* const row = platform(name);
        if (row == nullptr || row->own == nullptr) continue;
        for (auto const& handle : handles) {
            StreamSettings const* best = nullptr;
            std::chrono::seconds fastest = kOwnEvery;
            bool read = false;
            for (auto const& stream : brand.streams) {
                if (stream.platform != name || stream.push() || stream.account.empty()) continue;
                read = read || reads_own_posts(stream, *row, handle);
                fastest = std::min(fastest, stream.every);
                if (best == nullptr ||
                    suits(settings, stream, handle) > suits(settings, *best, handle))
                    best = &stream;
            }
            if (best != nullptr && !read) out.push_back(own_source(*best, *row, handle, fastest));
        }
    }
}

void add_evidence(BrandSettings const& brand, std::vector<SideSource>& out) {
    for (auto const& stream : brand.streams) {
        PlatformRow const* const row = platform(stream.platform);
        KindRow const* const kind = row == nullptr ? nullptr : kind_of(*row, stream.kind);
        if (kind == nullptr || kind->evidence_kind.empty()) continue;
        KindRow const* const other = kind_of(*row, kind->evidence_kind);
        if (other == nullptr || other->make == nullptr) continue;
        SideSource side;
        side.use = SideSource::Use::evidence;
        side.of = stream.name;
        side.make = other->make;
        side.floor = side.surging_every = other->floor;
        side.settings = stream;
        side.settings.name = "evidence/" + stream.name;
        side.settings.kind = other->name;
        side.settings.every = side.surging_every = std::max(kOwnInIncident, other->floor);
        out.push_back(std::move(side));
    }
}

}  // namespace

std::vector<SideSource> side_sources(Settings const& settings) {
    std::vector<SideSource> out;
    for (auto const& brand : settings.brands) {
        add_own(settings, brand, out);
        add_evidence(brand, out);
    }
    return out;
}

template <typename A>
void archive(A& a, OwnSeen& p) {
    a(p.id, p.url, p.at, p.text);
}

void OwnPosts::add(OwnSeen post) {
    if (find(post.id) != nullptr) return;
    posts.push_back(std::move(post));
    if (posts.size() > kMost) posts.pop_front();
    dirty = true;
}

OwnSeen const* OwnPosts::find(std::string_view id) const {
    auto const it =
        std::find_if(posts.begin(), posts.end(), [&](OwnSeen const& p) { return p.id == id; });
    return it == posts.end() ? nullptr : &*it;
}

std::string save_own_posts(OwnPosts const& own) {
    std::uint32_t version = kVersion;
    std::vector<OwnSeen> posts(own.posts.begin(), own.posts.end());
    detectors::ArchiveWriter w;
    w(version, posts);
    return w.take();
}

bool load_own_posts(OwnPosts& own, std::string_view blob) {
    std::uint32_t version = 0;
    std::vector<OwnSeen> posts;
    detectors::ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(posts);
    if (!r.done()) return false;
    own.posts.assign(posts.begin(), posts.end());
    return true;
}

std::string save_side(SideState const& side) {
    std::uint32_t version = kVersion;
    WallTime covered = side.covered_until, since = side.since;
    std::uint64_t pages = side.pages;
    detectors::ArchiveWriter w;
    w(version, covered, since, pages);
    return w.take();
}

bool load_side(SideState& side, std::string_view blob) {
    std::uint32_t version = 0;
    WallTime covered{}, since{};
    std::uint64_t pages = 0;
    detectors::ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(covered, since, pages);
    if (!r.done()) return false;
    side.covered_until = covered;
    side.since = since;
    side.pages = pages;
    return true;
}

}  // namespace surged::daemon
