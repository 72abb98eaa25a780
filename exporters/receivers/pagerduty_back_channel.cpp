#include "exporters/json_reader.h"
#include "exporters/receivers/pagerduty.h"
#include "exporters/receivers/text.h"
#include "exporters/signature.h"

namespace surged::exporters {

using detectors::WallTime;

namespace {

// "v1=HEX,v1=HEX": several while a secret is changed; any fits. Every one is looked at.
bool signature_fits(std::string_view list, std::string const& expected) {
    bool fits = false;
    while (!list.empty()) {
        auto const end = std::min(list.find(','), list.size());
        auto one = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (one.starts_with(' ')) one.remove_prefix(1);
        fits = same_secret(one, expected) || fits;
    }
    return fits;
}

// "surged/INCIDENT" or "surged/INCIDENT/PLATFORM/KIND/RUN"; what concerns no incident has a word
// there that is no incident's id.
bool read_key(std::string_view key, Said& said) {
    constexpr std::string_view kOurs = "surged/";
    if (!key.starts_with(kOurs)) return false;
    key.remove_prefix(kOurs.size());
    auto const slash = std::min(key.find('/'), key.size());
    said.incident = key.substr(0, slash);
    said.key = key.substr(std::min(slash + 1, key.size()));
    return !said.incident.empty();
}

}  // namespace

PagerDutyBackChannel::PagerDutyBackChannel(config::Values const& values)
    : secret_(values.secret("webhook_secret_file")) {}

HookAnswer PagerDutyBackChannel::hook(HookRequest const& request, WallTime now) const {
    if (secret_.empty()) return hook_refused(404, "no webhook_secret_file is configured");
    auto const expected = "v1=" + hex(hmac_sha256(secret_, request.body));
    if (!signature_fits(header(request.headers, "x-pagerduty-signature"), expected))
        return hook_refused(401, "no signature is PagerDuty's");
    auto answer = hook_taken(202);
    auto const json = Json::parse(request.body);
    if (!json) return answer;
    auto const& event = (*json)["event"];
    auto const& type = event["event_type"].text();
    auto const& agent = event["agent"];
    Said said;
    if (!read_key(event["data"]["incident_key"].text(), said)) return answer;
    said.id = event["id"].text();
    auto const at = detectors::parse_time(event["occurred_at"].text());
    said.at = at.value_or(now);
    // PagerDuty tries for 48 hours; what is older is somebody's replay.
    if (said.id.empty() || !at || *at < now - kOldest || *at > now + kOldest) return answer;
    auto const& kind = agent["type"].text();
    bool const person = kind == "user_reference" || kind == "user";
    if (person) {
        said.by = brief(agent["summary"].text(), 100);
        if (said.by.empty()) said.by = brief(agent["id"].text(), 100);
        if (said.by.empty()) said.by = "somebody";
    }
    if (type == "incident.acknowledged" && person) {
        said.what = Said::What::acknowledged;
    } else if (type == "incident.resolved" && person) {
        said.what = Said::What::resolved;
        said.note = "resolved in PagerDuty";
    } else if (type == "incident.resolved" && !kind.ends_with("integration_reference")) {
        // (What the integration resolves, we resolved.)
        said.what = Said::What::ended;
        said.by = "PagerDuty";
        said.note = "PagerDuty resolved its incident by itself";
    } else {
        return answer;
    }
    answer.heard.push_back(std::move(said));
    return answer;
}

std::unique_ptr<BackChannel> make_pagerduty_back_channel(std::string const&,
                                                         config::Values const& values) {
    return std::make_unique<PagerDutyBackChannel>(values);
}

}  // namespace surged::exporters
