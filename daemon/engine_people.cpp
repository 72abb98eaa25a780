// The engine's way of the people in an incident: who waits, who is hit, who speaks for us, and
// whether our answer was taken.
#include "daemon/engine.h"
#include "detectors/likeness.h"
#include "detectors/second_wave.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// Closed incidents that a late question is compared with, newest first.
constexpr std::size_t kTail = 20;
// What was learned of a brand's friends is written this often: they are made in weeks.
constexpr std::chrono::minutes kAdvocatesEvery{15};

bool belongs(Incident const& incident, std::string const& platform, MentionDigest const& d) {
    auto const known = incident.conversations.find(platform);
    auto const holds = [&](MentionKey key) {
        return key != 0 && known->second.contains(ConversationKey::of(key));
    };
    if (known != incident.conversations.end() && (holds(d.conversation) || holds(d.target)))
        return true;
    if (d.link != 0 &&
        std::find(incident.links.begin(), incident.links.end(), d.link) != incident.links.end())
        return true;
    return d.likeness != 0 &&
           std::any_of(incident.copies.begin(), incident.copies.end(),
                       [&](std::uint64_t copy) { return near_copies(copy, d.likeness); });
}

// Counts come without mentions: they rise and fall in the same steps.
void add_counts(std::vector<MoodStep>& mood, std::vector<Bucket> const& counts) {
    if (mood.empty()) return;
    for (Bucket const& b : counts) {
        if (b.start < mood.front().at) continue;
        auto const i = std::size_t((b.start - mood.front().at) / mood.front().length);
        while (mood.size() <= i && mood.size() < People::kSteps)
            mood.push_back({mood.back().at + mood.back().length, mood.back().length, 0, {}});
        if (i < mood.size()) mood[i].mentions += static_cast<std::uint64_t>(b.count);
    }
}

}  // namespace

People const* Engine::people(std::string_view incident) const {
    auto const it = people_.find(incident);
    return it == people_.end() ? nullptr : &it->second;
}

People& Engine::people_of(Incident const& incident) {
    return people_.try_emplace(incident.id, incident.onset).first->second;
}

void Engine::hear_people(StreamState const& stream, Incident const& incident,
                         MentionDigest const& d, bool late) {
    People::Told told;
    told.where = {stream.settings.platform, stream.settings.name, d.key, d.at};
    told.author = d.author;
    told.target = d.target;
    told.audience = d.audience;
    told.asks = d.is(MentionDigest::kAsks);
    told.late = late;
    told.tone = d.tone();
    if (auto const known = advocates_.find(incident.brand); known != advocates_.end())
        told.spoke_well = known->second.spoke_well(d.author, incident.onset);
    people_of(incident).hear(told);
}

// A mention that is in no incident: it may ask about one that is over, and it may be a friend's.
void Engine::hear_beside(StreamState const& stream, MentionDigest const& d, WallTime now) {
    Desk const& desk = desk_of(stream);
    if (desk.current() == nullptr) advocates_[stream.settings.brand].note(d);
    if (!d.is(MentionDigest::kAsks)) return;
    std::size_t left = kTail;
    auto const& all = desk.incidents();
    for (auto it = all.rbegin(); it != all.rend() && left > 0; ++it) {
        if (it->state != IncidentState::closed || it->drill) continue;
        if (now - it->closed > desk.rules().watch_after) break;
        --left;
        if (d.at < it->onset || !belongs(*it, stream.settings.platform, d)) continue;
        hear_people(stream, *it, d, true);
        keep_people(it->id);
        return;
    }
}

// What an own post answers, in whatever incident that was asked.
void Engine::answer_people(std::string const& brand, std::string const& platform, MentionKey key,
                           WallTime asked, std::optional<std::chrono::milliseconds> waited) {
    auto const desk = desks_.find(brand);
    if (desk == desks_.end()) return;
    for (auto it = desk->second.incidents().rbegin(); it != desk->second.incidents().rend(); ++it) {
        auto const known = people_.find(it->id);
        if (it->drill || known == people_.end()) continue;
        if (asked != kNoTime && asked < it->onset) continue;
        bool const news = known->second.answer(platform, key, waited);
        if (news && it->state == IncidentState::closed) keep_people(it->id);
        if (asked != kNoTime) return;  // the newest it can belong to
    }
}

// What was answered before the surge was found.
void Engine::answer_known(Incident const& incident, std::string const& platform) {
    auto const known = answers_.find(incident.brand + "/" + platform);
    if (known == answers_.end()) return;
    for (Answered const& link : known->second.links())
        if (link.asked >= incident.onset)
            people_of(incident).answer(platform, key_of(link.question),
                                       link.first ? std::optional(link.after()) : std::nullopt);
}

void Engine::keep_people(std::string const& incident) {
    if (store_ == nullptr) return;
    if (auto const it = people_.find(incident); it != people_.end())
        pending_.blobs["people/" + incident] = it->second.save();
}

void Engine::keep_advocates(WallTime now) {
    if (store_ == nullptr) return;
    if (advocates_kept_ != kNoTime && now - advocates_kept_ < kAdvocatesEvery) return;
    advocates_kept_ = now;
    for (auto& [brand, known] : advocates_)
        if (known.dirty()) pending_.blobs["advocates/" + brand] = known.save();
}

// Before the mentions of open incidents are read back: they are told to what stands here.
void Engine::restore_people(std::map<std::string, std::string> const& blobs) {
    for (auto const& [name, blob] : blobs) {
        if (blob.empty()) continue;
        if (name.starts_with("advocates/")) {
            if (!advocates_[name.substr(10)].restore(blob)) advocates_.erase(name.substr(10));
        } else if (name.starts_with("people/") && incident(name.substr(7)) != nullptr) {
            if (!people_[name.substr(7)].restore(blob)) people_.erase(name.substr(7));
        }
    }
}

void Engine::forget_people() {
    std::erase_if(people_, [&](auto const& entry) {
        if (incident(entry.first) != nullptr) return false;
        if (store_ != nullptr) pending_.blobs["people/" + entry.first].clear();
        return true;
    });
}

// Of people nothing but a hash is held here; of whom we are asked to forget, not even that.
void Engine::forget_person(std::string_view author) {
    std::uint64_t const hash = author_hash(author);
    for (auto& [incident, people] : people_)
        if (people.forget_author(hash)) keep_people(incident);
    for (auto& [brand, known] : advocates_)
        if (known.forget(hash)) advocates_kept_ = kNoTime;  // written at the next tick
}

// Once a minute: an answer that was not taken is told when it shows.
void Engine::watch_answers(WallTime now) {
    std::vector<Notice> notices;
    for (auto& [brand, desk] : desks_) {
        Incident const* const open = desk.current();
        if (open == nullptr || open->answered.empty()) continue;
        if (open->state != IncidentState::responded && open->state != IncidentState::resolved)
            continue;
        WallTime& looked = waves_looked_[brand];
        if (floor_minute(now) == looked) continue;
        looked = floor_minute(now);
        auto const known = people_.find(open->id);
        if (known == people_.end()) continue;
        std::vector<MoodStep> mood = known->second.mood();
        AfterAnswer in;
        in.covered = now;
        for (auto const& s : open->streams) {
            in.surging = in.surging || s.surging;
            StreamState const* const state = stream(s.name);
            if (state == nullptr) continue;
            in.covered = std::min(in.covered, state->intake.covered_until());
            if (!state->counts.empty()) add_counts(mood, state->counts);
        }
        for (auto const& [platform, at] : open->answered) in.answered = std::max(in.answered, at);
        in.mood = mood;
        auto const wave = second_wave(in);
        if (!wave) continue;
        desk.apply(AnswerRejected{open->id, std::string(wave->why), wave->from}, now, notices);
        touch(brand);
        handle_all(notices);
    }
}

}  // namespace surged::daemon
