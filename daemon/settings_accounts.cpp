// accounts and receivers: the keys are the tables' (pollers.cpp, receivers.cpp), the rules between
// keys are here.
#include "daemon/pollers/pollers.h"
#include "daemon/settings_reader.h"
#include "exporters/receivers/receivers.h"

#include <algorithm>

namespace surged::daemon {
namespace {

// The text of `key` in `form`, or nothing and a fault.
template <typename Parse>
auto read_as(config::Section& section, std::string_view key, Parse parse, std::string_view form)
    -> decltype(parse(std::string_view{})) {
    auto const text = section.text(key);
    if (text.empty()) return std::nullopt;  // absent, or reported
    auto const out = parse(std::string_view(text));
    if (!out) section.reject(key, "must be " + std::string(form) + ", got '" + text + "'");
    return out;
}

void read_budget(config::Section& account, BudgetSettings& out) {
    auto budget = account.child("budget");
    if (!budget) return;
    out.reads = read_as(*budget, "reads", config::parse_rate, config::kRateForm);
    auto const requests = budget->text_or_list("requests");
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (requests[i].empty()) continue;
        if (auto const rate = config::parse_rate(requests[i]))
            out.requests.push_back(*rate);
        else
            budget->reject_item(
                "requests", i,
                "must be " + std::string(config::kRateForm) + ", got '" + requests[i] + "'");
    }
    if (auto const cost = read_as(*budget, "cost", config::parse_cost, config::kCostForm)) {
        out.cost = cost->amount;
        out.currency = cost->currency;
    }
    out.reserve = budget->percent("reserve", out.reserve);
    if (out.reserve > 0.9) {
        budget->reject("reserve", "must be at most 90%: the rest is what calm streams live on");
        out.reserve = 0.2;
    }
    budget->finish();
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

void check_version(config::Section& section, config::Values const& values) {
    auto const text = values.get("version");
    if (text.empty()) return;
    auto const dot = text.find('.');
    auto const digits = [](std::string_view t) {
        return !t.empty() &&
               std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    std::string_view const view = text;
    if (dot == std::string::npos || view[0] != 'v' || !digits(view.substr(1, dot - 1)) ||
        !digits(view.substr(dot + 1)))
        section.reject("version", "must be a version such as v26.0, got '" + text + "'");
}

void read_account(config::Section& section, AccountSettings& out) {
    out.platform = section.required_text("platform");
    if (out.platform.empty()) return;
    auto const* const row = platform(out.platform);
    if (row == nullptr) {
        std::vector<std::string_view> names;
        for (auto const& p : platforms()) names.push_back(p.name);
        section.reject("platform", "'" + out.platform + "' is no platform" +
                                       config::did_you_mean(out.platform, names));
        out.platform.clear();  // its keys cannot be known, nor the kinds of its streams
        return;
    }
    bool const needs_url = row->base_url.empty() && row->name != "feed";
    out.base_url = without_slash(section.url("base_url", needs_url, std::string(row->base_url)));
    out.ca_file = section.file("ca_file", false, false);
    read_budget(section, out.budget);
    config::read_keys(section, row->account_keys, out.values);
    check_version(section, out.values);
    section.finish();
}

void check_slack(config::Section& section, config::Values const& values) {
    bool const url = values.has("url_file");
    bool const bot = values.has("bot_token_file");
    if (url == bot)
        section.reject(url ? "bot_token_file" : "",
                       "needs either 'url_file', or 'bot_token_file' and 'channel'");
    else if (bot && !values.has("channel"))
        section.reject("", "missing key 'channel': where the bot speaks");
    else if (url && values.has("channel"))
        section.reject("channel", "goes with 'bot_token_file': the url of 'url_file' has its own");
}

void check_email(config::Section& section, config::Values const& values) {
    auto const host = values.get("smarthost");
    auto const parsed = parse_host_port(host);
    if (!host.empty() && (!parsed || parsed->host.empty() || parsed->port == 0))
        section.reject("smarthost",
                       "must be HOST:PORT such as smtp.example:587, got '" + host + "'");
    auto const from = values.get("from");
    if (!from.empty() && from.find('@') == std::string::npos)
        section.reject("from", "must be an address, got '" + from + "'");
    if (auto const to = values.lists.find("to"); to != values.lists.end())
        for (std::size_t i = 0; i < to->second.size(); ++i)
            if (!to->second[i].empty() && to->second[i].find('@') == std::string::npos)
                section.reject_item("to", i, "must be an address, got '" + to->second[i] + "'");
    if (values.has("username") != values.has("password_file"))
        section.reject(values.has("username") ? "username" : "password_file",
                       "'username' and 'password_file' go together");
}

void read_receiver(Reading& reading, config::Section& section, ReceiverSettings& out) {
    out.type = section.required_text("type");
    if (out.type.empty()) return;
    auto const* const row = exporters::receiver_row(out.type);
    if (row == nullptr) {
        std::vector<std::string_view> names;
        for (auto const& r : exporters::receiver_rows()) names.push_back(r.type);
        section.reject("type", "'" + out.type + "' is no type of receiver" +
                                   config::did_you_mean(out.type, names));
        return;
    }
    config::read_keys(section, row->keys, out.values);
    if (out.type == "slack") check_slack(section, out.values);
    if (out.type == "email") check_email(section, out.values);
    section.finish();
    out.built = row->make != nullptr;
    if (!out.built)
        reading.not_built(section, "type", "receiver '" + out.name + "' (" + out.type + ")");
}

}  // namespace

void read_accounts(Reading& reading, config::Section& root) {
    auto parent = root.child("accounts");
    for (auto& [name, section] : root.children("accounts")) {
        reading.check_name_key(*parent, name);
        AccountSettings account;
        account.name = name;
        read_account(section, account);
        reading.settings().accounts.emplace(name, std::move(account));
    }
}

void read_receivers(Reading& reading, config::Section& root) {
    auto parent = root.child("receivers");
    for (auto& [name, section] : root.children("receivers")) {
        reading.check_name_key(*parent, name);
        ReceiverSettings receiver;
        receiver.name = name;
        read_receiver(reading, section, receiver);
        reading.settings().receivers.emplace(name, std::move(receiver));
    }
}

}  // namespace surged::daemon
