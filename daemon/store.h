// The door to the disk: what must survive is handed over as one Commit and is there afterwards
// whole, or not at all.
#pragma once

#include "daemon/result.h"
#include "detectors/event.h"
#include "detectors/mention.h"
#include "detectors/time.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

using detectors::WallTime;

// One mention as it is kept: identity for ever, `body` (contract section 4, one JSON object) for
// keep_mentions.
struct MentionRow {
    detectors::MentionKey key = 0;
    WallTime at{};
    std::string id;
    std::string body;
};

// Sixty minutes of one stream's curve: what /series and explain show.
struct SeriesHour {
    std::int64_t hour = 0;  // hours since 1970
    std::string blob;       // written by detectors of the engine; opaque here
};

// What a page of a poller, a push or a judgement changed in one stream. Unset members stay as they
// were.
struct StreamWrite {
    std::string name;
    std::optional<std::string> cursor;  // of its poller: opaque
    std::optional<std::string> state;   // intake, judge, totals: opaque blob of the engine
    std::vector<MentionRow> mentions;
    std::vector<SeriesHour> series;
};

// A journal entry; `json` is the whole event, its id inside.
struct EventWrite {
    std::int64_t id = 0;
    WallTime at{};
    std::string name, brand, incident;
    std::string json;
};

// One page waiting for one receiver.
struct OutboxRow {
    std::int64_t id = 0;  // given by the owner (engine), ascending
    std::string receiver, brand, incident;
    std::int64_t event = 0;  // journal id
    std::string key;         // stable key: INSTANCE-EVENT[-rN]
    bool repeat = false;
    WallTime due{};  // when it was due first
    int attempts = 0;
    WallTime next_at{};      // not before
    std::string event_json;  // the event as journalled (a repeat: the breach it repeats)
    bool catch_up = false;   // never stored: made by Outbox::next(), its id is below 0
};
struct OutboxSettle {
    std::int64_t id = 0;
    bool remove = true;  // delivered, superseded or refused; else attempts and next_at are kept
    int attempts = 0;
    WallTime next_at{};
};

// Where a kept body stands. Opaque but for comparing and for going on behind it.
struct BodyPlace {
    std::int64_t stream = 0;  // the store's number of it
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    std::int64_t key = 0;
};

// What nobody may bring back: a mark (forgotten.h), never an id or a name.
struct ForgottenMark {
    std::string mark;
    bool author = false;  // else a mention
    WallTime at{};        // when it was asked for
    std::string by;       // who asked
    bool done = false;    // nothing of it is left in the state directory
};

// One transaction.
struct Commit {
    std::vector<StreamWrite> streams;
    std::vector<EventWrite> events;
    std::vector<OutboxRow> outbox_add;
    std::vector<OutboxSettle> outbox_settle;
    std::map<std::string, std::string>
        blobs;  // small named states: "desk/BRAND", "silences", ...; replaced whole
    std::vector<BodyPlace> erase;             // bodies that go; identities stay
    std::vector<ForgottenMark> forget;        // added, or replaced
    std::vector<std::string> forget_no_more;  // marks that go
    [[nodiscard]] bool empty() const {
        return streams.empty() && events.empty() && outbox_add.empty() && outbox_settle.empty() &&
               blobs.empty() && erase.empty() && forget.empty() && forget_no_more.empty();
    }
};

// Everything a start needs.
struct StoredStream {
    std::string name, cursor, state;
};
struct Restored {
    std::string instance;  // random, made with the directory: part of every delivery key
    std::int64_t last_event = 0, last_outbox = 0;
    std::vector<StoredStream> streams;
    std::vector<OutboxRow> outbox;  // by id
    std::map<std::string, std::string> blobs;
    std::vector<ForgottenMark> forgotten;  // oldest first
};

struct StoredEvent {
    std::int64_t id = 0;
    WallTime at{};
    std::string name, brand, incident, json;
};

struct JournalCheck {
    bool intact = true;
    std::int64_t entries = 0, broken_at = 0;  // broken_at: id of the first entry that does not fit
    // Of what was signed off and is not there any more: its last id, how many; 0: nothing was.
    std::int64_t signed_last = 0, signed_entries = 0;
    WallTime signed_at{};
    std::string detail;
};

// Failures are values: Fault::transient with a reason (disk full, I/O error, busy). After a failed
// commit nothing of it is there; the caller keeps the Commit and tries again. Not thread-safe: one
// owner.
class Store {
public:
    virtual ~Store() = default;
    virtual Result<Restored> load() = 0;
    virtual Result<bool> commit(Commit const& changes) = 0;

    // Was this mention counted in this stream? For ids older than what is in memory.
    virtual bool seen(std::string const& stream, detectors::MentionKey key) = 0;
    // The newest ids of a stream, newest last: what Seen is loaded from.
    virtual std::vector<MentionRow> newest(std::string const& stream,
                                           std::size_t limit) = 0;  // body left empty

    // Journal, ascending by id. Empty brand/incident: any.
    virtual std::vector<StoredEvent> events(std::int64_t after, std::size_t limit,
                                            std::string const& incident = {}) = 0;
    // Ids of incidents that the journal knows, in byte order after `after`. O(limit log entries).
    virtual std::vector<std::string> incidents(std::string const& after, std::size_t limit) = 0;
    virtual std::vector<SeriesHour> series(std::string const& stream, std::int64_t from_hour,
                                           std::int64_t to_hour) = 0;
    // Bodies of a stream's mentions in [from, to), ascending by time.
    virtual std::vector<MentionRow> mentions(std::string const& stream, WallTime from, WallTime to,
                                             std::size_t limit) = 0;

    // Retention: forgets bodies of mentions before `mentions_before`, series before
    // `series_before`. Bounded work per call (`limit` rows); true when there is more.
    virtual Result<bool> prune(WallTime mentions_before, WallTime series_before,
                               std::size_t limit) = 0;
    // Signs the journal's beginning off and forgets it: the entries before `before`, up to the
    // first that is younger or belongs to one of `kept` incidents. Each is checked first: a chain
    // that is broken there is not signed off (Fault::malformed). At most `limit` entries a call;
    // true when there is more.
    virtual Result<bool> sign_off(WallTime before, std::vector<std::string> const& kept,
                                  WallTime now, std::size_t limit) = 0;
    // Shows up to `limit` bodies behind `from`, of all streams ever known; returns the place of the
    // last one, nothing when there was none. Changes nothing.
    virtual Result<std::optional<BodyPlace>> bodies(
        BodyPlace from, std::size_t limit,
        std::function<void(BodyPlace const&, std::string_view body)> const& show) = 0;
    // Overwrites what forgotten things may have left in unused space, `pages` of 4 KiB a call from
    // `from` on (0: the first), which moves on, and gives the log back; true when there is more.
    // Whatever was deleted before the first call of a round is nowhere in the directory's files
    // after its last. Fails while another process reads the journal: ask again.
    virtual Result<bool> scrub(std::int64_t& from, std::size_t pages) = 0;
    virtual JournalCheck verify() = 0;
    [[nodiscard]] virtual std::map<std::string, std::uint64_t>
    sizes() = 0;  // kind -> bytes: database, wal
};

}  // namespace surged::daemon
