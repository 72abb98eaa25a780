// The incident of the contract's example as a page, for the tests of receivers.
#pragma once

#include "exporters/receivers/receiver.h"

#include <optional>
#include <string>

namespace surged::tests {

inline detectors::WallTime at(std::string const& text) {
    return detectors::parse_time(text).value();
}

inline detectors::Clock sample_clock(detectors::ClockKind kind, std::string const& start,
                                     std::string const& due) {
    detectors::Clock clock;
    clock.platform = "x";
    clock.kind = kind;
    clock.start = at(start);
    clock.due = at(due);
    return clock;
}

inline detectors::Incident sample_incident() {
    detectors::Incident incident;
    incident.id = "acme-20260301-1";
    incident.brand = "acme";
    incident.severity = detectors::Severity::critical;
    incident.opened = at("2026-03-01T12:07:00Z");
    incident.onset = at("2026-03-01T12:01:30Z");
    incident.streams.push_back({"acme-x", "x", incident.onset, 412, 31.5, 13.1, true});
    incident.clocks.push_back(sample_clock(detectors::ClockKind::acknowledge,
                                           "2026-03-01T12:07:00Z", "2026-03-01T12:17:00Z"));
    incident.clocks.push_back(sample_clock(detectors::ClockKind::respond, "2026-03-01T12:01:30Z",
                                           "2026-03-01T13:01:30Z"));
    return incident;
}

inline detectors::Event sample_event(
    detectors::EventName name = detectors::EventName::incident_opened) {
    detectors::Event event;
    event.id = 4711;
    event.name = name;
    event.at = at("2026-03-01T12:07:00Z");
    event.incident = "acme-20260301-1";
    event.brand = "acme";
    event.stream = "acme-x";
    event.platform = "x";
    event.kind = detectors::SurgeKind::volume;
    event.onset = at("2026-03-01T12:01:30Z");
    event.observed = 412;
    event.expected = 31.5;
    event.ratio = 13.1;
    event.window = std::chrono::minutes{10};
    event.severity = detectors::Severity::critical;
    event.return_days = 92;
    event.doubling = std::chrono::minutes{4};
    event.composition = detectors::Composition{"organic", 371, 0.01, 0, 0.05, 0.02};
    event.plan_url = "https://wiki.example/acme-crisis";
    event.url = "https://127.0.0.1:9477/incidents/acme-20260301-1";
    return event;
}

// A page about `incident`, which must outlive it.
inline exporters::Page sample_page(
    detectors::Incident const& incident,
    detectors::EventName name = detectors::EventName::incident_opened) {
    exporters::Page page;
    page.event = sample_event(name);
    page.event.drill = incident.drill;
    for (auto const& clock : incident.clocks) page.event.clocks.push_back(view(clock));
    page.incident = &incident;
    page.key = "3f9c2a7e-4711";
    page.external_url = "https://127.0.0.1:9477/";
    page.plan_url = "https://wiki.example/acme-crisis";
    return page;
}

// The same for an event about one clock of the incident.
inline exporters::Page clock_page(detectors::Incident const& incident, detectors::EventName name,
                                  std::size_t clock) {
    auto page = sample_page(incident, name);
    page.event.clocks.clear();
    page.event.clock = view(incident.clocks.at(clock));
    return page;
}

inline exporters::HttpResponse answered(int status, std::string body = {},
                                        exporters::HttpHeaders headers = {}) {
    exporters::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    return response;
}

// What a stranger may write to break out of our text: a line, a header, a tag, a direction, a byte.
inline std::string const kHostile =
    "\"}]\r\nwebhook-id: x\x01\x1b[31m<b>&\\ \xE2\x80\xAE"
    "evil\xE2\x80\xA8 \xF0\x9F\x94\xA5\xC3\x28\xFF";

}  // namespace surged::tests
