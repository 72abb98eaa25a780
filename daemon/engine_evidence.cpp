// The engine's side of the posts that an incident stands on: what is watched, what vanished.
#include "daemon/engine.h"
#include "daemon/surge_watch.h"
#include "detectors/desk_parts.h"
#include "detectors/links.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kAsked = 100;   // of one look at an account
constexpr std::size_t kControls = 2;  // besides, in each

}  // namespace

// A mention that counts: what the desk, the answers, the composition and the evidence need of it.
void Engine::note_mention(StreamState& stream, Mention const& m, WallTime at, WallTime joined,
                          bool shared, WallTime now) {
    StreamSettings const& settings = stream.settings;
    auto const links = answers_[settings.brand + "/" + settings.platform].question(m, at);
    hear_question(stream, m, at);
    MentionDigest const digest = digest_of(m, at);
    bool const in_incident = joined != kNoTime && at >= joined;
    if (in_incident)
        tell_mention(stream, digest, shared);
    else
        hear_beside(stream, digest, now);
    for (Answered const& link : links)
        answer_people(settings.brand, settings.platform, digest.key, link.asked,
                      link.first ? std::optional(link.after()) : std::nullopt);
    stream.recent.push(digest);
    if (stream.watch && at >= stream.watch->onset) {
        stream.watch->sketch.add(digest, settings.name, stable_hash(settings.platform));
        stream.watch->growth.add(at);
    }
    if (forgotten_.covers(settings.platform, m)) return;  // it counts, and is not looked at again
    VisibleMention visible{at, std::string(m.id), nameless_link(m), m.reach, stable_hash(m.text)};
    if (in_incident)
        if (Incident const* const incident = desk_of(stream).current())
            offer(stream, *incident, visible, at);
    stream.note_visible(std::move(visible));
}

void Engine::offer(StreamState const& stream, Incident const& incident,
                   VisibleMention const& mention, WallTime now) {
    StreamSettings const& settings = stream.settings;
    if (store_ == nullptr || incident.drill) return;  // a backtest has nobody to ask again
    if (!evidence_.wants(incident.id, settings.platform, mention.reach)) return;
    Exhibit exhibit;
    exhibit.platform = settings.platform;
    exhibit.id = mention.id;
    exhibit.url = mention.url;
    exhibit.stream = settings.name;
    exhibit.account = settings.account.empty() ? reading_account(settings.brand, settings.platform)
                                               : settings.account;
    exhibit.reach = mention.reach;
    exhibit.text = mention.text;
    if (!exhibit.account.empty()) evidence_.offer(incident.id, std::move(exhibit), now);
}

// The posts of ours that an open incident began from, and those that answer it.
void Engine::watch_ours(WallTime now) {
    if (store_ == nullptr) return;
    std::vector<std::string> open;
    for (auto const& entry : desks_) {
        std::string const& brand = entry.first;
        Desk const& desk = entry.second;
        Incident const* const incident = desk.current();
        if (incident == nullptr) continue;
        open.push_back(incident->id);
        auto const watch = [&](std::string const& platform, std::string const& id,
                               std::string const& url, bool origin) {
            Exhibit exhibit;
            exhibit.platform = platform;
            exhibit.id = id;
            exhibit.url = url;
            exhibit.ours = true;
            exhibit.origin = origin;
            if (auto const own = own_posts_.find(brand + "/" + platform); own != own_posts_.end())
                if (OwnSeen const* seen = own->second.find(id)) exhibit.text = seen->text;
            exhibit.account = reading_account(brand, platform);
            if (!exhibit.account.empty()) evidence_.offer(incident->id, std::move(exhibit), now);
        };
        for (auto const& [platform, id] : incident->origin)
            watch(platform, id, desk.origin_link(*incident, platform), true);
        auto const& posts = incident->own_posts;
        std::size_t const newest = std::min(posts.size(), EvidenceBook::kOurs);
        for (auto it = posts.end() - std::ptrdiff_t(newest); it != posts.end(); ++it)
            watch(it->platform, it->id, it->url, false);
    }
    evidence_.keep_only(open);
}

WallTime Engine::next_evidence(std::string const& account) const {
    return evidence_.next_due(account);
}

EvidenceBatch Engine::evidence_due(std::string const& account, WallTime now) const {
    EvidenceBatch batch;
    batch.ids = evidence_.due(account, now, kAsked - kControls);
    if (batch.ids.empty()) return batch;
    batch.controls = evidence_.controls(account, batch.ids, kControls);
    auto const add = [&](std::string const& id) {
        bool const asked = std::find(batch.ids.begin(), batch.ids.end(), id) != batch.ids.end();
        bool const twice =
            std::find(batch.controls.begin(), batch.controls.end(), id) != batch.controls.end();
        if (!asked && !twice && batch.controls.size() < kControls) batch.controls.push_back(id);
    };
    // Before anything was looked at: what was read lately is there.
    for (auto const& [place, own] : own_posts_) {
        std::size_t const slash = place.rfind('/');
        if (reading_account(place.substr(0, slash), place.substr(slash + 1)) != account) continue;
        for (auto it = own.posts.rbegin(); it != own.posts.rend(); ++it) add(it->id);
    }
    for (auto const& [name, s] : streams_)
        if (s->settings.account == account)
            for (auto it = s->visible.rbegin(); it != s->visible.rend(); ++it) add(it->id);
    return batch;
}

void Engine::evidence_seen(std::string const& account, Look const& look, int pace, WallTime now) {
    std::vector<Notice> notices;
    for (EvidenceChanged const& change : evidence_.looked(account, look, now, pace)) {
        Incident const* const about = incident(change.incident);
        if (about == nullptr) continue;
        auto const desk = desks_.find(about->brand);
        if (desk == desks_.end()) continue;
        desk->second.apply(change, now, notices);
        touch(desk->first);
        handle_all(notices);
    }
    flush(now);
}

void Engine::note_blind(StreamState& stream) {
    stream.blind_from = stream.intake.covered_until();
    stream.recovered = 0;
    stream.gap_before = stream.gap_seconds;
}

// "nothing came; blind for 2h13m: 412 mentions of that time were read afterwards"
std::string Engine::restored_reason(StreamState const& stream, WallTime now) const {
    std::string text = stream.reason;
    if (stream.blind_from == kNoTime) return text;
    auto const blind = std::chrono::floor<std::chrono::seconds>(now - stream.blind_from);
    if (!text.empty()) text += "; ";
    text += "missed " + duration_text(std::max(blind, std::chrono::seconds{0})) + ": " +
            std::to_string(stream.recovered) + " mentions of that time were read afterwards";
    double const lost = stream.gap_seconds - stream.gap_before;
    if (lost >= 1)
        text += ", " + duration_text(std::chrono::seconds{static_cast<std::int64_t>(lost)}) +
                " of it the platform does not tell any more";
    return text;
}

}  // namespace surged::daemon
