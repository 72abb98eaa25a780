#include "daemon/engine.h"

#include "daemon/event_json.h"
#include "daemon/url.h"
#include "detectors/answer_link.h"
#include "detectors/archive.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace surged::daemon {

using namespace detectors;  // the engine speaks nothing but the vocabulary

namespace {

// "respond/x/1": which clock of an incident.
std::string clock_slot(ClockView const& clock) {
    return std::string(to_string(clock.kind)) + "/" + clock.platform + "/" +
           std::to_string(clock.run);
}

bool waits_for_answer(Incident const& incident) {
    return std::any_of(
        incident.clocks.begin(), incident.clocks.end(), [](detectors::Clock const& c) {
            return c.kind == ClockKind::respond &&
                   (c.state == ClockState::running || c.state == ClockState::breached);
        });
}

constexpr std::size_t kNewestIds =
    200'000;  // read back at a start; older ids are asked of the store

}  // namespace

Engine::Engine(Settings settings, Store* store, exporters::Metrics& metrics, EngineHooks hooks,
               EngineOptions options)
    : settings_(std::move(settings)),
      store_(store),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      options_(options) {
    build_streams();
}

Engine::~Engine() = default;

std::unique_ptr<StreamState> Engine::make_stream(StreamSettings const& s) const {
    std::vector<ExpectedSurge> expected;
    if (BrandSettings const* brand = settings_.brand(s.brand))
        for (auto const& e : brand->expected_surges)
            if (e.streams.empty() ||
                std::find(e.streams.begin(), e.streams.end(), s.name) != e.streams.end())
                expected.push_back(e);
    auto multiplier = [expected = std::move(expected)](WallTime t) {
        double ratio = 1;
        for (auto const& e : expected)
            if (t >= e.from && t < e.to) ratio = std::max(ratio, e.ratio);
        return ratio;
    };
    auto stream = std::make_unique<StreamState>(s, std::move(multiplier), options_.watermark);
    if (options_.watermark.count() > 0) stream->intake.learn_watermark();
    return stream;
}

void Engine::build_streams() {
    for (auto const& brand : settings_.brands) {
        desks_.try_emplace(brand.rules.name, brand.rules);
        for (auto const& s : brand.streams) streams_.try_emplace(s.name, make_stream(s));
    }
    build_sides();
}

Result<bool> Engine::restore(WallTime now) {
    for (auto& [name, stream] : streams_) stream->started = now;
    if (store_ == nullptr) return true;
    auto loaded = store_->load();
    if (!loaded) return loaded.error();
    Restored& from = *loaded;
    instance_ = from.instance;
    last_event_ = from.last_event;
    last_outbox_ = from.last_outbox;
    for (auto& stored : from.streams) {
        StreamState* const s = stream(stored.name);
        if (s == nullptr) {
            restore_side(stored);
            continue;
        }
        s->cursor = stored.cursor;
        if (!stored.state.empty() && !load_stream(*s, stored.state))
            hooks_.log("warning",
                       "stream '" + stored.name + "': its detectors changed: it learns anew");
        auto const ids = store_->newest(stored.name, kNewestIds);
        if (ids.size() == kNewestIds) s->seen.set_floor(ids.front().at);
        for (auto const& row : ids) s->seen.load(row.key, row.at);
    }
    for (auto& [brand, desk] : desks_) {
        auto const blob = from.blobs.find("desk/" + brand);
        if (blob == from.blobs.end()) continue;
        if (!desk.restore(blob->second))
            return Failure(Fault::malformed,
                           "the stored incidents of brand '" + brand + "' cannot be read");
    }
    restore_people(from.blobs);
    restore_mentions(now);
    if (auto const blob = from.blobs.find("told"); blob != from.blobs.end()) {
        ArchiveReader reader(blob->second);
        std::map<std::string, std::int64_t> events;
        std::map<std::string, int> repeats;
        reader(events, repeats);
        if (reader.done())
            for (auto const& [key, event] : events) told_[key] = {event, repeats[key]};
    }
    auto const read = [&](std::string const& name, auto take) {
        auto const blob = from.blobs.find(name);
        if (blob != from.blobs.end() && !take(blob->second))
            hooks_.log("error", "the stored state '" + name + "' cannot be read: it begins anew");
    };
    read("silences", [&](std::string const& blob) { return silences_.restore(blob); });
    read("drills", [&](std::string const& blob) { return restore_drills(blob, drills_); });
    read("heartbeat", [&](std::string const& blob) {
        ArchiveReader reader(blob);
        reader(beat_.next, beat_.every);
        return reader.done();
    });
    for (auto& [name, s] : streams_)
        if (auto& questions = s->questions)
            read("questions/" + name,
                 [&](std::string const& blob) { return questions->restore(blob); });
    if (auto const blob = from.blobs.find("evidence");
        blob != from.blobs.end() && !evidence_.restore(blob->second))
        hooks_.log("warning", "the stored evidence cannot be read: it is collected anew");
    for (auto const& [name, blob] : from.blobs)
        if (name.starts_with("ours/") && !load_own_posts(own_posts_[name.substr(5)], blob))
            own_posts_.erase(name.substr(5));
    rebuild_answers(now);
    forgotten_.load(instance_, from.forgotten);
    if (forgotten_.unfinished()) begin_erasing(now);  // a crash came between
    restored_blobs_ = std::move(from.blobs);
    load_memories();
    // A receiver that left the configuration while pages waited for it: they cannot be delivered.
    std::vector<OutboxSettle> gone;
    std::erase_if(from.outbox, [&](OutboxRow const& row) {
        if (settings_.receivers.contains(row.receiver)) return false;
        gone.push_back({row.id, true, 0, {}});
        return true;
    });
    outbox_.load(std::move(from.outbox));
    pending_.outbox_settle.insert(pending_.outbox_settle.end(), gone.begin(), gone.end());
    return true;
}

void Engine::keep(std::string const& name, std::string blob) {
    if (store_ == nullptr) return;
    restored_blobs_[name] = blob;
    pending_.blobs[name] = std::move(blob);
}

void Engine::keep_now(std::string const& name, std::string blob, WallTime now) {
    keep(name, std::move(blob));
    flush(now);
}

std::string Engine::blob(std::string const& name) const {
    auto const it = restored_blobs_.find(name);
    return it == restored_blobs_.end() ? std::string{} : it->second;
}

StreamState* Engine::stream(std::string_view name) {
    auto const it = streams_.find(name);
    return it == streams_.end() ? nullptr : it->second.get();
}
StreamState const* Engine::stream(std::string_view name) const {
    auto const it = streams_.find(name);
    return it == streams_.end() ? nullptr : it->second.get();
}

Incident const* Engine::incident(std::string_view id) const {
    for (auto const& [brand, desk] : desks_)
        if (Incident const* found = desk.find(id)) return found;
    return nullptr;
}

Desk& Engine::desk_of(StreamState const& stream) {
    return desks_.find(stream.settings.brand)->second;
}

void Engine::touch(StreamState& stream) {
    if (std::find(dirty_streams_.begin(), dirty_streams_.end(), stream.settings.name) ==
        dirty_streams_.end())
        dirty_streams_.push_back(stream.settings.name);
}

StreamWrite& Engine::write_of(std::string const& stream) {
    for (auto& write : pending_.streams)
        if (write.name == stream) return write;
    pending_.streams.emplace_back().name = stream;
    return pending_.streams.back();
}

// One transaction for everything that was decided; then, and also when the disk refuses, the world
// hears of it.
bool Engine::flush(WallTime now) {
    bool written = true;
    if (store_ != nullptr) {
        for (auto const& name : dirty_streams_) {
            StreamState& s = *stream(name);
            StreamWrite& write = write_of(s);
            write.cursor = s.cursor;
            write.state = save_stream(s);
            for (std::int64_t const hour : s.dirty_hours) {
                std::erase_if(write.series, [&](SeriesHour const& h) { return h.hour == hour; });
                write.series.push_back({hour, series_blob(s.curve[hour])});
            }
            s.dirty_hours.clear();
            if (s.questions && std::exchange(s.questions_dirty, false))
                pending_.blobs["questions/" + name] = s.questions->save();
            while (s.curve.size() > 1) s.curve.erase(s.curve.begin());
        }
        write_sides();
        for (auto const& brand : dirty_desks_)
            pending_.blobs["desk/" + brand] = desks_.find(brand)->second.save();
        if (!pending_.empty()) {
            auto const result = store_->commit(pending_);
            written = result.has_value();
            if (written) {
                pending_ = Commit{};
                if (!disk_trouble_.empty())
                    hooks_.log("info", "the state directory takes writes again");
                disk_trouble_.clear();
            } else {
                metrics_.storage_error("commit");
                if (disk_trouble_ != result.error().detail)
                    hooks_.log("error",
                               "cannot write the state directory: " + result.error().detail +
                                   "; polling waits, pages go out from memory");
                disk_trouble_ = result.error().detail;
            }
        }
    }
    (void)now;
    dirty_streams_.clear();
    dirty_desks_.clear();
    dirty_sides_.clear();
    for (auto& row : fresh_rows_) outbox_.add(std::move(row));
    fresh_rows_.clear();
    for (auto const& [event, json] : published_)
        if (hooks_.published) hooks_.published(event, json);
    published_.clear();
    for (auto const& receiver : rung_)
        if (hooks_.ring) hooks_.ring(receiver);
    rung_.clear();
    return written;
}

// --- events
// ---------------------------------------------------------------------------------------------------------

void Engine::journal(Event& event, std::string& json) {
    event.id = ++last_event_;
    if (!event.incident.empty() && event.url.empty())
        event.url = settings_.server.external_url + "incidents/" + event.incident;
    if (BrandSettings const* brand = settings_.brand(event.brand);
        brand != nullptr && event.plan_url.empty() && !event.incident.empty())
        event.plan_url = brand->rules.plan_url;
    json = to_json(event);
    pending_.events.push_back({event.id, event.at, std::string(to_string(event.name)), event.brand,
                               event.incident, json});
    if (store_ == nullptr) pending_.events.clear();
    count_event(event);
    published_.emplace_back(event, json);
}

void Engine::handle(Notice notice) {
    Event& event = notice.event;
    if (!notice.journal) {
        ring_again(notice);
        return;
    }
    std::string json;
    journal(event, json);
    if (event.clock &&
        (event.name == EventName::clock_breached || event.name == EventName::clock_warning))
        told_[event.incident + "/" + clock_slot(*event.clock)] = {event.id, 0};
    if (event.name == EventName::incident_opened || event.name == EventName::incident_reopened)
        told_[event.incident + "/opened"] = {event.id, 0};
    if (event.name == EventName::incident_closed) {
        std::erase_if(told_,
                      [&](auto const& b) { return b.first.starts_with(event.incident + "/"); });
        release(event.incident);
    }
    queue(notice.to, event, json, instance_ + "-" + std::to_string(event.id), false);
}

// A repeat or a rung of the ladder: the event it repeats is in the journal already, its page goes
// again under a key of its own.
void Engine::ring_again(Notice const& notice) {
    Event event = notice.event;
    std::string const slot = event.clock ? clock_slot(*event.clock) : "opened";
    auto it = told_.find(event.incident + "/" + slot);
    if (it == told_.end()) it = told_.find(event.incident + "/opened");
    int times = 1;
    if (it != told_.end()) {
        event.id = it->second.event;
        times = ++it->second.repeats;
    }
    if (event.url.empty())
        event.url = settings_.server.external_url + "incidents/" + event.incident;
    std::string const base = event.id != 0 ? std::to_string(event.id) : event.incident + "/" + slot;
    queue(notice.to, event, to_json(event), instance_ + "-" + base + "-r" + std::to_string(times),
          true);
}

void Engine::handle_all(std::vector<Notice>& notices) {
    for (auto& notice : notices) {
        touch(notice.event.brand);
        handle(std::move(notice));
    }
    notices.clear();
    if (store_ == nullptr) return;
    ArchiveWriter writer;
    std::map<std::string, std::int64_t> events;
    std::map<std::string, int> repeats;
    for (auto const& [key, told] : told_) {
        events[key] = told.event;
        repeats[key] = told.repeats;
    }
    writer(events, repeats);
    pending_.blobs["told"] = writer.take();
}

std::vector<std::string> Engine::route(std::string const& brand, Moment moment) const {
    BrandSettings const* const settings = settings_.brand(brand);
    if (settings == nullptr) return {};
    auto const it = settings->rules.notify.find(moment);
    return it == settings->rules.notify.end() ? std::vector<std::string>{} : it->second;
}

void Engine::queue(std::vector<std::string> const& receivers, Event const& event,
                   std::string const& json, std::string const& key, bool repeat) {
    std::vector<std::string> all = receivers;
    if (!repeat)  // webhooks with `all: true` hear every event, also those without a moment
        for (auto const& [name, receiver] : settings_.receivers)
            if (receiver.values.number("all", 0) != 0) all.push_back(name);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::erase_if(all, [&](std::string const& r) { return !settings_.receivers.contains(r); });
    for (auto const& receiver : not_silenced(std::move(all), event))
        enqueue(receiver, event, json, key, repeat);
}

void Engine::enqueue(std::string const& receiver, Event const& event, std::string const& json,
                     std::string const& key, bool repeat) {
    OutboxRow row;
    row.id = ++last_outbox_;
    row.receiver = receiver;
    row.brand = event.brand;
    row.incident = event.incident;
    row.event = event.id;
    row.key = key;
    row.repeat = repeat;
    row.due = event.at;
    row.next_at = event.at;
    row.event_json = json;
    if (store_ != nullptr) {
        pending_.outbox_add.push_back(row);
        fresh_rows_.push_back(std::move(row));
    }
    rung_.push_back(receiver);
}

void Engine::count_event(Event const& event) {
    if (event.drill) return;  // a drill touches no metric but deliveries
    switch (event.name) {
        case EventName::incident_opened: {
            metrics_.incident_opened(event.brand,
                                     to_string(event.severity.value_or(Severity::warning)));
            if (event.onset != kNoTime)
                metrics_.detection_delay(
                    event.platform, std::chrono::duration<double>(event.at - event.onset).count());
            break;
        }
        case EventName::clock_met:
        case EventName::clock_breached:
        case EventName::clock_dropped: {
            if (!event.clock) break;
            ClockView const& clock = *event.clock;
            bool const again = clock.state == ClockState::met_late;  // its breach was counted
            std::string_view const outcome = event.name == EventName::clock_met        ? "met"
                                             : event.name == EventName::clock_breached ? "breached"
                                                                                       : "dropped";
            if (!again)
                metrics_.clock_done(event.brand, clock.platform, to_string(clock.kind), outcome);
            Incident const* const incident = this->incident(event.incident);
            if (event.name != EventName::clock_met || incident == nullptr) break;
            for (auto const& c : incident->clocks)
                if (c.platform == clock.platform && c.kind == clock.kind && c.run == clock.run)
                    metrics_.time_to(to_string(c.kind), c.platform,
                                     std::chrono::duration<double>(event.at - c.start).count());
            break;
        }
        default: break;
    }
}

void Engine::stream_event(StreamState& stream, EventName name, std::string reason, WallTime now) {
    Event event;
    event.name = name;
    event.at = now;
    event.brand = stream.settings.brand;
    event.stream = stream.settings.name;
    event.platform = stream.settings.platform;
    event.reason = std::move(reason);
    event.covered_until = stream.intake.covered_until();
    std::string json;
    journal(event, json);
    queue(route(event.brand, moment_of(name)), event, json,
          instance_ + "-" + std::to_string(event.id), false);
}

// --- people and time
// ------------------------------------------------------------------------------------------------

// A server with a name of its own (a Mastodon instance, a JSON API) is in no table of hosts: an
// answer there is on the platform of the incident's stream that reads from it. Empty: none does.
std::string Engine::platform_read_at(Incident const& incident, std::string const& link) const {
    auto const to = parse_url(link);
    if (!to) return {};
    for (auto const& s : incident.streams) {
        StreamState const* const state = stream(s.name);
        if (state == nullptr) continue;
        auto const account = settings_.accounts.find(state->settings.account);
        if (account == settings_.accounts.end()) continue;
        auto const base = parse_url(account->second.base_url);
        if (base && base->authority() == to->authority()) return s.platform;
    }
    return {};
}

Heard Engine::operator_word(OperatorWord const& word, WallTime now) {
    std::vector<Notice> notices;
    for (auto& [brand, desk] : desks_) {
        Incident const* const found = desk.find(word.incident);
        if (found == nullptr) continue;
        // A rehearsal teaches no detector.
        bool const judged = word.action == Action::close && !word.verdict.empty() && !found->drill;
        std::vector<std::string> surged;
        for (auto const& s : found->streams) surged.push_back(s.name);
        OperatorWord placed = word;
        if (word.platform.empty() && platform_of_link(word.link).empty() &&
            waits_for_answer(*found))
            placed.platform = platform_read_at(*found, word.link);
        Heard const heard = desk.apply(placed, now, notices);
        if (heard.refusal == Refusal::none && judged)
            for (auto const& name : surged)
                if (StreamState* const s = stream(name)) {
                    s->judge.operator_verdict(word.verdict == "real");
                    touch(*s);
                }
        touch(brand);
        handle_all(notices);
        flush(now);
        return heard;
    }
    return {Refusal::not_found, "there is no incident '" + word.incident + "'"};
}

void Engine::tick(WallTime now) {
    std::vector<Notice> notices;
    for (auto& [brand, desk] : desks_) {
        WallTime const due = desk.next_due();
        if (due == kNoTime || due > now) continue;
        desk.tick(now, notices);
        touch(brand);
        handle_all(notices);
    }
    watch_ours(now);
    for (auto& [name, s] : streams_) {
        StreamState& stream = *s;
        if (stream.settings.push() && stream.settings.heartbeat.count() == 0) {
            // Recorded data is complete from its first row to its last, no further.
            if (store_ == nullptr) continue;
            // A push stream without a heartbeat is complete as long as we live: whoever pushes,
            // pushes. Nothing is known of the time before its first mention.
            WallTime from = stream.intake.covered_until();
            if (from == kNoTime && stream.earliest != kNoTime) from = floor_minute(stream.earliest);
            WallTime const until = floor_minute(now);
            if (from == kNoTime) from = until;
            if (until > from) {
                cover(stream, from, until, now);
                if (stream.judge.in_history()) end_history(stream, now);
            }
            continue;
        }
        WallTime const base = std::max(stream.last_success, stream.started);
        auto const patience =
            stream.settings.push() ? stream.settings.heartbeat : stream.settings.blind_after;
        if (!stream.blind && base != kNoTime && now - base > patience) {
            stream.blind = true;
            note_blind(stream);
            if (stream.reason.empty()) stream.reason = "nothing came";
            stream_event(stream, EventName::stream_blind, stream.reason, now);
            touch(stream);
        }
    }
    for (auto& [name, s] : streams_) tell_questions(*s, now);
    watch_answers(now);
    remind_of_promotion(now);
    keep_advocates(now);
    end_drills(now);
    end_silences(now);
    beat(now);
    flush(now);
    go_on_erasing(now);
}

WallTime Engine::next_due() const {
    WallTime due = kNoTime;
    auto const earlier = [&](WallTime t) {
        if (t != kNoTime && (due == kNoTime || t < due)) due = t;
    };
    for (auto const& [brand, desk] : desks_) earlier(desk.next_due());
    for (auto const& drill : drills_) earlier(drill.until);
    earlier(silences_.next_due());
    if (erasing_.stage != Erasing::Stage::idle) earlier(erasing_.next);
    if (!settings_.heartbeat.receivers.empty()) earlier(beat_.next);
    for (auto const& [name, s] : streams_) {
        WallTime const base = std::max(s->last_success, s->started);
        if (!s->blind && base != kNoTime && !s->settings.push())
            earlier(base + s->settings.blind_after + std::chrono::milliseconds{1});
    }
    return due;
}

}  // namespace surged::daemon
