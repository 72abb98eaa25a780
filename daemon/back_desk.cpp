#include "daemon/back_desk.h"

#include "daemon/api.h"
#include "detectors/archive.h"
#include "exporters/receivers/receivers.h"
#include "exporters/receivers/telegram.h"

#include <algorithm>

namespace surged::daemon {

using detectors::Action;
using detectors::ClockKind;
using detectors::Incident;
using detectors::IncidentState;
using detectors::kNoTime;
using detectors::OperatorWord;
using exporters::Said;

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::chrono::minutes kWarnEvery{1};  // a wrong secret is said, a flood of it is not
constexpr std::size_t kNoteMax = 1000;
constexpr std::size_t kIdMax = 200;  // of what was heard: tools' ids have 67 characters at most

bool waits_for_word(Incident const& incident) {
    return std::any_of(incident.clocks.begin(), incident.clocks.end(), [](auto const& c) {
        return c.kind == ClockKind::respond && detectors::is_open(c);
    });
}

// What a button carried: the id, or "#" and the start of its hash.
Incident const* incident_named(Engine const& engine, std::string const& name) {
    if (!name.starts_with('#')) return engine.incident(name);
    for (auto const& [brand, desk] : engine.desks())
        for (auto const& incident : desk.incidents())
            if (exporters::callback_data(incident.id) == "ack" + name) return &incident;
    return nullptr;
}

}  // namespace

bool HeardBefore::contains(std::string const& id, WallTime at) const {
    return ids_.contains(id) || (floor_ != kNoTime && at <= floor_);
}

void HeardBefore::add(std::string const& id, WallTime at) {
    if (!ids_.emplace(id, at).second) return;
    by_time_.emplace(at, id);
    if (ids_.size() <= kIds) return;
    auto const oldest = *by_time_.begin();
    floor_ = floor_ == kNoTime ? oldest.first : std::max(floor_, oldest.first);
    ids_.erase(oldest.second);
    by_time_.erase(by_time_.begin());
}

std::string HeardBefore::save() const {
    detectors::ArchiveWriter writer;
    writer(kVersion, ids_, floor_);
    return writer.take();
}

bool HeardBefore::restore(std::string_view blob) {
    detectors::ArchiveReader reader(blob);
    std::uint32_t version = 0;
    reader(version, ids_, floor_);
    if (!reader.done() || version != kVersion) {
        *this = {};
        return false;
    }
    for (auto const& [id, at] : ids_) by_time_.emplace(at, id);
    return true;
}

void BackDesk::configure(std::string link_key) {
    link_key_ = std::move(link_key);
    auto const& receivers = engine_.settings().receivers;
    for (auto& [name, desk] : desks_) desk.channel.reset();
    for (auto const& [name, receiver] : receivers) {
        auto const* const row = exporters::receiver_row(receiver.type);
        if (row == nullptr || row->make_back_channel == nullptr) continue;
        auto const [it, fresh] = desks_.try_emplace(name);
        auto& desk = it->second;
        if (fresh) {
            auto const heard = engine_.blob("heard/" + name);
            if (!heard.empty() && !desk.heard.restore(heard))
                log_("warning", "receiver '" + name + "': what was heard before cannot be read");
            desk.state = engine_.blob("listen/" + name);
        }
        desk.type = receiver.type;
        auto values = receiver.values;
        values.secrets["link_key"].value = link_key_;
        desk.channel = row->make_back_channel(name, values);
    }
}

ServerResponse BackDesk::hook(std::string_view type, std::string const& receiver,
                              ServerRequest const& request, WallTime now) {
    auto const it = desks_.find(receiver);
    if (it == desks_.end() || !it->second.channel || it->second.type != type)
        return problem(404, "Not Found",
                       "there is no " + std::string(type) + " receiver '" + receiver + "'");
    if (request.body.size() > kBody) return problem(413, "Content Too Large", "over 256 kB");
    auto& desk = it->second;
    exporters::HookRequest asked;
    asked.method = request.method;
    asked.query = request.query;
    asked.headers = request.headers;
    asked.body = request.body;
    auto const answer = desk.channel->hook(asked, now);
    ServerResponse response;
    if (answer.status >= 300) {
        refused(receiver, desk, answer.fault, now);
        response =
            problem(answer.status, answer.status == 404 ? "Not Found" : "Refused", answer.fault);
    } else {
        response.status = answer.status;
        response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
        response.body = answer.body;
        for (auto const& said : answer.heard) hear(receiver, desk, said, now);
    }
    response.headers.emplace_back("Cache-Control", "no-store");
    if (answer.any_origin) response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
}

void BackDesk::refused(std::string const& receiver, Desk& desk, std::string const& fault,
                       WallTime now) {
    if (desk.warned != kNoTime && now >= desk.warned && now - desk.warned < kWarnEvery) return;
    desk.warned = now;
    log_("warning", "hook of receiver '" + receiver + "' refused: " + fault);
}

// Once each, whatever is said twice: by a retry of the tool, a second look at the same silence, or
// somebody's replay.
void BackDesk::hear(std::string const& receiver, Desk& desk, Said const& said, WallTime now) {
    if (said.id.size() > kIdMax || desk.heard.contains(said.id, said.at)) return;
    auto const outcome = take(receiver, desk, said, now);
    if (auto reply = desk.channel->reply(said, outcome)) {
        if (desk.replies.size() >= kReplies) desk.replies.pop_front();
        desk.replies.push_back(*std::move(reply));
        ring_(receiver);
    }
}

std::string BackDesk::take(std::string const& receiver, Desk& desk, Said const& said,
                           WallTime now) {
    if (said.incident.empty()) {
        log_("warning", "receiver '" + receiver + "': " + said.by + " may not acknowledge");
        return "you are not among those who may acknowledge here";
    }
    Incident const* const incident = incident_named(engine_, said.incident);
    if (incident == nullptr) return "there is no such incident";
    if (!said.id.empty()) {  // in one commit with the word
        desk.heard.add(said.id, said.at);
        engine_.keep("heard/" + receiver, desk.heard.save());
    }
    std::string const id = incident->id, owner = incident->owner;
    bool const had = incident->acknowledged_at != kNoTime;
    if (!said.run.empty() && said.run != exporters::run_of(*incident))
        return "this button belongs to an earlier page of " + id;
    if (said.what == Said::What::ended) {
        engine_.ended_by_pager(receiver, id, said.key, said.by, said.note.substr(0, kNoteMax),
                               desk.type, now);
        return "recorded";
    }
    if (incident->state == IncidentState::closed) return id + " is closed";
    OperatorWord word;
    word.action = Action::acknowledge;
    word.incident = id;
    word.by = said.by;
    word.via = desk.type;
    word.note = said.note.substr(0, kNoteMax);
    auto heard = engine_.operator_word(word, now);
    if (heard.refusal == detectors::Refusal::none && said.what == Said::What::resolved) {
        Incident const* const present = engine_.incident(id);
        if (present != nullptr && !waits_for_word(*present)) {
            word.action = Action::resolve;
            heard = engine_.operator_word(word, now);
        }
    }
    if (heard.refusal != detectors::Refusal::none) return heard.detail;
    if (had) return (owner.empty() ? "somebody" : owner) + " has it already";
    log_("info", "receiver '" + receiver + "': " + said.by + " acknowledged " + id);
    return "acknowledged: " + id + " is yours";
}

bool BackDesk::incidents_open() const {
    for (auto const& [brand, desk] : engine_.desks())
        if (desk.current() != nullptr || desk.current(true) != nullptr) return true;
    return false;
}

std::string BackDesk::listen_state(std::string const& receiver) const {
    auto const it = desks_.find(receiver);
    return it == desks_.end() ? std::string{} : it->second.state;
}

void BackDesk::overheard(std::string const& receiver, exporters::Overheard const& what) {
    auto const it = desks_.find(receiver);
    if (it == desks_.end() || !it->second.channel) return;
    auto& desk = it->second;
    if (what.state != desk.state) {
        desk.state = what.state;
        engine_.keep("listen/" + receiver, desk.state);
    }
    auto const now = clock_.wall_now();
    for (auto const& said : what.heard) hear(receiver, desk, said, now);
}

std::optional<HttpRequest> BackDesk::next_reply(std::string const& receiver) {
    auto const it = desks_.find(receiver);
    if (it == desks_.end() || it->second.replies.empty()) return std::nullopt;
    auto reply = std::move(it->second.replies.front());
    it->second.replies.pop_front();
    return reply;
}

}  // namespace surged::daemon
