// Who and what makes a surge: from the stream's newest mentions to the desk, and back from the
// store at a start.
#include "daemon/engine.h"
#include "daemon/history.h"
#include "daemon/incident_size.h"
#include "daemon/ndjson.h"
#include "daemon/surge_watch.h"

#include <algorithm>
#include <set>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// Of a surge that begins, to compare with older incidents.
constexpr std::size_t kConversationsTold = 500;
// Read back at a start: half a second of reading for what is calm, and for each incident.
constexpr std::size_t kRestoredCalm = 100'000, kRestoredIncident = 50'000;
// Told once in an incident; beyond, a mention that two streams return may weigh twice.
constexpr std::size_t kToldOnce = 200'000;
constexpr std::chrono::hours kBefore{1};  // of an incident's onset: what was usual then
constexpr std::size_t kUsual = 2;         // said so often before the onset, it is an everyday thing

// What makes the curve of a counts stream: intervals, not mentions.
std::optional<Doubling> doubling_of_counts(std::vector<Bucket> const& counts, WallTime onset,
                                           double base) {
    auto const from = std::find_if(counts.begin(), counts.end(),
                                   [&](Bucket const& b) { return b.start + b.length > onset; });
    if (from == counts.end()) return std::nullopt;
    GrowthCurve curve(from->start, from->length);
    for (auto it = from; it != counts.end(); ++it) curve.add(it->start, it->count);
    return curve.fit(counts.back().start + counts.back().length, base);
}

std::vector<std::uint64_t> said_before(RecentMentions const& recent, WallTime onset) {
    std::map<std::uint64_t, std::size_t> said;
    for (std::size_t i = 0; i < recent.size(); ++i) {
        if (recent[i].at >= onset) continue;
        if (recent[i].link != 0) ++said[recent[i].link];
        if (recent[i].likeness != 0) ++said[recent[i].likeness];
    }
    std::vector<std::uint64_t> usual;
    for (auto const& [mark, n] : said)
        if (n >= kUsual) usual.push_back(mark);
    return usual;
}

template <typename Surge>
void fill(StreamState const& stream, SurgeWatch const& watch, Verdict const& verdict, Surge& in) {
    double const window = double(verdict.window.count());
    double const base = window > 0 ? verdict.surge_expected / window : 0;
    std::optional<Doubling> const doubling =
        stream.counts.empty() ? watch.growth.fit(stream.intake.covered_until(), base)
                              : doubling_of_counts(stream.counts, watch.onset, base);
    if (doubling) {
        in.doubling = rounded_doubling(doubling->time);
        in.doubling_error = doubling->error;
    }
    SurgeFacts facts = watch.sketch.facts();
    if (!facts.told) return;
    in.composition = facts.composition;
    in.facts = std::move(facts);
}

}  // namespace

void Engine::take_stock(StreamState const& stream, SurgeWatch const& watch, Verdict const& verdict,
                        SurgeStarted& in) {
    fill(stream, watch, verdict, in);
}

void Engine::take_stock(StreamState const& stream, SurgeWatch const& watch, Verdict const& verdict,
                        SurgeGrown& in) {
    fill(stream, watch, verdict, in);
}

std::unique_ptr<SurgeWatch> Engine::watch_from(StreamState const& stream, std::string incident,
                                               WallTime onset) {
    auto fresh = std::make_unique<SurgeWatch>(std::move(incident), onset);
    std::uint64_t const platform = stable_hash(stream.settings.platform);
    for (std::size_t i = 0; i < stream.recent.size(); ++i) {
        MentionDigest const& d = stream.recent[i];
        if (d.at < onset) continue;
        fresh->sketch.add(d, stream.settings.name, platform);
        fresh->growth.add(d.at);
    }
    fresh->usual = said_before(stream.recent, onset);
    return fresh;
}

// The stream's surge is in an incident now. What an earlier surge of the same incident gathered
// stays with it.
void Engine::watch(StreamState& stream, std::unique_ptr<SurgeWatch> fresh) {
    Incident const* const incident = desk_of(stream).current();
    if (incident == nullptr) return;  // it ended before it was told
    fresh->incident = incident->id;
    if (stream.watch && stream.watch->incident == incident->id) {
        fresh->before = std::move(stream.watch->before);
        fresh->before.merge(stream.watch->sketch);
        fresh->usual = std::move(stream.watch->usual);  // before the first of them
    }
    stream.watch = std::move(fresh);
    describe(stream.settings.brand, incident->id);
}

std::optional<SurgeFacts> Engine::facts_of(Incident const& incident) const {
    SurgeSketch all;
    for (auto const& s : incident.streams) {
        StreamState const* const state = stream(s.name);
        if (state == nullptr || !state->watch || state->watch->incident != incident.id) continue;
        all.merge(state->watch->before);
        all.merge(state->watch->sketch);
    }
    if (all.added() == 0) return incident.facts;
    SurgeFacts facts = all.facts();
    if (!facts.told) return incident.facts;
    return facts;
}

void Engine::describe(std::string const& brand, std::string const& id) {
    auto const desk = desks_.find(brand);
    if (desk == desks_.end()) return;
    Incident const* const incident = desk->second.find(id);
    if (incident == nullptr) return;
    std::optional<SurgeFacts> facts = facts_of(*incident);
    if (!facts) return;
    std::vector<std::uint64_t> usual;
    for (auto const& s : incident->streams)
        if (StreamState const* const state = stream(s.name); state != nullptr && state->watch)
            usual.insert(usual.end(), state->watch->usual.begin(), state->watch->usual.end());
    std::sort(usual.begin(), usual.end());
    desk->second.describe(id, std::move(*facts), usual);
    touch(brand);
}

// It is closed: as it stands now it will be known when it comes back.
void Engine::release(std::string const& id) {
    Incident const* const closed = incident(id);
    if (closed == nullptr) return;
    describe(closed->brand, id);
    told_mentions_.erase(id);
    if (auto const it = people_.find(id); it != people_.end()) it->second.shrink();
    keep_people(id);
    for (auto& [name, s] : streams_)
        if (s->watch && s->watch->incident == id) s->watch.reset();
    // Its curve goes long before it does.
    if (store_ != nullptr && !closed->drill)
        keep(size_name(id),
             save_size(incident_size(*this, entries_of(*this, id).events, closed->closed)));
}

// --- conversations

// The distinct ones, newest first: what tells the desk that an old incident goes on. Whoever
// reposts or quotes is in the conversation of that post too.
std::vector<ConversationKey> Engine::conversations_since(StreamState const& stream,
                                                         WallTime onset) {
    std::set<ConversationKey> found;
    for (std::size_t i = stream.recent.size(); i-- > 0 && found.size() < kConversationsTold;) {
        MentionDigest const& d = stream.recent[i];
        if (d.at < onset) continue;
        found.insert(ConversationKey::of(d.conversation));
        if (d.target != 0) found.insert(ConversationKey::of(d.target));
    }
    return {found.begin(), found.end()};
}

bool Engine::shares_platform(StreamState const& stream) const {
    BrandSettings const* const brand = settings_.brand(stream.settings.brand);
    return brand != nullptr &&
           std::any_of(brand->streams.begin(), brand->streams.end(), [&](StreamSettings const& s) {
               return s.platform == stream.settings.platform && s.name != stream.settings.name;
           });
}

// A mention counts once in an incident, by however many streams it came.
void Engine::tell_mention(StreamState const& stream, MentionDigest const& digest, bool shared) {
    Desk& desk = desk_of(stream);
    if (Incident const* const incident = shared ? desk.current() : nullptr; incident != nullptr) {
        auto& told = told_mentions_[incident->id];
        std::uint64_t const identity =
            stable_hash(stream.settings.platform) ^ digest.key * 0x9e3779b97f4a7c15ULL;
        if (told.contains(identity)) return;
        if (told.size() < kToldOnce) told.insert(identity);
    }
    if (Incident const* const incident = desk.current())
        hear_people(stream, *incident, digest, false);
    Targets const targets = targets_of(digest);
    desk.apply(IncidentMention{stream.settings.name,
                               ConversationKey::of(digest.conversation),
                               {targets.data(), targets.size()}});
}

void Engine::feed_incident(StreamState& stream, WallTime onset) {
    bool const shared = shares_platform(stream);
    for (std::size_t i = 0; i < stream.recent.size(); ++i)
        if (stream.recent[i].at >= onset) tell_mention(stream, stream.recent[i], shared);
    Incident const* const incident = desk_of(stream).current();
    if (incident == nullptr) return;
    answer_known(*incident, stream.settings.platform);
    for (auto const& m : stream.visible)
        if (m.at >= onset) offer(stream, *incident, m, m.at);
}

// --- a start

// One stream's mentions from `from` on, at most `limit` of them; those since `since` belong to its
// open incident. Returns how many were read.
std::size_t Engine::restore_mentions(StreamState& stream, WallTime from, WallTime since,
                                     std::size_t limit) {
    auto const rows = store_->mentions(stream.settings.name, from, WallTime::max(), limit);
    std::uint64_t const platform = stable_hash(stream.settings.platform);
    bool const shared = stream.watch && shares_platform(stream);
    NdjsonReader reader;
    MentionBatch batch;
    for (MentionRow const& row : rows) {
        batch.clear();
        auto const parsed = reader.read(row.body, batch);
        if (!parsed) continue;  // erased: it counts, and nothing is known of it
        if (classify(parsed->mention, stream.settings.exclude) != Arrival::counted) continue;
        MentionDigest const digest = digest_of(parsed->mention, row.at);
        stream.recent.push(digest);
        if (!stream.watch || row.at < since) continue;
        bool const fresh = !shared || told_mentions_[stream.watch->incident]
                                          .insert(platform ^ digest.key * 0x9e3779b97f4a7c15ULL)
                                          .second;
        if (Incident const* const open = fresh ? desk_of(stream).current() : nullptr)
            hear_people(stream, *open, digest, false);
        bool const now = row.at >= stream.watch->onset;
        (now ? stream.watch->sketch : stream.watch->before)
            .add(digest, stream.settings.name, platform);
        if (now) stream.watch->growth.add(row.at);
    }
    return rows.size();
}

void Engine::restore_mentions(WallTime now) {
    for (auto const& [brand, desk] : desks_) {
        Incident const* const open = desk.current();
        if (open == nullptr) continue;
        for (auto const& s : open->streams) {
            StreamState* const state = stream(s.name);
            if (state == nullptr) continue;
            WallTime const since = s.since == WallTime{} ? s.onset : s.since;
            state->watch = std::make_unique<SurgeWatch>(open->id, s.onset);
            (void)restore_mentions(*state, since - kBefore, since, kRestoredIncident);
            state->watch->usual = said_before(state->recent, since);
        }
    }
    std::size_t left = kRestoredCalm;
    for (auto& [name, state] : streams_) {
        if (state->watch || left == 0) continue;
        auto const ids = store_->newest(name, std::min(left, RecentMentions::kMost));
        if (ids.empty()) continue;
        WallTime const from = std::max(ids.front().at, now - RecentMentions::kMemory);
        left -= std::min(left, restore_mentions(*state, from, from, ids.size()));
    }
}

// --- what people see

// Mentions behind counts stand under the name of what read them.
std::optional<MentionRow> Engine::kept(std::string const& stream, MentionKey key,
                                       WallTime at) const {
    if (store_ == nullptr) return std::nullopt;
    constexpr std::size_t kSameInstant = 200;
    for (std::string const& name : {stream, "evidence/" + stream})
        for (MentionRow const& row :
             store_->mentions(name, at, at + std::chrono::milliseconds{1}, kSameInstant))
            if (row.key == key && !row.body.empty()) return row;
    return std::nullopt;
}

std::string Engine::kept_link(VisiblePost const& post) const {
    auto const row = kept(post.stream, post.key, post.at);
    if (!row) return {};
    NdjsonReader reader;
    MentionBatch batch;
    auto const parsed = reader.read(row->body, batch);
    return parsed ? std::string(parsed->mention.url) : std::string{};
}

std::string Engine::visible_link(Incident const& incident) const {
    if (!incident.facts) return {};
    for (VisiblePost const& post : incident.facts->visible)
        if (std::string link = kept_link(post); !link.empty()) return link;
    return {};
}

}  // namespace surged::daemon
