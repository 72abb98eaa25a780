#include "detectors/evidence.h"

#include "detectors/archive.h"

#include <algorithm>

namespace surged::detectors {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint32_t kVersion = 1;
// Looks that fall due within this go into one request.
constexpr seconds kTogether{30};
constexpr seconds kNewVersion{5};

// Whoever takes another's place is seen by twice as many: a list that changes with every mention
// would lose sight of what vanishes.
bool far_beyond(std::int64_t reach, std::int64_t of) {
    return reach > 2 * std::max<std::int64_t>(of, 0);
}

bool watched(Exhibit const& e) {
    return e.deleted == kNoTime;
}

std::string const& asked_as(Exhibit const& e) {
    return e.version.empty() ? e.id : e.version;
}

// Of a platform's posts of one side, the one that gives its place to another; end: there is room.
std::vector<Exhibit>::iterator least(std::vector<Exhibit>& all, Exhibit const& fresh) {
    std::size_t const most = fresh.ours ? EvidenceBook::kOurs : EvidenceBook::kTheirs;
    std::size_t n = 0;
    auto worst = all.end();
    for (auto it = all.begin(); it != all.end(); ++it) {
        if (it->platform != fresh.platform || it->ours != fresh.ours) continue;
        ++n;
        // What vanished, and what it began from, stays.
        if (!watched(*it) || it->origin || it->absent != kNoTime) continue;
        bool const worse = worst == all.end() ||
                           (fresh.ours ? it->since < worst->since : it->reach < worst->reach);
        if (worse) worst = it;
    }
    return n < most ? all.end() : worst;
}

}  // namespace

template <typename A>
void archive(A& a, Exhibit& e) {
    a(e.platform, e.id, e.url, e.account, e.stream, e.ours, e.origin, e.text, e.reach);
    a(e.version, e.since, e.next, e.seen, e.absent, e.deleted, e.edited);
}

seconds look_again_after(Exhibit const& e, WallTime now) {
    auto const age = now - e.since;
    if (age < hours{1}) return e.ours ? minutes{1} : minutes{3};
    if (age < hours{6}) return e.ours ? minutes{5} : minutes{15};
    return e.ours ? minutes{15} : hours{1};
}

void EvidenceBook::offer(std::string const& incident, Exhibit exhibit, WallTime now) {
    auto& all = watched_[incident];
    auto const same = std::find_if(all.begin(), all.end(), [&](Exhibit const& e) {
        return e.platform == exhibit.platform && e.id == exhibit.id;
    });
    if (same != all.end()) {
        bool const news = (exhibit.origin && !same->origin) || exhibit.reach > same->reach;
        same->origin = same->origin || exhibit.origin;
        same->reach = std::max(same->reach, exhibit.reach);
        dirty_ = dirty_ || news;
        return;
    }
    if (!exhibit.ours && !wants(incident, exhibit.platform, exhibit.reach)) return;
    exhibit.since = exhibit.next = now;
    exhibit.seen = exhibit.absent = exhibit.deleted = exhibit.edited = kNoTime;
    if (exhibit.version == exhibit.id) exhibit.version.clear();
    auto const worst = least(all, exhibit);
    if (worst == all.end()) {
        std::size_t const n = std::size_t(std::count_if(all.begin(), all.end(), [&](auto const& e) {
            return e.platform == exhibit.platform && e.ours == exhibit.ours;
        }));
        if (n >= (exhibit.ours ? kOurs : kTheirs)) return;  // every place is taken for good
        all.push_back(std::move(exhibit));
    } else {
        *worst = std::move(exhibit);
    }
    dirty_ = true;
}

bool EvidenceBook::wants(std::string const& incident, std::string const& platform,
                         std::int64_t reach) const {
    auto const it = watched_.find(incident);
    if (it == watched_.end()) return true;
    std::size_t n = 0;
    bool beaten = false;
    for (Exhibit const& e : it->second) {
        if (e.platform != platform || e.ours) continue;
        ++n;
        if (watched(e) && !e.origin && e.absent == kNoTime && far_beyond(reach, e.reach))
            beaten = true;
    }
    return n < kTheirs || beaten;
}

void EvidenceBook::keep_only(std::vector<std::string> const& open_incidents) {
    auto const closed = [&](auto const& entry) {
        return std::find(open_incidents.begin(), open_incidents.end(), entry.first) ==
               open_incidents.end();
    };
    dirty_ = std::erase_if(watched_, closed) > 0 || dirty_;
}

void EvidenceBook::erase(Erasure const& erasure) {
    for (auto& [incident, exhibits] : watched_)
        dirty_ = std::erase_if(exhibits,
                               [&](Exhibit const& e) {
                                   return !e.ours && erasure.covers(e.platform, e.id, e.since);
                               }) > 0 ||
                 dirty_;
}

std::vector<std::string> EvidenceBook::due(std::string const& account, WallTime now,
                                           std::size_t most) const {
    std::vector<Exhibit const*> found;
    bool any = false;
    for (auto const& [incident, all] : watched_)
        for (Exhibit const& e : all) {
            if (e.account != account || !watched(e)) continue;
            any = any || e.next <= now;
            // A second look at what is missing comes when it is due, not before.
            if (e.next <= now + (e.absent == kNoTime ? kTogether : seconds{0})) found.push_back(&e);
        }
    std::vector<std::string> out;
    if (!any) return out;
    std::sort(found.begin(), found.end(), [](Exhibit const* a, Exhibit const* b) {
        if (a->origin != b->origin) return a->origin;
        if (a->ours != b->ours) return a->ours;
        return a->next < b->next;
    });
    for (Exhibit const* e : found)
        if (out.size() < most && std::find(out.begin(), out.end(), asked_as(*e)) == out.end())
            out.push_back(asked_as(*e));
    return out;
}

WallTime EvidenceBook::next_due(std::string const& account) const {
    WallTime next = kNoTime;
    for (auto const& [incident, all] : watched_)
        for (Exhibit const& e : all)
            if (e.account == account && watched(e) && (next == kNoTime || e.next < next))
                next = e.next;
    return next;
}

std::vector<std::string> EvidenceBook::controls(std::string const& account,
                                                std::vector<std::string> const& batch,
                                                std::size_t most) const {
    std::vector<Exhibit const*> found;
    for (auto const& [incident, all] : watched_)
        for (Exhibit const& e : all)
            if (e.account == account && watched(e) && e.absent == kNoTime && e.seen != kNoTime)
                found.push_back(&e);
    // Our own first: nobody but us deletes those.
    std::sort(found.begin(), found.end(), [](Exhibit const* a, Exhibit const* b) {
        return a->ours != b->ours ? a->ours : a->seen > b->seen;
    });
    std::vector<std::string> out;
    for (Exhibit const* e : found) {
        auto const in = [&](std::vector<std::string> const& list) {
            return std::find(list.begin(), list.end(), asked_as(*e)) != list.end();
        };
        if (out.size() < most && !in(batch) && !in(out)) out.push_back(asked_as(*e));
    }
    return out;
}

std::vector<EvidenceChanged> EvidenceBook::looked(std::string const& account, Look const& look,
                                                  WallTime now, int pace) {
    std::vector<EvidenceChanged> out;
    auto const change = [&](std::string const& incident, Exhibit const& e, bool deleted) {
        out.push_back({incident, e.platform, e.stream, e.id, e.url, e.ours, deleted});
    };
    auto const listed = [](std::vector<std::string> const& list, std::string const& id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    for (auto& [incident, all] : watched_)
        for (Exhibit& e : all) {
            if (e.account != account || !watched(e)) continue;
            std::string const asked = asked_as(e);
            auto const again = [&] {
                e.absent = kNoTime;
                e.next = now + look_again_after(e, now) * std::max(pace, 1);
                dirty_ = true;
            };
            auto const it = std::find_if(look.there.begin(), look.there.end(),
                                         [&](Look::There const& t) { return t.id == asked; });
            if (it != look.there.end()) {
                again();
                e.seen = now;
                bool const newer = !it->version.empty() && it->version != asked;
                if (newer) {
                    // Its newest text is under another id: that is asked for before it is judged.
                    e.version = it->version;
                    e.next = now + kNewVersion;
                }
                if (e.text != 0 && it->text != 0 && e.text != it->text) {
                    e.edited = now;
                    if (e.ours) change(incident, e, false);
                }
                if (it->text != 0) e.text = it->text;
            } else if (listed(look.hidden, asked)) {
                again();
            } else if (listed(look.gone, asked)) {
                dirty_ = true;
                if (e.absent == kNoTime) {
                    e.absent = now;
                    e.next = now + kAgain;
                } else if (now - e.absent >= kAgain) {
                    e.deleted = now;
                    change(incident, e, true);
                } else {
                    e.next = e.absent + kAgain;
                }
            }
        }
    return out;
}

std::vector<Exhibit> const* EvidenceBook::of(std::string const& incident) const {
    auto const it = watched_.find(incident);
    return it == watched_.end() ? nullptr : &it->second;
}

std::size_t EvidenceBook::size() const {
    std::size_t n = 0;
    for (auto const& [incident, all] : watched_) n += all.size();
    return n;
}

std::string EvidenceBook::save() {
    dirty_ = false;
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    w(version, watched_);
    return w.take();
}

bool EvidenceBook::restore(std::string_view blob) {
    std::uint32_t version = 0;
    std::map<std::string, std::vector<Exhibit>> watched;
    ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(watched);
    if (!r.done()) return false;
    watched_ = std::move(watched);
    dirty_ = false;
    return true;
}

}  // namespace surged::detectors
