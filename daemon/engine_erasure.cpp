// The engine's way of forgetting: on request, and when the time is over.
#include "daemon/engine.h"
#include "daemon/ndjson.h"
#include "daemon/pollers/pollers.h"
#include "detectors/erasure.h"

#include <set>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// One step each: some ten milliseconds.
constexpr std::size_t kBodiesAtOnce = 5'000, kPagesAtOnce = 2'048;
// Of a request: 200,000 texts are searched at once (a second), the rest as the clocks tick.
constexpr int kStepsAtOnce = 40;
constexpr std::chrono::milliseconds kPause{50};  // between two steps: others have the loop
constexpr std::chrono::seconds kAgain{5};        // after a failure
constexpr std::size_t kPruneRows = 20'000;       // a transaction of about 50 ms
constexpr std::size_t kEntriesAtOnce = 5'000;
constexpr std::chrono::hours kSeriesKept{24 * 90};
constexpr std::size_t kIdMost = 1'000;  // no platform's id is longer

// Every platform whose posts may be kept.
std::vector<std::string> platforms_meant(std::string const& named) {
    if (!named.empty()) return {named};
    std::vector<std::string> all;
    for (PlatformRow const& row : platforms()) all.emplace_back(row.name);
    return all;
}

}  // namespace

// Everything outside the table of bodies that holds words, names or links of people. Whoever adds
// such a state gives it an erase(Erasure) and a line here: that serves `forget` and keep_mentions
// both. (Journal, outbox and incidents hold ids, hashes and nameless links only: links.h; answers_
// and the digests of mentions hold ids and hashes.)
void Engine::erase_held(Erasure const& erasure) {
    for (auto& [name, s] : streams_) {
        s->erase_visible(erasure);
        if (s->questions && s->questions->erase(s->settings.platform, erasure)) {
            s->questions_dirty = true;
            touch(*s);
        }
    }
    evidence_.erase(erasure);
}

Erasure Engine::erasure() const {
    Erasure out;
    out.mention = [this](std::string_view platform, std::string_view id) {
        return forgotten_.mention(platform, id);
    };
    out.author = [this](std::string_view platform, std::string_view who) {
        return forgotten_.author(platform, who);
    };
    return out;
}

// --- on request

bool Engine::knows_mention(std::string const& platform, std::string const& id) const {
    MentionKey const key = key_of(id);
    auto const holds = [&](StreamSettings const& s) {
        return s.platform == platform && store_->seen(s.name, key);
    };
    for (auto const& [name, s] : streams_)
        if (holds(s->settings)) return true;
    for (auto const& [name, side] : sides_)
        if (holds(side->source.settings)) return true;
    return forgotten_.mention(platform, id);
}

Heard Engine::forget(ForgetWanted const& wanted, WallTime now, Forgot& out) {
    out = {};
    if (wanted.author.empty() && wanted.mention.empty())
        return {Refusal::unprocessable, "say whom or what: `author` or `mention`"};
    if (wanted.author.size() > kIdMost || wanted.mention.size() > kIdMost)
        return {Refusal::unprocessable, "no id is that long"};
    if (!wanted.platform.empty() && platform(wanted.platform) == nullptr)
        return {Refusal::unprocessable,
                "`platform`: there is no platform '" + wanted.platform + "'"};
    if (store_ == nullptr || !flush(now))
        return {Refusal::conflict, "the state directory takes no writes: nothing was erased"};
    // First that it must not come back, then what is there: a crash in between finds the mark.
    bool known = false;
    std::vector<std::pair<bool, std::string>> fresh;  // author?, platform
    for (std::string const& on : platforms_meant(wanted.platform)) {
        if (!wanted.author.empty()) {
            if (forgotten_.add(true, on, wanted.author, now, wanted.by, pending_))
                fresh.emplace_back(true, on);
            else
                known = true;
        }
        if (wanted.mention.empty()) continue;
        known = known || knows_mention(on, wanted.mention);
        if (forgotten_.add(false, on, wanted.mention, now, wanted.by, pending_))
            fresh.emplace_back(false, on);
    }
    erase_held(erasure());
    if (!wanted.author.empty()) forget_person(wanted.author);
    if (!wanted.mention.empty())
        for (auto& [incident, people] : people_)
            if (people.forget_mention(key_of(wanted.mention))) keep_people(incident);
    begin_erasing(now);
    if (!flush(now))
        return {Refusal::conflict,
                "the state directory takes no writes: it is erased as soon as it does"};
    int steps = 0;
    for (Result<bool> more = true; more && *more && steps < kStepsAtOnce; ++steps) {
        more = erase_some(now);
        bool const searched = erasing_.stage == Erasing::Stage::scrub;
        if (!searched || known || erasing_.texts > 0) continue;
        for (auto const& [is_author, on] : fresh)
            forgotten_.remove(is_author, on, is_author ? wanted.author : wanted.mention, pending_);
        if (!forgotten_.unfinished()) erasing_ = {};
        flush(now);
        return {Refusal::not_found, "nothing is kept of it"};
    }
    out.texts = erasing_.texts;
    out.complete = erasing_.stage == Erasing::Stage::idle;
    hooks_.log("info", "forgotten on request of " + wanted.by + ": " + std::to_string(out.texts) +
                           " texts erased" + (out.complete ? "" : " so far"));
    return {};
}

void Engine::begin_erasing(WallTime now) {
    erasing_ = {};
    erasing_.stage = Erasing::Stage::search;
    erasing_.next = now;
}

// True when there is more to do.
Result<bool> Engine::erase_some(WallTime now) {
    if (erasing_.stage == Erasing::Stage::idle) return false;
    if (erasing_.stage == Erasing::Stage::search) return search_some(now);
    auto const more = store_->scrub(erasing_.page, kPagesAtOnce);
    if (!more || *more) return more;
    forgotten_.finish(pending_);
    erasing_.stage = Erasing::Stage::idle;
    flush(now);
    return false;
}

// The texts go in one transaction with the marks of their posts: by those whatever else holds
// something of them is told, now or after a crash.
Result<bool> Engine::search_some(WallTime now) {
    NdjsonReader reader;
    MentionBatch batch;
    std::size_t found = 0;
    auto const last = store_->bodies(
        erasing_.at, kBodiesAtOnce, [&](BodyPlace const& place, std::string_view body) {
            batch.clear();
            auto const row = reader.read(body, batch);
            if (!row || !forgotten_.covers(row->platform, row->mention)) return;
            pending_.erase.push_back(place);
            ++found;
            Mention const& m = row->mention;
            if (!forgotten_.by_author(row->platform, m)) return;
            // Who changes his handle is still the same; and what others repost of it is his.
            if (!m.author.id.empty()) forget_person(m.author.id);
            if (!m.author.id.empty())
                forgotten_.add(true, row->platform, m.author.id, now, {}, pending_);
            forgotten_.add(false, row->platform, m.id, now, {}, pending_);
            erasing_.again = true;
        });
    if (!last) return last.error();
    erasing_.texts += found;
    if (found > 0) {
        erase_held(erasure());
        if (!flush(now)) return Failure(Fault::transient, disk_trouble_);
    }
    if (*last) {
        erasing_.at = **last;
    } else if (erasing_.again && !erasing_.second) {
        erasing_.second = true;
        erasing_.at = {};
    } else {
        erasing_.stage = Erasing::Stage::scrub;
        erasing_.page = 0;
    }
    return true;
}

void Engine::go_on_erasing(WallTime now) {
    if (erasing_.stage == Erasing::Stage::idle || now < erasing_.next) return;
    auto const more = erase_some(now);
    if (!more) metrics_.storage_error("erase");
    erasing_.next = now + (more ? kPause : std::chrono::milliseconds{kAgain});
}

// --- when the time is over

// Of one step: is there another of its kind? A failure ends the round; the next one begins anew.
bool Engine::expired(Result<bool> const& step, std::string_view what) {
    if (step) return *step;
    metrics_.storage_error("prune");
    hooks_.log("warning", "what is over its time stays for now (" + std::string(what) +
                              "): " + step.error().detail);
    return false;
}

bool Engine::expire(WallTime now) {
    using Stage = Expiring::Stage;
    WallTime const texts = now - settings_.storage.keep_mentions;
    WallTime const incidents = now - settings_.storage.keep_incidents;
    switch (expiring_.stage) {
        case Stage::begin: {
            for (auto& [brand, desk] : desks_) {
                std::size_t const before = desk.incidents().size();
                desk.forget_closed_before(incidents);
                if (desk.incidents().size() != before) touch(brand);
            }
            forget_people();
            forget_questions(now);
            Erasure old;
            old.before = texts;
            erase_held(old);
            if (!flush(now) || store_ == nullptr) return false;
            expiring_ = {Stage::prune, 0};
            return true;
        }
        case Stage::prune:
            if (!expired(store_->prune(texts, now - kSeriesKept, kPruneRows), "texts"))
                expiring_.stage = Stage::sign_off;
            return true;
        case Stage::sign_off: {
            std::vector<std::string> kept;
            for (auto const& [brand, desk] : desks_)
                for (Incident const& i : desk.incidents()) kept.push_back(i.id);
            if (!expired(store_->sign_off(incidents, kept, now, kEntriesAtOnce), "journal"))
                expiring_.stage = Stage::scrub;
            return true;
        }
        case Stage::scrub:
            if (expired(store_->scrub(expiring_.page, kPagesAtOnce), "unused space")) return true;
            expiring_ = {};
            return false;
    }
    return false;
}

}  // namespace surged::daemon
