#include "exporters/receivers/pagerduty.h"

#include "detectors/json_writer.h"
#include "exporters/receivers/answers.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"

namespace surged::exporters {

using detectors::ClockKind;
using detectors::ClockView;
using detectors::Event;
using detectors::EventName;
using detectors::IncidentState;
using detectors::JsonWriter;
using detectors::WallTime;

namespace {

// Bytes of one text in custom_details. PagerDuty refuses events over 512 kB: with every text cut
// here one is a few kB.
constexpr std::size_t kDetail = 1024;

// PagerDuty refuses a longer key; two incidents never share their first 200 bytes (names are at
// most 64 characters), so cutting cannot join them.
std::string dedup_key(std::string_view kind, std::string_view name) {
    std::string key = "surged/";
    if (!kind.empty()) key.append(kind).append("/");
    return cut(key.append(brief(name, PagerDutyReceiver::kDedupKey)), PagerDutyReceiver::kDedupKey);
}

std::string incident_key(Page const& page) {
    return dedup_key("", page.event.incident);
}

std::string breach_key(Page const& page, ClockView const& clock) {
    return dedup_key("", page.event.incident + "/" + clock.platform + "/" +
                             std::string(to_string(clock.kind)) + "/" + std::to_string(clock.run));
}

std::string notice_key(Event const& event) {
    switch (event.name) {
        case EventName::stream_blind:
        case EventName::stream_restored: return dedup_key("stream", event.stream);
        default: break;
    }
    if (event.via == "heartbeat") return dedup_key("", event.via);
    auto const& name = !event.stream.empty()  ? event.stream
                       : !event.brand.empty() ? event.brand
                                              : event.platform;
    return dedup_key(to_string(event.name), name.empty() ? "surged" : name);
}

// The host of the console: where the alert comes from.
std::string source_of(std::string_view external_url) {
    auto const scheme = external_url.find("://");
    if (scheme == std::string_view::npos) return "surged";
    external_url.remove_prefix(scheme + 3);
    auto const host = external_url.substr(0, external_url.find('/'));
    return host.empty() ? "surged" : brief(host, kDetail);
}

bool over(Page const& page) {
    return page.incident != nullptr && (page.incident->state == IncidentState::closed ||
                                        page.incident->state == IncidentState::resolved);
}

std::string_view severity_of(Page const& page) {
    auto const severity =
        page.incident != nullptr ? std::optional(page.incident->severity) : page.event.severity;
    return severity == detectors::Severity::critical ? "critical" : "warning";
}

std::string_view class_of(Event const& event) {
    switch (event.name) {
        case EventName::clock_warning: return "deadline near";
        case EventName::clock_breached: return "deadline missed";
        case EventName::evidence_deleted:
        case EventName::evidence_edited: return "evidence changed";
        default: return event.incident.empty() ? to_string(event.name) : "mention surge";
    }
}

void write_details(JsonWriter& json, Page const& page, WallTime now) {
    auto const& event = page.event;
    auto const text = [&](std::string_view name, std::string_view value) {
        json.text_if(name, brief(value, kDetail));
    };
    json.object();
    text("incident", event.incident);
    json.field("event", to_string(event.name));
    if (event.drill) json.field("drill", true);
    text("stream", event.stream);
    json.time_if("onset", event.onset);
    if (event.observed) json.field("observed", detectors::rounded(*event.observed));
    if (event.expected) json.field("expected", detectors::rounded(*event.expected));
    if (event.ratio) json.field("ratio", detectors::rounded(*event.ratio));
    if (event.window) json.field("window", detectors::human_duration(*event.window));
    if (event.doubling) json.field("doubling", detectors::human_duration(*event.doubling));
    if (event.composition) json.field("authors", event.composition->authors);
    if (auto const clocks = present_clocks(page); !clocks.empty()) {
        json.key("clocks").array();
        for (auto const& clock : clocks) json.value(clock_words(clock, now));
        json.end();
    }
    text("by", event.by);
    text("note", event.note);
    text("reason", event.reason);
    text("mention", event.mention);
    text("plan_url", page.plan_url);
    json.text_if("description", cut(description(page, now), 4 * kDetail));
    json.end();
}

void write_link(JsonWriter& json, std::string_view href, std::string_view text) {
    if (href.starts_with("http"))
        json.object().field("href", brief(href, kDetail)).field("text", text).end();
}

}  // namespace

PagerDutyReceiver::PagerDutyReceiver(config::Values const& values)
    : url_(values.get("url", std::string(kUrl))),
      routing_key_(values.secret("routing_key_file")),
      ca_file_(values.get("ca_file")) {}

HttpRequest PagerDutyReceiver::event(std::string body) const {
    HttpRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.ca_file = ca_file_;
    return request;
}

HttpRequest PagerDutyReceiver::change(std::string_view action, std::string const& key) const {
    JsonWriter json;
    json.object().field("routing_key", routing_key_).field("event_action", action);
    json.field("dedup_key", key).end();
    return event(json.take());
}

HttpRequest PagerDutyReceiver::trigger(std::string const& key, Page const& page,
                                       std::string_view severity, WallTime now) const {
    auto const& about = page.event;
    JsonWriter json;
    json.object().field("routing_key", routing_key_).field("event_action", "trigger");
    json.field("dedup_key", key).key("payload").object();
    json.field("summary", cut(headline(page, now), kSummary));
    json.field("source", source_of(page.external_url)).field("severity", severity);
    json.time_if("timestamp", about.at).text_if("component", brief(about.platform, kDetail));
    json.text_if("group", brief(about.brand, kDetail)).field("class", class_of(about));
    write_details(json.key("custom_details"), page, now);
    json.end().key("links").array();
    write_link(json, incident_url(page), "Incident");
    write_link(json, page.plan_url, "Plan");
    json.end().field("client", "surged").text_if("client_url", page.external_url).end();
    return event(json.take());
}

void PagerDutyReceiver::resolve_breaches(std::vector<HttpRequest>& out, Page const& page,
                                         bool acknowledge, bool respond, bool resolve) const {
    for (auto const& clock : present_clocks(page)) {
        bool const asked = clock.kind == ClockKind::acknowledge ? acknowledge
                           : clock.kind == ClockKind::respond   ? respond
                                                                : resolve;
        if (asked && was_breached(clock) && !is_open(clock))
            out.push_back(change("resolve", breach_key(page, clock)));
    }
}

// The receiver was away: what is, before what was.
void PagerDutyReceiver::render_state_of(std::vector<HttpRequest>& out, Page const& page,
                                        WallTime now) const {
    auto const key = incident_key(page);
    // What a silence held is not told afterwards event by event: nor is the end of a breach.
    bool const silenced = page.event.name == EventName::silence_ended;
    if (silenced) resolve_breaches(out, page, true, true, true);
    if (over(page)) {
        out.push_back(change("resolve", key));
        return;
    }
    out.push_back(trigger(key, page, severity_of(page), now));
    if (page.incident->state != IncidentState::open) out.push_back(change("acknowledge", key));
    if (!silenced) return;
    for (auto const& clock : present_clocks(page))
        if (clock.state == detectors::ClockState::breached)
            out.push_back(trigger(breach_key(page, clock), page, "critical", now));
}

void PagerDutyReceiver::render_incident(std::vector<HttpRequest>& out, Page const& page,
                                        WallTime now) const {
    auto const& about = page.event;
    auto const key = incident_key(page);
    switch (about.name) {
        case EventName::surge_started:
        case EventName::surge_grown:
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::incident_stream_joined:
        case EventName::clock_warning:
            out.push_back(trigger(key, page, severity_of(page), now));
            return;
        case EventName::clock_breached:
            if (about.clock)
                out.push_back(trigger(breach_key(page, *about.clock), page, "critical", now));
            return;
        case EventName::clock_met:
        case EventName::clock_dropped:
            if (about.clock && was_breached(*about.clock))
                out.push_back(change("resolve", breach_key(page, *about.clock)));
            return;
        case EventName::incident_acknowledged:
            out.push_back(change("acknowledge", key));
            resolve_breaches(out, page, true, false, false);
            return;
        case EventName::incident_unacknowledged:
            out.push_back(change("resolve", key));
            out.push_back(trigger(key, page, severity_of(page), now));
            return;
        case EventName::incident_responded: resolve_breaches(out, page, false, true, false); return;
        case EventName::incident_resolved:
        case EventName::incident_closed:
            out.push_back(change("resolve", key));
            resolve_breaches(out, page, true, true, true);
            return;
        case EventName::evidence_deleted:
        case EventName::evidence_edited:
            out.push_back(trigger(over(page) ? key + "/evidence" : key, page, "info", now));
            return;
        default: return;  // told to people who read, not to those who sleep
    }
}

void PagerDutyReceiver::render_notice(std::vector<HttpRequest>& out, Page const& page,
                                      WallTime now) const {
    auto const key = notice_key(page.event);
    switch (page.event.name) {
        case EventName::stream_restored: out.push_back(change("resolve", key)); return;
        case EventName::receiver_failed: out.push_back(trigger(key, page, "error", now)); return;
        case EventName::stream_blind:
        case EventName::budget_low: out.push_back(trigger(key, page, "warning", now)); return;
        default: out.push_back(trigger(key, page, "info", now)); return;
    }
}

std::vector<HttpRequest> PagerDutyReceiver::render(Page const& page, WallTime now) const {
    std::vector<HttpRequest> out;
    if (outdated(page)) return out;
    if (page.event.incident.empty()) {
        render_notice(out, page, now);
    } else if (page.catch_up && page.incident != nullptr) {
        render_state_of(out, page, now);
    } else {
        render_incident(out, page, now);
    }
    return out;
}

Answer PagerDutyReceiver::judge(HttpResponse const& response) const {
    return judge_by_status(response);
}

std::unique_ptr<Receiver> make_pagerduty(std::string const&, config::Values const& values) {
    return std::make_unique<PagerDutyReceiver>(values);
}

}  // namespace surged::exporters
