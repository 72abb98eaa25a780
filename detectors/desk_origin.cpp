// Where a crisis began: which of our own posts its mentions reply to, quote, repost or link.
#include "detectors/desk.h"
#include "detectors/links.h"

#include <algorithm>

namespace surged::detectors {
namespace {

// One stray reply under an old post is no origin: two mentions, and one of fifty.
constexpr std::uint64_t kLeast = 2, kOneOf = 50;

std::uint64_t count_of(TargetCounts const& table, std::string const& target) {
    auto const it = target.empty() ? table.end() : table.find(target);
    return it == table.end() ? 0 : it->second;
}

}  // namespace

// Frequent targets in bounded memory (J. Misra, D. Gries, Science of Computer Programming 2, 1982,
// 143-152): when the table is full everyone loses one. A count is then too low by at most
// mentions / kConversations, so a tenth is known to within 0.05 %, and never taken for granted.
void count_target(TargetCounts& table, std::string target) {
    if (auto const it = table.find(target); it != table.end()) {
        ++it->second;
        return;
    }
    if (table.size() < Incident::kConversations) {
        table.emplace(std::move(target), 1U);
        return;
    }
    for (auto it = table.begin(); it != table.end();)
        it = --it->second == 0 ? table.erase(it) : std::next(it);
}

void Desk::note_targets(Incident const& incident, std::string const& platform,
                        IncidentMention const& in) {
    TargetCounts& table = begun_[incident.id].targets[platform];
    if (in.points_to.empty() && !in.conversation.empty())
        count_target(table, std::string(in.conversation));
    for (std::string const& target : in.points_to) count_target(table, target);
}

// Our own post with the most mentions behind it, if nobody else's has more.
OwnPostSeen const* Desk::origin_among(std::string const& platform, TargetCounts const& table,
                                      std::uint64_t mentions) const {
    OwnPostSeen const* best = nullptr;
    std::uint64_t most = 0;
    for (OwnPostSeen const& post : recent_) {
        if (post.platform != platform) continue;
        std::uint64_t const n = count_of(table, post.id) + count_of(table, link_target(post.url));
        if (n > most) {
            most = n;
            best = &post;
        }
    }
    if (best == nullptr || most < kLeast || most * kOneOf < mentions) return nullptr;
    bool const beaten = std::any_of(table.begin(), table.end(),
                                    [&](auto const& entry) { return entry.second > most; });
    return beaten ? nullptr : best;
}

void Desk::find_origin(Incident& incident, std::string const& platform) {
    auto const begun = begun_.find(incident.id);
    auto const all = incident.mentions.find(platform);
    if (begun == begun_.end() || all == incident.mentions.end()) return;
    auto const table = begun->second.targets.find(platform);
    if (table == begun->second.targets.end()) return;
    if (OwnPostSeen const* post = origin_among(platform, table->second, all->second))
        set_origin(incident, *post);
}

void Desk::set_origin(Incident& incident, OwnPostSeen const& post) {
    incident.origin[post.platform] = post.id;
    begun_[incident.id].urls[post.platform] = post.url;
}

// Told once for each post: the incident's timeline says from when on it was known.
void Desk::say_origin(Incident& incident, std::string const& platform, WallTime now,
                      std::vector<Notice>& out) {
    auto const it = incident.origin.find(platform);
    if (it == incident.origin.end()) return;
    std::string& told = begun_[incident.id].told[platform];
    if (told == it->second) return;
    told = it->second;
    Event e = event(incident, EventName::incident_note, now);
    e.platform = platform;
    e.mention = it->second;
    e.whose = "ours";
    e.via = "surged";
    e.origin = origin_link(incident, platform);
    e.note = "it began with our own post " + (e.origin.empty() ? it->second : e.origin);
    say(incident, std::move(e), out);
}

std::string Desk::origin_link(Incident const& incident, std::string const& platform) const {
    auto const begun = begun_.find(incident.id);
    if (begun == begun_.end()) return {};
    auto const it = begun->second.urls.find(platform);
    return it == begun->second.urls.end() ? std::string{} : it->second;
}

void Desk::forget_begun() {
    for (auto it = begun_.begin(); it != begun_.end();) {
        Incident const* const incident = find(it->first);
        bool const closed = incident != nullptr && incident->state == IncidentState::closed;
        if (closed) it->second.targets.clear();
        it = incident == nullptr ? begun_.erase(it) : std::next(it);
    }
}

void Desk::remember(OwnPostSeen const& post) {
    auto const answer = [](OwnPostSeen const& p) {
        return !p.in_reply_to.empty() || (!p.conversation.empty() && p.conversation != p.id);
    };
    bool const is = answer(post);
    auto const same_sort = [&](OwnPostSeen const& p) { return answer(p) == is; };
    // A support desk answers hundreds a day: its answers must not push out the posts that a crisis
    // begins from.
    if (std::size_t(std::count_if(recent_.begin(), recent_.end(), same_sort)) >= kRecent)
        recent_.erase(std::find_if(recent_.begin(), recent_.end(), same_sort));
    recent_.push_back(post);
}

void Desk::apply(EvidenceChanged const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    auto const it = std::find_if(incidents_.begin(), incidents_.end(),
                                 [&](Incident const& i) { return i.id == in.incident; });
    if (it == incidents_.end() || it->state == IncidentState::closed) return;
    Event e =
        event(*it, in.deleted ? EventName::evidence_deleted : EventName::evidence_edited, now);
    e.platform = in.platform;
    e.stream = in.stream;
    e.mention = in.id;
    e.whose = in.ours ? "ours" : "theirs";
    e.link = in.url;
    say(*it, std::move(e), out);
}

}  // namespace surged::detectors
