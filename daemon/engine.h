// Intake -> detectors -> desk -> journal and outbox: the single owner of state. The same code live,
// in backtest, in simulation.
#pragma once

#include "daemon/forgotten.h"
#include "daemon/outbox.h"
#include "daemon/poll_loop.h"
#include "daemon/settings.h"
#include "daemon/side_streams.h"
#include "daemon/store.h"
#include "daemon/stream_state.h"
#include "detectors/advocates.h"
#include "detectors/answers.h"
#include "detectors/desk.h"
#include "detectors/drill.h"
#include "detectors/evidence.h"
#include "detectors/people.h"
#include "detectors/silences.h"
#include "exporters/metrics.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// What the shell does when something was decided. Called after the decision is on disk (or, while
// the disk fails, kept in memory), on the loop thread; must not call back into the engine.
struct EngineHooks {
    std::function<void(detectors::Event const&, std::string const& json)>
        published;                                          // SSE, stdout of backtest
    std::function<void(std::string const& receiver)> ring;  // its outbox has something
    std::function<void(std::string const& level, std::string const& text)> log;
    // Each committed interval of a stream (backtest's forecast); empty: not wanted.
    std::function<void(StreamState const&, detectors::Judged const&)> judged = {};
};

struct EngineOptions {
    // How long a minute waits for stragglers before it is judged for good. Detection does not wait
    // for it: the minutes in between are judged provisionally. 0 where every mention arrives in
    // order (recorded data without seen_at).
    std::chrono::seconds watermark{600};
};

struct PushResult {
    std::uint64_t accepted = 0, duplicate = 0, late = 0, rejected = 0;
};

// A mention of a recorded stream or a page, with what became of it, summed.
struct Absorbed {
    std::uint64_t counted = 0, late = 0, duplicate = 0, excluded = 0, own = 0;
    WallTime earliest = detectors::kNoTime;  // event time of those counted in time
};

// Ids as the platform writes them; an author by id or handle. No platform: all of them.
struct ForgetWanted {
    std::string author, mention, platform, by, via;
};
struct Forgot {
    std::uint64_t texts = 0;  // erased so far
    bool complete = true;     // false: it goes on
};

// What an account is to be asked for again: posts of open incidents, and others that are known to
// be there, so that an absence can be told from a platform that does not answer.
struct EvidenceBatch {
    std::vector<std::string> ids, controls;
};

// Everything takes `now`: the engine reads no clock. Without a store (backtest) nothing is kept but
// memory. Not thread-safe: one owner. Each public call that changes something commits once.
class Engine {
public:
    Engine(Settings settings, Store* store, exporters::Metrics& metrics, EngineHooks hooks,
           EngineOptions options = {});
    ~Engine();
    Engine(Engine const&) = delete;
    Engine& operator=(Engine const&) = delete;

    // A start is a recovery: states, cursors, incidents, pages that wait. Then tick(now) raises
    // what came due meanwhile.
    Result<bool> restore(WallTime now);

    // --- mentions ---
    // One page of a poller (see PollSink::record). False: the disk does not take it; nothing moved
    // on.
    bool record(std::string const& stream, PollPage const& page,
                detectors::MentionBatch const& batch, WallTime covered_from, WallTime covered_until,
                WallTime now);
    // One body of the push API. A push stream is covered until now by it; a polled one takes the
    // mentions, each counted once however it came.
    PushResult push(std::string const& stream, detectors::MentionBatch const& batch,
                    std::uint64_t rejected, WallTime now);
    // The inner step of both, for backtest: no commit, no coverage.
    Absorbed absorb(StreamState& stream, detectors::MentionBatch const& batch, WallTime now);
    // Coverage alone, judged at once (backtest).
    void cover(StreamState& stream, WallTime from, WallTime until, WallTime now);
    // One finished interval of recorded counts (backtest).
    void count(StreamState& stream, detectors::Bucket const& bucket, WallTime now);
    void end_history(StreamState& stream, WallTime now);
    void polled(PollOutcome const& outcome, WallTime now);
    void budget_low(std::string const& account, std::string const& kind, double used, WallTime now);

    // --- what is read besides the streams: own posts, mentions behind counts ---
    [[nodiscard]] std::map<std::string, std::unique_ptr<SideState>, std::less<>> const& sides()
        const {
        return sides_;
    }
    [[nodiscard]] SideState const* side(std::string_view name) const;
    // False: evidence of a surge that is over, or of which enough was read.
    [[nodiscard]] bool side_wanted(SideState const& side) const;
    // An incident of its brand is open: it is read often, also from the budget's reserve.
    [[nodiscard]] bool side_rushed(SideState const& side) const;
    // What the brand was asked and answered there; null: nothing was seen.
    [[nodiscard]] detectors::Answers const* answers(std::string const& brand,
                                                    std::string const& platform) const;

    // --- evidence that may vanish ---
    [[nodiscard]] EvidenceBatch evidence_due(std::string const& account, WallTime now) const;
    [[nodiscard]] WallTime next_evidence(std::string const& account) const;  // kNoTime: none
    void evidence_seen(std::string const& account, detectors::Look const& look, int pace,
                       WallTime now);
    [[nodiscard]] detectors::EvidenceBook const& evidence() const { return evidence_; }

    // --- people ---
    // Of an incident, also of a closed one; null: nothing was heard.
    [[nodiscard]] detectors::People const* people(std::string_view incident) const;
    detectors::Heard operator_word(detectors::OperatorWord const& word, WallTime now);

    // --- silences: deliveries that are held; the rest goes on (engine_silences.cpp) ---
    detectors::Heard silence(detectors::SilenceWanted const& wanted, WallTime now, std::string& id);
    detectors::Heard expire_silence(std::string const& id, std::string const& by,
                                    std::string const& via, WallTime now);
    [[nodiscard]] detectors::Silences const& silences() const { return silences_; }
    // Its opening is held by a silence: whoever is told present states is not told of it either.
    [[nodiscard]] bool hushed(detectors::Incident const& incident) const {
        return silences_.hushed(incident);
    }

    // --- drills (engine_drill.cpp) ---
    // One at a time per brand, and none while the incident of the last one is open. `incident` is
    // what it opened.
    detectors::Heard drill(detectors::Drill wanted, std::chrono::seconds span, WallTime now,
                           std::string& incident);
    [[nodiscard]] std::vector<detectors::Drill> const& drills() const { return drills_; }

    // --- time ---
    // Everything that is due: clocks, blindness, silence of push streams, a failed commit tried
    // again.
    void tick(WallTime now);
    [[nodiscard]] WallTime next_due() const;  // kNoTime: nothing but arrivals

    // --- erasure and retention (engine_erasure.cpp) ---
    // Erases what is kept of an author's mentions, or of one mention, and remembers by a hash that
    // it must not come back. Small states are done when it returns, a large one goes on with the
    // ticks (`out.complete` is false): also over a restart.
    detectors::Heard forget(ForgetWanted const& wanted, WallTime now, Forgot& out);
    // One bounded step (some 50 ms) of forgetting what is older than it is kept; true when there
    // is more. keep_mentions: texts, authors, links. keep_incidents: closed incidents, and the
    // journal's beginning as far as no kept incident is in it, signed off.
    bool expire(WallTime now);

    // --- pages ---
    std::optional<exporters::Page> next_page(std::string const& receiver, WallTime now,
                                             std::int64_t& row);
    void settled(std::string const& receiver, std::int64_t row, exporters::Answer const& answer,
                 WallTime now, double jitter01);
    // A page that says it is a test, through the whole way of a page; false: no such receiver.
    bool test_page(std::string const& receiver, WallTime now);
    [[nodiscard]] Outbox const& outbox() const { return outbox_; }
    [[nodiscard]] bool receiver_fails(std::string const& receiver) const {
        auto const it = failing_.find(receiver);
        return it != failing_.end() && it->second;
    }
    [[nodiscard]] WallTime next_page_at(std::string const& receiver) const {
        return outbox_.next_at(receiver);
    }

    // What a receiver asked to have remembered for an incident (exporters::Answer::remember).
    [[nodiscard]] std::string memory(std::string const& receiver,
                                     std::string const& incident) const;
    // A pager ended a page by itself: recorded as a note, and the page goes again to this receiver
    // while a clock runs. `key`: "x/respond/1" when it was a breach's; empty: the incident's.
    void ended_by_pager(std::string const& receiver, std::string const& incident,
                        std::string const& key, std::string const& by, std::string const& note,
                        std::string const& via, WallTime now);

    // --- small states of the shell (budgets spent, ...), committed with the next change ---
    void keep(std::string const& name, std::string blob);
    // The same, at once: what must be on disk before something else happens.
    void keep_now(std::string const& name, std::string blob, WallTime now);
    [[nodiscard]] std::string blob(std::string const& name) const;  // as kept last; "" when unknown

    // --- configuration ---
    // Applies what a reload may change; the shell restarts the loops of changed streams.
    void reload(Settings settings, WallTime now);
    void note_reload(bool successful, std::string reason, WallTime now);
    [[nodiscard]] Settings const& settings() const { return settings_; }

    // --- views ---
    [[nodiscard]] StreamState* stream(std::string_view name);
    [[nodiscard]] StreamState const* stream(std::string_view name) const;
    [[nodiscard]] std::map<std::string, std::unique_ptr<StreamState>, std::less<>> const& streams()
        const {
        return streams_;
    }
    [[nodiscard]] std::map<std::string, detectors::Desk, std::less<>> const& desks() const {
        return desks_;
    }
    [[nodiscard]] detectors::Incident const* incident(std::string_view id) const;
    [[nodiscard]] Store* store() const { return store_; }
    // What is known of an incident's mentions by now: while it is open from the mentions, later as
    // it stood at its end. Absent when nobody told who wrote or what. Cost: some milliseconds.
    [[nodiscard]] std::optional<detectors::SurgeFacts> facts_of(
        detectors::Incident const& incident) const;
    // The kept row of a mention of a stream; absent once keep_mentions is over, or without a store.
    [[nodiscard]] std::optional<MentionRow> kept(std::string const& stream,
                                                 detectors::MentionKey key, WallTime at) const;
    // Its address as the platform has it, its author's name included: for who looks now, never to
    // be stored. "" when it is not kept any more.
    [[nodiscard]] std::string kept_link(detectors::VisiblePost const& post) const;
    [[nodiscard]] std::int64_t last_event() const { return last_event_; }
    [[nodiscard]] std::string const& instance() const { return instance_; }
    [[nodiscard]] std::string const& disk_trouble() const {
        return disk_trouble_;
    }  // empty: all is well
    // Sixty points, the minutes that still wait for stragglers among them.
    [[nodiscard]] std::vector<SeriesPoint> series_hour(StreamState const& stream,
                                                       std::int64_t hour) const;

private:
    [[nodiscard]] std::vector<SeriesPoint> stored_hour(StreamState const& stream,
                                                       std::int64_t hour) const;
    void build_streams();
    std::unique_ptr<StreamState> make_stream(StreamSettings const& settings) const;
    void take_count(StreamState& stream, detectors::Bucket const& bucket);
    static void revise(StreamState& stream, detectors::Bucket const& bucket,
                       std::optional<double> before);
    void judge(StreamState& stream, WallTime now);
    void cover_push(StreamState& stream, WallTime earliest, WallTime now);
    void tell(StreamState& stream, std::vector<detectors::Judgement> const& told, WallTime now);
    void chart(StreamState& stream, std::vector<detectors::Judged> const& judged);
    // engine_composition.cpp
    static void take_stock(StreamState const& stream, SurgeWatch const& watch,
                           detectors::Verdict const& verdict, detectors::SurgeStarted& in);
    static void take_stock(StreamState const& stream, SurgeWatch const& watch,
                           detectors::Verdict const& verdict, detectors::SurgeGrown& in);
    static std::unique_ptr<SurgeWatch> watch_from(StreamState const& stream, std::string incident,
                                                  WallTime onset);
    void watch(StreamState& stream, std::unique_ptr<SurgeWatch> fresh);
    void describe(std::string const& brand, std::string const& incident);
    void release(std::string const& incident);
    void restore_mentions(WallTime now);
    std::size_t restore_mentions(StreamState& stream, WallTime from, WallTime since,
                                 std::size_t limit);
    [[nodiscard]] bool shares_platform(StreamState const& stream) const;
    void tell_mention(StreamState const& stream, detectors::MentionDigest const& digest,
                      bool shared);
    static std::vector<detectors::ConversationKey> conversations_since(StreamState const& stream,
                                                                       WallTime onset);
    [[nodiscard]] std::string visible_link(detectors::Incident const& incident) const;
    [[nodiscard]] std::string platform_read_at(detectors::Incident const& incident,
                                               std::string const& link) const;
    void feed_incident(StreamState& stream, WallTime onset);
    void handle(detectors::Notice notice);
    void ring_again(detectors::Notice const& notice);
    void handle_all(std::vector<detectors::Notice>& notices);
    void stream_event(StreamState& stream, detectors::EventName name, std::string reason,
                      WallTime now);
    void count_event(detectors::Event const& event);
    void queue(std::vector<std::string> const& receivers, detectors::Event const& event,
               std::string const& json, std::string const& key, bool repeat);
    void receiver_failed(std::string const& receiver, std::string const& why, OutboxRow const& row,
                         WallTime now);
    void load_memories();
    void remember(std::string const& receiver, std::string const& incident, std::string text);
    void journal(detectors::Event& event, std::string& json);
    void own_post(std::string const& brand, std::string const& platform,
                  detectors::Mention const& m, WallTime at, WallTime now);
    StreamWrite& write_of(StreamState const& stream) { return write_of(stream.settings.name); }
    StreamWrite& write_of(std::string const& stream);
    // engine_sides.cpp
    void build_sides();
    void restore_side(StoredStream const& stored);
    void rebuild_answers(WallTime now);
    bool record_side(SideState& side, PollPage const& page, detectors::MentionBatch const& batch,
                     WallTime covered_until, WallTime now);
    void take_own(SideState& side, detectors::MentionBatch const& batch, WallTime now);
    void take_evidence(SideState& side, detectors::MentionBatch const& batch, WallTime now);
    void begin_evidence(std::string const& stream, WallTime onset);
    void write_sides();
    [[nodiscard]] std::string reading_account(std::string const& brand,
                                              std::string const& platform) const;
    // engine_evidence.cpp
    void note_mention(StreamState& stream, detectors::Mention const& m, WallTime at,
                      WallTime joined, bool shared, WallTime now);
    void offer(StreamState const& stream, detectors::Incident const& incident,
               VisibleMention const& mention, WallTime now);
    void watch_ours(WallTime now);
    static void note_blind(StreamState& stream);
    std::string restored_reason(StreamState const& stream, WallTime now) const;
    void enqueue(std::string const& receiver, detectors::Event const& event,
                 std::string const& json, std::string const& key, bool repeat);

    // engine_erasure.cpp
    void keep_mention(StreamSettings const& stream, detectors::Mention const& m, WallTime at,
                      WallTime first_sight);
    [[nodiscard]] bool knows_mention(std::string const& platform, std::string const& id) const;
    void erase_held(detectors::Erasure const& erasure);
    [[nodiscard]] detectors::Erasure erasure() const;
    void begin_erasing(WallTime now);
    Result<bool> erase_some(WallTime now);
    Result<bool> search_some(WallTime now);
    void go_on_erasing(WallTime now);
    bool expired(Result<bool> const& step, std::string_view what);

    // engine_silences.cpp
    std::vector<std::string> not_silenced(std::vector<std::string> receivers,
                                          detectors::Event const& event);
    void end_silences(WallTime now);
    void tell_held(detectors::Silence const& over, detectors::Event const& ended);
    void keep_silences();
    // engine_drill.cpp
    void end_drills(WallTime now);
    void keep_drills();
    // engine_heartbeat.cpp
    void beat(WallTime now);
    [[nodiscard]] std::string how_all_is(WallTime now) const;
    // engine_people.cpp
    detectors::People& people_of(detectors::Incident const& incident);
    void hear_people(StreamState const& stream, detectors::Incident const& incident,
                     detectors::MentionDigest const& digest, bool late);
    void hear_beside(StreamState const& stream, detectors::MentionDigest const& digest,
                     WallTime now);
    void answer_people(std::string const& brand, std::string const& platform,
                       detectors::MentionKey key, WallTime asked,
                       std::optional<std::chrono::milliseconds> waited);
    void answer_known(detectors::Incident const& incident, std::string const& platform);
    void keep_people(std::string const& incident);
    void keep_advocates(WallTime now);
    void restore_people(std::map<std::string, std::string> const& blobs);
    void forget_people();
    void forget_person(std::string_view author);
    void watch_answers(WallTime now);
    // engine_promotion.cpp
    void remind_of_promotion(WallTime now);
    void tell_promotion(OutboxRow const& held, std::string const& why, WallTime now);
    void check_account(std::string const& brand, std::string const& platform,
                       detectors::Mention const& m, WallTime at, WallTime now);
    // engine_unanswered.cpp
    void hear_question(StreamState& stream, detectors::Mention const& m, WallTime at);
    void hear_answer(std::string const& brand, std::string const& platform,
                     detectors::Mention const& m, WallTime at, WallTime now);
    void tell_questions(StreamState& stream, WallTime now);
    void end_questions(StreamState& stream, WallTime now);
    void forget_questions(WallTime now);
    void forget_old_questions(StreamState& stream, WallTime now);

    std::vector<std::string> route(std::string const& brand, detectors::Moment moment) const;
    void touch(StreamState& stream);
    void touch(std::string const& brand) { dirty_desks_.push_back(brand); }
    bool flush(WallTime now);
    detectors::Desk& desk_of(StreamState const& stream);

    Settings settings_;
    Store* store_;
    exporters::Metrics& metrics_;
    EngineHooks hooks_;
    EngineOptions options_;
    std::string instance_ = "local";
    std::map<std::string, std::unique_ptr<StreamState>, std::less<>> streams_;
    std::map<std::string, detectors::Desk, std::less<>> desks_;  // by brand
    std::map<std::string, std::unique_ptr<SideState>, std::less<>> sides_;
    std::map<std::string, OwnPosts> own_posts_;          // by "BRAND/PLATFORM"
    std::map<std::string, detectors::Answers> answers_;  // likewise
    detectors::EvidenceBook evidence_;
    std::map<std::string, detectors::People, std::less<>> people_;  // by incident
    std::map<std::string, detectors::Advocates> advocates_;         // by brand
    WallTime advocates_kept_ = detectors::kNoTime;
    std::map<std::string, WallTime> waves_looked_;    // by brand: the minute
    std::map<std::string, WallTime> promotion_told_;  // by key of the resume
    Forgotten forgotten_;
    // An erasure under way. Not saved: a restart that finds marks unfinished begins it anew.
    struct Erasing {
        enum class Stage : std::uint8_t { idle, search, scrub } stage = Stage::idle;
        BodyPlace at;
        std::int64_t page = 0;
        std::uint64_t texts = 0;
        bool again = false;   // an author's post was erased: reposts of it may stand before it
        bool second = false;  // they are looked for now
        WallTime next = detectors::kNoTime;
    } erasing_;
    // Where the retention's round is.
    struct Expiring {
        enum class Stage : std::uint8_t { begin, prune, sign_off, scrub } stage = Stage::begin;
        std::int64_t page = 0;
    } expiring_;
    Outbox outbox_;
    std::int64_t last_event_ = 0, last_outbox_ = 0;

    std::map<std::string, std::string> restored_blobs_;
    std::map<std::string, std::map<std::string, std::string>> memories_;  // receiver -> incident

    // What the next flush writes. Kept when the disk refuses; `published_` goes out all the same
    // (contract promise 8).
    Commit pending_;
    std::vector<std::string> dirty_streams_, dirty_desks_, dirty_sides_;
    std::vector<std::pair<detectors::Event, std::string>> published_;
    std::vector<std::string> rung_;
    std::string disk_trouble_;

    // Which event a repeat rings for: "INCIDENT/respond/x/1", "INCIDENT/opened" -> journal id, and
    // how often it rang.
    struct Told {
        std::int64_t event = 0;
        int repeats = 0;
    };
    std::map<std::string, Told> told_;
    std::map<std::string, WallTime> low_budgets_;  // "account/kind" -> when it was told
    std::map<std::string, bool> failing_;          // receivers of which receiver.failed was told
    std::map<std::string, OutboxRow, std::less<>> in_flight_;  // by receiver
    detectors::Silences silences_;
    std::vector<detectors::Drill> drills_;
    // Absolute: what is due next, and by which interval it was reckoned.
    struct Beat {
        WallTime next = detectors::kNoTime;
        std::chrono::seconds every{0};
    } beat_;
    std::vector<OutboxRow> fresh_rows_;             // for the outbox, once the flush was tried
    std::vector<detectors::Judgement> judgements_;  // scratch
    std::vector<detectors::Judged> judged_;
    // Mentions told of each open incident that is watched by several streams of one platform.
    std::map<std::string, boost::unordered_flat_set<std::uint64_t>> told_mentions_;
};

// The gauges and per-stream counters of an engine at scrape time.
std::shared_ptr<prometheus::Collectable> engine_collector(Engine const& engine,
                                                          std::function<WallTime()> now);

}  // namespace surged::daemon
