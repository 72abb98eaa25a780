// The engine's way of a page: outbox -> receiver -> settled; and of a reload.
#include "daemon/engine.h"
#include "daemon/event_json.h"
#include "daemon/reload.h"
#include "daemon/surge_watch.h"
#include "detectors/json_writer.h"
#include "exporters/receivers/test_page.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr int kFailingAttempts = 5;  // about a minute of backoff: then somebody else is told

}  // namespace

std::optional<exporters::Page> Engine::next_page(std::string const& receiver, WallTime now,
                                                 std::int64_t& row_id) {
    std::vector<OutboxSettle> gone;
    std::optional<OutboxRow> const row = outbox_.next(receiver, now, gone);
    for (OutboxRow const& lost : outbox_.take_given_up()) {
        metrics_.notification(lost.receiver, "failed");
        receiver_failed(lost.receiver, "a page waited too long and was given up", lost, now);
    }
    if (!gone.empty()) {
        pending_.outbox_settle.insert(pending_.outbox_settle.end(), gone.begin(), gone.end());
        flush(now);
    }
    if (!row) return std::nullopt;
    row_id = row->id;
    in_flight_[receiver] = *row;
    exporters::Page page;
    if (std::optional<Event> event = event_from_json(row->event_json))
        page.event = std::move(*event);
    page.incident = row->incident.empty() ? nullptr : incident(row->incident);
    page.repeat = row->repeat;
    // After a silence, as after an absence, the present state is told.
    page.catch_up =
        row->catch_up || (page.event.name == EventName::silence_ended && page.incident != nullptr);
    page.key = row->key;
    page.external_url = settings_.server.external_url;
    if (BrandSettings const* brand = settings_.brand(row->brand))
        page.plan_url = brand->rules.plan_url;
    if (page.incident != nullptr) page.visible_url = visible_link(*page.incident);
    page.attempt = row->attempts;
    page.memory = memory(receiver, row->incident);
    return page;
}

void Engine::settled(std::string const& receiver, std::int64_t row_id,
                     exporters::Answer const& answer, WallTime now, double jitter01) {
    using Kind = exporters::Answer::Kind;
    OutboxSettle const settle = outbox_.settle(row_id, answer, now, jitter01);
    if (settle.id > 0)
        pending_.outbox_settle.push_back(settle);  // below 0: made by the outbox, never stored
    metrics_.notification(receiver, answer.kind == Kind::delivered ? "delivered"
                                    : answer.kind == Kind::retry   ? "retried"
                                                                   : "rejected");
    auto const flight = in_flight_.find(receiver);
    if (flight != in_flight_.end() && flight->second.id == row_id) {
        OutboxRow const row = std::move(flight->second);
        in_flight_.erase(flight);
        if (answer.remember) remember(receiver, row.incident, *answer.remember);
        bool const failing = answer.kind == Kind::refused ||
                             (answer.kind == Kind::retry && settle.attempts >= kFailingAttempts);
        if (answer.kind == Kind::delivered) {
            metrics_.notification_delay(receiver,
                                        std::chrono::duration<double>(now - row.due).count());
            if (failing_.erase(receiver) != 0)
                hooks_.log("info", "receiver '" + receiver + "' takes pages again");
        } else if (failing) {
            receiver_failed(receiver, answer.detail, row, now);
            auto const page = event_from_json(row.event_json);
            if (answer.kind == Kind::refused && page &&
                page->name == EventName::incident_promotion_resumed)
                tell_promotion(row, "refused: " + answer.detail, now);
        }
    }
    flush(now);
}

// Told once until the receiver takes a page again. What it could not be told goes to the fallback:
// it was due, and somebody must get it.
void Engine::receiver_failed(std::string const& receiver, std::string const& why,
                             OutboxRow const& row, WallTime now) {
    if (std::exchange(failing_[receiver], true)) return;
    hooks_.log("error", "receiver '" + receiver + "' fails: " + why);
    Event event;
    event.name = EventName::receiver_failed;
    event.at = now;
    event.brand = row.brand;
    event.reason = "receiver '" + receiver + "': " + why;
    std::string json;
    journal(event, json);
    std::vector<std::string> to = route(event.brand, Moment::blind);
    BrandSettings const* const brand = settings_.brand(row.brand);
    if (brand != nullptr)
        to.insert(to.end(), brand->rules.fallback.begin(), brand->rules.fallback.end());
    std::erase(to, receiver);
    queue(to, event, json, instance_ + "-" + std::to_string(event.id), false);
    if (brand == nullptr) return;
    auto const page = event_from_json(row.event_json);
    for (auto const& other : brand->rules.fallback)
        if (other != receiver && page) queue({other}, *page, row.event_json, row.key, true);
}

bool Engine::test_page(std::string const& receiver, WallTime now) {
    if (!settings_.receivers.contains(receiver)) return false;
    Event const event = exporters::test_event(receiver, now);
    std::string const key = instance_ + "-test-" + std::to_string(now.time_since_epoch().count());
    queue({receiver}, event, to_json(event), key, true);
    flush(now);
    return true;
}

void Engine::reload(Settings next, WallTime now) {
    SettingsChange const change = compare(settings_, next);
    settings_ = std::move(next);
    for (auto const& name : change.removed) streams_.erase(name);
    for (auto const& brand : settings_.brands) {
        auto const [desk, fresh] = desks_.try_emplace(brand.rules.name, brand.rules);
        if (!fresh) desk->second.set_rules(brand.rules);
        for (auto const& s : brand.streams) {
            auto const it = streams_.find(s.name);
            bool const keeps =
                it != streams_.end() &&
                std::find(change.kept.begin(), change.kept.end(), s.name) != change.kept.end();
            if (!keeps && it != streams_.end()) streams_.erase(it);
            auto made = make_stream(s);
            made->started = now;
            if (keeps) {
                // The state goes over by its own blob: new detectors, exclusions and intervals take
                // effect, counts stay.
                StreamState& old = *streams_.find(s.name)->second;
                made->cursor = old.cursor;
                made->seen = std::move(old.seen);
                made->curve = std::move(old.curve);
                made->dirty_hours = std::move(old.dirty_hours);
                made->recent = std::move(old.recent);
                made->watch = std::move(old.watch);
                made->counts = std::move(old.counts);
                made->visible = std::move(old.visible);
                made->late = old.late;
                made->duplicate = old.duplicate;
                made->excluded = old.excluded;
                made->malformed = old.malformed;
                made->backfill_pages = old.backfill_pages;
                made->gap_seconds = old.gap_seconds;
                if (made->questions && old.questions)
                    if (!made->questions->restore(old.questions->save()))
                        hooks_.log("error", "stream '" + s.name + "': its open questions are lost");
                if (!load_stream(*made, save_stream(old)))
                    hooks_.log("info",
                               "stream '" + s.name + "': its detectors changed: it learns anew");
            }
            streams_[s.name] = std::move(made);
            touch(*streams_[s.name]);
        }
    }
    build_sides();
    // A brand that left keeps its desk until its incidents are closed: a clock never stops for a
    // reload.
    std::erase_if(desks_, [&](auto const& entry) {
        return settings_.brand(entry.first) == nullptr && entry.second.current() == nullptr &&
               entry.second.current(true) == nullptr;
    });
    flush(now);
}

void Engine::note_reload(bool successful, std::string reason, WallTime now) {
    metrics_.reloaded(successful, std::chrono::duration<double>(now.time_since_epoch()).count());
    if (!successful) return;
    Event event;
    event.name = EventName::config_reloaded;
    event.at = now;
    event.reason = std::move(reason);
    std::string json;
    journal(event, json);
    queue({}, event, json, instance_ + "-" + std::to_string(event.id), false);
    flush(now);
}

}  // namespace surged::daemon
