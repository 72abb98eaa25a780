#include "daemon/outbox.h"

#include "daemon/event_json.h"

#include <algorithm>
#include <set>
#include <utility>

namespace surged::daemon {

using detectors::EventName;
using detectors::kNoTime;
using exporters::Answer;
using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds kLeastWait{1};  // full jitter may say 0: not a tight loop

std::string lane_of(OutboxRow const& row) {
    return row.incident.empty() ? "/" + row.brand : row.incident;  // no name holds a slash
}

bool concerns_incident(std::string const& lane) {
    return !lane.starts_with('/');
}

// Nothing waits longer than the longest wait: an instant beyond it is from before the wall clock
// was set back.
bool due(WallTime at, WallTime now) {
    return at <= now || at > now + Outbox::kRetryAfterMax;
}

milliseconds backoff(int failures, double jitter01) {
    auto ceiling = Outbox::kBackoff;
    for (int i = 1; i < failures && ceiling < Outbox::kBackoffMax; ++i) ceiling *= 2;
    auto const most = static_cast<double>(
        milliseconds{std::min(ceiling, std::chrono::seconds{Outbox::kBackoffMax})}.count());
    milliseconds const wait{static_cast<std::int64_t>(most * std::clamp(jitter01, 0.0, 1.0))};
    return std::max<milliseconds>(wait, kLeastWait);
}

milliseconds wait_after(int failures, Answer const& answer, double jitter01) {
    auto const own = backoff(failures, jitter01);
    if (!answer.retry_after) return own;
    return std::max<milliseconds>(
        own, std::min(*answer.retry_after, std::chrono::seconds{Outbox::kRetryAfterMax}));
}

OutboxSettle removed(std::int64_t id) {
    OutboxSettle settle;
    settle.id = id;
    return settle;
}

}  // namespace

Outbox::About Outbox::about(OutboxRow const& row) {
    About out;
    auto const event = event_from_json(row.event_json);
    if (!event) return out;
    if (event->clock) {
        auto const& clock = *event->clock;
        out.clock = clock.platform + "/" + std::string(to_string(clock.kind)) + "/" +
                    std::to_string(clock.run);
    }
    switch (event->name) {
        case EventName::clock_warning: out.warning = true; break;
        case EventName::surge_grown: out.topic = "grown/" + event->stream; break;
        case EventName::budget_low: out.topic = "budget/" + event->platform + event->stream; break;
        case EventName::incident_closed: out.closing = true; break;
        case EventName::incident_reopened: out.opening = true; break;
        case EventName::incident_promotion_paused: out.pauses = true; break;
        case EventName::incident_promotion_resumed: out.resumes = true; break;
        case EventName::incident_note: out.beat = event->via == "heartbeat"; break;
        default: break;
    }
    return out;
}

void Outbox::load(std::vector<OutboxRow> rows) {
    for (auto& row : rows) add(std::move(row));
}

void Outbox::add(OutboxRow row) {
    auto& queue = queues_[row.receiver];
    auto& lane = queue.lanes[lane_of(row)];
    Waiting waiting;
    waiting.about = about(row);
    waiting.row = std::move(row);
    lane.rows.push_back(std::move(waiting));
    lane.unsorted = true;
    if (++queue.size > kWaiting) make_room(queue);
}

// From the newest to the oldest: what was seen makes older rows of the same clock or topic old
// news.
std::size_t Outbox::drop_superseded(Queue& queue, Lane& lane, bool away,
                                    std::vector<OutboxSettle>& settled) {
    if (lane.rows.size() < 2) return 0;
    std::set<std::string> clocks, topics;
    bool beaten = false;
    std::deque<Waiting> kept;
    std::size_t dropped = 0;
    for (auto it = lane.rows.rbegin(); it != lane.rows.rend(); ++it) {
        auto const& about = it->about;
        bool const told_later = clocks.contains(about.clock);
        bool old = told_later && (it->row.repeat || (away && about.warning));
        if (away && topics.contains(about.topic)) old = true;
        if (about.beat) old = std::exchange(beaten, true) || old;  // the newest says it all
        if (!about.clock.empty()) clocks.insert(about.clock);
        if (!about.topic.empty()) topics.insert(about.topic);
        if (old && it->row.id != queue.in_flight) {
            settled.push_back(removed(it->row.id));
            ++dropped;
        } else {
            kept.push_front(std::move(*it));
        }
    }
    lane.rows = std::move(kept);
    queue.size -= dropped;
    return dropped;
}

void Outbox::make_room(Queue& queue) {
    std::size_t dropped = 0;
    for (auto& [name, lane] : queue.lanes)
        dropped += drop_superseded(queue, lane, true, queue.dropped);
    if (dropped > 0) return;
    Lane* victim_lane = nullptr;
    std::size_t victim = 0;
    auto const consider = [&](Lane& lane, std::size_t i) {
        auto const& row = lane.rows[i].row;
        if (row.id == queue.in_flight) return;
        if (victim_lane != nullptr) {
            auto const& best = victim_lane->rows[victim].row;
            if (row.repeat < best.repeat) return;
            if (row.repeat == best.repeat && row.id > best.id) return;
        }
        victim_lane = &lane;
        victim = i;
    };
    for (auto& [name, lane] : queue.lanes)
        for (std::size_t i = 0; i < lane.rows.size(); ++i) consider(lane, i);
    if (victim_lane == nullptr) return;
    auto const at = victim_lane->rows.begin() + static_cast<std::ptrdiff_t>(victim);
    queue.dropped.push_back(removed(at->row.id));
    given_up_.push_back(std::move(at->row));
    victim_lane->rows.erase(at);
    --queue.size;
    std::erase_if(queue.lanes, [](auto const& entry) { return entry.second.rows.empty(); });
}

void Outbox::give_up_old(Queue& queue, WallTime now, std::vector<OutboxSettle>& settled) {
    for (auto it = queue.lanes.begin(); it != queue.lanes.end();) {
        auto& rows = it->second.rows;
        bool over = !concerns_incident(it->first);
        if (rows.front().row.due < now - kMaxAge && !over)
            for (auto const& waiting : rows)
                over = (over || waiting.about.closing) && !waiting.about.opening;
        while (over && !rows.empty() && rows.front().row.due < now - kMaxAge) {
            settled.push_back(removed(rows.front().row.id));
            given_up_.push_back(std::move(rows.front().row));
            rows.pop_front();
            --queue.size;
        }
        it = rows.empty() ? queue.lanes.erase(it) : std::next(it);
    }
}

// Once one incident shows that the receiver was away, the present state of all that wait is owed.
void Outbox::owe_states(Queue& queue, WallTime now) {
    auto const long_ago = [&](WallTime t) { return t <= now - kAway; };
    auto const for_people = [](Waiting const& w) { return !w.about.pauses && !w.about.resumes; };
    auto const untold = [&](auto const& entry) {
        auto const& rows = entry.second.rows;
        return concerns_incident(entry.first) && long_ago(entry.second.state_told) &&
               std::any_of(rows.begin(), rows.end(), for_people);
    };
    bool const away = std::any_of(queue.lanes.begin(), queue.lanes.end(), [&](auto const& entry) {
        return untold(entry) && long_ago(entry.second.rows.front().row.due);
    });
    if (!away) return;
    for (auto& entry : queue.lanes)
        if (untold(entry)) entry.second.state_owed = true;
}

std::optional<OutboxRow> Outbox::resume_waiting(std::string const& receiver,
                                                std::string const& brand) const {
    std::optional<OutboxRow> oldest;
    auto const queue = queues_.find(receiver);
    if (queue == queues_.end()) return oldest;
    for (auto const& [name, lane] : queue->second.lanes)
        for (Waiting const& w : lane.rows)
            if (w.about.resumes && w.row.brand == brand && (!oldest || w.row.due < oldest->due))
                oldest = w.row;
    return oldest;
}

// States before events. Then who was tried least: a page that fails each time must not keep its
// turn. Then who has waited longest.
std::tuple<bool, int, std::int64_t> Outbox::rank(Lane const& lane) {
    auto const& head = lane.rows.front().row;
    return {!lane.state_owed, lane.state_owed ? lane.state_attempts : head.attempts, head.id};
}

std::optional<OutboxRow> Outbox::take(Queue& queue, std::string const& lane, OutboxRow row) {
    queue.in_flight = row.id;
    queue.in_flight_lane = lane;
    return row;
}

std::optional<OutboxRow> Outbox::next(std::string const& receiver, WallTime now,
                                      std::vector<OutboxSettle>& settled) {
    auto const found = queues_.find(receiver);
    if (found == queues_.end()) return std::nullopt;
    auto& queue = found->second;
    queue.in_flight = 0;
    settled.insert(settled.end(), queue.dropped.begin(), queue.dropped.end());
    queue.dropped.clear();
    give_up_old(queue, now, settled);
    if (!due(queue.not_before, now)) return std::nullopt;
    owe_states(queue, now);

    std::string const* first = nullptr;
    Lane* best = nullptr;
    for (auto& [name, lane] : queue.lanes) {
        if (std::exchange(lane.unsorted, false) || lane.state_owed)
            drop_superseded(queue, lane, lane.state_owed, settled);
        if (!due(lane.state_owed ? lane.state_next_at : lane.rows.front().row.next_at, now))
            continue;
        if (best != nullptr && rank(lane) >= rank(*best)) continue;
        first = &name;
        best = &lane;
    }
    if (best == nullptr) return std::nullopt;
    if (!best->state_owed) return take(queue, *first, best->rows.front().row);

    auto newest = std::find_if(best->rows.rbegin(), best->rows.rend(),
                               [](Waiting const& waiting) { return !waiting.row.repeat; });
    if (newest == best->rows.rend()) newest = best->rows.rbegin();
    OutboxRow state = newest->row;
    state.id = -state.id;
    state.key += "-state";
    state.repeat = false;
    state.catch_up = true;
    state.attempts = best->state_attempts;
    state.next_at = best->state_next_at;
    return take(queue, *first, std::move(state));
}

// The receiver takes pages again: whoever failed while it did not may try at once. One that fails
// again is itself the reason.
void Outbox::recovered(Queue& queue, WallTime now) {
    queue.not_before = kNoTime;
    if (std::exchange(queue.failures, 0) == 0) return;
    for (auto& [name, lane] : queue.lanes) {
        if (lane.state_attempts > 0 && !std::exchange(lane.state_suspect, true))
            lane.state_next_at = std::min(lane.state_next_at, now);
        auto& head = lane.rows.front();
        if (head.row.attempts == 0 || std::exchange(head.suspect, true)) continue;
        head.row.next_at = std::min(head.row.next_at, now);
    }
}

OutboxSettle Outbox::settle(std::int64_t id, Answer const& answer, WallTime now, double jitter01) {
    auto const found = std::find_if(queues_.begin(), queues_.end(), [&](auto const& entry) {
        return entry.second.in_flight == id;
    });
    if (id == 0 || found == queues_.end()) return removed(id);  // dropped meanwhile
    auto& queue = found->second;
    auto const entry = queue.lanes.find(queue.in_flight_lane);
    queue.in_flight = 0;
    if (entry == queue.lanes.end()) return removed(id);
    auto& lane = entry->second;

    if (answer.kind != Answer::Kind::retry) {
        if (id < 0) {
            lane.state_owed = false;
            lane.state_told = now;
            lane.state_attempts = 0;
            lane.state_next_at = kNoTime;
            lane.state_suspect = false;
        } else {
            lane.rows.pop_front();
            --queue.size;
            if (lane.rows.empty()) queue.lanes.erase(entry);
        }
        recovered(queue, now);
        return removed(id);
    }
    auto& row = lane.rows.front().row;
    int& attempts = id < 0 ? lane.state_attempts : row.attempts;
    WallTime& next_at = id < 0 ? lane.state_next_at : row.next_at;
    next_at = now + wait_after(++attempts, answer, jitter01);
    queue.not_before = now + wait_after(++queue.failures, answer, jitter01);
    OutboxSettle out;
    out.id = id;
    out.remove = false;
    out.attempts = attempts;
    out.next_at = next_at;
    return out;
}

WallTime Outbox::next_at(std::string const& receiver) const {
    auto const found = queues_.find(receiver);
    if (found == queues_.end() || found->second.lanes.empty()) return kNoTime;
    auto earliest = WallTime::max();
    for (auto const& [name, lane] : found->second.lanes)
        earliest = std::min(earliest,
                            lane.state_owed ? lane.state_next_at : lane.rows.front().row.next_at);
    // Never kNoTime while something waits.
    return std::max({earliest, found->second.not_before, WallTime{}});
}

std::size_t Outbox::waiting(std::string const& receiver) const {
    auto const found = queues_.find(receiver);
    return found == queues_.end() ? 0 : found->second.size;
}

WallTime Outbox::oldest(std::string const& receiver) const {
    auto const found = queues_.find(receiver);
    if (found == queues_.end() || found->second.lanes.empty()) return kNoTime;
    auto oldest = WallTime::max();
    for (auto const& [name, lane] : found->second.lanes)
        oldest = std::min(oldest, lane.rows.front().row.due);
    return oldest;
}

void Outbox::drop_receiver(std::string const& receiver, std::vector<OutboxSettle>& settled) {
    auto const found = queues_.find(receiver);
    if (found == queues_.end()) return;
    auto& queue = found->second;
    settled.insert(settled.end(), queue.dropped.begin(), queue.dropped.end());
    for (auto const& [name, lane] : queue.lanes)
        for (auto const& waiting : lane.rows) settled.push_back(removed(waiting.row.id));
    queues_.erase(found);
}

std::vector<OutboxRow> Outbox::take_given_up() {
    return std::exchange(given_up_, {});
}

}  // namespace surged::daemon
