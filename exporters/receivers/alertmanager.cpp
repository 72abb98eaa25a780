#include "exporters/receivers/alertmanager.h"

#include "detectors/json_writer.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"

#include <algorithm>
#include <utility>

namespace surged::exporters {

using detectors::ClockView;
using detectors::Event;
using detectors::EventName;
using detectors::Incident;
using detectors::JsonWriter;
using detectors::kNoTime;
using detectors::WallTime;

namespace {

constexpr std::size_t kDescription = 4000;  // bytes: what chat integrations behind it will show

using Labels = std::vector<std::pair<std::string_view, std::string>>;

struct Span {
    WallTime from, to;
};

// A POST whose end lies before its start is refused whole, and a start in the future shows as such:
// after a jump of the wall clock both are brought back to now.
Span ending(WallTime from, WallTime to, WallTime now) {
    from = std::min(from, now);
    return {from, std::clamp(to, from, now)};
}
Span lasting(WallTime from, std::chrono::milliseconds life, WallTime now) {
    return {std::min(from, now), now + life};
}

void write_alert(JsonWriter& json, Labels const& labels, Page const& page, Span span, WallTime due,
                 std::string_view severity, WallTime now) {
    json.object().key("labels").object();
    for (auto const& [name, value] : labels) json.text_if(name, plain(value));
    json.end().key("annotations").object();
    json.field("summary", headline(page, now));
    json.text_if("description", cut(description(page, now), kDescription));
    json.time_if("due", due).text_if("severity", severity).text_if("plan_url", page.plan_url);
    json.end().field("startsAt", span.from).field("endsAt", span.to);
    json.text_if("generatorURL", incident_url(page)).end();
}

Labels incident_labels(std::string_view alertname, Incident const& incident) {
    return {{"alertname", std::string(alertname)},
            {"brand", incident.brand},
            {"incident", incident.id},
            {"drill", incident.drill ? "true" : "false"}};
}

// The breach as its own page: its headline says which clock.
Page breach_page(Page const& state, ClockView const& clock) {
    Page page = state;
    page.catch_up = false;
    page.event.name = EventName::clock_breached;
    page.event.clock = clock;
    return page;
}

// `told`: the page that brings the state; null when the lease does.
void write_incident(JsonWriter& json, Incident const& incident, std::string const& external_url,
                    std::string const& plan_url, WallTime now, Page const* told = nullptr) {
    auto page = state_page(incident, external_url, plan_url);
    if (told != nullptr && told->event.name == EventName::silence_ended) {
        page.event.name = told->event.name;
        page.event.reason = told->event.reason;
    }
    auto const clocks = present_clocks(page);
    auto const urgent = most_urgent(clocks);
    bool const closed = incident.state == detectors::IncidentState::closed;
    auto const end = incident.closed == kNoTime ? now : incident.closed;
    write_alert(json, incident_labels("SurgedIncident", incident), page,
                closed ? ending(incident.opened, end, now)
                       : lasting(incident.opened, AlertmanagerReceiver::kLives, now),
                urgent ? urgent->due : kNoTime, to_string(incident.severity), now);
    for (auto const& clock : clocks) {
        bool const over = closed || !is_open(clock);
        auto const ended = clock.state == detectors::ClockState::breached ? end : clock.at;
        if (!was_breached(clock) || (over && ended < now - AlertmanagerReceiver::kResolvedFor))
            continue;
        auto labels = incident_labels("SurgedClockBreached", incident);
        labels.emplace_back("platform", clock.platform);
        labels.emplace_back("kind", std::string(to_string(clock.kind)));
        write_alert(json, labels, breach_page(page, clock),
                    over ? ending(clock.due, ended, now)
                         : lasting(clock.due, AlertmanagerReceiver::kLives, now),
                    clock.due, "critical", now);
    }
}

std::string_view alertname_of(Event const& event) {
    if (event.via == "heartbeat") return "SurgedHeartbeat";
    switch (event.name) {
        case EventName::stream_blind:
        case EventName::stream_restored: return "SurgedStreamBlind";
        case EventName::stream_gap: return "SurgedStreamGap";
        case EventName::budget_low: return "SurgedBudgetLow";
        case EventName::receiver_failed: return "SurgedReceiverFailed";
        default: return "SurgedNotice";
    }
}

void write_notice(JsonWriter& json, Page const& page, WallTime now) {
    Event const& event = page.event;
    Labels const labels{{"alertname", std::string(alertname_of(event))},
                        {"brand", event.brand},
                        {"stream", event.stream},
                        {"drill", event.drill ? "true" : "false"}};
    using std::chrono::hours;
    bool const over = event.name == EventName::stream_restored;
    std::chrono::seconds life = event.name == EventName::stream_blind ? hours{24} : hours{1};
    // A heartbeat fires from one to the next: when it resolves, the chain is broken.
    if (event.via == "heartbeat" && event.window) life = 2 * *event.window;
    auto const span = over ? ending(event.at, event.at, now)
                           : Span{std::min(event.at, now), std::max(event.at, now) + life};
    write_alert(json, labels, page, span, kNoTime, "warning", now);
}

}  // namespace

AlertmanagerReceiver::AlertmanagerReceiver(config::Values const& values)
    : ca_file_(values.get("ca_file")) {
    auto const urls = values.lists.find("urls");
    if (urls == values.lists.end()) return;
    for (auto url : urls->second) {
        while (url.ends_with('/')) url.pop_back();
        alerts_urls_.push_back(std::move(url) + "/api/v2/alerts");
    }
}

std::vector<HttpRequest> AlertmanagerReceiver::to_all_peers(std::string const& body) const {
    std::vector<HttpRequest> out;
    for (auto const& url : alerts_urls_) {
        HttpRequest request;
        request.method = "POST";
        request.url = url;
        request.headers = {{"content-type", "application/json"}};
        request.body = body;
        request.ca_file = ca_file_;
        out.push_back(std::move(request));
    }
    return out;
}

std::vector<HttpRequest> AlertmanagerReceiver::render(Page const& page, WallTime now) const {
    JsonWriter json;
    json.array();
    if (page.incident != nullptr) {
        write_incident(json, *page.incident, page.external_url, page.plan_url, now, &page);
    } else if (page.event.incident.empty()) {
        write_notice(json, page, now);
    } else {
        return {};  // an incident that is forgotten: its alert ended long ago
    }
    json.end();
    return to_all_peers(json.take());
}

Answer AlertmanagerReceiver::judge(HttpResponse const& response) const {
    return judge_by_status(response);
}

std::vector<HttpRequest> AlertmanagerReceiver::render_state(
    std::vector<Incident const*> const& open, std::vector<Incident const*> const& just_closed,
    std::string const& external_url, std::string const& plan_url, WallTime now) const {
    if (open.empty() && just_closed.empty()) return {};
    JsonWriter json;
    json.array();
    for (auto const* incident : open) write_incident(json, *incident, external_url, plan_url, now);
    for (auto const* incident : just_closed)
        write_incident(json, *incident, external_url, plan_url, now);
    json.end();
    return to_all_peers(json.take());
}

std::unique_ptr<Receiver> make_alertmanager(std::string const&, config::Values const& values) {
    return std::make_unique<AlertmanagerReceiver>(values);
}

}  // namespace surged::exporters
