// The engine's way of what is read besides the streams: own posts, and mentions behind counts.
#include "daemon/engine.h"
#include "daemon/ndjson.h"
#include "detectors/links.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kNewestOwnIds = 20'000;  // read back at a start; older ones are asked for
// What answers are built from at a start: so many mentions of each stream, so far back.
constexpr std::size_t kAnswerRows = 5'000;
constexpr std::chrono::hours kAnswersFrom{72};

std::string place_of(std::string const& brand, std::string const& platform) {
    return brand + "/" + platform;
}

}  // namespace

// What is configured now; what goes on keeps its state.
void Engine::build_sides() {
    std::map<std::string, std::unique_ptr<SideState>, std::less<>> next;
    for (SideSource& source : side_sources(settings_)) {
        std::string const name = source.settings.name;
        auto const known = sides_.find(name);
        if (known != sides_.end() &&
            known->second->source.settings.account == source.settings.account) {
            known->second->source = std::move(source);
            next[name] = std::move(known->second);
        } else {
            next[name] = std::make_unique<SideState>(std::move(source));
        }
    }
    sides_ = std::move(next);
}

void Engine::restore_side(StoredStream const& stored) {
    auto const it = sides_.find(stored.name);
    if (it == sides_.end()) return;
    SideState& side = *it->second;
    if (!stored.state.empty() && !load_side(side, stored.state))
        return;  // read anew: ids are known
    side.cursor = stored.cursor;
    auto const ids = store_->newest(stored.name, kNewestOwnIds);
    if (ids.size() == kNewestOwnIds) side.seen.set_floor(ids.front().at);
    for (auto const& row : ids) side.seen.load(row.key, row.at);
}

// The index of questions and answers is what the store's mentions say: it is not stored itself.
void Engine::rebuild_answers(WallTime now) {
    NdjsonReader reader;
    MentionBatch batch;
    WallTime since = now - kAnswersFrom;
    for (auto const& [brand, desk] : desks_)
        if (Incident const* const open = desk.current()) since = std::min(since, open->onset);
    auto const read = [&](std::string const& name, StreamSettings const& settings, bool own_side) {
        Answers& answers = answers_[place_of(settings.brand, settings.platform)];
        auto rows = store_->mentions(name, since, now + Intake::kAheadMax, kAnswerRows);
        for (auto const& row : rows) {
            batch.clear();
            auto const parsed = reader.read(row.body, batch);
            if (!parsed) continue;
            Mention const& m = parsed->mention;
            if (own_side || classify(m, settings.exclude) == Arrival::own)
                (void)answers.answer(m.id, m.in_reply_to, row.at);
            else
                (void)answers.question(m, row.at);
        }
    };
    for (auto const& [name, s] : streams_) read(name, s->settings, false);
    for (auto const& [name, side] : sides_)
        if (side->source.use == SideSource::Use::own) read(name, side->source.settings, true);
    for (auto const& [brand, desk] : desks_)
        if (Incident const* const open = desk.current())
            for (auto const& s : open->streams) answer_known(*open, s.platform);
}

SideState const* Engine::side(std::string_view name) const {
    auto const it = sides_.find(name);
    return it == sides_.end() ? nullptr : it->second.get();
}

bool Engine::side_wanted(SideState const& side) const {
    if (side.source.use == SideSource::Use::own) return true;
    StreamState const* const counted = stream(side.source.of);
    return counted != nullptr && counted->judge.surging() && side.since != kNoTime &&
           side.pages < kEvidencePages;
}

bool Engine::side_rushed(SideState const& side) const {
    if (side.source.use == SideSource::Use::evidence) return true;
    auto const desk = desks_.find(side.source.settings.brand);
    return desk != desks_.end() && desk->second.current() != nullptr;
}

Answers const* Engine::answers(std::string const& brand, std::string const& platform) const {
    auto const it = answers_.find(place_of(brand, platform));
    return it == answers_.end() ? nullptr : &it->second;
}

bool Engine::record_side(SideState& side, PollPage const& page, MentionBatch const& batch,
                         WallTime covered_until, WallTime now) {
    if (!disk_trouble_.empty() && !flush(now)) return false;
    if (side.source.use == SideSource::Use::own)
        take_own(side, batch, now);
    else
        take_evidence(side, batch, now);
    ++side.pages;
    side.cursor = page.cursor;
    side.covered_until = std::max(side.covered_until, covered_until);
    dirty_sides_.push_back(side.source.settings.name);
    return flush(now);
}

// What an account of ours wrote. Whose it is follows from the brand's `own`: a post of somebody
// else in our list (a share that the platform mixed in) is not ours.
void Engine::take_own(SideState& side, MentionBatch const& batch, WallTime now) {
    StreamSettings const& settings = side.source.settings;
    Seen::Older older;
    if (store_ != nullptr) older = [&](MentionKey key) { return store_->seen(settings.name, key); };
    // The desk hears of our posts in the order in which we wrote them; pages come newest first.
    std::vector<std::pair<WallTime, Mention const*>> fresh;
    for (Mention const& m : batch.items) {
        bool const named = !m.author.id.empty() || !m.author.handle.empty();
        if (named && classify(m, settings.exclude) != Arrival::own) continue;
        if (!m.reposts.empty() || !side.seen.insert(key_of(m.id), m.created_at, older)) continue;
        WallTime const at = Intake::event_time(m, now);
        fresh.emplace_back(at, &m);
        keep_mention(settings, m, at, now);
    }
    std::stable_sort(fresh.begin(), fresh.end(),
                     [](auto const& a, auto const& b) { return a.first < b.first; });
    for (auto const& [at, m] : fresh) own_post(settings.brand, settings.platform, *m, at, now);
}

// One post of ours, by whichever way it came; by two ways it is told twice, and known the second
// time.
void Engine::own_post(std::string const& brand, std::string const& platform, Mention const& m,
                      WallTime at, WallTime now) {
    OwnPosts& ours = own_posts_[place_of(brand, platform)];
    bool const known = ours.find(m.id) != nullptr;
    ours.add({std::string(m.id), std::string(m.url), at, stable_hash(m.text)});
    if (!known) {
        Answers& answers = answers_[place_of(brand, platform)];
        if (auto const link = answers.answer(m.id, m.in_reply_to, at))
            answer_people(brand, platform, key_of(link->question), link->asked,
                          link->first ? std::optional(link->after()) : std::nullopt);
        check_account(brand, platform, m, at, now);
        if (!m.quotes.empty())
            answer_people(brand, platform, key_of(m.quotes), kNoTime, std::nullopt);
    }
    auto const desk = desks_.find(brand);
    if (desk == desks_.end()) return;
    OwnPost post;
    post.platform = platform;
    post.id = m.id;
    post.url = m.url;
    post.in_reply_to = m.in_reply_to;
    post.quotes = m.quotes;
    post.conversation = m.conversation;
    post.at = at;
    std::vector<Notice> notices;
    desk->second.apply(post, now, notices);
    touch(brand);
    handle_all(notices);
    hear_answer(brand, platform, m, at, now);
}

// A surge of counts has begun: the mentions behind it are fetched from its onset on.
void Engine::begin_evidence(std::string const& stream, WallTime onset) {
    auto const it = sides_.find("evidence/" + stream);
    if (it == sides_.end()) return;
    SideState& side = *it->second;
    side.cursor.clear();
    side.since = side.covered_until = onset;
    side.pages = 0;
    dirty_sides_.push_back(it->first);
}

// Mentions behind counts: evidence for conversations and for what may vanish, never counted again.
void Engine::take_evidence(SideState& side, MentionBatch const& batch, WallTime now) {
    StreamState* const found = stream(side.source.of);
    if (found == nullptr) return;
    StreamState& counted = *found;
    StreamSettings const& settings = side.source.settings;
    Seen::Older older;
    if (store_ != nullptr) older = [&](MentionKey key) { return store_->seen(settings.name, key); };
    WallTime joined = kNoTime;
    if (Incident const* const incident = desk_of(counted).current())
        for (auto const& s : incident->streams)
            if (s.name == counted.settings.name) joined = s.onset;
    bool const shared = joined != kNoTime && shares_platform(counted);
    for (Mention const& m : batch.items) {
        WallTime const at = Intake::event_time(m, now);
        Arrival const arrival = classify(m, settings.exclude);
        if (arrival == Arrival::excluded || at < side.since) continue;
        if (!side.seen.insert(key_of(m.id), m.created_at, older)) continue;
        keep_mention(settings, m, at, now);
        if (arrival == Arrival::own)
            own_post(settings.brand, settings.platform, m, at, now);
        else
            note_mention(counted, m, at, joined, shared, now);
    }
    touch(settings.brand);
}

void Engine::write_sides() {
    for (auto const& name : dirty_sides_) {
        auto const it = sides_.find(name);
        if (it == sides_.end()) continue;
        StreamWrite& write = write_of(name);
        write.cursor = it->second->cursor;
        write.state = save_side(*it->second);
    }
    for (auto& [place, own] : own_posts_)
        if (std::exchange(own.dirty, false)) pending_.blobs["ours/" + place] = save_own_posts(own);
    if (evidence_.dirty()) pending_.blobs["evidence"] = evidence_.save();
}

std::string Engine::reading_account(std::string const& brand, std::string const& platform) const {
    for (auto const& [name, side] : sides_)
        if (side->source.settings.brand == brand && side->source.settings.platform == platform)
            return side->source.settings.account;
    if (BrandSettings const* const settings = settings_.brand(brand))
        for (auto const& s : settings->streams)
            if (s.platform == platform && !s.account.empty()) return s.account;
    return {};
}

}  // namespace surged::daemon
