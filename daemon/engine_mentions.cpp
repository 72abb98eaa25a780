// The engine's way of a mention: page -> intake -> judge -> desk.
#include "daemon/engine.h"
#include "daemon/mention_body.h"
#include "daemon/surge_watch.h"
#include "detectors/wording.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// The newest intervals, each once: a revision replaces. Returns what the interval counted before, 0
// when it was not known; nothing when it is older than all that are kept, so that nobody knows.
std::optional<double> keep_count(std::vector<Bucket>& counts, Bucket const& bucket) {
    auto const at =
        std::lower_bound(counts.begin(), counts.end(), bucket.start,
                         [](Bucket const& b, WallTime start) { return b.start < start; });
    if (at != counts.end() && at->start == bucket.start) return std::exchange(*at, bucket).count;
    if (counts.size() >= StreamState::kCounts) {
        if (at == counts.begin()) return std::nullopt;
        counts.insert(at, bucket);
        counts.erase(counts.begin());
        return 0;
    }
    counts.insert(at, bucket);
    return 0;
}

}  // namespace

// Its identity for ever, its words for keep_mentions; of a forgotten one the identity alone.
void Engine::keep_mention(StreamSettings const& stream, Mention const& m, WallTime at,
                          WallTime first_sight) {
    if (store_ == nullptr) return;
    std::string body;
    if (!forgotten_.covers(stream.platform, m))
        body = mention_body(m, stream.platform, at, first_sight);
    write_of(stream.name)
        .mentions.push_back({key_of(m.id), at, std::string(m.id), std::move(body)});
}

Absorbed Engine::absorb(StreamState& stream, MentionBatch const& batch, WallTime now) {
    Absorbed sum;
    Seen::Older older;
    if (store_ != nullptr)
        older = [this, &stream](MentionKey key) { return store_->seen(stream.settings.name, key); };
    BrandSettings const* const brand = settings_.brand(stream.settings.brand);
    Incident const* const current = desk_of(stream).current();
    WallTime joined = kNoTime;  // mentions from here on belong to the open incident
    if (current != nullptr)
        for (auto const& s : current->streams)
            if (s.name == stream.settings.name && s.kind != SurgeKind::unanswered) joined = s.onset;
    bool const shared = joined != kNoTime && shares_platform(stream);
    std::size_t untimed = 0;
    for (Mention const& m : batch.items) {
        WallTime const first_sight = m.seen_at == kNoTime ? now : m.seen_at;
        WallTime const at = Intake::event_time(m, first_sight);
        Arrival arrival = classify(m, stream.settings.exclude);
        if (arrival == Arrival::excluded) {
            ++sum.excluded;
            continue;
        }
        MentionKey const key = key_of(m.id);
        if (!stream.seen.insert(key, m.created_at, older)) {
            ++sum.duplicate;
            continue;
        }
        keep_mention(stream.settings, m, at, first_sight);
        if (arrival == Arrival::own) {
            ++sum.own;
            own_post(stream.settings.brand, stream.settings.platform, m, at, now);
            continue;
        }
        if (stream.history_from == kNoTime && (stream.earliest == kNoTime || at < stream.earliest))
            stream.earliest = at;
        WallTime const when =
            m.created_at == kNoTime ? stream.intake.spread(untimed++, first_sight) : at;
        arrival = stream.intake.add(when);
        ++sum.counted;
        if (arrival != Arrival::late) stream.judge.note(when, m);
        if (arrival == Arrival::late) {
            ++sum.late;
            stream.judge.late(at, 1);
        } else if (sum.earliest == kNoTime || at < sum.earliest) {
            sum.earliest = at;
        }
        if (brand != nullptr)
            for (auto const& word : brand->rules.raise.words)
                if (contains_word(m.text, word))
                    stream.raise_word_at = std::max(stream.raise_word_at, at);
        note_mention(stream, m, at, joined, shared, now);
    }
    if (stream.blind) stream.recovered += sum.counted;
    stream.mentions += sum.counted;
    stream.late += sum.late;
    stream.duplicate += sum.duplicate;
    stream.excluded += sum.excluded;
    if (joined != kNoTime && sum.counted > 0) touch(stream.settings.brand);
    return sum;
}

void Engine::cover(StreamState& stream, WallTime from, WallTime until, WallTime now) {
    if (until == kNoTime || until <= from) return;
    if (stream.history_from == kNoTime) {
        // A stream's history begins with its first mention: before it the brand or the query may
        // not have existed, and an invented silence would make every first mention a surge.
        WallTime const first = stream.earliest == kNoTime ? until : floor_minute(stream.earliest);
        from = std::max(from, std::min(first, until));
        stream.history_from = from;
    }
    // A stream that found nothing at first asks again as far back as the platform reaches.
    from = std::max(from, stream.history_from);
    if (until <= from) return;
    Interval const hole = stream.intake.cover(from, until);
    if (hole.until > hole.from && hole.from != kNoTime) {
        stream.gap_seconds += std::chrono::duration<double>(hole.until - hole.from).count();
        stream.intake.give_up(hole);
        stream_event(
            stream, EventName::stream_gap,
            "not told by the platform: " + rfc3339(hole.from) + " to " + rfc3339(hole.until), now);
    }
    judge(stream, now);
}

void Engine::judge(StreamState& stream, WallTime now) {
    judgements_.clear();
    judged_.clear();
    bool const wanted = store_ != nullptr || hooks_.judged;
    stream.judge.advance(stream.intake, judgements_, wanted ? &judged_ : nullptr);
    if (store_ != nullptr) chart(stream, judged_);
    if (hooks_.judged)
        for (Judged const& j : judged_) hooks_.judged(stream, j);
    tell(stream, judgements_, now);
}

void Engine::count(StreamState& stream, Bucket const& bucket, WallTime now) {
    judgements_.clear();
    judged_.clear();
    stream.judge.advance(bucket, judgements_, hooks_.judged ? &judged_ : nullptr);
    if (hooks_.judged)
        for (Judged const& j : judged_) hooks_.judged(stream, j);
    revise(stream, bucket, keep_count(stream.counts, bucket));
    tell(stream, judgements_, now);
}

// The platform's word on one interval of a counts stream.
void Engine::take_count(StreamState& stream, Bucket const& bucket) {
    auto const kept = keep_count(stream.counts, bucket);
    // Minutes that are not judged yet are known however many they are.
    auto const replaced = stream.intake.set_count(bucket.start, bucket.count);
    revise(stream, bucket, replaced ? replaced : kept);
    if (stream.history_from == kNoTime && bucket.count > 0 &&
        (stream.earliest == kNoTime || bucket.start < stream.earliest))
        stream.earliest = bucket.start;
}

// The sum of an interval's latest values: what it counted before is taken back. One of which nobody
// knows any more what it counted stays as it was.
void Engine::revise(StreamState& stream, Bucket const& bucket, std::optional<double> before) {
    if (!before) return;
    auto const was = static_cast<std::uint64_t>(std::llround(*before));
    auto const is = static_cast<std::uint64_t>(std::llround(bucket.count));
    stream.mentions += is;
    stream.mentions -= std::min(was, stream.mentions);
    stream.mentions_most = std::max(stream.mentions_most, stream.mentions);
    if (stream.blind && is > was) stream.recovered += is - was;
}

void Engine::end_history(StreamState& stream, WallTime now) {
    judgements_.clear();
    stream.judge.end_history(judgements_);
    tell(stream, judgements_, now);
    // A surge that began in the last minutes, which still wait for stragglers, is under way too: it
    // must not wait for a next page that a push stream may never get.
    if (store_ != nullptr) judge(stream, now);
    forget_old_questions(stream, now);
    if (stream.judge.learning() && stream.history_from != kNoTime)
        stream_event(stream, EventName::stream_learning, "less than a day of history", now);
    touch(stream);
}

void Engine::tell(StreamState& stream, std::vector<Judgement> const& told, WallTime now) {
    std::vector<Notice> notices;
    Desk& desk = desk_of(stream);
    for (Judgement const& judgement : told) {
        Verdict const& verdict = judgement.verdict;
        switch (verdict.transition) {
            case Transition::started: {
                Incident const* const before = desk.current();
                bool known = false;
                if (before != nullptr)
                    for (auto const& s : before->streams)
                        known = known ||
                                (s.name == stream.settings.name && s.kind != SurgeKind::unanswered);
                SurgeStarted in;
                in.stream = stream.settings.name;
                in.verdict = verdict;
                in.raise_word =
                    stream.raise_word_at != kNoTime && stream.raise_word_at >= verdict.onset;
                in.late = judgement.late;
                in.conversations = conversations_since(stream, verdict.onset);
                auto fresh = watch_from(stream, {}, verdict.onset);
                take_stock(stream, *fresh, verdict, in);
                for (std::size_t i = 0; i < stream.recent.size(); ++i) {
                    MentionDigest const& d = stream.recent[i];
                    if (d.at < verdict.onset) continue;
                    ++in.mentions;
                    for (ConversationKey const target : targets_of(d))
                        count_target(in.points_to, target);
                }
                if (!known) begin_evidence(stream.settings.name, verdict.onset);
                desk.apply(in, now, notices);
                if (!known) feed_incident(stream, verdict.onset);
                watch(stream, std::move(fresh));
                break;
            }
            case Transition::grown: {
                SurgeGrown in;
                in.stream = stream.settings.name;
                in.verdict = verdict;
                if (stream.watch) take_stock(stream, *stream.watch, verdict, in);
                desk.apply(in, now, notices);
                if (stream.watch) describe(stream.settings.brand, stream.watch->incident);
                break;
            }
            case Transition::new_normal:
                stream_event(stream, EventName::stream_new_normal, "the surge has become the usual",
                             now);
                [[fallthrough]];
            case Transition::ended: {
                SurgeEnded in;
                in.stream = stream.settings.name;
                in.verdict = verdict;
                desk.apply(in, now, notices);
                break;
            }
            case Transition::none: break;
        }
        handle_all(notices);
        touch(stream.settings.brand);
    }
}

void Engine::chart(StreamState& stream, std::vector<Judged> const& judged) {
    for (Judged const& j : judged) {
        std::int64_t const minute = minute_index(j.start);
        std::int64_t const hour = minute / 60;
        auto& points = stream.curve[hour];
        if (points.empty()) points = stored_hour(stream, hour);
        points[static_cast<std::size_t>(minute % 60)] = {
            float(j.observed),         float(j.expected), float(j.upper), float(j.score), true,
            detectors::pack(j.grounds)};
        if (stream.dirty_hours.empty() || stream.dirty_hours.back() != hour)
            stream.dirty_hours.push_back(hour);
        while (stream.curve.size() > 3 && store_ == nullptr)
            stream.curve.erase(stream.curve.begin());
    }
}

std::vector<SeriesPoint> Engine::stored_hour(StreamState const& stream, std::int64_t hour) const {
    if (auto const it = stream.curve.find(hour); it != stream.curve.end() && !it->second.empty())
        return it->second;
    if (store_ != nullptr) {
        auto const stored = store_->series(stream.settings.name, hour, hour + 1);
        if (!stored.empty()) return series_points(stored.front().blob);
    }
    return series_points({});
}

std::vector<SeriesPoint> Engine::series_hour(StreamState const& stream, std::int64_t hour) const {
    std::vector<SeriesPoint> points = stored_hour(stream, hour);
    // Minutes that are complete but still wait for stragglers: what is known of them so far.
    std::vector<Bucket> open;
    stream.intake.provisional(open, false);
    Verdict const& now = stream.judge.last();
    for (Bucket const& bucket : open) {
        std::int64_t const minute = minute_index(bucket.start);
        if (minute / 60 != hour) continue;
        points[static_cast<std::size_t>(minute % 60)] = {float(bucket.count),
                                                         float(now.expected),
                                                         float(now.upper),
                                                         float(now.score),
                                                         true,
                                                         detectors::pack(now.grounds)};
    }
    return points;
}

bool Engine::record(std::string const& name, PollPage const& page, MentionBatch const& batch,
                    WallTime covered_from, WallTime covered_until, WallTime now) {
    if (auto const it = sides_.find(name); it != sides_.end())
        return record_side(*it->second, page, batch, covered_until, now);
    StreamState* const found = stream(name);
    if (found == nullptr) return true;  // removed by a reload while its last page was under way
    StreamState& stream = *found;
    if (!disk_trouble_.empty() && !flush(now)) return false;
    absorb(stream, batch, now);
    stream.malformed += page.malformed;
    for (auto const& bucket : page.counts) take_count(stream, bucket);
    stream.cursor = page.cursor;
    if (covered_until != kNoTime)
        cover(stream, covered_from == kNoTime ? stream.intake.covered_until() : covered_from,
              covered_until, now);
    if (page.complete && stream.judge.in_history()) end_history(stream, now);
    touch(stream);
    return flush(now);
}

PushResult Engine::push(std::string const& name, MentionBatch const& batch, std::uint64_t rejected,
                        WallTime now) {
    StreamState& stream = *this->stream(name);
    Absorbed const sum = absorb(stream, batch, now);
    stream.malformed += rejected;
    // What a polled stream covers is known by its polls: a push adds mentions to it, no silence.
    if (stream.settings.push())
        cover_push(stream, sum.earliest, now);
    else
        judge(stream, now);
    touch(stream);
    flush(now);
    PushResult result;
    result.accepted = sum.counted + sum.own + sum.excluded;
    result.duplicate = sum.duplicate;
    result.late = sum.late;
    result.rejected = rejected;
    return result;
}

void Engine::cover_push(StreamState& stream, WallTime earliest, WallTime now) {
    stream.last_success = now;
    if (stream.blind) {
        stream.blind = false;
        stream_event(stream, EventName::stream_restored, restored_reason(stream, now), now);
        stream.reason.clear();
    }
    WallTime const from = stream.intake.covered_until();
    if (stream.history_from == kNoTime && stream.earliest != kNoTime) {
        cover(stream, floor_minute(stream.earliest), now, now);
    } else {
        WallTime begin = from == kNoTime ? floor_minute(now) - kMinute : from;
        // Whoever pushes tells of the minutes just before he was first heard, too; an old straggler
        // does not make days of silence.
        if (earliest != kNoTime && earliest >= now - options_.watermark)
            begin = std::min(begin, floor_minute(earliest));
        stream.history_from =
            stream.history_from == kNoTime ? begin : std::min(stream.history_from, begin);
        cover(stream, begin, now, now);
    }
    if (from >= now) judge(stream, now);  // two in one instant: nothing new is covered
    if (stream.judge.in_history()) end_history(stream, now);
}

void Engine::polled(PollOutcome const& outcome, WallTime now) {
    StreamState* const found = stream(outcome.stream);
    metrics_.poll(std::string(outcome.account), std::string(outcome.platform),
                  outcome.failure ? to_string(outcome.failure->fault) : "ok",
                  std::chrono::duration<double>(outcome.took).count());
    if (auto const it = sides_.find(outcome.stream); it != sides_.end()) {
        std::string now_says;
        if (outcome.failure)
            now_says =
                std::string(to_string(outcome.failure->fault)) + ": " + outcome.failure->detail;
        if (!now_says.empty() && now_says != it->second->reason)
            hooks_.log("warning", "reading '" + it->first + "': " + now_says);
        it->second->reason = std::move(now_says);
    }
    if (found == nullptr) return;
    StreamState& s = *found;
    s.interval = outcome.next_interval;
    if (outcome.backfill) ++s.backfill_pages;
    if (!outcome.failure) {
        s.last_success = now;
        // It sees again once what it missed was read: until then the past is not known.
        if (s.blind && outcome.walk_goes_on) return;
        if (s.blind) {
            s.blind = false;
            stream_event(s, EventName::stream_restored, restored_reason(s, now), now);
            touch(s);
            flush(now);
        }
        s.reason.clear();
        return;
    }
    std::string const reason =
        std::string(to_string(outcome.failure->fault)) + ": " + outcome.failure->detail;
    if (s.reason != reason) hooks_.log("warning", "stream '" + s.settings.name + "': " + reason);
    s.reason = reason;
    // Without credits nothing will come whatever we wait: the operator is told at once.
    if (outcome.failure->fault == Fault::budget && !s.blind) {
        s.blind = true;
        note_blind(s);
        stream_event(s, EventName::stream_blind, reason, now);
        touch(s);
        flush(now);
    }
}

void Engine::budget_low(std::string const& account, std::string const& kind, double used,
                        WallTime now) {
    WallTime& told = low_budgets_.try_emplace(account + "/" + kind, kNoTime).first->second;
    if (told != kNoTime && now - told < std::chrono::hours{6}) return;
    told = now;
    // Every brand that reads through the account hears of it once.
    for (auto const& brand : settings_.brands) {
        auto const reads = [&](StreamSettings const& s) { return s.account == account; };
        auto const it = std::find_if(brand.streams.begin(), brand.streams.end(), reads);
        if (it == brand.streams.end()) continue;
        Event event;
        event.name = EventName::budget_low;
        event.at = now;
        event.brand = brand.rules.name;
        event.platform = it->platform;
        event.reason = "account '" + account + "': " + std::to_string(int(used * 100)) +
                       " % of its " + kind + " are used";
        std::string json;
        journal(event, json);
        queue(route(event.brand, Moment::blind), event, json,
              instance_ + "-" + std::to_string(event.id), false);
    }
    flush(now);
}

}  // namespace surged::daemon
