#include "exporters/json_reader.h"
#include "exporters/receivers/alertmanager.h"
#include "exporters/receivers/text.h"

#include <algorithm>

namespace surged::exporters {

using detectors::WallTime;

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), text.begin(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

// The incident that a silence names outright: no pattern, no negation.
std::string incident_of(Json const& silence) {
    for (auto const& matcher : silence["matchers"].items())
        if (matcher["name"].text() == "incident" && !matcher["isRegex"].flag(true) &&
            matcher["isEqual"].flag(true))
            return matcher["value"].text();
    return {};
}

}  // namespace

AlertmanagerBackChannel::AlertmanagerBackChannel(config::Values const& values)
    : prefix_(values.get("ack_prefix", "ack")), ca_file_(values.get("ca_file")) {
    auto const urls = values.lists.find("urls");
    if (urls == values.lists.end()) return;
    for (auto url : urls->second) {
        while (url.ends_with('/')) url.pop_back();
        urls_.push_back(std::move(url) + "/api/v2/silences");
    }
}

std::optional<Listening> AlertmanagerBackChannel::listen(std::string const&) const {
    Listening out;
    for (auto const& url : urls_) {
        HttpRequest request;
        request.url = url;
        request.headers = {{"accept", "application/json"}};
        request.ca_file = ca_file_;
        out.requests.push_back(std::move(request));
    }
    out.pause = kEvery;
    out.only_while_open = true;
    return out;
}

Overheard AlertmanagerBackChannel::overhear(HttpResponse const& response, std::string const& state,
                                            WallTime now) const {
    Overheard out;
    out.state = state;
    auto const json = Json::parse(response.body);
    out.ok = response.status == 200 && json && json->is(Json::Kind::array);
    if (!out.ok) {
        out.fault = "HTTP " + std::to_string(response.status) + ": no list of silences";
        return out;
    }
    for (auto const& silence : json->items()) {
        auto const& comment = silence["comment"].text();
        if (silence["status"]["state"].text() != "active" || !begins_with(comment, prefix_))
            continue;
        Said said;
        said.incident = incident_of(silence);
        if (said.incident.empty()) continue;
        said.by = brief(silence["createdBy"].text(), 100);
        if (said.by.empty()) said.by = "somebody";
        said.note = brief(comment, 1000);
        said.id = silence["id"].text();
        said.at = detectors::parse_time(silence["startsAt"].text()).value_or(now);
        out.heard.push_back(std::move(said));
    }
    return out;
}

std::unique_ptr<BackChannel> make_alertmanager_back_channel(std::string const&,
                                                            config::Values const& values) {
    return std::make_unique<AlertmanagerBackChannel>(values);
}

}  // namespace surged::exporters
