// One crisis, stage by stage, as every receiver is told of it; and every receiver with the values
// that its stand-in of fake_receivers.h expects.
#pragma once

#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receivers.h"
#include "exporters/receivers/words.h"
#include "tests/fake_receivers.h"
#include "tests/sample_page.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace surged::tests {

struct Stage {
    std::string name;
    detectors::Incident incident;
    exporters::Page page;  // its incident is set by each_stage()
    std::string now;
    bool concerns_incident = true;
};

inline std::vector<Stage> staged_crisis() {
    using detectors::ClockState;
    using detectors::EventName;
    using detectors::IncidentState;
    std::vector<Stage> out;
    auto incident = sample_incident();
    auto const add = [&](std::string name, EventName event, std::string const& now,
                         auto const& change) {
        Stage stage;
        stage.name = std::move(name);
        stage.incident = incident;
        stage.page = sample_page(incident, event);
        stage.page.event.at = at(now);
        stage.now = now;
        change(stage.page);
        stage.page.incident = nullptr;
        out.push_back(std::move(stage));
    };
    auto const as_is = [](exporters::Page&) {};
    auto const with_clock = [&](std::size_t i) {
        return [clock = view(incident.clocks[i])](exporters::Page& page) {
            page.event.clocks.clear();
            page.event.clock = clock;
            page.event.observed.reset();
        };
    };
    add("opened", EventName::incident_opened, "2026-03-01T12:07:00Z", as_is);
    incident.streams[0].observed = 1290;
    add("grown", EventName::surge_grown, "2026-03-01T12:10:00Z", [](exporters::Page& page) {
        page.event.observed = 1290;
        page.event.ratio = 41;
    });
    add("warning", EventName::clock_warning, "2026-03-01T12:12:00Z", with_clock(0));
    incident.clocks[0].state = ClockState::breached;
    add("breached", EventName::clock_breached, "2026-03-01T12:17:00Z", with_clock(0));
    incident.state = IncidentState::acknowledged;
    incident.acknowledged_at = at("2026-03-01T12:20:00Z");
    incident.owner = "kim";
    incident.clocks[0].state = ClockState::met_late;
    incident.clocks[0].at = incident.acknowledged_at;
    incident.clocks[0].by = "kim";
    add("acknowledged", EventName::incident_acknowledged, "2026-03-01T12:20:00Z",
        [](exporters::Page& page) {
            page.event.by = "kim";
            page.event.via = "slack";
            page.event.observed.reset();
        });
    incident.state = IncidentState::responded;
    incident.clocks[1].state = ClockState::met;
    incident.clocks[1].at = at("2026-03-01T12:40:00Z");
    incident.clocks[1].by = "kim";
    auto const by_kim = [](exporters::Page& page) {
        page.event.by = "kim";
        page.event.link = "https://x.com/acme/status/1_2";
        page.event.observed.reset();
    };
    add("responded", EventName::incident_responded, "2026-03-01T12:40:00Z", by_kim);
    incident.state = IncidentState::resolved;
    add("resolved", EventName::incident_resolved, "2026-03-01T13:40:00Z", by_kim);
    incident.state = IncidentState::closed;
    incident.closed = at("2026-03-01T14:00:00Z");
    add("closed", EventName::incident_closed, "2026-03-01T14:00:00Z", [](exporters::Page& page) {
        page.event.by = "kim";
        page.event.verdict = "real";
        page.event.observed.reset();
    });
    add("deleted", EventName::evidence_deleted, "2026-03-01T15:00:00Z", [](exporters::Page& page) {
        page.event.whose = "theirs";
        page.event.mention = "1750";
        page.event.observed.reset();
    });
    incident = sample_incident();
    incident.id = "acme-20260301-1-drill";
    incident.drill = true;
    add("drill", EventName::incident_opened, "2026-03-01T12:07:00Z",
        [](exporters::Page& page) { page.event.incident = "acme-20260301-1-drill"; });
    incident = sample_incident();
    incident.late = true;
    add("late", EventName::incident_opened, "2026-03-01T12:58:00Z",
        [](exporters::Page& page) { page.event.late = true; });
    incident = sample_incident();
    add("catch-up", EventName::clock_warning, "2026-03-01T12:50:00Z", [&](exporters::Page& page) {
        page.catch_up = true;
        page.key = "3f9c2a7e-4711-state";
    });
    Stage blind;
    blind.name = "blind";
    blind.concerns_incident = false;
    blind.now = "2026-03-01T12:30:00Z";
    blind.page.event.id = 4712;
    blind.page.event.name = EventName::stream_blind;
    blind.page.event.at = at(blind.now);
    blind.page.event.brand = "acme";
    blind.page.event.stream = "acme-x";
    blind.page.event.platform = "x";
    blind.page.event.reason = "the token is refused";
    blind.page.event.covered_until = at("2026-03-01T12:25:00Z");
    blind.page.key = "3f9c2a7e-4712";
    blind.page.external_url = "https://127.0.0.1:9477/";
    out.push_back(std::move(blind));
    return out;
}

// `visit(stage, page, now)` with the page's incident in place.
template <typename Visit>
void each_stage(Visit const& visit) {
    for (auto& stage : staged_crisis()) {
        if (stage.concerns_incident) stage.page.incident = &stage.incident;
        visit(stage, stage.page, at(stage.now));
    }
}

struct Kind {
    std::string name, type;
    config::Values values;
    std::string host;
    std::shared_ptr<FakeTool> tool;
};

inline config::Values secret_value(std::string const& key, std::string const& text) {
    config::Values values;
    values.secrets[key].value = text;
    return values;
}

inline std::vector<std::string> const& kind_names() {
    static std::vector<std::string> const kNames{"webhook", "pagerduty", "alertmanager",
                                                 "slack",   "slack-bot", "teams",
                                                 "discord", "telegram",  "ntfy"};
    return kNames;
}

inline Kind make_kind(std::string const& name) {
    Kind kind;
    kind.name = name;
    kind.type = name == "slack-bot" ? "slack" : name;
    if (name == "webhook") {
        kind.values.text["url"] = "https://hooks.example/in";
        kind.values.secrets["secret_file"].value = "s";
        kind.host = "hooks.example";
        kind.tool = std::make_shared<FakeWebhook>();
    } else if (name == "pagerduty") {
        kind.values = secret_value("routing_key_file", "0123456789abcdef0123456789abcdef");
        kind.host = "events.pagerduty.com";
        kind.tool = std::make_shared<FakePagerDuty>();
    } else if (name == "alertmanager") {
        kind.values.lists["urls"] = {"http://am.example"};
        kind.host = "am.example";
        kind.tool = std::make_shared<FakeAlertmanager>();
    } else if (name == "slack") {
        kind.values = secret_value("url_file", "https://hooks.slack.com/services/T0/B0/x");
        kind.host = "hooks.slack.com";
        kind.tool = std::make_shared<FakeSlackHook>();
    } else if (name == "slack-bot") {
        kind.values = secret_value("bot_token_file", "xoxb-1");
        kind.values.secrets["signing_secret_file"].value = "8f742231b10e8888abcd99yyyzzz85a5";
        kind.values.text["channel"] = "#crisis";
        kind.host = "slack.com";
        kind.tool = std::make_shared<FakeSlackApi>();
    } else if (name == "teams") {
        kind.values = secret_value("url_file", "https://a.logic.azure.com/workflows/1?sig=s");
        kind.host = "a.logic.azure.com";
        kind.tool = std::make_shared<FakeTeams>();
    } else if (name == "discord") {
        kind.values = secret_value("url_file", "https://discord.com/api/webhooks/1/t");
        kind.host = "discord.com";
        kind.tool = std::make_shared<FakeDiscord>();
    } else if (name == "telegram") {
        kind.values = secret_value("bot_token_file", "123:abc");
        kind.values.text["chat_id"] = "-100123";
        kind.values.lists["allowed_users"] = {"7"};
        kind.host = "api.telegram.org";
        kind.tool = std::make_shared<FakeTelegram>();
    } else {
        kind.values.text["topic"] = "acme";
        kind.values.secrets["link_key"].value = "link-key";
        kind.host = "ntfy.sh";
        kind.tool = std::make_shared<FakeNtfy>();
    }
    return kind;
}

inline std::unique_ptr<exporters::Receiver> make_receiver(Kind const& kind) {
    return exporters::receiver_row(kind.type)->make(kind.name, kind.values);
}
inline std::unique_ptr<exporters::BackChannel> make_back_channel(Kind const& kind) {
    return exporters::receiver_row(kind.type)->make_back_channel(kind.name, kind.values);
}

}  // namespace surged::tests
